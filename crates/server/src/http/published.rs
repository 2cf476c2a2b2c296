//! The document as it is published: in OpenAPI 3.1 and 3.0.3, as JSON and as YAML, each under an address of its own. A form is
//! made when it is first asked for, once for all threads; a server that nobody asks spends nothing on it.

use std::sync::{Arc, OnceLock};

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, ETag, EntityTag, HeaderValue};
use actix_web::middleware::Compress;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use orgd_contract::{Form, FormError, Format, Version};

use super::error::ApiError;
use super::pages::reading;
use super::{answer, document, entity_tag};
use crate::service::ServiceError;
use crate::wire::encode;

/// Where the document is that Swagger UI shows.
pub const DOCUMENT: &str = "/openapi.json";

const YAML: HeaderValue = HeaderValue::from_static("application/yaml");

/// Where each form is.
fn address(form: Form) -> &'static str {
    match (form.version, form.format) {
        (Version::V3_1, Format::Json) => DOCUMENT,
        (Version::V3_1, Format::Yaml) => "/openapi.yaml",
        (Version::V3_0, Format::Json) => "/openapi-3.0.json",
        (Version::V3_0, Format::Yaml) => "/openapi-3.0.yaml",
    }
}

/// The document in the forms that were asked for so far. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Published(Arc<[OnceLock<Made>; Form::ALL.len()]>);

/// A form, ready to send, or why there is none.
type Made = Result<Body, String>;

#[derive(Debug)]
struct Body {
    bytes: Bytes,
    tag: EntityTag,
}

/// Adds an address for each form.
pub fn configure(config: &mut ServiceConfig, published: &Published) {
    for (index, form) in Form::ALL.into_iter().enumerate() {
        let published = published.clone();
        let handler = move |request: HttpRequest| {
            let made = published.0[index].get_or_init(|| make(form).map_err(|error| error.to_string()));
            let answer = send(&request, form.format, made);
            async move { answer }
        };
        let resource = reading(address(form), web::get().to(handler.clone()), web::head().to(handler));
        config.service(resource.wrap(Compress::default()));
    }
}

fn make(form: Form) -> Result<Body, FormError> {
    let document = serde_json::to_value(document::openapi())?;
    let bytes: Bytes = match form.format {
        Format::Json => encode::to_vec(&*form.version.of(&document)?).into(),
        Format::Yaml => form.write(&document)?.into(),
    };
    Ok(Body { tag: entity_tag::of(&bytes), bytes })
}

/// The form, or that the caller has it already. It is asked for each time, so that a new server and its document go together.
fn send(request: &HttpRequest, format: Format, made: &Made) -> Result<HttpResponse, ApiError> {
    let body =
        made.as_ref().map_err(|why| ServiceError::Internal(format!("the document cannot be published: {why}")))?;
    let is_known = entity_tag::is_known(request, &body.tag);
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((CACHE_CONTROL, "no-cache")).insert_header((ETAG, ETag(body.tag.clone())));
    if is_known {
        return Ok(answer.finish());
    }
    let media_type = match format {
        Format::Json => answer::JSON,
        Format::Yaml => YAML,
    };
    Ok(answer.insert_header((CONTENT_TYPE, media_type)).body(body.bytes.clone()))
}

#[cfg(test)]
mod tests {
    use actix_web::dev::ServiceResponse;
    use actix_web::http::header::{ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};
    use actix_web::http::header::{ETAG, HeaderName, IF_NONE_MATCH};
    use actix_web::http::{Method, StatusCode};
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use orgd_contract::openapi_30::downgrade;
    use serde_json::Value;

    use super::{Published, document};

    /// Each address with its media type.
    const ADDRESSES: [(&str, &str); 4] = [
        ("/openapi.json", "application/json; charset=utf-8"),
        ("/openapi.yaml", "application/yaml"),
        ("/openapi-3.0.json", "application/json; charset=utf-8"),
        ("/openapi-3.0.yaml", "application/yaml"),
    ];

    async fn ask(request: TestRequest) -> ServiceResponse<impl actix_web::body::MessageBody> {
        let published = Published::default();
        let app = actix_web::App::new().configure(|config| super::configure(config, &published));
        call_service(&init_service(app).await, request.to_request()).await
    }

    fn header<B>(answer: &ServiceResponse<B>, name: HeaderName) -> String {
        answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }

    #[actix_web::test]
    async fn every_form_says_what_the_code_generates() {
        let generated = serde_json::to_value(document::openapi()).unwrap();
        let older = downgrade(&generated).unwrap();
        for (address, media_type) in ADDRESSES {
            let answer = ask(TestRequest::with_uri(address)).await;
            assert_eq!(answer.status(), StatusCode::OK, "{address}");
            assert_eq!(header(&answer, CONTENT_TYPE), media_type, "{address}");
            assert_eq!(header(&answer, CACHE_CONTROL), "no-cache", "{address}");
            let body = read_body(answer).await;
            let text = std::str::from_utf8(&body).unwrap();
            let read: Value = match media_type {
                "application/yaml" => serde_saphyr::from_str(text).unwrap(),
                _ => serde_json::from_str(text).unwrap(),
            };
            assert_eq!(&read, if address.contains("3.0") { &older } else { &generated }, "{address}");
        }
    }

    #[actix_web::test]
    async fn a_form_that_is_known_is_not_sent_again() {
        for (address, _) in ADDRESSES {
            let tag = header(&ask(TestRequest::with_uri(address)).await, ETAG);
            assert!(tag.starts_with("W/\""), "{address}: {tag}");
            let again = ask(TestRequest::with_uri(address).insert_header((IF_NONE_MATCH, tag.clone()))).await;
            assert_eq!((again.status(), header(&again, ETAG)), (StatusCode::NOT_MODIFIED, tag), "{address}");
            assert!(read_body(again).await.is_empty(), "{address}");
            let other = ask(TestRequest::with_uri(address).insert_header((IF_NONE_MATCH, "\"other\""))).await;
            assert_eq!(other.status(), StatusCode::OK, "{address}");
        }
    }

    #[actix_web::test]
    async fn every_form_is_compressed_for_who_asks() {
        for (address, _) in ADDRESSES {
            let plain = ask(TestRequest::with_uri(address).insert_header((ACCEPT_ENCODING, "identity"))).await;
            assert!(!plain.headers().contains_key(CONTENT_ENCODING), "{address}");
            let packed = ask(TestRequest::with_uri(address).insert_header((ACCEPT_ENCODING, "gzip"))).await;
            assert_eq!(header(&packed, CONTENT_ENCODING), "gzip", "{address}");
            assert!(read_body(packed).await.starts_with(&[0x1f, 0x8b]), "{address}");
        }
    }

    #[actix_web::test]
    async fn other_methods_are_answered_as_the_api_does() {
        for (address, _) in ADDRESSES {
            let head = ask(TestRequest::with_uri(address).method(Method::HEAD)).await;
            assert_eq!(head.status(), StatusCode::OK, "{address}");
            let posted = ask(TestRequest::with_uri(address).method(Method::POST)).await;
            assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED, "{address}");
            assert_eq!(header(&posted, ALLOW), "GET, HEAD", "{address}");
        }
    }
}
