//! What a worker reports on the job that it has.

use orgd_api_types::{
    CompleteProvisionerJobRequest, FailProvisionerJobRequest, LogLevel, LogSource, ProvisionerJob,
    ProvisionerJobLogLine, ProvisionerJobProgressRequest, ProvisionerJobProgressResponse, Timestamp, ValidationError,
};
use uuid::Uuid;

use super::KnownWorker;
use crate::db::jobs::lease::{JobEnd, Lease};
use crate::db::jobs::logs::{LogLine, Progress, Reported};
use crate::service::Services;
use crate::service::error::{ServiceError, check};

/// The order in which failing fields are reported.
const FIELDS: &[&str] = &["attempt", "logs", "logs_offset", "error", "error_code"];

impl Services {
    /// Notes that the worker still works on the job, adds to its log, and tells whether it must stop.
    pub async fn report_provisioner_job_progress(
        &self,
        known: &KnownWorker,
        job: Uuid,
        request: ProvisionerJobProgressRequest,
    ) -> Result<ProvisionerJobProgressResponse, ServiceError> {
        check(&request, FIELDS)?;
        let now = self.clock.now();
        let lease = lease_of(known, job, request.attempt);
        let lines = request.logs.unwrap_or_default().into_iter().map(|line| line_of(line, now)).collect();
        let progress = Progress { lease, lines, offset: request.logs_offset, at: now };
        let reported = self.database.report_provisioner_job_progress(progress).await?;
        self.note_reporter(known).await;
        match reported {
            Reported::Holds { canceling, logs_overflowed } => {
                Ok(ProvisionerJobProgressResponse { canceling, logs_overflowed })
            }
            Reported::Lost => Err(ServiceError::LeaseLost(lease.attempt)),
            Reported::Gap(received) => {
                let rule = format!("must be at most {received}, the number of lines that the server has");
                Err(ServiceError::Validation(vec![ValidationError::new("logs_offset", rule)]))
            }
        }
    }

    /// Ends a job that went well, or that was being canceled.
    pub async fn complete_provisioner_job(
        &self,
        known: &KnownWorker,
        job: Uuid,
        request: CompleteProvisionerJobRequest,
    ) -> Result<ProvisionerJob, ServiceError> {
        check(&request, FIELDS)?;
        self.end_provisioner_job(known, lease_of(known, job, request.attempt), JobEnd::Complete).await
    }

    /// Ends a job that failed.
    pub async fn fail_provisioner_job(
        &self,
        known: &KnownWorker,
        job: Uuid,
        request: FailProvisionerJobRequest,
    ) -> Result<ProvisionerJob, ServiceError> {
        check(&request, FIELDS)?;
        let end = JobEnd::Fail {
            // Validated: it is there.
            error: request.error.unwrap_or_default(),
            code: request.error_code.map(|code| code.as_str().to_owned()).unwrap_or_default(),
        };
        self.end_provisioner_job(known, lease_of(known, job, request.attempt), end).await
    }

    /// A sign of life that is not noted comes again with the next report. This one is stored, and its worker must hear so.
    async fn note_reporter(&self, known: &KnownWorker) {
        if let Err(error) = self.note_sign_of_life(known).await {
            tracing::warn!(request_id = %known.request, worker = %known.worker.id, %error, "cannot note that a worker was seen; it will be seen again");
        }
    }

    async fn end_provisioner_job(
        &self,
        known: &KnownWorker,
        lease: Lease,
        end: JobEnd,
    ) -> Result<ProvisionerJob, ServiceError> {
        let tag_sets = self.current_jobs().await?.tag_sets.clone();
        let ended = self.database.end_provisioner_job(lease, end, tag_sets, self.clock.now()).await?;
        self.note_reporter(known).await;
        ended.map(|record| record.job).ok_or(ServiceError::LeaseLost(lease.attempt))
    }
}

/// An attempt is validated before this: it is there.
fn lease_of(known: &KnownWorker, job: Uuid, attempt: Option<i32>) -> Lease {
    Lease { job, worker: known.worker.id, attempt: attempt.unwrap_or_default() }
}

fn line_of(line: ProvisionerJobLogLine, now: Timestamp) -> LogLine {
    let ProvisionerJobLogLine { output, created_at, source, level, stage } = line;
    LogLine {
        created_at: created_at.unwrap_or(now),
        source: source.unwrap_or(LogSource::Provisioner),
        level: level.unwrap_or(LogLevel::Info),
        stage: stage.unwrap_or_default(),
        output: output.unwrap_or_default(),
    }
}
