//! Answers that are wrong on purpose.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody, to_bytes};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::web::Bytes;
use orgd_contract::unescape_segment;
use serde_json::{Value, json};

use crate::http::control::document;
use crate::http::{answer, examples};
use crate::operations::Operation;
use crate::telemetry::log::ON_PURPOSE;
use crate::test_double::faults::{DropAt, Fault};

/// In how many pieces a slow body comes.
const PIECES: usize = 8;
/// How long the first half of a body has to get out before the connection ends.
const HALF_WAY: Duration = Duration::from_millis(20);

/// An answer in the place of the server's.
pub fn with_status(
    operation: Option<Operation>,
    status: StatusCode,
    body: Option<&Value>,
    headers: &BTreeMap<String, String>,
) -> HttpResponse<BoxBody> {
    let documented = || operation.and_then(|operation| examples::response(operation, status.as_str()));
    let body = body.cloned().or_else(documented).or_else(|| document::example_of(operation, status.as_u16()));
    let general = || json!({"message": status.canonical_reason().unwrap_or("A fault that was arranged for.")});
    let mut response = if status == StatusCode::NO_CONTENT || status.is_informational() {
        HttpResponse::new(status)
    } else {
        answer::encoded(status, &body.unwrap_or_else(general))
    };
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// No answer: the connection ends.
pub fn dropped() -> HttpResponse<BoxBody> {
    HttpResponse::Ok().body(BoxBody::new(BrokenOff { rest: Vec::new(), pause: None, has_paused: true }))
}

/// The server's answer with the fault in it, and whether it has a place there.
pub async fn spoilt(answered: ServiceResponse<BoxBody>, fault: &Fault) -> (ServiceResponse<BoxBody>, bool) {
    match fault {
        Fault::Drop { at: DropAt::After } => {
            let (request, _) = answered.into_parts();
            return (ServiceResponse::new(request, dropped()), true);
        }
        Fault::ContentType { value } => {
            let mut answered = answered;
            if let Ok(value) = HeaderValue::from_str(value) {
                answered.headers_mut().insert(CONTENT_TYPE, value);
            }
            return (answered, true);
        }
        Fault::Status { .. } | Fault::Delay { .. } | Fault::Drop { at: DropAt::Before } => return (answered, true),
        _ => {}
    }
    let (request, response) = answered.into_parts();
    let (mut head, body) = response.into_parts();
    let is_stream =
        head.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if is_stream && !matches!(fault, Fault::Drop { .. } | Fault::SlowBody { .. }) {
        // It may never end, so there is nothing to change in it.
        return (ServiceResponse::new(request, head.set_body(body)), false);
    }
    if is_stream {
        let broken = BrokenOff {
            rest: vec![Bytes::from_static(b": the connection ends here\n\n")],
            pause: None,
            has_paused: false,
        };
        return (ServiceResponse::new(request, head.set_body(BoxBody::new(broken))), true);
    }
    // The bodies of this server do not fail.
    let bytes = to_bytes(body).await.unwrap_or_default();
    head.headers_mut().remove(CONTENT_LENGTH);
    // Of a body that is empty there is nothing to send slowly or to cut off.
    let mut has_effect = !bytes.is_empty() || matches!(fault, Fault::Drop { .. });
    let body = match fault {
        Fault::SlowBody { milliseconds } => BoxBody::new(Slow::new(&bytes, Duration::from_millis(*milliseconds))),
        Fault::Drop { .. } => {
            let half = bytes.slice(..bytes.len() / 2);
            BoxBody::new(BrokenOff { rest: vec![half], pause: None, has_paused: false })
        }
        Fault::MalformedJson => BoxBody::new(bytes.slice(..bytes.len() * 2 / 3)),
        other => {
            let changed = changed(&bytes, other);
            has_effect = changed.is_some();
            BoxBody::new(changed.unwrap_or(bytes))
        }
    };
    (ServiceResponse::new(request, head.set_body(body)), has_effect)
}

/// The JSON of an answer with a change in it; `None` where the change has no place in it, or is none.
fn changed(bytes: &[u8], fault: &Fault) -> Option<Bytes> {
    let before: Value = serde_json::from_slice(bytes).ok()?;
    let mut json = before.clone();
    match fault {
        Fault::UnknownEnumValue { pointer: Some(pointer), value } => *json.pointer_mut(pointer)? = json!(value),
        Fault::UnknownEnumValue { pointer: None, value } => *document::first_enum(&mut json)? = json!(value),
        Fault::ExtraField { pointer, name, value } => {
            let object = match pointer {
                Some(pointer) => json.pointer_mut(pointer)?,
                None if json.is_array() => json.get_mut(0)?,
                None => &mut json,
            };
            object.as_object_mut()?.insert(name.clone(), value.clone());
        }
        Fault::MissingField { pointer } => {
            let (object, key) = pointer.rsplit_once('/')?;
            json.pointer_mut(object)?.as_object_mut()?.shift_remove(&unescape_segment(key))?;
        }
        Fault::Replace { pointer, value } => *json.pointer_mut(pointer)? = value.clone(),
        _ => return None,
    }
    if json == before {
        return None;
    }
    let mut text = serde_json::to_vec(&json).ok()?;
    text.push(b'\n');
    Some(text.into())
}

/// A body that ends the connection after what it has.
struct BrokenOff {
    rest: Vec<Bytes>,
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
    has_paused: bool,
}

/// What ends the connection. No fault of the server's, so nothing for its log.
#[derive(thiserror::Error)]
#[error("the connection is dropped on purpose")]
pub struct OnPurpose;

impl fmt::Debug for OnPurpose {
    /// The HTTP library would report it as an error of the server; by this name the log knows that it is none.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(ON_PURPOSE)
    }
}

impl MessageBody for BrokenOff {
    type Error = OnPurpose;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, OnPurpose>>> {
        if let Some(bytes) = self.rest.pop() {
            return Poll::Ready(Some(Ok(bytes)));
        }
        if !self.has_paused {
            // What was given so far is sent only when there is nothing to be had at once.
            let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(HALF_WAY)));
            std::task::ready!(pause.as_mut().poll(context));
            self.has_paused = true;
        }
        Poll::Ready(Some(Err(OnPurpose)))
    }
}

/// A body in pieces, with a pause before each.
struct Slow {
    pieces: Vec<Bytes>,
    every: Duration,
    pause: Pin<Box<tokio::time::Sleep>>,
}

impl Slow {
    fn new(bytes: &Bytes, every: Duration) -> Self {
        let size = bytes.len().div_ceil(PIECES).max(1);
        let mut pieces: Vec<_> =
            (0..bytes.len()).step_by(size).map(|at| bytes.slice(at..bytes.len().min(at + size))).collect();
        pieces.reverse();
        Self { pieces, every, pause: Box::pin(tokio::time::sleep(every)) }
    }
}

impl MessageBody for Slow {
    type Error = OnPurpose;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, OnPurpose>>> {
        if self.pieces.is_empty() {
            return Poll::Ready(None);
        }
        std::task::ready!(self.pause.as_mut().poll(context));
        let next = tokio::time::Instant::now() + self.every;
        self.pause.as_mut().reset(next);
        Poll::Ready(self.pieces.pop().map(Ok))
    }
}
