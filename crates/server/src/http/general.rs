//! Handlers of what the server says of itself.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use orgd_api_types::{BuildInfoResponse, Entitlements, Response};

use super::answer;
use super::error::ApiError;
use super::errors_documented::{OpenErrors, SignedInErrors};
use super::gate::{AtDoor, Entered};
use super::headers::BUILD_VERSION;

/// Where the version of Coder is described whose API this is. Coder's own servers name their release here.
pub const RELEASE: &str = "https://github.com/coder/coder/releases/tag/v2.32.0";
/// The version of Coder's provisioner API that its 2.32 has.
pub const PROVISIONER_API: &str = "1.13";

/// API root handler
///
/// Answers anybody: the API is here.
#[utoipa::path(
    get, path = "/", operation_id = "getAPIRoot", tag = "General",
    responses((status = 200, description = "OK", body = Response), OpenErrors)
)]
pub async fn get_api_root(_: AtDoor) -> HttpResponse {
    answer::encoded(StatusCode::OK, &Response { message: "👋".to_owned(), ..Response::default() })
}

/// Build info
///
/// Tells anybody which server this is.
#[utoipa::path(
    get, path = "/buildinfo", operation_id = "getBuildInfo", tag = "General",
    responses((status = 200, description = "OK", body = BuildInfoResponse), OpenErrors)
)]
pub async fn get_build_info(door: AtDoor, request: HttpRequest) -> HttpResponse {
    let reached = || {
        let connection = request.connection_info();
        format!("{}://{}", connection.scheme(), connection.host())
    };
    let info = BuildInfoResponse {
        external_url: RELEASE.to_owned(),
        version: BUILD_VERSION.to_owned(),
        dashboard_url: door.app.public_url.clone().unwrap_or_else(reached),
        telemetry: false,
        workspace_proxy: false,
        agent_api_version: String::new(),
        provisioner_api_version: PROVISIONER_API.to_owned(),
        upgrade_message: String::new(),
        deployment_id: door.app.services.deployment_id().to_string(),
    };
    answer::encoded(StatusCode::OK, &info)
}

/// Get entitlements
///
/// Lists the features that Coder's licences distinguish. What this server can do is `entitled` and enabled, without a
/// licence; the rest is `not_entitled`.
#[utoipa::path(
    get, path = "/entitlements", operation_id = "getEntitlements", tag = "General",
    security(("CoderSessionToken" = [])),
    responses((status = 200, description = "OK", body = Entitlements), SignedInErrors)
)]
pub async fn get_entitlements(entered: Entered) -> Result<HttpResponse, ApiError> {
    let Entered { app, .. } = entered.require()?;
    Ok(answer::encoded(StatusCode::OK, &app.services.get_entitlements()))
}
