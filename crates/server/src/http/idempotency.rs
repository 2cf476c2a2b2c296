//! How a POST is read and answered so that its caller may repeat it. Whether it was done before is for the database to say.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ApiError;
use super::paths::operation_of;
use super::{answer, body};
use crate::db::idempotency::Answered;
use crate::wire::idempotency::{RepeatableRequest, hash_of, read_key};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Reads the body of a request as JSON, and the key under which it may be repeated, if it has one. `success` is the status that
/// it will be answered with if it succeeds.
pub async fn read<T: DeserializeOwned + Default>(
    request: &HttpRequest,
    payload: Payload,
    success: StatusCode,
) -> Result<(T, Option<RepeatableRequest>), ApiError> {
    let bytes = body::read(request, payload).await?;
    let value = body::parse(&bytes)?;
    Ok((value, repeatable(request, &bytes, success)?))
}

/// The key under which a request may be repeated whose body nobody looks at.
pub fn read_key_only(request: &HttpRequest, success: StatusCode) -> Result<Option<RepeatableRequest>, ApiError> {
    repeatable(request, b"", success)
}

fn repeatable(request: &HttpRequest, body: &[u8], success: StatusCode) -> Result<Option<RepeatableRequest>, ApiError> {
    let values = request.headers().get_all(KEY).map(HeaderValue::as_bytes);
    let Some(key) = read_key(values).map_err(|error| ApiError::Headers(vec![error]))? else { return Ok(None) };
    // Whatever is bound to a path has its operation; see `routes`.
    let operation = operation_of(request).ok_or(ApiError::RouteNotFound)?;
    let hash = hash_of(operation.id(), request.path(), body);
    Ok(Some(RepeatableRequest { key, hash, status: success.as_u16() }))
}

/// Says that an answer repeats an earlier one.
pub fn mark_replayed(response: &mut HttpResponse) {
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
}

/// The answer to a request that succeeded, now or the first time.
pub fn answer<T: Serialize>(success: StatusCode, answered: Answered<T>) -> HttpResponse {
    match answered {
        Answered::Now(value) => answer::encoded(success, &*value),
        Answered::Before { status, body } => {
            let mut response = answer::ready(StatusCode::from_u16(status).unwrap_or(success), body.into());
            mark_replayed(&mut response);
            response
        }
    }
}
