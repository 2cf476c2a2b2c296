//! The one layer around every request: its id, its headers, its numbers, its record, and what happens when a handler panics.
//!
//! Each layer that Actix wraps around a service costs about a tenth of a small request, so there is one for all of it.

#[cfg(test)]
mod tests;

use std::future::{Ready, poll_fn, ready};
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use actix_web::http::{ConnectionType, StatusCode, Uri};
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError as _};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use orgd_api_types::Response;
use uuid::Uuid;

use super::answer;
use super::connections::{Connection, Turn};
use super::error::{ApiError, MAX_HEADERS, MAX_PATH};
use super::gate::{CallerId, is_safe};
use super::paths::Routed;
use super::request_id::RequestId;
use super::state::App;
use super::{headers, interfere, refusals};
use crate::operations::Operation;
use crate::ratelimit::Decision;
use crate::telemetry::access::{AccessRecord, known_method};
use crate::telemetry::metrics::{InFlight, RequestKind};
use crate::telemetry::traces::Header;
use crate::test_double::Interference;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-coder-request-id");

/// What is answered however busy the server is.
const ALWAYS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Which parts of the layer are on. All of them, but for the benchmark that measures what they cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    /// Ids, numbers and records.
    On,
    /// None of them.
    #[cfg(feature = "bench")]
    Off,
}

/// The layer.
#[derive(Clone)]
pub struct Around {
    app: Data<App>,
    ids: Rc<RequestIds>,
    observation: Observation,
}

/// Request ids: a random half for each worker thread and a count. They need to be unique and cheap, not secret.
struct RequestIds {
    worker: u64,
    count: AtomicU64,
}

impl RequestIds {
    fn next(&self) -> Uuid {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.worker.to_be_bytes());
        bytes[8..].copy_from_slice(&self.count.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

impl Around {
    /// One for each worker thread.
    pub fn new(app: Data<App>, observation: Observation) -> Self {
        let worker = Uuid::new_v4().as_u64_pair().0;
        Self { app, ids: Rc::new(RequestIds { worker, count: AtomicU64::new(0) }), observation }
    }
}

impl<S, B> Transform<S, ServiceRequest> for Around
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = Inside<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(Inside { service: Rc::new(service), around: self.clone() }))
    }
}

/// The layer around one service.
pub struct Inside<S> {
    service: Rc<S>,
    around: Around,
}

impl<S, B> Service<ServiceRequest> for Inside<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        if request.conn_data::<Connection>().is_some_and(Connection::counts_to_wake) {
            let answered = self.answer(request);
            return Box::pin(async move {
                let waker = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
                waker.wake();
                answered.await
            });
        }
        self.answer(request)
    }
}

impl<S, B> Inside<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    fn answer(&self, mut request: ServiceRequest) -> <Self as Service<ServiceRequest>>::Future {
        collapse_slashes(&mut request);
        let exchange = Exchange::begin(&self.around, &request);
        if let Some(refusal) = exchange.refusal(&request) {
            return Box::pin(async move {
                // A body that came together with its head is taken meanwhile, so that the connection can be kept.
                tokio::task::yield_now().await;
                Ok(exchange.end(request.into_response(refusal.error_response())))
            });
        }
        if let Some(origins) = &self.around.app.cors
            && let Some(answer) = origins.preflight(request.method(), request.headers())
        {
            return Box::pin(ready(Ok(exchange.end(request.into_response(answer)))));
        }
        if let Some(interference) = &self.around.app.interference {
            return interfered(Rc::clone(&self.service), exchange, Arc::clone(interference), request);
        }
        if !is_safe(request.method()) {
            request.extensions_mut().insert(RequestId(exchange.id));
        }
        let handled = AssertUnwindSafe(self.service.call(request)).catch_unwind();
        Box::pin(async move {
            match handled.await {
                Ok(Ok(response)) => Ok(exchange.end(response.map_into_boxed_body())),
                Ok(Err(error)) => Err(error),
                Err(_) => Err(exchange.panicked()),
            }
        })
    }
}

