//! Moves a provisioner job through its life, as its worker would.

use std::sync::Arc;

use orgd_api_types::{ProvisionerJob, ProvisionerJobStatus as Status};
use serde::Deserialize;
use uuid::Uuid;

use super::TestDouble;
use crate::db::jobs::lease::{JobEnd, Lease};
use crate::db::jobs::logs::{LogLine, Progress};
use crate::fixture::LogFixture;
use crate::service::ServiceError;

/// What a job fails with when nobody says what.
const FAILURE: &str = "failed on purpose";

/// Where a job is to go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobStep {
    /// The status.
    pub to: Status,
    /// Why it fails, for people; for `failed` only.
    #[serde(default)]
    pub error: Option<String>,
    /// Why it fails, for programs; for `failed` only.
    #[serde(default)]
    pub error_code: Option<String>,
    /// The name or ID of the worker that takes it; by default the first that could.
    #[serde(default)]
    pub worker: Option<String>,
    /// What is logged on the way, by a worker that holds the job.
    #[serde(default)]
    pub logs: Vec<LogFixture>,
}

/// Why a job stays where it is.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// There is no such job.
    #[error("there is no provisioner job {0}")]
    NoJob(Uuid),
    /// No life goes so.
    #[error("a job that is {from} cannot become {to}; it can become {possible}")]
    Impossible {
        /// What it is.
        from: &'static str,
        /// What it was to be.
        to: &'static str,
        /// What it can be.
        possible: String,
    },
    /// Nobody could do it.
    #[error("{0}")]
    NoWorker(String),
    /// `error` or `error_code` says why a job fails, and this one does not.
    #[error("error and error_code are for jobs that fail")]
    NoFailure,
    /// Nobody holds it who could log.
    #[error("logs are for jobs that a worker holds on the way")]
    NoLogs,
    /// The server refuses.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// What a job can become from here, itself included where only lines are logged.
fn possible(from: Status) -> &'static [Status] {
    match from {
        Status::Pending => &[Status::Running, Status::Succeeded, Status::Canceling, Status::Canceled, Status::Failed],
        Status::Running => {
            &[Status::Running, Status::Pending, Status::Succeeded, Status::Canceling, Status::Canceled, Status::Failed]
        }
        Status::Canceling => &[Status::Canceling, Status::Canceled, Status::Failed],
        Status::Succeeded | Status::Canceled | Status::Failed => &[],
    }
}

impl TestDouble {
    /// Moves a job to a status, through all that lie between, and shows it then.
    ///
    /// # Errors
    /// See [`StepError`]. What happened before the error has happened.
    pub async fn advance_job(&self, id: Uuid, step: JobStep) -> Result<ProvisionerJob, StepError> {
        let from = self.job(id).await?.status;
        if !possible(from).contains(&step.to) {
            let words: Vec<_> = possible(from).iter().map(|status| status.as_str()).collect();
            let possible = if words.is_empty() { "nothing else".to_owned() } else { words.join(", ") };
            return Err(StepError::Impossible { from: from.as_str(), to: step.to.as_str(), possible });
        }
        if step.to != Status::Failed && (step.error.is_some() || step.error_code.is_some()) {
            return Err(StepError::NoFailure);
        }
        let waits_until_canceled = from == Status::Pending && step.to == Status::Canceled;
        if !step.logs.is_empty() && waits_until_canceled {
            return Err(StepError::NoLogs);
        }
        if from == Status::Pending && !waits_until_canceled {
            self.take(id, step.worker.as_deref()).await?;
        }
        self.log(id, &step.logs).await?;
        match step.to {
            Status::Running => {}
            Status::Pending => drop(self.services.release_job(self.lease(id).await?).await?),
            Status::Succeeded => self.end(id, JobEnd::Complete).await?,
            Status::Failed => {
                let error = step.error.filter(|text| !text.is_empty()).unwrap_or_else(|| FAILURE.to_owned());
                self.end(id, JobEnd::Fail { error, code: step.error_code.unwrap_or_default() }).await?;
            }
            Status::Canceling => self.cancel(id).await?,
            Status::Canceled => {
                self.cancel(id).await?;
                if !waits_until_canceled {
                    self.end(id, JobEnd::Complete).await?;
                }
            }
        }
        self.job(id).await
    }

    /// The job as the API shows it.
    ///
    /// # Errors
    /// There is none, or the database is out of reach.
    pub async fn job(&self, id: Uuid) -> Result<ProvisionerJob, StepError> {
        self.services.show_job(id).await?.ok_or(StepError::NoJob(id))
    }

    async fn take(&self, id: Uuid, wanted: Option<&str>) -> Result<(), StepError> {
        let job = self.job(id).await?;
        let workers = self.services.workers_of(job.organization_id).await?;
        let worker = match wanted {
            Some(wanted) => {
                let named =
                    |(worker, name): &&(Uuid, Arc<str>)| **name == *wanted || Uuid::try_parse(wanted) == Ok(*worker);
                workers.iter().find(named).ok_or_else(|| {
                    let names: Vec<_> = workers.iter().map(|(_, name)| &**name).collect();
                    let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                    StepError::NoWorker(format!("the organization has no worker {wanted:?}; it has {there}"))
                })?
            }
            None => match workers.iter().find(|(worker, _)| job.available_workers.contains(worker)) {
                Some(worker) => worker,
                None => {
                    let against = self.services.what_is_against(id).await?;
                    let against = if against.is_empty() { "there is none".to_owned() } else { against.join("; ") };
                    return Err(StepError::NoWorker(format!(
                        "no live worker could take this job ({against}); name one with \"worker\""
                    )));
                }
            },
        };
        let taken = self.services.take_job(id, worker.0, worker.1.to_string()).await?;
        if taken { Ok(()) } else { Err(StepError::NoJob(id)) }
    }

    async fn lease(&self, id: Uuid) -> Result<Lease, StepError> {
        self.services.lease_of(id).await?.ok_or(StepError::NoJob(id))
    }

    async fn log(&self, id: Uuid, logs: &[LogFixture]) -> Result<(), StepError> {
        if logs.is_empty() {
            return Ok(());
        }
        let at = self.services.now();
        let lines = logs.iter().map(|line| LogLine {
            created_at: line.created_at.unwrap_or(at),
            source: line.source,
            level: line.level,
            stage: line.stage.clone(),
            output: line.output.clone(),
        });
        let progress = Progress { lease: self.lease(id).await?, lines: lines.collect(), offset: None, at };
        Ok(self.services.report(progress).await?)
    }

    async fn end(&self, id: Uuid, end: JobEnd) -> Result<(), StepError> {
        let lease = self.lease(id).await?;
        self.services.end_job(lease, end).await?.then_some(()).ok_or(StepError::NoJob(id))
    }

    async fn cancel(&self, id: Uuid) -> Result<(), StepError> {
        let job = self.job(id).await?;
        // One that is being canceled already goes on from there.
        if job.canceled_at.is_none() {
            self.services.cancel_job(job.organization_id, id).await?;
        }
        Ok(())
    }
}
