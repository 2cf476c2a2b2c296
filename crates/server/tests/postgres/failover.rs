//! A primary and a standby that confirms every commit.

use std::time::{Duration, Instant};

use orgd_postgres_cluster::{Cluster, Options};
use serde_json::json;

use super::harness::{TestServer, eventually, plain};
use super::writers::Writers;
use super::{cluster, takes_writes_again};

struct Pair {
    primary: Cluster,
    standby: Cluster,
    server: TestServer,
}

/// A server on a primary with one standby, without which no commit is confirmed.
fn pair() -> Pair {
    let primary = cluster(&Options { durable: true, ..Options::default() });
    let standby = Cluster::standby_of(&primary, "s1").unwrap_or_else(|error| panic!("{error}"));
    primary.create_database("orgd").unwrap();
    primary.set_synchronous(&["s1"]).unwrap_or_else(|error| panic!("{error}"));
    let hosts = [&primary, &standby].map(Cluster::host_port).join(",");
    let url = format!("postgres://postgres@{hosts}/orgd?target_session_attrs=read-write");
    let server = TestServer::with(&[("ORGD_DATABASE_URL", &url), ("ORGD_READ_CONNECTIONS", "4")]);
    Pair { primary, standby, server }
}

#[test]
fn a_failover_loses_no_acknowledged_write_and_needs_no_restart() {
    let Pair { mut primary, standby, server } = pair();
    let replica = server.replica(&[]);
    let writers = Writers::start(&server, 8, "left");
    let others = Writers::start(&replica, 8, "right");
    writers.warm_up();
    others.warm_up();
    primary.kill().unwrap();
    standby.promote().unwrap();
    [&server, &replica].into_iter().for_each(takes_writes_again);
    std::thread::sleep(Duration::from_millis(500));
    let (left, right) = (writers.stop(), others.stop());
    let rows = standby.sql("orgd", "SELECT name FROM organizations WHERE deleted_at IS NULL").unwrap();
    let present: std::collections::BTreeSet<String> = rows.lines().map(str::to_owned).collect();
    left.assert_kept(&present);
    right.assert_kept(&present);
    assert!(left.refused + right.refused > 0, "nobody noticed");
    // Memory follows the new primary.
    eventually(|| server.owner().get("/organizations").expect(200).as_array().unwrap().len() == present.len());
}

#[test]
fn a_write_that_no_standby_confirms_is_answered_in_time_and_truthfully() {
    let Pair { primary, standby, server } = pair();
    server.owner().create("before");
    standby.freeze().unwrap();
    let asked = Instant::now();
    let answer = server.owner().post("/organizations", json!({"name": "unconfirmed"}));
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(answer.text().contains("It may have been made or not"), "{}", answer.text());
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    // The writer waits for the standby. Who comes now is turned away without a change, and reads go on.
    let late = server.owner().post("/organizations", json!({"name": "late"}));
    assert_eq!(late.status, 503);
    assert!(!late.text().contains("may have been made"), "{}", late.text());
    assert_eq!(server.owner().get("/organizations/before").status, 200);
    let (status, ready) = plain::get(&server.address().to_string(), "/readyz", None);
    assert_eq!(status, 503);
    assert!(ready.contains("does not confirm writes"));
    standby.thaw().unwrap();
    eventually(|| server.owner().get("/organizations/unconfirmed").status == 200);
    assert_eq!(server.owner().get("/organizations/late").status, 404);
    takes_writes_again(&server);
    drop(primary);
}
