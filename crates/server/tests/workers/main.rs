//! Workers and the commands about jobs, run as people run them: the real server, the real worker, real commands.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, helpers included"
)]
#![expect(clippy::print_stderr, reason = "a failing test shows the log of its server")]

#[path = "../support/harness.rs"]
#[expect(dead_code, unused_imports, reason = "the black-box tests use the rest")]
mod harness;

mod commands;
mod life;
mod process;

use serde_json::{Value, json};

use harness::{TestServer, eventually};

const JOBS: &str = "/organizations/coder/provisionerjobs";

/// Makes a provisioner key and gives its secret.
fn key(server: &TestServer) -> String {
    let made = server.owner().post("/organizations/coder/provisionerkeys", json!({"name": "farm"})).expect(201);
    made["key"].as_str().unwrap().to_owned()
}

/// Queues a job for workers that run `echo`, and gives its ID.
fn queue(server: &TestServer) -> String {
    let job = server.owner().post(JOBS, json!({"type": "workspace_build", "provisioner": "echo"})).expect(201);
    job["id"].as_str().unwrap().to_owned()
}

fn job(server: &TestServer, id: &str) -> Value {
    server.owner().get(&format!("{JOBS}/{id}")).expect(200)
}

/// Waits until the job has this status.
#[track_caller]
fn reaches(server: &TestServer, id: &str, status: &str) {
    eventually(|| job(server, id)["status"] == status);
}

/// The lines of a job's log as `level output`.
fn log(server: &TestServer, id: &str) -> Vec<String> {
    let lines = server.owner().get(&format!("{JOBS}/{id}/logs")).expect(200);
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    lines
        .as_array()
        .unwrap()
        .iter()
        .map(|line| format!("{} {}", text(line, "log_level"), text(line, "output")))
        .collect()
}
