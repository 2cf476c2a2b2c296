//! Queue numbers at one state of an organization's queues and workers.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::matching::Matching;
use super::ranked::{Finger, RankedSet};
use super::{QueueId, QueueKey};
use crate::tags::TagSetRegistry;

/// Where a pending job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueNumbers {
    /// Its rank in the queue, from 1.
    pub position: u64,
    /// How many jobs that queue holds, the job itself included.
    pub size: u64,
}

/// Answers every question about queue numbers for one state and some interval of time. Never changes, so all answers that
/// are taken from one numbering agree with each other.
#[derive(Debug)]
pub struct Numbering {
    matching: Arc<Matching>,
    /// Ascending by id; none is empty.
    queues: Box<[Queue]>,
    lanes: Box<[Lane]>,
    /// The lane of each group of the matching.
    lane_of_group: Box<[usize]>,
}

#[derive(Debug)]
struct Queue {
    id: QueueId,
    keys: RankedSet<QueueKey>,
    /// Numbers of the lanes that this queue is part of, ascending.
    lanes: Box<[usize]>,
}

/// What a worker sees as its queue: the queues of all jobs that it fits. Groups of workers that differ only in what no
/// pending job asks for share one lane.
#[derive(Debug)]
struct Lane {
    /// Numbers of the queues, ascending.
    queues: Box<[usize]>,
    /// How many jobs they hold together.
    size: u64,
}

/// Looks up the numbers of one job after the other. Jobs that are near each other in the queue order, as on a page of the
/// job list, cost a few comparisons each.
#[derive(Debug)]
pub struct NumberingCursor<'numbering> {
    numbering: &'numbering Numbering,
    /// Where the last search in each queue ended.
    fingers: Box<[Option<Finger<'numbering, QueueKey>>]>,
    /// The rank of the job that is looked up in each queue.
    ranks: Vec<u64>,
}

/// Stands for a rank that was not looked up so far.
const UNKNOWN: u64 = u64::MAX;

impl Numbering {
    pub(super) fn new<'queue>(
        matching: Arc<Matching>,
        tag_sets: &TagSetRegistry,
        pending: impl Iterator<Item = (&'queue QueueId, &'queue RankedSet<QueueKey>)>,
    ) -> Self {
        let mut queues_of_group = vec![Vec::new(); matching.groups()];
        let mut fitting = Vec::new();
        let mut queues = Vec::new();
        for (number, (id, keys)) in pending.enumerate() {
            let found = matching.fitting(tag_sets, *id);
            for group in &found.groups {
                queues_of_group[*group].push(number);
            }
            fitting.push(found);
            queues.push(Queue { id: *id, keys: keys.clone(), lanes: Box::default() });
        }
        let mut lanes = Vec::new();
        let mut lane_of = BTreeMap::new();
        let mut lane_of_group = Vec::with_capacity(queues_of_group.len());
        for served in queues_of_group {
            let lane = *lane_of.entry(served).or_insert_with_key(|served| {
                let size = served.iter().map(|queue: &usize| queues[*queue].keys.len() as u64).sum();
                lanes.push(Lane { queues: served.as_slice().into(), size });
                lanes.len() - 1
            });
            lane_of_group.push(lane);
        }
        for (queue, fitting) in queues.iter_mut().zip(fitting) {
            queue.lanes = distinct_lanes(&fitting.groups, &lane_of_group);
        }
        Self { matching, queues: queues.into(), lanes: lanes.into(), lane_of_group: lane_of_group.into() }
    }

    /// Whether the answers follow from just that matching.
    pub(super) fn is_based_on(&self, matching: &Arc<Matching>) -> bool {
        Arc::ptr_eq(&self.matching, matching)
    }

    /// Whether the answers are true at `now`.
    pub fn covers(&self, now: Timestamp) -> bool {
        self.matching.covers(now)
    }

    /// The last point in time that the answers are true at: then the first live worker goes stale, if it is not seen again.
    pub fn until(&self) -> Timestamp {
        self.matching.until()
    }

    /// Looks up the numbers of one job after the other.
    pub fn cursor(&self) -> NumberingCursor<'_> {
        let queues = self.queues.len();
        let fingers = std::iter::repeat_with(|| None).take(queues).collect();
        NumberingCursor { numbering: self, fingers, ranks: vec![UNKNOWN; queues] }
    }

    /// The live workers that fit the jobs of `queue`, pending or not: the oldest registration first, then by id.
    pub fn available_workers(&self, tag_sets: &TagSetRegistry, queue: QueueId) -> Arc<[Uuid]> {
        Arc::clone(&self.matching.fitting(tag_sets, queue).workers)
    }
}

impl NumberingCursor<'_> {
    /// The numbers of the pending job `key` of the queue `queue`.
    ///
    /// Each live worker that fits the job ranks it among all pending jobs that it fits; the smallest rank counts, and with
    /// it the size of that worker's queue, of the largest where several tie. Where no live worker fits, the job is ranked
    /// within its own queue. A job that the index does not hold gets the numbers that it would have if it did.
    pub fn numbers(&mut self, tag_sets: &TagSetRegistry, queue: QueueId, key: &QueueKey) -> QueueNumbers {
        self.ranks.fill(UNKNOWN);
        let numbering = self.numbering;
        match numbering.queues.binary_search_by_key(&queue, |queue| queue.id) {
            Ok(own) => {
                let own_queue = &numbering.queues[own];
                let (rank, is_held) = own_queue.keys.rank(&mut self.fingers[own], key);
                let missing = u64::from(!is_held);
                self.ranks[own] = rank as u64;
                self.best(&own_queue.lanes, key, missing)
                    .unwrap_or(QueueNumbers { position: rank as u64 + 1, size: own_queue.keys.len() as u64 + missing })
            }
            Err(_) => {
                let fitting = numbering.matching.fitting(tag_sets, queue);
                let lanes = distinct_lanes(&fitting.groups, &numbering.lane_of_group);
                self.best(&lanes, key, 1).unwrap_or(QueueNumbers { position: 1, size: 1 })
            }
        }
    }

    /// The best numbers that any of the lanes gives; `None` without a lane. `missing` is 1 when the index does not hold
    /// the job. Each queue is searched once, however many lanes share it.
    fn best(&mut self, lanes: &[usize], key: &QueueKey, missing: u64) -> Option<QueueNumbers> {
        let numbers = lanes.iter().map(|lane| {
            let lane = &self.numbering.lanes[*lane];
            let mut before = 0;
            for &queue in &lane.queues {
                if self.ranks[queue] == UNKNOWN {
                    let (rank, _) = self.numbering.queues[queue].keys.rank(&mut self.fingers[queue], key);
                    self.ranks[queue] = rank as u64;
                }
                before += self.ranks[queue];
            }
            QueueNumbers { position: before + 1, size: lane.size + missing }
        });
        numbers.min_by_key(|numbers| (numbers.position, Reverse(numbers.size)))
    }
}

fn distinct_lanes(groups: &[usize], lane_of_group: &[usize]) -> Box<[usize]> {
    let mut lanes: Vec<usize> = groups.iter().map(|group| lane_of_group[*group]).collect();
    lanes.sort_unstable();
    lanes.dedup();
    lanes.into()
}
