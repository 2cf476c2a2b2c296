//! What workers send and are sent. Coder's workers speak another protocol, so all of this is an extension.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::job_request::given;
use crate::tag_rules::check_tags;
use crate::{JobErrorCode, LogLevel, LogSource, Provisioner, ProvisionerJob, Timestamp};

/// The longest version of a program or of an interface, in bytes.
const MAX_VERSION: usize = 64;
/// The longest text of a log line and of an error, in bytes.
const MAX_TEXT: usize = 65_536;
/// The longest name of a stage, in bytes.
const MAX_STAGE: usize = 256;
/// The most log lines of one request.
const MAX_LINES: u64 = 1000;
/// The longest that a worker can wait for a job, in seconds.
const MAX_WAIT: i32 = 60;

const NAME_RULE: &str =
    r#"must be 1 to 64 bytes without control characters and white space at either end, for example "builder-1""#;

/// A worker that registers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = orgd::RegisterProvisionerDaemonRequest)]
pub struct RegisterProvisionerDaemonRequest {
    /// Its name, 1 to 64 bytes without control characters and white space at either end; with the owner it identifies the worker
    /// in its organization.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 64)]
    #[validate(required(message = "is required"), custom(function = "check_name"))]
    pub name: Option<String>,
    /// Which types of job it runs.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false, min_items = 1)]
    #[validate(required(message = "is required"), length(min = 1, message = "must name at least one type"))]
    pub provisioners: Option<Vec<Provisioner>>,
    /// What it offers to jobs: at most 64 tags, keys and values of at most 128 bytes, and at most 2048 bytes as JSON. `scope` and
    /// `owner` are brought into their normal form.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[validate(custom(function = "check_tags"))]
    pub tags: Option<BTreeMap<String, String>>,
    /// The version of its program, at most 64 bytes.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 64)]
    #[validate(custom(function = "check_version"))]
    pub version: Option<String>,
    /// The version of the interface that it speaks, at most 64 bytes.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 64)]
    #[validate(custom(function = "check_version"))]
    pub api_version: Option<String>,
}

/// How long a worker waits for a job.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = orgd::AcquireProvisionerJobRequest)]
pub struct AcquireProvisionerJobRequest {
    /// Seconds to wait for a job when there is none; 30 when absent.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, maximum = 60)]
    #[validate(range(min = 0, max = MAX_WAIT, message = "must be a whole number from 0 to 60"))]
    pub wait_seconds: Option<i32>,
}

/// The job that a worker got, if it got one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = orgd::AcquireProvisionerJobResponse)]
pub struct AcquireProvisionerJobResponse {
    /// The job; absent when none came in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub job: Option<AcquiredProvisionerJob>,
}

/// A job that a worker got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = orgd::AcquiredProvisionerJob)]
pub struct AcquiredProvisionerJob {
    /// How often the job was given to a worker so far. Every report on the job names it.
    #[schema(minimum = 1)]
    pub attempt: i32,
    /// The program that it needs.
    pub provisioner: Provisioner,
    /// Without progress for so long the job fails.
    pub timeout_seconds: i64,
    /// The job.
    pub job: ProvisionerJob,
}

/// What a worker tells of a job that it has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = orgd::ProvisionerJobProgressRequest)]
pub struct ProvisionerJobProgressRequest {
    /// The attempt in which the worker got the job.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false, minimum = 1)]
    #[validate(required(message = "is required"), range(min = 1, message = "must be at least 1"))]
    pub attempt: Option<i32>,
    /// Log lines to add, at most 1000.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_items = 1000)]
    #[validate(length(max = MAX_LINES, message = "must be at most 1000 lines"), nested)]
    pub logs: Option<Vec<ProvisionerJobLogLine>>,
    /// How many log lines the worker has sent before in this attempt; the server leaves out those that it has.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    #[validate(range(min = 0, message = "must not be negative"))]
    pub logs_offset: Option<i32>,
}

/// A line of a job's log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = orgd::ProvisionerJobLogLine)]
pub struct ProvisionerJobLogLine {
    /// The text, at most 65536 bytes.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false, max_length = 65536)]
    #[validate(required(message = "is required"), custom(function = "check_text"))]
    pub output: Option<String>,
    /// When it was written; when it arrived if absent.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub created_at: Option<Timestamp>,
    /// Who wrote it; `provisioner` when absent.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub source: Option<LogSource>,
    /// How important it is; `info` when absent.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub level: Option<LogLevel>,
    /// What the job was at, at most 256 bytes.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 256)]
    #[validate(custom(function = "check_stage"))]
    pub stage: Option<String>,
}

