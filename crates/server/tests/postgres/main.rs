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
use harness::TestServer;
use orgd_postgres_cluster::{Cluster, Options};

/// A cluster with a server on a new database in it.
fn serving() -> (Cluster, TestServer) {
    let cluster = cluster(&Options::default());
    let url = cluster.create_database("orgd").unwrap();
    let server = TestServer::with(&[("ORGD_DATABASE_URL", &url)]);
    (cluster, server)
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
