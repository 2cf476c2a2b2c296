//! From what went wrong to the answer: one table of statuses and messages.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use orgd_api_types::{Response, ValidationError};

use super::answer;
use super::body::UnreadableBody;
use crate::auth::authenticate::AuthenticationError;
use crate::db::DbError;
use crate::service::ServiceError;
use crate::wire;

mod users;

/// Nothing can be told apart from nothing that may be seen.
pub const NOT_FOUND: &str = "Resource not found or you do not have access to this resource";
/// The message of every answer to somebody who is not signed in.
pub const SIGNED_OUT: &str = "You are signed out or your session has expired. Please sign in again to continue.";
/// The message of every defect.
pub const INTERNAL: &str = "An internal error occurred. Please try again or contact the system administrator.";
/// The message of everything that passes by itself.
pub const UNAVAILABLE: &str = "The server is overloaded or its database is out of reach. Please try again.";
/// The message when a change was asked for and not confirmed.
pub const UNCONFIRMED: &str = "The database did not confirm the change in time. It may have been made or not.";
/// Who can, when somebody wants to change their own roles.
const OTHERS_CHANGE: &str = "Another user with the appropriate permissions must change your roles.";
/// What to do about that.
const REPEAT: &str = "A POST with an Idempotency-Key can be repeated with the same key: it then happens once.";
/// The message when a key was given before with another request.
pub const KEY_USED: &str = "This Idempotency-Key was used for another request.";
/// The message when a job has another status than the caller expects.
pub const UNEXPECTED_STATUS: &str = "Job is not in the expected state.";
/// The message when another attempt has the job.
pub const LEASE_LOST: &str = "lease lost";
/// The message when somebody is to be added who is there.
pub const ALREADY_MEMBER: &str = "Organization member already exists in this organization";
/// The message when somebody wants to leave.
pub const OWN_MEMBERSHIP: &str = "cannot remove self from an organization";
/// The rule that this breaks.
pub const KEY_RULE: &str = "must be a new one for each request, and the same one only to repeat that request";
/// The longest path, in bytes.
pub const MAX_PATH: usize = 8 * 1024;
/// The most that the names and values of all headers may have together, in bytes.
pub const MAX_HEADERS: usize = 32 * 1024;
/// Seconds after which a busy server may be asked again.
const RETRY_SOON: u32 = 1;

/// Everything that an answer other than success can be about.
#[derive(Debug)]
pub enum ApiError {
    /// A rule of the service refuses.
    Service(ServiceError),
    /// The caller is not known.
    Authentication(AuthenticationError),
    /// Query parameters break rules.
    Query(Vec<ValidationError>),
    /// Headers break rules.
    Headers(Vec<ValidationError>),
    /// The body cannot be read.
    Body(UnreadableBody),
    /// A path segment that must be a UUID is none.
    Uuid {
        /// The segment as it was sent.
        raw: String,
        /// What is wrong with it.
        why: String,
    },
    /// A request with a cookie does not prove that its page made it.
    CrossSite(&'static str),
    /// Too many requests.
    RateLimited {
        /// How many are allowed in a minute.
        limit: u32,
    },
    /// Only owners may ask to bypass the rate limit.
    BypassRefused,
    /// The path is longer than any that means something.
    PathTooLong,
    /// The headers together are larger than any request needs.
    HeadTooLarge,
    /// Too many requests are under way.
    Overloaded,
    /// The caller's address has too many connections.
    TooManyConnections,
    /// The path is not one of the API's.
    RouteNotFound,
    /// The path is, the method is not.
    MethodNotAllowed {
        /// The methods that are.
        allow: &'static str,
    },
    /// A handler panicked.
    Panic,
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        Self::Service(error.into())
    }
}

impl From<UnreadableBody> for ApiError {
    fn from(error: UnreadableBody) -> Self {
        Self::Body(error)
    }
}

