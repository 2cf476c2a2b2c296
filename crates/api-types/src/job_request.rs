//! The request that queues a provisioner job. Coder's API has none: there, jobs come from template versions and workspace builds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::provisioner_job::wire_enum;
use crate::{ProvisionerJobInput, ProvisionerJobMetadata, ProvisionerJobType};

/// The longest tag, in bytes, key and value each.
const LONGEST_TAG: usize = 128;
/// How many tags a job may have.
const MOST_TAGS: usize = 64;

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
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<Uuid>,
    /// What kind of work it is.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false)]
    #[validate(required(message = "is required"))]
    pub kind: Option<ProvisionerJobType>,
    /// The program that it needs; Terraform when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub provisioner: Option<Provisioner>,
    /// Who waits first; `normal` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub priority: Option<JobPriority>,
    /// What a worker must offer to take it: at most 64 tags, keys and values of at most 128 bytes. `scope` and `owner` are brought
    /// into their normal form.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[validate(custom(function = "check_tags"))]
    pub tags: Option<BTreeMap<String, String>>,
    /// What it works on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[validate(custom(function = "check_input"))]
    pub input: Option<ProvisionerJobInput>,
    /// The file that it works on; the nil UUID when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub file_id: Option<Uuid>,
    /// Names for people of what it works on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[validate(custom(function = "check_metadata"))]
    pub metadata: Option<ProvisionerJobMetadata>,
}

fn broken(rule: &'static str) -> ValidationError {
    ValidationError::new("rule").with_message(rule.into())
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ValidationError> {
    if tags.len() > MOST_TAGS {
        return Err(broken("must be at most 64 tags"));
    }
    let texts = || tags.iter().flat_map(|(key, value)| [key, value]);
    if tags.keys().any(String::is_empty) || texts().any(|text| text.len() > LONGEST_TAG) {
        return Err(broken("must have keys of 1 to 128 bytes and values of at most 128 bytes"));
    }
    if texts().any(|text| text.contains('\0')) {
        return Err(broken("must not contain the NUL character"));
    }
    Ok(())
}

fn check_input(input: &ProvisionerJobInput) -> Result<(), ValidationError> {
    if input.error.is_empty() { Ok(()) } else { Err(broken("must not have an \"error\", which the server says")) }
}

fn check_metadata(metadata: &ProvisionerJobMetadata) -> Result<(), ValidationError> {
    let ProvisionerJobMetadata {
        template_version_name,
        template_id: _,
        template_name,
        template_display_name,
        template_icon,
        workspace_id: _,
        workspace_name,
    } = metadata;
    let texts = [template_version_name, template_name, template_display_name, template_icon, workspace_name];
    if texts.iter().any(|text| text.contains('\0')) {
        return Err(broken("must not contain the NUL character"));
    }
    Ok(())
}
