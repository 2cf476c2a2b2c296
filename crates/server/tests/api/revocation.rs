//! A token or a right that is taken away is refused by the next request, while the server runs.

use std::time::Duration;

use serde_json::json;

use crate::harness::{SIGNED_OUT, TestServer, eventually};

#[test]
fn a_revoked_token_is_refused_by_the_next_request() {
    let server = TestServer::start();
    for whole in [true, false] {
        let token = server.token_of("owner", &[]);
        let client = server.client(&token);
        assert_eq!(client.get("/organizations").status, 200);
        let id = token.split_once('-').unwrap().0;
        server.command(&["token", "revoke", if whole { &token } else { id }]);
        let answer = client.get("/organizations");
        assert_eq!(answer.message(401), SIGNED_OUT);
        assert_eq!(answer.detail(401), "API key is invalid.");
    }
    assert_eq!(server.owner().get("/organizations").status, 200, "other tokens stay");
}

/// Ten clients use the token all the time; none may succeed with a request that began after the command had returned.
#[test]
fn a_revoked_token_is_refused_under_load() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let server = TestServer::start();
    let token = server.token_of("owner", &[]);
    let (revoked, late) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..10 {
            let client = server.client(&token);
            let (revoked, late) = (&revoked, &late);
            scope.spawn(move || {
                loop {
                    let after = revoked.load(Ordering::SeqCst);
                    let status = client.get("/organizations").status;
                    late.fetch_or(after && status == 200, Ordering::SeqCst);
                    if after {
                        return;
                    }
                }
            });
        }
        server.command(&["token", "revoke", &token]);
        revoked.store(true, Ordering::SeqCst);
    });
    assert!(!late.load(Ordering::SeqCst), "a request succeeded that began after the token was revoked");
}

#[test]
fn an_expired_token_is_refused_and_says_since_when() {
    let server = TestServer::start();
    let token = server.token_of("owner", &["--lifetime", "1s"]);
    let client = server.client(&token);
    eventually(|| client.get("/organizations").status == 401);
    let answer = client.get("/organizations");
    assert_eq!(answer.message(401), SIGNED_OUT);
    let detail = answer.detail(401);
    assert!(detail.starts_with("API key expired at \"20") && detail.ends_with("Z\"."), "{detail}");
    assert!(answer.header("www-authenticate").unwrap().contains("has expired"));
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(client.get("/organizations").status, 401, "use does not bring it back");
}

#[test]
fn a_token_is_good_until_it_expires() {
    let server = TestServer::start();
    let client = server.client(&server.token_of("owner", &["--lifetime", "1h"]));
    assert_eq!(client.get("/organizations").status, 200);
    server.change(|sql| {
        let early = sql.kind().time(1);
        sql.run(&format!("UPDATE api_keys SET expires_at = {early} WHERE lifetime_seconds = 3600"));
    });
    assert_eq!(client.get("/organizations").detail(401), "API key expired at \"1970-01-01T00:00:00.000001Z\".");
}

#[test]
fn a_suspended_user_is_refused_and_comes_back() {
    let server = TestServer::start();
    let client = server.client(&server.user("alice", &[], &[("coder", &[])]));
    assert_eq!(client.get("/organizations").status, 200);
    let set = |status: &str| {
        server.change(|sql| sql.run(&format!("UPDATE users SET status = '{status}' WHERE username = 'alice'")));
    };
    set("suspended");
    let answer = client.get("/organizations");
    assert_eq!(
        answer.message(401),
        "User is not active (status = \"suspended\"). Contact an admin to reactivate your account."
    );
    assert!(answer.header("www-authenticate").is_some());
    set("active");
    assert_eq!(client.get("/organizations").status, 200);
    set("dormant");
    assert_eq!(client.get("/organizations").status, 200, "a dormant user wakes up");
}

#[test]
fn a_deleted_user_is_refused() {
    let server = TestServer::start();
    let client = server.client(&server.user("alice", &[], &[("coder", &[])]));
    assert_eq!(client.get("/organizations").status, 200);
    server.change(|sql| sql.run("UPDATE users SET deleted_at = created_at WHERE username = 'alice'"));
    assert_eq!(client.get("/organizations").detail(401), "API key is invalid.");
}

#[test]
fn roles_that_are_granted_or_taken_away_count_at_once() {
    let server = TestServer::start();
    let alice = server.client(&server.user("alice", &[], &[]));
    assert_eq!(alice.get("/organizations/coder").status, 404);
    server.command(&["user", "grant", "alice", "--organization", "coder"]);
    assert_eq!(alice.get("/organizations/coder").status, 200);
    assert_eq!(alice.patch("/organizations/coder", json!({})).status, 403);
    server.command(&["user", "grant", "alice", "--organization", "coder", "--role", "organization-admin"]);
    assert_eq!(alice.patch("/organizations/coder", json!({})).status, 200);
    server.change(|sql| {
        sql.run("DELETE FROM organization_members WHERE user_id = (SELECT id FROM users WHERE username = 'alice')");
    });
    assert_eq!(alice.get("/organizations/coder").status, 404);
    server.command(&["user", "grant", "alice", "--role", "owner"]);
    assert_eq!(alice.post("/organizations", json!({"name": "acme"})).status, 201);
}
