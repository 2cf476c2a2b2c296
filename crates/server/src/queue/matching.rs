//! Which live workers fit which jobs: what depends on the workers and the time only, whatever is pending.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::{ProvisionerSet, ProvisionerType, QueueId, Worker};
use crate::tags::{TagSet, TagSetId, TagSetRegistry, fits};

/// The live workers of one organization in groups of equal abilities, and what was found out about them.
///
/// True for the times after `after` up to and with `until`: no worker comes to life or goes stale between them.
#[derive(Debug)]
pub(super) struct Matching {
    after: i64,
    until: i64,
    groups: Box<[Group]>,
    /// Filled as jobs are asked about. Small: one entry per distinct tag set and provisioner type.
    fitting: ArcSwap<imbl::HashMap<QueueId, Arc<Fitting>>>,
}

/// Live workers with equal tags that run the same provisioner types: they fit the same jobs, so they see one queue.
#[derive(Debug)]
struct Group {
    tags: TagSetId,
    provisioners: ProvisionerSet,
    /// When each registered, and its id.
    workers: Vec<(Timestamp, Uuid)>,
}

/// Who fits the jobs of one queue.
#[derive(Debug, Default)]
pub(super) struct Fitting {
    /// Numbers of the groups, ascending.
    pub(super) groups: Box<[usize]>,
    /// The workers of these groups, the oldest registration first, then by id.
    pub(super) workers: Arc<[Uuid]>,
}

/// What a worker is throughout the time that a matching is true for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// Absent or stale.
    None,
    /// A live member of the group with these abilities.
    Member(TagSetId, ProvisionerSet, Timestamp),
    /// Comes to life or goes stale in between.
    Changes,
}

impl Matching {
    /// Groups the workers that are alive at `now`.
    pub(super) fn at<'worker>(now: Timestamp, workers: impl Iterator<Item = &'worker Worker>) -> Self {
        let (mut after, mut until) = (i64::MIN, i64::MAX);
        let mut groups: BTreeMap<(TagSetId, ProvisionerSet), Vec<(Timestamp, Uuid)>> = BTreeMap::new();
        for worker in workers {
            if worker.is_live(now) {
                until = until.min(worker.live_until());
                groups.entry((worker.tags, worker.provisioners)).or_default().push((worker.created_at, worker.id));
            } else {
                after = after.max(worker.live_until());
            }
        }
        let groups = groups.into_iter().map(|((tags, provisioners), workers)| Group { tags, provisioners, workers });
        Self { after, until, groups: groups.collect(), fitting: ArcSwap::default() }
    }

    /// Whether it is true at `now`.
    pub(super) fn covers(&self, now: Timestamp) -> bool {
        self.after < now.micros() && now.micros() <= self.until
    }

    /// The last point in time that it is true at.
    pub(super) fn until(&self) -> Timestamp {
        Timestamp::from_micros(self.until)
    }

    /// How many groups there are.
    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Whether it stays true when the worker `old` turns into `new`; `None` is a worker that is not there.
    pub(super) fn survives(&self, old: Option<&Worker>, new: Option<&Worker>) -> bool {
        let old = self.part_of(old);
        old != Part::Changes && old == self.part_of(new)
    }

    fn part_of(&self, worker: Option<&Worker>) -> Part {
        match worker {
            Some(worker) if worker.live_until() >= self.until => {
                Part::Member(worker.tags, worker.provisioners, worker.created_at)
            }
            Some(worker) if worker.live_until() > self.after => Part::Changes,
            Some(_) | None => Part::None,
        }
    }

    /// Who fits the jobs of `queue`. A tag set that the registry does not know yet fits nothing so far.
    pub(super) fn fitting(&self, tag_sets: &TagSetRegistry, queue: QueueId) -> Arc<Fitting> {
        if let Some(known) = self.fitting.load().get(&queue) {
            return Arc::clone(known);
        }
        let Some(job) = tag_sets.get(queue.tag_set) else {
            // Not kept: a later state may know the tag set and shares this matching.
            return Arc::default();
        };
        let fitting = Arc::new(self.find_fitting(tag_sets, job, queue.provisioner));
        self.fitting.rcu(|known| known.update(queue, Arc::clone(&fitting)));
        fitting
    }

    fn find_fitting(&self, tag_sets: &TagSetRegistry, job: &TagSet, provisioner: ProvisionerType) -> Fitting {
        let (mut groups, mut workers) = (Vec::new(), Vec::new());
        for (number, group) in self.groups.iter().enumerate() {
            let runs_it = group.provisioners.contains(provisioner);
            if runs_it && tag_sets.get(group.tags).is_some_and(|tags| fits(job, tags)) {
                groups.push(number);
                workers.extend_from_slice(&group.workers);
            }
        }
        workers.sort_unstable();
        Fitting { groups: groups.into(), workers: workers.into_iter().map(|(_, id)| id).collect() }
    }
}
