//! Takes what was committed over into memory.

use std::sync::Arc;

use super::jobs::Jobs;
use super::{ReadModel, Snapshot};
use crate::auth::identities::Identities;
use crate::auth::principal::Membership;
use crate::change::{Change, Publisher};
use crate::tags::TagSet;

/// Keeps the read model and the identities in step with the database.
pub struct ModelPublisher {
    model: Arc<ReadModel>,
    identities: Arc<Identities>,
}

impl ModelPublisher {
    /// A publisher for these two.
    pub fn new(model: Arc<ReadModel>, identities: Arc<Identities>) -> Self {
        Self { model, identities }
    }
}

impl Publisher for ModelPublisher {
    fn publish(&mut self, changes: Vec<Change>) {
        let mut next = Snapshot::clone(&self.model.load());
        let mut has_changed = false;
        for change in changes {
            match change {
                Change::MemberSaved { user, organization, roles } => {
                    self.identities.add_membership(user, Membership { organization, roles });
                    continue;
                }
                Change::UserChanged(id) => {
                    self.identities.forget_user(id);
                    continue;
                }
                Change::SessionTokenChanged(id) => {
                    self.identities.forget_token(&id);
                    continue;
                }
                Change::IdentitiesChanged => {
                    self.identities.forget_all();
                    continue;
                }
                Change::OrganizationSaved(organization) => next.organizations.save(organization),
                Change::OrganizationDeleted(id) => next.organizations.remove(id),
                Change::OrganizationsRead(all) => next.organizations.replace(all),
                Change::TagSetStored(id, tags) => {
                    // What is not read yet will be read with it.
                    let Some(jobs) = &mut next.jobs else { continue };
                    Arc::make_mut(jobs).tag_sets.insert(id, TagSet::clone(&tags));
                }
                Change::JobSaved(place) => {
                    let Some(jobs) = &mut next.jobs else { continue };
                    Arc::make_mut(jobs).save_job(&place);
                }
                Change::QueueRead(contents) => {
                    let version = next.jobs.as_ref().map_or(0, |jobs| jobs.version()) + 1;
                    next.jobs = Some(Arc::new(Jobs::build(*contents, version)));
                }
            }
            has_changed = true;
        }
        if has_changed {
            self.model.replace(next);
        }
    }
}
