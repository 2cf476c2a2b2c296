//! When a worker counts as lost, on a clock that the test moves and sets.

use std::time::Duration;

use orgd::clock::Clock;
use orgd::config::QueueConfig;
use orgd::service::{Reaped, Reaper, ServiceError};
use orgd_api_types::{
    CompleteProvisionerJobRequest, Provisioner, ProvisionerJobProgressRequest, ProvisionerJobStatus as Status,
    RegisterProvisionerDaemonRequest, Timestamp,
};
use uuid::Uuid;

use super::{Stage, World, run};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: i64 = 3_600_000_000;

/// A job that a worker has.
struct Held {
    organization: Uuid,
    worker: Uuid,
    job: Uuid,
    attempt: i32,
}

impl Stage {
    async fn held(&self) -> Held {
        let organization = self.organization().await;
        let worker = self.worker(organization).await;
        self.enqueue(organization, Default::default()).await;
        let got = self.acquire(organization, worker).await.unwrap();
        Held { organization, worker, job: got.job.id, attempt: got.attempt }
    }

    async fn worker(&self, organization: Uuid) -> Uuid {
        let request = RegisterProvisionerDaemonRequest {
            name: Some("worker".to_owned()),
            provisioners: Some(vec![Provisioner::Terraform]),
            ..Default::default()
        };
        self.register(organization, request).await
    }

    async fn report(&self, held: &Held) -> Result<bool, ServiceError> {
        let known = self.known(held.organization, held.worker).await;
        let progress = ProvisionerJobProgressRequest { attempt: Some(held.attempt), ..Default::default() };
        let told = self.services.report_provisioner_job_progress(&known, held.job, progress).await;
        told.map(|told| told.canceling)
    }

    async fn complete(&self, held: &Held) -> Result<Status, ServiceError> {
        let known = self.known(held.organization, held.worker).await;
        let request = CompleteProvisionerJobRequest { attempt: Some(held.attempt) };
        Ok(self.services.complete_provisioner_job(&known, held.job, request).await?.status)
    }

    fn reaper(&self) -> Reaper {
        Reaper::new(self.services.clone())
    }
}

/// Searches each minute for so many minutes, and says what was done.
async fn search(stage: &Stage, reaper: &mut Reaper, minutes: u32) -> Reaped {
    let mut all = reaper.search().await.unwrap();
    for _ in 0..minutes {
        stage.clock.advance(MINUTE);
        let Reaped { held, pending, workers } = reaper.search().await.unwrap();
        all = Reaped { held: all.held + held, pending: all.pending + pending, workers: all.workers + workers };
    }
    all
}

#[test]
fn a_job_without_progress_fails_after_five_minutes_and_says_so() {
    let world = World::new();
    run(async {
        let stage = world.stage(QueueConfig::default());
        let (silent, busy) = (stage.held().await, stage.held().await);
        let mut reaper = stage.reaper();
        assert_eq!(search(&stage, &mut reaper, 4).await.held, 0);
        assert!(!stage.report(&busy).await.unwrap());
        assert_eq!(search(&stage, &mut reaper, 1).await.held, 1);
        let job = stage.job(silent.organization, silent.job).await;
        assert_eq!(job.status, Status::Failed);
        assert_eq!(
            job.error,
            "Coder: Build has been detected as hung for 5 minutes and has been terminated by the reaper."
        );
        assert_eq!((job.worker_id, job.worker_name.as_str()), (Some(silent.worker), "worker"));
        // Its worker comes back to life.
        assert!(matches!(stage.report(&silent).await, Err(ServiceError::LeaseLost(1))));
        assert!(matches!(stage.complete(&silent).await, Err(ServiceError::LeaseLost(1))));
        assert_eq!(stage.job(silent.organization, silent.job).await, job, "nothing was changed");
        assert_eq!(stage.complete(&busy).await.unwrap(), Status::Succeeded);
    });
}

#[test]
fn a_server_that_starts_gives_every_worker_the_whole_time() {
    let world = World::new();
    run(async {
        let stage = world.stage(QueueConfig::default());
        let held = stage.held().await;
        stage.clock.advance(Duration::from_secs(4 * 60));
        let mut first = stage.reaper();
        assert_eq!(search(&stage, &mut first, 4).await.held, 0);
        let mut second = stage.reaper();
        assert_eq!(search(&stage, &mut second, 4).await.held, 0, "it has not looked on for long enough");
        assert!(!stage.report(&held).await.unwrap());
    });
}

