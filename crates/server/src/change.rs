//! What a committed write changed, as data: handed to whoever keeps a copy in memory.

use std::sync::Arc;

use orgd_api_types::{Organization, Timestamp};
use uuid::Uuid;

use crate::audit::Fact;
use crate::auth::roles::{OrganizationRole, RoleSet};
use crate::db::load::QueueContents;
use crate::db::workers::WorkerRecord;
use crate::queue::{QueueId, QueueKey};
use crate::tags::{TagSet, TagSetId};

/// One change that a committed transaction made.
#[derive(Debug)]
pub enum Change {
    /// An organization was created or changed; this is its new state.
    OrganizationSaved(Arc<Organization>),
    /// An organization was deleted.
    OrganizationDeleted(Uuid),
    /// A user became a member of an organization, or has other roles in it.
    MemberSaved {
        /// The user.
        user: Uuid,
        /// The organization.
        organization: Uuid,
        /// All roles of the user in it.
        roles: RoleSet<OrganizationRole>,
    },
    /// A user, their roles, their status or their memberships changed.
    UserChanged(Uuid),
    /// A session token was revoked or changed. Holds its id, the part before the hyphen.
    SessionTokenChanged(String),
    /// A tag set was stored that is not known yet, or may be known.
    TagSetStored(TagSetId, Arc<TagSet>),
    /// A provisioner job was queued, or is not pending any more.
    JobSaved(JobPlace),
    /// Lines were added to the log of this provisioner job.
    JobLogged(Uuid),
    /// A worker registered, or registered again; this is its new state.
    WorkerSaved(WorkerRecord),
    /// These workers were seen at this time.
    WorkersSeen(Vec<WorkerSight>, Timestamp),
    /// A worker that was not seen for long was forgotten.
    WorkerForgotten(WorkerSight),
    /// A provisioner key was deleted; holds its id.
    ProvisionerKeyDeleted(Uuid),
    /// What the audit log says of it; nothing that is kept in memory.
    Audited(Box<Fact>),
    /// Any user, session token or provisioner key may have changed.
    IdentitiesChanged,
    /// The organizations were read anew: these are all that are not deleted.
    OrganizationsRead(Vec<Organization>),
    /// Tag sets, workers and pending jobs were read anew.
    QueueRead(Box<QueueContents>),
}

/// Which worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkerSight {
    /// The organization whose jobs it takes.
    pub organization: Uuid,
    /// The worker.
    pub worker: Uuid,
}

/// Where a provisioner job stands, or stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobPlace {
    /// Whose queue.
    pub organization: Uuid,
    /// Which of its queues.
    pub queue: QueueId,
    /// Its place there.
    pub key: QueueKey,
    /// Whether it waits for a worker.
    pub is_pending: bool,
}

/// Keeps copies in memory in step with the database. One thread at a time calls it, in the order in which changes were committed.
pub trait Publisher: Send {
    /// Takes over what was committed.
    fn publish(&mut self, changes: Vec<Change>);
}
