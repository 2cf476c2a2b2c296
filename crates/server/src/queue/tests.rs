//! Tests of each rule of the queue numbers, one at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::{
    OrganizationQueue, PREBUILDS_USER, PriorityClass, ProvisionerType, QueueId, QueueKey, QueueNumbers, Worker,
};
use crate::tags::{TagSet, TagSetId, TagSetRegistry};

const SECOND: i64 = 1_000_000;
const UNTAGGED: TagSetId = TagSetId(0);
const LINUX: TagSetId = TagSetId(1);
const LINUX_GPU: TagSetId = TagSetId(2);
const WINDOWS: TagSetId = TagSetId(3);

fn registry() -> TagSetRegistry {
    let mut registry = TagSetRegistry::default();
    for (id, tags) in [
        (UNTAGGED, vec![]),
        (LINUX, vec![("os", "linux")]),
        (LINUX_GPU, vec![("os", "linux"), ("gpu", "yes")]),
        (WINDOWS, vec![("os", "windows")]),
    ] {
        let tags: BTreeMap<_, _> = tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        registry.insert(id, TagSet::normalise(tags, None));
    }
    registry
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * SECOND)
}

fn terraform(tag_set: TagSetId) -> QueueId {
    QueueId { provisioner: ProvisionerType::Terraform, tag_set }
}

fn key(number: u128, created: i64) -> QueueKey {
    QueueKey { class: PriorityClass::People, created_at: at(created), id: Uuid::from_u128(number) }
}

fn worker(number: u128, tags: TagSetId, last_seen: i64) -> Worker {
    Worker {
        key: None,
        id: Uuid::from_u128(number),
        name: format!("worker-{number}"),
        provisioners: [ProvisionerType::Terraform].into_iter().collect(),
        tags,
        created_at: at(0),
        last_seen_at: Some(at(last_seen)),
    }
}

fn numbers(queue: &OrganizationQueue, now: i64, id: QueueId, key: &QueueKey) -> (u64, u64) {
    let QueueNumbers { position, size } = queue.numbers(&registry(), at(now), id, key);
    (position, size)
}

fn available(queue: &OrganizationQueue, now: i64, id: QueueId) -> Vec<u128> {
    queue.available_workers(&registry(), at(now), id).iter().map(Uuid::as_u128).collect()
}

#[test]
fn each_organization_has_a_queue_of_its_own_and_prebuilds_wait() {
    // Organization A: J3 by the prebuilds user, then J4 by a person. Organization B: J2, older than both. Finished and
    // running jobs are in no queue.
    let (j2, j4) = (key(2, 1), key(4, 3));
    let j3 = QueueKey { class: PriorityClass::of_initiator(PREBUILDS_USER), ..key(3, 2) };
    let pending = |keys: &[QueueKey]| keys.iter().map(|key| (terraform(UNTAGGED), *key)).collect::<Vec<_>>();
    for workers in [vec![], vec![worker(1, UNTAGGED, 10)]] {
        let a = OrganizationQueue::new(pending(&[j3, j4]), workers.clone());
        let mut b = OrganizationQueue::new(pending(&[j2]), workers);
        assert_eq!(numbers(&a, 10, terraform(UNTAGGED), &j4), (1, 2));
        assert_eq!(numbers(&a, 10, terraform(UNTAGGED), &j3), (2, 2));
        assert_eq!(numbers(&b, 10, terraform(UNTAGGED), &j2), (1, 1));
        assert!(b.remove(terraform(UNTAGGED), &j2));
        assert_eq!((a.pending_len(), b.pending_len()), (2, 0));
        assert_eq!(numbers(&a, 10, terraform(UNTAGGED), &j4), (1, 2));
    }
}

#[test]
fn equal_times_are_ordered_by_id() {
    let pending = [9, 7, 8].map(|number| (terraform(LINUX), key(number, 5)));
    let queue = OrganizationQueue::new(pending, []);
    let positions = [7, 8, 9].map(|number| numbers(&queue, 0, terraform(LINUX), &key(number, 5)));
    assert_eq!(positions, [(1, 3), (2, 3), (3, 3)]);
}

