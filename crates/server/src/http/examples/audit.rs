//! The example of the audit log.

use std::collections::BTreeMap;

use orgd_api_types::{AuditDiffField, AuditLog, AuditLogResponse, MinimalOrganization};
use serde_json::{Value, json};
use uuid::uuid;

use super::{ORGANIZATION, at, json as value_of, organization};

/// The example of an answer with this status, where it is not one that operations share.
pub(super) fn response(status: &str) -> Option<Value> {
    let named = organization();
    let organization = MinimalOrganization {
        id: ORGANIZATION,
        name: named.name.clone(),
        display_name: named.display_name,
        icon: named.icon.clone(),
    };
    let icon = AuditDiffField { old: json!(""), new: json!(named.icon), secret: false };
    let entry = AuditLog {
        id: uuid!("0198f5a0-7d00-7a10-8b20-1c2d3e4f5a6b"),
        request_id: uuid!("0198f5a0-7c1e-7d11-a3a4-1b0c4f1d2e3f"),
        time: at(97_445_123_456),
        organization_id: Some(ORGANIZATION),
        organization: Some(organization),
        ip: "192.0.2.7".to_owned(),
        user_agent: "coder-cli/v2.32.0".to_owned(),
        resource_type: "organization".to_owned(),
        resource_id: ORGANIZATION,
        resource_target: named.name.clone(),
        resource_icon: String::new(),
        action: "write".to_owned(),
        diff: [("icon".to_owned(), icon)].into(),
        status_code: 200,
        additional_fields: BTreeMap::new(),
        description: format!("somebody changed organization {}", named.name),
        resource_link: String::new(),
        is_deleted: false,
        user: None,
    };
    (status == "200").then(|| value_of(&AuditLogResponse { audit_logs: vec![entry], count: 1 })).flatten()
}
