//! What a test double does around each request: it records it, and lets it meet the faults that were arranged for.

mod answer;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant, SystemTime};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{DATE, HttpDate, TryIntoHeaderValue};
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage};
use futures_util::StreamExt;
use uuid::Uuid;

pub use self::answer::OnPurpose;
use super::control::unknown_keys;
use super::gate::CallerId;
use super::paths::{self, Found};
use super::state::App;
use crate::operations::Operation;
use crate::test_double::Interference;
use crate::test_double::faults::{Asked, DropAt, Fault, Met};
use crate::test_double::requests::{MOST_OF_A_BODY, Recorded, body_of, masked, masked_query};

/// Bodies up to here are read before the request is handled; the server itself takes half of it.
const MOST_READ: usize = 2 * 1024 * 1024;

/// A request as it came.
struct Came {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    operation: Option<Operation>,
    begun: Instant,
}

/// What came of a request.
struct Outcome {
    answered: ServiceResponse<BoxBody>,
    /// The status that the server itself came to; none where the request was not carried out.
    of_server: Option<u16>,
    /// Whether the client gets any of the answer.
    is_sent: bool,
    /// Whether the fault, if there was one, changed anything.
    has_effect: bool,
}

/// Lets `handle` answer, unless a fault gets in its way, and records what happened.
pub async fn around<F>(
    app: &App,
    interference: &Interference,
    id: Uuid,
    mut request: ServiceRequest,
    handle: impl FnOnce(ServiceRequest) -> F,
) -> Result<ServiceResponse<BoxBody>, Error>
where
    F: Future<Output = Result<ServiceResponse<BoxBody>, Error>>,
{
    let came = Came::read(&mut request).await;
    let asked = Asked {
        operation: came.operation.map(Operation::id),
        method: &came.method,
        path: &came.path,
        query: &came.query,
        headers: &came.headers,
    };
    let met = interference.faults.meet(asked);
    if let Some(Met { id: number, fault }) = &met {
        tracing::info!(request_id = %id, number, ?fault, operation = asked.operation, "a request meets a fault");
    }
    let mut outcome = answer_with(&came, met.as_ref().map(|met| &met.fault), request, handle).await?;
    let number = met.map(|met| met.id).filter(|number| {
        if !outcome.has_effect {
            tracing::warn!(request_id = %id, number, "the fault has no place in this answer");
            interference.faults.had_no_effect(*number);
        }
        outcome.has_effect
    });
    let (answered, body) = short_body(outcome.answered).await;
    outcome.answered = answered;
    // The HTTP library would say what the real time is.
    let now = SystemTime::UNIX_EPOCH + Duration::from_micros(app.clock.now().micros().max(0).unsigned_abs());
    if let Ok(date) = HttpDate::from(now).try_into_value() {
        outcome.answered.headers_mut().insert(DATE, date);
    }
    interference.requests.add(came.recorded(app, id, &outcome, number, body.as_deref()));
    Ok(outcome.answered)
}

async fn answer_with<F>(
    came: &Came,
    fault: Option<&Fault>,
    request: ServiceRequest,
    handle: impl FnOnce(ServiceRequest) -> F,
) -> Result<Outcome, Error>
where
    F: Future<Output = Result<ServiceResponse<BoxBody>, Error>>,
{
    let instead = |answered, is_sent| Outcome { answered, of_server: None, is_sent, has_effect: true };
    match fault {
        Some(Fault::Status { status, body, headers, .. }) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let answer = answer::with_status(came.operation, status, body.as_ref(), headers);
            return Ok(instead(request.into_response(answer), true));
        }
        Some(Fault::Drop { at: DropAt::Before }) => {
            return Ok(instead(request.into_response(answer::dropped()), false));
        }
        Some(Fault::Delay { milliseconds }) => tokio::time::sleep(Duration::from_millis(*milliseconds)).await,
        _ => {}
    }
    let answered = handle(request).await?;
    let of_server = Some(answered.status().as_u16());
    let Some(fault) = fault else { return Ok(Outcome { answered, of_server, is_sent: true, has_effect: false }) };
    let (answered, has_effect) = answer::spoilt(answered, fault).await;
    let is_sent = !matches!(fault, Fault::Drop { at: DropAt::After });
    Ok(Outcome { answered, of_server, is_sent, has_effect })
}

