//! Random histories of jobs and workers against a model that is the prose of the rules, written without any shortcut.

use std::collections::BTreeMap;

use orgd_api_types::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    OrganizationQueue, PriorityClass, ProvisionerSet, ProvisionerType, QueueId, QueueKey, QueueNumbers, Worker,
};
use crate::tags::{TagSet, TagSetId, TagSetRegistry};

/// The tags of the jobs and workers, in normal form but for the order of the pairs; the id is the place in the list.
const TAGS: [&[(&str, &str)]; 7] = [
    &[("owner", ""), ("scope", "organization")],
    &[("os", "linux"), ("owner", ""), ("scope", "organization")],
    &[("gpu", "yes"), ("os", "linux"), ("owner", ""), ("scope", "organization")],
    &[("gpu", "yes"), ("owner", ""), ("scope", "organization")],
    &[("os", "windows"), ("owner", ""), ("scope", "organization")],
    &[("owner", "u"), ("scope", "user")],
    &[("os", "linux"), ("owner", "u"), ("scope", "user")],
];

const SECOND: i64 = 1_000_000;

#[derive(Debug, Clone)]
enum Change {
    Insert(QueueId, QueueKey),
    /// Takes out the job at this place of the model's list, or a job that is not there.
    Remove(prop::sample::Index),
    RemoveUnknown(QueueId, QueueKey),
    /// The worker, and how long before now it was seen, in seconds.
    Put(Worker, Option<i64>),
    RemoveWorker(Uuid),
    Touch(Uuid, i64),
}

/// Everything that was told to the index, as lists.
#[derive(Debug, Clone, Default)]
struct Model {
    pending: Vec<(QueueId, QueueKey)>,
    workers: Vec<Worker>,
}

impl Model {
    fn is_live(worker: &Worker, now: Timestamp) -> bool {
        worker.last_seen_at.is_some_and(|seen| now.micros() - seen.micros() <= 90 * SECOND)
    }

    fn fits(worker: &Worker, job: QueueId) -> bool {
        let (job_tags, worker_tags) = (TAGS[job.tag_set.0 as usize], TAGS[worker.tags.0 as usize]);
        let tags_fit = if job.tag_set == TagSetId(0) {
            worker.tags == TagSetId(0)
        } else {
            job_tags.iter().all(|pair| worker_tags.contains(pair))
        };
        tags_fit && worker.provisioners.contains(job.provisioner)
    }

    fn fitting(&self, now: Timestamp, job: QueueId) -> Vec<&Worker> {
        self.workers.iter().filter(|worker| Self::is_live(worker, now) && Self::fits(worker, job)).collect()
    }

    /// Rank and size among the pending jobs that `belongs` selects.
    fn rank(&self, key: &QueueKey, belongs: impl Fn(QueueId) -> bool) -> (u64, u64) {
        let mut queue: Vec<_> = self.pending.iter().filter(|(job, _)| belongs(*job)).map(|(_, key)| key).collect();
        queue.sort_by_key(|key| (key.class == PriorityClass::Prebuild, key.created_at, key.id));
        (queue.iter().position(|other| *other == key).unwrap() as u64 + 1, queue.len() as u64)
    }

    fn numbers(&self, now: Timestamp, job: QueueId, key: &QueueKey) -> (u64, u64) {
        let fitting = self.fitting(now, job);
        let ranks: Vec<_> = fitting.iter().map(|worker| self.rank(key, |other| Self::fits(worker, other))).collect();
        match ranks.iter().map(|(rank, _)| *rank).min() {
            Some(best) => (best, ranks.iter().filter(|(rank, _)| *rank == best).map(|(_, size)| *size).max().unwrap()),
            None => self.rank(key, |other| other == job),
        }
    }

    fn available(&self, now: Timestamp, job: QueueId) -> Vec<Uuid> {
        let mut workers = self.fitting(now, job);
        workers.sort_by_key(|worker| (worker.created_at, worker.id));
        workers.iter().map(|worker| worker.id).collect()
    }

    /// Makes the change to both, and checks that the index answers what it had to do.
    fn apply(&mut self, queue: &mut OrganizationQueue, now: Timestamp, change: &Change) {
        match change.clone() {
            Change::Insert(id, key) => {
                let is_new = !self.pending.contains(&(id, key));
                assert_eq!(queue.insert(id, key), is_new);
                if is_new {
                    self.pending.push((id, key));
                }
            }
            Change::Remove(_) if self.pending.is_empty() => {}
            Change::Remove(place) => {
                let (id, key) = self.pending.remove(place.index(self.pending.len()));
                assert!(queue.remove(id, &key));
            }
            Change::RemoveUnknown(id, key) => {
                let known = self.pending.iter().position(|job| *job == (id, key));
                assert_eq!(queue.remove(id, &key), known.is_some());
                known.map(|place| self.pending.remove(place));
            }
            Change::Put(worker, seen_before) => {
                let last_seen_at = seen_before.map(|seconds| earlier(now, seconds));
                let worker = Worker { last_seen_at, ..worker };
                self.workers.retain(|other| other.id != worker.id);
                self.workers.push(worker.clone());
                queue.put_worker(worker);
            }
            Change::RemoveWorker(id) => {
                let known = self.workers.iter().position(|worker| worker.id == id);
                assert_eq!(queue.remove_worker(id), known.is_some());
                known.map(|place| self.workers.remove(place));
            }
            Change::Touch(id, seconds) => {
                let worker = self.workers.iter_mut().find(|worker| worker.id == id);
                assert_eq!(queue.touch_worker(id, earlier(now, seconds)), worker.is_some());
                worker.into_iter().for_each(|worker| worker.last_seen_at = Some(earlier(now, seconds)));
            }
        }
    }

