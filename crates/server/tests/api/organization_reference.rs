//! Every spelling of `{organization}` in a path.

use uuid::Uuid;

use crate::harness::{NOT_FOUND, TestServer};

#[track_caller]
fn id_at(server: &TestServer, reference: &str) -> String {
    let found = server.owner().get(&format!("/organizations/{reference}")).expect(200);
    found["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn nothing_at(server: &TestServer, reference: &str) {
    let answer = server.owner().get(&format!("/organizations/{reference}"));
    assert_eq!((answer.status, answer.text()), (404, NOT_FOUND), "{reference}");
}

#[test]
fn default_and_the_nil_uuid_are_the_default_organization() {
    let server = TestServer::start();
    let coder = id_at(&server, "coder");
    assert_eq!(id_at(&server, "default"), coder);
    assert_eq!(id_at(&server, "%64efault"), coder);
    assert_eq!(id_at(&server, "00000000-0000-0000-0000-000000000000"), coder);
    server.owner().patch("/organizations/default", serde_json::json!({"name": "head-office"})).expect(200);
    assert_eq!(id_at(&server, "default"), coder);
    nothing_at(&server, "coder");
}

#[test]
fn default_in_another_case_is_a_name() {
    let server = TestServer::start();
    for reference in ["DEFAULT", "Default", "dEfault"] {
        nothing_at(&server, reference);
    }
    let named = server.owner().create("Default");
    assert_eq!(id_at(&server, "DEFAULT"), named);
    assert_ne!(id_at(&server, "default"), named);
}

#[test]
fn an_id_has_four_spellings_in_any_case() {
    let server = TestServer::start();
    let id = server.owner().create("acme");
    let uuid: Uuid = id.parse().unwrap();
    for spelling in [
        id.clone(),
        id.to_uppercase(),
        uuid.simple().to_string(),
        uuid.simple().to_string().to_uppercase(),
        format!("urn:uuid:{id}"),
        format!("URN:UUID:{}", id.to_uppercase()),
        format!("urn%3Auuid%3A{id}"),
        format!("%7B{id}%7D"),
        format!("%7b{}%7d", id.to_uppercase()),
    ] {
        assert_eq!(id_at(&server, &spelling), id, "{spelling}");
    }
    for wrong in
        [format!("urn:guid:{id}"), format!("{id}0"), id[1..].to_owned(), format!("%20{id}"), id.replace('-', "_")]
    {
        nothing_at(&server, &wrong);
    }
}

#[test]
fn a_name_is_found_in_any_case_and_keeps_its_own() {
    let server = TestServer::start();
    let id = server.owner().create("Platform-Team");
    for spelling in ["Platform-Team", "platform-team", "PLATFORM-TEAM", "platform%2Dteam", "%70latform-team"] {
        assert_eq!(id_at(&server, spelling), id, "{spelling}");
    }
    assert_eq!(server.owner().get("/organizations/platform-team").expect(200)["name"], "Platform-Team");
}

#[test]
fn what_looks_like_no_uuid_is_a_name_that_does_not_exist() {
    let server = TestServer::start();
    for reference in [
        "not-a-uuid",
        "coder%20",
        "%20coder",
        "coder%00",
        "%00",
        "coder%2F",
        "%2Fcoder",
        "%FF",
        "coder%FF",
        "%C3%A4",
        "%E2%84%AAoder",
        "%",
        "%zz",
        "cod%65r%",
        "coder;a=b",
        "coder%3B",
        "code_r",
        ".",
        "..",
        "%2e%2e",
        "-",
        "'%20OR%201=1--",
        &"a".repeat(33),
        &"a".repeat(4000),
    ] {
        let target = format!("/organizations/{reference}");
        let answer = server.owner().get(&target);
        assert_eq!((answer.status, answer.text()), (404, NOT_FOUND), "{reference}");
    }
}

#[test]
fn thirty_two_hexadecimal_digits_are_an_id_first_and_then_a_name() {
    let server = TestServer::start();
    let owner = server.owner();
    let acme: Uuid = owner.create("acme").parse().unwrap();
    let digits = "0123456789abcdef0123456789ABCDEF";
    let named = owner.create(digits);
    assert_eq!(id_at(&server, digits), named);
    assert_eq!(id_at(&server, &digits.to_lowercase()), named);

    // An organization that is named like another's id does not take its place.
    let shadow = owner.create(&acme.simple().to_string());
    assert_eq!(id_at(&server, &acme.simple().to_string()), acme.to_string());
    assert_eq!(id_at(&server, &shadow), shadow);
    owner.delete(&format!("/organizations/{acme}")).expect(200);
    assert_eq!(id_at(&server, &acme.simple().to_string()), shadow);
}

#[test]
fn the_same_spellings_work_at_every_operation() {
    let server = TestServer::start();
    let owner = server.owner();
    let acme = owner.create("acme");
    for reference in ["ACME", &acme.to_uppercase(), &format!("urn:uuid:{acme}")] {
        owner.patch(&format!("/organizations/{reference}"), serde_json::json!({})).expect(200);
        owner.get(&format!("/organizations/{reference}/provisionerjobs")).expect(200);
        let job = owner.get(&format!("/organizations/{reference}/provisionerjobs/{}", Uuid::new_v4()));
        assert_eq!(job.text(), NOT_FOUND);
    }
    owner.delete(&format!("/organizations/%7B{acme}%7D")).expect(200);
    nothing_at(&server, "acme");
}

#[test]
fn a_deleted_organization_is_gone_for_every_operation() {
    let server = TestServer::start();
    let owner = server.owner();
    let id = owner.create("acme");
    owner.delete("/organizations/acme").expect(200);
    for reference in ["acme", &id] {
        for (method, rest) in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/provisionerjobs")] {
            let answer = owner.request(method, &format!("/organizations/{reference}{rest}")).send();
            assert_eq!((answer.status, answer.text()), (404, NOT_FOUND), "{method} {reference}{rest}");
        }
    }
    let listed = owner.get("/organizations").expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
}
