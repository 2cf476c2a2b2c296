//! The page `/queue`: its files, which the binary holds, and the headers that they are sent with. What the page shows it asks
//! of the public API, with the session token that is typed into it.

use actix_web::http::header::{self, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LOCATION};
use actix_web::http::header::{EntityTag, REFERRER_POLICY};
use actix_web::middleware::Compress;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::entity_tag;
use super::error::ApiError;
use super::pages::reading;

/// Where the page is.
const PAGE: &str = "/queue";
/// The page loads its own files, talks to this server, and that is all: no script or style within the markup, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// A line of the table of files: the name below `/queue/`, the media type, the text.
macro_rules! files {
    ($($media_type:ident $name:literal),* $(,)?) => {
        &[$(($name, $media_type, include_str!(concat!("../../assets/queue/", $name)))),*]
    };
}

/// The page itself comes first, and is served as `/queue`.
const FILES: &[(&str, &str, &str)] = files![
    HTML "index.html",
    CSS "style.css",
    CSS "controls.css",
    CSS "plot.css",
    CSS "tables.css",
    CSS "panel.css",
    SVG "icon.svg",
    SCRIPT "address.mjs",
    SCRIPT "api.mjs",
    SCRIPT "app.mjs",
    SCRIPT "chips.mjs",
    SCRIPT "details.mjs",
    SCRIPT "dom.mjs",
    SCRIPT "format.mjs",
    SCRIPT "history.mjs",
    SCRIPT "icons.mjs",
    SCRIPT "jobs.mjs",
    SCRIPT "logs.mjs",
    SCRIPT "look.mjs",
    SCRIPT "plot.mjs",
    SCRIPT "poll.mjs",
    SCRIPT "queues.mjs",
    SCRIPT "session.mjs",
    SCRIPT "store.mjs",
    SCRIPT "tags.mjs",
    SCRIPT "why.mjs",
    SCRIPT "workers.mjs",
];

/// A file, ready to send.
struct File {
    name: &'static str,
    media_type: &'static str,
    text: &'static str,
    tag: EntityTag,
}

/// Adds the page and its files.
pub(super) fn configure(config: &mut ServiceConfig) {
    let files: Data<Vec<File>> = Data::new(FILES.iter().copied().map(file).collect());
    let page = reading(PAGE, web::get().to(page), web::head().to(page));
    let parts = reading("/queue/{file:.*}", web::get().to(part), web::head().to(part));
    config
        .service(page.app_data(Data::clone(&files)).wrap(Compress::default()))
        .service(parts.app_data(files).wrap(Compress::default()));
}

