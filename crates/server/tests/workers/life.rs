//! From a job in the queue to its end, with real workers.

use std::time::{Duration, Instant};

use orgd_postgres_cluster::free_port;
use serde_json::{Value, json};

use super::harness::{TestServer, eventually};
use super::process::{WorkerProcess, orgd};
use super::{JOBS, job, key, log, queue, reaches};

#[test]
fn a_job_is_done_and_its_log_can_be_read() {
    let server = TestServer::start();
    let key = key(&server);
    let id = queue(&server);
    // Before the worker is there, so that it gets the job with its first request.
    let worker = WorkerProcess::start(&server, &key, &[], "cat; echo done; env | grep -c ORGD_PROVISIONER_KEY");
    reaches(&server, &id, "failed");
    let lines = log(&server, &id);
    let read: Value = serde_json::from_str(lines[0].strip_prefix("info ").unwrap()).unwrap();
    assert_eq!((&read["attempt"], &read["provisioner"]), (&json!(1), &json!("echo")));
    assert_eq!((&read["job"]["id"], &read["job"]["status"]), (&json!(id), &json!("running")));
    // `grep` finds none, which is also why the command fails.
    assert_eq!(lines[1..], ["info done", "info 0"]);
    let ended = job(&server, &id);
    assert_eq!(ended["error"], "the command ended with status 1");
    assert_eq!(ended["worker_name"], "builder");
    let said = worker.log();
    assert!(!said.contains(&key) && !server.stderr().contains(&key), "a secret was logged");
    drop(worker);

    let _worker = WorkerProcess::start(&server, &key, &[], "cat >/dev/null; echo done");
    // Now the worker waits already.
    let id = queue(&server);
    reaches(&server, &id, "succeeded");
    assert_eq!(log(&server, &id), ["info done"]);
}

#[test]
fn a_worker_shows_what_it_is_and_what_it_does() {
    let server = TestServer::start();
    let worker = WorkerProcess::start(&server, &key(&server), &[], "until [ -e go ]; do sleep 0.05; done");
    let daemons = || server.owner().get("/organizations/coder/provisionerdaemons").expect(200);
    eventually(|| daemons()[0]["status"] == "idle");
    assert_eq!(daemons()[0]["name"], "builder");
    assert_eq!(daemons()[0]["provisioners"], json!(["echo"]));
    assert_eq!(daemons()[0]["key_name"], "farm");
    assert_eq!(daemons()[0]["version"], concat!("v", env!("CARGO_PKG_VERSION")));
    let id = queue(&server);
    eventually(|| daemons()[0]["status"] == "busy");
    assert_eq!(daemons()[0]["current_job"]["id"], json!(id));
    std::fs::write(worker.file("go"), "").unwrap();
    reaches(&server, &id, "succeeded");
    assert_eq!(daemons()[0]["previous_job"]["id"], json!(id));
}

#[test]
fn a_canceled_job_is_canceled_when_its_command_has_ended() {
    let server = TestServer::start();
    let script = "trap 'echo stopping; exit 7' TERM; echo ready; sleep 1000 & wait";
    let _worker = WorkerProcess::start(&server, &key(&server), &[], script);
    let id = queue(&server);
    eventually(|| log(&server, &id) == ["info ready"]);
    server.owner().request("PATCH", &format!("{JOBS}/{id}/cancel")).send().expect(200);
    // Its command may have ended by now.
    let status = job(&server, &id)["status"].clone();
    assert!(status == "canceling" || status == "canceled", "{status}");
    reaches(&server, &id, "canceled");
    assert_eq!(log(&server, &id), ["info ready", "info stopping"]);
    let next = queue(&server);
    eventually(|| log(&server, &next) == ["info ready"]);
}

