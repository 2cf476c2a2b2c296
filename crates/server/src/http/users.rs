//! Handlers of users.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use orgd_api_types::{CreateUserRequest, GetUsersResponse, Response, UpdateUserProfileRequest, User};

use super::error::ApiError;
use super::errors_documented::{AddErrors, DeleteErrors, FilterErrors, ReadErrors};
use super::gate::{AtUser, Entered};
use super::{answer, body};
use crate::wire::query::{QueryString, UserListQuery};

/// Get users
///
/// Lists the users that the caller may read, ordered by name without regard to case. `q` holds words, of which each must be
/// part of the name or the mail address, and filters: `status:active,dormant`, `role:owner`, `login_type:password`, and
/// `created_before:`, `created_after:`, `last_seen_before:` and `last_seen_after:` with a time. A text in double quotes is
/// one word.
#[utoipa::path(
    get, path = "/users", operation_id = "getUsers", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("q" = Option<String>, Query, description = "Search query", nullable = false, example = "status:active"),
        ("after_id" = Option<Uuid>, Query, description = "After ID", nullable = false),
        ("limit" = Option<usize>, Query, description = "Page limit", nullable = false, example = 50),
        ("offset" = Option<usize>, Query, description = "Page offset", nullable = false, example = 0)
    ),
    responses(
        (status = 200, description = "OK", body = GetUsersResponse),
        FilterErrors
    )
)]
pub async fn get_users(entered: Entered, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let query = QueryString::parse(request.query_string()).and_then(|query| UserListQuery::parse(&query));
    let users = entered.app.services.get_users(&entered.caller, query.map_err(ApiError::Query)?).await?;
    Ok(answer::encoded(StatusCode::OK, &users))
}

/// Create new user
///
/// Makes a user without roles. Owners and user admins may. An `Idempotency-Key` is not needed and has no effect: the name
/// keeps the user from being made twice, and a trace of the password would have to be kept for it.
#[utoipa::path(
    post, path = "/users", operation_id = "createNewUser", tag = "Users",
    security(("CoderSessionToken" = [])),
    request_body(content = CreateUserRequest, description = "Create user request"),
    responses(
        (status = 201, description = "Created", body = User),
        (status = 409, description = "Another user has this name or this mail address, in whatever case.", body = Response),
        AddErrors
    )
)]
pub async fn create_new_user(
    entered: Entered,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let Entered { app, caller, .. } = entered.require()?;
    // Not through `idempotency`: that would store a hash of the body, and with it something to guess the password by.
    let new: CreateUserRequest = body::json(&request, payload).await?;
    Ok(answer::encoded(StatusCode::CREATED, &app.services.create_user(&caller, new).await?))
}

/// Get user by name
///
/// Answers one user. The path takes an ID, a name in any case, or `me`, which is the caller. Everybody may read themselves;
/// owners, template admins, user admins and auditors may read everybody.
#[utoipa::path(
    get, path = "/users/{user}", operation_id = "getUserByName", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "me")
    ),
    responses(
        (status = 200, description = "OK", body = User),
        ReadErrors
    )
)]
pub async fn get_user_by_name(at: AtUser) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    Ok(answer::encoded(StatusCode::OK, &over.app.services.show_user(over.user).await?))
}

/// Delete user
///
/// Deletes a user: all their session tokens end at once, they leave every organization, and their name and mail address are
/// free again. What they did stays recorded under their ID. Nobody can delete themselves, only owners can delete an owner,
/// and the last owner cannot be deleted.
#[utoipa::path(
    delete, path = "/users/{user}", operation_id = "deleteUser", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "ben")
    ),
    responses(
        (status = 200, description = "OK", body = Response),
        (status = 409, description = "The user is the last owner.", body = Response),
        DeleteErrors
    )
)]
pub async fn delete_user(at: AtUser) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    over.app.services.delete_user(&over.caller, &over.user).await?;
    let done = Response { message: "User has been deleted!".to_owned(), ..Response::default() };
    Ok(answer::encoded(StatusCode::OK, &done))
}

/// Update user profile
///
/// Sets the name and the full name. Everybody may change their own; owners and user admins may change others', but only
/// owners an owner's.
#[utoipa::path(
    put, path = "/users/{user}/profile", operation_id = "updateUserProfile", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "me")
    ),
    request_body(content = UpdateUserProfileRequest, description = "Updated profile"),
    responses(
        (status = 200, description = "OK", body = User),
        (status = 409, description = "Another user has this name, in whatever case.", body = Response),
        AddErrors
    )
)]
pub async fn update_user_profile(at: AtUser, request: HttpRequest, payload: Payload) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    let changes: UpdateUserProfileRequest = body::json(&request, payload).await?;
    let updated = over.app.services.update_user_profile(&over.caller, &over.user, changes).await?;
    Ok(answer::encoded(StatusCode::OK, &updated))
}
