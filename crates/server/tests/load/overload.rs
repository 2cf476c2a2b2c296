//! More requests than can be served: what is too much is told so at once, and the rest is served.

use crate::harness::{BASE, Kind, TestServer, eventually};
use crate::metric;
use crate::raw::Raw;

/// As many requests of a kind as may be under way.
const MOST: usize = 8;

fn create(server: &TestServer, name: &str) -> Raw {
    let body = format!("{{\"name\":\"{name}\"}}");
    let token = server.owner_token();
    let head = format!("POST {BASE}/organizations HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: {token}\r\n");
    Raw::send(server, &format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()))
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
}

#[test]
fn what_is_too_much_is_refused_at_once_and_the_rest_is_served() {
    let server = TestServer::with(&[("ORGD_MAX_REQUESTS", &MOST.to_string())]);
    server.owner().get("/organizations").expect(200);
    let mut sql = server.sql();
    sql.begin();
    if sql.kind() == Kind::Postgres {
        sql.run("LOCK TABLE organizations IN EXCLUSIVE MODE");
    }
    // Nothing can be written while that transaction lasts.
    let mut stuck: Vec<_> = (0..MOST).map(|number| create(&server, &format!("stuck-{number}"))).collect();
    eventually(|| metric(&server, "orgd_http_requests_in_flight") >= (MOST + 1) as f64);
    for number in 0..4 * MOST {
        let mut raw = create(&server, &format!("refused-{number}"));
        assert_eq!(raw.one_answer(), 503);
    }
    assert_eq!(metric(&server, "orgd_http_requests_shed_total"), (4 * MOST) as f64);
    let said = Raw::send(&server, &get("/readyz")).rest();
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    server.owner().get("/organizations").expect(200);
    sql.run("COMMIT");
    for raw in &mut stuck {
        // A machine that was asleep for two seconds meanwhile may have let one of them go.
        assert!([201, 503].contains(&raw.one_answer()));
    }
    assert_eq!(create(&server, "after").one_answer(), 201);
    let names = server.sql_organizations();
    assert!(!names.iter().any(|name| name.starts_with("refused")), "{names:?}");
    eventually(|| metric(&server, "orgd_http_requests_in_flight") == 1.0);
}

/// The refusal keeps the connection and says when to come again.
#[test]
fn whoever_is_refused_is_told_when_to_come_again() {
    let server = TestServer::with(&[("ORGD_MAX_REQUESTS", "1")]);
    server.owner().get("/organizations").expect(200);
    let mut sql = server.sql();
    sql.begin();
    if sql.kind() == Kind::Postgres {
        sql.run("LOCK TABLE organizations IN EXCLUSIVE MODE");
    }
    let _stuck = create(&server, "stuck");
    eventually(|| metric(&server, "orgd_http_requests_in_flight") >= 2.0);
    let refused = server.owner().request("POST", "/organizations").json(&serde_json::json!({"name": "refused"})).send();
    assert_eq!(refused.message(503), "The server is overloaded or its database is out of reach. Please try again.");
    assert_eq!(refused.header("retry-after"), Some("1"));
    let mut raw = create(&server, "refused");
    assert_eq!(raw.one_answer(), 503);
    raw.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(raw.one_answer(), 200);
    sql.run("COMMIT");
}

/// Those cost next to nothing, and there may be many of them.
#[test]
fn workers_that_wait_and_bodies_under_way_leave_room_for_others() {
    let server = TestServer::with(&[("ORGD_MAX_REQUESTS", "2")]);
    let worker = crate::harness::WorkerClient::register(&server.owner(), "coder", "waiting");
    let waiting: Vec<_> = (0..10).map(|_| worker.begin_acquire(20)).collect();
    let token = server.owner_token();
    let head = format!(
        "POST {BASE}/organizations HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: {token}\r\nContent-Length: 9\r\n\r\n"
    );
    let coming: Vec<_> = (0..10).map(|_| Raw::send(&server, &head)).collect();
    eventually(|| metric(&server, "orgd_http_requests_waiting") == 20.0);
    server.owner().create("acme");
    assert_eq!(metric(&server, "orgd_http_requests_shed_total"), 0.0);
    drop((waiting, coming));
    eventually(|| metric(&server, "orgd_http_requests_in_flight") == 1.0);
    assert_eq!(metric(&server, "orgd_http_requests_waiting"), 0.0);
}
