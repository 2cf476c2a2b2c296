//! Owns which pages of other origins may call the API (CORS): none, unless origins are configured. Then exactly these, with a
//! token in a header; the session cookie stays with this server's own pages.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue,
    ORIGIN, VARY,
};

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// What pages may send beyond what browsers let every page send.
const REQUEST_HEADERS: &str =
    "Authorization, Coder-Session-Token, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID";
/// What pages may read beyond what browsers let every page read.
const ANSWER_HEADERS: &str = "ETag, Idempotent-Replayed, Retry-After, X-Coder-Build-Version, X-Coder-Request-Id, \
                              X-Ratelimit-Limit, X-Ratelimit-Remaining, X-Ratelimit-Reset";
/// How long a browser need not ask again, in seconds.
const REMEMBERED: &str = "600";

/// The origins whose pages may call.
#[derive(Debug)]
pub struct Origins(Vec<HeaderValue>);

impl Origins {
    /// These; `None` for none.
    pub fn new(origins: &[String]) -> Option<Self> {
        let origins: Vec<_> = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
        (!origins.is_empty()).then_some(Self(origins))
    }

    /// The origin that a request comes from, if its pages may call.
    fn allowed(&self, request: &HeaderMap) -> Option<&HeaderValue> {
        let origin = request.get(ORIGIN)?;
        self.0.iter().find(|allowed| *allowed == origin)
    }

    /// The answer to a browser that asks whether a page may call.
    pub(super) fn preflight(&self, method: &Method, request: &HeaderMap) -> Option<HttpResponse> {
        let asks = *method == Method::OPTIONS && request.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks || self.allowed(request).is_none() {
            return None;
        }
        Some(
            HttpResponse::NoContent()
                .insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS))
                .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS))
                .insert_header((ACCESS_CONTROL_MAX_AGE, REMEMBERED))
                .finish(),
        )
    }

    /// Says on an answer who may read it. That depends on who asks, and a cache must know.
    pub(super) fn mark(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        answer.append(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = self.allowed(request) {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(ANSWER_HEADERS));
        }
    }
}