#[test]
fn a_worker_ranks_all_jobs_that_it_fits() {
    let pending = [
        (terraform(LINUX), key(1, 1)),
        (terraform(LINUX_GPU), key(2, 2)),
        (terraform(LINUX), key(3, 3)),
        (terraform(WINDOWS), key(4, 0)),
        (terraform(UNTAGGED), key(5, 0)),
    ];
    let queue = OrganizationQueue::new(pending, [worker(1, LINUX_GPU, 0)]);
    assert_eq!(numbers(&queue, 1, terraform(LINUX), &key(3, 3)), (3, 3));
    assert_eq!(numbers(&queue, 1, terraform(LINUX_GPU), &key(2, 2)), (2, 3));
    // No live worker fits these: their own queues.
    assert_eq!(numbers(&queue, 1, terraform(WINDOWS), &key(4, 0)), (1, 1));
    assert_eq!(numbers(&queue, 1, terraform(UNTAGGED), &key(5, 0)), (1, 1));
}

#[test]
fn the_best_rank_of_the_fitting_workers_counts_with_that_workers_size() {
    let mut pending = vec![(terraform(LINUX), key(10, 10)), (terraform(LINUX), key(11, 11))];
    pending.push((terraform(LINUX_GPU), key(1, 1)));
    let mut queue = OrganizationQueue::new(pending, [worker(1, LINUX_GPU, 0)]);
    assert_eq!(numbers(&queue, 1, terraform(LINUX), &key(10, 10)), (2, 3));
    queue.put_worker(worker(2, LINUX, 0));
    assert_eq!(numbers(&queue, 1, terraform(LINUX), &key(10, 10)), (1, 2));
    // A later job of the other queue: both workers rank the first job 1, the larger of the two queues is told.
    assert!(queue.remove(terraform(LINUX_GPU), &key(1, 1)));
    assert!(queue.insert(terraform(LINUX_GPU), key(1, 20)));
    assert_eq!(numbers(&queue, 1, terraform(LINUX), &key(10, 10)), (1, 3));
}

#[test]
fn provisioner_types_do_not_mix() {
    let echo = QueueId { provisioner: ProvisionerType::Echo, tag_set: LINUX };
    let pending = [(terraform(LINUX), key(1, 1)), (echo, key(2, 2)), (echo, key(3, 3))];
    let mut queue = OrganizationQueue::new(pending, [worker(1, LINUX, 0)]);
    assert_eq!(numbers(&queue, 1, echo, &key(3, 3)), (2, 2));
    assert_eq!(available(&queue, 1, echo), [0; 0]);
    queue.put_worker(Worker {
        key: None,
        provisioners: [ProvisionerType::Terraform, ProvisionerType::Echo].into_iter().collect(),
        ..worker(2, LINUX, 0)
    });
    assert_eq!(numbers(&queue, 1, echo, &key(3, 3)), (3, 3));
    assert_eq!(numbers(&queue, 1, terraform(LINUX), &key(1, 1)), (1, 3));
    assert_eq!(available(&queue, 1, echo), [2]);
}

#[test]
fn available_workers_come_by_registration_then_id() {
    let registered = |worker, created| Worker { created_at: at(created), ..worker };
    let workers = [
        registered(worker(5, LINUX, 0), 2),
        registered(worker(4, LINUX_GPU, 0), 2),
        registered(worker(9, LINUX_GPU, 0), 1),
        registered(worker(1, UNTAGGED, 0), 0),
        registered(worker(2, LINUX, -100), 0),
    ];
    let queue = OrganizationQueue::new([], workers);
    assert_eq!(available(&queue, 0, terraform(LINUX)), [9, 4, 5]);
    assert_eq!(available(&queue, 0, terraform(UNTAGGED)), [1]);
}

#[test]
fn workers_go_stale_after_90_seconds_and_come_back() {
    let pending = [(terraform(LINUX), key(1, 1)), (terraform(LINUX_GPU), key(2, 0))];
    let mut queue = OrganizationQueue::new(pending, [worker(1, LINUX_GPU, 100)]);
    let job = key(1, 1);
    assert_eq!(numbers(&queue, 190, terraform(LINUX), &job), (2, 2));
    assert_eq!(available(&queue, 190, terraform(LINUX)), [1]);
    assert_eq!(numbers(&queue, 191, terraform(LINUX), &job), (1, 1));
    assert_eq!(available(&queue, 191, terraform(LINUX)), [0; 0]);
    // The clock was set back: seen in the future is alive.
    assert_eq!(numbers(&queue, 20, terraform(LINUX), &job), (2, 2));
    assert_eq!(numbers(&queue, 191, terraform(LINUX), &job), (1, 1));
    assert!(queue.touch_worker(Uuid::from_u128(1), at(191)));
    assert_eq!(numbers(&queue, 191, terraform(LINUX), &job), (2, 2));
    assert!(!queue.touch_worker(Uuid::from_u128(77), at(191)));
    assert!(queue.remove_worker(Uuid::from_u128(1)));
    assert!(!queue.remove_worker(Uuid::from_u128(1)));
    assert_eq!(numbers(&queue, 191, terraform(LINUX), &job), (1, 1));
}

