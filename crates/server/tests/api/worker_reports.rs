//! What workers report on their jobs: progress, logs and the end; and that nobody else's reports count.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Held, TestServer, WorkerClient, log_lines, time};
use crate::worker_acquire::{queue, shown};

const JOBS: &str = "/organizations/coder/provisionerjobs";

/// A server with a worker that has a job.
pub fn at_work() -> (TestServer, WorkerClient, Held) {
    at_work_with(&[])
}

/// The same with these variables.
pub fn at_work_with(settings: &[(&str, &str)]) -> (TestServer, WorkerClient, Held) {
    let server = TestServer::with(settings);
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    queue(&server, json!({}));
    let held = worker.take();
    (server, worker, held)
}

/// The log of a job.
pub fn logs(server: &TestServer, job: Uuid) -> Vec<Value> {
    let list = server.owner().get(&format!("{JOBS}/{job}/logs")).expect(200);
    list.as_array().unwrap().clone()
}

/// The texts of the log of a job.
pub fn outputs(server: &TestServer, job: Uuid) -> Vec<String> {
    logs(server, job).iter().map(|line| line["output"].as_str().unwrap().to_owned()).collect()
}

/// Marks the job as canceled.
fn cancel(server: &TestServer, job: Uuid) {
    assert_eq!(server.owner().request("PATCH", &format!("{JOBS}/{job}/cancel")).send().status, 200);
}

#[track_caller]
fn assert_lost(answer: &Answer) {
    assert_eq!(answer.message(409), "lease lost");
}

#[test]
fn a_job_ends_as_its_worker_says() {
    let (server, worker, held) = at_work();
    let ended = worker.complete(&held).expect(200);
    assert_eq!((&ended["status"], ended.get("error")), (&json!("succeeded"), None));
    assert!(time(&ended["completed_at"]) > time(&ended["started_at"]), "{ended}");
    assert_eq!(ended, shown(&server, held.id));
    for (code, told) in
        [(None, Value::Null), (Some("REQUIRED_TEMPLATE_VARIABLES"), json!("REQUIRED_TEMPLATE_VARIABLES"))]
    {
        queue(&server, json!({}));
        let held = worker.take();
        let mut body = json!({"attempt": 1, "error": "no <disk> &\n"});
        if let Some(code) = code {
            body["error_code"] = json!(code);
        }
        let ended = worker.client.post(&worker.job_path(held.id, "fail"), body).expect(200);
        assert_eq!((&ended["status"], &ended["error"]), (&json!("failed"), &json!("no <disk> &\n")));
        assert_eq!(ended["error_code"], told);
        assert_eq!(ended, shown(&server, held.id));
    }
}

#[test]
fn a_worker_learns_that_its_job_is_being_canceled() {
    let (server, worker, held) = at_work();
    let running = worker.progress(&held, json!({})).expect(200);
    assert_eq!(running, json!({"canceling": false, "logs_overflowed": false}));
    cancel(&server, held.id);
    assert_eq!(worker.progress(&held, json!({})).expect(200)["canceling"], true);
    assert_eq!(shown(&server, held.id)["status"], "canceling", "until the worker says so");
    assert_eq!(worker.log(&held, 0, &["stopping"]).expect(200)["canceling"], true);
    let ended = worker.complete(&held).expect(200);
    assert_eq!(ended["status"], "canceled");
    assert!(ended["canceled_at"].is_string() && ended["completed_at"].is_string());
    assert_eq!(outputs(&server, held.id), ["stopping"]);
    // One that cannot stop well has failed.
    queue(&server, json!({}));
    let held = worker.take();
    cancel(&server, held.id);
    assert_eq!(worker.fail(&held, "stuck").expect(200)["status"], "failed");
}