    /// Compares everything that can be asked.
    fn check(&self, queue: &OrganizationQueue, registry: &TagSetRegistry, now: Timestamp) {
        assert_eq!(queue.pending_len(), self.pending.len());
        let numbering = queue.numbering(registry, now);
        let mut cursor = numbering.cursor();
        for (job, key) in &self.pending {
            let QueueNumbers { position, size } = queue.numbers(registry, now, *job, key);
            assert_eq!(cursor.numbers(registry, *job, key), QueueNumbers { position, size });
            assert_eq!((position, size), self.numbers(now, *job, key), "{job:?} {key:?} at {now}");
        }
        for provisioner in ProvisionerType::ALL {
            for tag_set in (0..TAGS.len()).map(|id| TagSetId(id as i32)) {
                let job = QueueId { provisioner, tag_set };
                let available = queue.available_workers(registry, now, job);
                assert_eq!(*available, self.available(now, job), "{job:?} at {now}");
            }
        }
    }
}

fn earlier(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_micros(now.micros() - seconds * SECOND)
}

fn registry() -> TagSetRegistry {
    let mut registry = TagSetRegistry::default();
    for (id, tags) in TAGS.iter().enumerate() {
        let tags: BTreeMap<_, _> = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let owner = tags["owner"].clone();
        let tags = TagSet::normalise(tags, None);
        assert_eq!(tags.pairs()["owner"], owner);
        registry.insert(TagSetId(id as i32), tags);
    }
    registry
}

fn some_queue() -> impl Strategy<Value = QueueId> {
    (prop::sample::select(&ProvisionerType::ALL), 0..TAGS.len() as i32)
        .prop_map(|(provisioner, tag_set)| QueueId { provisioner, tag_set: TagSetId(tag_set) })
}

/// Few times and ids, so that ties and repetitions happen.
fn some_key() -> impl Strategy<Value = QueueKey> {
    let class = prop_oneof![3 => Just(PriorityClass::People), 1 => Just(PriorityClass::Prebuild)];
    (class, 0..6i64, 0..300u128).prop_map(|(class, micros, id)| QueueKey {
        class,
        created_at: Timestamp::from_micros(micros),
        id: Uuid::from_u128(id),
    })
}

fn some_worker_id() -> impl Strategy<Value = Uuid> {
    (0..6u128).prop_map(Uuid::from_u128)
}

/// Seconds before now, around the limit of 90, sometimes in the future.
fn some_age() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 0..80i64, 2 => 85..95i64, 1 => 95..300i64, 1 => -200..0i64]
}

fn some_worker() -> impl Strategy<Value = Worker> {
    let provisioners = prop::sample::subsequence(&ProvisionerType::ALL[..], 0..=2);
    (some_worker_id(), provisioners, 0..TAGS.len() as i32, 0..3i64).prop_map(|(id, provisioners, tags, created)| {
        Worker {
            key: None,
            id,
            name: "worker".to_owned(),
            provisioners: provisioners.into_iter().collect::<ProvisionerSet>(),
            tags: TagSetId(tags),
            created_at: Timestamp::from_micros(created),
            last_seen_at: None,
        }
    })
}

fn some_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        8 => (some_queue(), some_key()).prop_map(|(id, key)| Change::Insert(id, key)),
        4 => any::<prop::sample::Index>().prop_map(Change::Remove),
        1 => (some_queue(), some_key()).prop_map(|(id, key)| Change::RemoveUnknown(id, key)),
        4 => (some_worker(), prop::option::weighted(0.9, some_age())).prop_map(|(worker, age)| Change::Put(worker, age)),
        1 => some_worker_id().prop_map(Change::RemoveWorker),
        4 => (some_worker_id(), some_age()).prop_map(|(id, age)| Change::Touch(id, age)),
    ]
}

/// A history: batches of changes, and how many seconds pass after each; at times the clock is set back.
fn some_history() -> impl Strategy<Value = Vec<(Vec<Change>, i64)>> {
    let passing = prop_oneof![4 => 0..40i64, 1 => 40..200i64, 1 => -60..0i64];
    prop::collection::vec((prop::collection::vec(some_change(), 0..8), passing), 1..10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_answer_is_that_of_the_prose(
        pending in prop::collection::vec((some_queue(), some_key()), 0..20),
        history in some_history(),
    ) {
        let registry = registry();
        let mut model = Model::default();
        let mut queue = OrganizationQueue::new(pending.clone(), []);
        for job in pending {
            if !model.pending.contains(&job) {
                model.pending.push(job);
            }
        }
        let mut now = Timestamp::from_micros(1_000_000 * SECOND);
        let mut kept = Vec::new();
        for (changes, seconds) in history {
            for change in &changes {
                model.apply(&mut queue, now, change);
            }
            model.check(&queue, &registry, now);
            kept.push((queue.clone(), model.clone(), now));
            now = earlier(now, -seconds);
            model.check(&queue, &registry, now);
        }
        // A state that was published answers as it did, and also what is asked later.
        for (queue, model, then) in kept {
            model.check(&queue, &registry, then);
            model.check(&queue, &registry, now);
        }
    }
}
