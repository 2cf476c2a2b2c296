//! Queueing provisioner jobs and canceling them.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, BASE, Client, Job, TestServer, eventually};

const JOBS: &str = "/organizations/coder/provisionerjobs";

fn queue(client: &Client, body: Value) -> Value {
    client.post(JOBS, body).expect(201)
}

fn cancel(client: &Client, id: &Value) -> Answer {
    client.request("PATCH", &format!("{JOBS}/{}/cancel", id.as_str().unwrap())).send()
}

fn listed(client: &Client) -> Vec<(Value, Value, Value)> {
    let list = client.get(JOBS).expect(200);
    let numbers = |job: &Value| (job["id"].clone(), job["queue_position"].clone(), job["queue_size"].clone());
    list.as_array().unwrap().iter().map(numbers).collect()
}

#[test]
fn a_job_is_what_was_asked_for() {
    let server = TestServer::start();
    let token = server.user("ana", &[], &[("coder", &["organization-template-admin"])]);
    let ana = server.client(&token);
    let (version, file) = (Uuid::new_v4(), Uuid::new_v4());
    let job = queue(
        &ana,
        json!({
            "type": "template_version_import", "provisioner": "echo", "priority": "normal", "file_id": file,
            "tags": {"gpu": "yes", "empty": ""}, "input": {"template_version_id": version},
            "metadata": {"template_name": "kubernetes", "template_display_name": "Kubernetes"},
        }),
    );
    assert_eq!(job["status"], "pending");
    assert_eq!(job["type"], "template_version_import");
    assert_eq!(job["tags"], json!({"gpu": "yes", "owner": "", "scope": "organization"}));
    assert_eq!(job["input"], json!({ "template_version_id": version }));
    assert_eq!(job["file_id"], json!(file));
    assert_eq!(job["metadata"]["template_display_name"], "Kubernetes");
    assert_eq!((&job["queue_position"], &job["queue_size"]), (&json!(1), &json!(1)));
    let users = server.command(&["user", "list", "--output", "json"]);
    let users: Value = serde_json::from_str(&users).unwrap();
    let ana_id = users.as_array().unwrap().iter().find(|user| user["name"] == "ana").unwrap()["id"].clone();
    assert_eq!(job["initiator_id"], ana_id);
    let path = format!("{JOBS}/{}", job["id"].as_str().unwrap());
    assert_eq!(ana.get(&path).expect(200), job);
    assert_eq!(ana.get(JOBS).expect(200), json!([job]));
    let of_user = queue(&ana, json!({"type": "workspace_build", "tags": {"scope": "user"}}));
    assert_eq!(of_user["tags"], json!({"owner": ana_id, "scope": "user"}));
    assert_eq!(of_user["file_id"], json!(Uuid::nil()));
}

/// The numbers follow every write at once, also in a list that was answered from memory a moment ago.
#[test]
fn queue_numbers_follow_every_write() {
    let server = TestServer::start();
    let owner = server.owner();
    assert_eq!(listed(&owner), []);
    let first = queue(&owner, json!({"type": "workspace_build"}))["id"].clone();
    let second = queue(&owner, json!({"type": "workspace_build", "priority": "prebuild"}))["id"].clone();
    let third = queue(&owner, json!({"type": "workspace_build"}))["id"].clone();
    let expected = [(&third, 2, 3), (&second, 3, 3), (&first, 1, 3)];
    assert_eq!(listed(&owner), expected.map(|(id, place, size)| (id.clone(), json!(place), json!(size))));
    assert_eq!(cancel(&owner, &first).message(200), "Job has been marked as canceled...");
    let expected = [(&third, 1, 2), (&second, 2, 2), (&first, 0, 0)];
    assert_eq!(listed(&owner), expected.map(|(id, place, size)| (id.clone(), json!(place), json!(size))));
    let canceled = owner.get(&format!("{JOBS}/{}", first.as_str().unwrap())).expect(200);
    assert_eq!(canceled["status"], "canceled");
    assert_eq!(canceled["canceled_at"], canceled["completed_at"]);
}

#[test]
fn an_id_makes_a_request_repeatable() {
    let server = TestServer::start();
    let owner = server.owner();
    let id = Uuid::new_v4();
    let body = json!({"type": "workspace_build", "id": id, "tags": {"a": "b"}});
    let job = queue(&owner, body.clone());
    assert_eq!(job["id"], json!(id));
    assert_eq!(owner.post(JOBS, body.clone()).expect(200), job);
    for other in [
        json!({"type": "template_version_import", "id": id, "tags": {"a": "b"}}),
        json!({"type": "workspace_build", "id": id, "tags": {"a": "c"}}),
        json!({"type": "workspace_build", "id": id, "tags": {"a": "b"}, "priority": "prebuild"}),
        json!({"type": "workspace_build", "id": id, "tags": {"a": "b"}, "metadata": {"workspace_name": "x"}}),
    ] {
        let answer = owner.post(JOBS, other);
        assert_eq!(answer.message(409), "A provisioner job with this ID exists.");
    }
    let other = server.client(&server.user("bo", &[], &[("coder", &["organization-admin"])]));
    assert_eq!(other.post(JOBS, body).status, 409, "it is another's job");
    assert_eq!(listed(&owner).len(), 1);
}

