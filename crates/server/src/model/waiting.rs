//! Workers that wait for a job.
//!
//! A job that comes wakes the one worker that has waited longest among those that can take it. A worker that was woken and goes
//! away without having looked, because its connection is gone, hands the turn on, so that no job waits while a worker does.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::queue::{ProvisionerSet, ProvisionerType};
use crate::tags::{TagSet, fits};

/// The workers that wait, by organization.
#[derive(Default)]
pub struct Waiting {
    lines: Arc<Mutex<HashMap<Uuid, Line>>>,
}

/// What a job needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The tags of the job.
    pub tags: Arc<TagSet>,
    /// The program that it needs.
    pub provisioner: ProvisionerType,
}

/// What a worker can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// Its tags.
    pub tags: Arc<TagSet>,
    /// The programs that it runs.
    pub provisioners: ProvisionerSet,
}

/// One organization's workers in the order in which they came.
#[derive(Default)]
struct Line {
    next: u64,
    places: BTreeMap<u64, Place>,
}

struct Place {
    offered: Offered,
    /// Taken when it is woken.
    bell: Option<oneshot::Sender<Woken>>,
}

/// Why a worker was woken.
#[derive(Debug, Clone)]
enum Woken {
    /// This job came.
    By(Wanted),
    /// Everything was read anew.
    Generally,
}

/// A place in the line. Dropped, it is free.
pub struct Ticket {
    lines: Arc<Mutex<HashMap<Uuid, Line>>>,
    organization: Uuid,
    number: u64,
    bell: oneshot::Receiver<Woken>,
    /// What it was woken for and has not looked at.
    owed: Option<Wanted>,
}

impl Wanted {
    fn suits(&self, offered: &Offered) -> bool {
        offered.provisioners.contains(self.provisioner) && fits(&self.tags, &offered.tags)
    }
}

impl Waiting {
    /// Takes the last place in the organization's line. Look for a job after this, not before: what comes in between wakes.
    pub fn enter(&self, organization: Uuid, offered: Offered) -> Ticket {
        let (ring, bell) = oneshot::channel();
        let mut lines = self.lines.lock();
        let line = lines.entry(organization).or_default();
        let number = line.next;
        line.next += 1;
        line.places.insert(number, Place { offered, bell: Some(ring) });
        Ticket { lines: Arc::clone(&self.lines), organization, number, bell, owed: None }
    }

    /// Wakes the first worker in the line that can take such a job and is not awake.
    pub fn wake_one(&self, organization: Uuid, wanted: &Wanted) {
        wake_one(&self.lines, organization, wanted);
    }

    /// Wakes everybody.
    pub fn wake_all(&self) {
        let mut lines = self.lines.lock();
        for place in lines.values_mut().flat_map(|line| line.places.values_mut()) {
            // Whoever does not listen any more is about to go.
            let _ = place.bell.take().map(|bell| bell.send(Woken::Generally));
        }
    }

    /// How many workers wait.
    pub fn len(&self) -> usize {
        self.lines.lock().values().map(|line| line.places.len()).sum()
    }

    /// True when no worker waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn wake_one(lines: &Mutex<HashMap<Uuid, Line>>, organization: Uuid, wanted: &Wanted) {
    let mut lines = lines.lock();
    let Some(line) = lines.get_mut(&organization) else { return };
    let suitable = line.places.values_mut().filter(|place| wanted.suits(&place.offered));
    for place in suitable {
        let Some(bell) = place.bell.take() else { continue };
        if bell.send(Woken::By(wanted.clone())).is_ok() {
            return;
        }
    }
}

impl Ticket {
    /// Waits to be woken. Afterwards look for a job, and call [`Ticket::looked`].
    pub async fn woken(&mut self) {
        if self.owed.is_none()
            && let Ok(Woken::By(wanted)) = (&mut self.bell).await
        {
            self.owed = Some(wanted);
        }
    }

    /// There was nothing, or another was faster: waits again, in the same place of the line. To be called before the look, so
    /// that what comes meanwhile wakes again.
    pub fn again(&mut self) {
        let (ring, bell) = oneshot::channel();
        let mut lines = self.lines.lock();
        if let Some(place) = lines.get_mut(&self.organization).and_then(|line| line.places.get_mut(&self.number)) {
            self.bell = bell;
            place.bell = Some(ring);
        }
    }

