//! Handlers of provisioner jobs.

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::stream;
use orgd_api_types::ProvisionerJob;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::answer;
use super::error::ApiError;
use super::errors_documented::QueryErrors;
use super::gate::{AtOrganization, uuid_in_path};
use crate::operations::OrganizationsOperation;
use crate::service::{JobList, JobStream, Services};
use crate::wire::query::{JobListQuery, JobQuery, QueryString};

// The status filter as it is documented: one of these words. The server takes a list of them too. A doc comment here would
// become part of the document.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "exists for its schema only; the query is read by `wire::query`")]
enum StatusFilter {
    Canceled,
    Canceling,
    Failed,
    Pending,
    Running,
    Succeeded,
    Unknown,
}

/// The query parameters as they are documented; `wire::query` reads them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "exists for its schema only; the query is read by `wire::query`")]
pub struct JobListParameters {
    /// Page limit
    #[param(required = false, nullable = false, minimum = 0, maximum = 2_147_483_647, default = 50)]
    limit: Option<isize>,
    /// Filter results by job IDs
    #[param(required = false, nullable = false, style = Form, explode = false)]
    ids: Option<Vec<Uuid>>,
    /// Filter results by status
    #[param(required = false, nullable = false, inline)]
    status: Option<StatusFilter>,
    /// Provisioner tags to filter by (JSON of the form {'tag1':'value1','tag2':'value2'})
    #[param(required = false, nullable = false)]
    tags: Option<String>,
    /// Filter results by initiator
    #[param(required = false, nullable = false)]
    initiator: Option<Uuid>,
}

/// Get provisioner jobs
///
/// Lists the organization's jobs, newest first. All filters apply together. Without `limit` the newest 50 are answered;
/// `limit=0` answers all of them as a stream. `ids` and `status` take a comma-separated list, a repeated key, or both. A filter
/// by tags matches a job that has all the given pairs; the two pairs of an untagged job,
/// `{"owner":"","scope":"organization"}`, match only untagged jobs. In a URL the JSON is percent-encoded:
/// `tags=%7B%22gpu%22%3A%22yes%22%7D` for `{"gpu":"yes"}`.
#[utoipa::path(
    get, path = "/organizations/{organization}/provisionerjobs", operation_id = "getProvisionerJobs", tag = "Organizations",
    security(("CoderSessionToken" = [])),
    params(
        ("organization" = Uuid, Path, description = "Organization ID", example = "00000000-0000-0000-0000-000000000000"),
        JobListParameters
    ),
    responses((status = 200, description = "OK", body = [ProvisionerJob]), QueryErrors)
)]
pub async fn get_provisioner_jobs(at: AtOrganization, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let inside = at.require()?;
    let declared = OrganizationsOperation::GetProvisionerJobs.query_parameters();
    let query = QueryString::parse(request.query_string()).and_then(|query| JobListQuery::parse(&query, declared));
    let query = query.map_err(ApiError::Query)?;
    let list = inside.app.services.get_provisioner_jobs(inside.organization.organization.id, query).await?;
    Ok(match list {
        JobList::Whole(json) => answer::ready(StatusCode::OK, json),
        JobList::Stream(first, rest) => {
            HttpResponse::Ok().insert_header((CONTENT_TYPE, answer::JSON)).streaming(parts(first, rest))
        }
    })
}

/// Get provisioner job
///
/// Answers one job of the organization. A pending job says where it stands: its place and the length of the queue of the worker
/// that would take it first, and which live workers could take it.
#[utoipa::path(
    get, path = "/organizations/{organization}/provisionerjobs/{job}", operation_id = "getProvisionerJob", tag = "Organizations",
    security(("CoderSessionToken" = [])),
    params(
        ("organization" = Uuid, Path, description = "Organization ID", example = "00000000-0000-0000-0000-000000000000"),
        ("job" = Uuid, Path, description = "Job ID", example = "0198f5a0-7c1e-7d11-a3a4-1b0c4f1d2e3f")
    ),
    responses((status = 200, description = "OK", body = ProvisionerJob), QueryErrors)
)]
pub async fn get_provisioner_job(at: AtOrganization, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    // The syntax of the id is answered before the permission, as the reference does.
    let id = uuid_in_path(&request, "job")?;
    let inside = at.require()?;
    let query = QueryString::parse(request.query_string()).and_then(|query| JobQuery::parse(&query));
    let query = query.map_err(ApiError::Query)?;
    let job = inside.app.services.get_provisioner_job(inside.organization.organization.id, id, query).await?;
    Ok(answer::ready(StatusCode::OK, Services::encode_job(&job)))
}

/// The parts of a long list. A failure in the middle cuts the connection, so that nobody takes half a list for a whole one.
fn parts(first: Bytes, rest: Box<JobStream>) -> impl stream::Stream<Item = Result<Bytes, ApiError>> {
    stream::try_unfold((Some(first), rest), |(first, mut rest)| async move {
        let part = match first {
            Some(first) => Some(first),
            None => rest.next_part().await?,
        };
        Ok::<_, ApiError>(part.map(|part| (part, (None, rest))))
    })
}