impl ApiError {
    /// The text for the log when the fault is the server's.
    pub fn defect(&self) -> Option<String> {
        match self {
            Self::Panic => Some("a handler panicked".to_owned()),
            Self::Service(
                ServiceError::Internal(why) | ServiceError::Unavailable(why) | ServiceError::OutcomeUnknown(why),
            ) => Some(why.clone()),
            Self::Authentication(AuthenticationError::Database(error)) => Some(error.to_string()),
            _ => None,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Service(error) => service_status(error),
            Self::Authentication(AuthenticationError::Database(error)) if error.is_passing() => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Authentication(AuthenticationError::Database(_)) | Self::Panic => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Authentication(_) => StatusCode::UNAUTHORIZED,
            Self::Query(_) | Self::Headers(_) | Self::Uuid { .. } | Self::CrossSite(_) => StatusCode::BAD_REQUEST,
            Self::Body(error) => error.status(),
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::BypassRefused => StatusCode::PRECONDITION_REQUIRED,
            Self::PathTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Overloaded | Self::TooManyConnections => StatusCode::SERVICE_UNAVAILABLE,
            Self::RouteNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// The body of the answer. That of a defect has no detail: the middleware adds the request id.
    pub fn body(&self) -> Response {
        let say = |message: String| Response { message, ..Response::default() };
        let explain =
            |message: &str, detail: String| Response { message: message.to_owned(), detail, validations: Vec::new() };
        match self {
            Self::Service(error) => service_body(error),
            Self::Authentication(AuthenticationError::Database(error)) if error.is_passing() => {
                say(UNAVAILABLE.to_owned())
            }
            Self::Authentication(AuthenticationError::Database(_)) | Self::Panic => say(INTERNAL.to_owned()),
            Self::Authentication(error @ AuthenticationError::Inactive(_)) => say(error.to_string()),
            Self::Authentication(error) => explain(SIGNED_OUT, error.to_string()),
            Self::Query(validations) => Response {
                message: "Invalid query parameters.".to_owned(),
                detail: String::new(),
                validations: validations.clone(),
            },
            Self::Headers(validations) => Response {
                message: "Invalid request headers.".to_owned(),
                detail: String::new(),
                validations: validations.clone(),
            },
            Self::Body(error) => error.body(),
            Self::Uuid { raw, why } => explain(&format!("Invalid UUID \"{raw}\"."), why.clone()),
            Self::CrossSite(why) => say((*why).to_owned()),
            Self::RateLimited { limit } => {
                say(format!("You've been rate limited for sending more than {limit} requests in 1m0s."))
            }
            Self::BypassRefused => say("\"X-Coder-Bypass-Ratelimit\" provided but user is not owner".to_owned()),
            Self::PathTooLong => explain("Path too long.", format!("The maximum is {MAX_PATH} bytes.")),
            Self::HeadTooLarge => explain(
                "Request headers too large.",
                format!("The maximum is {MAX_HEADERS} bytes, all names and values together."),
            ),
            Self::Overloaded => say(UNAVAILABLE.to_owned()),
            Self::TooManyConnections => say("Your address has too many connections to this server.".to_owned()),
            Self::RouteNotFound => say("Route not found.".to_owned()),
            Self::MethodNotAllowed { allow } => explain("Method not allowed.", format!("This path answers {allow}.")),
        }
    }

    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Authentication(AuthenticationError::Database(error)) if error.is_passing() => {
                Some((RETRY_AFTER, HeaderValue::from(RETRY_SOON)))
            }
            Self::Service(ServiceError::Unavailable(_) | ServiceError::OutcomeUnknown(_))
            | Self::Overloaded
            | Self::TooManyConnections => Some((RETRY_AFTER, HeaderValue::from(RETRY_SOON))),
            Self::Service(ServiceError::User(error)) => users::header(error),
            Self::Authentication(AuthenticationError::Database(_)) => None,
            Self::Authentication(error) => Some((WWW_AUTHENTICATE, challenge(error))),
            Self::RateLimited { .. } => Some((RETRY_AFTER, HeaderValue::from(60))),
            Self::MethodNotAllowed { allow } => Some((ALLOW, HeaderValue::from_static(allow))),
            _ => None,
        }
    }
}

fn challenge(error: &AuthenticationError) -> HeaderValue {
    HeaderValue::from_static(match error {
        AuthenticationError::Expired(_) => {
            r#"Bearer realm="coder", error="invalid_token", error_description="The access token has expired""#
        }
        _ => r#"Bearer realm="coder", error="invalid_token", error_description="The access token is invalid""#,
    })
}

