//! The audit log: every change has its entry, and so has every change that was refused to somebody who is known.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{TestServer, eventually};

/// The entries that a search finds, oldest first.
fn entries(server: &TestServer, search: &str) -> Vec<Value> {
    let mut arguments = vec!["audit", "--output", "json", "--limit", "1000"];
    arguments.extend(search.split_whitespace());
    let listed: Value = serde_json::from_str(&server.command(&arguments)).unwrap();
    listed.as_array().unwrap().iter().rev().cloned().collect()
}

fn short(entry: &Value) -> (String, String, String, u64) {
    let text = |key: &str| entry[key].as_str().unwrap().to_owned();
    (text("action"), text("resource_type"), text("resource_target"), entry["status_code"].as_u64().unwrap())
}

fn one(action: &str, resource: &str, target: &str, status: u64) -> (String, String, String, u64) {
    (action.to_owned(), resource.to_owned(), target.to_owned(), status)
}

#[test]
fn an_entry_says_who_did_what_from_where_and_what_changed() {
    let server = TestServer::start();
    let owner = server.owner();
    let made = owner.request("POST", "/organizations").header("User-Agent", "tests/1.0").json(&json!({"name": "acme"}));
    let made = made.send();
    let id = made.expect(201)["id"].as_str().unwrap().to_owned();
    owner.patch("/organizations/acme", json!({"name": "apex", "description": "new"})).expect(200);
    owner.delete("/organizations/apex").expect(200);
    let found = entries(&server, &format!("organization:{id}"));
    let expected = [
        one("create", "organization", "acme", 201),
        one("write", "organization", "apex", 200),
        one("delete", "organization", "apex", 200),
    ];
    assert_eq!(found.iter().map(short).collect::<Vec<_>>(), expected);
    assert_eq!(
        (&found[0]["user"], &found[0]["ip"], &found[0]["user_agent"]),
        (&json!("owner"), &json!("127.0.0.1"), &json!("tests/1.0"))
    );
    assert_eq!(found[0]["request_id"], made.header("x-coder-request-id").unwrap());
    assert_eq!(found[0]["diff"]["name"], json!({"old": null, "new": "acme", "secret": false}));
    let changed = &found[1]["diff"];
    assert_eq!(changed["name"], json!({"old": "acme", "new": "apex", "secret": false}));
    assert_eq!(changed["description"], json!({"old": "", "new": "new", "secret": false}));
    assert_eq!(changed.as_object().unwrap().keys().collect::<Vec<_>>(), ["description", "name", "updated_at"]);
    assert_eq!(found[2]["diff"]["name"], json!({"old": "apex", "new": null, "secret": false}));
}

#[test]
fn jobs_keys_and_workers_are_in_it_and_secrets_are_not() {
    let server = TestServer::start();
    let owner = server.owner();
    let jobs = "/organizations/coder/provisionerjobs";
    let job = owner.post(jobs, json!({"type": "workspace_build"})).expect(201)["id"].as_str().unwrap().to_owned();
    owner.patch(&format!("{jobs}/{job}/cancel"), json!({})).expect(200);
    let keys = "/organizations/coder/provisionerkeys";
    let secret = owner.post(keys, json!({"name": "farm"})).expect(201)["key"].as_str().unwrap().to_owned();
    let worker = json!({"name": "w", "provisioners": ["echo"]});
    for status in [201, 200] {
        assert_eq!(owner.post("/organizations/coder/provisionerdaemons", worker.clone()).status, status);
    }
    assert_eq!(owner.delete(&format!("{keys}/FARM")).status, 204);
    let found = entries(&server, "organization:coder");
    let expected = [
        one("create", "provisioner_job", "workspace_build", 201),
        one("write", "provisioner_job", "workspace_build", 200),
        one("create", "provisioner_key", "farm", 201),
        one("create", "provisioner_daemon", "w", 201),
        one("delete", "provisioner_key", "farm", 204),
    ];
    assert_eq!(found.iter().map(short).collect::<Vec<_>>(), expected, "a worker that comes back is nothing new");
    assert_eq!(found[1]["diff"]["status"], json!({"old": "pending", "new": "canceled", "secret": false}));
    assert_eq!(found[2]["diff"]["hashed_secret"], json!({"old": null, "new": null, "secret": true}));
    assert!(!server.command(&["audit", "--output", "json"]).contains(&secret));
}

