//! Heads and bodies that are too large: refused in the API's form, and the rest is not waited for.

use crate::harness::{BASE, TestServer};
use crate::raw::{Raw, refused};

const MEBIBYTE: usize = 1024 * 1024;

fn post(server: &TestServer, length: &str) -> Raw {
    let token = server.owner_token();
    let head =
        format!("POST {BASE}/organizations HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: {token}\r\n{length}\r\n\r\n");
    Raw::send(server, &head)
}

#[test]
fn a_body_that_is_too_large_is_refused_before_its_rest_comes() {
    let server = TestServer::start();
    for announced in [format!("Content-Length: {}", MEBIBYTE + 1), "Content-Length: 99999999999".to_owned()] {
        assert_eq!(refused(&post(&server, &announced).rest(), 413), "Request body too large.");
    }
    // Its end never comes, and more comes until the server closes the connection.
    let chunk = format!("{:x}\r\n{}\r\n", 64 * 1024, " ".repeat(64 * 1024));
    let said = post(&server, "Transfer-Encoding: chunked").drip(&chunk);
    assert_eq!(refused(&said, 413), "Request body too large.");
}

#[test]
fn a_compressed_body_is_not_unpacked() {
    let server = TestServer::start();
    for encoding in ["gzip", "br", "deflate", "zstd", "gzip, gzip"] {
        let length = format!("Content-Encoding: {encoding}\r\nContent-Length: {MEBIBYTE}");
        assert_eq!(refused(&post(&server, &length).rest(), 415), "Unsupported media type.", "{encoding}");
    }
}

#[test]
fn headers_have_32_kib_together() {
    let server = TestServer::start();
    let get = |name: &str, size: usize| {
        let request = format!("GET {BASE}/buildinfo HTTP/1.1\r\nHost: x\r\n{name}: {}\r\n\r\n", "x".repeat(size));
        Raw::send(&server, &request).one_answer()
    };
    assert_eq!(get("X", 32 * 1024 - 6), 200);
    assert_eq!(get("X", 32 * 1024 - 5), 431);
    assert_eq!(get("X", 100 * 1024), 431);
    let many: String = (0..90).map(|number| format!("X-{number}: {}\r\n", "x".repeat(400))).collect();
    let mut raw = Raw::send(&server, &format!("GET {BASE}/buildinfo HTTP/1.1\r\nHost: x\r\n{many}\r\n"));
    assert_eq!(raw.one_answer(), 431);
    // The connection is as good as before.
    raw.write(&format!("GET {BASE}/buildinfo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    assert!(raw.rest().starts_with("HTTP/1.1 200 "));
    let closing = format!("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: {}\r\n\r\n", "x".repeat(40_000));
    assert_eq!(refused(&Raw::send(&server, &closing).rest(), 431), "Request headers too large.");
}

#[test]
fn a_path_has_8_kib() {
    let server = TestServer::start();
    let get = |length: usize| {
        let path = format!("/{}", "a".repeat(length - 1));
        Raw::send(&server, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).rest()
    };
    assert_eq!(refused(&get(8 * 1024), 404), "Route not found.");
    assert_eq!(refused(&get(8 * 1024 + 1), 414), "Path too long.");
    assert_eq!(refused(&get(60_000), 414), "Path too long.");
    // Longer ones the HTTP library refuses by itself, without a body.
    for length in [70_000, 300_000] {
        let said = get(length);
        assert!(said.starts_with("HTTP/1.1 400 ") || said.starts_with("HTTP/1.1 431 "), "{length}: {said}");
    }
}
