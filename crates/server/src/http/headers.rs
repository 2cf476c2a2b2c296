//! Owns the headers that every answer carries, whatever it answers. A page sets its own before, and they stay.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};

use super::middleware::BUILD_VERSION;
use super::state::App;

const BUILD: HeaderName = HeaderName::from_static("x-coder-build-version");
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
