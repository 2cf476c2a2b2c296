//! Few connections, lost connections, and a database that goes away and comes back.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use orgd_postgres_cluster::Options;
use serde_json::json;

use super::harness::{BASE, TestServer, eventually, open_sql, plain};
use super::writers::Writers;
use super::{cluster, serving};

#[test]
fn two_connections_serve_200_callers() {
    let (_cluster, server) = serving();
    let tokens: Vec<String> = (0..4).map(|_| server.token_of("owner", &[])).collect();
    std::thread::scope(|scope| {
        for number in 0..200_usize {
            let (server, tokens) = (&server, &tokens);
            scope.spawn(move || {
                // Each asks the database: who is this, and which job is that.
                let unknown = server.client(&format!("{number:010}-0123456789012345678901"));
                assert_eq!(unknown.get("/organizations").status, 401);
                let known = server.client(&tokens[number % tokens.len()]);
                let nobody = uuid::Uuid::from_u128(number as u128 + 1);
                assert_eq!(known.get(&format!("/organizations/coder/provisionerjobs/{nobody}")).status, 404);
                assert_eq!(known.get("/organizations/coder/provisionerjobs?limit=0").status, 200);
            });
        }
    });
    let mut sql = server.sql();
    let readers = "SELECT count(*) AS value FROM pg_stat_activity WHERE application_name = 'orgd read' \
                   AND datname = current_database()";
    assert_eq!(sql.number(readers), 2);
}

/// Reads are repeated inside; a write is made or refused as a whole.
#[test]
fn lost_connections_cost_no_read_and_no_acknowledged_write() {
    let (cluster, server) = serving();
    let writers = Writers::start(&server, 4, "cut");
    let (over, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for reader in 0..4 {
            let (server, over, reads) = (&server, &over, &reads);
            scope.spawn(move || {
                let owner = server.owner();
                while !over.load(Ordering::SeqCst) {
                    let path = ["/organizations/coder", "/organizations/coder/provisionerjobs?status=failed"];
                    assert_eq!(owner.get(path[reader % 2]).status, 200);
                    reads.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let mut sql = open_sql(&cluster.url("postgres"));
        let begun = Instant::now();
        let enough = || reads.load(Ordering::SeqCst) > 50 || begun.elapsed() > Duration::from_secs(60);
        while begun.elapsed() < Duration::from_secs(4) || !enough() {
            std::thread::sleep(Duration::from_millis(200));
            sql.number("SELECT count(pg_terminate_backend(pid)) AS value FROM pg_stat_activity WHERE application_name LIKE 'orgd%'");
        }
        over.store(true, Ordering::SeqCst);
    });
    assert!(reads.into_inner() > 50);
    writers.warm_up();
    eventually(|| server.owner().post("/organizations", json!({"name": "after"})).status == 201);
    writers.stop().assert_kept(&server.sql_organizations());
}

#[test]
fn a_database_that_restarts_costs_nothing_but_time() {
    let mut cluster = cluster(&Options { durable: true, ..Options::default() });
    let url = cluster.create_database("orgd").unwrap();
    let server = TestServer::with(&[("ORGD_DATABASE_URL", &url)]);
    let writers = Writers::start(&server, 8, "restart");
    writers.warm_up();
    cluster.stop_immediate().unwrap();
    let down = server.owner().get("/organizations/coder");
    assert_eq!(down.status, 503, "nothing is answered from memory that cannot be compared");
    assert_eq!(down.header("retry-after"), Some("1"));
    assert_eq!(plain::get(&server.address().to_string(), "/readyz", None).0, 503);
    cluster.restart().unwrap();
    eventually(|| server.owner().post("/organizations", json!({"name": "after"})).status == 201);
    assert_eq!(server.owner().get("/organizations/coder").status, 200);
    let told = writers.stop();
    assert!(told.refused > 0, "the writers noticed nothing");
    told.assert_kept(&server.sql_organizations());
    eventually(|| raw_ready(&server));
}

fn raw_ready(server: &TestServer) -> bool {
    plain::get(&server.address().to_string(), "/readyz", None).1 == "OK\n"
}

/// A command that waits for TLS says what is wrong with it, and shows no password.
#[test]
fn a_connection_that_cannot_be_made_is_explained() {
    let (cluster, server) = serving();
    let refused = |url: &str| {
        let replica = server.try_command(&["user", "list", "--database-url", url]);
        assert!(!replica.status.success());
        String::from_utf8(replica.stderr).unwrap()
    };
    let said = refused("postgres://me:hunter2@127.0.0.1:1/orgd");
    assert!(said.contains("cannot connect to postgres://127.0.0.1:1/orgd") && said.contains("refused"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    let said = refused(&cluster.url("nowhere"));
    assert!(said.contains("database \"nowhere\" does not exist"), "{said}");
    let empty = cluster.create_database("empty").unwrap();
    assert!(refused(&empty).contains("there are no tables of orgd in"), "an empty database is not filled by a list");
    assert_eq!(server.owner().get(&format!("{BASE}/organizations")[BASE.len()..]).status, 200);
}