#[test]
fn what_was_refused_to_somebody_is_in_it_and_what_changed_nothing_is_not() {
    let server = TestServer::start();
    let owner = server.owner();
    let ana = server.client(&server.user("ana", &[], &[("coder", &[])]));
    assert_eq!(ana.patch("/organizations/coder", json!({"name": "mine"})).status, 403);
    assert_eq!(ana.delete("/organizations/nowhere").status, 404);
    assert_eq!(owner.post("/organizations", json!({"name": "CODER"})).status, 409);
    assert_eq!(owner.post("/organizations", json!({"name": ""})).status, 400);
    let job = Uuid::new_v4();
    assert_eq!(owner.patch(&format!("/organizations/coder/provisionerjobs/{job}/cancel"), json!({})).status, 404);
    // Nobody who is known.
    assert_eq!(server.anonymous().post("/organizations", json!({"name": "x"})).status, 401);
    ana.get("/organizations/coder").expect(200);
    let mut expected = vec![
        one("write", "organization", "coder", 403),
        one("delete", "organization", "nowhere", 404),
        one("create", "organization", "", 409),
        one("create", "organization", "", 400),
        one("write", "provisioner_job", &job.to_string(), 404),
    ];
    expected.sort();
    // Nobody waits for them, so they may overtake each other.
    eventually(|| {
        let refused = |entry: &Value| entry["status_code"].as_u64() >= Some(400);
        let mut found: Vec<_> = entries(&server, "").iter().filter(|entry| refused(entry)).map(short).collect();
        found.sort();
        found == expected
    });
    let by_ana = entries(&server, "username:ANA");
    assert_eq!(by_ana.len(), 2);
    assert!(by_ana.iter().all(|entry| entry["user"] == "ana" && entry["diff"] == json!({})));
}

#[test]
fn a_repeated_post_has_one_entry_and_a_failed_one_none_of_a_change() {
    let server = TestServer::start();
    let owner = server.owner();
    let send = |name: &str| {
        owner.request("POST", "/organizations").header("Idempotency-Key", "once").json(&json!({ "name": name })).send()
    };
    for _ in 0..3 {
        send("acme").expect(201);
    }
    assert_eq!(entries(&server, "acme action:create").len(), 1);
}

#[test]
fn an_entry_is_never_changed_and_goes_when_the_operator_says_so() {
    let mut server = TestServer::start();
    server.owner().create("acme");
    let refused = server.sql().try_run("UPDATE audit_logs SET resource_target = 'other'");
    assert!(refused.unwrap_err().contains("never changed"));
    server.restart();
    assert_eq!(entries(&server, "acme").len(), 1, "they stay unless told otherwise");
    drop(server);

    let server = TestServer::with(&[("ORGD_AUDIT_RETENTION", "1h"), ("ORGD_REAPER_INTERVAL", "100ms")]);
    server.owner().create("acme");
    let old = "INSERT INTO audit_logs (id, at, ip, user_agent, request_id, resource_type, resource_id, resource_target, action, diff, status_code) ";
    let select = if server.database_url().starts_with("sqlite") {
        "SELECT randomblob(16), 0, '', '', zeroblob(16), 'user', zeroblob(16), 'old', 'create', '{}', 201"
    } else {
        "SELECT gen_random_uuid(), to_timestamp(0), '', '', gen_random_uuid(), 'user', gen_random_uuid(), 'old', 'create', '{}', 201"
    };
    server.sql().run(&format!("{old} {select}"));
    eventually(|| entries(&server, "old").is_empty());
    assert_eq!(entries(&server, "acme").len(), 1);
}

