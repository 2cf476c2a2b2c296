//! Handlers of what workers report on the jobs that they have.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use orgd_api_types::{
    CompleteProvisionerJobRequest, FailProvisionerJobRequest, ProvisionerJob, ProvisionerJobProgressRequest,
    ProvisionerJobProgressResponse, Response,
};

use super::error::ApiError;
use super::errors_documented::WorkErrors;
use super::gate::{AtWork, uuid_in_path};
use super::{answer, body};

/// Report progress of provisioner job
///
/// Says that the worker still works on the job, adds to the job's logs, and tells whether the job is being canceled. With
/// `logs_offset`, the number of log lines that were sent before in this attempt, lines that the server has already are left out,
/// so that the request can be repeated; an `Idempotency-Key` has no effect. Logs of more than 1 MiB are cut off; the job goes on.
#[utoipa::path(
    post, path = "/organizations/{organization}/provisionerdaemons/{provisionerdaemon}/jobs/{job}/progress",
    operation_id = "reportProvisionerJobProgress", tag = "Provisioning",
    security(("CoderProvisionerKey" = []), ("CoderSessionToken" = [])), extensions(("x-extension" = json!(true))),
    params(
        ("organization" = String, Path, description = "Organization ID or name", example = "default"),
        ("provisionerdaemon" = Uuid, Path, description = "Worker ID", example = "ae5fa6f7-c55b-40c1-b40a-b36ac467652b"),
        ("job" = Uuid, Path, description = "Job ID", example = "0198f5a0-9d30-7b52-8c11-5a6b7c8d9e0f")
    ),
    request_body(content = ProvisionerJobProgressRequest, description = "Progress of provisioner job request"),
    responses(
        (status = 200, description = "OK", body = ProvisionerJobProgressResponse),
        (status = 409, body = Response,
            description = "Another attempt has the job, or it was given up; nothing was changed and the worker must stop working on it."),
        WorkErrors
    )
)]
pub async fn report_provisioner_job_progress(
    at: AtWork,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let (known, job) = (at.worker(&request).await?, uuid_in_path(&request, "job")?);
    let progress: ProvisionerJobProgressRequest = body::json(&request, payload).await?;
    let answer = at.app.services.report_provisioner_job_progress(&known, job, progress).await?;
    Ok(answer::encoded(StatusCode::OK, &answer))
}

/// Complete provisioner job
///
/// Ends the job: it has succeeded, or, when it was being canceled, it is canceled. The same attempt may say so again; an
/// `Idempotency-Key` has no effect.
#[utoipa::path(
    post, path = "/organizations/{organization}/provisionerdaemons/{provisionerdaemon}/jobs/{job}/complete",
    operation_id = "completeProvisionerJob", tag = "Provisioning",
    security(("CoderProvisionerKey" = []), ("CoderSessionToken" = [])), extensions(("x-extension" = json!(true))),
    params(
        ("organization" = String, Path, description = "Organization ID or name", example = "default"),
        ("provisionerdaemon" = Uuid, Path, description = "Worker ID", example = "ae5fa6f7-c55b-40c1-b40a-b36ac467652b"),
        ("job" = Uuid, Path, description = "Job ID", example = "0198f5a0-9d30-7b52-8c11-5a6b7c8d9e0f")
    ),
    request_body(content = CompleteProvisionerJobRequest, description = "Complete provisioner job request"),
    responses(
        (status = 200, description = "OK", body = ProvisionerJob),
        (status = 409, body = Response,
            description = "Another attempt has the job, or it was given up; nothing was changed and the worker must stop working on it."),
        WorkErrors
    )
)]
pub async fn complete_provisioner_job(
    at: AtWork,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let (known, job) = (at.worker(&request).await?, uuid_in_path(&request, "job")?);
    let end: CompleteProvisionerJobRequest = body::json(&request, payload).await?;
    let job = at.app.services.complete_provisioner_job(&known, job, end).await?;
    Ok(answer::encoded(StatusCode::OK, &job))
}

/// Fail provisioner job
///
/// Ends the job with an error. The same attempt may say so again with the same error; an `Idempotency-Key` has no effect.
#[utoipa::path(
    post, path = "/organizations/{organization}/provisionerdaemons/{provisionerdaemon}/jobs/{job}/fail",
    operation_id = "failProvisionerJob", tag = "Provisioning",
    security(("CoderProvisionerKey" = []), ("CoderSessionToken" = [])), extensions(("x-extension" = json!(true))),
    params(
        ("organization" = String, Path, description = "Organization ID or name", example = "default"),
        ("provisionerdaemon" = Uuid, Path, description = "Worker ID", example = "ae5fa6f7-c55b-40c1-b40a-b36ac467652b"),
        ("job" = Uuid, Path, description = "Job ID", example = "0198f5a0-9d30-7b52-8c11-5a6b7c8d9e0f")
    ),
    request_body(content = FailProvisionerJobRequest, description = "Fail provisioner job request"),
    responses(
        (status = 200, description = "OK", body = ProvisionerJob),
        (status = 409, body = Response,
            description = "Another attempt has the job, or it was given up; nothing was changed and the worker must stop working on it."),
        WorkErrors
    )
)]
pub async fn fail_provisioner_job(
    at: AtWork,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let (known, job) = (at.worker(&request).await?, uuid_in_path(&request, "job")?);
    let end: FailProvisionerJobRequest = body::json(&request, payload).await?;
    let job = at.app.services.fail_provisioner_job(&known, job, end).await?;
    Ok(answer::encoded(StatusCode::OK, &job))
}
