//! Answers in the one form that all of them have: compact JSON and a line feed.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use bytes::Bytes;
use serde::Serialize;

use crate::wire::encode;

/// What every JSON answer says it is.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// An answer from JSON that is ready to send.
pub fn ready(status: StatusCode, json: Bytes) -> HttpResponse {
    HttpResponse::build(status).insert_header((CONTENT_TYPE, JSON)).body(json)
}

/// An answer from a value.
pub fn encoded<T: Serialize>(status: StatusCode, value: &T) -> HttpResponse {
    ready(status, encode::to_vec(value).into())
}
