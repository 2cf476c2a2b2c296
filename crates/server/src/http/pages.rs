//! Pages for people: Swagger UI, which the binary holds whole, and the document that it shows.

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::middleware::Compress;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource};
use bytes::Bytes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::answer;
use super::error::ApiError;

/// Where the document is.
const DOCUMENT: &str = "/openapi.json";
/// Where Swagger UI is.
const SWAGGER: &str = "/swagger/";

/// Adds the pages; `document` is the JSON of the document.
pub fn configure(config: &mut ServiceConfig, document: Bytes) {
    let json = move || {
        let document = document.clone();
        async move {
            HttpResponse::Ok()
                .insert_header((actix_web::http::header::CONTENT_TYPE, answer::JSON))
                .insert_header((CACHE_CONTROL, "no-cache"))
                .body(document)
        }
    };
    config
        .service(reading("/", web::get().to(to_swagger), web::head().to(to_swagger)))
        .service(reading("/swagger", web::get().to(to_swagger), web::head().to(to_swagger)))
        .service(reading(DOCUMENT, web::get().to(json.clone()), web::head().to(json)).wrap(Compress::default()))
        .service(web::scope("").wrap(Compress::default()).service(swagger_ui()));
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

fn swagger_ui() -> SwaggerUi {
    let config = Config::new([DOCUMENT])
        .try_it_out_enabled(true)
        .persist_authorization(true)
        .display_request_duration(true)
        .show_mutated_request(true)
        .doc_expansion("list")
        // The default asks a server on the internet for a badge.
        .validator_url("none");
    SwaggerUi::new("/swagger/{_:.*}").config(config)
}
