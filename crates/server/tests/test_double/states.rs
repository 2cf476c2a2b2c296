//! Going back to a state, and to others.

use std::time::Duration;

use serde_json::{Value, json};

use super::double::Double;

/// What a path answers, whatever the status: a list of an organization that is gone is none.
fn at(double: &Double, path: &str) -> Value {
    double.call("GET", path, None).json()
}

/// Takes a key out of each of these objects.
fn without(key: &str, mut list: Value) -> Value {
    for object in list.as_array_mut().unwrap() {
        object.as_object_mut().unwrap().remove(key);
    }
    list
}

/// Everything that can be read of a server, but when its reader was there last: that is noted while the picture is taken.
fn picture(double: &Double) -> Vec<Value> {
    let users = without("last_seen_at", at(double, "/users")["users"].take());
    let tokens = without("last_used", at(double, "/users/me/keys/tokens"));
    let mut all = vec![at(double, "/organizations"), users, tokens];
    for organization in ["coder", "platform-team", "research", "empty-handed"] {
        let base = format!("/organizations/{organization}");
        for list in ["members", "provisionerkeys", "provisionerdaemons?offline=true", "provisionerjobs?limit=0"] {
            all.push(at(double, &format!("{base}/{list}")));
        }
    }
    all.push(at(double, "/organizations/coder/provisionerjobs/0198f5a0-0005-7000-8000-000000000006/logs"));
    all.push(at(double, "/audit?limit=10"));
    all
}

fn disturb(double: &Double) {
    double.make("for-a-while");
    double.call("DELETE", "/organizations/empty-handed/members/paul", None).expect(204);
    double.call("DELETE", "/organizations/empty-handed", None).expect(200);
    double.call("PATCH", "/organizations/research", Some(json!({"display_name": "Disturbed"}))).expect(200);
    double.call("POST", "/organizations/coder/provisionerjobs", Some(json!({"type": "workspace_build"}))).expect(201);
    double.call("PUT", "/users/mia/status/suspend", None).expect(200);
}

#[test]
fn a_reset_brings_everything_back() {
    let double = Double::with(&["--clock", "frozen"]);
    let before = picture(&double);
    assert_eq!(picture(&double), before, "a frozen clock shows the same twice");
    for _ in 0..3 {
        disturb(&double);
        assert_ne!(picture(&double), before);
        let loaded = double.control("POST", "/reset", None).expect(200);
        assert_eq!((&loaded["state"], &loaded["token"]), (&json!("default"), &double.ready["token"]));
        assert_eq!(picture(&double), before);
    }
}

#[test]
fn what_was_revoked_is_good_again_and_what_was_made_is_not() {
    let double = Double::start();
    let made = double.call("POST", "/users/me/keys/tokens", Some(json!({"token_name": "new"}))).expect(201);
    let made = made["key"].as_str().unwrap();
    let whose = |token: &str| double.try_as(token, "GET", "/users/me", None).unwrap().status;
    assert_eq!(whose(made), 200);
    double.call("DELETE", "/users/me/keys/olivia0123", None).expect(204);
    assert_eq!(whose(double.token()), 401);
    double.control("POST", "/reset", None).expect(200);
    assert_eq!((whose(double.token()), whose(made)), (200, 401));
}

/// Uses are stored together, a moment later.
#[test]
fn whoever_was_there_before_a_reset_was_not_there_after_it() {
    let double = Double::start();
    double.try_as("mia0123456-miasecretmiasecretmias", "GET", "/users/me", None).unwrap().expect(200);
    double.control("POST", "/reset", None).expect(200);
    std::thread::sleep(Duration::from_secs(2));
    let users = double.get("/users")["users"].take();
    let mia = users.as_array().unwrap().iter().find(|user| user["username"] == "mia").unwrap();
    assert_eq!(mia.get("last_seen_at"), None, "{mia}");
}

#[test]
fn ids_are_never_given_again() {
    let double = Double::start();
    let mut known = std::collections::BTreeSet::new();
    for round in 0..20 {
        let organization = double.make("mine")["id"].clone();
        let job = double.call("POST", "/organizations/coder/provisionerjobs", Some(json!({"type": "workspace_build"})));
        let job = job.expect(201)["id"].as_str().unwrap().to_owned();
        let logged = json!({"to": "running", "logs": [{"output": "a line"}]});
        double.control("POST", &format!("/jobs/{job}/advance"), Some(logged)).expect(200);
        let line = double.get(&format!("/organizations/coder/provisionerjobs/{job}/logs"))[0]["id"].clone();
        let token = double.call("POST", "/users/me/keys", None).expect(201)["key"].as_str().unwrap()[..10].to_owned();
        let request = double.get("/audit?limit=1")["audit_logs"][0]["id"].clone();
        for id in [organization, json!(job), json!(format!("line {line}")), json!(token), request] {
            assert!(known.insert(id.to_string()), "{id} was there before round {round}");
        }
        double.control("POST", "/reset", None).expect(200);
    }
}

