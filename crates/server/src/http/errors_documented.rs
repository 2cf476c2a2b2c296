//! The error answers of the document: each is written once and referred to by the operations that can give it.

use std::collections::BTreeMap;

use orgd_api_types::{Response, ValidationError};
use serde_json::Value;
use utoipa::IntoResponses;
use utoipa::openapi::response::{Response as DocumentedResponse, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, HeaderBuilder, Ref, RefOr};

use super::body::too_large;
use super::error::{INTERNAL, KEY_RULE, KEY_USED, NOT_FOUND, SIGNED_OUT, UNAVAILABLE};
use crate::wire;

/// One error answer: its status, its name among the components, its meaning and an example.
struct Documented {
    status: u16,
    name: &'static str,
    description: &'static str,
    example: Response,
    retry_after: bool,
}

/// Declares a set of error answers that `#[utoipa::path]` can name.
macro_rules! error_set {
    ($(#[$meta:meta])* $name:ident: $($status:literal)+) => {
        $(#[$meta])*
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<DocumentedResponse>> {
                references(&[$($status),+])
            }
        }
    };
}

error_set! {
    /// Of a list that everybody may ask for.
    ListErrors: 401 428 429 500 503
}
error_set! {
    /// Of reading one object.
    ReadErrors: 401 404 428 429 500 503
}
error_set! {
    /// Of reading with parameters that can be wrong.
    QueryErrors: 400 401 404 428 429 500 503
}
error_set! {
    /// Of creating.
    CreateErrors: 400 401 403 409 413 415 422 428 429 500 503
}
error_set! {
    /// Of creating something in an organization; what is in the way is the operation's own to describe.
    CreateInsideErrors: 400 401 403 404 413 415 422 428 429 500 503
}
error_set! {
    /// Of adding to an organization; which names are taken is the operation's own to describe.
    AddErrors: 400 401 403 404 413 415 428 429 500 503
}
error_set! {
    /// Of changing.
    UpdateErrors: 400 401 403 404 409 413 415 428 429 500 503
}
error_set! {
    /// Of deleting; what is in the way is the operation's own to describe.
    DeleteErrors: 400 401 403 404 428 429 500 503
}

error_set! {
    /// Of what everybody may who is signed in.
    SignedInErrors: 401 403 428 429 500 503
}
error_set! {
    /// Of what anybody may.
    OpenErrors: 429
}
error_set! {
    /// Of adding a member; who cannot be added is the operation's own to describe.
    AddMemberErrors: 401 403 404 422 428 429 500 503
}
error_set! {
    /// Of removing a member; who cannot be removed is the operation's own to describe.
    RemoveMemberErrors: 401 403 404 428 429 500 503
}
error_set! {
    /// Of changing something in an organization where no names are taken.
    UpdateInsideErrors: 400 401 403 404 413 415 428 429 500 503
}
error_set! {
    /// Of registering a worker.
    RegisterErrors: 400 401 403 404 413 415 428 429 500 503
}
error_set! {
    /// Of what workers send; whether they hold the job is the operation's own to describe.
    WorkErrors: 400 401 404 413 415 428 429 500 503
}
error_set! {
    /// Of canceling; what is in the way is the operation's own to describe.
    CancelErrors: 401 404 428 429 500 503
}

error_set! {
    /// Of what somebody asks who is not signed in.
    FirstErrors: 429 500 503
}
error_set! {
    /// Of what somebody sends who is not signed in.
    VisitErrors: 400 413 415 429 500 503
}
error_set! {
    /// Of signing in; how often that can fail is the operation's own to describe.
    LoginErrors: 400 413 415 500 503
}
error_set! {
    /// Of signing out.
    LogoutErrors: 400 401 428 429 500 503
}
error_set! {
    /// Of a list that is filtered and hides what the caller may not see.
    FilterErrors: 400 401 428 429 500 503
}
error_set! {
    /// Of changing a password; how often that can fail is the operation's own to describe.
    PasswordErrors: 400 401 403 404 413 415 428 500 503
}

error_set! {
    /// Of a list with parameters that can be wrong and from which nobody is turned away.
    AuditErrors: 400 401 428 429 500 503
}

fn references(statuses: &[u16]) -> BTreeMap<String, RefOr<DocumentedResponse>> {
    let documented = documented();
    let wanted = documented.iter().filter(|answer| statuses.contains(&answer.status));
    wanted.map(|answer| (answer.status.to_string(), Ref::from_response_name(answer.name).into())).collect()
}

/// The components that the references above point to.
pub fn components() -> BTreeMap<String, RefOr<DocumentedResponse>> {
    documented().into_iter().map(|answer| (answer.name.to_owned(), response_of(answer).into())).collect()
}

fn response_of(answer: Documented) -> DocumentedResponse {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("codersdk.Response")))
        .example(serde_json::to_value(answer.example).ok().or(Some(Value::Null)))
        .build();
    let builder = ResponseBuilder::new().description(answer.description).content("application/json", content);
    let builder = if answer.retry_after { builder.header("Retry-After", retry_after()) } else { builder };
    builder.build()
}

