//! The rate limit: per user and path, or per address and path for strangers.

use crate::harness::{Answer, TestServer};

fn limited(per_minute: &str) -> TestServer {
    TestServer::with(&[("ORGD_RATE_LIMIT", per_minute)])
}

#[track_caller]
fn remaining(answer: &Answer) -> i64 {
    assert!(answer.header("x-ratelimit-reset").unwrap().parse::<i64>().unwrap() > 1_700_000_000);
    answer.header("x-ratelimit-remaining").expect("the header").parse().unwrap()
}

#[test]
fn so_many_requests_pass_and_the_next_is_told_to_wait() {
    let server = limited("3");
    let owner = server.owner();
    for expected in [2, 1, 0] {
        let answer = owner.get("/organizations");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
        assert_eq!(remaining(&answer), expected);
    }
    let refused = owner.get("/organizations");
    assert_eq!(
        refused.text(),
        "{\"message\":\"You've been rate limited for sending more than 3 requests in 1m0s.\"}\n"
    );
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(refused.header("x-ratelimit-limit"), Some("3"));
    assert_eq!(remaining(&refused), 0);
}

#[test]
fn other_paths_other_users_and_strangers_count_apart() {
    let server = limited("1");
    let alice = server.client(&server.user("alice", &["auditor"], &[]));
    let owner = server.owner();
    assert_eq!(owner.get("/organizations").status, 200);
    assert_eq!(owner.get("/organizations").status, 429);
    assert_eq!(owner.get("/organizations/coder").status, 200);
    assert_eq!(alice.get("/organizations").status, 200);
    assert_eq!(server.anonymous().get("/organizations").status, 401);
    assert_eq!(server.anonymous().get("/organizations").status, 429);
}

/// Whoever could name their address themselves would have no limit.
#[test]
fn a_stranger_is_who_is_connected_whatever_the_headers_say() {
    let server = limited("1");
    let names = ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP"];
    let ask = |number: usize, name: &str| {
        let address = format!("192.0.2.{number}");
        let value = if name == "Forwarded" { format!("for={address}") } else { address };
        server.anonymous().request("GET", "/organizations").header(name, value).send().status
    };
    let statuses: Vec<_> = names.iter().enumerate().map(|(number, name)| ask(number, name)).collect();
    // A window may end among them.
    assert!(statuses.iter().filter(|status| **status == 401).count() <= 2, "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[test]
fn a_user_counts_once_whatever_the_token_and_the_query() {
    let server = limited("1");
    let second = server.token_of("owner", &[]);
    assert_eq!(server.owner().get("/organizations?a=1").status, 200);
    assert_eq!(server.client(&second).get("/organizations?a=2").status, 429);
}

#[test]
fn bad_tokens_count_for_the_address() {
    let server = limited("2");
    let guess = |secret: &str| {
        let token = format!("{}-{}", server.owner_token().split_once('-').unwrap().0, secret.repeat(22));
        server.anonymous().request("GET", "/organizations").header("Coder-Session-Token", token).send().status
    };
    assert_eq!([guess("a"), guess("b"), guess("c")], [401, 401, 429]);
    assert_eq!(server.owner().get("/organizations").status, 200, "the owner of the token is not locked out");
}

#[test]
fn owners_may_bypass_it_and_others_may_not() {
    let server = limited("1");
    let auditor = server.client(&server.user("auditor", &["auditor"], &[]));
    let bypass = |client: &crate::harness::Client| {
        client.request("GET", "/organizations").header("X-Coder-Bypass-Ratelimit", "true").send()
    };
    for _ in 0..3 {
        let answer = bypass(&server.owner());
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-ratelimit-limit"), None);
    }
    assert_eq!(server.owner().get("/organizations").status, 200, "bypassing requests are not counted");
    assert_eq!(bypass(&auditor).message(428), "\"X-Coder-Bypass-Ratelimit\" provided but user is not owner");
    assert_eq!(bypass(&server.anonymous()).status, 401, "strangers cannot bypass it");
    assert_eq!(bypass(&server.anonymous()).status, 429);
}

#[test]
fn zero_is_no_limit() {
    let server = limited("0");
    for _ in 0..20 {
        let answer = server.owner().get("/organizations");
        assert_eq!((answer.status, answer.header("x-ratelimit-limit")), (200, None));
    }
}
