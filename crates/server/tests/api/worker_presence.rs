//! Which workers count as present, and what queue numbers make of it.

use serde_json::{Value, json};

use crate::harness::{TestServer, WorkerClient, eventually};

const WORKERS: &str = "/organizations/coder/provisionerdaemons";
const JOBS: &str = "/organizations/coder/provisionerjobs";

fn status(server: &TestServer, worker: &WorkerClient) -> Value {
    let list = server.owner().get(&format!("{WORKERS}?offline=true&ids={}", worker.id)).expect(200);
    list[0]["status"].clone()
}

fn queue(server: &TestServer, tags: Value) -> String {
    let job = server.owner().post(JOBS, json!({"type": "workspace_build", "tags": tags})).expect(201);
    job["id"].as_str().unwrap().to_owned()
}

/// Position, size and available workers of a job.
fn numbers(server: &TestServer, job: &str) -> (Value, Value, Value) {
    let job = server.owner().get(&format!("{JOBS}/{job}")).expect(200);
    (job["queue_position"].clone(), job["queue_size"].clone(), job["available_workers"].clone())
}

#[test]
fn a_heartbeat_brings_a_worker_back() {
    let server = TestServer::start();
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    assert_eq!(status(&server, &worker), "idle");
    server.change(|sql| sql.age_worker(worker.id, 91));
    assert_eq!(status(&server, &worker), "offline");
    assert_eq!(server.owner().get(WORKERS).text(), "[]\n", "not shown to who does not ask for it");
    assert_eq!(worker.heartbeat().status, 204);
    assert_eq!(status(&server, &worker), "idle", "once it is acknowledged");
}

/// While it is far from being needed the write may wait; it comes before the worker would count as gone.
#[test]
fn a_heartbeat_in_time_is_stored_before_it_is_needed() {
    let server = TestServer::start();
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    server.change(|sql| sql.age_worker(worker.id, 60));
    let seen = || server.owner().get(WORKERS).expect(200)[0]["last_seen_at"].as_str().unwrap().to_owned();
    let before = seen();
    assert_eq!(worker.heartbeat().status, 204);
    eventually(|| seen() > before);
    assert_eq!(status(&server, &worker), "idle");
}

#[test]
fn asking_for_a_job_and_reporting_on_one_are_signs_of_life() {
    let server = TestServer::start();
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let go_stale = || {
        server.change(|sql| sql.age_worker(worker.id, 100));
        assert_eq!(status(&server, &worker), "offline");
    };
    go_stale();
    assert_eq!(worker.acquire(0), None);
    assert_eq!(status(&server, &worker), "idle");
    queue(&server, json!({}));
    go_stale();
    let job = worker.take();
    assert_eq!(status(&server, &worker), "busy");
    go_stale();
    assert_eq!(worker.progress(&job, json!({})).status, 200);
    assert_eq!(status(&server, &worker), "busy");
    go_stale();
    assert_eq!(worker.complete(&job).status, 200);
    assert_eq!(status(&server, &worker), "idle");
}

#[test]
fn the_list_shows_what_a_worker_does_and_did() {
    let server = TestServer::start();
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let first = queue(&server, json!({}));
    let second = queue(&server, json!({}));
    let shown = || server.owner().get(WORKERS).expect(200)[0].clone();
    let job = worker.take();
    assert_eq!(job.id.to_string(), first);
    assert_eq!((&shown()["status"], &shown()["current_job"]["id"]), (&json!("busy"), &json!(first)));
    assert_eq!(shown().get("previous_job"), None);
    worker.fail(&job, "no").expect(200);
    assert_eq!((&shown()["status"], shown().get("current_job")), (&json!("idle"), None));
    assert_eq!(shown()["previous_job"]["status"], "failed");
    let job = worker.take();
    let cancel = server.owner().request("PATCH", &format!("{JOBS}/{second}/cancel")).send();
    assert_eq!(cancel.status, 200);
    assert_eq!((&shown()["status"], &shown()["current_job"]["status"]), (&json!("busy"), &json!("canceling")));
    worker.complete(&job).expect(200);
    assert_eq!((&shown()["status"], &shown()["previous_job"]["status"]), (&json!("idle"), &json!("canceled")));
}

#[test]
fn queue_numbers_follow_workers_that_come_change_and_go() {
    let server = TestServer::start();
    let owner = server.owner();
    let (gpu, disk) = (queue(&server, json!({"gpu": "yes"})), queue(&server, json!({"disk": "fast"})));
    let alone = (json!(1), json!(1), Value::Null);
    assert_eq!([numbers(&server, &gpu), numbers(&server, &disk)], [alone.clone(), alone.clone()]);
    let worker = WorkerClient::tagged(&owner, "coder", "builder", json!({"gpu": "yes", "disk": "fast"}));
    let by = json!([worker.id]);
    let both = [(json!(1), json!(2), by.clone()), (json!(2), json!(2), by.clone())];
    assert_eq!([numbers(&server, &gpu), numbers(&server, &disk)], both);
    WorkerClient::tagged(&owner, "coder", "builder", json!({"disk": "fast"}));
    assert_eq!(
        [numbers(&server, &gpu), numbers(&server, &disk)],
        [alone.clone(), (json!(1), json!(1), by.clone())],
        "it registered again with other tags"
    );
    let other = json!({"name": "builder", "provisioners": ["echo"], "tags": {"gpu": "yes", "disk": "fast"}});
    WorkerClient::register_as(&owner, "coder", other);
    assert_eq!([numbers(&server, &gpu), numbers(&server, &disk)], [alone.clone(), alone.clone()]);
    WorkerClient::tagged(&owner, "coder", "builder", json!({"gpu": "yes", "disk": "fast"}));
    assert_eq!([numbers(&server, &gpu), numbers(&server, &disk)], both);
    server.change(|sql| sql.age_worker(worker.id, 91));
    assert_eq!([numbers(&server, &gpu), numbers(&server, &disk)], [alone.clone(), alone.clone()]);
    assert_eq!(worker.heartbeat().status, 204);
    assert_eq!([numbers(&server, &gpu), numbers(&server, &disk)], both);
    assert_eq!(worker.take().id.to_string(), gpu);
    let taken = (json!(0), json!(0), Value::Null);
    assert_eq!([numbers(&server, &gpu), numbers(&server, &disk)], [taken, (json!(1), json!(1), by)]);
}
