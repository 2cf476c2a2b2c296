//! The job object: its keys, their order, and what is absent.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Job, TestServer};
use crate::job_list::default_organization;

const WORKER: Uuid = Uuid::from_u128(0x3013);

const ORDER: [&str; 21] = [
    "id",
    "created_at",
    "started_at",
    "completed_at",
    "canceled_at",
    "error",
    "error_code",
    "status",
    "worker_id",
    "worker_name",
    "file_id",
    "tags",
    "queue_position",
    "queue_size",
    "organization_id",
    "initiator_id",
    "input",
    "type",
    "available_workers",
    "metadata",
    "logs_overflowed",
];
const ALWAYS: [&str; 13] = [
    "id",
    "created_at",
    "status",
    "file_id",
    "tags",
    "queue_position",
    "queue_size",
    "organization_id",
    "initiator_id",
    "input",
    "type",
    "metadata",
    "logs_overflowed",
];

/// The job as the single operation and as all forms of the list show it, which must be the same bytes.
#[track_caller]
fn shown(server: &TestServer, job: &Job) -> (Value, String) {
    let owner = server.owner();
    let jobs = format!("/organizations/{}/provisionerjobs", job.organization);
    let single = owner.get(&format!("{jobs}/{}", job.id));
    let object = single.expect(200);
    let text = single.text().trim_end().to_owned();
    for query in [format!("?ids={}", job.id), String::new(), "?limit=0".to_owned(), "?limit=1000".to_owned()] {
        let list = owner.get(&format!("{jobs}{query}"));
        assert_eq!(list.status, 200);
        assert!(list.text().contains(&text), "{query}\n{text}\n{}", list.text());
    }
    (object, text)
}

fn keys(text: &str) -> Vec<&'static str> {
    let object: serde_json::Map<String, Value> = serde_json::from_str(text).unwrap();
    // Only keys at the top: what is inside is cut out first.
    let mut flat = text.to_owned();
    for nested in ["tags", "input", "metadata"] {
        let start = flat.find(&format!("\"{nested}\":{{")).unwrap() + nested.len() + 3;
        let end = start + flat[start..].find('}').unwrap() + 1;
        flat.replace_range(start..end, "0");
    }
    let mut found: Vec<_> = ORDER
        .into_iter()
        .filter(|key| object.contains_key(*key))
        .map(|key| (flat.find(&format!("\"{key}\":")).unwrap(), key))
        .collect();
    assert_eq!(found.len(), object.len(), "{text}");
    found.sort_unstable();
    found.into_iter().map(|(_, key)| key).collect()
}

fn store(job: &Job) -> TestServer {
    let server = TestServer::start();
    let mut job = job.clone();
    job.organization = default_organization(&server);
    server.change(|sql| sql.job(&job));
    server
}

fn full() -> Job {
    Job {
        id: Uuid::from_u128(7),
        error_code: "REQUIRED_TEMPLATE_VARIABLES".to_owned(),
        worker: Some((WORKER, "builder-1".to_owned())),
        input: r#"{"template_version_id":"0ba39c92-1f1b-4c32-aa3e-9925d7713eb1","workspace_build_id":"badaf2eb-96c5-4050-9f1d-db2d39ca5478","error":"odd","other":1}"#.to_owned(),
        metadata: r#"{"template_version_name":"v1","template_id":"c6d67e98-83ea-49f0-8812-e4abae2b68bc","template_name":"kubernetes","template_display_name":"Kubernetes","template_icon":"/k8s.png","workspace_id":"0967198e-ec7b-4c6b-b4d3-f71244cadbe9","workspace_name":"dev"}"#.to_owned(),
        kind: 1,
        overflowed: true,
        ..Job::pending(Uuid::nil(), 0).running().canceled().completed().failed("went <wrong> & stopped")
    }
}

