//! Provisioner jobs as the API shows them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Timestamp;

/// One piece of work for a worker, and what became of it. A key without a value is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::ProvisionerJob)]
pub struct ProvisionerJob {
    /// Job ID.
    #[schema(required = false)]
    pub id: Uuid,
    /// When the job was queued.
    #[schema(required = false, value_type = chrono::DateTime<chrono::Utc>)]
    pub created_at: Timestamp,
    /// When a worker took the job; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub started_at: Option<Timestamp>,
    /// When the job ended, in whatever way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub completed_at: Option<Timestamp>,
    /// When somebody asked to cancel the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub canceled_at: Option<Timestamp>,
    /// Why the job failed, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    pub error: String,
    /// Why the job failed, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub error_code: Option<JobErrorCode>,
    /// Where the job stands in its life.
    #[schema(required = false)]
    pub status: ProvisionerJobStatus,
    /// The worker that took the job; absent until one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub worker_id: Option<Uuid>,
    /// The name of the worker that took the job.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    pub worker_name: String,
    /// The file that the job works on.
    #[schema(required = false)]
    pub file_id: Uuid,
    /// What a worker must offer to take the job.
    #[schema(required = false)]
    pub tags: BTreeMap<String, String>,
    /// Place of a pending job, from 1, in the queue of the worker that would take it first; 0 for a job that is not pending.
    #[schema(required = false, value_type = isize)]
    pub queue_position: u64,
    /// Length of that queue; 0 for a job that is not pending.
    #[schema(required = false, value_type = isize)]
    pub queue_size: u64,
    /// The organization that the job belongs to.
    #[schema(required = false)]
    pub organization_id: Uuid,
    /// The user who queued the job.
    #[schema(required = false)]
    pub initiator_id: Uuid,
    /// What the job works on.
    #[schema(required = false)]
    pub input: ProvisionerJobInput,
    /// What kind of work the job is.
    #[serde(rename = "type")]
    #[schema(required = false)]
    pub kind: ProvisionerJobType,
    /// Workers seen within the last 90 s that could take the job; absent when there is none or the job has started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub available_workers: Vec<Uuid>,
    /// Names for people of what the job works on.
    #[schema(required = false)]
    pub metadata: ProvisionerJobMetadata,
    /// True when the job logged more than 1 MiB and the rest was dropped.
    #[schema(required = false)]
    pub logs_overflowed: bool,
}

impl ProvisionerJob {
    /// A job that was just queued: nobody has it, and nothing else is known of it yet.
    pub fn pending(
        id: Uuid,
        organization_id: Uuid,
        initiator_id: Uuid,
        kind: ProvisionerJobType,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            created_at,
            started_at: None,
            completed_at: None,
            canceled_at: None,
            error: String::new(),
            error_code: None,
            status: ProvisionerJobStatus::Pending,
            worker_id: None,
            worker_name: String::new(),
            file_id: Uuid::nil(),
            tags: BTreeMap::new(),
            queue_position: 0,
            queue_size: 0,
            organization_id,
            initiator_id,
            input: ProvisionerJobInput::default(),
            kind,
            available_workers: Vec::new(),
            metadata: ProvisionerJobMetadata::default(),
            logs_overflowed: false,
        }
    }
}

/// What the job works on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::ProvisionerJobInput)]
pub struct ProvisionerJobInput {
    /// The template version to import, or to run dry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub template_version_id: Option<Uuid>,
    /// The workspace build to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub workspace_build_id: Option<Uuid>,
    /// Why the stored input cannot be read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    pub error: String,
}

/// Names for people of what the job works on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::ProvisionerJobMetadata)]
pub struct ProvisionerJobMetadata {
    /// Name of the template version.
    #[serde(default)]
    #[schema(required = false)]
    pub template_version_name: String,
    /// Template ID; the nil UUID when there is none.
    #[serde(default)]
    #[schema(required = false)]
    pub template_id: Uuid,
    /// Name of the template.
    #[serde(default)]
    #[schema(required = false)]
    pub template_name: String,
    /// The template's name that people see.
    #[serde(default)]
    #[schema(required = false)]
    pub template_display_name: String,
    /// Path or URL of the template's icon.
    #[serde(default)]
    #[schema(required = false)]
    pub template_icon: String,
    /// The workspace of a workspace build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub workspace_id: Option<Uuid>,
    /// Name of the workspace of a workspace build.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    pub workspace_name: String,
}

macro_rules! wire_enum {
    (
        $(#[$meta:meta])*
        $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:tt),+ $(,)? }
    ) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        $(#[$meta])*
        pub enum $name { $($(#[$variant_meta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, in the order of the document.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The value as the API writes it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value that the API writes like this.
            pub fn from_wire(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
            }
        }
    };
}

pub(crate) use wire_enum;

wire_enum! {
    /// Where a job stands in its life.
    #[schema(as = codersdk::ProvisionerJobStatus)]
    ProvisionerJobStatus {
        /// Waits for a worker.
        Pending = "pending",
        /// A worker has it.
        Running = "running",
        /// Ended well.
        Succeeded = "succeeded",
        /// Somebody cancelled it and its worker has not confirmed yet.
        Canceling = "canceling",
        /// Cancelled.
        Canceled = "canceled",
        /// Ended with an error.
        Failed = "failed",
    }
}

wire_enum! {
    /// What kind of work a job is.
    #[schema(as = codersdk::ProvisionerJobType)]
    ProvisionerJobType {
        /// Reads a new version of a template.
        TemplateVersionImport = "template_version_import",
        /// Builds, starts, stops or deletes a workspace.
        WorkspaceBuild = "workspace_build",
        /// Plans a template version without building anything.
        TemplateVersionDryRun = "template_version_dry_run",
    }
}

wire_enum! {
    /// Why a job failed, for programs.
    #[schema(as = codersdk::JobErrorCode)]
    JobErrorCode {
        /// The template has variables without a value.
        RequiredTemplateVariables = "REQUIRED_TEMPLATE_VARIABLES",
    }
}

impl ProvisionerJobStatus {
    /// The status that a job's times and error say it has. An empty error counts as none.
    pub fn derive(started: bool, canceled: bool, completed: bool, error: &str) -> Self {
        match (completed, !error.is_empty(), canceled, started) {
            (_, true, _, _) => Self::Failed,
            (true, false, true, _) => Self::Canceled,
            (true, false, false, _) => Self::Succeeded,
            (false, false, true, _) => Self::Canceling,
            (false, false, false, true) => Self::Running,
            (false, false, false, false) => Self::Pending,
        }
    }
}
