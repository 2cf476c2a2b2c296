//! The benchmark's ceiling: the same server answering bytes of the same size from memory, without looking at who asks. Compiled
//! into benchmark builds only.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use bytes::Bytes;

use super::answer;

/// Adds `/ceiling/{bytes}`: a JSON answer of that many bytes. The benchmark asks for the sizes that it met.
pub fn configure(config: &mut ServiceConfig) {
    // Made once per worker, so that a request copies a pointer and nothing else.
    let filler = Bytes::from(vec![b' '; 4 * 1024 * 1024]);
    config.route(
        "/ceiling/{bytes}",
        web::get().to(move |size: web::Path<usize>| {
            let body = filler.slice(..size.into_inner().min(filler.len()));
            async move { answer::ready(StatusCode::OK, body) }
        }),
    );
}
