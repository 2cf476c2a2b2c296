//! A job that the worker has, until another attempt does: what can be said of it to the server, and said again.

use std::num::NonZeroU32;

use orgd_client::{CallError, Client, types};
use uuid::Uuid;

use crate::retry::until_answered;

/// Bytes that the error of a job may have.
const LONGEST_ERROR: usize = 64 * 1024;

/// A job that the worker has.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    pub(crate) client: Client,
    pub(crate) organization: String,
    pub(crate) worker: Uuid,
    pub(crate) job: Uuid,
    pub(crate) attempt: NonZeroU32,
}

/// The server takes no more reports on a job.
#[derive(Debug)]
pub(crate) enum Gone {
    /// Another attempt has it, or it was given up.
    Lost,
    /// It refuses this report, or the worker.
    Refused(CallError),
}

impl From<CallError> for Gone {
    fn from(error: CallError) -> Self {
        if error.status() == Some(409) { Self::Lost } else { Self::Refused(error) }
    }
}

impl Lease {
    /// Reports that the worker still has the job, and what the command wrote.
    pub(crate) async fn progress(
        &self,
        logs: Vec<types::OrgdProvisionerJobLogLine>,
        offset: i32,
    ) -> Result<types::OrgdProvisionerJobProgressResponse, Gone> {
        let body = types::OrgdProvisionerJobProgressRequest { attempt: self.attempt, logs, logs_offset: Some(offset) };
        let call = || async {
            let api = self.client.api();
            let sent = api.report_provisioner_job_progress(&self.organization, &self.worker, &self.job, &body).await;
            Ok(sent?.into_inner())
        };
        Ok(until_answered(call).await?)
    }

    /// Reports that the job ended well, or that it stopped because it was canceled.
    pub(crate) async fn complete(&self) -> Result<(), Gone> {
        let body = types::OrgdCompleteProvisionerJobRequest { attempt: self.attempt };
        let call = || async {
            let api = self.client.api();
            api.complete_provisioner_job(&self.organization, &self.worker, &self.job, &body).await?;
            Ok(())
        };
        Ok(until_answered(call).await?)
    }

    /// Reports that the job failed.
    pub(crate) async fn fail(&self, error: &str) -> Result<(), Gone> {
        let error = &error[..error.floor_char_boundary(LONGEST_ERROR)];
        let unfit = |error: types::error::ConversionError| Gone::Refused(CallError::Invalid(error.to_string()));
        let error = error.parse().map_err(unfit)?;
        let body = types::OrgdFailProvisionerJobRequest { attempt: self.attempt, error, error_code: None };
        let call = || async {
            let api = self.client.api();
            api.fail_provisioner_job(&self.organization, &self.worker, &self.job, &body).await?;
            Ok(())
        };
        Ok(until_answered(call).await?)
    }
}
