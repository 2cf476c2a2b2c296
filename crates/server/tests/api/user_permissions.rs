//! Who may do what to whom: every role, at every operation on users.

use serde_json::{Value, json};

use crate::harness::{Client, NOT_FOUND, TestServer};
use crate::people::{PASSWORD, hire, session};

/// What somebody is answered about another user: read, roles, profile, password, assign roles, suspend, activate, list tokens,
/// make a token, make a session, then create a user and delete one who does not exist.
type Row = [u16; 12];

const ALL: Row = [200, 200, 200, 204, 200, 200, 200, 200, 201, 201, 201, 404];
const USER_ADMIN: Row = [200, 200, 200, 204, 403, 200, 200, 404, 403, 403, 201, 404];
/// What a user admin may do to an owner.
const OVER_OWNER: Row = [200, 200, 403, 403, 403, 403, 403, 404, 403, 403, 201, 404];
const READER: Row = [200, 404, 403, 403, 403, 403, 403, 404, 403, 403, 403, 404];
const NOBODY: Row = [404, 404, 404, 404, 404, 404, 404, 404, 404, 404, 403, 404];

fn row(client: &Client, by: &str, target: &str) -> Row {
    let user = format!("/users/{target}");
    let new =
        json!({"username": format!("by-{by}-{target}"), "email": format!("{by}-{target}@b"), "password": PASSWORD});
    let answers = [
        client.get(&user),
        client.get(&format!("{user}/roles")),
        client.put(&format!("{user}/profile"), json!({"username": target})),
        client.put(&format!("{user}/password"), json!({"password": PASSWORD})),
        client.put(&format!("{user}/roles"), json!({"roles": []})),
        client.put(&format!("{user}/status/suspend"), Value::Null),
        client.put(&format!("{user}/status/activate"), Value::Null),
        client.get(&format!("{user}/keys/tokens")),
        client.post(&format!("{user}/keys/tokens"), json!({})),
        client.request("POST", &format!("{user}/keys")).send(),
        client.post("/users", new),
        client.delete("/users/nobody"),
    ];
    for answer in answers.iter().filter(|answer| answer.status == 404) {
        assert_eq!(answer.text(), NOT_FOUND, "{by} over {target}");
    }
    answers.map(|answer| answer.status)
}

#[test]
fn site_roles_reach_over_other_users() {
    let server = TestServer::start();
    hire(&server, "target", &[]);
    for (name, roles, expected) in [
        ("owner-two", &["owner"], ALL),
        ("user-admin", &["user-admin"], USER_ADMIN),
        ("template-admin", &["template-admin"], READER),
        ("auditor", &["auditor"], READER),
        ("agents", &["agents-access"], NOBODY),
    ] {
        hire(&server, name, roles);
        assert_eq!(row(&session(&server, name), name, "target"), expected, "{name}");
    }
    hire(&server, "plain", &[]);
    assert_eq!(row(&session(&server, "plain"), "plain", "target"), NOBODY);
    let narrow = server.client(&server.token_of("owner", &["--scope", "application_connect"]));
    assert_eq!(row(&narrow, "narrow", "target"), NOBODY);
}

#[test]
fn organization_roles_reach_over_nobody() {
    let server = TestServer::start();
    hire(&server, "target", &[]);
    let admin = server.user("admin", &[], &[("coder", &["organization-admin", "organization-user-admin"])]);
    assert_eq!(row(&server.client(&admin), "admin", "target"), NOBODY);
}

#[test]
fn a_user_admin_does_not_touch_owners() {
    let server = TestServer::start();
    hire(&server, "boss", &["owner"]);
    hire(&server, "admin", &["user-admin"]);
    let admin = session(&server, "admin");
    assert_eq!(row(&admin, "admin", "boss"), OVER_OWNER);
    assert_eq!(admin.delete("/users/boss").status, 403);
    assert_eq!(
        admin.put("/users/boss/profile", json!({"username": "boss"})).detail(403),
        "Only an owner may do this to an owner."
    );
    assert_eq!(session(&server, "boss").get("/users/me").status, 200);
}

/// A user admin cannot make themselves or a friend an owner, by whatever way.
#[test]
fn nobody_rises_above_their_own_roles() {
    let server = TestServer::start();
    hire(&server, "friend", &[]);
    hire(&server, "admin", &["user-admin"]);
    let admin = session(&server, "admin");
    for (user, role) in [("friend", "owner"), ("friend", "auditor"), ("friend", "user-admin"), ("me", "owner")] {
        assert_eq!(admin.put(&format!("/users/{user}/roles"), json!({"roles": [role]})).status, 403, "{user} {role}");
    }
    let new = json!({"username": "novice", "email": "novice@b", "password": PASSWORD, "roles": ["owner"]});
    assert_eq!(admin.post("/users", new).expect(201)["roles"], json!([]));
    assert_eq!(admin.request("POST", "/users/owner/keys").send().status, 403, "a session of an owner");
}

#[test]
fn everybody_looks_after_themselves() {
    let server = TestServer::start();
    hire(&server, "plain", &[]);
    let plain = session(&server, "plain");
    assert_eq!(plain.get("/users/me/roles").status, 200);
    assert_eq!(plain.put("/users/plain/profile", json!({"username": "plain", "name": "Plain"})).status, 200);
    assert_eq!(plain.post("/users/me/keys/tokens", json!({})).status, 201);
    assert_eq!(plain.get("/users/plain/keys/tokens").status, 200);
    assert_eq!(plain.put("/users/me/status/activate", Value::Null).status, 403);
    assert_eq!(plain.put("/users/me/status/suspend", Value::Null).status, 403);
    assert_eq!(plain.put("/users/me/roles", json!({"roles": []})).status, 403);
    assert_eq!(plain.delete("/users/me").status, 403);
}
