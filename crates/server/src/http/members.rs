//! Handlers of members and roles.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use orgd_api_types::{
    AssignableRole, Organization, OrganizationMember, OrganizationMemberWithUserData, PaginatedMembersResponse,
    Response, UpdateRoles,
};
use utoipa::IntoParams;

use super::error::ApiError;
use super::errors_documented::{
    AddMemberErrors, QueryErrors, ReadErrors, RemoveMemberErrors, SignedInErrors, UpdateInsideErrors,
};
use super::gate::{AtOrganization, Entered};
use super::paths::segment;
use super::{answer, body, idempotency};
use crate::service::array_of;
use crate::wire::query::{MemberQuery, QueryString};
use crate::wire::reference::OrganizationRef;

/// The query parameters as they are documented; `wire::query` reads them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "exists for its schema only; the query is read by `wire::query`")]
pub struct MemberPageParameters {
    /// Page limit, if 0 returns all members
    #[param(required = false, nullable = false, minimum = 0, maximum = 2_147_483_647)]
    limit: Option<isize>,
    /// Page offset
    #[param(required = false, nullable = false, minimum = 0, maximum = 2_147_483_647)]
    offset: Option<isize>,
}

/// List organization members
///
/// Lists all members of the organization with their roles, ordered by user name without regard to case. Every member may.
/// Users who are deleted are left out.
#[utoipa::path(
    get, path = "/organizations/{organization}/members", operation_id = "listOrganizationMembers", tag = "Members",
    security(("CoderSessionToken" = [])),
    params(("organization" = String, Path, description = "Organization ID", example = "default")),
    responses((status = 200, description = "OK", body = [OrganizationMemberWithUserData]), ReadErrors)
)]
pub async fn list_organization_members(at: AtOrganization) -> Result<HttpResponse, ApiError> {
    let inside = at.require()?;
    let members = inside.app.services.list_members(inside.organization.organization.id).await?;
    Ok(answer::encoded(StatusCode::OK, &members))
}

/// Paginated organization members
///
/// Lists members as `GET /organizations/{organization}/members` does, a page at a time, and counts all of them. Without
/// `limit`, or with 0, everybody after the first `offset` members is answered.
#[utoipa::path(
    get, path = "/organizations/{organization}/paginated-members", operation_id = "paginatedOrganizationMembers",
    tag = "Members",
    security(("CoderSessionToken" = [])),
    params(("organization" = String, Path, description = "Organization ID", example = "default"), MemberPageParameters),
    responses((status = 200, description = "OK", body = PaginatedMembersResponse), QueryErrors)
)]
pub async fn paginated_organization_members(
    at: AtOrganization,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let inside = at.require()?;
    let query = QueryString::parse(request.query_string()).and_then(|query| MemberQuery::parse(&query));
    let query = query.map_err(ApiError::Query)?;
    let page = inside.app.services.page_members(inside.organization.organization.id, query).await?;
    Ok(answer::encoded(StatusCode::OK, &page))
}

/// Add organization member
///
/// Makes a user a member without any role. Owners and user admins may, and the organization's admins and user admins. Somebody
/// who is a member already is refused with 400. With an `Idempotency-Key` the request can be repeated for a day: it adds once,
/// and repetitions get the first answer again.
#[utoipa::path(
    post, path = "/organizations/{organization}/members/{user}", operation_id = "addOrganizationMember", tag = "Members",
    security(("CoderSessionToken" = [])),
    params(
        ("organization" = String, Path, description = "Organization ID", example = "default"),
        ("user" = String, Path, description = "User ID, name, or me", example = "ana")
    ),
    responses(
        (
            status = 200, description = "OK", body = OrganizationMember,
            headers(("Idempotent-Replayed" = bool, description = "Present and true when this is the answer to an earlier request with the same `Idempotency-Key`."))
        ),
        (status = 400, description = "The user is a member already, or the request is malformed.", body = Response),
        AddMemberErrors
    )
)]
pub async fn add_organization_member(at: AtOrganization, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let inside = at.require()?;
    let repeatable = idempotency::read_key_only(&request, StatusCode::OK)?;
    let organization = inside.organization.organization.id;
    let added =
        inside.app.services.add_member(&inside.caller, organization, segment(&request, "user"), repeatable).await?;
    Ok(idempotency::answer(StatusCode::OK, added))
}

