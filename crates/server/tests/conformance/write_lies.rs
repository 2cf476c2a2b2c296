//! Lies of a server about what is written.

use serde_json::{Value, json};

use super::lies::{Liar, Lie, answer, ask};
use super::proxy::{Change, Request, Response, start};
use super::{REFERENCE, failed, options, run, with_examples};

fn create(request: &Request) -> bool {
    request.is("POST", "/organizations")
}

fn update(request: &Request, response: &Response) -> bool {
    request.is("PATCH", "/organizations/*") && response.status != 401
}

fn delete(request: &Request) -> bool {
    request.is("DELETE", "/organizations/*")
}

fn made(request: &Request, response: &Response) -> bool {
    create(request) && response.status == 201
}

fn error(message: &str) -> Value {
    json!({ "message": message })
}

const LIES: &[Lie] = &[
    answer("createOrganization/name-only", |q, a, _| {
        if made(q, a) {
            a.status = 200
        }
    }),
    answer("createOrganization/name-only", |q, a, _| {
        if made(q, a) {
            a.change(|one| one["display_name"] = json!(""))
        }
    }),
    answer("createOrganization/name-only", |q, a, _| {
        if made(q, a) {
            a.change(|one| one["is_default"] = json!(true))
        }
    }),
    answer("createOrganization/all-fields", |q, a, _| {
        if made(q, a) {
            a.change(|one| one["icon"] = json!(""))
        }
    }),
    answer("createOrganization/can-be-read", |q, a, _| {
        if made(q, a) {
            a.change(|one| one["id"] = json!("7c60d51f-b44e-4682-87d6-449835ea4d00"))
        }
    }),
    answer("createOrganization/taken-name", |q, a, _| {
        if create(q) && a.status == 409 {
            a.set(409, &error("Taken."))
        }
    }),
    answer("createOrganization/taken-name", |q, a, _| {
        if create(q) && a.status == 409 {
            a.status = 400
        }
    }),
    answer("createOrganization/invalid-name", |q, a, _| {
        if create(q) && a.status == 400 && q.json()["name"].is_string() {
            a.set(400, &error("No."))
        }
    }),
    answer("createOrganization/reserved-name", |q, a, _| {
        if create(q) && q.json()["name"] == "new" {
            a.set(409, &error("No."))
        }
    }),
    answer("createOrganization/malformed-json", |q, a, _| {
        if create(q) && q.body == b"hello" {
            a.set(500, &error("No."))
        }
    }),
    answer("createOrganization/forbidden", |q, a, _| {
        if create(q) && a.status == 403 {
            a.set(500, &error("Internal error inserting organization member."))
        }
    }),
    answer("createOrganization/signed-out", |q, a, _| {
        if create(q) && a.status == 401 {
            a.set(403, &error("No."))
        }
    }),
    ask("updateOrganization/one-field", |q| {
        if q.is("PATCH", "/organizations/*") && q.json().is_object() && q.json().get("icon").is_none() {
            let mut body = q.json();
            body["icon"] = json!("");
            q.body = body.to_string().into_bytes();
        }
    }),
    answer("updateOrganization/forbidden", |q, a, other| {
        if update(q, a) && q.token() == other && a.status == 403 {
            a.set(404, &error("No."))
        }
    }),
    answer("updateOrganization/hidden", |q, a, other| {
        if update(q, a) && q.token() == other && a.status == 404 {
            a.set(403, &error("No."))
        }
    }),
    answer("updateOrganization/taken-name", |q, a, _| {
        if update(q, a) && a.status == 409 {
            a.set(409, &error("Taken."))
        }
    }),
    answer("updateOrganization/invalid-fields", |q, a, _| {
        if update(q, a) && a.status == 400 {
            a.change(|body| {
                body["validations"].as_array_mut().into_iter().for_each(|list| list.truncate(1));
            });
        }
    }),
    answer("deleteOrganization/deleted", |q, a, _| {
        if delete(q) && a.status == 200 {
            a.set(200, &error("Gone."))
        }
    }),
    answer("deleteOrganization/deleted", |q, a, _| {
        if delete(q) && a.status == 200 {
            a.status = 202
        }
    }),
    answer("deleteOrganization/again", |q, a, _| {
        if delete(q) && a.status == 404 {
            a.set(200, &error("Organization has been deleted."))
        }
    }),
    answer("deleteOrganization/blocked", |q, a, _| {
        if delete(q) && a.status == 409 {
            a.status = 500
        }
    }),
];

#[test]
fn every_lie_about_writes_is_found_and_nothing_is_left_over() {
    if super::were_told_before() {
        return;
    }
    let (server, other) = with_examples();
    for (number, lie) in LIES.iter().enumerate() {
        let lie = Lie { case: lie.case, ask: lie.ask, answer: lie.answer };
        let (case, operation) = (lie.case, lie.case.split('/').next().unwrap());
        let url = start(server.address(), Liar { lie, other: other.clone() });
        let mut options = options(&url, &server, &other, true);
        options.operations = REFERENCE.map(str::to_owned).to_vec();
        let report = run(&options);
        let failed = failed(&report);
        assert!(failed.contains(case), "lie {number}: {case} did not fail, but {failed:?}");
        let of_others: Vec<_> = failed.iter().filter(|one| !one.starts_with(&format!("{operation}/"))).collect();
        assert!(of_others.is_empty(), "lie {number}, {case}: {of_others:?} failed too");
        assert_eq!(report.left_over, Vec::<String>::new(), "lie {number}, {case}");
        assert_eq!(server.sql_organizations(), ["coder", "research"].map(str::to_owned).into(), "lie {number}, {case}");
    }
}

/// Says that everything is deleted, and deletes nothing.
struct Hoarder;

impl Change for Hoarder {
    fn ask(&self, request: &mut Request) -> Option<Response> {
        let mut response =
            Response { status: 200, content_type: String::new(), version: "v2.32.0".to_owned(), body: Vec::new() };
        response.set(200, &error("Organization has been deleted."));
        (delete(request) && request.headers.contains_key("coder-session-token")).then_some(response)
    }
}

#[test]
fn what_a_server_does_not_delete_is_told() {
    let (server, other) = with_examples();
    let mut options = options(&start(server.address(), Hoarder), &server, &other, true);
    options.operations = vec!["deleteOrganization".to_owned()];
    let report = run(&options);
    assert!(failed(&report).contains("deleteOrganization/deleted"));
    assert!(!report.left_over.is_empty() && !report.is_good());
    assert!(report.text(false, false).contains("LEFT OVER could not be deleted: conformance-"));
}

/// Answers each creation with the default organization.
struct Swapper(Value);

impl Change for Swapper {
    fn answer(&self, request: &Request, response: &mut Response) {
        if made(request, response) {
            response.set(201, &self.0);
        }
    }
}

#[test]
fn an_answer_cannot_turn_the_run_against_what_was_there() {
    let (server, other) = with_examples();
    let default = server.owner().get("/organizations/default").expect(200);
    let url = start(server.address(), Swapper(default.clone()));
    let report = run(&options(&url, &server, &other, true));
    assert!(failed(&report).contains("createOrganization/name-only"));
    assert_eq!(server.owner().get("/organizations/default").expect(200), default);
    assert_eq!(server.sql_organizations(), ["coder", "research"].map(str::to_owned).into());
}