    /// The worker has looked for what it was woken for.
    pub fn looked(&mut self) {
        self.owed = None;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        {
            let mut lines = self.lines.lock();
            if let Some(line) = lines.get_mut(&self.organization) {
                line.places.remove(&self.number);
                if line.places.is_empty() {
                    lines.remove(&self.organization);
                }
            }
        }
        // Woken twice at most: once before it looked, and once while it did.
        let rung = self.bell.try_recv().ok().and_then(|woken| match woken {
            Woken::By(wanted) => Some(wanted),
            Woken::Generally => None,
        });
        for wanted in self.owed.take().into_iter().chain(rung) {
            wake_one(&self.lines, self.organization, &wanted);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;
    use uuid::Uuid;

    use super::{Offered, Ticket, Waiting, Wanted};
    use crate::queue::ProvisionerType::{self, Echo, Terraform};
    use crate::tags::TagSet;

    const HERE: Uuid = Uuid::from_u128(1);

    fn tags(pairs: &[(&str, &str)]) -> Arc<TagSet> {
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Arc::new(TagSet::normalise(pairs, None))
    }

    fn offered(pairs: &[(&str, &str)], provisioner: ProvisionerType) -> Offered {
        Offered { tags: tags(pairs), provisioners: [provisioner].into_iter().collect() }
    }

    fn wanted(pairs: &[(&str, &str)]) -> Wanted {
        Wanted { tags: tags(pairs), provisioner: Echo }
    }

    fn is_awake(ticket: &mut Ticket) -> bool {
        ticket.woken().now_or_never().is_some()
    }

    #[test]
    fn the_first_that_can_take_it_is_woken_and_nobody_else() {
        let waiting = Waiting::default();
        let mut unfit = waiting.enter(HERE, offered(&[], Echo));
        let mut other = waiting.enter(HERE, offered(&[("gpu", "yes")], Terraform));
        let mut elsewhere = waiting.enter(Uuid::from_u128(2), offered(&[("gpu", "yes")], Echo));
        let mut first = waiting.enter(HERE, offered(&[("gpu", "yes"), ("disk", "fast")], Echo));
        let mut second = waiting.enter(HERE, offered(&[("gpu", "yes")], Echo));
        waiting.wake_one(HERE, &wanted(&[("gpu", "yes")]));
        assert!(is_awake(&mut first));
        for ticket in [&mut unfit, &mut other, &mut elsewhere, &mut second] {
            assert!(!is_awake(ticket));
        }
        waiting.wake_one(HERE, &wanted(&[("gpu", "yes")]));
        assert!(is_awake(&mut second));
        assert_eq!(waiting.len(), 5);
    }

    #[test]
    fn a_turn_that_was_not_used_is_handed_on() {
        let waiting = Waiting::default();
        let mut gone = waiting.enter(HERE, offered(&[], Echo));
        let dropped = waiting.enter(HERE, offered(&[], Echo));
        let mut last = waiting.enter(HERE, offered(&[], Echo));
        waiting.wake_one(HERE, &wanted(&[]));
        waiting.wake_one(HERE, &wanted(&[]));
        assert!(is_awake(&mut gone));
        // One has seen that it was woken, the other has not.
        drop(gone);
        assert!(is_awake(&mut last));
        last.looked();
        last.again();
        assert!(!is_awake(&mut last));
        drop(dropped);
        assert!(is_awake(&mut last));
    }

    #[test]
    fn whoever_finds_nothing_keeps_the_place() {
        let waiting = Waiting::default();
        let mut first = waiting.enter(HERE, offered(&[], Echo));
        let mut second = waiting.enter(HERE, offered(&[], Echo));
        waiting.wake_one(HERE, &wanted(&[]));
        assert!(is_awake(&mut first));
        first.again();
        first.looked();
        waiting.wake_one(HERE, &wanted(&[]));
        assert!(is_awake(&mut first) && !is_awake(&mut second));
        first.looked();
        drop(first);
        assert!(!is_awake(&mut second));
        waiting.wake_all();
        assert!(is_awake(&mut second));
    }
}