#[test]
fn a_worker_that_was_never_seen_is_not_alive() {
    let queue = OrganizationQueue::new([], [Worker { last_seen_at: None, ..worker(1, LINUX, 0) }]);
    assert_eq!(available(&queue, 0, terraform(LINUX)), [0; 0]);
}

#[test]
fn a_job_that_the_index_does_not_hold_gets_the_numbers_it_would_have() {
    let pending = [(terraform(LINUX), key(1, 1)), (terraform(LINUX), key(3, 3))];
    for workers in [vec![], vec![worker(1, LINUX_GPU, 0), worker(2, LINUX, 0)]] {
        let mut queue = OrganizationQueue::new(pending, workers);
        for (id, unseen) in [(terraform(LINUX), key(2, 2)), (terraform(LINUX_GPU), key(4, 4))] {
            let foretold = numbers(&queue, 1, id, &unseen);
            assert!(queue.insert(id, unseen));
            assert_eq!(numbers(&queue, 1, id, &unseen), foretold);
        }
    }
}

#[test]
fn inserting_and_removing_twice_is_noticed() {
    let mut queue = OrganizationQueue::default();
    assert!(queue.insert(terraform(LINUX), key(1, 1)));
    assert!(!queue.insert(terraform(LINUX), key(1, 1)));
    assert!(!queue.remove(terraform(LINUX), &key(1, 2)));
    assert!(!queue.remove(terraform(WINDOWS), &key(1, 1)));
    assert!(queue.remove(terraform(LINUX), &key(1, 1)));
    assert!(!queue.remove(terraform(LINUX), &key(1, 1)));
    assert_eq!(queue.pending_len(), 0);
}

#[test]
fn a_tag_set_that_the_registry_learns_later_is_not_remembered_as_unknown() {
    let queue = OrganizationQueue::new([], [worker(1, LINUX_GPU, 0)]);
    let mut few = TagSetRegistry::default();
    let gpu = TagSet::normalise(BTreeMap::from([("gpu".to_owned(), "yes".to_owned())]), None);
    for id in [LINUX_GPU, LINUX] {
        few.insert(id, registry().get(id).unwrap().as_ref().clone());
    }
    let mut more = few.clone();
    more.insert(TagSetId(9), gpu);
    assert_eq!(queue.available_workers(&few, at(0), terraform(TagSetId(9))).len(), 0);
    assert_eq!(queue.available_workers(&more, at(0), terraform(TagSetId(9))).len(), 1);
}

#[test]
fn what_was_found_out_is_kept_while_it_stays_true() {
    let registry = registry();
    let mut queue =
        OrganizationQueue::new([(terraform(LINUX), key(1, 1))], [worker(1, LINUX, 0), worker(2, LINUX, 50)]);
    let found = queue.numbering(&registry, at(60));
    assert_eq!(found.until(), at(90));
    let same = |queue: &OrganizationQueue, now| Arc::ptr_eq(&queue.numbering(&registry, at(now)), &found);
    assert!(same(&queue, 90));
    let before = queue.clone();
    // A live worker reports, another registers but was never seen: nothing that matters until second 90.
    assert!(queue.touch_worker(Uuid::from_u128(1), at(70)));
    queue.put_worker(Worker { last_seen_at: None, ..worker(3, LINUX, 0) });
    assert!(same(&queue, 90) && same(&before, 90));
    // After it, the two states differ: in the older one the first worker is stale.
    assert_eq!(available(&queue, 91, terraform(LINUX)), [1, 2]);
    assert_eq!(available(&before, 91, terraform(LINUX)), [2]);
    assert_eq!(available(&queue, 91, terraform(LINUX)), [1, 2]);
    // A new job changes the numbers of the new state only.
    let mut after = before.clone();
    assert!(after.insert(terraform(LINUX), key(2, 0)));
    assert_eq!(numbers(&after, 91, terraform(LINUX), &key(1, 1)), (2, 2));
    assert_eq!(numbers(&before, 91, terraform(LINUX), &key(1, 1)), (1, 1));
}
