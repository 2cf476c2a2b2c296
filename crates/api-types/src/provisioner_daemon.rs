//! Workers as the API shows them; it calls them provisioner daemons.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{ProvisionerJobStatus, Timestamp};

/// A worker, and what it does. A key without a value is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::ProvisionerDaemon)]
pub struct ProvisionerDaemon {
    /// Worker ID; stays the same when a worker of the same name registers again.
    pub id: Uuid,
    /// The organization whose jobs it takes.
    pub organization_id: Uuid,
    /// The key with which it registered; absent when there is none, or it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub key_id: Option<Uuid>,
    /// When it registered first.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub created_at: Timestamp,
    /// When it last gave a sign of life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub last_seen_at: Option<Timestamp>,
    /// Its name.
    pub name: String,
    /// The version of its program.
    pub version: String,
    /// The version of the interface that it speaks.
    pub api_version: String,
    /// Which types of job it runs.
    pub provisioners: Vec<String>,
    /// What it offers to jobs.
    pub tags: BTreeMap<String, String>,
    /// The name of the key with which it registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub key_name: Option<String>,
    /// Whether it is there, and whether it works.
    pub status: ProvisionerDaemonStatus,
    /// The job that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub current_job: Option<ProvisionerDaemonJob>,
    /// The last job that it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub previous_job: Option<ProvisionerDaemonJob>,
}

/// Whether a worker is there, and whether it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = codersdk::ProvisionerDaemonStatus)]
pub enum ProvisionerDaemonStatus {
    /// Was not seen for 90 s.
    Offline,
    /// Is there and has no job.
    Idle,
    /// Is there and has a job.
    Busy,
}

impl ProvisionerDaemonStatus {
    /// Every value, in the order of the document.
    pub const ALL: &'static [Self] = &[Self::Offline, Self::Idle, Self::Busy];

    /// The value as the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Idle => "idle",
            Self::Busy => "busy",
        }
    }

    /// The value that the API writes like this.
    pub fn from_wire(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.as_str() == text)
    }
}

/// What a worker's job is, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::ProvisionerDaemonJob)]
pub struct ProvisionerDaemonJob {
    /// Job ID.
    pub id: Uuid,
    /// Where the job stands in its life.
    pub status: ProvisionerJobStatus,
    /// Name of the template; empty when there is none.
    pub template_name: String,
    /// Path or URL of the template's icon.
    pub template_icon: String,
    /// The template's name that people see.
    pub template_display_name: String,
}

#[cfg(test)]
mod tests {
    use super::ProvisionerDaemonStatus;

    #[test]
    fn a_status_is_written_as_it_is_read() {
        for status in ProvisionerDaemonStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
            assert_eq!(ProvisionerDaemonStatus::from_wire(status.as_str()), Some(*status));
        }
        assert_eq!(ProvisionerDaemonStatus::from_wire("Busy"), None);
    }
}
