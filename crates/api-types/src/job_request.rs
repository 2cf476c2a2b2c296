//! The request that queues a provisioner job. Coder's API has none: there, jobs come from template versions and workspace builds.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::provisioner_job::wire_enum;
use crate::tag_rules::check_tags;
use crate::{ProvisionerJobInput, ProvisionerJobMetadata, ProvisionerJobType};

wire_enum! {
    /// The program that a job needs.
    #[schema(as = orgd::Provisioner)]
    Provisioner {
        /// Answers what it was told to; for tests.
        Echo = "echo",
        /// Terraform.
        Terraform = "terraform",
    }
}

wire_enum! {
    /// Who waits first: every pending job of `normal` priority stands before every one of `prebuild`.
    #[schema(as = orgd::JobPriority)]
    JobPriority {
        /// Somebody waits for the job.
        Normal = "normal",
        /// The job prepares what somebody may need later.
        Prebuild = "prebuild",
    }
}

/// A provisioner job to queue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = orgd::CreateProvisionerJobRequest)]
pub struct CreateProvisionerJobRequest {
    /// An ID that the caller makes up. A request with the ID of a job that is the same in everything is answered with that job.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<Uuid>,
    /// What kind of work it is.
    #[serde(rename = "type", default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false)]
    #[validate(required(message = "is required"))]
    pub kind: Option<ProvisionerJobType>,
    /// The program that it needs; Terraform when absent.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub provisioner: Option<Provisioner>,
    /// Who waits first; `normal` when absent.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub priority: Option<JobPriority>,
    /// What a worker must offer to take it: at most 64 tags, keys and values of at most 128 bytes, and at most 2048 bytes as JSON.
    /// `scope` and `owner` are brought into their normal form.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[validate(custom(function = "check_tags"))]
    pub tags: Option<BTreeMap<String, String>>,
    /// What it works on.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub input: Option<JobInput>,
    /// The file that it works on; the nil UUID when absent.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub file_id: Option<Uuid>,
    /// Names for people of what it works on.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[validate(nested)]
    pub metadata: Option<JobMetadata>,
}

/// What a job that is to be queued works on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = orgd::JobInput)]
pub struct JobInput {
    /// The template version to import, or to run dry.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub template_version_id: Option<Uuid>,
    /// The workspace build to run.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub workspace_build_id: Option<Uuid>,
}

/// Names for people of what a job that is to be queued works on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Validate, ToSchema)]
#[schema(as = orgd::JobMetadata)]
pub struct JobMetadata {
    /// Name of the template version.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[validate(custom(function = "check_no_nul"))]
    pub template_version_name: Option<String>,
    /// Template ID.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub template_id: Option<Uuid>,
    /// Name of the template.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[validate(custom(function = "check_no_nul"))]
    pub template_name: Option<String>,
    /// The template's name that people see.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[validate(custom(function = "check_no_nul"))]
    pub template_display_name: Option<String>,
    /// Path or URL of the template's icon.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[validate(custom(function = "check_no_nul"))]
    pub template_icon: Option<String>,
    /// The workspace of a workspace build.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub workspace_id: Option<Uuid>,
    /// Name of the workspace of a workspace build.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[validate(custom(function = "check_no_nul"))]
    pub workspace_name: Option<String>,
}

impl From<JobInput> for ProvisionerJobInput {
    fn from(JobInput { template_version_id, workspace_build_id }: JobInput) -> Self {
        Self { template_version_id, workspace_build_id, error: String::new() }
    }
}

impl From<JobMetadata> for ProvisionerJobMetadata {
    fn from(given: JobMetadata) -> Self {
        Self {
            template_version_name: given.template_version_name.unwrap_or_default(),
            template_id: given.template_id.unwrap_or_default(),
            template_name: given.template_name.unwrap_or_default(),
            template_display_name: given.template_display_name.unwrap_or_default(),
            template_icon: given.template_icon.unwrap_or_default(),
            workspace_id: given.workspace_id,
            workspace_name: given.workspace_name.unwrap_or_default(),
        }
    }
}

/// A value that may be absent and must not be null.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn broken(rule: &'static str) -> ValidationError {
    ValidationError::new("rule").with_message(rule.into())
}

fn check_no_nul(text: &str) -> Result<(), ValidationError> {
    if text.contains('\0') { Err(broken("must not contain the NUL character")) } else { Ok(()) }
}
