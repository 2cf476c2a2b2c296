//! Who may do what: every role, at every operation.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Client, Job, NOT_FOUND, TestServer};

const JOB: Uuid = Uuid::from_u128(0x0b);

/// What one subject is answered in the organization `acme`: whether the list shows it, then the statuses of create, get,
/// update, delete (which a provisioner key blocks), list jobs, get job and queue a job (which lacks its type).
type Row = (bool, [u16; 7]);

const EVERYTHING: Row = (true, [201, 200, 200, 409, 200, 200, 400]);
const ADMIN: Row = (true, [403, 200, 200, 409, 200, 200, 400]);
const READER_OF_JOBS: Row = (true, [403, 200, 403, 403, 200, 200, 400]);
const READER: Row = (true, [403, 200, 403, 403, 404, 404, 403]);
const NOBODY: Row = (false, [403, 404, 404, 404, 404, 404, 404]);

fn row_of(client: &Client, name: &str) -> Row {
    let listed = client.get("/organizations").expect(200);
    let listed = listed.as_array().unwrap().iter().any(|organization| organization["name"] == "acme");
    let create = client.post("/organizations", json!({ "name": format!("by-{name}") }));
    let acme = "/organizations/acme";
    let answers = [
        create,
        client.get(acme),
        client.patch(acme, json!({ "description": name })),
        client.delete(acme),
        client.get(&format!("{acme}/provisionerjobs")),
        client.get(&format!("{acme}/provisionerjobs/{JOB}")),
        client.post(&format!("{acme}/provisionerjobs"), json!({})),
    ];
    for answer in answers.iter().filter(|answer| answer.status == 404) {
        assert_eq!(answer.text(), NOT_FOUND, "{name}");
    }
    (listed, answers.map(|answer| answer.status))
}

/// A server with the organizations `acme`, which has a job and something that blocks its deletion, and `other`.
fn server() -> TestServer {
    let server = TestServer::start();
    let acme: Uuid = server.owner().create("acme").parse().unwrap();
    server.owner().create("other");
    server.change(|sql| {
        sql.job(&Job { id: JOB, ..Job::pending(acme, 1) });
        sql.provisioner_key(acme, 1);
    });
    server
}

#[test]
fn site_roles_hold_everywhere() {
    let server = server();
    let subjects: [(&str, &[&str], Row); 6] = [
        ("owner-two", &["owner"], EVERYTHING),
        ("template-admin", &["template-admin"], READER),
        ("user-admin", &["user-admin"], READER),
        ("auditor", &["auditor"], READER),
        ("agents", &["agents-access"], NOBODY),
        ("nobody", &[], NOBODY),
    ];
    check(&server, subjects.map(|(name, roles, row)| (name, server.user(name, roles, &[]), row)));
}

#[test]
fn organization_roles_hold_in_their_organization() {
    let server = server();
    let subjects: [(&str, &[&str], Row); 6] = [
        ("member", &[], READER),
        ("org-admin", &["organization-admin"], ADMIN),
        ("org-template", &["organization-template-admin"], READER_OF_JOBS),
        ("org-user", &["organization-user-admin"], READER),
        ("org-auditor", &["organization-auditor"], READER),
        ("org-ban", &["organization-workspace-creation-ban"], READER),
    ];
    check(&server, subjects.map(|(name, roles, row)| (name, server.user(name, &[], &[("acme", roles)]), row)));
}

#[test]
fn organization_roles_hold_nowhere_else() {
    let server = server();
    let elsewhere = server.user("elsewhere", &[], &[("other", &["organization-admin", "organization-template-admin"])]);
    check(&server, [("elsewhere", elsewhere, NOBODY)]);
}

#[test]
fn roles_add_up() {
    let server = server();
    let both = server.user("both", &["auditor"], &[("acme", &["organization-template-admin"])]);
    check(&server, [("both", both, READER_OF_JOBS)]);
}

#[test]
fn a_narrow_token_of_an_owner_may_do_nothing() {
    let server = server();
    let narrow = server.token_of("owner", &["--scope", "application_connect"]);
    check(&server, [("narrow", narrow.clone(), NOBODY)]);
    assert_eq!(server.client(&narrow).get("/organizations").text(), "[]\n");
}

fn check<const N: usize>(server: &TestServer, subjects: [(&str, String, Row); N]) {
    for (name, token, expected) in subjects {
        let client = server.client(&token);
        let before = organizations(server);
        assert_eq!(row_of(&client, name), expected, "{name}");
        if !expected.1.contains(&201) && !expected.1[2..3].contains(&200) {
            assert_eq!(organizations(server), before, "{name} was refused and changed something all the same");
        }
    }
}

fn organizations(server: &TestServer) -> Value {
    server.owner().get("/organizations").expect(200)
}

#[test]
fn a_refusal_says_what_is_missing() {
    let server = server();
    let member = server.client(&server.user("member", &[], &[("acme", &[])]));
    for (answer, detail) in [
        (member.post("/organizations", json!({"name": "x"})), "You don't have permission to create organizations."),
        (member.patch("/organizations/acme", json!({})), "You don't have permission to update this organization."),
        (member.delete("/organizations/acme"), "You don't have permission to delete this organization."),
        (
            member.post("/organizations/acme/provisionerjobs", json!({})),
            "You don't have permission to queue provisioner jobs in this organization.",
        ),
    ] {
        assert_eq!(answer.message(403), "Forbidden.");
        assert_eq!(answer.detail(403), detail);
    }
}

#[test]
fn hidden_and_absent_are_the_same_bytes() {
    let server = server();
    let nobody = server.client(&server.user("nobody", &[], &[]));
    let acme = server.owner().get("/organizations/acme").expect(200)["id"].as_str().unwrap().to_owned();
    let absent = Uuid::new_v4().to_string();
    for rest in ["", "/provisionerjobs", &format!("/provisionerjobs/{JOB}"), "/provisionerjobs/not-a-uuid", "/unknown"]
    {
        for method in ["GET", "PATCH", "DELETE", "PUT"] {
            let answers = ["acme", "Acme", &acme, "nowhere", &absent].map(|organization| {
                let answer = nobody.request(method, &format!("/organizations/{organization}{rest}")).send();
                let mut headers: Vec<_> =
                    answer.headers.iter().filter(|(name, _)| name != "x-coder-request-id" && name != "date").collect();
                headers.sort();
                format!("{} {headers:?} {}", answer.status, answer.text())
            });
            assert!(
                answers[0].starts_with("404") && answers[0].ends_with(NOT_FOUND),
                "{method} {rest}: {}",
                answers[0]
            );
            for answer in &answers {
                assert_eq!(*answer, answers[0], "{method} {rest}");
            }
        }
    }
}

#[test]
fn a_member_of_one_organization_sees_that_one() {
    let server = server();
    let member = server.client(&server.user("member", &[], &[("other", &[])]));
    let listed = member.get("/organizations").expect(200);
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|organization| organization["name"].clone()).collect();
    assert_eq!(names, ["other"]);
}

#[test]
fn who_creates_an_organization_is_its_member_and_not_its_admin() {
    let server = TestServer::start();
    let creator = server.user("creator", &["owner"], &[]);
    server.client(&creator).create("acme");
    server.change(|sql| sql.run("UPDATE users SET roles = '[]' WHERE username = 'creator'"));
    let creator = server.client(&creator);
    assert_eq!(creator.get("/organizations/acme").status, 200);
    assert_eq!(creator.patch("/organizations/acme", json!({})).status, 403);
    assert_eq!(creator.get("/organizations/acme/provisionerjobs").status, 404);
    assert_eq!(creator.get("/organizations/coder").status, 404);
}
