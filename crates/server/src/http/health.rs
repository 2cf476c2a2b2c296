//! What operators and load balancers ask: alive, ready, numbers.

use std::sync::atomic::Ordering;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use orgd_api_types::Response;

use super::answer;
use super::state::App;

/// The process answers.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("OK\n")
}

/// The database answers, the writer takes work and everything is in memory.
pub async fn readyz(app: Data<App>) -> HttpResponse {
    let what_is_missing = if app.is_stopping.load(Ordering::Acquire) {
        "The server is stopping."
    } else if !app.database.can_read().await {
        "The database is out of reach."
    } else if !app.database.can_write() {
        "The database does not confirm writes."
    } else if !app.model.is_complete() {
        "The queue is still being read."
    } else {
        return HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(readiness(&app));
    };
    let not_ready = Response { message: what_is_missing.to_owned(), ..Response::default() };
    answer::encoded(StatusCode::SERVICE_UNAVAILABLE, &not_ready)
}

/// A server that hears nothing of the others' writes is ready: it asks the database on every request. It is slower, and says so.
fn readiness(app: &App) -> &'static str {
    match app.database.feed() {
        Some(feed) if !feed.is_notified() => {
            "OK\nThe notification connection is down: every request asks the database.\n"
        }
        _ => "OK\n",
    }
}

/// Numbers for Prometheus.
pub async fn metrics(app: Data<App>) -> HttpResponse {
    let (open, used) = app.database.readers().usage();
    app.metrics.read_connections.set(open.into());
    app.metrics.read_connections_used.set(used.into());
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    app.metrics.database_reads.set(i64::try_from(app.database.readers().reads()).unwrap_or(i64::MAX));
    app.metrics.workers_waiting.set(count(app.model.waiting.len()));
    app.metrics.jobs_pending.set(count(app.model.load().jobs.as_ref().map_or(0, |jobs| jobs.pending_len())));
    if let Some(feed) = app.database.feed() {
        let following = app.metrics.following.get_or_init(Default::default);
        following.is_notified.set(feed.is_notified().into());
        following.age.set(i64::try_from(feed.age().as_micros()).unwrap_or(i64::MAX));
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(app.metrics.render())
}
