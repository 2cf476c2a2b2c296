//! The handler of the audit log.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use orgd_api_types::AuditLogResponse;
use utoipa::IntoParams;

use super::answer;
use super::error::ApiError;
use super::errors_documented::AuditErrors;
use super::gate::Entered;
use crate::operations::AuditOperation;
use crate::wire::query::{AuditQuery, QueryString};

/// The query parameters as they are documented; `wire::query` reads them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "exists for its schema only; the query is read by `wire::query`")]
pub struct AuditParameters {
    /// Search query
    #[param(required = false, nullable = false, example = "resource_type:organization action:delete")]
    q: Option<String>,
    /// Page limit
    #[param(required = false, nullable = false, minimum = 0, maximum = 1000, example = 50)]
    limit: Option<isize>,
    /// Page offset
    #[param(required = false, nullable = false, minimum = 0, maximum = 2_147_483_647, example = 0)]
    offset: Option<isize>,
}

/// Get audit logs
///
/// The entries of the audit log that the caller may read, newest first: owners and auditors read all of them, the admins and auditors
/// of an organization those of their organization, everybody else none. `q` is a list of `key:value` pairs between spaces, of which
/// all must hold; a value with spaces stands in double quotes. Keys are `resource_type`, `resource_id`, `resource_target`,
/// `action`, `username`, `email`, `organization` (ID or name), `request_id`, `date_from` and `date_to` (days in UTC, both
/// included). A word without a key is a `resource_target`. Without `limit`, or with 0, a page has 50 entries.
#[utoipa::path(
    get, path = "/audit", operation_id = "getAuditLogs", tag = "Audit",
    security(("CoderSessionToken" = [])),
    params(AuditParameters),
    responses((status = 200, description = "OK", body = AuditLogResponse), AuditErrors)
)]
pub async fn get_audit_logs(entered: Entered, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let declared = AuditOperation::GetAuditLogs.query_parameters();
    let query = QueryString::parse(request.query_string()).and_then(|query| AuditQuery::parse(&query, declared));
    let query = query.map_err(ApiError::Query)?;
    let page = entered.app.services.get_audit_logs(&entered.caller, query).await?;
    Ok(answer::encoded(StatusCode::OK, &page))
}