#[test]
fn states_are_loaded_by_name_and_from_the_request() {
    let double = Double::start();
    let busy = double.control("PUT", "/state", Some(json!({"name": "busy"}))).expect(200);
    assert_eq!(busy["state"], "busy");
    let pending = double.get("/organizations/coder/provisionerjobs?status=pending&limit=0");
    assert_eq!(pending.as_array().unwrap().len(), 80);
    // Prebuilds come last, whenever they were queued.
    assert_eq!(pending.as_array().unwrap().iter().filter(|job| job["queue_position"] == 1).count(), 1);

    double.control("PUT", "/state", Some(json!({"name": "stuck"}))).expect(200);
    let stuck = double.get("/organizations/coder/provisionerjobs?status=pending");
    assert!(stuck.as_array().unwrap().iter().all(|job| job.get("available_workers").is_none()));

    let fixture = json!({"version": 1, "users": [
        {"id": "0198f5a0-0002-7000-8000-0000000000aa", "username": "ana", "roles": ["owner"], "created_at": "2026-01-01T00:00:00Z"}
    ]});
    let own = double.control("PUT", "/state", Some(json!({"fixture": fixture}))).expect(200);
    let token = own["token"].as_str().unwrap();
    assert_eq!(double.try_as(token, "GET", "/users/me", None).unwrap().expect(200)["username"], "ana");
    assert_eq!(double.try_as(double.token(), "GET", "/users/me", None).unwrap().status, 401);

    let state = double.control("GET", "/state", None).expect(200);
    assert_eq!(state["known"], json!(["default", "empty", "busy", "stuck"]));
    double.control("POST", "/reset", None).expect(200);
    assert_eq!(double.get("/users/me")["username"], "olivia");
}

#[test]
fn a_state_that_cannot_be_loaded_changes_nothing() {
    let double = Double::start();
    double.make("still-here");
    let unknown = double.control("PUT", "/state", Some(json!({"name": "bussy"}))).expect(400);
    assert_eq!(unknown["validations"][0]["field"], "name");
    let bad = json!({"fixture": {"version": 1, "tokens": [{"user": "x", "token": "y"}]}});
    let faults = double.control("PUT", "/state", Some(bad)).expect(400);
    let fields: Vec<_> = faults["validations"].as_array().unwrap().iter().map(|one| one["field"].clone()).collect();
    assert_eq!(fields, ["fixture.tokens[0].user", "fixture.tokens[0].token"]);
    double.control("PUT", "/state", None).expect(400);
    double.get("/organizations/still-here");
}

#[test]
fn own_states_are_at_hand_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.yaml");
    std::fs::write(&file, "version: 1\norganizations:\n  - {id: 0198f5a0-0001-7000-8000-0000000000aa, name: one, created_at: 2026-01-01T00:00:00Z}\n").unwrap();
    let seed = format!("one={}", file.display());
    let double = Double::with(&["--seed", &seed]);
    assert_eq!(double.ready["state"], "default");
    let one = double.control("PUT", "/state", Some(json!({"name": "one"}))).expect(200);
    let organization = double.try_as(one["token"].as_str().unwrap(), "GET", "/organizations/one", None).unwrap();
    assert_eq!(organization.expect(200)["id"], "0198f5a0-0001-7000-8000-0000000000aa");
}

#[test]
fn whoever_waits_is_let_go_by_a_reset() {
    let double = Double::start();
    let token = double.token().to_owned();
    let worker = "0198f5a0-0004-7000-8000-000000000004";
    double.control("PUT", "/state", Some(json!({"name": "stuck"}))).expect(200);
    let url = format!("{}/api/v2/organizations/platform-team/provisionerdaemons/{worker}/acquire", double.url());
    let waits = double.request("POST", &url, Some(&json!({"wait_seconds": 60}))).header("Coder-Session-Token", &token);
    let reset = format!("{}/_test/state", double.ready["control_url"].as_str().unwrap());
    let loads = double.request("PUT", &reset, Some(&json!({"name": "empty"})));
    let begun = std::time::Instant::now();
    let wait = async { waits.send().await.unwrap().text().await.unwrap() };
    let load = async {
        // The wait is under way once the server has answered something that came after it.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        loads.send().await.unwrap().text().await.unwrap()
    };
    let both: Vec<std::pin::Pin<Box<dyn Future<Output = String>>>> = vec![Box::pin(wait), Box::pin(load)];
    let answers = double.at_once(both);
    assert!(answers[1].contains("\"state\":\"empty\""), "{}", answers[1]);
    assert!(!answers[0].contains("\"job\""), "nothing was given to it: {}", answers[0]);
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "it did not wait to the end");
}
