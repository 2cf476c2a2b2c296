//! Canceling provisioner jobs, by their id or by what they work on.

use orgd_api_types::{ProvisionerJobStatus, ProvisionerJobType};
use uuid::Uuid;

use super::Services;
use super::error::ServiceError;
use crate::auth::authenticate::Caller;
use crate::auth::permission::Permission;
use crate::db::jobs::cancel::{CancelRequest, Cancellation};

impl Services {
    /// Cancels a job of the organization.
    pub async fn cancel_provisioner_job(
        &self,
        caller: &Caller,
        organization: Uuid,
        job: Uuid,
    ) -> Result<(), ServiceError> {
        match self.cancel(caller, CancelRequest { organization, job, expected: None }).await? {
            Ended::Completed => Err(ServiceError::JobEnded("Job has already completed!")),
            Ended::Canceled => Err(ServiceError::JobEnded("Job has already been marked as canceled!")),
            Ended::No => Ok(()),
        }
    }

    /// Cancels the newest job of this type that works on `subject`, if the caller may and it has the status that they expect.
    pub async fn cancel_newest_job_about(
        &self,
        caller: &Caller,
        kind: ProvisionerJobType,
        subject: Uuid,
        expected: Option<ProvisionerJobStatus>,
    ) -> Result<(), ServiceError> {
        let found = self.database.find_newest_job_about(subject, kind).await?;
        let (job, organization) = found.ok_or(ServiceError::NotFound)?;
        self.require_to_cancel(caller, organization)?;
        match self.cancel(caller, CancelRequest { organization, job, expected }).await? {
            Ended::Completed => Err(ServiceError::CancelRefused("Job has already completed!")),
            Ended::Canceled => Err(ServiceError::CancelRefused("Job has already been marked as canceled!")),
            Ended::No => Ok(()),
        }
    }

    /// Cancels a job that runs this template version dry, if the caller may.
    pub async fn cancel_dry_run(&self, caller: &Caller, version: Uuid, job: Uuid) -> Result<(), ServiceError> {
        let tag_sets = self.current_jobs().await?.tag_sets.clone();
        let found = self.database.find_provisioner_job(job, tag_sets).await?;
        let is_dry_run = |kind| kind == ProvisionerJobType::TemplateVersionDryRun;
        let found = found.filter(|found| is_dry_run(found.job.kind) && found.subject() == Some(version));
        let organization = found.ok_or(ServiceError::NotFound)?.job.organization_id;
        self.require_to_cancel(caller, organization)?;
        match self.cancel(caller, CancelRequest { organization, job, expected: None }).await? {
            Ended::Completed => Err(ServiceError::CancelRefused("Job has already completed.")),
            Ended::Canceled => Err(ServiceError::CancelRefused("Job has already been marked as canceled.")),
            Ended::No => Ok(()),
        }
    }

    /// A job of an organization that is gone, or that the caller may not cancel jobs of, does not exist for them.
    fn require_to_cancel(&self, caller: &Caller, organization: Uuid) -> Result<(), ServiceError> {
        let is_live = self.model.load().organizations.by_id(organization).is_some();
        let may = is_live && caller.may(Permission::CancelProvisionerJobs, Some(organization));
        if may { Ok(()) } else { Err(ServiceError::NotFound) }
    }

    async fn cancel(&self, caller: &Caller, request: CancelRequest) -> Result<Ended, ServiceError> {
        match self.acting_for(caller).cancel_provisioner_job(request, self.clock.now()).await? {
            Cancellation::Done => Ok(Ended::No),
            Cancellation::NotFound => Err(ServiceError::NotFound),
            Cancellation::Completed => Ok(Ended::Completed),
            Cancellation::Canceled => Ok(Ended::Canceled),
            Cancellation::Unexpected => Err(ServiceError::UnexpectedStatus),
        }
    }
}

/// Whether a job had ended before it could be canceled.
enum Ended {
    Completed,
    Canceled,
    No,
}
