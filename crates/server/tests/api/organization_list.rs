//! `GET /organizations` and the organization object.

use serde_json::json;

use crate::harness::TestServer;

#[test]
fn a_fresh_server_has_one_organization() {
    let server = TestServer::start();
    let listed = server.owner().get("/organizations").expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let coder = &listed[0];
    assert_eq!(coder["name"], "coder");
    assert_eq!(coder["display_name"], "Coder");
    assert_eq!(coder["is_default"], true);
    assert_eq!(coder["icon"], "");
    assert_eq!(coder["description"], "");
    assert_eq!(*coder, server.owner().get("/organizations/coder").expect(200));
}

#[test]
fn an_organization_has_all_eight_keys_in_order() {
    let server = TestServer::start();
    let text = server.owner().get("/organizations/default").text().to_owned();
    let keys =
        ["id", "name", "display_name", "icon", "description", "created_at", "updated_at", "is_default"].map(|key| {
            let quoted = format!("\"{key}\":");
            assert_eq!(text.matches(&quoted).count(), 1, "{key} in {text}");
            text.find(&quoted).unwrap()
        });
    assert!(keys.is_sorted(), "{text}");
    assert!(text.starts_with("{\"id\":\""), "{text}");
}

#[test]
fn the_order_is_by_lower_case_name() {
    let server = TestServer::start();
    let owner = server.owner();
    for name in ["b", "C", "a", "A-1", "a1", "Zebra", "9"] {
        owner.create(name);
    }
    let listed = owner.get("/organizations").expect(200);
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["9", "a", "A-1", "a1", "b", "C", "coder", "Zebra"]);
}

#[test]
fn nothing_readable_is_an_empty_array() {
    let server = TestServer::start();
    let nobody = server.client(&server.user("nobody", &[], &[]));
    assert_eq!(nobody.get("/organizations").text(), "[]\n");
}

#[test]
fn unknown_query_parameters_are_ignored() {
    let server = TestServer::start();
    let plain = server.owner().get("/organizations").text().to_owned();
    for query in ["?limit=0&page=2", "?", "?%zz=%FF", "?name=coder"] {
        assert_eq!(server.owner().get(&format!("/organizations{query}")).text(), plain, "{query}");
        assert_eq!(server.owner().get(&format!("/organizations/coder{query}")).status, 200, "{query}");
    }
}

#[test]
fn every_write_shows_at_once() {
    let server = TestServer::start();
    let owner = server.owner();
    let names = || -> Vec<String> {
        let listed = owner.get("/organizations").expect(200);
        listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    owner.create("acme");
    assert_eq!(names(), ["acme", "coder"]);
    owner.patch("/organizations/acme", json!({"name": "zebra"})).expect(200);
    assert_eq!(names(), ["coder", "zebra"]);
    owner.delete("/organizations/zebra").expect(200);
    assert_eq!(names(), ["coder"]);
}

#[test]
fn markup_and_line_separators_are_escaped() {
    let server = TestServer::start();
    let text = "<b>&amp;</b>\u{2028}\u{2029}\"\\\n\t\u{1}ä€😀";
    server.owner().post("/organizations", json!({"name": "acme", "description": text})).expect(201);
    let answer = server.owner().get("/organizations/acme");
    let escaped = r#"\u003cb\u003e\u0026amp;\u003c/b\u003e\u2028\u2029\"\\\n\t\u0001ä€😀"#;
    assert!(answer.text().contains(escaped), "{}", answer.text());
    assert_eq!(answer.json()["description"], text);
    assert!(server.owner().get("/organizations").text().contains(escaped));
}

#[test]
fn timestamps_are_utc_with_at_most_six_digits_and_no_trailing_zeros() {
    let server = TestServer::start();
    for micros in ["123456", "100000", "000000", "000001", "120000"] {
        server.change(|sql| {
            let time = sql.kind().time(format!("1767323045{micros}").parse().unwrap());
            sql.run(&format!("UPDATE organizations SET created_at = {time}, updated_at = {time}"));
        });
        let digits = micros.trim_end_matches('0');
        let point = if digits.is_empty() { "" } else { "." };
        let expected = format!("2026-01-02T03:04:05{point}{digits}Z");
        let coder = server.owner().get("/organizations/coder").expect(200);
        assert_eq!(coder["created_at"], *expected);
        assert_eq!(coder["updated_at"], *expected);
    }
}