#[test]
fn the_same_end_may_be_told_again_and_no_other() {
    let (server, worker, held) = at_work();
    let ended = worker.complete(&held).expect(200);
    assert_eq!(worker.complete(&held).expect(200), ended);
    assert_lost(&worker.fail(&held, "no"));
    assert_lost(&worker.progress(&held, json!({})));
    assert_lost(&worker.log(&held, 0, &["late"]));
    assert_eq!(shown(&server, held.id), ended);
    queue(&server, json!({}));
    let held = worker.take();
    let ended = worker.fail(&held, "no").expect(200);
    assert_eq!(worker.fail(&held, "no").expect(200), ended);
    assert_lost(&worker.fail(&held, "yes"));
    let coded = json!({"attempt": 1, "error": "no", "error_code": "REQUIRED_TEMPLATE_VARIABLES"});
    assert_lost(&worker.client.post(&worker.job_path(held.id, "fail"), coded));
    assert_lost(&worker.complete(&held));
    assert_eq!(shown(&server, held.id), ended);
    queue(&server, json!({}));
    let held = worker.take();
    cancel(&server, held.id);
    let ended = worker.complete(&held).expect(200);
    assert_eq!(worker.complete(&held).expect(200), ended, "a canceled one, too");
    assert_eq!(outputs(&server, held.id), Vec::<String>::new());
}

#[test]
fn only_the_worker_and_the_attempt_that_hold_the_job_count() {
    let (server, worker, held) = at_work();
    let other = WorkerClient::register(&server.owner(), "coder", "other");
    worker.log(&held, 0, &["first"]).expect(200);
    let before = shown(&server, held.id);
    let updated = || {
        let mut sql = server.sql();
        let id = sql.kind().uuid(held.id);
        sql.words(&format!("SELECT CAST(updated_at AS text) AS value FROM provisioner_jobs WHERE id = {id}"))
    };
    let last = updated();
    for attempt in [2, 7, i64::from(i32::MAX)] {
        let wrong = Held { attempt, ..held.clone() };
        assert_lost(&worker.log(&wrong, 1, &["second"]));
        assert_lost(&worker.complete(&wrong));
        assert_lost(&worker.fail(&wrong, "no"));
    }
    assert_lost(&other.log(&held, 1, &["second"]));
    assert_lost(&other.complete(&held));
    assert_lost(&other.fail(&held, "no"));
    let nothing = Held { id: Uuid::new_v4(), ..held.clone() };
    assert_lost(&worker.log(&nothing, 0, &["second"]));
    assert_lost(&worker.complete(&nothing));
    assert_lost(&worker.fail(&nothing, "no"));
    assert_eq!((shown(&server, held.id), updated()), (before, last), "nothing was changed");
    assert_eq!(outputs(&server, held.id), ["first"]);
    worker.complete(&held).expect(200);
}

#[test]
fn a_job_of_another_organization_is_no_job_of_the_worker() {
    let (server, worker, held) = at_work();
    server.owner().create("acme");
    let elsewhere = WorkerClient::register(&server.owner(), "acme", "builder");
    let job =
        server.owner().post("/organizations/acme/provisionerjobs", json!({"type": "workspace_build"})).expect(201);
    let of_acme = elsewhere.take();
    assert_eq!(json!(of_acme.id), job["id"]);
    for answer in [worker.progress(&of_acme, json!({})), worker.complete(&of_acme), worker.fail(&of_acme, "no")] {
        assert_lost(&answer);
    }
    for answer in [elsewhere.progress(&held, json!({})), elsewhere.complete(&held), elsewhere.fail(&held, "no")] {
        assert_lost(&answer);
    }
    // The worker's own job under another organization's path does not lead to the worker.
    let path = worker.job_path(held.id, "complete").replace("/coder/", "/acme/");
    assert_eq!(server.owner().post(&path, json!({"attempt": 1})).status, 404);
    worker.complete(&held).expect(200);
    elsewhere.complete(&of_acme).expect(200);
}

