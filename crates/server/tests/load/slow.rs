//! Heads, bodies and readers that take their time, or for ever.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use nix::sys::socket::{setsockopt, sockopt};
use serde_json::json;

use crate::harness::{BASE, TestServer, eventually, plain};
use crate::raw::{Raw, refused};
use crate::{connections, impatient, metric};

/// More than the kernel keeps for a reader with a small buffer.
const LARGE: &str = "/openapi.json";
/// How often something is tried that a busy machine may be too slow for.
const ATTEMPTS: usize = 10;

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
    let is_given_up = (0..ATTEMPTS).any(|_| {
        let mut raw = Raw::send(&server, &get("/healthz"));
        assert_eq!(raw.one_answer(), 200);
        // Before the later head begins the connection may be closed for being idle.
        let _ = raw.0.write_all(b"GET /healthz HTTP/1.1\r\nX: ");
        assert_eq!(raw.drip("x"), "");
        metric(&server, "orgd_http_connections_given_up_total") == 1.0
    });
    assert!(is_given_up);
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
    let status = (0..ATTEMPTS).find_map(|attempt| sent_in_parts(&server, &format!("late-{attempt}")));
    assert_eq!(status.expect("this machine is too slow to send a body in time"), 201);
}

/// The status of the answer to a body that comes in parts, each a second before it is overdue or earlier; `None` when this machine was too
/// slow for that, or for the write.
fn sent_in_parts(server: &TestServer, name: &str) -> Option<u16> {
    let body = format!("{{\"name\":\"{name}\"}}{}", " ".repeat(8 * 64 * 1024));
    let begun = Instant::now();
    let mut raw = Raw::send(server, &head(server, &format!("Content-Length: {}", body.len())));
    // Two seconds, and one more for each part that came before, less one.
    for (part, seconds) in body.as_bytes().chunks(64 * 1024).zip(1..) {
        std::thread::sleep(Duration::from_millis(400));
        let sent = raw.0.write_all(part);
        if begun.elapsed() > Duration::from_secs(seconds) {
            return None;
        }
        sent.expect("the server reads");
    }
    assert!(begun.elapsed() > Duration::from_secs(2), "longer than a short body may take");
    Some(raw.one_answer()).filter(|status| *status != 503)
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
    let head = head(&server, "Transfer-Encoding: chunked");
    let mut raw = Raw::open(&server);
    for status in [201, 409] {
        raw.write(&format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len()));
        assert_eq!(raw.one_answer(), status);
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
    let (_, whole) = plain::get(&server.address().to_string(), LARGE, None);
    let readers: Vec<_> = (0..50).map(|_| reader(&server, &get(LARGE))).collect();
    for raw in &readers {
        assert_eq!(raw.0.peek(&mut [0]).expect("an answer"), 1, "it has begun");
    }
    server.owner().get("/organizations").expect(200);
    eventually(|| connections(&server) == 0.0);
    for raw in readers {
        let said = raw.rest();
        let (head, body) = said.split_once("\r\n\r\n").expect("the beginning of an answer");
        assert!(head.starts_with("HTTP/1.1 200 ") && body.len() < whole.len(), "{} bytes came", body.len());
    }
}

/// An answer that is taken a little at a time for longer than somebody may take nothing, and then as a whole; `None` when this machine kept
/// the test from reading for almost as long.
fn taken_slowly(server: &TestServer) -> Option<Vec<u8>> {
    const BREAK: Duration = Duration::from_secs(4);
    let mut raw = reader(server, &get(LARGE).replace("Host", "Connection: close\r\nHost"));
    let mut said = Vec::new();
    let begun = Instant::now();
    let mut last = begun;
    while begun.elapsed() < Duration::from_secs(7) {
        let mut part = [0; 3072];
        let read = raw.0.read(&mut part);
        if last.elapsed() > BREAK {
            return None;
        }
        last = Instant::now();
        said.extend_from_slice(&part[..read.expect("the answer goes on")]);
        std::thread::sleep(Duration::from_millis(100));
    }
    let taken = said.len();
    let read = raw.0.read_to_end(&mut said);
    if last.elapsed() > BREAK {
        return None;
    }
    read.expect("the answer goes on");
    assert!(said.len() > taken, "it was not there yet");
    Some(said)
}

#[test]
fn an_answer_that_is_taken_slowly_is_sent_to_its_end() {
    let server = impatient(&[("ORGD_ANSWER_TIMEOUT", "5s")]);
    let said = (0..ATTEMPTS).find_map(|_| taken_slowly(&server)).expect("this machine reads now and then");
    let text = String::from_utf8(said).unwrap();
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    let document: serde_json::Value = serde_json::from_str(body).expect("the whole document");
    assert!(document["openapi"].is_string());
}
