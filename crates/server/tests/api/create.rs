//! `POST /organizations`.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Client, TestServer, time};

const NAME_RULE: &str =
    r#"must be 1 to 32 letters and digits in groups joined by single hyphens, for example "platform-team""#;
const DISPLAY_NAME_RULE: &str =
    r#"must be at most 64 bytes on one line, without white space at either end, for example "Platform Team""#;

#[track_caller]
fn refused(client: &Client, body: Value, validations: &[(&str, &str)]) {
    let answer = client.post("/organizations", body.clone());
    assert_eq!(answer.message(400), "Validation failed.", "{body}");
    let found = answer.validations(400);
    let found: Vec<_> = found.iter().map(|(field, detail)| (field.as_str(), detail.as_str())).collect();
    assert_eq!(found, validations, "{body}");
}

#[test]
fn answers_201_and_the_organization() {
    let server = TestServer::start();
    let answer = server.owner().post(
        "/organizations",
        json!({"name": "acme", "display_name": "Acme Inc.", "description": "Makes things.", "icon": "/icon/a.png"}),
    );
    let created = answer.expect(201);
    assert_eq!(answer.header("location"), None);
    assert_eq!(created["name"], "acme");
    assert_eq!(created["display_name"], "Acme Inc.");
    assert_eq!(created["description"], "Makes things.");
    assert_eq!(created["icon"], "/icon/a.png");
    assert_eq!(created["is_default"], false);
    assert!(time(&created["updated_at"]) >= time(&created["created_at"]));
    assert_eq!(server.owner().get("/organizations/acme").expect(200), created);
}

#[test]
fn everything_but_the_name_is_optional() {
    let server = TestServer::start();
    for (name, body) in [
        ("one", json!({"name": "one"})),
        ("two", json!({"name": "two", "display_name": "", "description": "", "icon": ""})),
        ("three", json!({"name": "three", "display_name": null, "description": null, "icon": null})),
        ("Four", json!({"name": "Four"})),
    ] {
        let created = server.owner().post("/organizations", body).expect(201);
        assert_eq!(created["display_name"], name, "the display name is the name");
        assert_eq!((&created["description"], &created["icon"]), (&json!(""), &json!("")));
    }
}

#[test]
fn a_name_is_letters_and_digits_joined_by_single_hyphens() {
    let server = TestServer::start();
    let owner = server.owner();
    for good in ["a", "7", "B", "a-b", "A1-b2-C3", &"x".repeat(32), "Default", "New", "CREATE", "me", "a-1-1-1"] {
        assert_eq!(owner.create(good).len(), 36, "{good}");
    }
    let long = "x".repeat(33);
    for bad in [
        "-a",
        "a-",
        "a--b",
        "-",
        "a_b",
        "a.b",
        "a b",
        " a",
        "a ",
        "a\n",
        "ä",
        "аcme",
        "Ａ",
        "a\u{200d}b",
        "a\u{202e}b",
        "😀",
        "a/b",
        "a\0b",
        "a'b",
        "<a>",
        &long,
    ] {
        refused(&owner, json!({ "name": bad }), &[("name", NAME_RULE)]);
    }
    for reserved in ["new", "create"] {
        refused(
            &owner,
            json!({ "name": reserved }),
            &[("name", "must not be \"new\" or \"create\", which are reserved")],
        );
    }
}

#[test]
fn a_name_is_required() {
    let server = TestServer::start();
    for body in [json!({}), json!({"name": null}), json!({"name": ""}), json!({"Name": "acme"}), json!(null)] {
        refused(&server.owner(), body, &[("name", "is required")]);
    }
}

#[test]
fn the_name_default_is_reserved() {
    let server = TestServer::start();
    let answer = server.owner().post("/organizations", json!({"name": "default"}));
    assert_eq!(answer.text(), "{\"message\":\"Organization name \\\"default\\\" is reserved.\"}\n");
    assert_eq!(answer.status, 400);
}

