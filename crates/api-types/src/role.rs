//! Roles, as they are shown with a user or a member and as they are listed to choose from.

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

/// A role that can be given to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::AssignableRoles)]
pub struct AssignableRole {
    /// The role's name.
    pub name: String,
    /// The organization in which it holds. Absent for a role that holds in the whole installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Uuid, required = false)]
    pub organization_id: Option<Uuid>,
    /// The name that people see.
    pub display_name: String,
    /// What it allows in the whole installation.
    pub site_permissions: Vec<RolePermission>,
    /// What it allows with whatever belongs to its holder; nothing more than everybody may.
    pub user_permissions: Vec<RolePermission>,
    /// What it allows in the organization.
    pub organization_permissions: Vec<RolePermission>,
    /// What it allows with whatever belongs to its holder in the organization; nothing more than every member may.
    pub organization_member_permissions: Vec<RolePermission>,
    /// True when the caller may give this role to somebody else, or take it away.
    pub assignable: bool,
    /// True: there are no other roles than those that the server brings.
    pub built_in: bool,
}

/// One thing that a role allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::Permission)]
pub struct RolePermission {
    /// True when it is forbidden instead; never.
    pub negate: bool,
    /// What it can be done to.
    pub resource_type: RbacResource,
    /// What can be done.
    pub action: RbacAction,
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::RBACAction)]
#[serde(rename_all = "snake_case")]
pub enum RbacAction {
    /// Give a role.
    Assign,
    /// Make a new one.
    Create,
    /// Remove one.
    Delete,
    /// See it.
    Read,
    /// Change it.
    Update,
}

/// What things can be done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::RBACResource)]
#[serde(rename_all = "snake_case")]
pub enum RbacResource {
    /// The roles of an organization's members.
    AssignOrgRole,
    /// An organization.
    Organization,
    /// The members of an organization.
    OrganizationMember,
    /// The workers of an organization, and their keys.
    ProvisionerDaemon,
    /// The provisioner jobs of an organization.
    ProvisionerJobs,
}
