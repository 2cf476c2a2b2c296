//! Changing passwords.

use serde_json::json;

use crate::harness::TestServer;
use crate::people::{PASSWORD, hire, log_in, session};

const OTHER: &str = "another good password";

#[test]
fn the_own_password_is_changed_with_the_present_one() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    let (ana, elsewhere) = (session(&server, "ana"), session(&server, "ana"));
    let change = |old: Option<&str>, new: &str| {
        let mut body = json!({ "password": new });
        if let Some(old) = old {
            body["old_password"] = json!(old);
        }
        ana.put("/users/me/password", body)
    };
    for (old, new, field) in [
        (None, OTHER, "old_password"),
        (Some(""), OTHER, "old_password"),
        (Some("wrong horse battery staple"), OTHER, "old_password"),
        (Some(PASSWORD), "short", "password"),
        (Some(PASSWORD), "aaaaaaaaaaaa", "password"),
        (Some(PASSWORD), PASSWORD, "password"),
    ] {
        assert_eq!(change(old, new).validations(400)[0].0, field, "{old:?} {new}");
    }
    assert_eq!(change(Some(PASSWORD), OTHER).status, 204);
    for client in [&ana, &elsewhere] {
        assert_eq!(client.get("/users/me").detail(401), "API key is invalid.", "every session ends");
    }
    assert_eq!(log_in(&server, "ana", PASSWORD).status, 401);
    assert_eq!(log_in(&server, "ana", OTHER).status, 201);
}

#[test]
fn owners_and_user_admins_set_passwords_of_others() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    hire(&server, "admin", &["user-admin"]);
    let admin = session(&server, "admin");
    assert_eq!(admin.put("/users/ana/password", json!({"password": OTHER})).status, 204);
    assert_eq!(log_in(&server, "ana", OTHER).status, 201);
    assert_eq!(server.owner().put("/users/ana/password", json!({"password": PASSWORD})).status, 204);
    assert_eq!(log_in(&server, "ana", PASSWORD).status, 201);
    assert_eq!(
        admin.put("/users/me/password", json!({"password": OTHER})).status,
        400,
        "the own one needs the present one"
    );
}

#[test]
fn a_user_without_a_password_is_not_given_one_here() {
    let server = TestServer::start();
    let refused = server.owner().put("/users/me/password", json!({"password": OTHER, "old_password": PASSWORD}));
    assert_eq!(refused.message(400), "Users without password login type cannot change their password.");
}

#[test]
fn wrong_present_passwords_count_as_attempts() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    let ana = session(&server, "ana");
    let guess = || ana.put("/users/me/password", json!({"password": OTHER, "old_password": "wrong horse battery"}));
    for _ in 0..10 {
        assert_eq!(guess().status, 400);
    }
    let refused = guess();
    assert_eq!(refused.message(429), "Too many attempts to log in.");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(log_in(&server, "ana", PASSWORD).status, 429);
}

/// A session that begins with the old password while it is changed does not outlive the change.
#[test]
fn no_session_of_the_old_password_outlives_it() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    let (mut current, mut next) = (PASSWORD, OTHER);
    for _ in 0..4 {
        let (sessions, changed) = std::thread::scope(|scope| {
            let logins: Vec<_> = (0..3).map(|_| scope.spawn(|| log_in(&server, "ana", current))).collect();
            let owner = server.owner();
            let change = scope.spawn(move || owner.put("/users/ana/password", json!({ "password": next })).status);
            let logins: Vec<_> = logins.into_iter().map(|login| login.join().unwrap()).collect();
            (logins, change.join().unwrap())
        });
        assert_eq!(changed, 204);
        for answer in sessions.iter().filter(|answer| answer.status == 201) {
            let client = server.client(answer.json()["session_token"].as_str().unwrap());
            assert_eq!(client.get("/users/me").status, 401);
        }
        (current, next) = (next, current);
    }
}
