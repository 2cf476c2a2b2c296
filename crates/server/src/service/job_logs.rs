//! Reading the log of a provisioner job, and following it.

use std::sync::Arc;
use std::time::Duration;

use orgd_api_types::{ProvisionerJobLog, ProvisionerJobStatus};
use tokio::sync::Notify;
use tokio::time::sleep;
use uuid::Uuid;

use super::Services;
use super::dismissal::Dismissal;
use super::error::ServiceError;

/// How many lines are read at once by whoever follows.
const LINES: i64 = 500;
/// After how long without a line something is sent, so that nobody takes the connection for dead.
const SILENCE: Duration = Duration::from_secs(15);

/// What a follower is told next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEvent {
    /// These lines came.
    Lines(Vec<ProvisionerJobLog>),
    /// Nothing came for a while.
    Silence,
    /// The job has ended, and all lines were told.
    End(ProvisionerJobStatus),
}

/// A log that is followed.
pub struct FollowedLogs {
    services: Arc<Services>,
    job: Uuid,
    after: i64,
    bell: Arc<Notify>,
    dismissal: Dismissal,
    has_ended: bool,
}

impl Services {
    /// The lines of a job's log after the one with this number.
    pub async fn get_provisioner_job_logs(
        &self,
        organization: Uuid,
        job: Uuid,
        after: i64,
    ) -> Result<Vec<ProvisionerJobLog>, ServiceError> {
        self.require_job(organization, job).await?;
        Ok(self.database.list_provisioner_job_logs(job, after, i64::MAX).await?)
    }

    /// The same, and then what comes.
    pub async fn follow_provisioner_job_logs(
        self: &Arc<Self>,
        organization: Uuid,
        job: Uuid,
        after: i64,
    ) -> Result<FollowedLogs, ServiceError> {
        self.require_job(organization, job).await?;
        let (bell, dismissal) = (self.model.watching.watch(job), self.dismissals.enter());
        Ok(FollowedLogs { services: Arc::clone(self), job, after, bell, dismissal, has_ended: false })
    }

    async fn require_job(&self, organization: Uuid, job: Uuid) -> Result<(), ServiceError> {
        let tag_sets = self.current_jobs().await?.tag_sets.clone();
        let found = self.database.find_provisioner_job(job, tag_sets).await?;
        found.filter(|found| found.job.organization_id == organization).map(drop).ok_or(ServiceError::NotFound)
    }
}

impl FollowedLogs {
    /// What comes next; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<LogEvent>, ServiceError> {
        let bell = Arc::clone(&self.bell);
        while !self.has_ended && !self.dismissal.has_come() {
            // Before the look: what comes meanwhile rings.
            let rung = bell.notified();
            let database = &self.services.database;
            // The status first: whatever was written before the end is read after it.
            let status = database.find_provisioner_job_status(self.job).await?.ok_or(ServiceError::NotFound)?;
            let lines = database.list_provisioner_job_logs(self.job, self.after, LINES).await?;
            if let Some(last) = lines.last() {
                self.after = last.id;
                return Ok(Some(LogEvent::Lines(lines)));
            }
            if has_ended(status) {
                self.has_ended = true;
                return Ok(Some(LogEvent::End(status)));
            }
            tokio::select! {
                () = rung => {}
                () = self.services.until_deaf() => {}
                () = sleep(SILENCE) => return Ok(Some(LogEvent::Silence)),
                () = self.dismissal.comes() => {}
            }
        }
        Ok(None)
    }
}

fn has_ended(status: ProvisionerJobStatus) -> bool {
    match status {
        ProvisionerJobStatus::Succeeded | ProvisionerJobStatus::Failed | ProvisionerJobStatus::Canceled => true,
        ProvisionerJobStatus::Pending | ProvisionerJobStatus::Running | ProvisionerJobStatus::Canceling => false,
    }
}
