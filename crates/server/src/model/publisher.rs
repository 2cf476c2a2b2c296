//! Takes what the writer committed over into memory. Runs on the writer thread.

use std::sync::Arc;

use super::jobs::Jobs;
use super::{ReadModel, Snapshot};
use crate::auth::identities::Identities;
use crate::auth::principal::Membership;
use crate::auth::roles::RoleSet;
use crate::change::{Change, Publisher};
use crate::db::{DbError, Readers, load};

/// Keeps the read model and the identities in step with the database.
pub struct ModelPublisher {
    model: Arc<ReadModel>,
    identities: Arc<Identities>,
    readers: Readers,
}

impl ModelPublisher {
    /// A publisher for these two, which reads what it needs through the pool.
    pub fn new(model: Arc<ReadModel>, identities: Arc<Identities>, readers: Readers) -> Self {
        Self { model, identities, readers }
    }

    /// Reads the organizations, which is all that most requests need. Called once before the server listens.
    pub fn load_organizations(&mut self) -> Result<(), DbError> {
        let organizations = load::organizations(&mut *self.readers.get()?)?;
        let mut next = Snapshot::clone(&self.model.load());
        next.organizations.replace(organizations);
        self.model.replace(next);
        Ok(())
    }

    fn load_queue(&mut self) -> Result<(), DbError> {
        let contents = load::queue(&mut *self.readers.get()?)?;
        let mut next = Snapshot::clone(&self.model.load());
        let version = next.jobs.as_ref().map_or(0, |jobs| jobs.version()) + 1;
        next.jobs = Some(Arc::new(Jobs::build(contents, version)));
        self.model.replace(next);
        Ok(())
    }

    fn load_everything(&mut self) -> Result<(), DbError> {
        // Who may do what comes first, so that a revoked token never outlives the rest.
        self.identities.forget_all();
        self.load_organizations()?;
        self.load_queue()
    }
}

impl Publisher for ModelPublisher {
    fn start(&mut self) -> bool {
        report(self.load_queue())
    }

    fn publish(&mut self, changes: Vec<Change>) {
        let mut next = Snapshot::clone(&self.model.load());
        let mut organizations_changed = false;
        for change in changes {
            match change {
                Change::OrganizationSaved(organization) => {
                    next.organizations.save(organization);
                    organizations_changed = true;
                }
                Change::OrganizationDeleted(id) => {
                    next.organizations.remove(id);
                    organizations_changed = true;
                }
                Change::MemberAdded { user, organization } => {
                    self.identities.add_membership(user, Membership { organization, roles: RoleSet::EMPTY });
                }
                Change::UserChanged(id) => self.identities.forget_user(id),
                Change::SessionTokenChanged(id) => self.identities.forget_token(&id),
            }
        }
        if organizations_changed {
            self.model.replace(next);
        }
    }

    fn reload(&mut self) -> bool {
        report(self.load_everything())
    }
}

fn report(loaded: Result<(), DbError>) -> bool {
    match loaded {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "cannot read the database into memory; trying again");
            false
        }
    }
}
