//! The examples of members, roles, and of what the server says of itself.

use orgd_api_types::{
    AssignableRole, BuildInfoResponse, Entitlement, Entitlements, Feature, OrganizationMember,
    OrganizationMemberWithUserData, PaginatedMembersResponse, RbacAction, RbacResource, RolePermission, UpdateRoles,
};
use serde_json::Value;
use uuid::{Uuid, uuid};

use super::{ORGANIZATION, at, json, organization, say};
use crate::auth::assignment::{listed, slim};
use crate::auth::roles::{OrganizationRole, Role, RoleSet, SiteRole};
use crate::http::error::{ALREADY_MEMBER, OWN_MEMBERSHIP};
use crate::http::general::{PROVISIONER_API, RELEASE};
use crate::operations::{GeneralOperation as General, MembersOperation as Op};

const USER: Uuid = uuid!("0198f5a0-5b00-7a3d-8e2f-9c1b2d3e4f50");

/// The example of an operation's request body.
pub(super) fn request(operation: Op) -> Option<Value> {
    match operation {
        Op::AssignRoleToOrganizationMember => {
            json(&UpdateRoles { roles: Some(vec![OrganizationRole::UserAdmin.as_str().to_owned()]) })
        }
        Op::ListOrganizationMembers
        | Op::PaginatedOrganizationMembers
        | Op::AddOrganizationMember
        | Op::RemoveOrganizationMember
        | Op::GetMemberRolesByOrganization
        | Op::GetSiteMemberRoles
        | Op::GetOrganizationsByUser
        | Op::GetOrganizationByUserAndOrganizationName => None,
    }
}

/// The example of an operation's answer with this status, where it is not one that operations share.
pub(super) fn response(operation: Op, status: &str) -> Option<Value> {
    match (operation, status) {
        (Op::ListOrganizationMembers, "200") => json(&[member_with_user_data()]),
        (Op::PaginatedOrganizationMembers, "200") => {
            json(&PaginatedMembersResponse { members: vec![member_with_user_data()], count: 1 })
        }
        (Op::AddOrganizationMember, "200") => json(&OrganizationMember { roles: Vec::new(), ..member() }),
        (Op::AddOrganizationMember, "400") => json(&say(ALREADY_MEMBER, "")),
        (Op::RemoveOrganizationMember, "400") => json(&say(OWN_MEMBERSHIP, "")),
        (Op::AssignRoleToOrganizationMember, "200") => json(&member()),
        (Op::GetMemberRolesByOrganization, "200") => json(&[AssignableRole {
            organization_permissions: vec![reading(RbacResource::ProvisionerJobs)],
            ..assignable(OrganizationRole::TemplateAdmin, Some(ORGANIZATION))
        }]),
        (Op::GetSiteMemberRoles, "200") => json(&[AssignableRole {
            site_permissions: vec![reading(RbacResource::Organization)],
            ..assignable(SiteRole::Auditor, None)
        }]),
        (Op::GetOrganizationsByUser, "200") => json(&[organization()]),
        (Op::GetOrganizationByUserAndOrganizationName, "200") => json(&organization()),
        _ => None,
    }
}

/// The example of an answer of the server about itself.
pub(super) fn general(operation: General, status: &str) -> Option<Value> {
    match (operation, status) {
        (General::GetApiRoot, "200") => json(&say("👋", "")),
        (General::GetBuildInfo, "200") => json(&BuildInfoResponse {
            external_url: RELEASE.to_owned(),
            version: "v2.32.0+orgd.0.1.0".to_owned(),
            dashboard_url: "https://orgd.example.com".to_owned(),
            telemetry: false,
            workspace_proxy: false,
            agent_api_version: String::new(),
            provisioner_api_version: PROVISIONER_API.to_owned(),
            upgrade_message: String::new(),
            deployment_id: "6b1f9c3e-0d52-8a47-9c11-3a5e7d9f2b48".to_owned(),
        }),
        (General::GetEntitlements, "200") => json(&entitlements()),
        _ => None,
    }
}

fn entitlements() -> Entitlements {
    let here = Feature { entitlement: Entitlement::Entitled, enabled: true };
    let elsewhere = Feature { entitlement: Entitlement::NotEntitled, enabled: false };
    Entitlements {
        features: [("multiple_organizations".to_owned(), here), ("template_rbac".to_owned(), elsewhere)].into(),
        warnings: Vec::new(),
        errors: Vec::new(),
        has_license: true,
        trial: false,
        require_telemetry: false,
        refreshed_at: at(97_445_123_456),
    }
}

fn member() -> OrganizationMember {
    OrganizationMember {
        user_id: USER,
        organization_id: ORGANIZATION,
        created_at: at(97_445_123_456),
        updated_at: at(97_445_123_456),
        roles: slim(RoleSet::EMPTY.with(OrganizationRole::UserAdmin), Some(ORGANIZATION)),
    }
}

fn member_with_user_data() -> OrganizationMemberWithUserData {
    let OrganizationMember { user_id, organization_id, created_at, updated_at, roles } = member();
    OrganizationMemberWithUserData {
        username: "ana".to_owned(),
        name: "Ana Sousa".to_owned(),
        avatar_url: String::new(),
        email: "ana@example.com".to_owned(),
        global_roles: slim(RoleSet::EMPTY.with(SiteRole::Auditor), None),
        user_id,
        organization_id,
        created_at,
        updated_at,
        roles,
    }
}

fn reading(resource_type: RbacResource) -> RolePermission {
    RolePermission { negate: false, resource_type, action: RbacAction::Read }
}

fn assignable<R: Role>(role: R, organization_id: Option<Uuid>) -> AssignableRole {
    listed(role, organization_id, RoleSet::EMPTY.with(role))
}
