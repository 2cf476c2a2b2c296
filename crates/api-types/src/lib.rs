//! What travels on the wire of Coder's Organizations API.
//!
//! Each type here is serialised as the API sends it, and its OpenAPI schema is derived from it: the doc comments below are
//! the text of the published document. The crate knows no HTTP and no SQL.

mod job_log;
mod job_request;
mod organization;
mod provisioner_daemon;
mod provisioner_job;
mod provisioner_key;
mod response;
mod tag_rules;
mod timestamp;
mod worker_request;

pub use job_log::{LogLevel, LogSource, ProvisionerJobLog};
pub use job_request::{CreateProvisionerJobRequest, JobInput, JobMetadata, JobPriority, Provisioner};
pub use organization::{
    CreateOrganizationRequest, Organization, RESERVED_ORGANIZATION_NAME, UpdateOrganizationRequest, name_rule_broken_by,
};
pub use provisioner_daemon::{ProvisionerDaemon, ProvisionerDaemonJob, ProvisionerDaemonStatus};
pub use provisioner_job::{
    JobErrorCode, ProvisionerJob, ProvisionerJobInput, ProvisionerJobMetadata, ProvisionerJobStatus, ProvisionerJobType,
};
pub use provisioner_key::{CreateProvisionerKeyRequest, CreateProvisionerKeyResponse, ProvisionerKey};
pub use response::{Response, ValidationError};
pub use tag_rules::{MAX_TAGS_JSON, exceed_json};
pub use timestamp::{ParseTimestampError, Timestamp};
pub use worker_request::{
    AcquireProvisionerJobRequest, AcquireProvisionerJobResponse, AcquiredProvisionerJob, CompleteProvisionerJobRequest,
    FailProvisionerJobRequest, ProvisionerJobLogLine, ProvisionerJobProgressRequest, ProvisionerJobProgressResponse,
    RegisterProvisionerDaemonRequest,
};
