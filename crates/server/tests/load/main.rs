//! Slow callers, callers that vanish, and more callers than can be served: each is bounded, and the others do not notice.
//!
//! Deadlines are set short for a test; what a test holds is that something ends and how, never how many milliseconds it took.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, helpers included"
)]
#![expect(clippy::print_stderr, reason = "a failing test shows the log of its server")]

#[path = "../support/harness.rs"]
#[expect(dead_code, unused_imports, reason = "the black-box tests use the rest")]
mod harness;

mod crowd;
mod overload;
mod pipelined;
mod raw;
mod size;
mod slow;
#[path = "../support/soak.rs"]
mod soak;
mod steady;
mod trend;
mod vanish;

use harness::{Job, TestServer};

/// So many jobs [`fill`] makes.
const MANY_JOBS: i64 = 3000;

/// A server whose deadlines are short, with these settings besides.
fn impatient(settings: &[(&str, &str)]) -> TestServer {
    let short = [
        ("ORGD_HEAD_TIMEOUT", "10s"),
        ("ORGD_BODY_TIMEOUT", "500ms"),
        ("ORGD_ANSWER_TIMEOUT", "1s"),
        ("ORGD_IDLE_TIMEOUT", "500ms"),
    ];
    TestServer::with(&[&short, settings].concat())
}

/// The value of a metric without labels, for figures that are reckoned with.
#[track_caller]
fn metric(server: &TestServer, name: &str) -> f64 {
    server.metric(name) as f64
}

/// How many connections are open, besides the one that asks.
fn connections(server: &TestServer) -> f64 {
    metric(server, "orgd_http_connections") - 1.0
}

/// Fills the default organization with so many jobs that their list is sent in parts.
fn fill(server: &TestServer) {
    let default = server.owner().get("/organizations/default").expect(200);
    let organization = default["id"].as_str().unwrap().parse().unwrap();
    server.change(|sql| {
        for second in 0..MANY_JOBS {
            sql.job(&Job::pending(organization, second).running().completed());
        }
    });
}