fn service_status(error: &ServiceError) -> StatusCode {
    match error {
        ServiceError::User(error) => users::status(error),
        ServiceError::Validation(_)
        | ServiceError::ReservedName(_)
        | ServiceError::DefaultOrganization
        | ServiceError::CancelRefused(_)
        | ServiceError::AlreadyMember
        | ServiceError::OwnMembership
        | ServiceError::OwnRoles => StatusCode::BAD_REQUEST,
        ServiceError::UnexpectedStatus => StatusCode::PRECONDITION_FAILED,
        ServiceError::NotFound => StatusCode::NOT_FOUND,
        ServiceError::Forbidden(_) | ServiceError::RoleNotAssignable(_) => StatusCode::FORBIDDEN,
        ServiceError::NameTaken(_)
        | ServiceError::KeyNameTaken(_)
        | ServiceError::DeletionBlocked(_)
        | ServiceError::JobIdTaken(_)
        | ServiceError::JobEnded(_)
        | ServiceError::LeaseLost(_) => StatusCode::CONFLICT,
        ServiceError::KeyOfAnotherRequest => StatusCode::UNPROCESSABLE_ENTITY,
        ServiceError::Unavailable(_) | ServiceError::OutcomeUnknown(_) => StatusCode::SERVICE_UNAVAILABLE,
        ServiceError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn service_body(error: &ServiceError) -> Response {
    if let ServiceError::User(error) = error {
        return users::body(error);
    }
    let (message, detail, validations) = match error {
        ServiceError::Validation(validations) => ("Validation failed.".to_owned(), String::new(), validations.clone()),
        ServiceError::ReservedName(name) => {
            (format!("Organization name \"{name}\" is reserved."), String::new(), Vec::new())
        }
        ServiceError::DefaultOrganization => {
            ("Default organization cannot be deleted.".to_owned(), String::new(), Vec::new())
        }
        ServiceError::NotFound => (NOT_FOUND.to_owned(), String::new(), Vec::new()),
        ServiceError::Forbidden(permission) => {
            let detail = format!("You don't have permission to {}.", permission.in_words());
            ("Forbidden.".to_owned(), detail, Vec::new())
        }
        ServiceError::NameTaken(name) => taken("Organization", name),
        ServiceError::KeyNameTaken(name) => taken("Provisioner key", name),
        ServiceError::KeyOfAnotherRequest => {
            let used = ValidationError::new(wire::idempotency::HEADER, KEY_RULE);
            (KEY_USED.to_owned(), String::new(), vec![used])
        }
        ServiceError::JobIdTaken(why) => {
            ("A provisioner job with this ID exists.".to_owned(), String::new(), vec![why.clone()])
        }
        ServiceError::JobEnded(why) | ServiceError::CancelRefused(why) => {
            ((*why).to_owned(), String::new(), Vec::new())
        }
        ServiceError::AlreadyMember => (ALREADY_MEMBER.to_owned(), String::new(), Vec::new()),
        ServiceError::OwnMembership => (OWN_MEMBERSHIP.to_owned(), String::new(), Vec::new()),
        ServiceError::OwnRoles => {
            ("You cannot change your own organization roles.".to_owned(), OTHERS_CHANGE.to_owned(), Vec::new())
        }
        ServiceError::RoleNotAssignable(role) => {
            let detail = format!("You don't have permission to give or take away the role {role:?}.");
            ("Forbidden.".to_owned(), detail, Vec::new())
        }
        ServiceError::UnexpectedStatus => (UNEXPECTED_STATUS.to_owned(), String::new(), Vec::new()),
        ServiceError::LeaseLost(attempt) => {
            let detail = format!("Attempt {attempt} of this job does not hold it any more.");
            (LEASE_LOST.to_owned(), detail, Vec::new())
        }
        ServiceError::DeletionBlocked(blockers) => {
            ("Error deleting organization.".to_owned(), blockers.in_words(), Vec::new())
        }
        ServiceError::User(_) => (INTERNAL.to_owned(), String::new(), Vec::new()),
        ServiceError::Unavailable(_) => (UNAVAILABLE.to_owned(), String::new(), Vec::new()),
        ServiceError::OutcomeUnknown(_) => (UNCONFIRMED.to_owned(), REPEAT.to_owned(), Vec::new()),
        ServiceError::Internal(_) => (INTERNAL.to_owned(), String::new(), Vec::new()),
    };
    Response { message, detail, validations }
}

fn taken(what: &str, name: &str) -> (String, String, Vec<ValidationError>) {
    let taken = ValidationError::new("name", "This value is already in use and should be unique.");
    (format!("{what} already exists with the name \"{name}\"."), String::new(), vec![taken])
}

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.body().message)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = answer::encoded(self.status(), &self.body());
        if let Some((name, value)) = self.header() {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
