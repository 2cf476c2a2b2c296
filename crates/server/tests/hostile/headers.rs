//! Headers that come twice, too long or with bytes that are none, for every operation.

use crate::harness::{BASE, exchange_raw};
use crate::world::{World, is_answered, is_refused};

#[test]
fn two_tokens_that_differ_are_nobody() {
    let world = World::new();
    let token = world.server.owner_token().to_owned();
    for target in world.targets.iter().filter(|target| target.method == "GET") {
        let path = target.good_path();
        let is_open = world.server.anonymous().get(&path).status == 200;
        for (first, second) in [(token.as_str(), "x"), ("x", token.as_str())] {
            let request = world.server.anonymous().request("GET", &path);
            let answer = request.header("Coder-Session-Token", first).header("Coder-Session-Token", second).send();
            if !is_open {
                is_refused(&target.id, &answer, &[400, 401]);
            }
        }
    }
    world.is_sound();
}

#[test]
fn odd_credentials_are_refused_and_not_echoed() {
    let world = World::new();
    let long = "x".repeat(10_000);
    let odd: [&[u8]; 9] =
        [b"", b" ", b"\xff\xfe", "\u{e4}".as_bytes(), long.as_bytes(), b"0123456789-", b"-", b"a\tb", b"' OR 1=1--"];
    for target in &world.targets {
        let path = target.good_path();
        if ["getAPIRoot", "getBuildInfo", "checkInitialUserCreated", "createInitialUser", "logInUser"]
            .contains(&target.id.as_str())
        {
            continue;
        }
        for value in odd {
            for name in ["Coder-Session-Token", "Cookie", "Authorization", "Coder-Provisioner-Key"] {
                let sent = match name {
                    "Cookie" => [b"coder_session_token=", value].concat(),
                    "Authorization" => [b"Bearer ", value].concat(),
                    _ => value.to_vec(),
                };
                let request = world.server.anonymous().request(&target.method, &path).header(name, sent);
                let answer = match &target.body {
                    Some(body) => request.json(body).send(),
                    None => request.send(),
                };
                let what =
                    format!("{} {name}: {:?}", target.id, String::from_utf8_lossy(&value[..value.len().min(20)]));
                is_refused(&what, &answer, &[400, 401]);
                assert!(answer.body.len() < 2_000, "{what}: {} bytes", answer.body.len());
            }
        }
    }
    world.is_sound();
}

#[test]
fn odd_headers_bring_no_operation_down() {
    let world = World::new();
    let long = "k".repeat(8_000);
    let headers: [(&str, &[u8]); 14] = [
        ("Idempotency-Key", b"\xff"),
        ("Idempotency-Key", long.as_bytes()),
        ("Idempotency-Key", b"a\tb"),
        ("If-Match", b"\xff"),
        ("If-None-Match", b"*, \"\xff\""),
        ("Content-Type", b"\xff"),
        ("Content-Encoding", b"\xff"),
        ("Accept", b"\xff"),
        ("Accept-Encoding", b"gzip;q=1e400, *;q=-1"),
        ("Range", b"bytes=99999999999999999999-"),
        ("User-Agent", b"\xff\xfe"),
        ("X-Forwarded-For", b"' OR 1=1"),
        ("traceparent", b"00-\xff"),
        ("Expect", b"nonsense"),
    ];
    for target in &world.targets {
        for (name, value) in headers {
            let request = world.caller(target).request(&target.method, &target.good_path()).header(name, value);
            let answer = match &target.body {
                Some(body) => request.body(body.to_string()).send(),
                None => request.send(),
            };
            is_answered(
                &format!("{} {name}: {:?}", target.id, String::from_utf8_lossy(&value[..value.len().min(20)])),
                &answer,
            );
        }
    }
    world.is_sound();
}

/// What could make one request look like two is refused, and the connection ends.
#[test]
fn no_request_hides_in_another() {
    let world = World::new();
    let token = world.server.owner_token();
    let hidden = format!("GET {BASE}/organizations/smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
    let head = format!("POST {BASE}/organizations HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: {token}\r\n");
    for (what, framing) in [
        ("length and chunks", format!("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}")),
        ("chunks and length", format!("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{hidden}")),
        ("two lengths", format!("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}{hidden}")),
        ("a length with a sign", format!("Content-Length: +2\r\n\r\n{{}}{hidden}")),
        ("a list of lengths", format!("Content-Length: 2, 2\r\n\r\n{{}}{hidden}")),
        ("chunked and identity", format!("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{hidden}")),
        ("a coding nobody knows", format!("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}")),
        ("a space before the colon", format!("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{hidden}")),
        ("a folded line", format!("X: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}")),
        ("a bare carriage return", format!("X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}")),
    ] {
        let answer = exchange_raw(&world.server, format!("{head}{framing}").as_bytes());
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{what}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{what}: {answer}");
        assert!(!answer.contains("smuggled"), "{what}: {answer}");
    }
    world.is_sound();
}

#[test]
fn a_head_without_host_or_with_two_and_bytes_in_the_target_are_refused() {
    let world = World::new();
    let token = world.server.owner_token();
    let rest = format!("Coder-Session-Token: {token}\r\nConnection: close\r\n\r\n");
    for (what, head) in [
        ("no host", format!("GET {BASE}/organizations HTTP/1.1\r\n").into_bytes()),
        ("two hosts", format!("GET {BASE}/organizations HTTP/1.1\r\nHost: a\r\nHost: b\r\n").into_bytes()),
        (
            "a byte above ASCII",
            [format!("GET {BASE}/organizations/a").as_bytes(), b"\xff HTTP/1.1\r\nHost: x\r\n"].concat(),
        ),
        (
            "HTTP/1.0 with chunks",
            format!("POST {BASE}/organizations HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n").into_bytes(),
        ),
    ] {
        let answer = exchange_raw(&world.server, &[head, rest.clone().into_bytes()].concat());
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.0 400 "), "{what}: {answer}");
    }
    world.is_sound();
}
