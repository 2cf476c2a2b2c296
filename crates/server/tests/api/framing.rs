//! HTTP that is broken, or meant to smuggle something past the server. Whatever comes, the next connection is served.

use crate::harness::{BASE, TestServer, exchange_raw};

fn status_of(answer: &[u8]) -> String {
    String::from_utf8_lossy(answer).split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn a_malformed_request_is_refused_and_the_next_connection_is_served() {
    let server = TestServer::start();
    let ok = format!("GET {BASE}/organizations HTTP/1.1\r\nHost: x\r\n");
    for (what, bytes) in [
        ("no request", "hello\r\n\r\n".to_owned()),
        ("no version", format!("GET {BASE}/organizations\r\n\r\n")),
        ("another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
        ("a space in the target", format!("GET {BASE}/organizations/a b HTTP/1.1\r\nHost: x\r\n\r\n")),
        ("a control character in the target", format!("GET {BASE}/organizations/a\x01 HTTP/1.1\r\nHost: x\r\n\r\n")),
        ("a header without a colon", format!("{ok}broken\r\n\r\n")),
        ("a space before the colon", format!("{ok}Content-Length : 1\r\n\r\n")),
        ("NUL in a header", format!("{ok}Coder-Session-Token: a\0b\r\n\r\n")),
        ("two lengths", format!("{ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab")),
        ("length and chunks", format!("{ok}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
        ("a negative length", format!("{ok}Content-Length: -1\r\n\r\n")),
        ("a length with a sign", format!("{ok}Content-Length: +1\r\n\r\na")),
        ("a head without end", format!("{ok}X: {}\r\n\r\n", "x".repeat(200_000))),
        ("a thousand headers", format!("{ok}{}\r\n", "X-Header: 1\r\n".repeat(1000))),
    ] {
        let answer = exchange_raw(&server, bytes.as_bytes());
        let status = status_of(&answer);
        assert!(["400", "431", ""].contains(&status.as_str()), "{what}: {}", String::from_utf8_lossy(&answer));
        assert_eq!(server.owner().get("/organizations").status, 200, "after {what}");
    }
}

#[test]
fn broken_chunks_are_a_bad_request() {
    let server = TestServer::start();
    // While the database is asked who calls, the HTTP library itself meets such a body first, and closes the connection.
    server.owner().get("/organizations").expect(200);
    for chunks in ["zz\r\n{}\r\n0\r\n\r\n", "-1\r\n\r\n", "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n"] {
        let request = format!(
            "POST {BASE}/organizations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCoder-Session-Token: {}\r\n\
             Transfer-Encoding: chunked\r\n\r\n{chunks}",
            server.owner_token()
        );
        let answer = exchange_raw(&server, request.as_bytes());
        assert_eq!(status_of(&answer), "400", "{chunks:?}: {}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(server.owner().get("/organizations").expect(200).as_array().unwrap().len(), 1);
}

/// Text of a request can come back in a header of the answer only if it is no line end.
#[test]
fn nothing_of_a_request_becomes_a_header_of_the_answer() {
    let server = TestServer::start();
    let owner = server.owner();
    let evil = "%0d%0aX-Evil:%201%0d%0a%0d%0a%3Cscript%3E";
    for path in [
        format!("/organizations/{evil}"),
        format!("/organizations/coder/provisionerjobs/{evil}"),
        format!("/organizations/coder/provisionerjobs?{evil}={evil}"),
        format!("/{evil}"),
        format!("//organizations/{evil}"),
    ] {
        for method in ["GET", "PUT"] {
            let answer = owner.request(method, &path).send();
            assert!((400..500).contains(&answer.status), "{method} {path}");
            assert_eq!(answer.header("x-evil"), None, "{method} {path}");
        }
    }
    let pages = server.anonymous().request_at("GET", &format!("/swagger{evil}")).send();
    assert_eq!(pages.header("x-evil"), None);
}

#[test]
fn markup_in_a_path_comes_back_escaped() {
    let server = TestServer::start();
    let answer = server.owner().get("/organizations/coder/provisionerjobs/%3Cscript%3E&x");
    assert_eq!(answer.message(400), "Invalid UUID \"<script>&x\".");
    assert!(answer.text().contains(r"\u003cscript\u003e\u0026x"), "{}", answer.text());
}

#[test]
fn the_host_and_forwarding_headers_change_nothing() {
    let server = TestServer::start();
    let plain = server.owner().get("/organizations").text().to_owned();
    for (name, value) in [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-For", "1.2.3.4"),
        ("X-Original-URL", "/api/v2/organizations/nowhere"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("Origin", "https://evil.example"),
        ("Accept", "text/html"),
        ("Accept-Encoding", "gzip"),
        ("Range", "bytes=0-1"),
        ("If-None-Match", "*"),
    ] {
        let answer = server.owner().request("GET", "/organizations").header(name, value).send();
        assert_eq!((answer.status, answer.text()), (200, plain.as_str()), "{name}");
        assert!(!answer.headers.iter().any(|(name, _)| name.starts_with("access-control")), "{name}");
    }
}

/// Two requests in one segment are answered one after the other.
#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = TestServer::start();
    let token = server.owner_token();
    let request = |path: &str, close: &str| {
        format!("GET {BASE}{path} HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: {token}\r\nConnection: {close}\r\n\r\n")
    };
    let both = request("/organizations/nowhere", "keep-alive") + &request("/organizations/coder", "close");
    let answer = String::from_utf8(exchange_raw(&server, both.as_bytes())).unwrap();
    let statuses: Vec<_> = answer.match_indices("HTTP/1.1 ").map(|(at, _)| &answer[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["404", "200"]);
}
