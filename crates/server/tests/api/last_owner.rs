//! One owner who may sign in is always left, whatever happens at once.

use serde_json::json;

use crate::harness::{Kind, TestServer};
use crate::people::{hire, roles, session};

fn owners(server: &TestServer) -> i64 {
    server.sql().number(
        "SELECT count(*) AS value FROM users WHERE deleted_at IS NULL AND status <> 'suspended' AND roles LIKE '%\"owner\"%'",
    )
}

#[test]
fn nobody_ends_suspends_or_changes_themselves() {
    let server = TestServer::start();
    hire(&server, "second", &["owner"]);
    let owner = server.owner();
    for me in ["me", "owner"] {
        assert_eq!(owner.delete(&format!("/users/{me}")).message(400), "You cannot delete yourself.");
        let suspended = owner.put(&format!("/users/{me}/status/suspend"), json!({}));
        assert_eq!(suspended.message(400), "You cannot suspend yourself.");
        let changed = owner.put(&format!("/users/{me}/roles"), json!({"roles": []}));
        assert_eq!(changed.message(400), "You cannot change your own roles.");
    }
    assert_eq!(owners(&server), 2);
}

#[test]
fn an_owner_is_not_suspended_before_the_role_is_taken_away() {
    let server = TestServer::start();
    hire(&server, "second", &["owner"]);
    let owner = server.owner();
    let refused = owner.put("/users/second/status/suspend", json!({}));
    assert!(refused.message(400).starts_with("You cannot suspend a user with the \"owner\" role."));
    owner.put("/users/second/roles", json!({"roles": []})).expect(200);
    assert_eq!(owner.put("/users/second/status/suspend", json!({})).expect(200)["status"], "suspended");
}

#[test]
fn the_commands_leave_the_last_owner_alone() {
    let server = TestServer::start();
    for arguments in [
        ["user", "delete", "owner"].as_slice(),
        &["user", "roles", "owner", "--none"],
        &["user", "roles", "owner", "--role", "auditor"],
        &["user", "suspend", "owner"],
    ] {
        let output = server.try_command(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{arguments:?}: {said}");
        assert!(said.contains("owner is the last owner") || said.contains("owner is an owner"), "{said}");
    }
    assert_eq!(owners(&server), 1);
    hire(&server, "second", &["owner"]);
    server.command(&["user", "delete", "owner"]);
    assert_eq!(owners(&server), 1);
    assert_eq!(server.owner().get("/users/me").status, 401);
}

/// Two owners take the role from each other at the same moment, on two servers where there can be two.
#[test]
fn two_owners_who_remove_each_other_leave_one() {
    let server = TestServer::start();
    let replica = (server.kind() == Kind::Postgres).then(|| server.replica(&[]));
    let there = replica.as_ref().unwrap_or(&server);
    hire(&server, "ana", &["owner"]);
    hire(&server, "ben", &["owner"]);
    let tokens = ["ana", "ben"].map(|name| server.token_of(name, &[]));
    server.client(&tokens[0]).put("/users/owner/roles", json!({"roles": []})).expect(200);
    for round in 0..12 {
        let (ana, ben) = (server.client(&tokens[0]), there.client(&tokens[1]));
        // Both have to know that both are owners.
        crate::harness::eventually(|| {
            [&ana, &ben].iter().all(|client| roles(&client.get("/users/me").expect(200)) == ["owner"])
                && ben.get("/users/ana").status == 200
                && ana.get("/users/ben").status == 200
        });
        let none = || json!({"roles": []});
        let delete = round % 3 == 2;
        let (one, other) = std::thread::scope(|scope| {
            let one = scope.spawn(|| ana.put("/users/ben/roles", none()).status);
            let other = scope.spawn(|| ben.put("/users/ana/roles", none()).status);
            (one.join().unwrap(), other.join().unwrap())
        });
        assert_eq!(owners(&server), 1, "round {round}: {one} and {other}");
        assert!((one == 200) ^ (other == 200), "round {round}: {one} and {other}");
        let (winner, loser) = if one == 200 { (&ana, "ben") } else { (&ben, "ana") };
        let blocked = if delete { winner.delete("/users/me").status } else { 400 };
        assert_eq!(blocked, 400);
        winner.put(&format!("/users/{loser}/roles"), json!({"roles": ["owner"]})).expect(200);
    }
}

/// Likewise, of three who delete each other in a circle, one is left.
#[test]
fn owners_who_delete_each_other_leave_one() {
    let server = TestServer::start();
    for name in ["ana", "ben"] {
        hire(&server, name, &["owner"]);
    }
    let (ana, ben, owner) = (session(&server, "ana"), session(&server, "ben"), server.owner());
    std::thread::scope(|scope| {
        scope.spawn(|| ana.delete("/users/ben"));
        scope.spawn(|| ben.delete("/users/owner"));
        scope.spawn(|| owner.delete("/users/ana"));
    });
    assert!(owners(&server) >= 1);
}
