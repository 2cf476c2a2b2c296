//! The examples of what workers send and are sent.

use orgd_api_types::{
    AcquireProvisionerJobRequest, AcquireProvisionerJobResponse, AcquiredProvisionerJob, CompleteProvisionerJobRequest,
    FailProvisionerJobRequest, JobErrorCode, LogLevel, LogSource, Provisioner, ProvisionerDaemon,
    ProvisionerDaemonStatus, ProvisionerJob, ProvisionerJobLog, ProvisionerJobLogLine, ProvisionerJobProgressRequest,
    ProvisionerJobProgressResponse, ProvisionerJobStatus, RegisterProvisionerDaemonRequest,
};
use serde_json::Value;

use super::workers::busy_worker;
use super::{WORKER, at, json, pending_job, say};
use crate::http::error::LEASE_LOST;
use crate::http::job_logs::written;
use crate::operations::ProvisioningOperation as Op;
use crate::service::LogEvent;

const ERROR: &str = "The variable \"region\" has no value.";
const STAGE: &str = "Planning infrastructure";
const OUTPUT: &str = "Terraform 1.9.0";

/// The example of an operation's request body.
pub(super) fn request(operation: Op) -> Option<Value> {
    match operation {
        Op::RegisterProvisionerDaemon => json(&RegisterProvisionerDaemonRequest {
            name: Some(worker().name),
            provisioners: Some(vec![Provisioner::Terraform]),
            tags: None,
            version: Some(worker().version),
            api_version: Some(worker().api_version),
        }),
        Op::AcquireProvisionerJob => json(&AcquireProvisionerJobRequest { wait_seconds: Some(30) }),
        Op::ReportProvisionerJobProgress => json(&ProvisionerJobProgressRequest {
            attempt: Some(1),
            logs: Some(vec![ProvisionerJobLogLine {
                source: Some(LogSource::Provisioner),
                level: Some(LogLevel::Info),
                stage: Some(STAGE.to_owned()),
                output: Some(OUTPUT.to_owned()),
                created_at: None,
            }]),
            logs_offset: Some(0),
        }),
        Op::CompleteProvisionerJob => json(&CompleteProvisionerJobRequest { attempt: Some(1) }),
        Op::FailProvisionerJob => json(&FailProvisionerJobRequest {
            attempt: Some(1),
            error: Some(ERROR.to_owned()),
            error_code: Some(JobErrorCode::RequiredTemplateVariables),
        }),
        // The others have no body, or are elsewhere.
        _ => None,
    }
}

/// The example of an operation's answer with this status, where it is not one that operations share.
pub(super) fn response(operation: Op, status: &str) -> Option<Value> {
    match (operation, status) {
        (Op::RegisterProvisionerDaemon, "200" | "201") => json(&worker()),
        (Op::AcquireProvisionerJob, "200") => json(&AcquireProvisionerJobResponse {
            job: Some(AcquiredProvisionerJob {
                attempt: 1,
                provisioner: Provisioner::Terraform,
                timeout_seconds: 300,
                job: job(ProvisionerJobStatus::Running),
            }),
        }),
        (Op::ReportProvisionerJobProgress, "200") => {
            json(&ProvisionerJobProgressResponse { canceling: false, logs_overflowed: false })
        }
        (Op::CompleteProvisionerJob, "200") => json(&job(ProvisionerJobStatus::Succeeded)),
        (Op::FailProvisionerJob, "200") => json(&ProvisionerJob {
            error: ERROR.to_owned(),
            error_code: Some(JobErrorCode::RequiredTemplateVariables),
            ..job(ProvisionerJobStatus::Failed)
        }),
        (Op::ReportProvisionerJobProgress | Op::CompleteProvisionerJob | Op::FailProvisionerJob, "409") => {
            json(&say(LEASE_LOST, "Attempt 1 of this job does not hold it any more."))
        }
        (Op::GetProvisionerJobLogs, "200") => json(&[log_line()]),
        _ => None,
    }
}

/// The example of a log that is followed to the end of its job.
pub(super) fn events() -> Value {
    let events = [LogEvent::Lines(vec![log_line()]), LogEvent::End(ProvisionerJobStatus::Succeeded)];
    events.iter().map(|event| String::from_utf8_lossy(&written(event)).into_owned()).collect::<String>().into()
}

fn log_line() -> ProvisionerJobLog {
    ProvisionerJobLog {
        id: 41,
        created_at: at(97_502_000_000),
        log_source: LogSource::Provisioner,
        log_level: LogLevel::Info,
        stage: STAGE.to_owned(),
        output: OUTPUT.to_owned(),
    }
}

fn worker() -> ProvisionerDaemon {
    ProvisionerDaemon {
        last_seen_at: Some(at(97_500_000_000)),
        version: "v0.1.0".to_owned(),
        api_version: "1.0".to_owned(),
        status: ProvisionerDaemonStatus::Idle,
        current_job: None,
        previous_job: None,
        ..busy_worker()
    }
}

fn job(status: ProvisionerJobStatus) -> ProvisionerJob {
    let has_ended = status != ProvisionerJobStatus::Running;
    ProvisionerJob {
        started_at: Some(at(97_501_250_000)),
        completed_at: has_ended.then(|| at(97_531_500_000)),
        status,
        worker_id: Some(WORKER),
        worker_name: "builder-1".to_owned(),
        queue_position: 0,
        queue_size: 0,
        available_workers: Vec::new(),
        ..pending_job()
    }
}