/// The same in a test double, where faults may get in the way and everything is recorded.
fn interfered<S, B>(
    service: Rc<S>,
    exchange: Exchange,
    interference: Arc<Interference>,
    request: ServiceRequest,
) -> LocalBoxFuture<'static, Result<ServiceResponse<BoxBody>, Error>>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    let (app, id) = (exchange.app.clone(), exchange.id);
    if !is_safe(request.method()) {
        request.extensions_mut().insert(RequestId(id));
    }
    let handle = move |request: ServiceRequest| async move { Ok(service.call(request).await?.map_into_boxed_body()) };
    let handled = async move { interfere::around(&app, &interference, id, request, handle).await };
    Box::pin(async move {
        match AssertUnwindSafe(handled).catch_unwind().await {
            Ok(Ok(response)) => Ok(exchange.end(response)),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(exchange.panicked()),
        }
    })
}

/// One request and its answer.
struct Exchange {
    app: Data<App>,
    id: Uuid,
    method: &'static str,
    begun: Instant,
    observation: Observation,
    kind: RequestKind,
    head: Head,
    peer: Option<IpAddr>,
    /// One of too many connections of its address.
    is_refused: bool,
    turn: Option<Turn>,
    _in_flight: InFlight,
}

/// What is looked at of a head before anything else.
#[derive(Clone, Copy)]
struct Head {
    bytes: usize,
    is_chunked: bool,
}

impl Head {
    fn of(headers: &HeaderMap) -> Self {
        let bytes = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        Self { bytes, is_chunked: headers.contains_key(TRANSFER_ENCODING) }
    }
}

impl Exchange {
    fn begin(around: &Around, request: &ServiceRequest) -> Self {
        let connection = request.conn_data::<Connection>();
        let kind = if is_safe(request.method()) { RequestKind::Read } else { RequestKind::Write };
        Self {
            id: around.ids.next(),
            method: known_method(request.method().as_str()),
            begun: Instant::now(),
            observation: around.observation,
            kind,
            head: Head::of(request.headers()),
            peer: around.app.proxies.caller(request.request()),
            is_refused: connection.is_some_and(Connection::is_refused),
            turn: connection.map(Connection::begin),
            _in_flight: around.app.metrics.enter(kind),
            app: around.app.clone(),
        }
    }

    /// Why the request goes no further, if it does not.
    fn refusal(&self, request: &ServiceRequest) -> Option<ApiError> {
        if self.is_refused {
            return Some(ApiError::TooManyConnections);
        }
        if self.head.bytes > MAX_HEADERS {
            return Some(ApiError::HeadTooLarge);
        }
        if request.path().len() > MAX_PATH {
            return Some(ApiError::PathTooLong);
        }
        let metrics = &self.app.metrics;
        if metrics.busy(self.kind) > i64::from(self.app.limits.max_requests) && !ALWAYS.contains(&request.path()) {
            metrics.shed.inc();
            return Some(ApiError::Overloaded);
        }
        None
    }

    fn end(mut self, mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        response = self.end_turn(self.name_defect(response));
        let decision = response.request().extensions().get::<Decision>().copied();
        headers::common(&self.app, response.headers_mut());
        if let Some(decision) = decision {
            headers::rate_limit(response.headers_mut(), decision);
        }
        if let Some(origins) = &self.app.cors {
            origins.mark(response.request().clone().headers(), response.headers_mut());
        }
        if self.observation == Observation::On {
            self.observe(&mut response);
        }
        refusals::note(&self.app, &response);
        response
    }

    /// Says how long the connection may take from here on.
    fn end_turn(&mut self, mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let Some(mut turn) = self.turn.take() else { return response };
        // Actix reads the rest of a chunked body, however long that is; of any other it closes the connection.
        if self.head.is_chunked && !turn.is_body_read() {
            response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
            turn.ends();
            return response;
        }
        match response.response().body().size() {
            BodySize::None => response,
            BodySize::Sized(bytes) => {
                turn.answer_of(bytes);
                response
            }
            BodySize::Stream => response.map_body(|_, body| turn.lasts(body, self.id)),
        }
    }

