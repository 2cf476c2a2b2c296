//! Handlers of signing in and out, and of the first user.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, SET_COOKIE};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use orgd_api_types::{
    CreateFirstUserRequest, CreateFirstUserResponse, LoginWithPasswordRequest, LoginWithPasswordResponse, Response,
};

use super::error::ApiError;
use super::errors_documented::{FirstErrors, LoginErrors, LogoutErrors, VisitErrors};
use super::gate::{Entered, Visitor};
use super::state::App;
use super::{answer, body};

/// Name of the cookie that holds the session token.
const COOKIE: &str = "coder_session_token";

/// Check initial user created
///
/// Tells whether somebody can sign in here: 200 when there is a user, 404 on a new server that waits for its first one.
/// Command-line clients ask this before they log in. It needs no session token.
#[utoipa::path(
    get, path = "/users/first", operation_id = "checkInitialUserCreated", tag = "Users",
    responses(
        (status = 200, description = "OK", body = Response),
        (status = 404, description = "There is no user yet; the next request to `POST /users/first` makes one.", body = Response),
        FirstErrors
    )
)]
pub async fn check_initial_user_created(visitor: Visitor) -> Result<HttpResponse, ApiError> {
    visitor.app.services.check_first_user().await?;
    Ok(answer::encoded(StatusCode::OK, &say("The initial user has already been created!")))
}

/// Create initial user
///
/// Makes the first user, with a password and the role owner, and a member of the default organization. It needs no session
/// token, and works once: as soon as there is a user it is refused. An `Idempotency-Key` has no effect.
#[utoipa::path(
    post, path = "/users/first", operation_id = "createInitialUser", tag = "Users",
    request_body(content = CreateFirstUserRequest, description = "First user request"),
    responses(
        (status = 201, description = "Created", body = CreateFirstUserResponse),
        (status = 409, description = "There is a user already.", body = Response),
        VisitErrors
    )
)]
pub async fn create_initial_user(
    visitor: Visitor,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let new: CreateFirstUserRequest = body::json(&request, payload).await?;
    let created = visitor.app.services.create_first_user(new, visitor.origin).await?;
    Ok(answer::encoded(StatusCode::CREATED, &created))
}

/// Log in user
///
/// Exchanges a mail address and a password for a session token, which lasts for a day after its last use and is also set as
/// the cookie `coder_session_token`. A wrong password, an unknown address and a user without a password are answered alike
/// and take the same time. After ten failures for one user from one address further attempts from there are refused for a
/// while, whatever the password; other addresses are not.
#[utoipa::path(
    post, path = "/users/login", operation_id = "logInUser", tag = "Users",
    request_body(content = LoginWithPasswordRequest, description = "Login request"),
    responses(
        (status = 201, description = "Created", body = LoginWithPasswordResponse,
            headers(("Set-Cookie" = String, description = "The session token as the cookie `coder_session_token`."))),
        (status = 401, description = "Address and password do not belong together, or the user is suspended.", body = Response),
        (status = 429, description = "Too many attempts; `Retry-After` says when the next one counts.", body = Response,
            headers(("Retry-After" = isize, description = "Seconds to wait before the next attempt."))),
        LoginErrors
    )
)]
pub async fn log_in_user(visitor: Visitor, request: HttpRequest, payload: Payload) -> Result<HttpResponse, ApiError> {
    let login: LoginWithPasswordRequest = body::json(&request, payload).await?;
    let token = visitor.app.services.log_in(login, visitor.origin).await?;
    let mut response =
        answer::encoded(StatusCode::CREATED, &LoginWithPasswordResponse { session_token: token.reveal().to_owned() });
    set_cookie(&mut response, &visitor.app, token.reveal(), "");
    Ok(response)
}

/// Log out user
///
/// Revokes the session token that the request carries, at once and for good, and clears the cookie. An `Idempotency-Key` has
/// no effect: the token that it would belong to is gone.
#[utoipa::path(
    post, path = "/users/logout", operation_id = "logOutUser", tag = "Users",
    security(("CoderSessionToken" = [])),
    responses(
        (status = 200, description = "OK", body = Response),
        LogoutErrors
    )
)]
pub async fn log_out_user(entered: Entered) -> Result<HttpResponse, ApiError> {
    let Entered { app, caller, .. } = entered.require_own()?;
    app.services.log_out(&caller).await?;
    let mut response = answer::encoded(StatusCode::OK, &say("Logged out!"));
    set_cookie(&mut response, &app, "", "; Max-Age=0");
    Ok(response)
}

fn say(message: &str) -> Response {
    Response { message: message.to_owned(), ..Response::default() }
}

/// Sets the cookie with this session token, for this server alone and out of reach of scripts.
fn set_cookie(response: &mut HttpResponse, app: &App, token: &str, lifetime: &str) {
    let secure = if app.secure_cookies { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax{secure}{lifetime}");
    // A session token is letters, digits and a hyphen, which a header always takes.
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}
