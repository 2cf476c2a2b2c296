//! More requests than can be served: what is too much is told so at once, and the rest is served.

use std::time::{Duration, Instant};

use crate::harness::{BASE, Kind, TestServer, eventually};
use crate::metric;
use crate::raw::Raw;

/// As many requests of a kind as may be under way.
const MOST: usize = 8;
/// For so long nobody makes room: who is stuck and gets no turn gives up after two seconds.
const STUCK: Duration = Duration::from_millis(1500);
/// How often it is tried to look at a full server within that time.
const ATTEMPTS: usize = 10;

fn create(server: &TestServer, name: &str) -> Raw {
    let body = format!("{{\"name\":\"{name}\"}}");
    let token = server.owner_token();
    let head = format!("POST {BASE}/organizations HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: {token}\r\n");
    Raw::send(server, &format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()))
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
}

/// Looks at a server on which as many writes as it takes are stuck, until a deadline; lets them go then, and gives what was seen. When
/// it took longer, some may have made room meanwhile: then that says nothing, and another server is looked at.
#[track_caller]
fn while_full<T>(most: usize, look: impl Fn(&TestServer, Instant) -> T) -> (T, TestServer, Vec<Raw>) {
    for _ in 0..ATTEMPTS {
        let server = TestServer::with(&[("ORGD_MAX_REQUESTS", &most.to_string())]);
        server.owner().get("/organizations").expect(200);
        let mut sql = server.sql();
        sql.begin();
        if sql.kind() == Kind::Postgres {
            sql.run("LOCK TABLE organizations IN EXCLUSIVE MODE");
        }
        // Nothing can be written while that transaction lasts.
        let deadline = Instant::now() + STUCK;
        let stuck: Vec<_> = (0..most).map(|number| create(&server, &format!("stuck-{number}"))).collect();
        while metric(&server, "orgd_http_requests_in_flight") < (most + 1) as f64 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let seen = look(&server, deadline);
        let is_in_time = Instant::now() < deadline;
        sql.run("COMMIT");
        if is_in_time {
            return (seen, server, stuck);
        }
    }
    panic!("it takes this machine longer than {STUCK:?} each time");
}

#[test]
fn what_is_too_much_is_refused_at_once_and_the_rest_is_served() {
    let ((refused, shed, ready, read), server, mut stuck) = while_full(MOST, |server, deadline| {
        let refused: Vec<_> = (0..4 * MOST)
            .take_while(|_| Instant::now() < deadline)
            .map(|number| create(server, &format!("refused-{number}")).one_answer())
            .collect();
        let shed = metric(server, "orgd_http_requests_shed_total");
        let ready = Raw::send(server, &get("/readyz")).rest();
        (refused, shed, ready, server.owner().get("/organizations").status)
    });
    assert_eq!(refused, [503; 4 * MOST]);
    assert_eq!(shed, (4 * MOST) as f64);
    assert!(ready.starts_with("HTTP/1.1 200 "), "{ready}");
    assert_eq!(read, 200);
    for raw in &mut stuck {
        // A machine that was asleep for two seconds meanwhile may have let one of them go.
        assert!([201, 503].contains(&raw.one_answer()));
    }
    let mut after = 0..;
    eventually(|| create(&server, &format!("after-{}", after.next().unwrap_or(0))).one_answer() == 201);
    let names = server.sql_organizations();
    assert!(!names.iter().any(|name| name.starts_with("refused")), "{names:?}");
    eventually(|| metric(&server, "orgd_http_requests_in_flight") == 1.0);
}

/// The refusal keeps the connection and says when to come again.
#[test]
fn whoever_is_refused_is_told_when_to_come_again() {
    let ((refused, statuses), ..) = while_full(1, |server, _| {
        let refused = server.owner().post("/organizations", serde_json::json!({"name": "refused"}));
        let mut raw = create(server, "refused");
        let first = raw.one_answer();
        raw.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        (refused, [first, raw.one_answer()])
    });
    assert_eq!(refused.message(503), "The server is overloaded or its database is out of reach. Please try again.");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(statuses, [503, 200]);
}

/// Those cost next to nothing, and there may be many of them.
#[test]
fn workers_that_wait_and_bodies_under_way_leave_room_for_others() {
    let server = TestServer::with(&[("ORGD_MAX_REQUESTS", "2"), ("ORGD_BODY_TIMEOUT", "1h")]);
    let worker = crate::harness::WorkerClient::register(&server.owner(), "coder", "waiting");
    let waiting: Vec<_> = (0..10).map(|_| worker.begin_acquire(60)).collect();
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