#[test]
fn of_32_requests_with_one_id_one_queues() {
    let server = TestServer::start();
    let body = json!({"type": "workspace_build", "id": Uuid::new_v4()});
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..32).map(|_| scope.spawn(|| server.owner().post(JOBS, body.clone()).status)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 31, "{statuses:?}");
}

#[test]
fn an_idempotency_key_shows_the_job_as_it_stands() {
    let server = TestServer::start();
    let owner = server.owner();
    let send = || {
        let request = owner.request_at("POST", &format!("{BASE}{JOBS}"));
        request.header("Idempotency-Key", "once").json(&json!({"type": "workspace_build"})).send()
    };
    let first = send();
    assert_eq!(first.header("idempotent-replayed"), None);
    let id = first.expect(201)["id"].clone();
    cancel(&owner, &id).expect(200);
    let again = send();
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let job = again.expect(201);
    assert_eq!((&job["id"], &job["status"]), (&id, &json!("canceled")));
    assert_eq!(listed(&owner).len(), 1);
}

#[test]
fn bad_requests_name_the_field_and_the_rule() {
    let server = TestServer::start();
    let owner = server.owner();
    let long = "x".repeat(129);
    let many: Value = (0..65).map(|number| (number.to_string(), json!("x"))).collect::<serde_json::Map<_, _>>().into();
    let heavy = |number: u32| (format!("{number:0>100}"), json!("x".repeat(100)));
    let heavy: Value = (0..10).map(heavy).collect::<serde_json::Map<_, _>>().into();
    for (body, field, rule) in [
        (json!({}), "type", "is required"),
        (json!({"type": "coffee"}), "type", "must be one of"),
        (json!({"type": "workspace_build", "provisioner": "make"}), "provisioner", "must be"),
        (json!({"type": "workspace_build", "id": "1"}), "id", "must be a UUID"),
        (json!({"type": "workspace_build", "tags": {"a": 1}}), "tags.a", "must be"),
        (json!({"type": "workspace_build", "tags": many}), "tags", "at most 64"),
        (json!({"type": "workspace_build", "tags": {"a": long}}), "tags", "at most 128 bytes"),
        (json!({"type": "workspace_build", "tags": {"a": "\0"}}), "tags", "NUL"),
        (json!({"type": "workspace_build", "tags": heavy}), "tags", "at most 2048 bytes as JSON"),
        (json!({"type": "workspace_build", "metadata": {"workspace_name": "\0"}}), "metadata.workspace_name", "NUL"),
        (
            json!({"type": "workspace_build", "input": {"workspace_build_id": null}}),
            "input.workspace_build_id",
            "must be",
        ),
        (json!({"type": "workspace_build", "priority": null}), "priority", "wrong type"),
    ] {
        let answer = owner.post(JOBS, body.clone());
        assert_eq!(answer.status, 400, "{body}");
        let validations = answer.json()["validations"].clone();
        let told = validations
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["field"] == field && one["detail"].as_str().unwrap().contains(rule));
        assert!(told, "{body}: {validations}");
    }
    assert_eq!(listed(&owner), []);
}

#[test]
fn only_a_job_that_goes_on_can_be_canceled() {
    let server = TestServer::start();
    let owner = server.owner();
    let coder: Uuid = owner.get("/organizations/coder").expect(200)["id"].as_str().unwrap().parse().unwrap();
    let worker = Some((Uuid::from_u128(7), "worker".to_owned()));
    let running = Job { worker, ..Job::pending(coder, 1).running() };
    let (done, failed) = (Job::pending(coder, 2).running().completed(), Job::pending(coder, 3).failed("no"));
    server.change(|sql| [&running, &done, &failed].into_iter().for_each(|job| sql.job(job)));
    for ended in [&done, &failed] {
        assert_eq!(cancel(&owner, &json!(ended.id)).message(409), "Job has already completed!");
    }
    cancel(&owner, &json!(running.id)).expect(200);
    let job = owner.get(&format!("{JOBS}/{}", running.id)).expect(200);
    assert_eq!(job["status"], "canceling", "its worker has not confirmed");
    assert!(job["completed_at"].is_null() && job["canceled_at"].is_string());
    assert_eq!(cancel(&owner, &json!(running.id)).message(409), "Job has already been marked as canceled!");
    assert_eq!(cancel(&owner, &json!(Uuid::new_v4())).status, 404);
    let member = server.client(&server.user("member", &[], &[("coder", &[])]));
    assert_eq!(cancel(&member, &json!(running.id)).status, 404, "who may not read jobs cannot tell that it is there");
}

#[test]
fn jobs_survive_kill_9() {
    let mut server = TestServer::start();
    server.owner().create("acme");
    let id = server.owner().post("/organizations/acme/provisionerjobs", json!({"type": "workspace_build"})).expect(201)
        ["id"]
        .clone();
    server.restart();
    eventually(|| server.owner().get("/organizations/acme/provisionerjobs").status == 200);
    let list = server.owner().get("/organizations/acme/provisionerjobs").expect(200);
    assert_eq!((&list[0]["id"], &list[0]["queue_position"]), (&id, &json!(1)));
    let cancel = format!("/organizations/acme/provisionerjobs/{}/cancel", id.as_str().unwrap());
    server.owner().patch(&cancel, json!({})).expect(200);
    server.owner().delete("/organizations/acme").expect(200);
    let gone = server.owner().post("/organizations/acme/provisionerjobs", json!({"type": "workspace_build"}));
    assert_eq!(gone.status, 404);
}
