//! Every status that is documented for users and their sessions can be brought about; see `statuses`.

use std::collections::BTreeSet;

use serde_json::json;

use crate::harness::{Lockout, TestServer, documented};
use crate::people::{PASSWORD, hire, log_in, session, token};
use crate::statuses::{Request, call};

type Produced = BTreeSet<(String, u16)>;

/// Each operation that needs a session, with a request that is good if the caller and the server are; `ben` is hired and deleted.
fn requests(key: &str) -> Vec<Request> {
    let ben = |rest: &str| format!("/users/ben{rest}");
    let new = json!({"username": "novice", "email": "novice@example.com", "password": PASSWORD});
    vec![
        ("GET", "/users".to_owned(), None),
        ("POST", "/users".to_owned(), Some(new)),
        ("GET", ben(""), None),
        ("PUT", ben("/profile"), Some(json!({"username": "ben"}))),
        ("PUT", ben("/password"), Some(json!({"password": PASSWORD}))),
        ("GET", ben("/roles"), None),
        ("PUT", ben("/roles"), Some(json!({"roles": ["auditor"]}))),
        ("PUT", ben("/status/suspend"), None),
        ("PUT", ben("/status/activate"), None),
        ("POST", ben("/keys"), None),
        ("POST", ben("/keys/tokens"), Some(json!({"token_name": "laptop"}))),
        ("GET", ben("/keys/tokens"), None),
        ("GET", ben("/keys/tokens/laptop"), None),
        ("GET", ben("/keys/tokens/tokenconfig"), None),
        ("GET", format!("/users/me/keys/{key}"), None),
        ("PUT", format!("/users/me/keys/{key}/expire"), None),
        ("DELETE", format!("/users/me/keys/{key}"), None),
        ("DELETE", ben(""), None),
        ("POST", "/users/logout".to_owned(), None),
    ]
}

/// Those that need none.
fn open_requests() -> Vec<Request> {
    let new = json!({"username": "ana", "email": "ana@example.com", "password": PASSWORD});
    vec![
        ("GET", "/users/first".to_owned(), None),
        ("POST", "/users/first".to_owned(), Some(new)),
        ("POST", "/users/login".to_owned(), Some(json!({"email": "ana@example.com", "password": PASSWORD}))),
    ]
}

#[test]
fn every_documented_status_of_users_is_brought_about() {
    let mut produced = Produced::new();
    for situations in [
        successes,
        first_users,
        refusals,
        conflicts,
        unreadable_bodies,
        strangers,
        too_many_requests,
        broken,
        out_of_reach,
    ] {
        produced.extend(situations());
    }
    let of_users = documented().of_tag("Users");
    let mut missing: Vec<_> = documented().statuses().difference(&produced).cloned().collect();
    missing.retain(|(operation, _)| of_users.contains(operation));
    assert!(missing.is_empty(), "documented, but nothing here brings it about: {missing:?}");
}

fn successes() -> Produced {
    let server = TestServer::start();
    hire(&server, "ben", &[]);
    let key = token(&server.owner().post("/users/me/keys/tokens", json!({})).expect(201), "key");
    for request in requests(&key[..10]) {
        let status = call(&server.owner(), &[], &request).status;
        let expected = match (request.0, request.1.as_str()) {
            ("POST", "/users/logout") => 200,
            ("POST", _) => 201,
            (_, path) if path.ends_with("/password") || path.ends_with("/expire") => 204,
            ("DELETE", path) if path.contains("/keys/") => 204,
            _ => 200,
        };
        assert_eq!(status, expected, "{request:?}");
    }
    server.seen().statuses()
}

fn first_users() -> Produced {
    let server = TestServer::without_owner(&[]);
    let stranger = server.anonymous();
    let statuses =
        || -> Vec<u16> { open_requests().iter().map(|request| call(&stranger, &[], request).status).collect() };
    assert_eq!(stranger.get("/users/first").status, 404);
    assert_eq!(statuses()[1..], [201, 201]);
    assert_eq!(statuses(), [200, 409, 201]);
    assert_eq!(stranger.post("/users/first", json!({})).status, 400);
    assert_eq!(stranger.post("/users/login", json!({})).status, 400);
    server.seen().statuses()
}

fn refusals() -> Produced {
    let server = TestServer::start();
    hire(&server, "ben", &[]);
    hire(&server, "reader", &["auditor"]);
    let (reader, plain, owner) = (session(&server, "reader"), session(&server, "ben"), server.owner());
    for request in requests("nothing") {
        // A reader may read users, and nothing else; nobody at all may do anything to somebody who does not exist.
        if !request.1.contains("/me/") && request.1 != "/users/logout" {
            call(&reader, &[], &request);
        }
        let elsewhere = request.1.replace("/users/ben", "/users/nobody");
        if elsewhere != request.1 || request.1.contains("/me/") {
            let answer = call(&owner, &[], &(request.0, elsewhere, request.2.clone()));
            assert_eq!(answer.status, 404, "{request:?}");
        }
    }
    for (method, path) in [("DELETE", "/users/ben/keys/nothing"), ("PUT", "/users/ben/keys/nothing/expire")] {
        assert_eq!(reader.request(method, path).send().status, 403);
    }
    let nowhere =
        json!({"username": "a", "email": "a@b", "login_type": "none", "organization_ids": [uuid::Uuid::nil()]});
    assert_eq!(owner.post("/users", nowhere).status, 404);
    assert_eq!(plain.get("/users/owner/roles").status, 404);

    let cookie = format!("coder_session_token={}", server.owner_token());
    for (method, path, body) in requests("nothing").into_iter().filter(|(method, ..)| *method != "GET") {
        let tricked = call(&server.anonymous(), &[("Cookie", &cookie)], &(method, path.clone(), body));
        assert_eq!(tricked.status, 400, "{method} {path}");
    }
    assert_eq!(owner.get("/users?limit=x").status, 400);
    assert_eq!(owner.get("/users/me/keys/tokens?include_all=x").status, 400);
    server.seen().statuses()
}

