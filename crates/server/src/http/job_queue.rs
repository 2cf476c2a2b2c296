//! Handlers that queue and cancel provisioner jobs.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use orgd_api_types::{CreateProvisionerJobRequest, ProvisionerJob, Response};

use super::error::ApiError;
use super::errors_documented::{CreateInsideErrors, QueryErrors};
use super::gate::{AtOrganization, uuid_in_path};
use super::{answer, idempotency};

/// Create provisioner job
///
/// Queues a provisioner job in the caller's name. With an `id` that the caller makes up the request can be repeated: when that job
/// exists and is the same in everything that a request decides, it is answered with 200 and nothing is queued; when it differs, the
/// answer is 409. An `Idempotency-Key` does the same for a day; the repeated answer shows the job as it then stands. Only owners,
/// organization admins and organization template admins may.
#[utoipa::path(
    post, path = "/organizations/{organization}/provisionerjobs", operation_id = "createProvisionerJob", tag = "Provisioning",
    security(("CoderSessionToken" = [])), extensions(("x-extension" = json!(true))),
    params(("organization" = Uuid, Path, description = "Organization ID", example = "00000000-0000-0000-0000-000000000000")),
    request_body(content = CreateProvisionerJobRequest, description = "Create provisioner job request"),
    responses(
        (status = 200, description = "The job exists already.", body = ProvisionerJob),
        (status = 201, description = "Created", body = ProvisionerJob, headers(
            ("Idempotent-Replayed" = bool,
                description = "Present and true when this is the answer to an earlier request with the same `Idempotency-Key`.")
        )),
        (status = 409, description = "Another provisioner job has this ID, or the same one with other values.", body = Response),
        CreateInsideErrors
    )
)]
pub async fn create_provisioner_job(
    at: AtOrganization,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let inside = at.require()?;
    let (new, repeatable) = idempotency::read(&request, payload, StatusCode::CREATED).await?;
    let new: CreateProvisionerJobRequest = new;
    let organization = inside.organization.organization.id;
    let queued = inside.app.services.create_provisioner_job(&inside.caller, organization, new, repeatable).await?;
    let status = if queued.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = answer::encoded(status, &queued.job);
    if queued.is_replayed {
        idempotency::mark_replayed(&mut response);
    }
    Ok(response)
}

/// Cancel provisioner job
///
/// Cancels a provisioner job. A pending one is canceled at once; a running one is `canceling` until its worker confirms. A job that
/// has ended or was canceled before is refused.
#[utoipa::path(
    patch, path = "/organizations/{organization}/provisionerjobs/{job}/cancel", operation_id = "cancelProvisionerJob",
    tag = "Provisioning", security(("CoderSessionToken" = [])), extensions(("x-extension" = json!(true))),
    params(
        ("organization" = Uuid, Path, description = "Organization ID", example = "00000000-0000-0000-0000-000000000000"),
        ("job" = Uuid, Path, description = "Job ID", example = "0198f5a0-9d30-7b52-8c11-5a6b7c8d9e0f")
    ),
    responses(
        (status = 200, description = "OK", body = Response),
        (status = 409, description = "The job has ended, or somebody has canceled it before.", body = Response),
        QueryErrors
    )
)]
pub async fn cancel_provisioner_job(at: AtOrganization, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    // As for reading a job: the syntax of the id is answered before the permission.
    let id = uuid_in_path(&request, "job")?;
    let inside = at.require()?;
    inside.app.services.cancel_provisioner_job(&inside.caller, inside.organization.organization.id, id).await?;
    let done = Response { message: "Job has been marked as canceled...".to_owned(), ..Response::default() };
    Ok(answer::encoded(StatusCode::OK, &done))
}