#[test]
fn log_lines_are_kept_as_they_were_sent() {
    let (server, worker, held) = at_work();
    let long = "ä".repeat(32_768);
    let lines = json!([
        {"output": "plain"},
        {"output": "", "level": "error", "source": "provisioner_daemon", "stage": "Planning"},
        {"output": "two\nlines <b>\u{2028}", "created_at": "2026-01-02T03:04:05.000001+01:00", "level": "trace"},
        {"output": long, "stage": "s".repeat(256)},
    ]);
    worker.progress(&held, json!({ "logs": lines })).expect(200);
    let kept = logs(&server, held.id);
    let column = |name: &str| kept.iter().map(|line| line[name].clone()).collect::<Vec<_>>();
    assert_eq!(column("output"), [json!("plain"), json!(""), json!("two\nlines <b>\u{2028}"), json!(long)]);
    assert_eq!(column("log_level"), [json!("info"), json!("error"), json!("trace"), json!("info")]);
    assert_eq!(column("log_source")[..2], [json!("provisioner"), json!("provisioner_daemon")]);
    assert_eq!(column("stage"), [json!(""), json!("Planning"), json!(""), json!("s".repeat(256))]);
    assert_eq!(kept[2]["created_at"], "2026-01-02T02:04:05.000001Z");
    assert_eq!(kept[0]["created_at"], kept[3]["created_at"], "when they came, where the worker does not say");
    let ids: Vec<_> = kept.iter().map(|line| line["id"].as_i64().unwrap()).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
}

#[test]
fn lines_that_are_sent_again_are_not_doubled_and_none_may_be_missing() {
    let (server, worker, held) = at_work();
    worker.log(&held, 0, &["a", "b"]).expect(200);
    worker.log(&held, 0, &["a", "b"]).expect(200);
    worker.log(&held, 0, &["a", "b", "c"]).expect(200);
    worker.log(&held, 1, &["b"]).expect(200);
    worker.log(&held, 3, &[]).expect(200);
    assert_eq!(outputs(&server, held.id), ["a", "b", "c"]);
    let gap = worker.log(&held, 4, &["e"]);
    let rule = "must be at most 3, the number of lines that the server has";
    assert_eq!(gap.validations(400), [("logs_offset".to_owned(), rule.to_owned())]);
    assert_eq!(outputs(&server, held.id), ["a", "b", "c"]);
    worker.log(&held, 2, &["c", "d"]).expect(200);
    // Without an offset every line is a new one.
    worker.progress(&held, json!({"logs": log_lines(&["d"])})).expect(200);
    worker.log(&held, 5, &["e"]).expect(200);
    assert_eq!(outputs(&server, held.id), ["a", "b", "c", "d", "d", "e"]);
    worker.complete(&held).expect(200);
    assert_eq!(outputs(&server, held.id).len(), 6);
}

/// 32 requests at once with the same lines: what a worker does whose answers get lost.
#[test]
fn of_many_equal_reports_at_once_one_adds_lines() {
    let (server, worker, held) = at_work();
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| worker.log(&held, 0, &["a", "b", "c"]).expect(200));
        }
    });
    assert_eq!(outputs(&server, held.id), ["a", "b", "c"]);
}

#[test]
fn logs_are_cut_at_one_mebibyte_and_the_job_goes_on() {
    let (server, worker, held) = at_work();
    let line = "x".repeat(65_536);
    let overflowed = |answer: Answer| answer.expect(200)["logs_overflowed"].clone();
    for number in 0..15 {
        assert_eq!(overflowed(worker.log(&held, number, &[&line])), false);
    }
    let rest = "y".repeat(65_535);
    assert_eq!(overflowed(worker.log(&held, 15, &[&rest])), false, "one byte is left");
    assert_eq!(shown(&server, held.id)["logs_overflowed"], false);
    // The first line that does not fit ends the log, though a later one would fit.
    assert_eq!(overflowed(worker.log(&held, 16, &["z", "too much", ""])), true);
    assert_eq!(overflowed(worker.log(&held, 19, &["", "late"])), true);
    assert_eq!(overflowed(worker.log(&held, 16, &["z", "too much", ""])), true, "sent again");
    assert_eq!(overflowed(worker.progress(&held, json!({}))), true);
    assert_eq!(shown(&server, held.id)["logs_overflowed"], true);
    let kept = outputs(&server, held.id);
    assert_eq!(kept.iter().map(String::len).sum::<usize>(), 1_048_576);
    assert_eq!((kept.len(), kept[15] == rest, kept[16].as_str()), (17, true, "z"));
    let ended = worker.complete(&held).expect(200);
    assert_eq!((&ended["status"], &ended["logs_overflowed"]), (&json!("succeeded"), &json!(true)));
}

