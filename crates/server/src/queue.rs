//! The pending jobs and the workers of an organization, held so that a job's queue numbers cost a few binary searches.
//!
//! Everything here is an immutable snapshot in disguise: a clone is O(1), shares its memory with the original and does not
//! change with it. One writer clones, changes the clone and publishes it; readers never wait. Knows no HTTP, no database
//! and no clock: points in time are passed in.

mod key;
mod matching;
#[cfg(test)]
mod model_tests;
mod numbering;
mod ranked;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use orgd_api_types::Timestamp;
use uuid::Uuid;

use crate::tags::{TagSetId, TagSetRegistry, fits};
use matching::Matching;
use ranked::RankedSet;

pub use key::{PREBUILDS_USER, PriorityClass, ProvisionerType, QueueId, QueueKey};
pub use numbering::{Numbering, NumberingCursor, QueueNumbers};
pub use worker::{LIVE_FOR_MICROS, ProvisionerSet, Worker};

/// The pending jobs of one organization in queue order, and its workers.
///
/// The registry that is passed along must hold the tag sets of the jobs and of the workers: the two are published
/// together. Jobs of a tag set that it does not hold are ranked as if no worker fitted them.
#[derive(Debug, Clone, Default)]
pub struct OrganizationQueue {
    /// No queue is empty.
    pending: imbl::OrdMap<QueueId, RankedSet<QueueKey>>,
    workers: imbl::OrdMap<Uuid, Arc<Worker>>,
    /// Found out by the first reader that needs it. Shared by all states with the same workers.
    matching: Arc<ArcSwapOption<Matching>>,
    /// Found out by the first reader that needs it. Shared by the clones of this state.
    numbering: Arc<ArcSwapOption<Numbering>>,
}

impl OrganizationQueue {
    /// The queues of an organization from all of its pending jobs, in any order, and its workers. O(n) when the jobs of
    /// each queue come in queue order.
    pub fn new(
        pending: impl IntoIterator<Item = (QueueId, QueueKey)>,
        workers: impl IntoIterator<Item = Worker>,
    ) -> Self {
        let mut keys: BTreeMap<QueueId, Vec<QueueKey>> = BTreeMap::new();
        for (queue, key) in pending {
            keys.entry(queue).or_default().push(key);
        }
        Self {
            pending: keys.into_iter().map(|(queue, keys)| (queue, RankedSet::from_keys(keys))).collect(),
            workers: workers.into_iter().map(|worker| (worker.id, Arc::new(worker))).collect(),
            ..Self::default()
        }
    }

    /// How many jobs are pending.
    pub fn pending_len(&self) -> usize {
        self.pending.values().map(RankedSet::len).sum()
    }

    /// Adds a pending job. Answers whether it is new.
    pub fn insert(&mut self, queue: QueueId, key: QueueKey) -> bool {
        let is_new = match self.pending.get_mut(&queue) {
            Some(keys) => keys.insert(key),
            None => self.pending.insert(queue, RankedSet::from_keys(vec![key])).is_none(),
        };
        if is_new {
            self.numbering = Arc::default();
        }
        is_new
    }

    /// Takes a job out that is no longer pending. Answers whether it was there.
    pub fn remove(&mut self, queue: QueueId, key: &QueueKey) -> bool {
        let Some(keys) = self.pending.get_mut(&queue) else { return false };
        if !keys.remove(key) {
            return false;
        }
        if keys.is_empty() {
            self.pending.remove(&queue);
        }
        self.numbering = Arc::default();
        true
    }

    /// The queues that a worker with these abilities may take jobs from, the one with the first job first, at most `limit`.
    pub fn queues_for(
        &self,
        tag_sets: &TagSetRegistry,
        tags: TagSetId,
        provisioners: ProvisionerSet,
        limit: usize,
    ) -> Vec<QueueId> {
        let Some(offered) = tag_sets.get(tags) else { return Vec::new() };
        let mut found: Vec<(&QueueKey, QueueId)> = self
            .pending
            .iter()
            .filter(|(queue, _)| provisioners.contains(queue.provisioner))
            .filter(|(queue, _)| tag_sets.get(queue.tag_set).is_some_and(|wanted| fits(wanted, offered)))
            .filter_map(|(queue, keys)| Some((keys.first()?, *queue)))
            .collect();
        found.sort_unstable();
        found.into_iter().take(limit).map(|(_, queue)| queue).collect()
    }

