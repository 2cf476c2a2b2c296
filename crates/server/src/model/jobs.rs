//! The queue in memory: tag sets, and for each organization its workers and pending jobs.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::HashMap;
use orgd_api_types::Timestamp;
use uuid::Uuid;

use crate::change::{JobPlace, WorkerSight};
use crate::db::jobs::JobRecord;
use crate::db::load::QueueContents;
use crate::db::workers::WorkerRecord;
use crate::queue::{Numbering, NumberingCursor, OrganizationQueue, QueueId, QueueKey, Worker};
use crate::tags::{TagSet, TagSetRegistry};

/// Everything about jobs that is answered without asking the database. A clone costs nothing and does not change.
#[derive(Clone, Default)]
pub struct Jobs {
    /// Every tag set.
    pub tag_sets: TagSetRegistry,
    queues: HashMap<Uuid, OrganizationQueue>,
    /// The version at which an organization's jobs or workers changed last, where that is after `read_at`.
    changed_at: HashMap<Uuid, u64>,
    /// The version at which everything was read.
    read_at: u64,
    version: u64,
}

/// What the queue of one organization is built from.
#[derive(Default)]
struct Parts {
    pending: Vec<(QueueId, QueueKey)>,
    workers: Vec<Worker>,
}

/// What a job's answer takes from memory.
#[derive(Debug, Clone)]
pub struct LiveParts {
    /// Place in the queue, 0 for a job that is not pending.
    pub position: u64,
    /// Length of that queue, 0 for a job that is not pending.
    pub size: u64,
    /// Live workers that could take the job; empty once one has.
    pub available_workers: Arc<[Uuid]>,
}

impl Jobs {
    /// Builds the queue from the database's contents. `version` must be new.
    pub fn build(contents: QueueContents, version: u64) -> Self {
        let QueueContents { tag_sets, workers, pending } = contents;
        let mut registry = TagSetRegistry::default();
        for (id, canonical) in tag_sets {
            match canonical.parse::<TagSet>() {
                Ok(tags) => registry.insert(id, tags),
                Err(error) => tracing::error!(tag_set = id.0, %error, "a stored tag set cannot be read"),
            }
        }
        let mut parts: BTreeMap<Uuid, Parts> = BTreeMap::new();
        for (organization, provisioner, tag_set, key) in pending {
            parts.entry(organization).or_default().pending.push((QueueId { provisioner, tag_set }, key));
        }
        for record in workers {
            parts.entry(record.organization_id).or_default().workers.push(worker_of(record));
        }
        let queues = parts
            .into_iter()
            .map(|(organization, parts)| (organization, OrganizationQueue::new(parts.pending, parts.workers)))
            .collect();
        Self { tag_sets: registry, queues, changed_at: HashMap::new(), read_at: version, version }
    }

    /// Moves with every change.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Moves with every change of this organization's jobs or workers: two with the same version are the same.
    pub fn version_of(&self, organization: Uuid) -> u64 {
        self.changed_at.get(&organization).copied().unwrap_or(self.read_at)
    }

    /// Takes over a job that was queued, or that is not pending any more.
    pub fn save_job(&mut self, place: &JobPlace) {
        let queue = self.changed(place.organization);
        if place.is_pending {
            queue.insert(place.queue, place.key);
        } else {
            queue.remove(place.queue, &place.key);
        }
    }

    /// Takes over a worker that registered, or that was seen.
    pub fn save_worker(&mut self, record: WorkerRecord) {
        let organization = record.organization_id;
        self.changed(organization).put_worker(worker_of(record));
    }

    /// Takes over when workers were seen.
    pub fn see_workers(&mut self, seen: &[WorkerSight], at: Timestamp) {
        for sight in seen {
            if let Some(queue) = self.changed_if_there(sight.organization) {
                queue.touch_worker(sight.worker, at);
            }
        }
    }

    /// Takes a worker out.
    pub fn forget_worker(&mut self, sight: &WorkerSight) {
        if let Some(queue) = self.changed_if_there(sight.organization) {
            queue.remove_worker(sight.worker);
        }
    }

    /// Takes everything of an organization out that was deleted. Identifiers are not used twice.
    pub fn forget_organization(&mut self, organization: Uuid) {
        self.version += 1;
        self.queues.remove(&organization);
        self.changed_at.remove(&organization);
    }

    /// The worker of this organization.
    pub fn worker(&self, organization: Uuid, id: Uuid) -> Option<&Arc<Worker>> {
        self.queues.get(&organization)?.worker(id)
    }

    /// The workers of this organization.
    pub fn workers_of(&self, organization: Uuid) -> impl Iterator<Item = &Arc<Worker>> {
        self.queues.get(&organization).into_iter().flat_map(OrganizationQueue::workers)
    }

    /// The queues that this worker may take jobs from now, the one with the first job first, at most `limit`.
    pub fn queues_for(&self, organization: Uuid, worker: &Worker, limit: usize) -> Vec<QueueId> {
        let queue = self.queues.get(&organization);
        queue.map_or_else(Vec::new, |queue| queue.queues_for(&self.tag_sets, worker.tags, worker.provisioners, limit))
    }