#[test]
fn bad_reports_name_the_field_and_the_rule_and_change_nothing() {
    let (server, worker, held) = at_work();
    let line = |line: Value| json!({"attempt": 1, "logs": [{"output": "good"}, line]});
    let post = |operation: &str, body: &Value| worker.client.post(&worker.job_path(held.id, operation), body.clone());
    for (operation, body, field, rule) in [
        ("progress", json!({}), "attempt", "is required"),
        ("progress", json!({"attempt": 0}), "attempt", "at least 1"),
        ("progress", json!({"attempt": "1"}), "attempt", "must be"),
        ("progress", json!({"attempt": 1, "logs_offset": -1}), "logs_offset", "must not be negative"),
        ("progress", json!({"attempt": 1, "logs": vec![json!({"output": ""}); 1001]}), "logs", "at most 1000 lines"),
        ("progress", line(json!({})), "logs[1].output", "is required"),
        ("progress", line(json!({"output": "x".repeat(65_537)})), "logs[1].output", "at most 65536 bytes"),
        ("progress", line(json!({"output": "\u{0}"})), "logs[1].output", "NUL"),
        ("progress", line(json!({"output": "", "stage": "s".repeat(257)})), "logs[1].stage", "at most 256 bytes"),
        ("progress", line(json!({"output": "", "stage": "\u{0}"})), "logs[1].stage", "NUL"),
        ("progress", line(json!({"output": "", "level": "fatal"})), "logs[1].level", "must be"),
        ("progress", line(json!({"output": "", "source": "me"})), "logs[1].source", "must be"),
        ("progress", line(json!({"output": "", "created_at": "yesterday"})), "logs[1].created_at", ""),
        ("complete", json!({}), "attempt", "is required"),
        ("complete", json!({"attempt": 0}), "attempt", "at least 1"),
        ("fail", json!({"attempt": 1}), "error", "is required"),
        ("fail", json!({"attempt": 1, "error": ""}), "error", "must not be empty"),
        ("fail", json!({"attempt": 1, "error": "\u{0}"}), "error", "NUL"),
        ("fail", json!({"attempt": 1, "error": "x".repeat(65_537)}), "error", "at most 65536 bytes"),
        ("fail", json!({"attempt": 1, "error": "no", "error_code": "?"}), "error_code", "must be"),
    ] {
        let said = post(operation, &body).validations(400);
        let told = said.iter().any(|(named, detail)| named == field && detail.contains(rule));
        assert!(told, "{operation} {field}: {said:?}");
    }
    let said = post("fail", &json!({"attempt": 0, "error": ""})).validations(400);
    assert_eq!(said.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["attempt", "error"]);
    assert_eq!(outputs(&server, held.id), Vec::<String>::new());
    let most = json!({"attempt": 1, "logs": vec![json!({"output": "."}); 1000]});
    assert_eq!(post("progress", &most).status, 200);
    assert_eq!(post("fail", &json!({"attempt": 1, "error": "x".repeat(65_536)})).status, 200);
}

/// A time that no database can hold is refused or kept, and never a defect.
#[test]
fn odd_times_of_log_lines_are_no_defect() {
    let (server, worker, held) = at_work();
    for time in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1969-07-20T20:17:40Z"] {
        let answer = worker.progress(&held, json!({"logs": [{"output": time, "created_at": time}]}));
        assert!([200, 400].contains(&answer.status), "{time}: {} {}", answer.status, answer.text());
        if answer.status == 200 {
            assert_eq!(logs(&server, held.id).last().unwrap()["created_at"], time);
        }
    }
}
