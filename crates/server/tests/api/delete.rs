//! `DELETE /organizations/{organization}`.

use std::sync::Barrier;

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Job, Kind, TestServer, Worker, eventually};

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
fn jobs_that_have_not_ended_block_it_and_are_counted() {
    let server = TestServer::start();
    let owner = server.owner();
    let acme: Uuid = owner.create("acme").parse().unwrap();
    let detail = || owner.delete("/organizations/acme").detail(409);
    let jobs = format!("/organizations/{acme}/provisionerjobs");
    let queue = || owner.post(&jobs, json!({"type": "workspace_build"})).expect(201)["id"].as_str().unwrap().to_owned();
    let waiting = queue();
    assert_eq!(detail(), "This organization has 1 provisioner job that must be deleted first.");
    server.change(|sql| {
        sql.job(&Job::pending(acme, 1).running());
        sql.job(&Job::pending(acme, 2).running().canceled());
        sql.provisioner_key(acme, 1);
    });
    server.user("one", &[], &[("acme", &[])]);
    let all = "This organization has 1 member, 1 provisioner key, 3 provisioner jobs that must be deleted first.";
    assert_eq!(detail(), all);
    // Jobs of another organization do not count, and one that was canceled before anybody took it has ended.
    assert_eq!(owner.patch(&format!("{jobs}/{waiting}/cancel"), json!({})).status, 200);
    owner.post("/organizations/coder/provisionerjobs", json!({"type": "workspace_build"})).expect(201);
    assert_eq!(detail(), all.replace("3 provisioner", "2 provisioner"));
}

#[test]
fn ended_jobs_and_workers_do_not_block_it() {
    let server = TestServer::start();
    let owner = server.owner();
    let acme: Uuid = owner.create("acme").parse().unwrap();
    server.change(|sql| {
        sql.job(&Job::pending(acme, 1).running().completed());
        sql.job(&Job::pending(acme, 2).running().completed().failed("no"));
        sql.job(&Job::pending(acme, 3).canceled().completed());
        sql.worker(&Worker::live(acme));
    });
    owner.delete("/organizations/acme").expect(200);
}

/// Somebody queues a job while the organization is deleted: it is counted, or it is refused. On PostgreSQL the two come from
/// different servers.
#[test]
fn a_job_that_is_queued_meanwhile_blocks_it_or_finds_nothing() {
    let server = TestServer::start();
    let owner = server.owner();
    let replica = (server.kind() == Kind::Postgres).then(|| server.replica(&[]));
    let other = replica.as_ref().map_or(server.owner(), TestServer::owner);
    for round in 0..20 {
        let id = owner.create("acme");
        eventually(|| other.get(&format!("/organizations/{id}")).status == 200);
        let barrier = Barrier::new(2);
        let (queued, deleted) = std::thread::scope(|scope| {
            let queue = scope.spawn(|| {
                barrier.wait();
                other.post(&format!("/organizations/{id}/provisionerjobs"), json!({"type": "workspace_build"}))
            });
            barrier.wait();
            let deleted = owner.delete(&format!("/organizations/{id}")).status;
            (queue.join().unwrap(), deleted)
        });
        assert!(matches!((queued.status, deleted), (201, 409) | (404, 200)), "{round}: {} {deleted}", queued.status);
        if queued.status == 201 {
            let job = queued.json()["id"].as_str().unwrap().to_owned();
            let cancel = format!("/organizations/{id}/provisionerjobs/{job}/cancel");
            owner.patch(&cancel, json!({})).expect(200);
            owner.delete(&format!("/organizations/{id}")).expect(200);
        }
    }
}