#[test]
fn a_display_name_is_one_line_of_64_bytes_without_white_space_at_its_ends() {
    let server = TestServer::start();
    let owner = server.owner();
    let (longest, too_long) = ("x".repeat(64), "x".repeat(65));
    let good = ["A", "A B", "<b> </b>", "😀", "\u{a0}A\u{a0}", "a\u{2003}b", "-", &longest, &"ä".repeat(32)];
    for (number, display_name) in good.iter().enumerate() {
        let body = json!({"name": format!("good-{number}"), "display_name": display_name});
        assert_eq!(owner.post("/organizations", body).expect(201)["display_name"], **display_name);
    }
    for bad in [" A", "A ", "\tA", "A\t", "\nA", "A\n", "A\nB", "A\r", "\x0cA", " ", &too_long, &"ä".repeat(33)] {
        refused(&owner, json!({"name": "acme", "display_name": bad}), &[("display_name", DISPLAY_NAME_RULE)]);
    }
}

#[test]
fn description_and_icon_are_free_but_for_nul() {
    let server = TestServer::start();
    let owner = server.owner();
    let long = "line\n".repeat(50_000);
    let body = json!({"name": "acme", "description": long, "icon": " file:///x \u{202e}"});
    let created = owner.post("/organizations", body).expect(201);
    assert_eq!(created["description"], long);
    assert_eq!(created["icon"], " file:///x \u{202e}");
    let nul = "must not contain the NUL character";
    refused(&owner, json!({"name": "beta", "description": "a\0"}), &[("description", nul)]);
    refused(&owner, json!({"name": "beta", "icon": "\0"}), &[("icon", nul)]);
    refused(&owner, json!({"name": "beta", "display_name": "a\0b"}), &[("display_name", nul)]);
}

#[test]
fn every_failing_field_is_reported_at_once_and_in_order() {
    let server = TestServer::start();
    refused(
        &server.owner(),
        json!({"icon": "\0", "description": "\0", "display_name": " ", "name": "a_b"}),
        &[
            ("name", NAME_RULE),
            ("display_name", DISPLAY_NAME_RULE),
            ("description", "must not contain the NUL character"),
            ("icon", "must not contain the NUL character"),
        ],
    );
}

#[test]
fn a_taken_name_is_a_conflict_in_whatever_case() {
    let server = TestServer::start();
    let owner = server.owner();
    owner.create("Acme");
    for name in ["Acme", "acme", "ACME", "coder", "CODER"] {
        let answer = owner.post("/organizations", json!({ "name": name }));
        assert_eq!(answer.message(409), format!("Organization already exists with the name \"{name}\"."));
        let validation = ("name".to_owned(), "This value is already in use and should be unique.".to_owned());
        assert_eq!(answer.validations(409), [validation]);
        assert_eq!(answer.detail(409), "");
    }
}

#[test]
fn fields_that_are_not_the_callers_to_set_are_ignored() {
    let server = TestServer::start();
    let id = Uuid::new_v4().to_string();
    let body = json!({"name": "acme", "id": id, "is_default": true, "created_at": "2001-01-01T00:00:00Z", "other": [1, {"a": null}]});
    let created = server.owner().post("/organizations", body).expect(201);
    assert_ne!(created["id"], *id);
    assert_eq!(created["is_default"], false);
    assert!(created["created_at"].as_str().unwrap() > "2025");
    assert_eq!(server.owner().get("/organizations/default").expect(200)["name"], "coder");
}

#[test]
fn a_refused_request_creates_nothing() {
    let server = TestServer::start();
    let owner = server.owner();
    owner.post("/organizations", json!({"name": "acme", "display_name": " "})).expect(400);
    assert_eq!(owner.get("/organizations/acme").status, 404);
    assert_eq!(server.sql().number("SELECT count(*) AS value FROM organizations"), 1);
    assert_eq!(server.sql().number("SELECT count(*) AS value FROM organization_members"), 1);
}
