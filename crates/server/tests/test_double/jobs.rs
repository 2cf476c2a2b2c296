//! Moving jobs through their lives.

use serde_json::{Value, json};

use super::double::Double;

fn pending(double: &Double) -> String {
    let job = double.call("POST", "/organizations/coder/provisionerjobs", Some(json!({"type": "workspace_build"})));
    job.expect(201)["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn advance(double: &Double, job: &str, step: Value) -> Value {
    double.control("POST", &format!("/jobs/{job}/advance"), Some(step)).expect(200)
}

fn shown(double: &Double, job: &str) -> Value {
    double.get(&format!("/organizations/coder/provisionerjobs/{job}"))
}

#[test]
fn every_status_is_reached_from_the_queue() {
    let double = Double::start();
    for to in ["running", "succeeded", "canceling", "canceled", "failed"] {
        let job = pending(&double);
        let moved = advance(&double, &job, json!({"to": to}));
        assert_eq!(moved["status"], to);
        assert_eq!(moved, shown(&double, &job), "the API shows what the control route answers");
        if to != "canceled" {
            assert_eq!(moved["worker_name"], "builder-1", "the first that could takes it");
        }
    }
}

#[test]
fn a_job_goes_step_by_step_and_back_into_its_queue() {
    let double = Double::start();
    let job = pending(&double);
    let running = advance(
        &double,
        &job,
        json!({"to": "running", "worker": "builder-2", "logs": [{"output": "begun", "stage": "Planning"}]}),
    );
    assert_eq!((&running["status"], &running["worker_name"]), (&json!("running"), &json!("builder-2")));
    let again = advance(&double, &job, json!({"to": "pending"}));
    assert!(again["queue_position"].as_u64().unwrap() > 0);
    advance(&double, &job, json!({"to": "running"}));
    let failed = advance(
        &double,
        &job,
        json!({"to": "failed", "error": "out of quota", "error_code": "REQUIRED_TEMPLATE_VARIABLES"}),
    );
    assert_eq!(
        (&failed["error"], &failed["error_code"]),
        (&json!("out of quota"), &json!("REQUIRED_TEMPLATE_VARIABLES"))
    );
    let logs = double.get(&format!("/organizations/coder/provisionerjobs/{job}/logs"));
    assert_eq!((&logs[0]["output"], &logs[0]["stage"]), (&json!("begun"), &json!("Planning")));
}

#[test]
fn steps_that_no_life_has_are_refused_with_those_that_it_has() {
    let double = Double::start();
    let job = pending(&double);
    let pending = double.control("POST", &format!("/jobs/{job}/advance"), Some(json!({"to": "pending"}))).expect(409);
    assert_eq!(
        pending["message"],
        "a job that is pending cannot become pending; it can become running, succeeded, canceling, canceled, failed"
    );
    advance(&double, &job, json!({"to": "succeeded"}));
    let over = double.control("POST", &format!("/jobs/{job}/advance"), Some(json!({"to": "running"}))).expect(409);
    assert!(over["message"].as_str().unwrap().ends_with("it can become nothing else"), "{over}");
}

#[test]
fn a_job_that_nobody_can_do_is_given_to_whom_one_names() {
    let double = Double::start();
    let job = json!({"type": "workspace_build", "tags": {"moon": "full"}});
    let job = double.call("POST", "/organizations/coder/provisionerjobs", Some(job)).expect(201)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/jobs/{job}/advance");
    let nobody = double.control("POST", &path, Some(json!({"to": "running"}))).expect(409);
    assert!(nobody["message"].as_str().unwrap().contains("name one with \"worker\""), "{nobody}");
    let unknown = double.control("POST", &path, Some(json!({"to": "running", "worker": "bob"}))).expect(409);
    assert!(unknown["message"].as_str().unwrap().contains("builder-1, builder-2"), "{unknown}");
    assert_eq!(shown(&double, &job)["status"], "pending", "what was refused changed nothing");
    assert_eq!(advance(&double, &job, json!({"to": "running", "worker": "builder-gone"}))["status"], "running");
}

#[test]
fn a_job_that_no_worker_could_take_says_what_is_against_each() {
    let double = Double::start();
    let body = json!({"type": "workspace_build", "tags": {"gpu": "yes"}});
    let job = double.call("POST", "/organizations/coder/provisionerjobs", Some(body)).expect(201)["id"].clone();
    let path = format!("/jobs/{}/advance", job.as_str().unwrap());
    let refused = double.control("POST", &path, Some(json!({"to": "running"}))).expect(409);
    let said = refused["message"].as_str().unwrap();
    assert!(said.starts_with("no live worker could take this job ("), "{said}");
    assert!(said.contains("builder-1 lacks gpu=yes") && said.ends_with("; name one with \"worker\""), "{said}");
}

#[test]
fn what_makes_no_sense_is_refused_by_its_name() {
    let double = Double::start();
    let job = pending(&double);
    let path = format!("/jobs/{job}/advance");
    for (step, field) in [
        (json!({"to": "flying"}), "to"),
        (json!({}), "to"),
        (json!({"to": "succeeded", "error": "no"}), "error"),
        (json!({"to": "canceled", "logs": [{"output": "x"}]}), "logs"),
        (json!({"to": "running", "logs": [{}]}), "logs[0].output"),
    ] {
        let refused = double.control("POST", &path, Some(step.clone())).expect(400);
        assert_eq!(refused["validations"][0]["field"], field, "{step}: {refused}");
    }
    double.control("POST", "/jobs/not-a-uuid/advance", Some(json!({"to": "running"}))).expect(400);
    double
        .control("POST", "/jobs/0198f5a0-0005-7000-8000-0000000fffff/advance", Some(json!({"to": "running"})))
        .expect(404);
    assert_eq!(shown(&double, &job)["status"], "pending");
}
