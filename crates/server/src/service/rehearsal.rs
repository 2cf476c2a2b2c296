//! What a test double does beside the API: it puts states in the place of everything, and does the work of workers.

use std::sync::Arc;
use std::time::Duration;

use orgd_api_types::{ProvisionerJob, Timestamp};
use uuid::Uuid;

use super::Services;
use super::error::ServiceError;
use crate::change::WorkerSight;
use crate::db::DbError;
use crate::db::jobs::cancel::CancelRequest;
use crate::db::jobs::lease::{JobEnd, Lease};
use crate::db::jobs::logs::Progress;
use crate::fixture::Contents;
use crate::queue::Worker;
use crate::wire::query::JobQuery;

impl Services {
    /// What the clock of the server shows.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How often the server looks for lost workers.
    pub fn reaper_interval(&self) -> Duration {
        self.queue.reaper_interval
    }

    /// Puts this in the place of everything; failed logins are forgiven, and whoever waits is let go.
    pub async fn replace_everything(&self, contents: Arc<Contents>) -> Result<(), DbError> {
        self.database.replace_everything(contents, self.clock.now()).await?;
        self.attempts.forget();
        self.uses.forget();
        self.dismissals.let_go();
        Ok(())
    }

    /// Notes that these workers are alive.
    pub async fn see_workers(&self, seen: Vec<WorkerSight>) -> Result<(), DbError> {
        if seen.is_empty() {
            return Ok(());
        }
        self.database.note_workers_seen(seen, self.clock.now()).await
    }

    /// A job of whatever organization, as the API shows it.
    pub async fn show_job(&self, id: Uuid) -> Result<Option<ProvisionerJob>, ServiceError> {
        let tag_sets = self.current_jobs().await?.tag_sets.clone();
        let Some(found) = self.database.find_provisioner_job(id, tag_sets).await? else { return Ok(None) };
        Ok(Some(self.get_provisioner_job(found.job.organization_id, id, JobQuery::default()).await?))
    }

    /// The workers of an organization with their names.
    pub async fn workers_of(&self, organization: Uuid) -> Result<Vec<(Uuid, Arc<str>)>, ServiceError> {
        let jobs = self.current_jobs().await?;
        let workers = jobs.workers_of(organization);
        Ok(workers.map(|worker| (worker.id, Arc::from(&*worker.name))).collect())
    }

    /// Why the workers of its organization cannot take a job that none of them can, each with its name.
    pub async fn what_is_against(&self, id: Uuid) -> Result<Vec<String>, ServiceError> {
        let jobs = self.current_jobs().await?;
        let tag_sets = jobs.tag_sets.clone();
        let Some(job) = self.database.find_provisioner_job(id, tag_sets).await? else { return Ok(Vec::new()) };
        let now = self.clock.now();
        let against = |worker: &Arc<Worker>| {
            let name = &worker.name;
            if !worker.is_live(now) {
                return format!("{name} is gone");
            }
            if !worker.provisioners.contains(job.provisioner) {
                return format!("{name} does not run {}", job.provisioner.as_str());
            }
            let (Some(wanted), Some(offered)) = (jobs.tag_sets.get(job.tag_set), jobs.tag_sets.get(worker.tags)) else {
                return format!("{name} has other tags");
            };
            if wanted.is_untagged() {
                return format!("{name} has tags, and takes no job without");
            }
            let lacks = wanted.pairs().iter().filter(|(key, value)| offered.pairs().get(*key) != Some(*value));
            let lacks: Vec<_> = lacks.map(|(key, value)| format!("{key}={value}")).collect();
            format!("{name} lacks {}", lacks.join(", "))
        };
        Ok(jobs.workers_of(job.job.organization_id).map(against).collect())
    }

    /// Gives a pending job to a worker, whatever its tags; false when it is not pending any more.
    pub async fn take_job(&self, job: Uuid, worker: Uuid, name: String) -> Result<bool, ServiceError> {
        Ok(self.database.give_job(job, worker, name, self.clock.now()).await?)
    }

    /// Who holds a job.
    pub async fn lease_of(&self, job: Uuid) -> Result<Option<Lease>, ServiceError> {
        Ok(self.database.lease_of(job).await?)
    }

    /// Puts a job back into its queue.
    pub async fn release_job(&self, lease: Lease) -> Result<bool, ServiceError> {
        Ok(self.database.release_provisioner_job(lease, self.clock.now()).await?)
    }

    /// Adds to the log of a job.
    pub async fn report(&self, progress: Progress) -> Result<(), ServiceError> {
        self.database.report_provisioner_job_progress(progress).await?;
        Ok(())
    }

    /// Ends a job; false when nobody holds it so.
    pub async fn end_job(&self, lease: Lease, end: JobEnd) -> Result<bool, ServiceError> {
        let tag_sets = self.current_jobs().await?.tag_sets.clone();
        Ok(self.database.end_provisioner_job(lease, end, tag_sets, self.clock.now()).await?.is_some())
    }

    /// Cancels a job, on nobody's behalf.
    pub async fn cancel_job(&self, organization: Uuid, job: Uuid) -> Result<(), ServiceError> {
        let request = CancelRequest { organization, job, expected: None };
        self.database.cancel_provisioner_job(request, self.clock.now()).await?;
        Ok(())
    }
}
