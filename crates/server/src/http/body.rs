//! Reads request bodies: their media type, their size, their time, their JSON.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::web::{Data, Payload};
use bytes::BytesMut;
use futures_util::StreamExt;
use orgd_api_types::Response;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::connections::Connection;
use super::state::App;
use crate::config::LimitsConfig;
use crate::wire::body::{BodyError, check_media_type, read_json};

/// The largest body that is read, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;
/// What is set aside for a body before it comes.
const EXPECTED: usize = 64 * 1024;
/// How many bytes give a body another second. Actix limits the time for the head only.
const A_SECOND: u32 = 64 * 1024;

/// Why a body was not read.
#[derive(Debug)]
pub enum UnreadableBody {
    /// It says that it is not JSON.
    MediaType(String),
    /// It is larger than [`MAX_BODY`].
    TooLarge,
    /// It did not arrive.
    Interrupted(String),
    /// It did not arrive in time: so much of it came.
    TooSlow(usize),
    /// It is not the JSON that the operation takes.
    Json(BodyError),
}

impl UnreadableBody {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Interrupted(_) | Self::Json(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// The body of the answer.
    pub fn body(&self) -> Response {
        match self {
            Self::MediaType(why) => {
                Response { message: "Unsupported media type.".to_owned(), detail: why.clone(), validations: Vec::new() }
            }
            Self::TooLarge => too_large(),
            Self::Interrupted(why) => Response {
                message: "Request body could not be read.".to_owned(),
                detail: why.clone(),
                validations: Vec::new(),
            },
            Self::TooSlow(bytes) => Response {
                message: "Request body did not arrive in time.".to_owned(),
                detail: format!("After {bytes} bytes it came too slowly or not at all."),
                validations: Vec::new(),
            },
            Self::Json(error) => Response {
                message: error.message().to_owned(),
                detail: error.detail(),
                validations: error.validations(),
            },
        }
    }
}

/// Reads the body of a request as JSON.
pub async fn json<T: DeserializeOwned + Default>(request: &HttpRequest, payload: Payload) -> Result<T, UnreadableBody> {
    parse(&read(request, payload).await?)
}

/// Takes the bytes of a body for JSON.
pub fn parse<T: DeserializeOwned + Default>(bytes: &[u8]) -> Result<T, UnreadableBody> {
    read_json(bytes).map_err(UnreadableBody::Json)
}

/// Reads the bytes of a body that says it is JSON.
pub async fn read(request: &HttpRequest, payload: Payload) -> Result<BytesMut, UnreadableBody> {
    let headers = request.headers();
    check_media_type(text_of(headers, &CONTENT_TYPE)).map_err(UnreadableBody::MediaType)?;
    if let Some(encoding) = text_of(headers, &CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        let why = format!("Content-Encoding {encoding:?} is not supported; send the body as it is.");
        return Err(UnreadableBody::MediaType(why));
    }
    let announced = text_of(headers, &CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_BODY) {
        return Err(UnreadableBody::TooLarge);
    }
    let app = request.app_data::<Data<App>>();
    let _waiting = app.map(|app| app.metrics.wait());
    let allowed = app.map_or(LimitsConfig::default().body_timeout, |app| app.limits.body_timeout);
    let body = collect(payload, announced.unwrap_or(0), allowed).await?;
    if let Some(connection) = request.conn_data::<Connection>() {
        connection.note_body();
    }
    Ok(body)
}

async fn collect(mut payload: Payload, announced: usize, allowed: Duration) -> Result<BytesMut, UnreadableBody> {
    let begun = Instant::now();
    let mut bytes = BytesMut::with_capacity(announced.min(EXPECTED));
    loop {
        let deadline =
            begun + allowed + Duration::from_secs(1) * u32::try_from(bytes.len()).unwrap_or(u32::MAX) / A_SECOND;
        let part = timeout_at(deadline, payload.next()).await.map_err(|_| UnreadableBody::TooSlow(bytes.len()))?;
        let Some(part) = part else { return Ok(bytes) };
        let part = part.map_err(|error| UnreadableBody::Interrupted(error.to_string()))?;
        if bytes.len() + part.len() > MAX_BODY {
            return Err(UnreadableBody::TooLarge);
        }
        bytes.extend_from_slice(&part);
    }
}

/// A header that is not text is as good as a wrong one.
fn text_of<'a>(headers: &'a HeaderMap, name: &actix_web::http::header::HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// The answer to a body that is too large, in words.
pub fn too_large() -> Response {
    Response {
        message: "Request body too large.".to_owned(),
        detail: format!("Maximum request body size is {MAX_BODY} bytes."),
        validations: Vec::new(),
    }
}