#[test]
fn a_search_that_cannot_be_read_says_why() {
    let server = TestServer::start();
    let output = server.try_command(&["audit", "colour:red"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("unknown key \"colour\"; known are resource_type"), "{said}");
}

#[test]
fn owners_and_auditors_read_everything_and_those_of_an_organization_what_is_of_it() {
    let server = TestServer::start();
    let owner = server.owner();
    owner.create("acme");
    let other = owner.create("other");
    owner.patch("/organizations/acme", json!({"icon": "/a.png"})).expect(200);
    let page = owner.get("/audit?q=resource_type:organization").expect(200);
    assert_eq!(page["count"], 3);
    let newest = &page["audit_logs"][0];
    assert_eq!(newest["description"], "owner changed organization acme");
    assert_eq!((&newest["user"]["username"], &newest["organization"]["name"]), (&json!("owner"), &json!("acme")));
    assert_eq!(newest["diff"]["icon"], json!({"old": "", "new": "/a.png", "secret": false}));
    let paged = owner.get("/audit?q=resource_type:organization&limit=1&offset=2").expect(200);
    assert_eq!(
        (&paged["count"], &paged["audit_logs"][0]["description"]),
        (&json!(3), &json!("owner created organization acme"))
    );

    for (name, site, inside, count) in [
        ("ann", Some("auditor"), None, 3),
        ("bob", None, Some("organization-auditor"), 2),
        ("cat", None, Some("organization-admin"), 2),
        ("dan", None, Some("organization-user-admin"), 0),
        ("eve", Some("user-admin"), None, 0),
        ("fay", None, None, 0),
    ] {
        let site: Vec<_> = site.into_iter().collect();
        let roles: Vec<_> = inside.into_iter().collect();
        let inside: Vec<(&str, &[&str])> = if roles.is_empty() { Vec::new() } else { vec![("acme", &roles)] };
        let client = server.client(&server.user(name, &site, &inside));
        let page = client.get("/audit?q=resource_type:organization").expect(200);
        assert_eq!(page["count"], count, "{name}");
        let other = client.get("/audit?q=resource_type:organization%20organization:other").expect(200);
        assert_eq!(other["count"], if count == 3 { 1 } else { 0 }, "{name}");
    }
    owner.delete("/organizations/other").expect(200);
    let page = owner.get(&format!("/audit?q=resource_id:{other}")).expect(200);
    assert_eq!(page["count"], 2);
    assert!(page["audit_logs"].as_array().unwrap().iter().all(|entry| entry["is_deleted"] == true), "{page}");
}

#[test]
fn signing_in_and_out_and_what_happens_to_users_is_in_it() {
    let server = TestServer::start();
    let owner = server.owner();
    let new =
        json!({"username": "ana", "email": "ana@example.com", "password": "correct horse", "login_type": "password"});
    owner.post("/users", new).expect(201);
    let login = |password: &str| {
        server.anonymous().post("/users/login", json!({"email": "ana@example.com", "password": password}))
    };
    assert_eq!(login("wrong horse").status, 401);
    let token = login("correct horse").expect(201)["session_token"].as_str().unwrap().to_owned();
    assert_eq!(server.client(&token).post("/users/logout", json!({})).status, 200);
    owner.request("PUT", "/users/ana/roles").json(&json!({"roles": ["auditor"]})).send().expect(200);
    owner.delete("/users/ana").expect(200);
    let found: Vec<_> = entries(&server, "date_from:2026-01-01")
        .iter()
        .map(short)
        .map(|(action, kind, _, status)| (action, kind, status))
        .collect();
    let expected = [
        ("create", "user", 201),
        ("login", "user", 401),
        ("login", "user", 201),
        ("logout", "api_key", 200),
        ("write", "user", 200),
        ("delete", "user", 200),
    ];
    let expected = expected.map(|(action, kind, status)| (action.to_owned(), kind.to_owned(), status));
    assert_eq!(found, expected);
    let shown = server.command(&["audit", "--output", "json"]);
    for secret in ["correct horse", "wrong horse", token.split_once('-').unwrap().1] {
        assert!(!shown.contains(secret));
    }
}

#[test]
fn an_attempt_to_sign_in_is_noted_without_what_was_typed() {
    let server = TestServer::start();
    server
        .owner()
        .post("/users", json!({"username": "ana", "email": "ana@example.com", "password": "correct horse"}))
        .expect(201);
    for email in ["ana@example.com", "ana@exampel.com", "correct horse"] {
        let attempt = json!({"email": email, "password": "wrong horse"});
        assert_eq!(server.anonymous().post("/users/login", attempt).status, 401);
    }
    let attempts: Vec<_> = entries(&server, "action:login").iter().map(short).map(|entry| (entry.2, entry.3)).collect();
    assert_eq!(
        attempts,
        [("ana", 401), ("unknown", 401), ("unknown", 401)].map(|(who, status)| (who.to_owned(), status))
    );
    for entry in entries(&server, "action:login") {
        assert_eq!((&entry["ip"], &entry["user"]), (&json!("127.0.0.1"), &Value::Null));
        assert!(entry["request_id"].as_str().is_some_and(|id| id != Uuid::nil().to_string()), "{entry}");
    }
    let shown = server.command(&["audit", "--output", "json"]);
    for typed in ["exampel", "correct horse", "wrong horse"] {
        assert!(!shown.contains(typed), "{shown}");
    }
}
