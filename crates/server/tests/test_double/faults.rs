//! Faults on purpose, as a client meets them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::double::{Answer, Double, wait_until};

const LIST: &str = "/organizations";
const JOBS: &str = "/organizations/coder/provisionerjobs?limit=2";

#[test]
fn a_status_comes_in_the_place_of_the_answer_once_and_with_the_documents_words() {
    let double = Double::start();
    let before = double.get(LIST);
    for (status, retry) in [(503, true), (429, true), (500, false), (401, false)] {
        double.arrange(json!({"operation": "getOrganizations", "fault": {"kind": "status", "status": status}}));
        let answer = double.call("GET", LIST, None);
        assert!(answer.expect(status)["message"].is_string());
        assert_eq!(answer.headers.contains_key("retry-after"), retry, "{status}");
        assert_eq!(double.get(LIST), before, "once");
    }
}

#[test]
fn a_request_that_meets_a_status_is_not_carried_out() {
    let double = Double::start();
    let fault = json!({"kind": "status", "status": 507, "undocumented": true, "body": {"mine": true}, "headers": {"X-Mine": "yes"}});
    double.arrange(json!({"operation": "createOrganization", "fault": fault}));
    let answer = double.call("POST", LIST, Some(json!({"name": "never"})));
    assert_eq!(answer.expect(507), json!({"mine": true}));
    assert_eq!(answer.headers["x-mine"], "yes");
    assert_eq!(double.call("GET", "/organizations/never", None).status, 404);
    // Whoever has no token meets it, too: a fault comes before everything.
    double.arrange(json!({"operation": "getOrganizations", "fault": {"kind": "status", "status": 503}}));
    assert_eq!(double.try_as("", "GET", LIST, None).unwrap().status, 503);
}

#[test]
fn a_lost_answer_leaves_the_change_behind_and_a_lost_request_does_not() {
    let double = Double::start();
    for (at, name, status) in [("before", "never-came", 404), ("after", "came", 200)] {
        double.arrange(json!({"operation": "createOrganization", "fault": {"kind": "drop", "at": at}}));
        let lost = double.try_as(double.token(), "POST", LIST, Some(&json!({"name": name})));
        assert!(lost.is_err(), "{at}: {lost:?}");
        assert_eq!(double.call("GET", &format!("/organizations/{name}"), None).status, status, "{at}");
    }
    // The connection breaks in the middle of what was promised.
    double.arrange(json!({"operation": "getOrganizations", "fault": {"kind": "drop", "at": "body"}}));
    let cut = double.try_as(double.token(), "GET", LIST, None);
    assert!(cut.is_err_and(|error| error.is_body() || error.is_decode()), "the head came, the body did not");
    double.get(LIST);
}

/// Whoever reads the log of a failed test would look for the wrong thing.
#[test]
fn the_log_does_not_call_it_an_error_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let double = Double::logging(std::fs::File::create(&path).unwrap());
    for at in ["before", "after", "body"] {
        double.arrange(json!({"operation": "getOrganizations", "fault": {"kind": "drop", "at": at}}));
        assert!(double.try_as(double.token(), "GET", LIST, None).is_err(), "{at}");
    }
    double.arrange(json!({"operation": "getOrganizations", "fault": {"kind": "missing_field", "pointer": "/99/name"}}));
    double.get(LIST);
    // The log is written a moment later; this line comes after the others.
    wait_until(|| std::fs::read_to_string(&path).unwrap().contains("the fault has no place in this answer"));
    let log = std::fs::read_to_string(&path).unwrap();
    assert!(!log.contains("ERROR"), "{log}");
}

#[test]
fn a_retry_with_an_idempotency_key_finds_its_answer() {
    let double = Double::start();
    double.arrange(json!({"operation": "createOrganization", "fault": {"kind": "drop", "at": "after"}}));
    let send = || {
        let url = format!("{}/api/v2/organizations", double.url());
        let request = double.request("POST", &url, Some(&json!({"name": "once"})));
        double.send(request.header("Coder-Session-Token", double.token()).header("Idempotency-Key", "k"))
    };
    assert!(send().is_err());
    let answer = send().unwrap();
    assert_eq!(answer.expect(201)["name"], "once");
    assert_eq!(answer.headers["idempotent-replayed"], "true");
}

#[test]
fn answers_are_spoilt_as_asked() {
    let double = Double::start();
    let spoilt = |fault: Value| -> Answer {
        double.arrange(json!({"operation": "getProvisionerJobs", "fault": fault}));
        double.call("GET", JOBS, None)
    };
    let good = double.get(JOBS);
    assert_eq!(spoilt(json!({"kind": "unknown_enum_value"})).json()[0]["status"], "value_of_a_later_release");
    let kind = spoilt(json!({"kind": "unknown_enum_value", "pointer": "/1/type", "value": "x"})).json();
    assert_eq!((&kind[1]["type"], &kind[0]), (&json!("x"), &good[0]));
    assert_eq!(spoilt(json!({"kind": "extra_field"})).json()[0]["field_of_a_later_release"], Value::Null);
    let extra = spoilt(json!({"kind": "extra_field", "pointer": "/0/metadata", "name": "n", "value": [1]})).json();
    assert_eq!(extra[0]["metadata"]["n"], json!([1]));
    assert!(spoilt(json!({"kind": "missing_field", "pointer": "/0/id"})).json()[0].get("id").is_none());
    assert_eq!(spoilt(json!({"kind": "replace", "pointer": "/0/tags", "value": 7})).json()[0]["tags"], 7);
    assert_eq!(spoilt(json!({"kind": "replace", "pointer": "/0/tags"})).json()[0]["tags"], Value::Null);
    let cut = spoilt(json!({"kind": "malformed_json"}));
    assert_eq!(cut.status, 200);
    assert!(serde_json::from_str::<Value>(&cut.text).is_err());
    let html = spoilt(json!({"kind": "content_type", "value": "text/html"}));
    assert_eq!(html.headers["content-type"], "text/html");
    assert_eq!(double.get(JOBS), good);
}

