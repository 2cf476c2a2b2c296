//! Random histories of a queue, each step compared with the naive rules: who gets which job, and the numbers of every job.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use orgd::change::WorkerSight;
use orgd::clock::Clock;
use orgd::wire::query::JobListQuery;
use orgd_api_types::{
    CompleteProvisionerJobRequest, CreateProvisionerJobRequest, FailProvisionerJobRequest, JobPriority, Provisioner,
    ProvisionerJob, ProvisionerJobProgressRequest, ProvisionerJobStatus as Status, RegisterProvisionerDaemonRequest,
};
use uuid::Uuid;

use super::naive::{Naive, NaiveJob, NaiveWorker, Tags, untagged};
use super::random::Random;
use super::{Stage, World, run};

/// How many histories, how many of them at once, and how long each is.
const HISTORIES: u64 = 2_000;
const AT_ONCE: usize = 50;
const STEPS: usize = 16;

const TAGS: [&[(&str, &str)]; 4] = [&[], &[("gpu", "yes")], &[("gpu", "yes"), ("disk", "fast")], &[("gpu", "no")]];
const NAMES: [&str; 3] = ["one", "two", "three"];

fn pairs(of: &[(&str, &str)]) -> Tags {
    of.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn normal(of: &[(&str, &str)]) -> Tags {
    pairs(of).into_iter().chain(untagged()).collect()
}

/// One organization in the database and as the naive rules see it.
struct History<'world> {
    stage: &'world Stage,
    organization: Uuid,
    naive: Naive,
    random: Random,
}