fn retry_after() -> utoipa::openapi::Header {
    HeaderBuilder::new()
        .description(Some("Seconds to wait before the next attempt."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::Integer)))
        .build()
}

fn say(message: &str, detail: &str) -> Response {
    Response { message: message.to_owned(), detail: detail.to_owned(), validations: Vec::new() }
}

fn documented() -> Vec<Documented> {
    let answer =
        |status, name, description, example| Documented { status, name, description, example, retry_after: false };
    let mut all = refusals(answer);
    all.extend([
        Documented {
            retry_after: true,
            ..answer(
                429,
                "TooManyRequests",
                "The caller sent more requests to this path within a minute than the rate limit allows.",
                say("You've been rate limited for sending more than 512 requests in 1m0s.", ""),
            )
        },
        answer(
            500,
            "InternalServerError",
            "The server failed. The body names the request id under which its log has the rest.",
            say(INTERNAL, "Request ID 0198f5a0-7c1e-7d11-a3a4-1b0c4f1d2e3f"),
        ),
        Documented {
            retry_after: true,
            ..answer(
                503,
                "ServiceUnavailable",
                "The database is overloaded or out of reach. Nothing was changed, unless the message says that this is not known. \
                 Try again; a POST that has an `Idempotency-Key` happens once however often it is sent.",
                say(UNAVAILABLE, ""),
            )
        },
    ]);
    all
}

fn refusals(answer: impl Fn(u16, &'static str, &'static str, Response) -> Documented) -> Vec<Documented> {
    let invalid_name = ValidationError::new(
        "name",
        "must be 1 to 32 letters and digits in groups joined by single hyphens, for example \"platform-team\"",
    );
    let taken = ValidationError::new("name", "This value is already in use and should be unique.");
    let used = ValidationError::new(wire::idempotency::HEADER, KEY_RULE);
    vec![
        answer(
            400,
            "BadRequest",
            "The request is malformed or breaks a rule; `validations` names each failing field.",
            Response { validations: vec![invalid_name], ..say("Validation failed.", "") },
        ),
        answer(
            401,
            "Unauthorized",
            "No session token was given, or it is malformed, unknown, expired or revoked, or its user is suspended.",
            say(SIGNED_OUT, "Cookie \"coder_session_token\" or query parameter must be provided."),
        ),
        answer(
            403,
            "Forbidden",
            "The caller is authenticated and may see the target, but its roles do not allow this operation.",
            say("Forbidden.", "You don't have permission to update this organization."),
        ),
        answer(
            404,
            "NotFound",
            "The target does not exist, or the caller may not read it. The two cannot be told apart.",
            say(NOT_FOUND, ""),
        ),
        answer(
            409,
            "NameConflict",
            "Another organization has this name, in whatever case.",
            Response {
                validations: vec![taken],
                ..say("Organization already exists with the name \"platform-team\".", "")
            },
        ),
        answer(413, "PayloadTooLarge", "The request body is larger than 1 MiB.", too_large()),
        answer(
            415,
            "UnsupportedMediaType",
            "The `Content-Type` of the body is neither absent nor JSON.",
            say("Unsupported media type.", "Content-Type \"text/plain\" is not supported; send application/json."),
        ),
        answer(
            422,
            "IdempotencyKeyReused",
            "The caller has used this `Idempotency-Key` within a day for a request with another body.",
            Response { validations: vec![used], ..say(KEY_USED, "") },
        ),
        answer(
            428,
            "PreconditionRequired",
            "The rate limit bypass was asked for by a user who is not an owner.",
            say("\"X-Coder-Bypass-Ratelimit\" provided but user is not owner", ""),
        ),
    ]
}