fn file((name, media_type, text): (&'static str, &'static str, &'static str)) -> File {
    File { name, media_type, text, tag: entity_tag::of(text.as_bytes()) }
}

async fn page(request: HttpRequest, files: Data<Vec<File>>) -> Result<HttpResponse, ApiError> {
    files.first().map(|page| send(&request, page)).ok_or(ApiError::RouteNotFound)
}

async fn part(request: HttpRequest, name: web::Path<String>, files: Data<Vec<File>>) -> Result<HttpResponse, ApiError> {
    if name.is_empty() {
        // Its links are relative to `/queue`.
        return Ok(HttpResponse::Found().insert_header((LOCATION, "../queue")).finish());
    }
    let found = files.iter().skip(1).find(|file| file.name == *name);
    found.map(|file| send(&request, file)).ok_or(ApiError::RouteNotFound)
}

/// The file, or that the caller has it already. It is asked for each time, so that a new server and its page go together.
fn send(request: &HttpRequest, file: &File) -> HttpResponse {
    let is_known = entity_tag::is_known(request, &file.tag);
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((ETAG, header::ETag(file.tag.clone())))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((REFERRER_POLICY, "no-referrer"));
    if is_known {
        return answer.finish();
    }
    answer.insert_header((CONTENT_TYPE, file.media_type)).body(file.text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use actix_web::dev::ServiceResponse;
    use actix_web::http::header::{
        ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    };
    use actix_web::http::header::{ETAG, IF_NONE_MATCH, LOCATION};
    use actix_web::http::{Method, StatusCode};
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    use super::{FILES, HTML, POLICY, SCRIPT};

    async fn ask(request: TestRequest) -> ServiceResponse<impl actix_web::body::MessageBody> {
        let service = init_service(actix_web::App::new().configure(super::configure)).await;
        call_service(&service, request.to_request()).await
    }

    fn header<B>(answer: &ServiceResponse<B>, name: HeaderName) -> String {
        answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }

    #[actix_web::test]
    async fn each_file_is_served_with_its_type_and_the_policy() {
        for (name, media_type, text) in FILES {
            let path = if *media_type == HTML { "/queue".to_owned() } else { format!("/queue/{name}") };
            let answer = ask(TestRequest::with_uri(&path)).await;
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            assert_eq!(header(&answer, CONTENT_TYPE), *media_type, "{path}");
            assert_eq!(header(&answer, CONTENT_SECURITY_POLICY), POLICY, "{path}");
            assert_eq!(read_body(answer).await, *text, "{path}");
        }
    }

    #[actix_web::test]
    async fn a_file_that_is_known_is_not_sent_again() {
        let first = ask(TestRequest::with_uri("/queue")).await;
        let tag = header(&first, ETAG);
        assert!(tag.starts_with("W/\""), "{tag}");
        let again = ask(TestRequest::with_uri("/queue").insert_header((IF_NONE_MATCH, tag))).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(read_body(again).await.is_empty());
        let other = ask(TestRequest::with_uri("/queue").insert_header((IF_NONE_MATCH, "\"other\""))).await;
        assert_eq!(other.status(), StatusCode::OK);
        let packed = ask(TestRequest::with_uri("/queue/app.mjs").insert_header((ACCEPT_ENCODING, "gzip"))).await;
        assert_eq!(header(&packed, CONTENT_ENCODING), "gzip");
    }

    #[actix_web::test]
    async fn other_paths_and_methods_are_answered_as_the_api_does() {
        let slash = ask(TestRequest::with_uri("/queue/")).await;
        assert_eq!((slash.status(), &*header(&slash, LOCATION)), (StatusCode::FOUND, "../queue"));
        for path in ["/queue/missing.mjs", "/queue/index.html", "/queue/../Cargo.toml"] {
            assert_eq!(ask(TestRequest::with_uri(path)).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
        let posted = ask(TestRequest::with_uri("/queue").method(Method::POST)).await;
        assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
        let head = ask(TestRequest::with_uri("/queue").method(Method::HEAD)).await;
        assert_eq!(head.status(), StatusCode::OK);
    }

    /// A file that is left out of the table is a page that does not start.
    #[test]
    fn every_file_of_the_folder_is_in_the_table() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/queue");
        let there: BTreeSet<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let served: BTreeSet<String> = FILES.iter().map(|(name, ..)| (*name).to_owned()).collect();
        assert_eq!(there, served);
    }

    /// What the policy would refuse anyway, and what keeps data from becoming markup, is found before a browser does.
    #[test]
    fn nothing_in_the_files_goes_around_the_policy() {
        for (name, media_type, text) in FILES {
            assert!(text.lines().count() <= 400, "{name} is longer than 400 lines");
            let forbidden: &[&str] = match *media_type {
                HTML => &["<style", " style=", " onclick=", "//"],
                SCRIPT => &["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "localStorage"],
                _ => &["@import", "url("],
            };
            for text_part in forbidden {
                assert!(!text.contains(text_part), "{name} contains {text_part}");
            }
            if *media_type == SCRIPT {
                assert!(text.starts_with("// Owns "), "{name} does not begin with what it owns");
            }
        }
    }
}
