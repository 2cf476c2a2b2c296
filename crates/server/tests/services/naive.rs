//! The rules of the queue as they are written down, without a thought for their cost.

use std::collections::BTreeMap;

use orgd_api_types::{ProvisionerJobStatus as Status, Timestamp};
use uuid::Uuid;

/// Tags in their normal form.
pub type Tags = BTreeMap<String, String>;

/// How long a worker counts as alive, in microseconds.
const LIVE: i64 = 90_000_000;

#[derive(Debug, Clone)]
pub struct NaiveJob {
    pub id: Uuid,
    pub created_at: Timestamp,
    pub is_prebuild: bool,
    pub provisioner: &'static str,
    pub tags: Tags,
    pub status: Status,
    pub worker: Option<Uuid>,
    pub attempt: i32,
    pub was_started: bool,
}

#[derive(Debug, Clone)]
pub struct NaiveWorker {
    pub id: Uuid,
    pub name: String,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
    pub provisioners: Vec<&'static str>,
    pub tags: Tags,
}

/// One organization.
#[derive(Debug, Default)]
pub struct Naive {
    pub jobs: Vec<NaiveJob>,
    pub workers: Vec<NaiveWorker>,
}

pub fn untagged() -> Tags {
    [("owner", ""), ("scope", "organization")].map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

fn fits(job: &NaiveJob, worker: &NaiveWorker) -> bool {
    let has_tags = if job.tags == untagged() {
        worker.tags == job.tags
    } else {
        job.tags.iter().all(|(key, value)| worker.tags.get(key) == Some(value))
    };
    has_tags && worker.provisioners.contains(&job.provisioner)
}

impl Naive {
    /// Pending jobs in the order in which they are taken.
    fn pending(&self) -> Vec<&NaiveJob> {
        let mut pending: Vec<_> = self.jobs.iter().filter(|job| job.status == Status::Pending).collect();
        pending.sort_by_key(|job| (job.is_prebuild, job.created_at, job.id));
        pending
    }

    /// The job that this worker gets if it asks now.
    pub fn first_for(&self, worker: Uuid) -> Option<Uuid> {
        let worker = self.workers.iter().find(|known| known.id == worker).unwrap();
        self.pending().into_iter().find(|job| fits(job, worker)).map(|job| job.id)
    }

    fn live(&self, now: Timestamp) -> impl Iterator<Item = &NaiveWorker> {
        self.workers.iter().filter(move |worker| worker.seen_at.micros() + LIVE >= now.micros())
    }

    /// Position, size, and who could take it.
    pub fn numbers(&self, job: &NaiveJob, now: Timestamp) -> (u64, u64, Vec<Uuid>) {
        let mut fitting: Vec<_> = self.live(now).filter(|worker| fits(job, worker)).collect();
        fitting.sort_by_key(|worker| (worker.created_at, worker.id));
        let available = if job.was_started { Vec::new() } else { fitting.iter().map(|worker| worker.id).collect() };
        if job.status != Status::Pending {
            return (0, 0, available);
        }
        let pending = self.pending();
        let place_in = |queue: &[&NaiveJob]| {
            let before = queue.iter().position(|other| other.id == job.id).unwrap();
            (u64::try_from(before).unwrap() + 1, u64::try_from(queue.len()).unwrap())
        };
        let of_worker = |worker: &&NaiveWorker| {
            let queue: Vec<_> = pending.iter().copied().filter(|other| fits(other, worker)).collect();
            place_in(&queue)
        };
        let best = fitting.iter().map(of_worker).min_by_key(|(place, size)| (*place, std::cmp::Reverse(*size)));
        let (place, size) = best.unwrap_or_else(|| {
            let same = |other: &&NaiveJob| other.tags == job.tags && other.provisioner == job.provisioner;
            let queue: Vec<_> = pending.iter().copied().filter(same).collect();
            place_in(&queue)
        });
        (place, size, available)
    }
}
