//! Requests that are sent before the answers to earlier ones have come: each is answered, in their order.

use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use serde_json::json;

use crate::harness::{BASE, TestServer, WorkerClient, eventually};
use crate::raw::Raw;
use crate::{fill, metric};

const QUICK: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
const LAST: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
/// More than the HTTP library reads ahead.
const MANY: usize = 40;
/// For the server to read what was sent: a shorter time would make the test easier, never fail it.
const A_MOMENT: Duration = Duration::from_millis(100);

fn answers(said: &str) -> usize {
    said.matches("HTTP/1.1 200 OK\r\n").count()
}

/// What comes while so many wait is left in a buffer, and has to be remembered when they are answered all at once.
#[test]
fn behind_one_that_waits_for_a_job() {
    let server = TestServer::start();
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let body = r#"{"wait_seconds":30}"#;
    let token = server.owner_token();
    let acquire = format!(
        "POST {BASE}{} HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: {token}\r\nContent-Length: {}\r\n\r\n{body}",
        worker.path("acquire"),
        body.len()
    );
    let mut raw = Raw::send(&server, &format!("{acquire}{}", QUICK.repeat(MANY)));
    eventually(|| metric(&server, "orgd_workers_waiting") == 1.0);
    raw.write(&QUICK.repeat(MANY));
    std::thread::sleep(A_MOMENT);
    raw.write(LAST);
    std::thread::sleep(A_MOMENT);
    server.owner().post("/organizations/coder/provisionerjobs", json!({"type": "workspace_build"})).expect(201);
    assert_eq!(answers(&raw.rest()), 2 * MANY + 2);
}

#[test]
fn behind_a_list_that_is_sent_in_parts_and_read_late() {
    let server = TestServer::start();
    fill(&server);
    let token = server.owner_token();
    let list = format!(
        "GET {BASE}/organizations/coder/provisionerjobs?limit=0 HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: {token}\r\n\r\n"
    );
    let mut raw = Raw::open(&server);
    setsockopt(&raw.0, sockopt::RcvBuf, &(256 * 1024)).unwrap();
    raw.write(&format!("{list}{}", QUICK.repeat(MANY)));
    std::thread::sleep(A_MOMENT);
    raw.write(&QUICK.repeat(MANY));
    std::thread::sleep(A_MOMENT);
    raw.write(LAST);
    assert_eq!(answers(&raw.rest()), 2 * MANY + 2);
}
