//! Trusted proxies: with them a caller is whom they name, wherever an address counts. That nobody else is believed is in `rate_limit.rs`.

use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, eventually};
use crate::people::{PASSWORD, hire};

const ANA: &str = "192.0.2.1";
const BEN: &str = "192.0.2.2";

/// A server that believes whoever is on this machine, as all callers of a test are.
fn behind_a_proxy(settings: &[(&str, &str)]) -> TestServer {
    TestServer::with(&[&[("ORGD_TRUSTED_PROXIES", "127.0.0.1")], settings].concat())
}

fn log_in_from(server: &TestServer, forwarded: &str, password: &str) -> Answer {
    let login = json!({"email": "ana@example.com", "password": password});
    server.anonymous().request("POST", "/users/login").header("X-Forwarded-For", forwarded).json(&login).send()
}

#[test]
fn strangers_are_counted_by_the_address_that_the_proxy_saw() {
    let server = behind_a_proxy(&[("ORGD_RATE_LIMIT", "1")]);
    let ask = |forwarded: &str| {
        server.anonymous().request("GET", "/organizations").header("X-Forwarded-For", forwarded).send().status
    };
    assert_eq!([ask(ANA), ask(ANA), ask(BEN)], [401, 429, 401]);
    // What somebody says of themselves stands before what the proxy adds.
    assert_eq!(ask(&format!("203.0.113.9, {BEN}")), 429);
}

#[test]
fn failures_lock_the_address_behind_the_proxy_and_no_other() {
    let server = behind_a_proxy(&[]);
    hire(&server, "ana", &[]);
    for _ in 0..10 {
        assert_eq!(log_in_from(&server, BEN, "wrong horse battery staple").status, 401);
    }
    assert_eq!(log_in_from(&server, BEN, PASSWORD).message(429), "Too many attempts to log in.");
    assert_eq!(log_in_from(&server, ANA, PASSWORD).status, 201, "who knows the password is not locked out by others");
}

#[test]
fn the_logs_tell_the_address_behind_the_proxy() {
    let server = behind_a_proxy(&[("ORGD_LOG_FORMAT", "json")]);
    hire(&server, "ana", &[]);
    let answer = log_in_from(&server, &format!("203.0.113.9, {BEN}, 127.0.0.1"), PASSWORD);
    answer.expect(201);
    let audited = server.command(&["audit", "action:login", "--output", "json"]);
    let audited: Value = serde_json::from_str(&audited).unwrap();
    assert_eq!(audited[0]["ip"], BEN);

    let id = answer.header("x-coder-request-id").unwrap();
    let is_named = |line: Value| line["target"] == "orgd::access" && line["request_id"] == id && line["peer"] == BEN;
    eventually(|| server.stderr().lines().filter_map(|line| serde_json::from_str(line).ok()).any(is_named));
}
