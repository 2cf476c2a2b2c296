//! Where a session token may be, what is wrong with one that is refused, and the cross-site check of cookies.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Answer, SIGNED_OUT, TestServer};

const NO_TOKEN: &str = r#"Cookie "coder_session_token" or query parameter must be provided."#;
const UNKNOWN: &str = "0123456789-0123456789012345678901";

#[track_caller]
fn refused(answer: &Answer, detail: &str) {
    assert_eq!(answer.message(401), SIGNED_OUT);
    assert_eq!(answer.detail(401), detail);
    let challenge = answer.header("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with(r#"Bearer realm="coder", error="invalid_token""#), "{challenge}");
}

#[test]
fn a_token_is_taken_from_each_of_five_places() {
    let server = TestServer::start();
    let token = server.owner_token();
    let client = server.anonymous();
    let get = |path: &str| client.request("GET", path);
    assert_eq!(get("/organizations").header("Cookie", format!("coder_session_token={token}")).send().status, 200);
    assert_eq!(
        get("/organizations").header("Cookie", format!("a=b; coder_session_token={token}; c=d")).send().status,
        200
    );
    assert_eq!(get(&format!("/organizations?coder_session_token={token}")).send().status, 200);
    assert_eq!(get(&format!("/organizations?access_token={token}")).send().status, 200);
    assert_eq!(get("/organizations").header("Coder-Session-Token", token).send().status, 200);
    assert_eq!(get("/organizations").header("coder-session-token", token).send().status, 200);
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer  "] {
        assert_eq!(get("/organizations").header("Authorization", format!("{scheme} {token}  ")).send().status, 200);
    }
    refused(&get("/organizations").header("Authorization", format!("Basic {token}")).send(), NO_TOKEN);
    refused(&get("/organizations").header("Authorization", token).send(), NO_TOKEN);
}

/// Each place beats all that come after it: a bad token there is refused although good ones follow.
#[test]
fn the_first_place_that_has_a_token_decides() {
    let server = TestServer::start();
    let good = server.owner_token();
    for bad_at in 0..5 {
        for (bad, detail) in [(UNKNOWN, "API key is invalid."), ("nonsense", PARTS_1)] {
            // Places before the bad one are empty, the ones after it are good.
            let value = |place: usize| match place.cmp(&bad_at) {
                std::cmp::Ordering::Less => "",
                std::cmp::Ordering::Equal => bad,
                std::cmp::Ordering::Greater => good,
            };
            let path = format!("/organizations?access_token={}&coder_session_token={}", value(4), value(1));
            let mut request = server.anonymous().request("GET", &path);
            for (name, value) in [
                ("Cookie", format!("coder_session_token={}", value(0))),
                ("Coder-Session-Token", value(2).to_owned()),
                ("Authorization", format!("Bearer {}", value(3))),
            ] {
                request = request.header(name, value);
            }
            refused(&request.send(), detail);
        }
    }
}

const PARTS_1: &str = "Invalid API key format: incorrect amount of API key parts, expected 2 got 1";

#[test]
fn a_refused_token_is_explained() {
    let server = TestServer::start();
    let (id, secret) = server.owner_token().split_once('-').unwrap();
    let other = "X".repeat(22);
    for (token, detail) in [
        ("nonsense".to_owned(), PARTS_1),
        (format!("{id}-{secret}-"), "Invalid API key format: incorrect amount of API key parts, expected 2 got 3"),
        ("-----".to_owned(), "Invalid API key format: incorrect amount of API key parts, expected 2 got 6"),
        (format!("{}-{secret}", &id[1..]), "Invalid API key format: invalid API key ID length, expected 10 got 9"),
        (format!("-{secret}"), "Invalid API key format: invalid API key ID length, expected 10 got 0"),
        (format!("{id}-{secret}x"), "Invalid API key format: invalid API key secret length, expected 22 got 23"),
        (format!("{id}-"), "Invalid API key format: invalid API key secret length, expected 22 got 0"),
        (UNKNOWN.to_owned(), "API key is invalid."),
        (format!("{}-{secret}", id.chars().rev().collect::<String>()), "API key is invalid."),
        (format!("{id}-{other}"), "API key secret is invalid."),
    ] {
        let request = server.anonymous().request("GET", "/organizations").header("Coder-Session-Token", &token);
        refused(&request.send(), detail);
    }
    refused(&server.anonymous().get("/organizations"), NO_TOKEN);
    let empty = server.anonymous().request("GET", "/organizations").header("Coder-Session-Token", "");
    refused(&empty.send(), NO_TOKEN);
    // Bytes that are no text are a bad token, not an absent one.
    let bytes = server.anonymous().request("GET", "/organizations").header("Coder-Session-Token", [0xff, 0xfe]);
    assert_eq!(bytes.send().message(401), SIGNED_OUT);
}

