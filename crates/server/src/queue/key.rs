//! What a pending job is sorted by, and which queue it stands in.

use orgd_api_types::Timestamp;
use uuid::{Uuid, uuid};

use crate::tags::TagSetId;

/// The user in whose name workspaces are built ahead of time. Its jobs wait behind those of people.
pub const PREBUILDS_USER: Uuid = uuid!("c42fdf75-3097-471c-8c33-fb52454d81c0");

/// The program that a job needs, and that a worker runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProvisionerType {
    /// Answers what it was told to; for tests.
    Echo,
    /// Terraform.
    Terraform,
}

impl ProvisionerType {
    /// Every type, in the order of their codes.
    pub const ALL: [Self; 2] = [Self::Echo, Self::Terraform];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Terraform => "terraform",
        }
    }

    /// The type of that name on the wire, if there is one.
    pub fn from_wire(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provisioner| provisioner.as_str() == name)
    }

    /// The number in the database. It never changes its meaning.
    pub const fn code(self) -> i16 {
        match self {
            Self::Echo => 0,
            Self::Terraform => 1,
        }
    }

    /// The type of that number in the database, if there is one.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|provisioner| provisioner.code() == code)
    }
}

/// Who waits first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriorityClass {
    /// Jobs that a person started.
    People,
    /// Jobs that the prebuilds user started.
    Prebuild,
}

impl PriorityClass {
    /// Every class, in queue order.
    pub const ALL: [Self; 2] = [Self::People, Self::Prebuild];

    /// The class of the jobs of this initiator.
    pub fn of_initiator(initiator: Uuid) -> Self {
        if initiator == PREBUILDS_USER { Self::Prebuild } else { Self::People }
    }
}

/// The place of a job in the queue order: by class, then by time of creation, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueKey {
    /// People before prebuilds.
    pub class: PriorityClass,
    /// Older before newer.
    pub created_at: Timestamp,
    /// The job; decides between jobs of the same microsecond.
    pub id: Uuid,
}

/// Names one queue of an organization: the pending jobs of one provisioner type with exactly the same tags. They are
/// runnable by exactly the same workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId {
    /// What the jobs need.
    pub provisioner: ProvisionerType,
    /// The tags of the jobs.
    pub tag_set: TagSetId,
}

#[cfg(test)]
mod tests {
    use super::{PREBUILDS_USER, PriorityClass, ProvisionerType, QueueKey};
    use orgd_api_types::Timestamp;
    use uuid::Uuid;

    #[test]
    fn names_and_codes_read_back() {
        for provisioner in ProvisionerType::ALL {
            assert_eq!(ProvisionerType::from_wire(provisioner.as_str()), Some(provisioner));
            assert_eq!(ProvisionerType::from_code(provisioner.code()), Some(provisioner));
        }
        assert_eq!(ProvisionerType::from_wire("Terraform"), None);
        assert_eq!(ProvisionerType::from_code(2), None);
    }

    #[test]
    fn class_then_time_then_id() {
        let key = |initiator, micros, id| QueueKey {
            class: PriorityClass::of_initiator(initiator),
            created_at: Timestamp::from_micros(micros),
            id: Uuid::from_u128(id),
        };
        let person = Uuid::from_u128(9);
        let mut keys = [key(PREBUILDS_USER, 1, 1), key(person, 3, 1), key(person, 2, 5), key(person, 2, 4)];
        keys.sort();
        assert_eq!(keys, [key(person, 2, 4), key(person, 2, 5), key(person, 3, 1), key(PREBUILDS_USER, 1, 1)]);
    }

    #[test]
    fn a_key_takes_32_bytes() {
        assert_eq!(size_of::<QueueKey>(), 32);
    }
}