#[test]
fn a_signal_drains_and_a_second_one_stops() {
    let server = TestServer::start();
    let key = key(&server);
    let mut worker = WorkerProcess::start(&server, &key, &[], "echo ready; until [ -e go ]; do sleep 0.05; done");
    let (first, second) = (queue(&server), queue(&server));
    eventually(|| log(&server, &first) == ["info ready"]);
    worker.signal("TERM");
    eventually(|| worker.log().contains("draining"));
    std::fs::write(worker.file("go"), "").unwrap();
    assert!(worker.ends().success());
    assert_eq!(job(&server, &first)["status"], "succeeded");
    assert_eq!(job(&server, &second)["status"], "pending");

    let mut worker = WorkerProcess::start(&server, &key, &[], "echo ready; sleep 1000");
    eventually(|| log(&server, &second) == ["info ready"]);
    worker.signal("INT");
    eventually(|| worker.log().contains("draining"));
    worker.signal("TERM");
    assert!(worker.ends().success());
    assert_eq!(job(&server, &second)["status"], "failed");
    assert_eq!(job(&server, &second)["error"], "worker was stopped");
}

/// A worker that gives up waiting takes no job with it.
#[test]
fn a_worker_that_is_stopped_while_it_waits_leaves_jobs_to_others() {
    let server = TestServer::start();
    let key = key(&server);
    let mut worker = WorkerProcess::start(&server, &key, &["--poll", "60s"], "exit 0");
    eventually(|| worker.log().contains("registered"));
    std::thread::sleep(Duration::from_millis(300));
    let told = Instant::now();
    worker.signal("TERM");
    eventually(|| worker.log().contains("draining"));
    worker.signal("TERM");
    assert!(worker.ends().success());
    assert!(told.elapsed() < Duration::from_secs(30), "{:?}", told.elapsed());
    let id = queue(&server);
    let _worker = WorkerProcess::start(&server, &key, &[], "exit 0");
    reaches(&server, &id, "succeeded");
}

#[test]
fn several_workers_of_one_process_share_the_queue() {
    let server = TestServer::start();
    let script = "touch \"$$.there\"; until [ \"$(ls | grep -c there)\" -ge 3 ]; do sleep 0.05; done";
    let mut worker = WorkerProcess::start(&server, &key(&server), &["--concurrency", "3"], script);
    let ids = [queue(&server), queue(&server), queue(&server)];
    for id in &ids {
        reaches(&server, id, "succeeded");
    }
    let mut names: Vec<_> = ids.iter().map(|id| job(&server, id)["worker_name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["builder-1", "builder-2", "builder-3"]);
    worker.signal("TERM");
    assert!(worker.ends().success());
}

#[test]
fn a_worker_outlives_its_server() {
    // One that it can have again after a restart.
    let address = format!("127.0.0.1:{}", free_port().unwrap());
    let mut server = TestServer::with(&[("ORGD_LISTEN", &address)]);
    let script = "seq 1 100; until [ -e go ]; do sleep 0.05; done; seq 101 200";
    let worker = WorkerProcess::start(&server, &key(&server), &[], script);
    let id = queue(&server);
    eventually(|| log(&server, &id).len() == 100);
    server.kill();
    std::fs::write(worker.file("go"), "").unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    server.restart();
    reaches(&server, &id, "succeeded");
    assert_eq!(log(&server, &id), (1..=200).map(|number| format!("info {number}")).collect::<Vec<_>>());
}

#[test]
fn a_worker_whose_key_is_deleted_ends_with_the_reason() {
    let server = TestServer::start();
    let mut worker = WorkerProcess::start(&server, &key(&server), &[], "exit 0");
    // One that was never answered takes it for a mistake in what it was told to do.
    eventually(|| server.stderr().contains(r#""acquireProvisionerJob","status":200,"#));
    assert_eq!(server.owner().delete("/organizations/coder/provisionerkeys/farm").status, 204);
    assert_eq!(worker.ends().code(), Some(1));
    assert!(worker.log().contains("orgd: cannot register: "), "{}", worker.log());
}

#[test]
fn a_worker_with_a_session_token_brings_its_own_tags() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{}\n", server.owner_token())).unwrap();
    let mut command = orgd(&server, &["provisioner", "start", "--name", "w", "--provisioner", "echo", "--poll", "1s"]);
    command.args(["--tag", "gpu=yes", "--token-file", file.to_str().unwrap(), "--", "true"]);
    let mut worker = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    let body = json!({"type": "workspace_build", "provisioner": "echo", "tags": {"gpu": "yes"}});
    let id = server.owner().post(JOBS, body).expect(201)["id"].as_str().unwrap().to_owned();
    reaches(&server, &id, "succeeded");
    worker.kill().unwrap();
    worker.wait().unwrap();
}
