//! The first user: `coder login` on a new server.

use serde_json::{Value, json};

use crate::harness::{TestServer, eventually};
use crate::people::{PASSWORD, log_in, roles, token};

fn first() -> Value {
    json!({"username": "ana", "email": "ana@example.com", "name": "Ana Lopez", "password": PASSWORD, "trial": false})
}

#[test]
fn a_server_with_an_owner_takes_no_first_user() {
    let server = TestServer::start();
    let stranger = server.anonymous();
    assert_eq!(stranger.get("/users/first").message(200), "The initial user has already been created!");
    assert_eq!(stranger.post("/users/first", first()).message(409), "The initial user has already been created!");
}

#[test]
fn the_command_line_logs_in_on_an_empty_server() {
    let server = TestServer::without_owner(&[]);
    let stranger = server.anonymous();
    let answer = stranger.get("/users/first");
    assert_eq!(answer.message(404), "The initial user has not been created!");
    assert!(answer.header("x-coder-build-version").is_some(), "the command line believes it only then");
    // It is printed after the line of the log that a start is known by.
    eventually(|| server.stdout().contains("coder login http://"));

    let made = stranger.post("/users/first", first()).expect(201);
    let ana = server.client(&token(&log_in(&server, "ana", PASSWORD).expect(201), "session_token"));
    let me = ana.get("/users/me").expect(200);
    assert_eq!((&me["id"], &me["username"], &me["name"]), (&made["user_id"], &json!("ana"), &json!("Ana Lopez")));
    assert_eq!((&me["status"], &me["login_type"]), (&json!("active"), &json!("password")));
    assert_eq!(roles(&me), ["owner"]);
    assert_eq!(me["organization_ids"], json!([made["organization_id"]]));
    let organization = ana.get(&format!("/organizations/{}", made["organization_id"].as_str().unwrap())).expect(200);
    assert_eq!(organization["is_default"], true);

    let made: Value = serde_json::from_str(&server.command(&["audit", "action:create", "--output", "json"])).unwrap();
    let entry = &made[0];
    assert_eq!([&entry["user"], &entry["resource_target"], &entry["ip"]], ["ana", "ana", "127.0.0.1"]);

    assert_eq!(stranger.get("/users/first").status, 200);
    assert_eq!(stranger.post("/users/first", first()).status, 409);
    assert!(!server.stderr().contains(PASSWORD), "the password is in the log");
}

#[test]
fn a_wrong_first_user_is_refused_and_all_that_is_wrong_is_named() {
    let server = TestServer::without_owner(&[]);
    let stranger = server.anonymous();
    let wrong = json!({"username": "me", "email": "ana", "name": " Ana", "password": "short"});
    let fields: Vec<_> =
        stranger.post("/users/first", wrong).validations(400).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["email", "username", "name", "password"]);
    let fields: Vec<_> =
        stranger.post("/users/first", json!({})).validations(400).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["email", "username", "password"]);
    assert_eq!(stranger.get("/users/first").status, 404, "nobody was made");
}

#[test]
fn of_many_first_users_at_once_there_is_one() {
    let server = TestServer::without_owner(&[]);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let attempts: Vec<_> = (0..8)
            .map(|number| {
                let stranger = server.anonymous();
                let new =
                    json!({"username": format!("u{number}"), "email": format!("u{number}@b.c"), "password": PASSWORD});
                scope.spawn(move || stranger.post("/users/first", new).status)
            })
            .collect();
        attempts.into_iter().map(|attempt| attempt.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    assert_eq!(server.sql().number("SELECT count(*) AS value FROM users"), 1);
}

#[test]
fn a_server_that_starts_again_goes_on_waiting() {
    let mut server = TestServer::without_owner(&[]);
    server.restart();
    assert_eq!(server.anonymous().get("/users/first").status, 404);
    assert!(server.stdout().is_empty(), "the database is not new any more: {}", server.stdout());
}