    /// Pending jobs of all organizations that were queued before `horizon`, at most `limit` of each.
    pub fn pending_since_before(&self, horizon: Timestamp, limit: usize) -> Vec<Uuid> {
        self.queues.values().flat_map(|queue| queue.pending_since_before(horizon, limit)).collect()
    }

    /// True when there is a worker that was not seen since then.
    pub fn has_worker_unseen_since(&self, horizon: Timestamp) -> bool {
        let mut workers = self.queues.values().flat_map(OrganizationQueue::workers);
        workers.any(|worker| worker.last_seen_at.unwrap_or(worker.created_at) < horizon)
    }

    fn changed(&mut self, organization: Uuid) -> &mut OrganizationQueue {
        self.version += 1;
        self.changed_at.insert(organization, self.version);
        self.queues.entry(organization).or_default()
    }

    /// Of an organization that was deleted there is nothing here, and nothing may come back.
    fn changed_if_there(&mut self, organization: Uuid) -> Option<&mut OrganizationQueue> {
        self.queues.contains_key(&organization).then(|| self.changed(organization))
    }

    /// How many jobs wait in all organizations.
    pub fn pending_len(&self) -> usize {
        self.queues.values().map(OrganizationQueue::pending_len).sum()
    }

    /// What answers questions about this organization's queue at `now`; `None` when it has neither pending jobs nor workers.
    pub fn numbering(&self, organization: Uuid, now: Timestamp) -> Option<Arc<Numbering>> {
        self.queues.get(&organization).map(|queue| queue.numbering(&self.tag_sets, now))
    }
}

/// Finds the live parts of one job after the other.
pub struct LiveView<'a> {
    tag_sets: &'a TagSetRegistry,
    numbering: Option<(&'a Numbering, NumberingCursor<'a>)>,
}

impl<'a> LiveView<'a> {
    /// A view of one organization, with what [`Jobs::numbering`] gave for it.
    pub fn new(jobs: &'a Jobs, numbering: Option<&'a Numbering>) -> Self {
        Self { tag_sets: &jobs.tag_sets, numbering: numbering.map(|numbering| (numbering, numbering.cursor())) }
    }

    /// The live parts of a job's answer.
    pub fn of(&mut self, record: &JobRecord) -> LiveParts {
        let queue = QueueId { provisioner: record.provisioner, tag_set: record.tag_set };
        let Some((numbering, cursor)) = &mut self.numbering else {
            // The database may know of a first pending job that this moment does not hold yet.
            let first = u64::from(record.is_pending());
            return LiveParts { position: first, size: first, available_workers: Arc::default() };
        };
        let numbers = record.is_pending().then(|| cursor.numbers(self.tag_sets, queue, &record.queue_key()));
        LiveParts {
            position: numbers.map_or(0, |numbers| numbers.position),
            size: numbers.map_or(0, |numbers| numbers.size),
            available_workers: match record.may_be_taken() {
                true => numbering.available_workers(self.tag_sets, queue),
                false => Arc::default(),
            },
        }
    }
}

fn worker_of(record: WorkerRecord) -> Worker {
    let WorkerRecord { id, organization_id: _, key_id, name, provisioners, tag_set, created_at, last_seen_at } = record;
    Worker {
        id,
        key: key_id,
        name,
        provisioners: provisioners.into_iter().collect(),
        tags: tag_set,
        created_at,
        last_seen_at,
    }
}

#[cfg(test)]
mod tests {
    use orgd_api_types::Timestamp;
    use uuid::Uuid;

    use super::Jobs;
    use crate::change::{JobPlace, WorkerSight};
    use crate::db::load::QueueContents;
    use crate::queue::{PriorityClass, ProvisionerType, QueueId, QueueKey};
    use crate::tags::TagSetId;

    /// A server on which organizations come and go must not grow.
    #[test]
    fn a_deleted_organization_leaves_nothing_behind() {
        let empty = QueueContents { tag_sets: Vec::new(), workers: Vec::new(), pending: Vec::new() };
        let (mut jobs, organization, now) = (Jobs::build(empty, 1), Uuid::from_u128(1), Timestamp::from_micros(1));
        let mut place = JobPlace {
            organization,
            queue: QueueId { provisioner: ProvisionerType::Terraform, tag_set: TagSetId(1) },
            key: QueueKey { class: PriorityClass::People, created_at: now, id: Uuid::from_u128(2) },
            is_pending: true,
        };
        jobs.save_job(&place);
        assert_eq!(jobs.pending_len(), 1);
        place.is_pending = false;
        jobs.save_job(&place);
        let version = jobs.version();
        jobs.forget_organization(organization);
        assert!(jobs.version() > version, "what was answered before is not answered again");
        let sight = WorkerSight { organization, worker: Uuid::from_u128(3) };
        jobs.see_workers(&[sight], now);
        jobs.forget_worker(&sight);
        assert!(jobs.queues.is_empty() && jobs.changed_at.is_empty());
    }
}
