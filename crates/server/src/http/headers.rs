//! Owns the headers that every answer carries, whatever it answers. A page sets its own before, and they stay.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};

use super::state::App;
use crate::ratelimit::Decision;

/// The version of Coder whose API this is, and of the server that answers in its place. Clients compare the first two numbers
/// with their own.
pub const BUILD_VERSION: &str = concat!("v2.32.0+orgd.", env!("CARGO_PKG_VERSION"));

const BUILD: HeaderName = HeaderName::from_static("x-coder-build-version");
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
/// What is no page loads nothing, should a browser ever take it for one.
const NO_PAGE_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// Answers are for whoever asked, at that moment.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");
/// A year.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds them.
pub(super) fn common(app: &App, headers: &mut HeaderMap) {
    headers.insert(BUILD, HeaderValue::from_static(BUILD_VERSION));
    headers.insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, NO_STORE);
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, NO_PAGE_POLICY);
    }
    if app.insists_on_tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
}

/// Adds those that tell how many requests are left.
pub(super) fn rate_limit(headers: &mut HeaderMap, decision: Decision) {
    let (limit, remaining, reset) = match decision {
        Decision::Unlimited => return,
        Decision::Allowed { limit, remaining, reset_unix } => (limit, remaining, reset_unix),
        Decision::Limited { limit, reset_unix } => (limit, 0, reset_unix),
    };
    headers.insert(LIMIT, HeaderValue::from(limit));
    headers.insert(REMAINING, HeaderValue::from(remaining));
    headers.insert(RESET, HeaderValue::from(reset));
}
