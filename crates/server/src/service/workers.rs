//! The rules of workers: how they register, and how they are known to be alive.

pub mod acquire;
pub mod presence;
pub mod report;

use std::sync::Arc;

use orgd_api_types::{Provisioner, ProvisionerDaemon, RegisterProvisionerDaemonRequest, ValidationError};
use uuid::Uuid;

use super::Services;
use super::error::{ServiceError, check};
use crate::auth::authenticate::Caller;
use crate::db::provisioner_keys::ProvisionerKeyRecord;
use crate::db::workers::{NewWorker, Registration};
use crate::model::jobs::Jobs;
use crate::queue::{ProvisionerType, Worker};
use crate::tags::TagSet;
use crate::wire::query::WorkerListQuery;

/// The order in which failing fields are reported.
const FIELDS: &[&str] = &["name", "provisioners", "tags", "version", "api_version"];

/// Who speaks for a worker.
#[derive(Debug, Clone)]
pub enum WorkerCaller {
    /// Whoever has the key.
    Key(Arc<ProvisionerKeyRecord>),
    /// A user who may do the work of every worker of the organization.
    User(Caller),
}

/// A worker, and whoever speaks for it.
#[derive(Debug, Clone)]
pub struct KnownWorker {
    /// The organization whose jobs it takes.
    pub organization: Uuid,
    /// The worker.
    pub worker: Arc<Worker>,
    /// The id of the request that they came with, for the log; nil outside of one.
    pub request: Uuid,
}

/// A worker that registered.
#[derive(Debug)]
pub struct RegisteredWorker {
    /// The worker as it is listed.
    pub daemon: ProvisionerDaemon,
    /// True when it was not known.
    pub is_new: bool,
}

impl Services {
    /// Registers a worker of the organization, or makes it known again.
    pub async fn register_provisioner_daemon(
        &self,
        caller: &WorkerCaller,
        organization: Uuid,
        request: RegisterProvisionerDaemonRequest,
    ) -> Result<RegisteredWorker, ServiceError> {
        check(&request, FIELDS)?;
        let RegisterProvisionerDaemonRequest { name, provisioners, tags, version, api_version } = request;
        let given = tags.unwrap_or_default();
        let (key, tags) = match caller {
            WorkerCaller::Key(_) if !given.is_empty() => {
                let rule =
                    "must be absent: the tags of a worker that registers with a provisioner key are those of the key";
                return Err(ServiceError::Validation(vec![ValidationError::new("tags", rule)]));
            }
            WorkerCaller::Key(key) => (Some(key.id), TagSet::normalise(key.tags.clone(), None)),
            WorkerCaller::User(caller) => (None, TagSet::normalise(given, Some(caller.principal.user_id))),
        };
        let new = NewWorker {
            organization,
            key,
            // Validated: they are there.
            name: name.unwrap_or_default(),
            provisioners: distinct(provisioners.unwrap_or_default()),
            tags,
            version: version.unwrap_or_default(),
            api_version: api_version.unwrap_or_default(),
            at: self.clock.now(),
        };
        let database = match caller {
            WorkerCaller::Key(_) => self.database.clone(),
            WorkerCaller::User(caller) => self.acting_for(caller),
        };
        let registered = match database.register_provisioner_daemon(new).await? {
            Registration::Done(registered) => registered,
            // Whoever deleted it did so a moment ago.
            Registration::NoOrganization | Registration::NoKey => return Err(ServiceError::NotFound),
        };
        let query = WorkerListQuery { offline: true, ..WorkerListQuery::only(registered.worker.id) };
        let found = self.get_provisioner_daemons(organization, query).await.map_err(ServiceError::after_commit)?;
        let daemon = found.into_iter().next().ok_or(ServiceError::NotFound)?;
        Ok(RegisteredWorker { daemon, is_new: registered.is_new })
    }

    /// The worker of the organization with this id, if the caller may speak for it.
    pub async fn find_worker(
        &self,
        caller: &WorkerCaller,
        organization: Uuid,
        id: Uuid,
    ) -> Result<KnownWorker, ServiceError> {
        let may_speak = |worker: &Arc<Worker>| match caller {
            WorkerCaller::Key(key) => worker.key == Some(key.id),
            WorkerCaller::User(_) => true,
        };
        let known = |jobs: &Jobs| jobs.worker(organization, id).cloned().filter(may_speak);
        let mut worker = known(&*self.current_jobs().await?);
        if worker.is_none() {
            // It may have registered with another server a moment ago.
            self.database.refresh().await?;
            worker = known(&*self.current_jobs().await?);
        }
        let worker = worker.ok_or(ServiceError::NotFound)?;
        Ok(KnownWorker { organization, worker, request: Uuid::nil() })
    }
}

fn distinct(provisioners: Vec<Provisioner>) -> Vec<ProvisionerType> {
    let wanted = |kind: &ProvisionerType| provisioners.iter().any(|given| given.as_str() == kind.as_str());
    ProvisionerType::ALL.into_iter().filter(wanted).collect()
}
