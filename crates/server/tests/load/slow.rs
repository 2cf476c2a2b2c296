//! Heads, bodies and readers that take their time, or for ever.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use nix::sys::socket::{setsockopt, sockopt};
use serde_json::json;

use crate::harness::{BASE, TestServer, eventually};
use crate::raw::{Raw, refused};
use crate::{connections, impatient, metric};

/// More than the kernel keeps for a reader with a small buffer.
const LARGE: &str = "/openapi.json";

fn head(server: &TestServer, length: &str) -> String {
    let token = server.owner_token();
    format!("POST {BASE}/organizations HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: {token}\r\n{length}\r\n\r\n")
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

#[test]
fn connections_that_send_no_whole_head_are_closed_and_others_do_not_notice() {
    let server = impatient(&[("ORGD_HEAD_TIMEOUT", "2s")]);
    let silent: Vec<_> = (0..200).map(|_| Raw::open(&server)).collect();
    let half: Vec<_> = (0..200).map(|_| Raw::send(&server, "GET /healthz HTTP/1.1\r\nHo")).collect();
    server.owner().get("/organizations").expect(200);
    for raw in silent.into_iter().chain(half) {
        let said = raw.rest();
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408 "), "{said}");
    }
    let said = Raw::send(&server, "GET /healthz HTTP/1.1\r\n").drip("X");
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408 "), "{said}");
    eventually(|| connections(&server) == 0.0);
}

/// The HTTP library looks at the first head only.
#[test]
fn a_later_head_is_not_waited_for_without_end_either() {
    let server = impatient(&[("ORGD_HEAD_TIMEOUT", "2s")]);
    let mut raw = Raw::send(&server, &get("/healthz"));
    assert_eq!(raw.one_answer(), 200);
    raw.write("GET /healthz HTTP/1.1\r\nX: ");
    assert_eq!(raw.drip("x"), "");
    assert_eq!(metric(&server, "orgd_http_connections_given_up_total"), 1.0);
    eventually(|| connections(&server) == 0.0);
}

#[test]
fn a_body_that_does_not_come_is_answered_408_and_its_connection_closed() {
    let server = impatient(&[]);
    for (what, length) in [
        ("told", "Content-Length: 100"),
        ("asked for", "Content-Length: 100\r\nExpect: 100-continue"),
        ("in chunks", "Transfer-Encoding: chunked"),
    ] {
        let said = Raw::send(&server, &head(&server, length)).rest();
        let said = said.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&said);
        assert_eq!(refused(said, 408), "Request body did not arrive in time.", "{what}");
    }
    assert_eq!(refused(&Raw::send(&server, &head(&server, "Content-Length: 9999")).drip(" "), 408).len(), 36);
    assert_eq!(
        refused(&Raw::send(&server, &head(&server, "Transfer-Encoding: chunked")).drip("1\r\n \r\n"), 408).len(),
        36
    );
    server.owner().get("/organizations").expect(200);
    eventually(|| connections(&server) == 0.0);
    assert_eq!(metric(&server, "orgd_http_requests_waiting"), 0.0);
}

#[test]
fn a_body_that_keeps_coming_gets_more_time() {
    let server = impatient(&[("ORGD_BODY_TIMEOUT", "2s")]);
    let body = format!("{{\"name\":\"late\"}}{}", " ".repeat(8 * 64 * 1024));
    let mut raw = Raw::send(&server, &head(&server, &format!("Content-Length: {}", body.len())));
    let begun = Instant::now();
    for part in body.as_bytes().chunks(64 * 1024) {
        std::thread::sleep(Duration::from_millis(400));
        raw.0.write_all(part).expect("the server reads");
    }
    assert!(begun.elapsed() > Duration::from_secs(2), "longer than a short body may take");
    assert_eq!(raw.one_answer(), 201);
}

/// Who asks is settled before the body is read; what is sent after the answer is not waited for.
#[test]
fn a_body_that_nobody_wants_does_not_keep_the_connection() {
    let server = impatient(&[("ORGD_IDLE_TIMEOUT", "1h")]);
    let anonymous = |length: &str| format!("POST {BASE}/organizations HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n");
    for (length, part) in [("Content-Length: 999999", " "), ("Transfer-Encoding: chunked", "1\r\n \r\n")] {
        let said = Raw::send(&server, &anonymous(length)).drip(part);
        refused(&said, 401);
    }
    eventually(|| connections(&server) == 0.0);
    let body = json!({"name": "kept"}).to_string();
    let mut raw = Raw::send(&server, &head(&server, "Transfer-Encoding: chunked"));
    for status in [201, 409] {
        raw.write(&format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()));
        assert_eq!(raw.one_answer(), status);
        raw.write(&head(&server, "Transfer-Encoding: chunked"));
    }
}

/// A reader whose buffer is small.
fn reader(server: &TestServer, request: &str) -> Raw {
    let mut raw = Raw::open(server);
    setsockopt(&raw.0, sockopt::RcvBuf, &4096).unwrap();
    raw.write(request);
    raw
}

#[test]
fn an_answer_that_nobody_takes_is_given_up() {
    let server = impatient(&[("ORGD_IDLE_TIMEOUT", "1h")]);
    let readers: Vec<_> = (0..50).map(|_| reader(&server, &get(LARGE))).collect();
    eventually(|| connections(&server) == 50.0);
    server.owner().get("/organizations").expect(200);
    eventually(|| connections(&server) == 0.0);
    drop(readers);
}

#[test]
fn an_answer_that_is_taken_slowly_is_sent_to_its_end() {
    let server = impatient(&[("ORGD_ANSWER_TIMEOUT", "5s")]);
    let mut raw = reader(&server, &get(LARGE).replace("Host", "Connection: close\r\nHost"));
    let mut said = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(7) {
        let mut part = [0; 3072];
        let length = raw.0.read(&mut part).expect("the answer goes on");
        said.extend_from_slice(&part[..length]);
        std::thread::sleep(Duration::from_millis(100));
    }
    let taken = said.len();
    raw.0.read_to_end(&mut said).expect("the answer goes on");
    assert!(said.len() > taken, "it was not there yet");
    let text = String::from_utf8(said).unwrap();
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    let document: serde_json::Value = serde_json::from_str(body).expect("the whole document");
    assert!(document["openapi"].is_string());
}
