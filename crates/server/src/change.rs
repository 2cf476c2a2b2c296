//! What a committed write changed, as data: the writer hands it to whoever keeps a copy in memory.

use std::sync::Arc;

use orgd_api_types::Organization;
use uuid::Uuid;

/// One change that a committed transaction made.
#[derive(Debug, Clone)]
pub enum Change {
    /// An organization was created or changed; this is its new state.
    OrganizationSaved(Arc<Organization>),
    /// An organization was deleted.
    OrganizationDeleted(Uuid),
    /// A user became a member of an organization, without a role.
    MemberAdded {
        /// The user.
        user: Uuid,
        /// The organization.
        organization: Uuid,
    },
    /// A user, their roles, their status or their memberships changed.
    UserChanged(Uuid),
    /// A session token was revoked or changed. Holds its id, the part before the hyphen.
    SessionTokenChanged(String),
}

/// Keeps copies in memory in step with the database. All of it runs on the writer thread, so no write happens meanwhile.
pub trait Publisher: Send {
    /// Reads what the server does not wait for before it listens. False when that failed and must be tried again.
    fn start(&mut self) -> bool;

    /// Takes over what one committed transaction changed, in its order. Called after the commit and before anybody is told
    /// that it is done.
    fn publish(&mut self, changes: Vec<Change>);

    /// Reads everything again, because another process wrote to the database. False when that failed and must be tried again.
    fn reload(&mut self) -> bool;
}

/// For a process that keeps no copies, such as a command on the command line.
pub struct NoCopies;

impl Publisher for NoCopies {
    fn start(&mut self) -> bool {
        true
    }

    fn publish(&mut self, _: Vec<Change>) {}

    fn reload(&mut self) -> bool {
        true
    }
}