    /// Pending jobs that were queued before `horizon`, at most `limit`.
    pub fn pending_since_before(&self, horizon: Timestamp, limit: usize) -> Vec<Uuid> {
        let mut found = Vec::new();
        for class in PriorityClass::ALL {
            let first = QueueKey { class, created_at: Timestamp::from_micros(i64::MIN), id: Uuid::nil() };
            let is_old = |key: &QueueKey| key.class == class && key.created_at < horizon;
            for keys in self.pending.values() {
                found.extend(keys.run_from(&first, limit - found.len(), is_old).into_iter().map(|key| key.id));
            }
        }
        found
    }

    /// The worker of that id.
    pub fn worker(&self, id: Uuid) -> Option<&Arc<Worker>> {
        self.workers.get(&id)
    }

    /// Every worker, live or not, by id.
    pub fn workers(&self) -> impl Iterator<Item = &Arc<Worker>> {
        self.workers.values()
    }

    /// Adds a worker, or replaces the one of the same id.
    pub fn put_worker(&mut self, worker: Worker) {
        let new = Arc::new(worker);
        let old = self.workers.insert(new.id, Arc::clone(&new));
        self.worker_changed(old.as_deref(), Some(&new));
    }

    /// Forgets a worker. Answers whether it was there.
    pub fn remove_worker(&mut self, id: Uuid) -> bool {
        let old = self.workers.remove(&id);
        self.worker_changed(old.as_deref(), None);
        old.is_some()
    }

    /// Notes that a worker reported at `seen_at`. Answers whether it is known.
    pub fn touch_worker(&mut self, id: Uuid, seen_at: Timestamp) -> bool {
        let Some(worker) = self.workers.get(&id) else { return false };
        self.put_worker(Worker { last_seen_at: Some(seen_at), ..Worker::clone(worker) });
        true
    }

    /// The queue numbers of a pending job at `now`; the rule is at [`NumberingCursor::numbers`].
    pub fn numbers(&self, tag_sets: &TagSetRegistry, now: Timestamp, queue: QueueId, key: &QueueKey) -> QueueNumbers {
        self.numbering(tag_sets, now).cursor().numbers(tag_sets, queue, key)
    }

    /// The workers that could take a job of `queue` at `now`; the rule is at [`Numbering::available_workers`].
    pub fn available_workers(&self, tag_sets: &TagSetRegistry, now: Timestamp, queue: QueueId) -> Arc<[Uuid]> {
        self.numbering(tag_sets, now).available_workers(tag_sets, queue)
    }

    /// What answers the questions above for this state at `now`. For a list of jobs take it once, and one cursor per page.
    /// As long as nothing changed, it is the same `Arc` until its [`Numbering::until`].
    pub fn numbering(&self, tag_sets: &TagSetRegistry, now: Timestamp) -> Arc<Numbering> {
        if let Some(known) = self.numbering.load_full().filter(|known| known.covers(now)) {
            return known;
        }
        let matching = self.matching(now);
        let numbering = Arc::new(Numbering::new(matching, tag_sets, self.pending.iter()));
        self.numbering.store(Some(Arc::clone(&numbering)));
        numbering
    }

    fn matching(&self, now: Timestamp) -> Arc<Matching> {
        if let Some(known) = self.matching.load_full().filter(|known| known.covers(now)) {
            return known;
        }
        let matching = Arc::new(Matching::at(now, self.workers.values().map(|worker| &**worker)));
        self.matching.store(Some(Arc::clone(&matching)));
        matching
    }

    /// Gives this state its own places for what is found out, away from the clones that do not know of the change. What is
    /// known already moves along if it stays true, as it does when a live worker reports again.
    fn worker_changed(&mut self, old: Option<&Worker>, new: Option<&Worker>) {
        let matching = self.matching.load_full().filter(|known| known.survives(old, new));
        let numbering = self
            .numbering
            .load_full()
            .filter(|known| matching.as_ref().is_some_and(|matching| known.is_based_on(matching)));
        self.matching = Arc::new(ArcSwapOption::new(matching));
        self.numbering = Arc::new(ArcSwapOption::new(numbering));
    }
}
