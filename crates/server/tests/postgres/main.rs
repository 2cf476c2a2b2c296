//! What only PostgreSQL makes possible and what only it can do to a server: several servers on one database, a lost
//! connection, a database that restarts, a failover. These tests start clusters of their own.

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

#[path = "../support/cluster.rs"]
mod cluster;
mod connections;
mod cut;
mod failover;
mod replicas;
mod tls;
mod way;
mod workers;
mod writers;

use std::time::{Duration, Instant};

use cluster::cluster;
use harness::{Answer, TestServer, eventually};
use orgd_postgres_cluster::{Cluster, Options};
use serde_json::json;
use uuid::Uuid;

/// A cluster with a server on a new database in it.
fn serving() -> (Cluster, TestServer) {
    let cluster = cluster(&Options::default());
    let url = cluster.create_database("orgd").unwrap();
    let server = TestServer::with(&[("ORGD_DATABASE_URL", &url)]);
    (cluster, server)
}

/// For so long a server tries before it tells a caller to come again: it waits a second for what another transaction has locked, and two for
/// a connection or a turn.
const WAITS: Duration = Duration::from_secs(1);
/// Who is told to come again for so long has met more than a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The answer, asked for again while a busy machine keeps the server from giving one. Who is told at once to come again has met a fault.
fn patiently(ask: impl Fn() -> Answer) -> Answer {
    let begun = Instant::now();
    loop {
        let asked = Instant::now();
        let answer = ask();
        let is_put_off = answer.status == 503 && !answer.is_unconfirmed() && asked.elapsed() >= WAITS;
        if !is_put_off || begun.elapsed() > PATIENCE {
            return answer;
        }
    }
}

/// Waits until a write is acknowledged. Each has a name of its own, since one that was not confirmed may have been made.
#[track_caller]
fn takes_writes_again(server: &TestServer) {
    let owner = server.owner();
    eventually(|| owner.post("/organizations", json!({"name": Uuid::new_v4().simple().to_string()})).status == 201);
}

/// What every server sees within this time of its commit, whatever breaks.
const BOUND: Duration = Duration::from_secs(1);

/// Asserts that it becomes so within [`BOUND`] and stays so.
#[track_caller]
fn soon(begun: Instant, what: &str, is_so: impl Fn() -> bool) {
    // A busy machine answers late; what counts is what an answer says that was asked for after the bound.
    loop {
        let asked = Instant::now();
        if is_so() {
            break;
        }
        assert!(asked < begun + BOUND, "{what} is not seen {:?} after it was done", asked - begun);
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(is_so(), "{what} is seen and then not");
}
