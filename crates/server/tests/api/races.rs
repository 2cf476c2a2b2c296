//! Many callers at once: exactly one wins, nothing is lost, and nobody sees a server error.

use std::collections::BTreeMap;
use std::sync::Barrier;

use serde_json::json;

use crate::harness::{Client, TestServer};

/// Runs all of them at the same moment and gives their statuses.
fn at_once(count: usize, run: impl Fn(usize) -> u16 + Sync) -> Vec<u16> {
    let barrier = Barrier::new(count);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                let (barrier, run) = (&barrier, &run);
                scope.spawn(move || {
                    barrier.wait();
                    run(number)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn counted(statuses: Vec<u16>) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for status in statuses {
        *counts.entry(status).or_default() += 1;
    }
    counts
}

#[test]
fn of_200_creates_of_one_name_one_succeeds() {
    let server = TestServer::start();
    let owner = server.owner();
    let statuses = at_once(200, |number| {
        let name = if number % 2 == 0 { "acme" } else { "ACME" };
        let answer = owner.post("/organizations", json!({ "name": name }));
        if answer.status == 409 {
            assert_eq!(answer.message(409), format!("Organization already exists with the name \"{name}\"."));
            assert_eq!(answer.validations(409)[0].0, "name");
        }
        answer.status
    });
    assert_eq!(counted(statuses), BTreeMap::from([(201, 1), (409, 199)]));
    assert_eq!(owner.get("/organizations").expect(200).as_array().unwrap().len(), 2);
}

#[test]
fn of_two_renames_to_one_name_one_succeeds() {
    let server = TestServer::start();
    let owner = server.owner();
    for round in 0..20 {
        let ids = [owner.create(&format!("a-{round}")), owner.create(&format!("b-{round}"))];
        let statuses = at_once(2, |number| {
            owner.patch(&format!("/organizations/{}", ids[number]), json!({"name": format!("target-{round}")})).status
        });
        assert_eq!(counted(statuses), BTreeMap::from([(200, 1), (409, 1)]), "round {round}");
        assert_eq!(owner.get(&format!("/organizations/target-{round}")).status, 200);
    }
}

#[test]
fn patches_of_different_fields_are_all_kept() {
    let server = TestServer::start();
    let owner = server.owner();
    let id = owner.create("acme");
    let fields = ["name", "display_name", "description", "icon"];
    for round in 0..20 {
        let value = format!("round-{round}");
        let statuses =
            at_once(4, |number| owner.patch(&format!("/organizations/{id}"), json!({ fields[number]: value })).status);
        assert_eq!(statuses, [200; 4]);
        let after = owner.get(&format!("/organizations/{id}")).expect(200);
        for field in fields {
            assert_eq!(after[field], *value, "{field} was lost");
        }
    }
}

#[test]
fn a_patch_against_a_delete_ends_in_some_order() {
    let server = TestServer::start();
    let owner = server.owner();
    for round in 0..20 {
        let id = owner.create(&format!("acme-{round}"));
        let path = format!("/organizations/{id}");
        let statuses = at_once(3, |number| match number {
            0 => owner.delete(&path).status,
            1 => owner.patch(&path, json!({"name": format!("apex-{round}")})).status,
            _ => owner.delete(&path).status,
        });
        let mut deletes = [statuses[0], statuses[2]];
        deletes.sort_unstable();
        assert_eq!(deletes, [200, 404], "exactly one deletes");
        assert!([200, 404].contains(&statuses[1]), "{statuses:?}");
        assert_eq!(owner.get(&path).status, 404);
        assert_eq!(owner.get(&format!("/organizations/apex-{round}")).status, 404, "the patch did not bring it back");
        assert_eq!(owner.patch(&path, json!({})).status, 404);
    }
}

/// Either it is there first and blocks the deletion, or it comes too late and finds nothing.
#[test]
fn what_is_added_while_an_organization_is_deleted_is_in_it_or_nowhere() {
    let server = TestServer::start();
    let owner = server.owner();
    let added = [
        ("provisionerjobs", json!({"type": "workspace_build"})),
        ("provisionerkeys", json!({"name": "late"})),
        ("provisionerdaemons", json!({"name": "late", "provisioners": ["terraform"]})),
    ];
    for round in 0..8 {
        for (what, body) in &added {
            let path = format!("/organizations/{}", owner.create("acme"));
            let statuses = at_once(2, |number| match number {
                0 => owner.delete(&path).status,
                _ => owner.post(&format!("{path}/{what}"), body.clone()).status,
            });
            match (&statuses[..], *what) {
                ([200, 404], _) => {}
                // Workers go with their organization.
                ([200, 201], "provisionerdaemons") => {}
                ([409, 201], "provisionerjobs" | "provisionerkeys") => {
                    assert_eq!(owner.get(&path).status, 200);
                    owner.delete(&format!("{path}/provisionerkeys/late"));
                    for job in owner.get(&format!("{path}/provisionerjobs")).expect(200).as_array().unwrap() {
                        let id = job["id"].as_str().unwrap();
                        owner.patch(&format!("{path}/provisionerjobs/{id}/cancel"), json!({})).expect(200);
                    }
                    assert_eq!(owner.delete(&path).status, 200);
                }
                _ => panic!("round {round}, {what}: {statuses:?}"),
            }
            assert_eq!(owner.get(&path).status, 404);
        }
    }
    let left = "SELECT count(*) AS value FROM provisioner_keys";
    assert_eq!(server.sql().number(left), 0, "a key of a deleted organization");
    let left = "SELECT count(*) AS value FROM provisioner_jobs WHERE canceled_at IS NULL";
    assert_eq!(server.sql().number(left), 0, "a job of a deleted organization");
}

#[test]
fn a_name_goes_round_between_create_and_delete() {
    let server = TestServer::start();
    let owner = server.owner();
    let statuses = at_once(8, |_| {
        for _ in 0..15 {
            let created = owner.post("/organizations", json!({"name": "acme"}));
            if created.status == 201 {
                let id = created.json()["id"].as_str().unwrap().to_owned();
                assert_eq!(owner.get(&format!("/organizations/{id}")).status, 200, "what was acknowledged can be read");
                assert_eq!(owner.delete(&format!("/organizations/{id}")).status, 200);
                assert_eq!(owner.get(&format!("/organizations/{id}")).status, 404);
            } else {
                assert_eq!(created.status, 409);
            }
        }
        200
    });
    assert_eq!(statuses, [200; 8]);
    let live = "SELECT count(*) AS value FROM organizations WHERE deleted_at IS NULL";
    assert_eq!(server.sql().number(live), 1);
}

/// Whoever reads while others write sees whole lists in order, and never an organization twice.
#[test]
fn readers_see_whole_lists() {
    let server = TestServer::start();
    let owner = server.owner();
    let read = |client: &Client| {
        let listed = client.get("/organizations").expect(200);
        let names: Vec<_> =
            listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_lowercase()).collect();
        assert!(names.is_sorted_by(|left, right| left < right), "{names:?}");
        200
    };
    let statuses = at_once(8, |number| {
        for round in 0..20 {
            if number < 4 {
                owner.create(&format!("n{number}-{round}"));
            } else {
                read(&owner);
            }
        }
        200
    });
    assert_eq!(statuses, [200; 8]);
    assert_eq!(owner.get("/organizations").expect(200).as_array().unwrap().len(), 81);
}