/// The body, when it is short and there already.
async fn short_body(answered: ServiceResponse<BoxBody>) -> (ServiceResponse<BoxBody>, Option<Bytes>) {
    match answered.response().body().size() {
        BodySize::Sized(bytes) if bytes <= MOST_OF_A_BODY as u64 => {}
        _ => return (answered, None),
    }
    let (request, response) = answered.into_parts();
    let (head, body) = response.into_parts();
    // One that breaks off was made to; it stays as it is.
    match body.try_into_bytes() {
        Ok(bytes) => {
            let response = head.set_body(BoxBody::new(bytes.clone()));
            (ServiceResponse::new(request, response), Some(bytes))
        }
        Err(body) => (ServiceResponse::new(request, head.set_body(body)), None),
    }
}

impl Came {
    /// Reads the body and puts it back.
    async fn read(request: &mut ServiceRequest) -> Self {
        let (body, payload) = body_and_payload(request.take_payload()).await;
        request.set_payload(payload);
        let text =
            |value: &actix_web::http::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Self {
            method: request.method().to_string(),
            path: request.path().to_owned(),
            query: request.query_string().to_owned(),
            headers: request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body,
            operation: operation_of_path(request),
            begun: Instant::now(),
        }
    }

    fn recorded(&self, app: &App, id: Uuid, outcome: &Outcome, fault: Option<u64>, body: Option<&[u8]>) -> Recorded {
        // What the client did wrong it did whatever became of the answer.
        let refused = outcome.of_server.is_some_and(|status| [400, 405, 413, 415].contains(&status));
        let headers: BTreeMap<_, _> =
            self.headers.iter().map(|(name, value)| (name.clone(), masked(name, value))).collect();
        Recorded {
            number: 0,
            at: app.clock.now(),
            method: self.method.clone(),
            path: self.path.clone(),
            query: masked_query(&self.query),
            headers,
            body: body_of(&self.body),
            operation: self.operation.map(Operation::id),
            user: outcome.answered.request().extensions().get::<CallerId>().map(|caller| caller.0),
            unknown_keys: self.operation.map(|operation| unknown_keys(operation, &self.body)).unwrap_or_default(),
            status: outcome.is_sent.then(|| outcome.answered.status().as_u16()),
            server_status: outcome.of_server,
            answer: body.and_then(body_of),
            request_id: id,
            milliseconds: u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            fault,
            is_violation: refused || (self.operation.is_none() && self.path.starts_with(super::paths::BASE)),
        }
    }
}

/// Which operation a request is, before it is handled.
fn operation_of_path(request: &ServiceRequest) -> Option<Operation> {
    match paths::find(request.method().as_str(), request.match_info().as_str()) {
        Found::Operation(routed) => Some(routed.operation),
        Found::OtherMethod(_) | Found::Nothing => None,
    }
}

/// What came of the body up to a limit, and a payload that gives all of it again.
async fn body_and_payload(mut payload: Payload) -> (Bytes, Payload) {
    let mut read = actix_web::web::BytesMut::new();
    while read.len() < MOST_READ {
        match payload.next().await {
            Some(Ok(chunk)) => read.extend_from_slice(&chunk),
            Some(Err(error)) => return (read.freeze(), broken(error)),
            None => {
                let read = read.freeze();
                return (read.clone(), Payload::from(read));
            }
        }
    }
    let read = read.freeze();
    let begun = futures_util::stream::iter([Ok(read.clone())]);
    (read, Payload::Stream { payload: Box::pin(begun.chain(payload)) })
}

fn broken(error: actix_web::error::PayloadError) -> Payload {
    Payload::Stream { payload: Box::pin(futures_util::stream::iter([Err(error)])) }
}
