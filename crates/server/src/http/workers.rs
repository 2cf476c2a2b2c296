//! Handlers of what workers do when they have no job: register, say that they are alive, ask for a job.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use orgd_api_types::{
    AcquireProvisionerJobRequest, AcquireProvisionerJobResponse, ProvisionerDaemon, RegisterProvisionerDaemonRequest,
};

use super::error::ApiError;
use super::errors_documented::{QueryErrors, RegisterErrors, WorkErrors};
use super::gate::AtWork;
use super::{answer, body};
use crate::service::workers::acquire::OnItsWay;

/// Register provisioner daemon
///
/// Registers a worker, or makes itself known again: a worker of the organization is known by its name and its owner (the tag
/// `owner`), and keeps its ID. With a provisioner key its tags are those of the key, and the request must not have any; with a
/// session token they are those of the request, and only owners, organization admins and organization template admins may.
/// Repeating the request changes nothing but the time at which the worker was last seen; an `Idempotency-Key` is not needed and
/// has no effect.
#[utoipa::path(
    post, path = "/organizations/{organization}/provisionerdaemons", operation_id = "registerProvisionerDaemon",
    tag = "Provisioning", security(("CoderProvisionerKey" = []), ("CoderSessionToken" = [])),
    extensions(("x-extension" = json!(true))),
    params(("organization" = String, Path, description = "Organization ID or name", example = "default")),
    request_body(content = RegisterProvisionerDaemonRequest, description = "Register provisioner daemon request"),
    responses(
        (status = 200, description = "The worker was known and is up to date.", body = ProvisionerDaemon),
        (status = 201, description = "Created", body = ProvisionerDaemon),
        RegisterErrors
    )
)]
pub async fn register_provisioner_daemon(
    at: AtWork,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let new: RegisterProvisionerDaemonRequest = body::json(&request, payload).await?;
    let organization = at.organization.organization.id;
    let registered = at.app.services.register_provisioner_daemon(&at.caller, organization, new).await?;
    let status = if registered.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(answer::encoded(status, &registered.daemon))
}

/// Heartbeat of provisioner daemon
///
/// Says that a worker is alive. One that was not seen for 90 s counts as gone; asking for a job and reporting progress are signs
/// of life, too.
#[utoipa::path(
    post, path = "/organizations/{organization}/provisionerdaemons/{provisionerdaemon}/heartbeat",
    operation_id = "heartbeatProvisionerDaemon", tag = "Provisioning",
    security(("CoderProvisionerKey" = []), ("CoderSessionToken" = [])), extensions(("x-extension" = json!(true))),
    params(
        ("organization" = String, Path, description = "Organization ID or name", example = "default"),
        ("provisionerdaemon" = Uuid, Path, description = "Worker ID", example = "ae5fa6f7-c55b-40c1-b40a-b36ac467652b")
    ),
    responses((status = 204, description = "No Content"), QueryErrors)
)]
pub async fn heartbeat_provisioner_daemon(at: AtWork, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let known = at.worker(&request).await?;
    at.app.services.note_sign_of_life(&known).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Acquire provisioner job
///
/// Gives the worker the first job of the queue that it can take, and answers without one when none came within `wait_seconds`.
/// Exactly one worker gets a job. Each time a job is given to a worker its `attempt` grows; whoever reports on the job names the
/// attempt, and is refused when the job was given to another since. A job without progress for `timeout_seconds` fails. An
/// `Idempotency-Key` has no effect.
#[utoipa::path(
    post, path = "/organizations/{organization}/provisionerdaemons/{provisionerdaemon}/acquire",
    operation_id = "acquireProvisionerJob", tag = "Provisioning",
    security(("CoderProvisionerKey" = []), ("CoderSessionToken" = [])), extensions(("x-extension" = json!(true))),
    params(
        ("organization" = String, Path, description = "Organization ID or name", example = "default"),
        ("provisionerdaemon" = Uuid, Path, description = "Worker ID", example = "ae5fa6f7-c55b-40c1-b40a-b36ac467652b")
    ),
    request_body(content = AcquireProvisionerJobRequest, description = "Acquire provisioner job request"),
    responses((status = 200, description = "OK", body = AcquireProvisionerJobResponse), WorkErrors)
)]
pub async fn acquire_provisioner_job(
    at: AtWork,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let known = at.worker(&request).await?;
    let wanted: AcquireProvisionerJobRequest = body::json(&request, payload).await?;
    let waiting = at.app.metrics.wait();
    let found = at.app.services.acquire_provisioner_job(known, wanted).await?;
    drop(waiting);
    if found.is_some() {
        at.require_again(&request).await?;
    }
    let job = found.and_then(OnItsWay::arrive);
    Ok(answer::encoded(StatusCode::OK, &AcquireProvisionerJobResponse { job }))
}
