//! The built-in states keep the contract, for an owner and for those who may read less.

use std::process::Stdio;

use serde_json::Value;

use super::double::{Double, orgd};

/// The exit code of a run that only reads, and its results.
fn conformance(double: &Double, token: &str) -> (Option<i32>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let json = file.to_str().unwrap();
    let output = orgd(&["conformance", "--url", double.url(), "--token", token, "--json", json]).output().unwrap();
    (output.status.code(), serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
}

#[test]
fn every_built_in_state_keeps_the_contract() {
    for state in ["default", "empty", "busy", "stuck"] {
        let double = Double::with(&["--seed", state]);
        let (code, report) = conformance(&double, double.token());
        let failed: Vec<_> =
            report["results"].as_array().unwrap().iter().filter(|one| one["verdict"] == "fail").collect();
        assert_eq!((code, failed), (Some(0), Vec::new()), "{state}");
    }
}

#[test]
fn what_a_token_may_not_read_is_no_failure_of_the_server() {
    let double = Double::start();
    for token in ["mia0123456-miasecretmiasecretmias", "ursula0123-ursulasecretursulasecr"] {
        let (code, report) = conformance(&double, token);
        assert_eq!((code, &report["counts"]["fail"]), (Some(0), &Value::from(0)), "{token}");
        let jobs = report["results"].as_array().unwrap().iter().find(|one| one["operation"] == "getProvisionerJobs");
        let jobs = jobs.unwrap();
        if token.starts_with("mia") {
            assert_eq!(jobs["reason"], "the user of the session token may not use getProvisionerJobs");
        }
    }
}

#[test]
fn whoever_stops_reading_the_cases_has_enough() {
    let mut child = orgd(&["conformance", "--list"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}
