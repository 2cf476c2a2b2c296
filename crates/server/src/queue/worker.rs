//! Workers as the queue sees them: what they can run, and whether they are alive.

use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::ProvisionerType;
use crate::tags::TagSetId;

/// How long a worker counts as alive after it was last seen, in microseconds. Workers report every 60 s.
pub const LIVE_FOR_MICROS: i64 = 90_000_000;

/// The provisioner types that a worker runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProvisionerSet(u8);

impl ProvisionerSet {
    /// Whether the worker runs jobs of this type.
    pub const fn contains(self, provisioner: ProvisionerType) -> bool {
        self.0 & bit(provisioner) != 0
    }

    /// The types, in the order of their codes.
    pub fn iter(self) -> impl Iterator<Item = ProvisionerType> {
        ProvisionerType::ALL.into_iter().filter(move |provisioner| self.contains(*provisioner))
    }
}

impl FromIterator<ProvisionerType> for ProvisionerSet {
    fn from_iter<I: IntoIterator<Item = ProvisionerType>>(provisioners: I) -> Self {
        Self(provisioners.into_iter().fold(0, |bits, provisioner| bits | bit(provisioner)))
    }
}

const fn bit(provisioner: ProvisionerType) -> u8 {
    1 << provisioner.code()
}

/// A worker (the API calls it a provisioner daemon) of one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Stays the same when a worker of the same name registers again.
    pub id: Uuid,
    /// The provisioner key with which it registered.
    pub key: Option<Uuid>,
    /// As shown beside the jobs that it took.
    pub name: String,
    /// What it runs.
    pub provisioners: ProvisionerSet,
    /// Its tags.
    pub tags: TagSetId,
    /// When it registered first.
    pub created_at: Timestamp,
    /// When it last reported, if ever. May lie in the future when the clock was set back.
    pub last_seen_at: Option<Timestamp>,
}

impl Worker {
    /// Whether the worker was seen within the last 90 s. One that was seen in the future is alive, too.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.live_until() >= now.micros()
    }

    /// The last microsecond at which the worker is alive, unless it is seen again.
    pub(super) fn live_until(&self) -> i64 {
        self.last_seen_at.map_or(i64::MIN, |seen| seen.micros() + LIVE_FOR_MICROS)
    }
}

#[cfg(test)]
mod tests {
    use super::{ProvisionerSet, Worker};
    use crate::queue::ProvisionerType::{self, Echo, Terraform};
    use crate::tags::TagSetId;
    use orgd_api_types::Timestamp;
    use uuid::Uuid;

    #[test]
    fn a_set_holds_what_was_put_in() {
        for set in [vec![], vec![Echo], vec![Terraform], vec![Echo, Terraform]] {
            let read_back: Vec<ProvisionerType> = set.iter().copied().collect::<ProvisionerSet>().iter().collect();
            assert_eq!(read_back, set);
        }
    }

    #[test]
    fn alive_for_90_seconds_after_it_was_seen() {
        let mut worker = Worker {
            id: Uuid::nil(),
            key: None,
            name: "w".to_owned(),
            provisioners: [Echo].into_iter().collect(),
            tags: TagSetId(1),
            created_at: Timestamp::from_micros(0),
            last_seen_at: Some(Timestamp::from_micros(5)),
        };
        let live_at = |worker: &Worker, micros| worker.is_live(Timestamp::from_micros(micros));
        assert!(live_at(&worker, 5));
        assert!(live_at(&worker, 90_000_005));
        assert!(!live_at(&worker, 90_000_006));
        assert!(live_at(&worker, -1_000_000_000));
        worker.last_seen_at = None;
        assert!(!live_at(&worker, i64::MIN));
    }
}
