//! `DELETE /organizations/{organization}`.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Job, TestServer, Worker};

#[test]
fn answers_200_and_frees_the_name_at_once() {
    let server = TestServer::start();
    let owner = server.owner();
    let first = owner.create("acme");
    let answer = owner.delete("/organizations/acme");
    assert_eq!((answer.status, answer.text()), (200, "{\"message\":\"Organization has been deleted.\"}\n"));
    let second = owner.create("ACME");
    assert_ne!(first, second);
    assert_eq!(owner.get("/organizations/acme").expect(200)["id"], *second);
    assert_eq!(owner.get(&format!("/organizations/{first}")).status, 404);
}

#[test]
fn works_by_id_and_only_once() {
    let server = TestServer::start();
    let owner = server.owner();
    let id = owner.create("acme");
    owner.delete(&format!("/organizations/{id}")).expect(200);
    assert_eq!(owner.delete(&format!("/organizations/{id}")).status, 404);
    assert_eq!(owner.delete("/organizations/acme").status, 404);
}

#[test]
fn the_row_stays_and_is_marked() {
    let server = TestServer::start();
    server.owner().create("acme");
    server.owner().delete("/organizations/acme").expect(200);
    let marked = "SELECT count(*) AS value FROM organizations WHERE name = 'acme' AND deleted_at = updated_at";
    assert_eq!(server.sql().number(marked), 1);
}

#[test]
fn the_default_organization_stays() {
    let server = TestServer::start();
    let owner = server.owner();
    owner.patch("/organizations/default", json!({"name": "head-office"})).expect(200);
    for reference in ["default", "head-office", "00000000-0000-0000-0000-000000000000"] {
        let answer = owner.delete(&format!("/organizations/{reference}"));
        assert_eq!(
            (answer.status, answer.text()),
            (400, "{\"message\":\"Default organization cannot be deleted.\"}\n")
        );
    }
}

#[test]
fn the_body_is_ignored() {
    let server = TestServer::start();
    server.owner().create("acme");
    let request =
        server.owner().request("DELETE", "/organizations/acme").header("Content-Type", "text/plain").body("{");
    assert_eq!(request.send().status, 200);
}

#[test]
fn members_beyond_the_first_block_it_and_are_counted() {
    let server = TestServer::start();
    let owner = server.owner();
    owner.create("acme");
    let blocked = |detail: &str| {
        let answer = owner.delete("/organizations/acme");
        assert_eq!(answer.message(409), "Error deleting organization.");
        assert_eq!(answer.detail(409), detail);
        assert_eq!(owner.get("/organizations/acme").status, 200);
    };
    server.user("one", &[], &[("acme", &[])]);
    blocked("This organization has 1 member that must be deleted first.");
    server.user("two", &[], &[("acme", &[])]);
    blocked("This organization has 2 members that must be deleted first.");
    // Users who are deleted do not count, and the one who is left may be anybody.
    server.change(|sql| sql.run("UPDATE users SET deleted_at = created_at WHERE username = 'one'"));
    blocked("This organization has 1 member that must be deleted first.");
    server.change(|sql| {
        sql.run(
            "DELETE FROM organization_members WHERE user_id = (SELECT id FROM users WHERE username = 'owner') \
                 AND organization_id = (SELECT id FROM organizations WHERE name = 'acme')",
        );
    });
    owner.delete("/organizations/acme").expect(200);
}

#[test]
fn provisioner_keys_block_it_and_are_counted() {
    let server = TestServer::start();
    let owner = server.owner();
    let acme: Uuid = owner.create("acme").parse().unwrap();
    let put_key = |number: u128| {
        server.change(|sql| {
            sql.provisioner_key(acme, number);
        });
    };
    put_key(1);
    let detail = || owner.delete("/organizations/acme").detail(409);
    assert_eq!(detail(), "This organization has 1 provisioner key that must be deleted first.");
    put_key(2);
    server.user("one", &[], &[("acme", &[])]);
    assert_eq!(detail(), "This organization has 1 member, 2 provisioner keys that must be deleted first.");
}

#[test]
fn jobs_and_workers_do_not_block_it() {
    let server = TestServer::start();
    let owner = server.owner();
    let acme: Uuid = owner.create("acme").parse().unwrap();
    server.change(|sql| {
        sql.job(&Job::pending(acme, 1));
        sql.worker(&Worker::live(acme));
    });
    owner.delete("/organizations/acme").expect(200);
}