    fn observe(&self, response: &mut ServiceResponse<BoxBody>) {
        self.id_header(response.headers_mut());
        let extensions = response.request().extensions();
        let operation = extensions.get::<Routed>().map(|routed| routed.operation);
        let user = extensions.get::<CallerId>().map(|caller| caller.0);
        let headers = response.request().headers();
        let header = |name: &str| headers.get(name)?.to_str().ok();
        self.record(operation, user, response.response(), &header);
    }

    /// Counts the answer and writes it down.
    fn record(&self, operation: Option<Operation>, user: Option<Uuid>, response: &HttpResponse, header: Header<'_>) {
        let status = response.status().as_u16();
        let duration = self.begun.elapsed();
        self.app.metrics.record(operation.map(Operation::index), status, duration);
        if self.app.access_log.is_enabled() || self.app.traces.is_enabled() {
            let record = AccessRecord {
                request_id: self.id,
                method: self.method,
                operation: operation.map_or(AccessRecord::NO_OPERATION, Operation::id),
                status,
                duration,
                user,
                bytes: match response.body().size() {
                    BodySize::None => Some(0),
                    BodySize::Sized(bytes) => Some(bytes),
                    BodySize::Stream => None,
                },
                peer: self.peer,
            };
            self.app.traces.send(&record, header);
            self.app.access_log.send(record);
        }
    }

    fn id_header(&self, headers: &mut HeaderMap) {
        let mut text = Uuid::encode_buffer();
        // Hexadecimal digits and hyphens are always a header value.
        if let Ok(value) = HeaderValue::from_str(self.id.hyphenated().encode_lower(&mut text)) {
            headers.insert(REQUEST_ID, value);
        }
    }

    /// Gives the answer to a defect the request id, and the log the rest under that id.
    fn name_defect(&self, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let error = response.response().error().and_then(|error| error.as_error::<ApiError>());
        let Some((why, mut body)) = error.and_then(|error| Some((error.defect()?, error.body()))) else {
            return response;
        };
        let status = response.status();
        if status != StatusCode::INTERNAL_SERVER_ERROR {
            tracing::warn!(request_id = %self.id, why, "a request could not be served");
            return response;
        }
        tracing::error!(request_id = %self.id, why, "a request failed");
        body.detail = format!("Request ID {}", self.id);
        response.map_body(|_, _| encoded_body(&body))
    }

    fn panicked(self) -> Error {
        self.app.metrics.panics.inc();
        tracing::error!(request_id = %self.id, "a handler panicked");
        let mut body = ApiError::Panic.body();
        body.detail = format!("Request ID {}", self.id);
        let mut response = answer::encoded(StatusCode::INTERNAL_SERVER_ERROR, &body);
        headers::common(&self.app, response.headers_mut());
        self.id_header(response.headers_mut());
        // Who asked for what has gone with the handler; the id leads to the line above.
        self.record(None, None, &response, &|_| None);
        actix_web::error::InternalError::from_response(ApiError::Panic, response).into()
    }
}

fn encoded_body(body: &Response) -> BoxBody {
    BoxBody::new(Bytes::from(crate::wire::encode::to_vec(body)))
}

/// Repeated slashes count as one, before the path is matched.
fn collapse_slashes(request: &mut ServiceRequest) {
    if !request.path().contains("//") {
        return;
    }
    let mut path = String::with_capacity(request.path().len());
    for character in request.uri().path().chars() {
        if character != '/' || !path.ends_with('/') {
            path.push(character);
        }
    }
    let mut parts = request.uri().clone().into_parts();
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    // Leaving slashes out of a valid path leaves a valid path; were it not so, the request would be answered as it came.
    if let Ok(path) = format!("{path}{query}").parse() {
        parts.path_and_query = Some(path);
        if let Ok(uri) = Uri::from_parts(parts) {
            request.match_info_mut().get_mut().update(&uri);
            request.head_mut().uri = uri;
        }
    }
}
