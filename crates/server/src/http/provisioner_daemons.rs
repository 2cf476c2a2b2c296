//! The handler of the list of workers.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use orgd_api_types::ProvisionerDaemon;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::answer;
use super::error::ApiError;
use super::errors_documented::QueryErrors;
use super::gate::AtOrganization;
use crate::operations::ProvisioningOperation;
use crate::wire::query::{QueryString, WorkerListQuery};

// The status filter as it is documented: one of these words. The server takes a list of them too. A doc comment here would
// become part of the document.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "exists for its schema only; the query is read by `wire::query`")]
enum WorkerStatusFilter {
    Offline,
    Idle,
    Busy,
}

/// The query parameters as they are documented; `wire::query` reads them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "exists for its schema only; the query is read by `wire::query`")]
pub struct WorkerListParameters {
    /// Page limit
    #[param(required = false, nullable = false, minimum = 0, maximum = 2_147_483_647, default = 50)]
    limit: Option<isize>,
    /// Filter results by worker IDs
    #[param(required = false, nullable = false, style = Form, explode = false)]
    ids: Option<Vec<Uuid>>,
    /// Filter results by status
    #[param(required = false, nullable = false, inline)]
    status: Option<WorkerStatusFilter>,
    /// Provisioner tags to filter by (JSON of the form {'tag1':'value1','tag2':'value2'})
    #[param(required = false, nullable = false)]
    tags: Option<String>,
    /// Include workers that are offline
    #[param(required = false, nullable = false)]
    offline: Option<bool>,
    /// Leave out workers that were not seen for so long, as a duration such as `1h30m`
    #[param(required = false, nullable = false, pattern = r"^(0|([0-9]{1,5}(\.[0-9]{1,9})?(ns|us|ms|s|m|h)){1,6})$")]
    max_age: Option<String>,
}

/// Get provisioner daemons
///
/// Lists the organization's workers with what they do, those that registered last first. A worker is `offline` when it was not
/// seen for 90 s, otherwise `busy` while it has a job, otherwise `idle`. Workers that are offline are left out unless `offline`
/// is true or `status` asks for them. All filters apply together. Without `limit` 50 are answered; `limit=0` answers all of
/// them. `ids` and `status` take a comma-separated list, a repeated key, or both. A filter by tags matches a worker that has all
/// the given pairs; the two pairs of an untagged job, `{"owner":"","scope":"organization"}`, match only workers that take
/// untagged jobs. In a URL the JSON is percent-encoded: `tags=%7B%22gpu%22%3A%22yes%22%7D` for `{"gpu":"yes"}`.
#[utoipa::path(
    get, path = "/organizations/{organization}/provisionerdaemons", operation_id = "getProvisionerDaemons", tag = "Provisioning",
    security(("CoderSessionToken" = [])),
    params(
        ("organization" = Uuid, Path, description = "Organization ID", example = "00000000-0000-0000-0000-000000000000"),
        WorkerListParameters
    ),
    responses((status = 200, description = "OK", body = [ProvisionerDaemon]), QueryErrors)
)]
pub async fn get_provisioner_daemons(at: AtOrganization, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let inside = at.require()?;
    let declared = ProvisioningOperation::GetProvisionerDaemons.query_parameters();
    let query = QueryString::parse(request.query_string()).and_then(|query| WorkerListQuery::parse(&query, declared));
    let query = query.map_err(ApiError::Query)?;
    let workers = inside.app.services.get_provisioner_daemons(inside.organization.organization.id, query).await?;
    Ok(answer::encoded(StatusCode::OK, &workers))
}
