//! Roles, as they are shown with a user or a member.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A role that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::SlimRole)]
pub struct SlimRole {
    /// The role's name.
    pub name: String,
    /// The name that people see.
    pub display_name: String,
    /// The organization in which it holds. Absent for a role that holds in the whole installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub organization_id: Option<Uuid>,
}
