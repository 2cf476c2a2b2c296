//! Handlers of Coder's own ways to cancel: by what a job works on.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use orgd_api_types::{ProvisionerJobType, Response};
use utoipa::{IntoParams, ToSchema};

use super::answer;
use super::error::ApiError;
use super::errors_documented::CancelErrors;
use super::gate::{Entered, uuid_in_path};
use crate::operations::ProvisioningOperation;
use crate::wire::query::{CancelQuery, QueryString};

// The expectation as it is documented. A doc comment here would become part of the document.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "exists for its schema only; the query is read by `wire::query`")]
enum ExpectedStatus {
    Running,
    Pending,
}

/// The query parameters as they are documented; `wire::query` reads them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "exists for its schema only; the query is read by `wire::query`")]
pub struct CancelParameters {
    /// Refuse unless the job has this status
    #[param(required = false, nullable = false, inline)]
    expect_status: Option<ExpectedStatus>,
}

/// Cancel workspace build
///
/// Cancels the newest job that builds this workspace build.
#[utoipa::path(
    patch, path = "/workspacebuilds/{workspacebuild}/cancel", operation_id = "cancelWorkspaceBuild", tag = "Provisioning",
    security(("CoderSessionToken" = [])),
    params(
        ("workspacebuild" = Uuid, Path, description = "Workspace build ID", example = "badaf2eb-96c5-4050-9f1d-db2d39ca5478"),
        CancelParameters
    ),
    responses(
        (status = 200, description = "OK", body = Response),
        (status = 400, description = "An ID is malformed, or the job has ended or was canceled before.", body = Response),
        (status = 412, description = "The job is not in the expected state.", body = Response),
        CancelErrors
    )
)]
pub async fn cancel_workspace_build(entered: Entered, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let build = uuid_in_path(&request, "workspacebuild")?;
    let declared = ProvisioningOperation::CancelWorkspaceBuild.query_parameters();
    let query = QueryString::parse(request.query_string()).and_then(|query| CancelQuery::parse(&query, declared));
    let expected = query.map_err(ApiError::Query)?.expected;
    let services = &entered.app.services;
    services.cancel_newest_job_about(&entered.caller, ProvisionerJobType::WorkspaceBuild, build, expected).await?;
    Ok(marked("Job has been marked as canceled..."))
}

/// Cancel template version
///
/// Cancels the newest job that imports this template version.
#[utoipa::path(
    patch, path = "/templateversions/{templateversion}/cancel", operation_id = "cancelTemplateVersion", tag = "Provisioning",
    security(("CoderSessionToken" = [])),
    params(
        ("templateversion" = Uuid, Path, description = "Template version ID", example = "0ba39c92-1f1b-4c32-aa3e-9925d7713eb1")
    ),
    responses(
        (status = 200, description = "OK", body = Response),
        (status = 400, description = "An ID is malformed, or the job has ended or was canceled before.", body = Response),
        CancelErrors
    )
)]
pub async fn cancel_template_version(entered: Entered, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let version = uuid_in_path(&request, "templateversion")?;
    let services = &entered.app.services;
    services.cancel_newest_job_about(&entered.caller, ProvisionerJobType::TemplateVersionImport, version, None).await?;
    Ok(marked("Job has been marked as canceled..."))
}

/// Cancel template version dry run
///
/// Cancels a job that runs this template version dry.
#[utoipa::path(
    patch, path = "/templateversions/{templateversion}/dry-run/{jobID}/cancel", operation_id = "cancelTemplateVersionDryRun",
    tag = "Provisioning", security(("CoderSessionToken" = [])),
    params(
        ("templateversion" = Uuid, Path, description = "Template version ID", example = "0ba39c92-1f1b-4c32-aa3e-9925d7713eb1"),
        ("jobID" = Uuid, Path, description = "Job ID", example = "0198f5a0-9d30-7b52-8c11-5a6b7c8d9e0f")
    ),
    responses(
        (status = 200, description = "OK", body = Response),
        (status = 400, description = "An ID is malformed, or the job has ended or was canceled before.", body = Response),
        CancelErrors
    )
)]
pub async fn cancel_template_version_dry_run(entered: Entered, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let version = uuid_in_path(&request, "templateversion")?;
    let job = uuid_in_path(&request, "jobID")?;
    entered.app.services.cancel_dry_run(&entered.caller, version, job).await?;
    Ok(marked("Job has been marked as canceled."))
}

fn marked(message: &str) -> HttpResponse {
    answer::encoded(StatusCode::OK, &Response { message: message.to_owned(), ..Response::default() })
}