/// Remove organization member
///
/// Takes a user out of the organization, with all roles in it; what they may do because of them ends at once. Owners and user
/// admins may, and the organization's admins and user admins. Nobody can remove themselves.
#[utoipa::path(
    delete, path = "/organizations/{organization}/members/{user}", operation_id = "removeOrganizationMember",
    tag = "Members",
    security(("CoderSessionToken" = [])),
    params(
        ("organization" = String, Path, description = "Organization ID", example = "default"),
        ("user" = String, Path, description = "User ID, name, or me", example = "ana")
    ),
    responses(
        (status = 204, description = "No Content"),
        (status = 400, description = "The caller asks to remove themselves, or the request is malformed.", body = Response),
        RemoveMemberErrors
    )
)]
pub async fn remove_organization_member(at: AtOrganization, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let inside = at.require()?;
    let organization = inside.organization.organization.id;
    inside.app.services.remove_member(&inside.caller, organization, segment(&request, "user")).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Assign role to organization member
///
/// Gives a member exactly these roles. A role can be given or taken away only by somebody who may assign it, which
/// `GET /organizations/{organization}/members/roles` tells: owners and the organization's admins may assign every role of the
/// organization, its user admins and the site's user admins none. Nobody can change their own roles.
#[utoipa::path(
    put, path = "/organizations/{organization}/members/{user}/roles", operation_id = "assignRoleToOrganizationMember",
    tag = "Members",
    security(("CoderSessionToken" = [])),
    params(
        ("organization" = String, Path, description = "Organization ID", example = "default"),
        ("user" = String, Path, description = "User ID, name, or me", example = "ana")
    ),
    request_body(content = UpdateRoles, description = "Update roles request"),
    responses((status = 200, description = "OK", body = OrganizationMember), UpdateInsideErrors)
)]
pub async fn assign_role_to_organization_member(
    at: AtOrganization,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let inside = at.require()?;
    let (services, caller) = (&inside.app.services, &inside.caller);
    let organization = inside.organization.organization.id;
    let user = services.find_other_member(caller, organization, segment(&request, "user")).await?;
    let roles: UpdateRoles = body::json(&request, payload).await?;
    let member = services.change_member_roles(caller, organization, user, roles).await?;
    Ok(answer::encoded(StatusCode::OK, &member))
}

/// Get member roles by organization
///
/// Lists the roles that members of the organization can have, with what each of them allows, and whether the caller may give
/// it to somebody or take it away.
#[utoipa::path(
    get, path = "/organizations/{organization}/members/roles", operation_id = "getMemberRolesByOrganization",
    tag = "Members",
    security(("CoderSessionToken" = [])),
    params(("organization" = Uuid, Path, description = "Organization ID", example = "00000000-0000-0000-0000-000000000000")),
    responses((status = 200, description = "OK", body = [AssignableRole]), ReadErrors)
)]
pub async fn get_member_roles_by_organization(at: AtOrganization) -> Result<HttpResponse, ApiError> {
    let inside = at.require()?;
    let roles = inside.app.services.list_organization_roles(&inside.caller, inside.organization.organization.id);
    Ok(answer::encoded(StatusCode::OK, &roles))
}

/// Get site member roles
///
/// Lists the roles that hold in the whole installation, with what each of them allows, and whether the caller may give it to
/// somebody or take it away. Only an owner may.
#[utoipa::path(
    get, path = "/users/roles", operation_id = "getSiteMemberRoles", tag = "Members",
    security(("CoderSessionToken" = [])),
    responses((status = 200, description = "OK", body = [AssignableRole]), SignedInErrors)
)]
pub async fn get_site_member_roles(entered: Entered) -> Result<HttpResponse, ApiError> {
    let Entered { app, caller, .. } = entered.require()?;
    Ok(answer::encoded(StatusCode::OK, &app.services.list_site_roles(&caller)))
}

/// Get organizations by user
///
/// Lists the organizations that the user is a member of and that the caller may read, ordered by name without regard to case.
/// Besides the user themselves this is for those who may see all users: owners, template admins, user admins and auditors, and
/// whoever is an admin or a user admin of some organization. To everybody else the user does not exist.
#[utoipa::path(
    get, path = "/users/{user}/organizations", operation_id = "getOrganizationsByUser", tag = "Members",
    security(("CoderSessionToken" = [])),
    params(("user" = String, Path, description = "User ID, name, or me", example = "me")),
    responses((status = 200, description = "OK", body = [Organization]), ReadErrors)
)]
pub async fn get_organizations_by_user(entered: Entered, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let found = entered.app.services.list_organizations_of(&entered.caller, segment(&request, "user")).await?;
    let json = array_of(found.iter().map(|cached| cached.fragment()));
    Ok(answer::ready(StatusCode::OK, json.into()))
}

/// Get organization by user and organization name
///
/// Answers one of the organizations that `GET /users/{user}/organizations` lists, by its name in any case or by its ID.
#[utoipa::path(
    get, path = "/users/{user}/organizations/{organizationname}",
    operation_id = "getOrganizationByUserAndOrganizationName", tag = "Members",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "me"),
        ("organizationname" = String, Path, description = "Organization name", example = "coder")
    ),
    responses((status = 200, description = "OK", body = Organization), ReadErrors)
)]
pub async fn get_organization_by_user_and_organization_name(
    entered: Entered,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let reference = OrganizationRef::parse(segment(&request, "organizationname"));
    let user = segment(&request, "user");
    let found = entered.app.services.find_organization_of(&entered.caller, user, reference.as_ref()).await?;
    Ok(answer::ready(StatusCode::OK, found.json.clone()))
}
