//! How a server ends: what was under way is finished, whoever waits is let go, and nothing takes longer than it may.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Held, Kind, TestServer, WorkerClient, eventually, plain};
use crate::worker_acquire::queue;

/// A request that is sent up to the middle of its body.
struct Half {
    stream: TcpStream,
    rest: String,
}

impl Half {
    fn begin(server: &TestServer, name: &str) -> Self {
        let body = json!({ "name": name }).to_string();
        let (first, rest) = body.split_at(body.len() / 2);
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
        let head = head(server, body.len());
        stream.write_all(format!("{head}{first}").as_bytes()).unwrap();
        Self { stream, rest: rest.to_owned() }
    }

    /// Sends the rest, and gives all that comes back.
    fn finish(mut self) -> String {
        self.stream.write_all(self.rest.as_bytes()).unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

fn head(server: &TestServer, length: usize) -> String {
    format!(
        "POST /api/v2/organizations HTTP/1.1\r\nHost: orgd.test\r\nCoder-Session-Token: {}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
        server.owner_token()
    )
}

fn under_way(server: &TestServer) -> u64 {
    server.metric("orgd_http_requests_in_flight")
}

/// Asks a request that asks for ever.
fn never_ending(server: &TestServer) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(head(server, 60_000).as_bytes()).unwrap();
    stream.write_all(b" ").unwrap();
    eventually(|| under_way(server) >= 2);
    stream
}

#[test]
fn what_is_under_way_is_answered_and_the_database_file_is_whole() {
    // A busy machine takes its time for two hundred halves.
    let mut server = TestServer::with(&[("ORGD_DRAIN_SECONDS", "60"), ("ORGD_BODY_TIMEOUT", "60s")]);
    let mut halves: Vec<_> = (0..200).map(|number| Half::begin(&server, &format!("org-{number}"))).collect();
    eventually(|| under_way(&server) > 200);
    let slow = halves.pop().unwrap();
    server.signal("TERM");
    let answers: Vec<_> = halves.into_iter().map(Half::finish).collect();
    std::thread::sleep(Duration::from_secs(3));
    let answers: Vec<_> = answers.into_iter().chain([slow.finish()]).collect();
    for answer in &answers {
        assert!(answer.starts_with("HTTP/1.1 201 ") && answer.ends_with("}\n"), "{answer}");
    }
    // Another test's server may have got the port by now; it does not know this owner.
    let further = server.owner().request("GET", "/users/me").try_send();
    assert!(!further.is_ok_and(|answer| answer.status == 200), "nobody else is let in");
    assert_eq!(server.exit_code(), Some(0));
    eventually(|| server.stderr().contains("\"stopped\""));
    if server.kind() == Kind::Sqlite {
        let log = format!("{}-wal", server.database().display());
        assert_eq!(std::fs::metadata(log).map_or(0, |file| file.len()), 0, "the log was moved into the file");
    }
    server.restart();
    assert_eq!(server.sql_organizations().len(), 201);
    assert_eq!(server.owner().get("/organizations/org-199").status, 200);
}

#[test]
fn whoever_waits_is_let_go() {
    let mut server = TestServer::with(&[("ORGD_DRAIN_SECONDS", "600")]);
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    queue(&server, json!({}));
    let held = worker.take();
    let path = format!("/organizations/coder/provisionerjobs/{}/logs?follow=true", held.id);
    let begun = Instant::now();
    let waiting: Vec<_> = (0..5).map(|_| worker.begin_acquire(60)).collect();
    let following: Vec<_> = (0..5).map(|_| server.owner().request("GET", &path).begin().events()).collect();
    // A stream whose head has come waits already.
    eventually(|| server.metric("orgd_workers_waiting") == 5);
    server.signal("TERM");
    for one in waiting {
        assert!(one.answer().expect(200).get("job").is_none(), "there is no job for it");
    }
    // After the minute that they asked for they would have gone by themselves.
    assert!(begun.elapsed() < Duration::from_secs(55), "{:?}", begun.elapsed());
    for events in following {
        assert_eq!(events.rest(), [], "it ends as a stream ends");
    }
    assert_eq!(server.exit_code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(120), "{:?}", begun.elapsed());
}

#[test]
fn a_server_says_that_it_stops_before_it_does() {
    let mut server = TestServer::with(&[("ORGD_DRAIN_DELAY", "600s")]);
    let address = server.address().to_string();
    eventually(|| server.is_ready());
    server.signal("TERM");
    let mut said = (200, String::new());
    eventually(|| {
        said = plain::get(&address, "/readyz", None);
        said.0 != 200
    });
    assert_eq!(said, (503, "{\"message\":\"The server is stopping.\"}\n".to_owned()));
    assert_eq!(plain::get(&address, "/healthz", None).0, 200);
    server.owner().create("late");
    // Nobody waits for the end of it.
    server.signal("TERM");
    assert_eq!(server.exit_code(), Some(143));
    server.restart();
    assert_eq!(server.owner().get("/organizations/late").status, 200);
}

/// A worker that was sent away would only come back at once.
#[test]
fn a_worker_is_not_sent_away_before_the_end() {
    let mut server = TestServer::with(&[("ORGD_DRAIN_DELAY", "5s")]);
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let waiting = worker.begin_acquire(60);
    eventually(|| server.metric("orgd_workers_waiting") == 1);
    let begun = Instant::now();
    server.signal("TERM");
    assert_eq!(Held::of(&waiting.answer()), None);
    assert!(begun.elapsed() >= Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(server.exit_code(), Some(0));
}

/// One of three times will do, since a busy machine takes its time; without the setting each would be 25 s.
#[test]
fn a_request_without_an_end_is_cut_off_in_time() {
    assert!((0..3).any(|_| time_to_cut_off() < Duration::from_secs(20)), "the end was waited for");
}

/// How long a server takes to end that gives a request one second, when the request goes on.
fn time_to_cut_off() -> Duration {
    // A body may take longer than that.
    let mut server = TestServer::with(&[("ORGD_DRAIN_SECONDS", "1"), ("ORGD_BODY_TIMEOUT", "60s")]);
    let mut stream = never_ending(&server);
    let begun = Instant::now();
    server.signal("TERM");
    // Bytes go on coming.
    let mut sending = stream.try_clone().unwrap();
    let sender = std::thread::spawn(move || {
        while sending.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    assert_eq!(server.exit_code(), Some(0));
    let taken = begun.elapsed();
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    let _ = stream.shutdown(Shutdown::Both);
    sender.join().unwrap();
    taken
}

#[test]
fn a_second_signal_ends_at_once() {
    for (first, second, code) in [("TERM", "TERM", 143), ("TERM", "INT", 130), ("QUIT", "QUIT", 131)] {
        let mut server = TestServer::with(&[("ORGD_DRAIN_SECONDS", "600"), ("ORGD_BODY_TIMEOUT", "600s")]);
        let _stream = never_ending(&server);
        server.owner().create("acme");
        server.signal(first);
        eventually(|| server.stderr().contains("a second signal ends at once"));
        server.signal(second);
        assert_eq!(server.exit_code(), Some(code));
        server.restart();
        assert_eq!(server.owner().get("/organizations/acme").status, 200, "what was acknowledged is there");
    }
}

#[test]
fn each_signal_ends_an_idle_server_well() {
    for name in ["TERM", "INT", "QUIT"] {
        let mut server = TestServer::with(&[("ORGD_DRAIN_SECONDS", "600"), ("ORGD_IDLE_TIMEOUT", "600s")]);
        // A connection that is kept and idle keeps nobody waiting.
        let mut idle = TcpStream::connect(server.address()).unwrap();
        idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: orgd.test\r\n\r\n").unwrap();
        let mut first = [0; 12];
        idle.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        let begun = Instant::now();
        server.signal(name);
        assert_eq!(server.exit_code(), Some(0), "{name}");
        assert!(begun.elapsed() < Duration::from_secs(120), "{name}: {:?}", begun.elapsed());
    }
}

#[test]
fn other_machines_are_let_in_on_purpose_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orgd.db");
    let url = format!("sqlite://{}", file.display());
    let server = TestServer::start();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let refused = server.try_command(&["serve", "--listen", address, "--database-url", &url]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success(), "{address}");
        assert!(said.contains(&format!("other machines reach {address}")) && said.contains("--plain-http"), "{said}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was begun");
    let open = TestServer::with(&[("ORGD_LISTEN", "0.0.0.0:0"), ("ORGD_PLAIN_HTTP", "true")]);
    let port = open.address().port();
    assert_eq!(plain::get(&format!("127.0.0.1:{port}"), "/healthz", None).0, 200);
}
