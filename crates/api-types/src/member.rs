//! The members of an organization, and the request that changes their roles.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{SlimRole, Timestamp};

/// A user's place in an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::OrganizationMember)]
pub struct OrganizationMember {
    /// The user.
    pub user_id: Uuid,
    /// The organization.
    pub organization_id: Uuid,
    /// When the user became a member.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub created_at: Timestamp,
    /// When the roles were last changed.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub updated_at: Timestamp,
    /// The roles in the organization, besides that of a member, which everybody here has.
    pub roles: Vec<SlimRole>,
}

/// A user's place in an organization, with what the members of an organization may know of each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::OrganizationMemberWithUserData)]
pub struct OrganizationMemberWithUserData {
    /// The user's name.
    pub username: String,
    /// The full name. Absent when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    pub name: String,
    /// A picture. Absent: the server keeps none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    pub avatar_url: String,
    /// The mail address.
    pub email: String,
    /// The roles in the whole installation, besides that of a member, which everybody has.
    pub global_roles: Vec<SlimRole>,
    /// The user.
    pub user_id: Uuid,
    /// The organization.
    pub organization_id: Uuid,
    /// When the user became a member.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub created_at: Timestamp,
    /// When the roles were last changed.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub updated_at: Timestamp,
    /// The roles in the organization, besides that of a member, which everybody here has.
    pub roles: Vec<SlimRole>,
}

/// A page of the members of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::PaginatedMembersResponse)]
pub struct PaginatedMembersResponse {
    /// The members of this page, by name without regard to case.
    pub members: Vec<OrganizationMemberWithUserData>,
    /// How many members there are on all pages.
    #[schema(value_type = i64, minimum = 0)]
    pub count: u64,
}
