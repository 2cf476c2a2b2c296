//! Users: creating, reading, changing and deleting them.

use serde_json::{Value, json};

use crate::harness::{NOT_FOUND, TestServer};
use crate::people::{PASSWORD, hire, log_in, roles, session};

fn new(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@example.com"), "password": PASSWORD})
}

/// A user without the time of the last request, which is noted a moment after it.
fn without_last_seen(mut user: Value) -> Value {
    user.as_object_mut().unwrap().remove("last_seen_at");
    user
}

#[test]
fn a_new_user_is_dormant_without_roles_and_in_the_default_organization() {
    let server = TestServer::start();
    let owner = server.owner();
    let coder = owner.get("/organizations/coder").expect(200)["id"].clone();
    let ana = owner.post("/users", new("ana")).expect(201);
    assert_eq!((&ana["status"], &ana["login_type"]), (&json!("dormant"), &json!("password")));
    assert_eq!((&ana["organization_ids"], roles(&ana).len()), (&json!([coder]), 0));
    assert_eq!((ana.get("name"), ana.get("last_seen_at")), (None, None));
    assert_eq!(owner.get("/users/ana").expect(200), ana);

    let acme = owner.create("acme");
    let ben = json!({
        "username": "ben", "email": "b@c", "name": "Ben", "login_type": "none", "user_status": "active",
        "organization_ids": [acme, acme],
    });
    let ben = owner.post("/users", ben).expect(201);
    assert_eq!((&ben["status"], &ben["login_type"]), (&json!("active"), &json!("none")));
    assert_eq!((&ben["organization_ids"], &ben["name"]), (&json!([acme]), &json!("Ben")));
    let member = server.client(&server.token_of("ben", &[]));
    assert_eq!(member.get("/organizations/acme").status, 200);
    assert_eq!(member.get("/organizations/coder").status, 404);
}

#[test]
fn a_wrong_new_user_is_refused_and_all_that_is_wrong_is_named() {
    let server = TestServer::start();
    let owner = server.owner();
    let wrong = json!({
        "username": "a b", "email": "x", "name": "a\n", "password": "short", "login_type": "password", "user_status": "gone",
    });
    let fields = |body: Value| -> Vec<String> {
        owner.post("/users", body).validations(400).into_iter().map(|(field, _)| field).collect()
    };
    assert_eq!(fields(wrong), ["username", "email", "name", "password", "user_status"]);
    assert_eq!(fields(json!({})), ["username", "email", "password"]);
    assert_eq!(fields(json!({"username": "me", "email": "a@b", "login_type": "github"})), ["username", "login_type"]);
    assert_eq!(
        fields(json!({"username": "a", "email": "a@b", "login_type": "none", "password": PASSWORD})),
        ["password"]
    );
    let nowhere =
        json!({"username": "a", "email": "a@b", "login_type": "none", "organization_ids": [uuid::Uuid::nil()]});
    assert_eq!(owner.post("/users", nowhere).text(), NOT_FOUND);
    assert_eq!(owner.get("/users").expect(200)["count"], 1);
}

#[test]
fn a_name_and_an_address_are_taken_in_any_case() {
    let server = TestServer::start();
    let owner = server.owner();
    owner.post("/users", new("ana")).expect(201);
    let same_name = json!({"username": "ANA", "email": "other@example.com", "password": PASSWORD});
    let answer = owner.post("/users", same_name);
    assert_eq!(answer.message(409), "User already exists.");
    assert_eq!(answer.validations(409)[0].0, "username");
    let same_address = json!({"username": "other", "email": "Ana@Example.com", "password": PASSWORD});
    assert_eq!(owner.post("/users", same_address).validations(409)[0].0, "email");
    // The name is what keeps a repetition from happening twice.
    let keyed = owner.request("POST", "/users").header("Idempotency-Key", "k").json(&new("ana"));
    assert_eq!(keyed.send().status, 409);
}

#[test]
fn a_user_is_found_by_id_by_name_in_any_case_and_as_me() {
    let server = TestServer::start();
    let id = hire(&server, "Ana", &[]);
    let ana = session(&server, "Ana");
    for reference in ["me", "ana", "ANA", &id, &id.to_uppercase(), &id.replace('-', "")] {
        assert_eq!(ana.get(&format!("/users/{reference}")).expect(200)["id"], id, "{reference}");
    }
    for reference in ["nobody", "ana@example.com", "%00", "owner", "ME", &uuid::Uuid::nil().to_string()] {
        let answer = ana.get(&format!("/users/{reference}"));
        assert_eq!((answer.status, answer.text()), (404, NOT_FOUND), "{reference}");
    }
}

#[test]
fn a_name_of_hexadecimal_digits_is_found_where_there_is_no_such_id() {
    let server = TestServer::start();
    let name = "0123456789abcdef0123456789abcdef";
    let id = hire(&server, name, &[]);
    assert_eq!(server.owner().get(&format!("/users/{name}")).expect(200)["id"], id);
}