fn conflicts() -> Produced {
    let server = TestServer::start();
    for (name, roles) in [("ben", [].as_slice()), ("second", &["owner"])] {
        hire(&server, name, roles);
    }
    let owner = server.owner();
    let taken = json!({"username": "BEN", "email": "b@c", "login_type": "none"});
    assert_eq!(owner.post("/users", taken).status, 409);
    assert_eq!(owner.put("/users/second/profile", json!({"username": "ben"})).status, 409);
    for status in [201, 409] {
        assert_eq!(owner.post("/users/me/keys/tokens", json!({"token_name": "t"})).status, status);
    }
    for _ in 0..10 {
        assert_eq!(log_in(&server, "ben", "wrong horse battery staple").status, 401);
    }
    assert_eq!(log_in(&server, "ben", PASSWORD).status, 429);
    let again = json!({"old_password": "wrong horse", "password": "another good password"});
    assert_eq!(server.client(&server.token_of("ben", &[])).put("/users/me/password", again).status, 429);
    last_owner(&server);
    server.seen().statuses()
}

/// An owner who is one of the system's own does not count: nobody signs in as one.
fn last_owner(server: &TestServer) {
    let second = session(server, "second");
    assert_eq!(second.get("/users/owner").status, 200);
    let yes = server.kind().boolean(true);
    server.change(|sql| sql.run(&format!("UPDATE users SET is_system = {yes} WHERE username = 'second'")));
    assert_eq!(
        second.put("/users/owner/roles", json!({"roles": []})).message(409),
        "The last owner cannot be removed."
    );
    assert_eq!(second.delete("/users/owner").message(409), "The last owner cannot be removed.");
}

fn unreadable_bodies() -> Produced {
    let server = TestServer::start();
    let owner = server.owner();
    hire(&server, "ben", &[]);
    let all = requests("nothing").into_iter().chain(open_requests());
    for (method, path, _) in all.filter(|(.., body)| body.is_some()) {
        let large = owner.request(method, &path).body(vec![b' '; 1024 * 1024 + 1]);
        assert_eq!(large.send().status, 413, "{method} {path}");
        let text = owner.request(method, &path).header("Content-Type", "text/plain").body("{}");
        assert_eq!(text.send().status, 415, "{method} {path}");
    }
    server.seen().statuses()
}

fn strangers() -> Produced {
    let server = TestServer::start();
    hire(&server, "ben", &[]);
    let ben = session(&server, "ben");
    for request in requests("nothing") {
        assert_eq!(call(&server.anonymous(), &[], &request).status, 401, "{request:?}");
        assert_eq!(call(&ben, &[("X-Coder-Bypass-Ratelimit", "true")], &request).status, 428, "{request:?}");
    }
    server.seen().statuses()
}

fn too_many_requests() -> Produced {
    let server = TestServer::with(&[("ORGD_RATE_LIMIT", "1")]);
    for request in requests("nothing").into_iter().chain(open_requests()) {
        // The third time, because whoever has logged out counts anew, by address.
        let statuses = [(); 3].map(|()| call(&server.owner(), &[], &request).status);
        assert_eq!(statuses[2], 429, "{request:?}");
    }
    server.seen().statuses()
}

/// Tables are gone, which is a defect and not an overload.
fn broken() -> Produced {
    let server = TestServer::start();
    let unknown = server.client("0123456789-0123456789012345678901");
    server.sql().run("ALTER TABLE api_keys RENAME TO something_else; ALTER TABLE users RENAME TO nobody");
    for request in requests("nothing").iter().chain(&open_requests()) {
        let answer = call(&unknown, &[], request);
        assert!(answer.detail(500).starts_with("Request ID "), "{request:?}");
        assert!(!answer.text().contains("api_keys") && !answer.text().contains("users"), "{}", answer.text());
    }
    server.seen().statuses()
}

/// Another process has locked the database and does not let go.
fn out_of_reach() -> Produced {
    let server = TestServer::with(&[("ORGD_WORKERS", "32")]);
    let unknown = server.client("0123456789-0123456789012345678901");
    let lock = Lockout::of(&server);
    std::thread::scope(|scope| {
        for request in requests("nothing").into_iter().chain(open_requests()) {
            let unknown = &unknown;
            scope.spawn(move || {
                let answer = call(unknown, &[], &request);
                assert_eq!(answer.status, 503, "{request:?}: {}", answer.text());
                assert_eq!(answer.header("retry-after"), Some("1"), "{request:?}");
            });
        }
    });
    let seen = server.seen().statuses();
    drop(lock);
    seen
}
