//! The control routes of a test double, below `/_test`: on a port of their own, never on the API's.

mod described;
pub(super) mod document;
mod faults;
mod routes;
mod shapes;

pub use described::openapi;
pub(super) use shapes::unknown_keys;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::{Server, Service as _};
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, ORIGIN};
use actix_web::web::{self, Data};
use actix_web::{HttpResponse, HttpServer, ResponseError};
use orgd_api_types::{Response, ValidationError};
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq;

use super::answer;
use super::error::ApiError;
use crate::service::ServiceError;
use crate::test_double::{LoadError, StepError, TestDouble};
use crate::wire::body::read_one_object;

/// The largest body: a fixture of a whole installation.
const LARGEST: usize = 256 * 1024 * 1024;

/// Starts serving the control routes on the socket. `secret`, if there is one, must come with each request as a bearer token.
pub fn serve(
    double: Arc<TestDouble>,
    listener: TcpListener,
    secret: Option<String>,
) -> std::io::Result<(Server, SocketAddr)> {
    let address = listener.local_addr()?;
    let double = Data::from(double);
    let secret: Option<Arc<str>> = secret.map(Into::into);
    let server = HttpServer::new(move || {
        let secret = secret.clone();
        actix_web::App::new()
            .app_data(double.clone())
            .app_data(web::PayloadConfig::new(LARGEST))
            .configure(routes::configure)
            .default_service(web::to(|| async { Err::<String, _>(Refusal::NoRoute) }))
            .wrap_fn(move |request, service| {
                let refused = refuse(request.headers(), secret.as_deref());
                let answered = if refused.is_none() { Some(service.call(request)) } else { None };
                async move {
                    match (refused, answered) {
                        (None, Some(answered)) => answered.await,
                        (Some(refusal), _) => Err(refusal.into()),
                        (None, None) => Err(Refusal::NoRoute.into()),
                    }
                }
            })
    })
    // Two, so that whoever waits in one of them does not keep the others waiting.
    .workers(2)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?
    .run();
    Ok((server, address))
}

/// Why a request is not let in.
fn refuse(headers: &HeaderMap, secret: Option<&str>) -> Option<Refusal> {
    // Pages of a browser have no business here, whatever they come from.
    if headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-site") {
        return Some(Refusal::Browser);
    }
    let secret = secret?;
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.strip_prefix("Bearer ").unwrap_or_default();
    let is_right = bool::from(given.as_bytes().ct_eq(secret.as_bytes()));
    (!is_right).then_some(Refusal::Secret)
}

/// Why a control route does not do what it was asked for.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("Route not found.")]
    NoRoute,
    #[error("The control routes are not for browsers.")]
    Browser,
    #[error("The control token is missing or wrong.")]
    Secret,
    #[error("Validation failed.")]
    Validation(Vec<ValidationError>),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    Failed(String),
}

impl Refusal {
    fn field(field: &str, rule: impl Into<String>) -> Self {
        Self::Validation(vec![ValidationError::new(field, rule)])
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoRoute | Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Browser => StatusCode::FORBIDDEN,
            Self::Secret => StatusCode::UNAUTHORIZED,
            Self::Validation(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let detail = match self {
            Self::NoRoute => "GET /_test lists what there is.",
            Self::Secret => "Send it as: Authorization: Bearer TOKEN.",
            _ => "",
        };
        let validations = if let Self::Validation(list) = self { list.clone() } else { Vec::new() };
        let body = Response { message: self.to_string(), detail: detail.to_owned(), validations };
        answer::encoded(self.status_code(), &body)
    }
}

impl From<LoadError> for Refusal {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::State(error) => Self::field("name", error.to_string()),
            LoadError::Database(error) => error.into(),
        }
    }
}

impl From<crate::db::DbError> for Refusal {
    fn from(error: crate::db::DbError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<StepError> for Refusal {
    fn from(error: StepError) -> Self {
        match error {
            StepError::NoJob(_) => Self::NotFound(error.to_string()),
            StepError::Impossible { .. } | StepError::NoWorker(_) => Self::Conflict(error.to_string()),
            StepError::NoFailure => Self::field("error", error.to_string()),
            StepError::NoLogs => Self::field("logs", error.to_string()),
            StepError::Service(ServiceError::NotFound) => Self::NotFound("there is no such job".to_owned()),
            StepError::Service(error) => Self::Failed(ApiError::from(error).to_string()),
        }
    }
}

/// Reads a body. An empty one counts as `{}`.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let text: &[u8] = if body.is_empty() { b"{}" } else { body };
    read_one_object(text).map_err(|error| match error.validations() {
        fields if fields.is_empty() => Refusal::field("body", error.to_string()),
        fields => Refusal::Validation(fields),
    })
}
