//! Pages for people: Swagger UI, which the binary holds whole. The document that it shows is in `published.rs`.

use std::sync::Arc;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, ETag, LOCATION, REFERRER_POLICY,
};
use actix_web::middleware::Compress;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource};
use utoipa_swagger_ui::Config;

use super::entity_tag;
use super::error::ApiError;
use super::headers::BUILD_VERSION;
use super::published::DOCUMENT;
use crate::service::ServiceError;

/// Where Swagger UI is.
const SWAGGER: &str = "/swagger/";

/// As for any page of this server, but for one style within the markup, which hides the pictures that the page draws its buttons
/// with. It is allowed by its hash; another version of Swagger UI may have another, which a browser tells in its console.
const POLICY: &str = "default-src 'none'; script-src 'self'; \
                      style-src 'self' 'unsafe-hashes' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; \
                      connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Adds the pages.
pub fn configure(config: &mut ServiceConfig) {
    let files = reading("/swagger/{file:.*}", web::get().to(swagger_file), web::head().to(swagger_file));
    config
        .service(reading("/", web::get().to(to_swagger), web::head().to(to_swagger)))
        .service(reading("/swagger", web::get().to(to_swagger), web::head().to(to_swagger)))
        // Where others have it.
        .service(reading("/swagger-ui", web::get().to(to_swagger), web::head().to(to_swagger)))
        .service(reading("/swagger-ui/", web::get().to(to_swagger), web::head().to(to_swagger)))
        .service(reading("/swagger-ui/index.html", web::get().to(to_swagger), web::head().to(to_swagger)))
        .service(files.app_data(Data::new(swagger_settings())).wrap(Compress::default()));
}

/// A page that is only read; every other method is answered as the API answers it.
pub fn reading(path: &str, get: actix_web::Route, head: actix_web::Route) -> Resource {
    web::resource(path).route(get).route(head).default_service(web::to(|_: HttpRequest| async {
        Err::<HttpResponse, _>(ApiError::MethodNotAllowed { allow: "GET, HEAD" })
    }))
}

async fn to_swagger() -> HttpResponse {
    HttpResponse::Found().insert_header((LOCATION, SWAGGER)).finish()
}

type Settings = Arc<Config<'static>>;

fn swagger_settings() -> Settings {
    let settings = Config::new([DOCUMENT])
        .try_it_out_enabled(true)
        .persist_authorization(true)
        .display_request_duration(true)
        .show_mutated_request(true)
        .doc_expansion("list")
        // The default asks a server on the internet for a badge.
        .validator_url("none");
    Arc::new(settings)
}

/// One of Swagger UI's files. The crate's own service answers GET only, and what it does not have with an empty body.
async fn swagger_file(
    request: HttpRequest,
    file: web::Path<String>,
    settings: Data<Settings>,
) -> Result<HttpResponse, ApiError> {
    let found = utoipa_swagger_ui::serve(&file, Settings::clone(&settings))
        .map_err(|error| ServiceError::Internal(format!("Swagger UI cannot be put together: {error}")))?;
    let found = found.ok_or(ApiError::RouteNotFound)?;
    // The same build has the same files.
    let tag = entity_tag::of(format!("{BUILD_VERSION} {file} {}", found.bytes.len()).as_bytes());
    let is_known = entity_tag::is_known(&request, &tag);
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((ETAG, ETag(tag)))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((REFERRER_POLICY, "no-referrer"));
    if is_known {
        return Ok(answer.finish());
    }
    let text = found.content_type.starts_with("text/");
    let media_type = if text { format!("{}; charset=utf-8", found.content_type) } else { found.content_type };
    Ok(answer.insert_header((CONTENT_TYPE, media_type)).body(found.bytes.into_owned()))
}

#[cfg(test)]
mod tests {
    use actix_web::dev::ServiceResponse;
    use actix_web::http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
    use actix_web::http::{Method, StatusCode};
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    async fn answer(
        method: Method,
        path: &str,
        encoding: &'static str,
    ) -> ServiceResponse<impl actix_web::body::MessageBody> {
        let service = init_service(actix_web::App::new().configure(super::configure)).await;
        let request = TestRequest::with_uri(path).method(method).insert_header((ACCEPT_ENCODING, encoding));
        call_service(&service, request.to_request()).await
    }

    fn header<B>(answer: &ServiceResponse<B>, name: HeaderName) -> &str {
        answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    #[actix_web::test]
    async fn the_files_are_those_of_swagger_ui() {
        let page = answer(Method::GET, "/swagger/", "identity").await;
        assert_eq!(header(&page, CONTENT_TYPE), "text/html; charset=utf-8");
        let html = read_body(page).await;
        assert!(html.windows(16).any(|text| text == b"swagger-ui-bundl"));

        let settings = read_body(answer(Method::GET, "/swagger/swagger-initializer.js", "identity").await).await;
        let settings = String::from_utf8_lossy(&settings);
        assert!(settings.contains(r#""/openapi.json""#), "{settings}");
        assert!(settings.contains(r#""validatorUrl": "none""#), "{settings}");
    }

    #[actix_web::test]
    async fn everything_is_compressed_for_who_asks() {
        for path in ["/swagger/", "/swagger/swagger-ui.css"] {
            let plain = answer(Method::GET, path, "identity").await;
            assert!(!plain.headers().contains_key(CONTENT_ENCODING), "{path}");
            let packed = answer(Method::GET, path, "gzip").await;
            assert_eq!(header(&packed, CONTENT_ENCODING), "gzip", "{path}");
            assert!(read_body(packed).await.starts_with(&[0x1f, 0x8b]), "{path}");
        }
    }

    #[actix_web::test]
    async fn other_methods_and_files_are_answered_as_the_api_does() {
        for path in ["/swagger/", "/swagger", "/"] {
            let head = answer(Method::HEAD, path, "identity").await.status();
            assert_eq!(head, answer(Method::GET, path, "identity").await.status(), "{path}");
            let posted = answer(Method::POST, path, "identity").await;
            assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
            assert_eq!(header(&posted, ALLOW), "GET, HEAD", "{path}");
        }
        let missing = answer(Method::GET, "/swagger/missing.js", "identity").await;
        assert_eq!(missing.status(), StatusCode::NOT_FOUND);
        assert_eq!(read_body(missing).await, "{\"message\":\"Route not found.\"}\n");
    }
}