#[test]
fn a_full_job_has_every_key_in_order() {
    let server = store(&full());
    let (object, text) = shown(&server, &Job { organization: default_organization(&server), ..full() });
    let expected: Vec<_> = ORDER.into_iter().filter(|key| *key != "available_workers").collect();
    assert_eq!(keys(&text), expected);
    assert_eq!(object["id"], "00000000-0000-0000-0000-000000000007");
    assert_eq!(object["created_at"], "2026-01-02T03:04:05Z");
    assert_eq!(object["started_at"], "2026-01-02T03:04:06Z");
    assert_eq!(object["canceled_at"], "2026-01-02T03:04:06.5Z");
    assert_eq!(object["completed_at"], "2026-01-02T03:04:07Z");
    assert_eq!(object["error"], "went <wrong> & stopped");
    assert!(text.contains(r#""error":"went \u003cwrong\u003e \u0026 stopped""#), "{text}");
    assert_eq!(object["error_code"], "REQUIRED_TEMPLATE_VARIABLES");
    assert_eq!(object["worker_id"], WORKER.to_string());
    assert_eq!(object["worker_name"], "builder-1");
    assert_eq!(object["tags"], json!({"owner": "", "scope": "organization"}));
    assert_eq!(object["type"], "workspace_build");
    assert_eq!(object["logs_overflowed"], true);
    assert_eq!(
        object["input"],
        json!({"template_version_id": "0ba39c92-1f1b-4c32-aa3e-9925d7713eb1", "workspace_build_id": "badaf2eb-96c5-4050-9f1d-db2d39ca5478", "error": "odd"}),
        "other keys of the stored input are dropped"
    );
    assert_eq!(object["metadata"]["workspace_name"], "dev");
    assert_eq!(object["metadata"]["template_display_name"], "Kubernetes");
}

#[test]
fn a_bare_job_has_the_keys_that_are_always_there_and_no_null() {
    let job = Job::pending(Uuid::nil(), 0);
    let server = store(&job);
    let (object, text) = shown(&server, &Job { organization: default_organization(&server), ..job });
    assert_eq!(keys(&text), ALWAYS);
    assert!(!text.contains("null"), "{text}");
    assert_eq!(object["input"], json!({}));
    assert_eq!(
        object["metadata"],
        json!({"template_version_name": "", "template_id": "00000000-0000-0000-0000-000000000000", "template_name": "",
               "template_display_name": "", "template_icon": ""})
    );
    assert_eq!(object["type"], "template_version_import");
    assert_eq!(object["logs_overflowed"], false);
}

#[test]
fn the_status_follows_from_the_times_and_the_error() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let job = |second| Job::pending(coder, second);
    let states = [
        (job(1), "pending"),
        (job(2).running(), "running"),
        (job(3).running().completed(), "succeeded"),
        (job(4).running().canceled(), "canceling"),
        (job(5).running().canceled().completed(), "canceled"),
        (job(6).canceled().completed(), "canceled"),
        (job(7).running().completed().failed("x"), "failed"),
        (job(8).running().canceled().completed().failed("x"), "failed"),
        (job(9).failed("x"), "failed"),
        (job(10).canceled(), "canceling"),
    ];
    server.change(|sql| states.iter().for_each(|(job, _)| sql.job(job)));
    for (job, status) in &states {
        let (object, _) = shown(&server, job);
        assert_eq!(object["status"], *status);
        let finished = usize::from(*status == "pending");
        assert_eq!(
            (&object["queue_position"], &object["queue_size"]),
            (&json!(finished), &json!(finished)),
            "{status}"
        );
    }
}

#[test]
fn every_type_has_its_name() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    for (kind, name) in [(0, "template_version_import"), (1, "workspace_build"), (2, "template_version_dry_run")] {
        let job = Job { kind, ..Job::pending(coder, kind) };
        server.change(|sql| sql.job(&job));
        assert_eq!(shown(&server, &job).0["type"], name);
    }
}

#[test]
fn stored_input_that_does_not_decode_is_shown_as_an_error() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    for (number, input) in [r#"{"template_version_id":"bogus"}"#, "7"].into_iter().enumerate() {
        let job = Job { input: input.to_owned(), ..Job::pending(coder, number as i64) };
        server.change(|sql| sql.job(&job));
        let (object, _) = shown(&server, &job);
        assert!(object["input"]["error"].as_str().unwrap().starts_with("decode input "), "{object}");
    }
}

#[test]
fn an_error_code_of_another_release_is_left_out() {
    let server = TestServer::start();
    let job = Job {
        error_code: "SOMETHING_NEW".to_owned(),
        ..Job::pending(default_organization(&server), 0).running().completed().failed("x")
    };
    server.change(|sql| sql.job(&job));
    assert_eq!(shown(&server, &job).0.get("error_code"), None);
}

#[test]
fn odd_text_in_a_job_is_escaped() {
    let server = TestServer::start();
    let text = "\"\\<&>\u{2028}\n\u{1}ä😀";
    let job = Job {
        worker: Some((WORKER, text.to_owned())),
        tags: json!({"owner": "", "scope": "organization", "zone": text}).to_string(),
        ..Job::pending(default_organization(&server), 0).running().failed(text)
    };
    server.change(|sql| sql.job(&job));
    let (object, _) = shown(&server, &job);
    for value in [&object["error"], &object["worker_name"], &object["tags"]["zone"]] {
        assert_eq!(value, text);
    }
}
