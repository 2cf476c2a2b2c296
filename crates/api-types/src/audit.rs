//! The audit log as the API shows it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Timestamp, User};

/// A page of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::AuditLogResponse)]
pub struct AuditLogResponse {
    /// The entries of the page, newest first.
    pub audit_logs: Vec<AuditLog>,
    /// How many entries there are on all pages.
    pub count: i64,
}

/// A change, or one that was refused. A key without a value is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::AuditLog)]
pub struct AuditLog {
    /// Entry ID.
    pub id: Uuid,
    /// The request that did it; the nil UUID when it was a command.
    pub request_id: Uuid,
    /// When.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub time: Timestamp,
    /// The organization that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub organization_id: Option<Uuid>,
    /// The organization that it belongs to, unless it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub organization: Option<MinimalOrganization>,
    /// The caller's address; empty when it was a command.
    pub ip: String,
    /// What the caller said that it is.
    pub user_agent: String,
    /// The kind of thing: `organization`, `organization_member`, `user`, `api_key`, `provisioner_key`, `provisioner_daemon` or
    /// `provisioner_job`.
    pub resource_type: String,
    /// Its ID; that of its user for an `api_key`; the nil UUID when it is not known.
    pub resource_id: Uuid,
    /// Its name.
    pub resource_target: String,
    /// Always empty.
    pub resource_icon: String,
    /// What was done: `create`, `write`, `delete`, `login` or `logout`.
    pub action: String,
    /// What changed, by field.
    pub diff: BTreeMap<String, AuditDiffField>,
    /// How it was answered.
    pub status_code: i32,
    /// Always empty.
    pub additional_fields: BTreeMap<String, String>,
    /// All of it in words.
    pub description: String,
    /// Always empty.
    pub resource_link: String,
    /// True when it is about an organization or a user that is deleted now.
    pub is_deleted: bool,
    /// Who did it; absent for commands, for the server and for whoever did not sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub user: Option<User>,
}

/// A field before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::AuditDiffField)]
pub struct AuditDiffField {
    /// Before; null when there was none, and for a secret.
    #[schema(value_type = serde_json::Value)]
    pub old: serde_json::Value,
    /// After; null when there is none, and for a secret.
    #[schema(value_type = serde_json::Value)]
    pub new: serde_json::Value,
    /// True when the values are not shown.
    pub secret: bool,
}

/// An organization, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::MinimalOrganization)]
pub struct MinimalOrganization {
    /// Organization ID.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The name that people see.
    pub display_name: String,
    /// Path or URL of its icon.
    pub icon: String,
}
