//! Users of the tests, who log in with passwords.

use serde_json::{Value, json};

use crate::harness::{Answer, Client, TestServer};

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";

/// Creates a user with a password and these site roles, who is active; gives their id.
#[track_caller]
pub fn hire(server: &TestServer, name: &str, roles: &[&str]) -> String {
    let owner = server.owner();
    let new = json!({
        "username": name, "email": format!("{name}@example.com"), "password": PASSWORD, "user_status": "active",
    });
    let user = owner.post("/users", new).expect(201);
    if !roles.is_empty() {
        owner.put(&format!("/users/{name}/roles"), json!({ "roles": roles })).expect(200);
    }
    user["id"].as_str().unwrap().to_owned()
}

/// Tries to log in.
pub fn log_in(server: &TestServer, name: &str, password: &str) -> Answer {
    let login = json!({ "email": format!("{name}@example.com"), "password": password });
    server.anonymous().post("/users/login", login)
}

/// A client with a session of this user.
#[track_caller]
pub fn session(server: &TestServer, name: &str) -> Client {
    server.client(&token(&log_in(server, name, PASSWORD).expect(201), "session_token"))
}

/// The token in this member of an answer.
#[track_caller]
pub fn token(body: &Value, member: &str) -> String {
    let token = body[member].as_str().unwrap().to_owned();
    assert!(crate::harness::is_token(&token), "{token:?}");
    token
}

/// The names of the roles that a user is shown with.
pub fn roles(user: &Value) -> Vec<&str> {
    user["roles"].as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect()
}
