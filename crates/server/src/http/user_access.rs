//! Handlers of what decides how far a user comes: password, roles, status.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use orgd_api_types::{Response, UpdateRoles, UpdateUserPasswordRequest, User};

use super::error::ApiError;
use super::errors_documented::{AddErrors, DeleteErrors, PasswordErrors, ReadErrors};
use super::gate::AtUser;
use super::{answer, body};

/// Update user password
///
/// Sets a new password and ends all session tokens of the user at once, the one that the request carries included. Whoever
/// changes their own password gives the present one as well; owners and user admins need not for others, but only owners can
/// set an owner's. Wrong present passwords count as attempts to log in.
#[utoipa::path(
    put, path = "/users/{user}/password", operation_id = "updateUserPassword", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "me")
    ),
    request_body(content = UpdateUserPasswordRequest, description = "Update password request"),
    responses(
        (status = 204, description = "No Content"),
        (status = 429, description = "Too many requests to this path, or too many wrong passwords; `Retry-After` says when the next one counts.", body = Response,
            headers(("Retry-After" = isize, description = "Seconds to wait before the next attempt."))),
        PasswordErrors
    )
)]
pub async fn update_user_password(
    at: AtUser,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    let change: UpdateUserPasswordRequest = body::json(&request, payload).await?;
    over.app.services.update_password(&over.caller, &over.user, change, over.address).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Get user roles
///
/// Answers the user with their roles in the whole installation. Everybody may ask for their own; owners and user admins for
/// everybody's.
#[utoipa::path(
    get, path = "/users/{user}/roles", operation_id = "getUserRoles", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "me")
    ),
    responses(
        (status = 200, description = "OK", body = User),
        ReadErrors
    )
)]
pub async fn get_user_roles(at: AtUser) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    Ok(answer::encoded(StatusCode::OK, &over.app.services.show_user(over.user).await?))
}

/// Assign role to user
///
/// Gives the user these roles in the whole installation instead of those that they have; `member`, which everybody is, can
/// be named or left out. Only owners may, nobody can change their own roles, and the last owner stays one.
#[utoipa::path(
    put, path = "/users/{user}/roles", operation_id = "assignRoleToUser", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "ben")
    ),
    request_body(content = UpdateRoles, description = "Update roles request"),
    responses(
        (status = 200, description = "OK", body = User),
        (status = 409, description = "The user is the last owner.", body = Response),
        AddErrors
    )
)]
pub async fn assign_role_to_user(at: AtUser, request: HttpRequest, payload: Payload) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    let roles: UpdateRoles = body::json(&request, payload).await?;
    let updated = over.app.services.assign_roles(&over.caller, &over.user, roles).await?;
    Ok(answer::encoded(StatusCode::OK, &updated))
}

/// Suspend user account
///
/// Refuses everything to the user from the next request on, until they are activated. Their session tokens are kept. Owners
/// and user admins may, nobody can suspend themselves, and an owner cannot be suspended: take the role away first.
#[utoipa::path(
    put, path = "/users/{user}/status/suspend", operation_id = "suspendUserAccount", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "ben")
    ),
    responses(
        (status = 200, description = "OK", body = User),
        DeleteErrors
    )
)]
pub async fn suspend_user_account(at: AtUser) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    let updated = over.app.services.set_user_active(&over.caller, &over.user, false).await?;
    Ok(answer::encoded(StatusCode::OK, &updated))
}

/// Activate user account
///
/// Lets a user in again who was suspended, or makes a dormant one active. Session tokens that have not expired meanwhile are
/// good again. Owners and user admins may.
#[utoipa::path(
    put, path = "/users/{user}/status/activate", operation_id = "activateUserAccount", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "ben")
    ),
    responses(
        (status = 200, description = "OK", body = User),
        DeleteErrors
    )
)]
pub async fn activate_user_account(at: AtUser) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    let updated = over.app.services.set_user_active(&over.caller, &over.user, true).await?;
    Ok(answer::encoded(StatusCode::OK, &updated))
}
