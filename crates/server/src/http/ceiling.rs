//! The benchmark's ceiling: the same server answering bytes of the same size from memory, without looking at who asks. Compiled
//! into benchmark builds only.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use bytes::Bytes;

use super::answer;

/// The largest answer, in bytes.
const LARGEST: usize = 4 * 1024 * 1024;
static FILLER: [u8; LARGEST] = [b' '; LARGEST];

/// Adds `/ceiling/{bytes}`: a JSON answer of that many bytes, at most [`LARGEST`]. The benchmark asks for the sizes that it met.
pub fn configure(config: &mut ServiceConfig) {
    config.route("/ceiling/{bytes}", web::get().to(ceiling));
}

async fn ceiling(request: HttpRequest) -> actix_web::HttpResponse {
    let size = request.match_info().get("bytes").and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
    answer::ready(StatusCode::OK, Bytes::from_static(&FILLER[..LARGEST.min(size)]))
}
