//! Handlers of session tokens.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use orgd_api_types::{ApiKey, CreateTokenRequest, GenerateApiKeyResponse, Response, TokenConfig};

use super::error::ApiError;
use super::errors_documented::{AddErrors, DeleteErrors, QueryErrors, ReadErrors};
use super::gate::{AtUser, text_in_path};
use super::{answer, body};
use crate::wire::query::{QueryString, TokenListQuery};

/// Create new session key
///
/// Makes a session token of its own for a device, and answers it; it is shown here and never again. It lasts for seven days
/// after its last use. Everybody may for themselves, owners for everybody. The request has no body, and an `Idempotency-Key`
/// has no effect, since the answer is not stored.
#[utoipa::path(
    post, path = "/users/{user}/keys", operation_id = "createNewSessionKey", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "me")
    ),
    responses(
        (status = 201, description = "Created", body = GenerateApiKeyResponse),
        DeleteErrors
    )
)]
pub async fn create_new_session_key(at: AtUser) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    let made = over.app.services.create_session_key(&over.caller, over.user.id, over.address).await?;
    Ok(answer::encoded(StatusCode::CREATED, &made))
}

/// Get API key by ID
///
/// Answers one session token without its secret, whether or not it has expired. Everybody may read their own, owners
/// everybody's.
#[utoipa::path(
    get, path = "/users/{user}/keys/{keyid}", operation_id = "getAPIKeyByID", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "me"),
        ("keyid" = String, Path, description = "Key ID", example = "Jq7dWm2x0b")
    ),
    responses(
        (status = 200, description = "OK", body = ApiKey),
        ReadErrors
    )
)]
pub async fn get_api_key_by_id(at: AtUser, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    let key = over.app.services.get_api_key(over.user.id, &text_in_path(&request, "keyid")?).await?;
    Ok(answer::encoded(StatusCode::OK, &key))
}

/// Delete API key
///
/// Revokes a session token at once and for good. Everybody may revoke their own, owners everybody's.
#[utoipa::path(
    delete, path = "/users/{user}/keys/{keyid}", operation_id = "deleteAPIKey", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "me"),
        ("keyid" = String, Path, description = "Key ID", example = "Jq7dWm2x0b")
    ),
    responses(
        (status = 204, description = "No Content"),
        DeleteErrors
    )
)]
pub async fn delete_api_key(at: AtUser, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    over.app.services.delete_api_key(&over.caller, over.user.id, text_in_path(&request, "keyid")?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Expire API key
///
/// Ends a session token at once and keeps it in the records. One that has expired already stays as it is. Everybody may end
/// their own, owners everybody's.
#[utoipa::path(
    put, path = "/users/{user}/keys/{keyid}/expire", operation_id = "expireAPIKey", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "me"),
        ("keyid" = String, Path, description = "Key ID", example = "Jq7dWm2x0b")
    ),
    responses(
        (status = 204, description = "No Content"),
        DeleteErrors
    )
)]
pub async fn expire_api_key(at: AtUser, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    over.app.services.expire_api_key(&over.caller, over.user.id, text_in_path(&request, "keyid")?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Get user tokens
///
/// Lists the session tokens that were made with a name, newest first, without their secrets. Sessions are not among them.
/// With `include_all` an owner gets those of all users, and anybody else their own.
#[utoipa::path(
    get, path = "/users/{user}/keys/tokens", operation_id = "getUserTokens", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "me"),
        ("include_expired" = Option<bool>, Query, description = "Include expired tokens in the list", nullable = false),
        ("include_all" = Option<bool>, Query, description = "Include the tokens of all users, for owners", nullable = false)
    ),
    responses(
        (status = 200, description = "OK", body = [ApiKey]),
        QueryErrors
    )
)]
pub async fn get_user_tokens(at: AtUser, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    let query = QueryString::parse(request.query_string()).and_then(|query| TokenListQuery::parse(&query));
    let query = query.map_err(ApiError::Query)?;
    let tokens = over.app.services.list_tokens(&over.caller, over.user.id, query).await?;
    Ok(answer::encoded(StatusCode::OK, &tokens))
}

/// Create token API key
///
/// Makes a session token that ends when it is said to end, and answers it; it is shown here and never again. Everybody may
/// for themselves, owners for everybody. An `Idempotency-Key` is not needed and has no effect: the name keeps the token from
/// being made twice, and the secret is not stored.
#[utoipa::path(
    post, path = "/users/{user}/keys/tokens", operation_id = "createTokenAPIKey", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "me")
    ),
    request_body(content = CreateTokenRequest, description = "Create token request"),
    responses(
        (status = 201, description = "Created", body = GenerateApiKeyResponse),
        (status = 409, description = "The user has another token of this name.", body = Response),
        AddErrors
    )
)]
pub async fn create_token_api_key(
    at: AtUser,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    // Not through `idempotency`: that would store the answer, and with it the secret.
    let new: CreateTokenRequest = body::json(&request, payload).await?;
    let made = over.app.services.create_token(&over.caller, over.user.id, new, over.address).await?;
    Ok(answer::encoded(StatusCode::CREATED, &made))
}

/// Get API key by token name
///
/// Answers the session token of this name without its secret, whether or not it has expired. Everybody may read their own,
/// owners everybody's.
#[utoipa::path(
    get, path = "/users/{user}/keys/tokens/{keyname}", operation_id = "getAPIKeyByTokenName", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "me"),
        ("keyname" = String, Path, description = "Key Name", example = "laptop")
    ),
    responses(
        (status = 200, description = "OK", body = ApiKey),
        ReadErrors
    )
)]
pub async fn get_api_key_by_token_name(at: AtUser, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    let key = over.app.services.get_token_by_name(over.user.id, text_in_path(&request, "keyname")?).await?;
    Ok(answer::encoded(StatusCode::OK, &key))
}

/// Get token config
///
/// Tells how long a session token can last at most.
#[utoipa::path(
    get, path = "/users/{user}/keys/tokens/tokenconfig", operation_id = "getTokenConfig", tag = "Users",
    security(("CoderSessionToken" = [])),
    params(
        ("user" = String, Path, description = "User ID, name, or me", example = "me")
    ),
    responses(
        (status = 200, description = "OK", body = TokenConfig),
        ReadErrors
    )
)]
pub async fn get_token_config(at: AtUser) -> Result<HttpResponse, ApiError> {
    let over = at.require()?;
    Ok(answer::encoded(StatusCode::OK, &over.app.services.token_config()))
}
