//! `orgd user`: the same users from the command line, beside the running server.

use serde_json::Value;

use crate::harness::TestServer;
use crate::people::{PASSWORD, hire, log_in, session};

/// A file with this first line; the caller removes its folder.
fn file(folder: &tempfile::TempDir, line: &str) -> String {
    let path = folder.path().join("password");
    std::fs::write(&path, format!("{line}\nsecond line\n")).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_user_with_a_password_is_created_from_a_file() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let password = file(&folder, PASSWORD);
    server.command(&["user", "create", "ana", "--email", "ana@example.com", "--password-file", &password]);
    assert_eq!(session(&server, "ana").get("/users/me").expect(200)["login_type"], "password");
    for (arguments, why) in [
        (["user", "create", "me"].as_slice(), "must not be a word"),
        (&["user", "create", "ben", "--email", "nowhere"], "must be a mail address"),
        (&["user", "create", "ben", "--password"], "there is no terminal"),
        (&["user", "create", "ben", "--password-file", &file(&folder, "short")], "must be at least 8 characters"),
        (&["user", "create", "ben", "--password-file", "/nowhere/x"], "cannot read /nowhere/x"),
    ] {
        let output = server.try_command(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(why), "{arguments:?}: {said}");
    }
}

#[test]
fn a_password_is_reset_and_its_sessions_end() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    hire(&server, "ana", &[]);
    let ana = session(&server, "ana");
    server.command(&["user", "reset-password", "ANA", "--password-file", &file(&folder, "another good password")]);
    assert_eq!(ana.get("/users/me").status, 401);
    assert_eq!(log_in(&server, "ana", "another good password").status, 201);
    // The owner of the first start has none until then.
    server.command(&["user", "reset-password", "owner", "--password-file", &file(&folder, PASSWORD)]);
    let login = serde_json::json!({"email": "owner@localhost", "password": PASSWORD});
    assert_eq!(server.anonymous().post("/users/login", login).status, 201);
}

#[test]
fn users_are_suspended_activated_and_deleted() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    let ana = session(&server, "ana");
    server.command(&["user", "suspend", "ana"]);
    assert!(ana.get("/users/me").message(401).starts_with("User is not active"));
    server.command(&["user", "activate", "ana"]);
    assert_eq!(ana.get("/users/me").status, 200);
    server.command(&["user", "delete", "ana"]);
    assert_eq!(ana.get("/users/me").status, 401);
    let output = server.try_command(&["user", "delete", "ana"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no user \"ana\""));
}

#[test]
fn roles_are_replaced_and_lists_are_json_for_programs() {
    let server = TestServer::start();
    hire(&server, "ana", &["auditor"]);
    let ana = session(&server, "ana");
    server.command(&["user", "roles", "ana", "--role", "user-admin", "--role", "template-admin"]);
    let listed: Value = serde_json::from_str(&server.command(&["user", "list", "--output", "json"])).unwrap();
    assert_eq!(listed[0]["name"], "ana");
    assert_eq!(listed[0]["roles"], serde_json::json!(["template-admin", "user-admin"]));
    assert_eq!(ana.get("/users/owner").status, 200);
    server.command(&["user", "roles", "ana", "--none"]);
    assert_eq!(ana.get("/users/owner").status, 404);
    assert!(!server.try_command(&["user", "roles", "ana"]).status.success(), "nothing is taken away by mistake");
    let tokens: Value = serde_json::from_str(&server.command(&["token", "list", "--output", "json"])).unwrap();
    let kinds: Vec<_> = tokens.as_array().unwrap().iter().map(|token| token["login_type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["password", "token"]);
}