/// What a worker must know of a job that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = orgd::ProvisionerJobProgressResponse)]
pub struct ProvisionerJobProgressResponse {
    /// True when the worker must stop and complete the job.
    pub canceling: bool,
    /// True when log lines were left out because there are more than 1 MiB.
    pub logs_overflowed: bool,
}

/// A job that ended well, or as it was canceled.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = orgd::CompleteProvisionerJobRequest)]
pub struct CompleteProvisionerJobRequest {
    /// The attempt in which the worker got the job.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false, minimum = 1)]
    #[validate(required(message = "is required"), range(min = 1, message = "must be at least 1"))]
    pub attempt: Option<i32>,
}

/// A job that failed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = orgd::FailProvisionerJobRequest)]
pub struct FailProvisionerJobRequest {
    /// The attempt in which the worker got the job.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false, minimum = 1)]
    #[validate(required(message = "is required"), range(min = 1, message = "must be at least 1"))]
    pub attempt: Option<i32>,
    /// What went wrong, for people; 1 to 65536 bytes.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 65536)]
    #[validate(required(message = "is required"), custom(function = "check_error"))]
    pub error: Option<String>,
    /// What went wrong, for programs.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub error_code: Option<JobErrorCode>,
}

fn broken(rule: &'static str) -> ValidationError {
    ValidationError::new("rule").with_message(rule.into())
}

fn check_name(name: &str) -> Result<(), ValidationError> {
    let is_good = (1..=64).contains(&name.len()) && !name.contains(char::is_control) && name.trim() == name;
    if is_good { Ok(()) } else { Err(broken(NAME_RULE)) }
}

fn check_version(version: &str) -> Result<(), ValidationError> {
    let is_good = version.len() <= MAX_VERSION && !version.contains(char::is_control);
    if is_good { Ok(()) } else { Err(broken("must be at most 64 bytes without control characters")) }
}

fn check_text(text: &str) -> Result<(), ValidationError> {
    if text.len() > MAX_TEXT {
        return Err(broken("must be at most 65536 bytes"));
    }
    refuse_nul(text)
}

fn check_error(text: &str) -> Result<(), ValidationError> {
    if text.is_empty() {
        return Err(broken("must not be empty"));
    }
    check_text(text)
}

fn check_stage(stage: &str) -> Result<(), ValidationError> {
    if stage.len() > MAX_STAGE {
        return Err(broken("must be at most 256 bytes"));
    }
    refuse_nul(stage)
}

fn refuse_nul(text: &str) -> Result<(), ValidationError> {
    if text.contains('\0') { Err(broken("must not contain the NUL character")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use validator::Validate;

    use super::{
        AcquireProvisionerJobRequest, FailProvisionerJobRequest, ProvisionerJobLogLine, ProvisionerJobProgressRequest,
        check_name,
    };

    #[test]
    fn names_follow_the_rule() {
        for good in ["a", "builder-1", "two words", "ä", "a/b", &"a".repeat(64)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", " a", "a ", "a\nb", "a\0", &"a".repeat(65)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nobody_waits_longer_than_a_minute() {
        for (wait_seconds, is_good) in
            [(Some(-1), false), (Some(0), true), (Some(60), true), (Some(61), false), (None, true)]
        {
            assert_eq!(AcquireProvisionerJobRequest { wait_seconds }.validate().is_ok(), is_good, "{wait_seconds:?}");
        }
    }

    #[test]
    fn a_bad_line_is_found_among_good_ones() {
        let line = |output: &str| ProvisionerJobLogLine { output: Some(output.to_owned()), ..Default::default() };
        let logs = |logs| ProvisionerJobProgressRequest { attempt: Some(1), logs: Some(logs), logs_offset: None };
        assert!(logs(vec![line("a"), line("")]).validate().is_ok());
        assert!(logs(vec![line("a"), line("b\0")]).validate().is_err());
        assert!(logs(vec![line(&"a".repeat(65_537))]).validate().is_err());
        assert!(logs(vec![line("a"); 1001]).validate().is_err());
    }

    #[test]
    fn a_failure_says_why() {
        let fail = |error: &str| FailProvisionerJobRequest {
            attempt: Some(1),
            error: Some(error.to_owned()),
            error_code: None,
        };
        assert!(fail("no disk").validate().is_ok());
        assert!(fail("").validate().is_err());
    }
}
