//! Sessions live as long as they are used, tokens as long as they were made to; what is taken away is gone at once.

use serde_json::{Value, json};

use crate::harness::{Client, Kind, TestServer, eventually};
use crate::people::{PASSWORD, hire, log_in, session, token};

const HOUR: i64 = 3600;

/// Sets back what is known of all tokens of the user by so many seconds.
fn age(server: &TestServer, user: &str, seconds: i64) {
    let back = |column: &str| match server.kind() {
        Kind::Sqlite => format!("{column} = {column} - {seconds} * 1000000"),
        Kind::Postgres => format!("{column} = {column} - interval '{seconds} seconds'"),
    };
    server.change(|sql| {
        sql.run(&format!(
            "UPDATE api_keys SET {}, {}, {} WHERE user_id = (SELECT id FROM users WHERE username = '{user}')",
            back("last_used_at"),
            back("expires_at"),
            back("created_at"),
        ));
    });
}

fn key(client: &Client, id: &str) -> Value {
    client.get(&format!("/users/me/keys/{id}")).expect(200)
}

fn seconds(value: &Value) -> i64 {
    chrono::DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap().timestamp()
}

fn id_of(token: &str) -> &str {
    token.split_once('-').unwrap().0
}

#[test]
fn the_use_of_a_session_is_noted_and_extends_it() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    let token = token(&log_in(&server, "ana", PASSWORD).expect(201), "session_token");
    let (ana, id) = (server.client(&token), id_of(&token));
    assert_eq!(key(&ana, id)["login_type"], "password");
    assert_eq!(key(&ana, id)["lifetime_seconds"], 24 * HOUR);
    eventually(|| key(&ana, id)["last_used"] != "0001-01-01T00:00:00Z");
    let first = key(&ana, id);
    assert_eq!(seconds(&first["expires_at"]) - seconds(&first["created_at"]), 24 * HOUR);
    assert_eq!(key(&ana, id)["last_used"], first["last_used"], "once an hour");

    age(&server, "ana", 2 * HOUR);
    let aged = seconds(&first["expires_at"]) - 2 * HOUR;
    eventually(|| seconds(&key(&ana, id)["expires_at"]) > aged + HOUR);
    let later = key(&ana, id);
    assert_eq!(seconds(&later["expires_at"]) - seconds(&later["last_used"]), 24 * HOUR);

    age(&server, "ana", 25 * HOUR);
    assert!(ana.get("/users/me").detail(401).starts_with("API key expired at"), "after a day without use");
}

#[test]
fn the_use_of_a_token_is_noted_and_does_not_extend_it() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    let made = session(&server, "ana").post("/users/me/keys/tokens", json!({"lifetime": 86_400_000_000_000_i64}));
    let token = token(&made.expect(201), "key");
    let (ana, id) = (server.client(&token), id_of(&token));
    age(&server, "ana", 5 * HOUR);
    let aged = key(&ana, id);
    eventually(|| key(&ana, id)["last_used"] != "0001-01-01T00:00:00Z");
    assert_eq!(key(&ana, id)["expires_at"], aged["expires_at"]);
    assert_eq!(seconds(&aged["expires_at"]) - seconds(&aged["created_at"]), 24 * HOUR);
}

#[test]
fn a_dormant_user_becomes_active_by_what_they_do() {
    let server = TestServer::start();
    let owner = server.owner();
    let new = |name: &str| json!({"username": name, "email": format!("{name}@example.com"), "password": PASSWORD});
    for name in ["ana", "ben"] {
        assert_eq!(owner.post("/users", new(name)).expect(201)["status"], "dormant");
    }
    session(&server, "ana");
    let ana = owner.get("/users/ana").expect(200);
    assert_eq!(ana["status"], "active", "by logging in");
    assert!(ana["last_seen_at"].is_string());

    let ben = server.client(&server.token_of("ben", &[]));
    assert_eq!(ben.get("/organizations").status, 200);
    eventually(|| owner.get("/users/ben").expect(200)["status"] == "active");
    assert!(owner.get("/users/ben").expect(200)["last_seen_at"].is_string());
}

#[test]
fn a_session_that_was_ended_is_not_brought_back_by_a_use_that_is_noted_late() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    let (ana, other) = (session(&server, "ana"), session(&server, "ana"));
    age(&server, "ana", 2 * HOUR);
    // Both uses are gathered; one of the two ends before they are stored.
    assert_eq!(ana.get("/users/me").status, 200);
    let listed = server.sql().words(
        "SELECT string_agg(id, ' ') AS value FROM api_keys WHERE user_id = (SELECT id FROM users WHERE username = 'ana')",
    );
    for id in listed.split(' ') {
        assert_eq!(server.owner().put(&format!("/users/ana/keys/{id}/expire"), json!({})).status, 204);
    }
    std::thread::sleep(std::time::Duration::from_millis(2500));
    for client in [ana, other] {
        assert!(client.get("/users/me").detail(401).starts_with("API key expired at"));
    }
}

#[test]
fn whatever_is_taken_away_is_refused_by_the_next_request() {
    let server = TestServer::start();
    let owner = server.owner();
    let cases: [(&str, &dyn Fn() -> u16); 4] = [
        ("suspended", &|| owner.put("/users/suspended/status/suspend", json!({})).status),
        ("deleted", &|| owner.delete("/users/deleted").status),
        ("reset", &|| owner.put("/users/reset/password", json!({"password": "another good password"})).status),
        ("ended", &|| {
            let ended =
                server.command(&["user", "reset-password", "ended", "--password-file", &password_file(&server)]);
            if ended.is_empty() { 204 } else { 500 }
        }),
    ];
    for (name, take_away) in cases {
        hire(&server, name, &[]);
        let client = session(&server, name);
        assert_eq!(client.get("/users/me").status, 200, "{name}");
        assert!([200, 204].contains(&take_away()), "{name}");
        assert_eq!(client.get("/users/me").status, 401, "{name}");
        assert_eq!(log_in(&server, name, PASSWORD).status, 401, "{name}");
    }
    owner.put("/users/suspended/status/activate", json!({})).expect(200);
    assert_eq!(log_in(&server, "suspended", PASSWORD).status, 201);
}

/// A file with another password, beside the log of nobody.
fn password_file(server: &TestServer) -> String {
    let file = std::env::temp_dir().join(format!("orgd-password-{}", server.address().port()));
    std::fs::write(&file, "yet another password\n").unwrap();
    file.to_str().unwrap().to_owned()
}

/// On PostgreSQL another server refuses it within a second, too. One of several times will do, since a busy machine takes its
/// time.
#[test]
fn another_server_hears_of_it() {
    let server = TestServer::start();
    if server.kind() != Kind::Postgres {
        return;
    }
    let replica = server.replica(&[]);
    hire(&server, "ana", &[]);
    let mut password = PASSWORD.to_owned();
    let mut delays = (0..5).map(|round| {
        let token = token(&log_in(&server, "ana", &password).expect(201), "session_token");
        let there = replica.client(&token);
        assert_eq!(there.get("/users/me").status, 200);
        password = format!("another good password {round}");
        assert_eq!(server.owner().put("/users/ana/password", json!({ "password": password })).status, 204);
        let begun = std::time::Instant::now();
        eventually(|| there.get("/users/me").status == 401);
        begun.elapsed()
    });
    assert!(delays.any(|delay| delay < std::time::Duration::from_secs(5)), "it hears of nothing in time");
}
