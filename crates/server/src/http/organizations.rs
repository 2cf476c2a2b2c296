//! Handlers of organizations.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use orgd_api_types::{CreateOrganizationRequest, Organization, Response, UpdateOrganizationRequest};

use super::error::ApiError;
use super::errors_documented::{CreateErrors, DeleteErrors, ListErrors, ReadErrors, UpdateErrors};
use super::gate::{AtOrganization, Entered};
use super::{answer, body, idempotency};

/// Get organizations
///
/// Lists every organization that the caller may read, ordered by name without regard to case. The list is complete: there is
/// no paging.
#[utoipa::path(
    get, path = "/organizations", operation_id = "getOrganizations", tag = "Organizations",
    security(("CoderSessionToken" = [])),
    responses((status = 200, description = "OK", body = [Organization]), ListErrors)
)]
pub async fn get_organizations(entered: Entered) -> HttpResponse {
    answer::ready(StatusCode::OK, entered.app.services.get_organizations(&entered.caller))
}

/// Create organization
///
/// Creates an organization and makes the caller its first member. Only an owner may. A name is taken when another organization
/// that is not deleted has it in any case. With an `Idempotency-Key` the request can be repeated for a day: it creates once,
/// and repetitions get the first answer again.
#[utoipa::path(
    post, path = "/organizations", operation_id = "createOrganization", tag = "Organizations",
    security(("CoderSessionToken" = [])),
    request_body(content = CreateOrganizationRequest, description = "Create organization request"),
    responses((
        status = 201, description = "Created", body = Organization,
        headers(("Idempotent-Replayed" = bool, description = "Present and true when this is the answer to an earlier request with the same `Idempotency-Key`."))
    ), CreateErrors)
)]
pub async fn create_organization(
    entered: Entered,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let Entered { app, caller, .. } = entered.require()?;
    let (new, repeatable) = idempotency::read(&request, payload, StatusCode::CREATED).await?;
    let created = app.services.create_organization(&caller, new, repeatable).await?;
    Ok(idempotency::answer(StatusCode::CREATED, created))
}

/// Get organization by ID
///
/// Answers one organization. Besides an ID the path takes a name in any case, `default`, and the nil UUID; the last two mean
/// the default organization.
#[utoipa::path(
    get, path = "/organizations/{organization}", operation_id = "getOrganizationByID", tag = "Organizations",
    security(("CoderSessionToken" = [])),
    params(("organization" = Uuid, Path, description = "Organization ID", example = "00000000-0000-0000-0000-000000000000")),
    responses((status = 200, description = "OK", body = Organization), ReadErrors)
)]
pub async fn get_organization_by_id(at: AtOrganization) -> Result<HttpResponse, ApiError> {
    Ok(answer::ready(StatusCode::OK, at.require()?.organization.json.clone()))
}

/// Delete organization
///
/// Deletes an organization; its name is free at once. The default organization cannot be deleted, and neither can one that
/// still has more than one member, provisioner keys, or provisioner jobs that are pending or running: the answer then counts what
/// is left.
#[utoipa::path(
    delete, path = "/organizations/{organization}", operation_id = "deleteOrganization", tag = "Organizations",
    security(("CoderSessionToken" = [])),
    params(("organization" = String, Path, description = "Organization ID or name", example = "platform-team")),
    responses(
        (status = 200, description = "OK", body = Response),
        (status = 409, description = "Something in the organization must be deleted first.", body = Response),
        DeleteErrors
    )
)]
pub async fn delete_organization(at: AtOrganization) -> Result<HttpResponse, ApiError> {
    let inside = at.require()?;
    inside.app.services.delete_organization(&inside.caller, inside.organization.organization.id).await?;
    let done = Response { message: "Organization has been deleted.".to_owned(), ..Response::default() };
    Ok(answer::encoded(StatusCode::OK, &done))
}

/// Update organization
///
/// Changes the fields that are given. An absent or null field stays as it is, and so does an empty `name` or `display_name`; an
/// empty `description` or `icon` is cleared. `updated_at` moves in any case.
#[utoipa::path(
    patch, path = "/organizations/{organization}", operation_id = "updateOrganization", tag = "Organizations",
    security(("CoderSessionToken" = [])),
    params(("organization" = String, Path, description = "Organization ID or name", example = "default")),
    request_body(content = UpdateOrganizationRequest, description = "Patch organization request"),
    responses((status = 200, description = "OK", body = Organization), UpdateErrors)
)]
pub async fn update_organization(
    at: AtOrganization,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let inside = at.require()?;
    let changes: UpdateOrganizationRequest = body::json(&request, payload).await?;
    let updated =
        inside.app.services.update_organization(&inside.caller, inside.organization.organization.id, changes).await?;
    Ok(answer::encoded(StatusCode::OK, &*updated))
}