#[test]
fn a_clock_set_back_an_hour_ends_no_job_early_and_makes_no_time_negative() {
    let world = World::new();
    run(async {
        let stage = world.stage(QueueConfig { pending_limit: Some(30 * MINUTE), ..QueueConfig::default() });
        let (held, silent) = (stage.held().await, stage.held().await);
        let waiting = stage.enqueue(held.organization, Default::default()).await;
        let mut reaper = stage.reaper();
        assert_eq!(search(&stage, &mut reaper, 2).await, Reaped::default());
        stage.clock.set(Timestamp::from_micros(stage.clock.now().micros() - HOUR));
        assert_eq!(search(&stage, &mut reaper, 2).await, Reaped::default());
        assert!(!stage.report(&held).await.unwrap());
        assert_eq!(
            search(&stage, &mut reaper, 1).await,
            Reaped { held: 1, ..Reaped::default() },
            "five minutes passed"
        );
        assert_eq!(stage.complete(&held).await.unwrap(), Status::Succeeded);
        stage.services.cancel_provisioner_job(&stage.owner, held.organization, waiting.id).await.unwrap();
        let later = stage.enqueue(held.organization, Default::default()).await;
        let taken = stage.acquire(held.organization, held.worker).await.unwrap();
        assert_eq!(taken.job.id, later.id);
        for (organization, job) in
            [(held.organization, held.job), (silent.organization, silent.job), (held.organization, waiting.id)]
        {
            let job = stage.job(organization, job).await;
            let times = [Some(job.created_at), job.started_at, job.canceled_at, job.completed_at];
            let times: Vec<_> = times.into_iter().flatten().collect();
            assert!(times.is_sorted(), "{job:?}");
        }
    });
}

#[test]
fn a_clock_set_forward_a_day_ends_nothing_at_once() {
    let world = World::new();
    run(async {
        let stage = world.stage(QueueConfig { pending_limit: Some(30 * MINUTE), ..QueueConfig::default() });
        let held = stage.held().await;
        let waiting = stage.enqueue(held.organization, Default::default()).await;
        let mut reaper = stage.reaper();
        assert_eq!(search(&stage, &mut reaper, 1).await, Reaped::default());
        stage.clock.set(Timestamp::from_micros(stage.clock.now().micros() + 8 * 24 * HOUR));
        assert_eq!(search(&stage, &mut reaper, 1).await, Reaped::default(), "the worker has not had time to be seen");
        assert!(!stage.report(&held).await.unwrap());
        assert_eq!(search(&stage, &mut reaper, 4).await, Reaped::default());
        assert_eq!(stage.job(held.organization, waiting.id).await.status, Status::Pending);
        assert!(!stage.report(&held).await.unwrap());
    });
}

#[test]
fn a_job_may_wait_for_ever_unless_the_operator_says_otherwise() {
    let world = World::new();
    run(async {
        let unlimited = world.stage(QueueConfig::default());
        let organization = unlimited.organization().await;
        let job = unlimited.enqueue(organization, Default::default()).await;
        unlimited.clock.advance(Duration::from_secs(30 * 24 * 60 * 60));
        assert_eq!(search(&unlimited, &mut unlimited.reaper(), 60).await, Reaped::default());

        let limited = world.stage(QueueConfig { pending_limit: Some(30 * MINUTE), ..QueueConfig::default() });
        let young = limited.enqueue(organization, Default::default()).await;
        limited.clock.advance(Duration::from_secs(29 * 60));
        assert_eq!(search(&limited, &mut limited.reaper(), 0).await, Reaped::default());
        limited.clock.advance(2 * MINUTE);
        assert_eq!(search(&limited, &mut limited.reaper(), 0).await, Reaped { pending: 2, ..Reaped::default() });
        for id in [job.id, young.id] {
            let job = limited.job(organization, id).await;
            assert_eq!(job.status, Status::Failed);
            assert_eq!(
                job.error,
                "Coder: Build has been detected as pending for 30 minutes and has been terminated by the reaper."
            );
            assert_eq!((job.queue_position, job.queue_size), (0, 0));
        }
    });
}

#[test]
fn a_worker_that_is_not_seen_for_a_week_is_forgotten_and_its_jobs_keep_its_name() {
    let world = World::new();
    run(async {
        let stage = world.stage(QueueConfig::default());
        let held = stage.held().await;
        stage.complete(&held).await.unwrap();
        let kept = stage.held().await;
        let mut reaper = stage.reaper();
        for _ in 0..8 {
            assert_eq!(search(&stage, &mut reaper, 0).await.workers, 0);
            stage.clock.advance(Duration::from_secs(24 * 60 * 60));
            assert!(!stage.report(&kept).await.unwrap());
        }
        assert_eq!(search(&stage, &mut reaper, 0).await.workers, 1);
        let gone = stage.services.find_worker(&stage.caller(), held.organization, held.worker).await;
        assert!(matches!(gone, Err(ServiceError::NotFound)));
        let job = stage.job(held.organization, held.job).await;
        assert_eq!((job.worker_id, job.worker_name.as_str()), (Some(held.worker), "worker"));
        assert!(stage.services.find_worker(&stage.caller(), kept.organization, kept.worker).await.is_ok());
    });
}
