//! Callers that vanish in the middle of something: nothing of theirs is left behind.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use serde_json::json;

use crate::harness::{BASE, TestServer, WorkerClient, eventually};
use crate::raw::Raw;
use crate::{MANY_JOBS, connections, fill, metric};

/// Nobody is connected, nothing is under way and nothing is held.
fn is_quiet(server: &TestServer) -> bool {
    connections(server) == 0.0
        && metric(server, "orgd_http_requests_in_flight") == 1.0
        && metric(server, "orgd_http_requests_waiting") == 0.0
        && metric(server, "orgd_writer_queue_depth") == 0.0
        && metric(server, "orgd_read_connections{state=\"used\"}") == 0.0
}

fn head(server: &TestServer, request: &str) -> String {
    format!("{request} HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: {}\r\n", server.owner_token())
}

#[test]
fn in_the_middle_of_their_body() {
    let server = TestServer::start();
    server.owner().get("/organizations").expect(200);
    let head = head(&server, &format!("POST {BASE}/organizations"));
    let parts = [
        format!("{head}Content-Length: 100\r\n\r\n"),
        format!("{head}Content-Length: 100\r\n\r\n{{\"name\":\"half\""),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n10\r\n{{\"name\":\"half\"}}\r\n"),
        format!("{head}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n"),
    ];
    for part in parts.iter().cycle().take(10_000) {
        drop(Raw::send(&server, part));
    }
    eventually(|| is_quiet(&server));
    assert_eq!(server.sql_organizations().len(), 1);
    server.owner().create("acme");
}

/// Whether such a change is made nobody can tell them; if it is, it is in the audit log.
#[test]
fn before_the_answer_comes() {
    let server = TestServer::start();
    let head = head(&server, &format!("POST {BASE}/organizations"));
    for number in 0..300_u64 {
        let body = json!({ "name": format!("acme-{number}") }).to_string();
        let raw = Raw::send(&server, &format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
        // Some go at once and some a little later: how far the server is by then depends on the machine.
        std::thread::sleep(Duration::from_millis(if number % 100 == 99 { 500 } else { number % 10 }));
        drop(raw);
    }
    eventually(|| is_quiet(&server));
    // In one statement: the last of them may be on their way to the disk still.
    let apart = "SELECT (SELECT count(*) FROM audit_logs WHERE action = 'create' AND resource_target LIKE 'acme-%') - \
                 (SELECT count(*) FROM organizations WHERE name LIKE 'acme-%') AS value";
    assert_eq!(server.sql().number(apart), 0);
    assert!(server.sql_organizations().len() > 1, "some of them were made");
}

#[test]
fn with_one_half_of_the_connection() {
    let server = TestServer::start();
    server.owner().get("/organizations").expect(200);
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let head = head(&server, &format!("POST {BASE}{}", worker.path("acquire")));
    for request in [
        "GET /healthz HTTP/1.1\r\nHo".to_owned(),
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        format!("{head}Content-Length: 100\r\n\r\n{{"),
        format!("{head}Content-Length: 19\r\n\r\n{{\"wait_seconds\":30}}"),
    ] {
        let half: Vec<_> = (0..50).map(|_| Raw::send(&server, &request)).collect();
        for raw in &half {
            raw.0.shutdown(Shutdown::Write).unwrap();
        }
        eventually(|| is_quiet(&server));
        drop(half);
    }
}

#[test]
fn while_they_wait_for_a_job() {
    let server = TestServer::start();
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let waiting: Vec<_> = (0..100).map(|_| worker.begin_acquire(30)).collect();
    eventually(|| metric(&server, "orgd_workers_waiting") == 100.0);
    drop(waiting);
    eventually(|| is_quiet(&server));
    assert_eq!(metric(&server, "orgd_workers_waiting"), 0.0);
    let job =
        server.owner().post("/organizations/coder/provisionerjobs", json!({"type": "workspace_build"})).expect(201);
    let held = worker.take();
    assert_eq!((json!(held.id), held.attempt), (job["id"].clone(), 1), "nobody else was given it");
}

#[test]
fn in_the_middle_of_a_list_that_is_sent_in_parts() {
    let server = TestServer::start();
    fill(&server);
    let request = head(&server, &format!("GET {BASE}/organizations/coder/provisionerjobs?limit=0"));
    for _ in 0..50 {
        let mut raw = Raw::open(&server);
        setsockopt(&raw.0, sockopt::RcvBuf, &4096).unwrap();
        raw.write(&format!("{request}\r\n"));
        raw.0.read_exact(&mut [0; 4096]).expect("the list begins");
    }
    eventually(|| is_quiet(&server));
    let list = server.owner().get("/organizations/coder/provisionerjobs?limit=0").expect(200);
    assert_eq!(list.as_array().unwrap().len() as i64, MANY_JOBS);
}

#[test]
fn before_ten_thousand_answers_to_what_they_sent_at_once_are_read() {
    const COUNT: usize = 10_000;
    let server = TestServer::start();
    let request = "GET /api/v2/buildinfo HTTP/1.1\r\nHost: x\r\n\r\n";
    let before = metric(&server, "process_resident_memory_bytes");
    let read = |patient: bool| {
        let raw = Raw::open(&server);
        let mut writer = raw.0.try_clone().unwrap();
        let writing = std::thread::spawn(move || writer.write_all(request.repeat(COUNT).as_bytes()));
        if !patient {
            drop(raw);
            let _ = writing.join().unwrap();
            return 0;
        }
        let mut answers = 0;
        let mut kept = raw;
        while answers < COUNT {
            assert_eq!(kept.one_answer(), 200);
            answers += 1;
        }
        writing.join().unwrap().expect("the server reads all");
        answers
    };
    assert_eq!(read(true), COUNT, "in one connection, one after the other");
    read(false);
    eventually(|| is_quiet(&server));
    let grown = metric(&server, "process_resident_memory_bytes") - before;
    assert!(grown < 32.0 * 1024.0 * 1024.0, "{grown} bytes");
}
