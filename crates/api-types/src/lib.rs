//! What travels on the wire of Coder's Organizations API.
//!
//! Each type here is serialised as the API sends it, and its OpenAPI schema is derived from it: the doc comments below are
//! the text of the published document. The crate knows no HTTP and no SQL.

mod api_key;
mod audit;
mod general;
mod job_log;
mod job_request;
mod login;
mod member;
mod organization;
mod provisioner_daemon;
mod provisioner_job;
mod provisioner_key;
mod response;
mod role;
mod secret;
mod tag_rules;
mod timestamp;
mod user;
mod user_rules;
mod worker_request;

pub use api_key::{ApiAllowListTarget, ApiKey, ApiKeyScope, CreateTokenRequest, GenerateApiKeyResponse, TokenConfig};
pub use audit::{AuditDiffField, AuditLog, AuditLogResponse, MinimalOrganization};
pub use general::{BuildInfoResponse, Entitlement, Entitlements, Feature};
pub use job_log::{LogLevel, LogSource, ProvisionerJobLog};
pub use job_request::{CreateProvisionerJobRequest, JobInput, JobMetadata, JobPriority, Provisioner};
pub use login::{CreateFirstUserRequest, CreateFirstUserResponse, LoginWithPasswordRequest, LoginWithPasswordResponse};
pub use member::{OrganizationMember, OrganizationMemberWithUserData, PaginatedMembersResponse};
pub use organization::{
    CreateOrganizationRequest, Organization, RESERVED_ORGANIZATION_NAME, UpdateOrganizationRequest, name_rule_broken_by,
};
pub use provisioner_daemon::{ProvisionerDaemon, ProvisionerDaemonJob, ProvisionerDaemonStatus};
pub use provisioner_job::{
    JobErrorCode, ProvisionerJob, ProvisionerJobInput, ProvisionerJobMetadata, ProvisionerJobStatus, ProvisionerJobType,
};
pub use provisioner_key::{CreateProvisionerKeyRequest, CreateProvisionerKeyResponse, ProvisionerKey};
pub use response::{Response, ValidationError};
pub use role::{AssignableRole, RbacAction, RbacResource, RolePermission, SlimRole};
pub use secret::Secret;
pub use tag_rules::{MAX_TAGS_JSON, exceed_json};
pub use timestamp::{ParseTimestampError, Timestamp};
pub use user::{
    CreateUserRequest, GetUsersResponse, LoginType, UpdateRoles, UpdateUserPasswordRequest, UpdateUserProfileRequest,
    User, UserStatus,
};
pub use user_rules::{
    MAX_PASSWORD, MIN_PASSWORD, email_rule_broken_by, full_name_rule_broken_by, password_rule_broken_by,
    username_rule_broken_by,
};
pub use worker_request::{
    AcquireProvisionerJobRequest, AcquireProvisionerJobResponse, AcquiredProvisionerJob, CompleteProvisionerJobRequest,
    FailProvisionerJobRequest, ProvisionerJobLogLine, ProvisionerJobProgressRequest, ProvisionerJobProgressResponse,
    RegisterProvisionerDaemonRequest,
};
