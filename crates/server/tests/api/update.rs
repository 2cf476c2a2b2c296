//! `PATCH /organizations/{organization}`.

use serde_json::{Value, json};

use crate::harness::{Client, TestServer, time};

/// A server with the organization `acme`, all of whose fields have a value.
fn server() -> TestServer {
    let server = TestServer::start();
    let body = json!({"name": "acme", "display_name": "Acme Inc.", "description": "Makes things.", "icon": "/a.png"});
    server.owner().post("/organizations", body).expect(201);
    server
}

fn acme(client: &Client) -> Value {
    client.get("/organizations/acme").expect(200)
}

#[test]
fn answers_200_and_the_changed_organization() {
    let server = server();
    let owner = server.owner();
    let before = acme(&owner);
    let body = json!({"name": "Apex", "display_name": "Apex Ltd.", "description": "Sells things.", "icon": "/b.png"});
    let after = owner.patch("/organizations/acme", body.clone()).expect(200);
    for field in ["name", "display_name", "description", "icon"] {
        assert_eq!(after[field], body[field], "{field}");
    }
    for field in ["id", "created_at", "is_default"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert!(time(&after["updated_at"]) > time(&before["updated_at"]), "{after}");
    assert_eq!(owner.get("/organizations/apex").expect(200), after);
    assert_eq!(owner.get("/organizations/acme").status, 404);
}

#[test]
fn absent_and_null_leave_every_field_and_so_does_an_empty_name() {
    let server = server();
    let owner = server.owner();
    let mut before = acme(&owner);
    for body in [
        json!({}),
        json!(null),
        json!({"name": null, "display_name": null, "description": null, "icon": null}),
        json!({"name": "", "display_name": ""}),
        json!({"unknown": 1}),
    ] {
        let after = owner.patch("/organizations/acme", body.clone()).expect(200);
        assert!(time(&after["updated_at"]) > time(&before["updated_at"]), "updated_at moves for {body}");
        before["updated_at"] = after["updated_at"].clone();
        assert_eq!(after, before, "{body}");
        assert_eq!(acme(&owner), before, "{body}");
    }
}

#[test]
fn an_empty_description_or_icon_is_cleared() {
    let server = server();
    let owner = server.owner();
    let after = owner.patch("/organizations/acme", json!({"description": ""})).expect(200);
    assert_eq!((&after["description"], &after["icon"]), (&json!(""), &json!("/a.png")));
    let after = owner.patch("/organizations/acme", json!({"icon": ""})).expect(200);
    assert_eq!(after["icon"], "");
    assert_eq!(after["display_name"], "Acme Inc.");
}

#[test]
fn one_field_leaves_the_others() {
    let server = server();
    let owner = server.owner();
    for (field, value) in [("description", "new"), ("icon", "/new.png"), ("display_name", "New")] {
        let before = acme(&owner);
        let after = owner.patch("/organizations/acme", json!({ field: value })).expect(200);
        for other in ["name", "display_name", "description", "icon"] {
            assert_eq!(
                after[other],
                if other == field { json!(value) } else { before[other].clone() },
                "{field}: {other}"
            );
        }
    }
}

#[test]
fn the_display_name_does_not_follow_a_rename() {
    let server = TestServer::start();
    let owner = server.owner();
    owner.create("acme");
    let renamed = owner.patch("/organizations/acme", json!({"name": "apex"})).expect(200);
    assert_eq!((&renamed["name"], &renamed["display_name"]), (&json!("apex"), &json!("acme")));
}

#[test]
fn its_own_name_and_another_case_of_it_are_not_taken() {
    let server = server();
    let owner = server.owner();
    for name in ["acme", "ACME", "Acme"] {
        assert_eq!(owner.patch("/organizations/acme", json!({ "name": name })).expect(200)["name"], name);
    }
}

#[test]
fn the_default_organization_may_be_renamed() {
    let server = TestServer::start();
    let renamed = server.owner().patch("/organizations/default", json!({"name": "head-office"})).expect(200);
    assert_eq!((&renamed["name"], &renamed["is_default"]), (&json!("head-office"), &json!(true)));
    assert_eq!(server.owner().get("/organizations/default").expect(200), renamed);
    assert_eq!(server.owner().create("coder").len(), 36, "the old name is free");
}

#[test]
fn a_taken_name_is_a_conflict_and_changes_nothing() {
    let server = server();
    let owner = server.owner();
    let before = acme(&owner);
    for name in ["coder", "CODER"] {
        let answer = owner.patch("/organizations/acme", json!({"name": name, "description": "changed"}));
        assert_eq!(answer.message(409), format!("Organization already exists with the name \"{name}\"."));
        let validation = ("name".to_owned(), "This value is already in use and should be unique.".to_owned());
        assert_eq!(answer.validations(409), [validation]);
    }
    assert_eq!(acme(&owner), before);
}

#[test]
fn default_is_reserved_for_every_organization() {
    let server = server();
    for organization in ["acme", "default"] {
        let answer = server.owner().patch(&format!("/organizations/{organization}"), json!({"name": "default"}));
        assert_eq!(answer.message(400), "Organization name \"default\" is reserved.");
    }
}

#[test]
fn the_rules_of_fields_are_those_of_create() {
    let server = server();
    let owner = server.owner();
    let before = acme(&owner);
    for (field, bad) in [
        ("name", "a_b"),
        ("name", "new"),
        ("name", "-a"),
        ("name", "123456789012345678901234567890123"),
        ("display_name", " A"),
        ("display_name", "A\nB"),
        ("description", "\0"),
        ("icon", "\0"),
    ] {
        let answer = owner.patch("/organizations/acme", json!({ field: bad }));
        assert_eq!(answer.message(400), "Validation failed.", "{field}: {bad:?}");
        let fields: Vec<_> = answer.validations(400).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, [field], "{bad:?}");
    }
    assert_eq!(acme(&owner), before);
}

#[test]
fn fields_that_are_not_the_callers_to_set_are_ignored() {
    let server = server();
    let owner = server.owner();
    let before = acme(&owner);
    let body = json!({"id": "x", "is_default": true, "created_at": 1, "deleted": true});
    let after = owner.patch("/organizations/acme", body).expect(200);
    for field in ["id", "created_at", "is_default", "name"] {
        assert_eq!(after[field], before[field], "{field}");
    }
}
