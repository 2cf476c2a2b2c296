//! The log of a provisioner job.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;
use crate::provisioner_job::wire_enum;

wire_enum! {
    /// Who wrote a log line.
    #[schema(as = codersdk::LogSource)]
    LogSource {
        /// The worker.
        ProvisionerDaemon = "provisioner_daemon",
        /// The program that the worker runs.
        Provisioner = "provisioner",
    }
}

wire_enum! {
    /// How important a log line is.
    #[schema(as = codersdk::LogLevel)]
    LogLevel {
        /// For whoever looks for a defect in a program.
        Trace = "trace",
        /// For whoever looks for a defect.
        Debug = "debug",
        /// What happens.
        Info = "info",
        /// What may be wrong.
        Warn = "warn",
        /// What is wrong.
        Error = "error",
    }
}

/// A line of a job's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::ProvisionerJobLog)]
pub struct ProvisionerJobLog {
    /// Grows from line to line of a job; other jobs' lines have the numbers in between.
    pub id: i64,
    /// When it was written.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub created_at: Timestamp,
    /// Who wrote it.
    pub log_source: LogSource,
    /// How important it is.
    pub log_level: LogLevel,
    /// What the job was at.
    pub stage: String,
    /// The text.
    pub output: String,
}