#[test]
fn a_fault_without_a_place_in_the_answer_is_still_to_happen() {
    let double = Double::start();
    double.arrange(json!({"operation": "getOrganizations", "fault": {"kind": "missing_field", "pointer": "/3/name"}}));
    let mias = double.try_as("mia0123456-miasecretmiasecretmias", "GET", LIST, None).unwrap().expect(200);
    assert_eq!(mias.as_array().unwrap().len(), 3, "she does not see the fourth");
    let counts = || {
        let fault = double.control("GET", "/faults", None).expect(200)[0].clone();
        (fault["happened"].clone(), fault["no_effect"].clone())
    };
    assert_eq!(counts(), (json!(0), json!(1)));
    assert!(double.get(LIST)[3].get("name").is_none());
    assert_eq!(counts(), (json!(1), json!(1)));
    let all = double.control("GET", "/requests", None).expect(200);
    assert_eq!((all["requests"][0].get("fault"), &all["requests"][1]["fault"]), (None, &json!(1)));
}

#[test]
fn answers_wait_and_trickle() {
    let double = Double::start();
    let good = double.get(LIST);
    for fault in [json!({"kind": "delay", "milliseconds": 200}), json!({"kind": "slow_body", "milliseconds": 25})] {
        double.arrange(json!({"operation": "getOrganizations", "fault": fault}));
        let begun = Instant::now();
        assert_eq!(double.get(LIST), good);
        assert!(begun.elapsed() >= Duration::from_millis(195), "{fault}");
    }
}

#[test]
fn streamed_lists_and_followed_logs_break_off_too() {
    let double = Double::start();
    double.arrange(json!({"operation": "getProvisionerJobs", "fault": {"kind": "drop", "at": "body"}}));
    let list = double.try_as(double.token(), "GET", "/organizations/coder/provisionerjobs?limit=0", None);
    assert!(list.is_err());
    double.arrange(json!({"operation": "getProvisionerJobLogs", "fault": {"kind": "drop", "at": "body"}}));
    let running = "/organizations/coder/provisionerjobs/0198f5a0-0005-7000-8000-000000000008/logs?follow=true";
    let url = format!("{}/api/v2{running}", double.url());
    let follow = double.request("GET", &url, None).header("Accept", "text/event-stream");
    assert!(double.send(follow.header("Coder-Session-Token", double.token())).is_err());
}

#[test]
fn so_many_times_is_exact_also_at_once() {
    let double = Double::start();
    double.arrange(
        json!({"operation": "getOrganizations", "times": 5, "skip": 3, "fault": {"kind": "status", "status": 503}}),
    );
    let url = format!("{}/api/v2/organizations", double.url());
    let requests: Vec<_> = (0..32)
        .map(|_| double.request("GET", &url, None).header("Coder-Session-Token", double.token()))
        .map(|request| async move { request.send().await.unwrap().status().as_u16() })
        .collect();
    let statuses = double.at_once(requests);
    assert_eq!(statuses.iter().filter(|status| **status == 503).count(), 5);
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 27);
    let faults = double.control("GET", "/faults", None).expect(200);
    assert_eq!(faults[0]["happened"], 5);
}

#[test]
fn faults_are_listed_removed_and_forgotten_by_a_reset() {
    let double = Double::start();
    let always = json!({"operation": "*", "times": "always", "when": {"path_contains": "/users"}, "fault": {"kind": "status", "status": 500}});
    double.arrange(always.clone());
    assert_eq!(double.call("GET", "/users/me", None).status, 500);
    assert_eq!(double.call("GET", "/users", None).status, 500);
    assert_eq!(double.call("GET", LIST, None).status, 200);
    let id = double.control("GET", "/faults", None).expect(200)[0]["id"].clone();
    double.control("DELETE", &format!("/faults/{id}"), None).expect(204);
    double.control("DELETE", &format!("/faults/{id}"), None).expect(404);
    double.get("/users/me");
    double.arrange(always);
    double.control("POST", "/reset", None).expect(200);
    double.get("/users/me");
}

#[test]
fn every_operation_can_meet_a_fault() {
    let double = Double::start();
    let document: Value = {
        let answer = double.send(double.request("GET", &format!("{}/openapi.json", double.url()), None)).unwrap();
        answer.json()
    };
    let mut met = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(id) = operation["operationId"].as_str() else { continue };
            double.arrange(json!({"operation": id, "fault": {"kind": "status", "status": 599, "undocumented": true}}));
            let path = path.replace(['{', '}'], "");
            let answer = double.try_as(double.token(), &method.to_uppercase(), &path, None).unwrap();
            assert_eq!(answer.status, 599, "{id}");
            met += 1;
        }
    }
    assert!(met > 50, "{met}");
}