#[test]
fn the_job_operations_refuse_a_query_parameter_that_holds_the_token() {
    let server = TestServer::start();
    let token = server.owner_token();
    for key in ["coder_session_token", "access_token"] {
        for path in ["provisionerjobs".to_owned(), format!("provisionerjobs/{}", Uuid::new_v4())] {
            let answer = server.anonymous().get(&format!("/organizations/coder/{path}?{key}={token}"));
            let [(field, detail)] = answer.validations(400).try_into().unwrap();
            assert_eq!(field, key);
            assert!(detail.starts_with(&format!("\"{key}\" is not a valid query param")), "{detail}");
            assert!(!answer.text().contains(token));
        }
    }
}

/// The harness looks for every token in the log of every server; here one comes in every place, good and bad.
#[test]
fn no_token_reaches_the_log() {
    let server = TestServer::with(&[("ORGD_LOG", "trace")]);
    let other = server.token_of("owner", &[]);
    for token in [server.owner_token(), &other] {
        let client = server.client(token);
        client.get(&format!("/organizations?coder_session_token={token}"));
        client.get(&format!("/organizations/{token}?access_token={token}"));
        client.get(&format!("/unknown/{token}?coder_session_token={token}x"));
        client.get(&format!("/organizations/coder/provisionerjobs?ids={token}&{token}=1"));
        client.request("POST", "/organizations").header("Authorization", format!("Bearer {token}")).body(token).send();
        client.request("GET", "/organizations").header("Cookie", format!("coder_session_token={token}-")).send();
    }
    let last = server.owner().get("/organizations").header("x-coder-request-id").unwrap().to_owned();
    crate::harness::eventually(|| server.stderr().contains(&last));
    assert!(server.stderr().matches("orgd::access").count() >= 13, "the log has a line for each request");
}

#[test]
fn a_change_with_the_cookie_alone_is_refused() {
    let server = TestServer::start();
    let token = server.owner_token();
    server.owner().create("acme");
    let cookie = format!("coder_session_token={token}");
    for (method, path) in [("POST", ""), ("PATCH", "/acme"), ("DELETE", "/acme")] {
        let request = || server.anonymous().request(method, &format!("/organizations{path}")).header("Cookie", &cookie);
        let message = request().send().message(400);
        assert_eq!(
            message,
            "Something is wrong with your CSRF token. Please refresh the page. If this error persists, try clearing your cookies."
        );
        let other = request().header("Coder-Session-Token", UNKNOWN).send().message(400);
        assert!(
            other.starts_with(
                "CSRF error encountered. Authentication via \"coder_session_token\" cookie and \"Coder-Session-Token\" \
                 header detected, but the values do not match."
            ),
            "{other}"
        );
    }
    assert_eq!(server.owner().get("/organizations/acme").status, 200);
}

#[test]
fn a_change_with_the_cookie_and_a_proof_is_served() {
    let server = TestServer::start();
    let token = server.owner_token();
    let cookie = format!("coder_session_token={token}");
    let patch = |query: &str| {
        let request = server.anonymous().request("PATCH", &format!("/organizations/coder{query}"));
        request.header("Cookie", &cookie).json(&json!({}))
    };
    assert_eq!(patch("").header("Coder-Session-Token", token).send().status, 200);
    assert_eq!(patch(&format!("?coder_session_token={token}")).send().status, 200);
    assert_eq!(patch("").header("Authorization", "Bearer anything").send().status, 200);
    assert_eq!(patch("?coder_session_token=other").send().status, 400);
    assert_eq!(patch("").header("Authorization", "Basic anything").send().status, 400);
}

#[test]
fn reading_with_the_cookie_needs_no_proof() {
    let server = TestServer::start();
    let cookie = format!("coder_session_token={}", server.owner_token());
    for method in ["GET", "HEAD"] {
        let request = server.anonymous().request(method, "/organizations").header("Cookie", &cookie);
        assert_eq!(request.send().status, 200, "{method}");
    }
}
