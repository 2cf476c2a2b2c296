//! Handlers of provisioner keys.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use orgd_api_types::{CreateProvisionerKeyRequest, CreateProvisionerKeyResponse, ProvisionerKey, Response};

use super::error::ApiError;
use super::errors_documented::{AddErrors, DeleteErrors, ReadErrors};
use super::gate::{AtOrganization, text_in_path};
use super::{answer, body};

/// List provisioner keys
///
/// Lists the keys with which workers of the organization register, ordered by name without regard to case. Secrets are not
/// shown: the server does not have them.
#[utoipa::path(
    get, path = "/organizations/{organization}/provisionerkeys", operation_id = "listProvisionerKeys", tag = "Provisioning",
    security(("CoderSessionToken" = [])),
    params(("organization" = Uuid, Path, description = "Organization ID", example = "00000000-0000-0000-0000-000000000000")),
    responses((status = 200, description = "OK", body = [ProvisionerKey]), ReadErrors)
)]
pub async fn list_provisioner_keys(at: AtOrganization) -> Result<HttpResponse, ApiError> {
    let inside = at.require()?;
    let keys = inside.app.services.list_provisioner_keys(inside.organization.organization.id).await?;
    Ok(answer::encoded(StatusCode::OK, &keys))
}

/// Create provisioner key
///
/// Makes a key with which workers of the organization register, and answers its secret, which is shown here and never again. A
/// name is taken when another key of the organization has it in any case. An `Idempotency-Key` is not needed and has no effect:
/// the name keeps the key from being made twice, and the secret is not stored, so that it cannot be answered again. Whoever did
/// not see the answer deletes the key and makes another.
#[utoipa::path(
    post, path = "/organizations/{organization}/provisionerkeys", operation_id = "createProvisionerKey", tag = "Provisioning",
    security(("CoderSessionToken" = [])),
    params(("organization" = Uuid, Path, description = "Organization ID", example = "00000000-0000-0000-0000-000000000000")),
    request_body(content = CreateProvisionerKeyRequest, description = "Create provisioner key request"),
    responses(
        (status = 201, description = "Created", body = CreateProvisionerKeyResponse),
        (status = 409, description = "Another key of the organization has this name, in whatever case.", body = Response),
        AddErrors
    )
)]
pub async fn create_provisioner_key(
    at: AtOrganization,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let inside = at.require()?;
    // Not through `idempotency`: that would store the answer, and with it the secret.
    let new: CreateProvisionerKeyRequest = body::json(&request, payload).await?;
    let created =
        inside.app.services.create_provisioner_key(&inside.caller, inside.organization.organization.id, new).await?;
    Ok(answer::encoded(StatusCode::CREATED, &created))
}

/// Delete provisioner key
///
/// Deletes a key. No worker can register with it any more, its name is free at once, and it no longer keeps its organization
/// from being deleted. Workers that registered with it stay listed, without a key, until they have not been seen for long.
#[utoipa::path(
    delete, path = "/organizations/{organization}/provisionerkeys/{provisionerkey}", operation_id = "deleteProvisionerKey",
    tag = "Provisioning",
    security(("CoderSessionToken" = [])),
    params(
        ("organization" = Uuid, Path, description = "Organization ID", example = "00000000-0000-0000-0000-000000000000"),
        ("provisionerkey" = String, Path, description = "Provisioner key name", example = "build-farm")
    ),
    responses((status = 204, description = "No Content"), DeleteErrors)
)]
pub async fn delete_provisioner_key(at: AtOrganization, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let inside = at.require()?;
    let name = text_in_path(&request, "provisionerkey")?;
    inside.app.services.delete_provisioner_key(&inside.caller, inside.organization.organization.id, name).await?;
    Ok(HttpResponse::NoContent().finish())
}