impl History<'_> {
    async fn step(&mut self) {
        match self.random.below(12) {
            0..=3 => self.enqueue().await,
            4 | 5 => self.register().await,
            6 => {
                if let Some(worker) = self.any_worker() {
                    self.see(worker).await;
                }
            }
            7 | 8 => self.acquire().await,
            9 => self.end().await,
            10 => self.cancel().await,
            _ => self.stage.clock.advance(Duration::from_secs(u64::try_from(self.random.below(70)).unwrap())),
        }
        // Two jobs of the same microsecond are ordered by their ids, which the naive rules do as well; but times that differ
        // make more histories.
        self.stage.clock.advance(Duration::from_micros(u64::try_from(self.random.below(3)).unwrap()));
    }

    async fn enqueue(&mut self) {
        let tags = TAGS[self.random.below(TAGS.len())];
        let is_prebuild = self.random.once_in(3);
        let provisioner = if self.random.once_in(3) { Provisioner::Echo } else { Provisioner::Terraform };
        let request = CreateProvisionerJobRequest {
            tags: Some(pairs(tags)),
            provisioner: Some(provisioner),
            priority: is_prebuild.then_some(JobPriority::Prebuild),
            ..Default::default()
        };
        let job = self.stage.enqueue(self.organization, request).await;
        self.naive.jobs.push(NaiveJob {
            id: job.id,
            created_at: job.created_at,
            is_prebuild,
            provisioner: provisioner.as_str(),
            tags: normal(tags),
            status: Status::Pending,
            worker: None,
            attempt: 0,
            was_started: false,
        });
    }

    /// A new worker, or a known one that comes back with other tags.
    async fn register(&mut self) {
        let name = NAMES[self.random.below(NAMES.len())];
        let tags = TAGS[self.random.below(TAGS.len())];
        let both = [Provisioner::Echo, Provisioner::Terraform];
        let provisioners = both[self.random.below(2)..].to_vec();
        let request = RegisterProvisionerDaemonRequest {
            name: Some(name.to_owned()),
            provisioners: Some(provisioners.clone()),
            tags: Some(pairs(tags)),
            ..Default::default()
        };
        let id = self.stage.register(self.organization, request).await;
        let now = self.stage.clock.now();
        let known = self.naive.workers.iter().position(|worker| worker.name == name);
        let created_at = known.map_or(now, |at| self.naive.workers.remove(at).created_at);
        let provisioners = provisioners.iter().map(|provisioner| provisioner.as_str()).collect();
        let name = name.to_owned();
        self.naive.workers.push(NaiveWorker { id, name, created_at, seen_at: now, provisioners, tags: normal(tags) });
    }

    /// Whatever a worker does is a sign of life, which is stored at once only where it must be; here it always is.
    async fn see(&mut self, worker: Uuid) {
        let (now, organization) = (self.stage.clock.now(), self.organization);
        self.stage.services.note_workers_seen(vec![WorkerSight { organization, worker }]).await.unwrap();
        self.naive.workers.iter_mut().filter(|known| known.id == worker).for_each(|known| known.seen_at = now);
    }

    fn any_worker(&mut self) -> Option<Uuid> {
        let workers: Vec<_> = self.naive.workers.iter().map(|worker| worker.id).collect();
        self.random.pick(&workers).copied()
    }

    async fn acquire(&mut self) {
        let Some(worker) = self.any_worker() else { return };
        self.see(worker).await;
        let expected = self.naive.first_for(worker);
        let got = self.stage.acquire(self.organization, worker).await;
        assert_eq!(got.as_ref().map(|got| got.job.id), expected, "the first job that fits");
        let Some(got) = got else { return };
        let job = self.naive.jobs.iter_mut().find(|job| job.id == got.job.id).unwrap();
        (job.status, job.worker, job.attempt, job.was_started) = (Status::Running, Some(worker), got.attempt, true);
        assert_eq!(got.attempt, 1);
    }

    async fn end(&mut self) {
        let held = |job: &&NaiveJob| matches!(job.status, Status::Running | Status::Canceling);
        let held: Vec<_> = self.naive.jobs.iter().filter(held).map(|job| (job.id, job.worker.unwrap())).collect();
        let Some((id, worker)) = self.random.pick(&held).copied() else { return };
        self.see(worker).await;
        let known = self.stage.known(self.organization, worker).await;
        let job = self.naive.jobs.iter_mut().find(|job| job.id == id).unwrap();
        let (services, attempt) = (&self.stage.services, Some(job.attempt));
        let progress = ProvisionerJobProgressRequest { attempt, ..Default::default() };
        let told = services.report_provisioner_job_progress(&known, job.id, progress).await.unwrap();
        assert_eq!(told.canceling, job.status == Status::Canceling);
        let fails = self.random.once_in(2);
        let ended = if fails {
            let request = FailProvisionerJobRequest { attempt, error: Some("no".to_owned()), error_code: None };
            services.fail_provisioner_job(&known, job.id, request).await.unwrap()
        } else {
            services.complete_provisioner_job(&known, job.id, CompleteProvisionerJobRequest { attempt }).await.unwrap()
        };
        job.status = match (fails, job.status) {
            (true, _) => Status::Failed,
            (false, Status::Canceling) => Status::Canceled,
            (false, _) => Status::Succeeded,
        };
        assert_eq!(ended.status, job.status);
    }

    async fn cancel(&mut self) {
        let jobs: Vec<_> = self.naive.jobs.iter().map(|job| job.id).collect();
        let Some(id) = self.random.pick(&jobs).copied() else { return };
        let done = self.stage.services.cancel_provisioner_job(&self.stage.owner, self.organization, id).await;
        let job = self.naive.jobs.iter_mut().find(|job| job.id == id).unwrap();
        assert_eq!(done.is_ok(), matches!(job.status, Status::Pending | Status::Running), "{:?}", job.status);
        job.status = match job.status {
            Status::Pending => Status::Canceled,
            Status::Running => Status::Canceling,
            other => other,
        };
    }

    async fn compare(&self) {
        let now = self.stage.clock.now();
        let listed = self.stage.list(self.organization).await;
        assert_eq!(listed.len(), self.naive.jobs.len());
        for job in &self.naive.jobs {
            let listed = &listed[&job.id];
            let (place, size, available) = self.naive.numbers(job, now);
            assert_eq!(listed.status, job.status);
            assert_eq!((listed.queue_position, listed.queue_size), (place, size), "{job:?} of {:?}", self.naive);
            assert_eq!(listed.available_workers, available, "{job:?} of {:?}", self.naive);
        }
    }
}

impl Stage {
    async fn list(&self, organization: Uuid) -> BTreeMap<Uuid, ProvisionerJob> {
        let query = JobListQuery { limit: Some(100), ids: None, filter: Default::default() };
        let orgd::service::JobList::Whole(json) =
            self.services.get_provisioner_jobs(organization, query).await.unwrap()
        else {
            panic!("a hundred jobs are sent at once")
        };
        let jobs: Vec<ProvisionerJob> = serde_json::from_slice(&json).unwrap();
        jobs.into_iter().map(|job| (job.id, job)).collect()
    }
}

async fn live_through(world: &World, seed: u64) {
    let stage = world.stage(Default::default());
    let organization = stage.organization().await;
    let (naive, random) = (Naive::default(), Random::new(seed));
    let mut history = History { stage: &stage, organization, naive, random };
    for _ in 0..STEPS {
        history.step().await;
        history.compare().await;
    }
}

#[test]
fn every_step_of_random_histories_is_as_the_rules_say() {
    let world = World::new();
    run(async {
        for first in (0..HISTORIES).step_by(AT_ONCE) {
            let some = first..(first + u64::try_from(AT_ONCE).unwrap()).min(HISTORIES);
            join_all(some.map(|seed| live_through(&world, seed))).await;
        }
    });
}