#[test]
fn a_profile_is_changed_by_its_user_and_by_admins() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    hire(&server, "ben", &[]);
    let (ana, owner) = (session(&server, "ana"), server.owner());
    let changed = ana.put("/users/me/profile", json!({"username": "Anna", "name": "Anna Lopez"})).expect(200);
    assert_eq!((&changed["username"], &changed["name"]), (&json!("Anna"), &json!("Anna Lopez")));
    assert_eq!(without_last_seen(ana.get("/users/anna").expect(200)), without_last_seen(changed));
    assert_eq!(owner.get("/users/ana").status, 404, "the name is free");
    let cleared = owner.put("/users/anna/profile", json!({"username": "anna"})).expect(200);
    assert_eq!(cleared.get("name"), None);
    assert_eq!(ana.put("/users/me/profile", json!({"username": "BEN"})).validations(409)[0].0, "username");
    assert_eq!(ana.put("/users/me/profile", json!({"username": "login"})).validations(400)[0].0, "username");
    assert_eq!(ana.put("/users/me/profile", json!({"name": " x"})).validations(400).len(), 2);
}

#[test]
fn roles_are_replaced_and_take_effect_at_once() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    let (ana, owner) = (session(&server, "ana"), server.owner());
    assert_eq!(ana.get("/users/owner").status, 404);
    let given = owner.put("/users/ana/roles", json!({"roles": ["auditor", "member", "user-admin"]})).expect(200);
    assert_eq!(roles(&given), ["user-admin", "auditor"]);
    assert_eq!(given["roles"][0]["display_name"], "User Admin");
    assert_eq!(ana.get("/users/owner").status, 200);
    let [by_roles, by_user] = ["/users/me/roles", "/users/me"].map(|path| without_last_seen(ana.get(path).expect(200)));
    assert_eq!(by_roles, by_user);
    assert!(roles(&owner.put("/users/ana/roles", json!({"roles": []})).expect(200)).is_empty());
    assert_eq!(ana.get("/users/owner").status, 404);
    for wrong in [json!({"roles": ["king"]}), json!({"roles": ["organization-admin"]}), json!({})] {
        assert_eq!(owner.put("/users/ana/roles", wrong.clone()).validations(400)[0].0, "roles", "{wrong}");
    }
}

#[test]
fn a_deleted_user_frees_the_name_and_stays_in_the_records() {
    let server = TestServer::start();
    let id = hire(&server, "ana", &[]);
    let owner = server.owner();
    let token = server.token_of("ana", &[]);
    assert_eq!(owner.delete("/users/ana").message(200), "User has been deleted!");
    assert_eq!(server.client(&token).get("/users/me").detail(401), "API key is invalid.");
    for reference in ["ana", &id] {
        assert_eq!(owner.get(&format!("/users/{reference}")).status, 404);
        assert_eq!(owner.delete(&format!("/users/{reference}")).text(), NOT_FOUND);
    }
    let mut sql = server.sql();
    assert_eq!(sql.number("SELECT count(*) AS value FROM users WHERE username = 'ana' AND deleted_at IS NOT NULL"), 1);
    assert_eq!(
        sql.number("SELECT count(*) AS value FROM users WHERE deleted_at IS NOT NULL AND hashed_password IS NULL"),
        1
    );
    let left = "SELECT (SELECT count(*) FROM api_keys k JOIN users u ON u.id = k.user_id WHERE u.deleted_at IS NOT NULL) \
                + (SELECT count(*) FROM organization_members m JOIN users u ON u.id = m.user_id WHERE u.deleted_at IS NOT NULL) \
                AS value";
    assert_eq!(sql.number(left), 0);
    let again = hire(&server, "ana", &[]);
    assert_ne!(again, id);
    assert_eq!(log_in(&server, "ana", PASSWORD).status, 201);
}

#[test]
fn a_deleted_user_does_not_keep_an_organization_from_being_deleted() {
    let server = TestServer::start();
    let owner = server.owner();
    let acme = owner.create("acme");
    let mut ana = new("ana");
    ana["organization_ids"] = json!([acme]);
    owner.post("/users", ana).expect(201);
    assert_eq!(owner.delete("/organizations/acme").status, 409);
    owner.delete("/users/ana").expect(200);
    owner.delete("/organizations/acme").expect(200);
}

/// Who made, changed and deleted whom, and who signed in and out, is in the audit log; no secret is.
#[test]
fn what_happens_to_users_is_recorded() {
    let server = TestServer::start();
    hire(&server, "ana", &["auditor"]);
    let ana = session(&server, "ana");
    ana.post("/users/me/keys/tokens", json!({"token_name": "laptop"})).expect(201);
    assert_eq!(ana.request("POST", "/users/logout").send().status, 200);
    let owner = server.owner();
    assert_eq!(owner.put("/users/ana/password", json!({"password": "another good password"})).status, 204);
    owner.delete("/users/ana").expect(200);
    let recorded = server.sql().words(
        "SELECT string_agg(entry, ' ') AS value FROM (SELECT resource_type || ':' || action || ':' || status_code AS entry \
         FROM audit_logs ORDER BY seq) AS entries",
    );
    assert_eq!(
        recorded,
        "user:create:201 user:write:200 user:login:201 api_key:create:201 api_key:logout:200 user:write:204 user:delete:200"
    );
    let kept = server.sql().words("SELECT string_agg(diff, ' ') AS value FROM audit_logs");
    assert!(!kept.contains("argon2") && !kept.contains(PASSWORD), "{kept}");
    assert!(kept.contains("\"hashed_password\":{\"old\":null,\"new\":null,\"secret\":true}"), "{kept}");
}
