//! Takes what was committed over into memory.

use std::sync::Arc;

use uuid::Uuid;

use super::jobs::Jobs;
use super::waiting::Wanted;
use super::{ReadModel, Snapshot};
use crate::auth::identities::Identities;
use crate::auth::principal::Membership;
use crate::change::{Change, JobPlace, Publisher};
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
        let mut told = Told::default();
        for change in changes {
            let Some(change) = self.take_over_identity(change) else { continue };
            has_changed |= take_over(&mut next, change, &mut told);
        }
        let jobs = next.jobs.clone();
        if has_changed {
            self.model.replace(next);
        }
        // Whoever is woken must find what woke it.
        told.wake(&self.model, jobs.as_deref());
    }
}

impl ModelPublisher {
    /// Takes over who may do what; gives any other change back.
    fn take_over_identity(&self, change: Change) -> Option<Change> {
        match change {
            Change::MemberSaved { user, organization, roles } => {
                self.identities.add_membership(user, Membership { organization, roles });
            }
            Change::UserChanged(id) => self.identities.forget_user(id),
            Change::SessionTokenChanged(id) => self.identities.forget_token(&id),
            Change::ProvisionerKeyDeleted(id) => self.identities.forget_provisioner_key(id),
            Change::IdentitiesChanged => self.identities.forget_all(),
            Change::Audited(_) => {}
            Change::OrganizationDeleted(id) => {
                self.identities.forget_members_of(id);
                return Some(Change::OrganizationDeleted(id));
            }
            other => return Some(other),
        }
        None
    }
}

/// Takes over anything else; true when the next moment differs from the last.
fn take_over(next: &mut Snapshot, change: Change, told: &mut Told) -> bool {
    match change {
        Change::OrganizationSaved(organization) => next.organizations.save(organization),
        Change::OrganizationDeleted(id) => {
            next.organizations.remove(id);
            if let Some(jobs) = &mut next.jobs {
                Arc::make_mut(jobs).forget_organization(id);
            }
        }
        Change::OrganizationsRead(all) => next.organizations.replace(all),
        Change::QueueRead(contents) => {
            let version = next.jobs.as_ref().map_or(0, |jobs| jobs.version()) + 1;
            next.jobs = Some(Arc::new(Jobs::build(*contents, version)));
            told.everybody = true;
        }
        Change::JobLogged(job) => {
            told.jobs.push(job);
            return false;
        }
        other => {
            // What is not read yet will be read with it.
            let Some(jobs) = &mut next.jobs else { return false };
            take_over_work(Arc::make_mut(jobs), other, told);
        }
    }
    true
}

/// Takes over what happened to jobs and workers.
fn take_over_work(jobs: &mut Jobs, change: Change, told: &mut Told) {
    match change {
        Change::TagSetStored(id, tags) => jobs.tag_sets.insert(id, TagSet::clone(&tags)),
        Change::JobSaved(place) => {
            jobs.save_job(&place);
            told.places.push(place);
        }
        Change::WorkerSaved(worker) => jobs.save_worker(worker),
        Change::WorkersSeen(seen, at) => jobs.see_workers(&seen, at),
        Change::WorkerForgotten(sight) => jobs.forget_worker(&sight),
        // Taken over by the callers.
        Change::OrganizationSaved(_)
        | Change::OrganizationDeleted(_)
        | Change::OrganizationsRead(_)
        | Change::QueueRead(_)
        | Change::JobLogged(_)
        | Change::MemberSaved { .. }
        | Change::UserChanged(_)
        | Change::SessionTokenChanged(_)
        | Change::ProvisionerKeyDeleted(_)
        | Change::Audited(_)
        | Change::IdentitiesChanged => {}
    }
}

/// Whom a set of changes concerns that waits for something.
#[derive(Default)]
struct Told {
    jobs: Vec<Uuid>,
    places: Vec<JobPlace>,
    everybody: bool,
}

impl Told {
    fn wake(self, model: &ReadModel, jobs: Option<&Jobs>) {
        if self.everybody {
            model.waiting.wake_all();
            model.watching.wake_all();
        }
        for place in self.places {
            model.watching.wake(place.key.id);
            let tags = jobs.and_then(|jobs| jobs.tag_sets.get(place.queue.tag_set));
            if let Some(tags) = tags.filter(|_| place.is_pending) {
                model.waiting.wake_one(
                    place.organization,
                    &Wanted { tags: Arc::clone(tags), provisioner: place.queue.provisioner },
                );
            }
        }
        self.jobs.into_iter().for_each(|job| model.watching.wake(job));
    }
}
