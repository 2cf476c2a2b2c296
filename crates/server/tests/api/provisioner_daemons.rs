//! The list of workers: what it says of each, whom it shows without being asked, and its filters.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Job, NOT_FOUND, TestServer, Worker};

const PATH: &str = "/organizations/acme/provisionerdaemons";

const IDLE: Uuid = Uuid::from_u128(0xa1);
const BUSY: Uuid = Uuid::from_u128(0xa2);
const OFFLINE: Uuid = Uuid::from_u128(0xa3);
const NEVER_SEEN: Uuid = Uuid::from_u128(0xa4);
const GPU: &str = r#"{"gpu":"yes","owner":"","scope":"organization"}"#;

/// `acme` has an idle worker, a busy one with the tag `gpu`, one that was not seen for an hour although it has a job, and one
/// that was never seen; `coder` has one, too. They registered in that order.
fn server() -> TestServer {
    let server = TestServer::start();
    let acme: Uuid = server.owner().create("acme").parse().unwrap();
    let coder = server.owner().get("/organizations/coder").expect(200)["id"].as_str().unwrap().parse().unwrap();
    let worker = |id, registered, seen_ago| Worker { id, registered, seen_ago, ..Worker::live(acme) };
    let by = |job: Job, id: Uuid| Job { worker: Some((id, "w".to_owned())), ..job };
    let template = r#"{"template_name":"k8s","template_icon":"/icon/k8s.png","template_display_name":"Kubernetes"}"#;
    server.change(|sql| {
        sql.worker(&worker(IDLE, 1, Some(0)));
        sql.worker(&Worker { tags: GPU.to_owned(), ..worker(BUSY, 2, Some(30)) });
        sql.worker(&worker(OFFLINE, 3, Some(3600)));
        sql.worker(&worker(NEVER_SEEN, 4, None));
        sql.worker(&Worker::live(coder));
        sql.job(&by(Job { id: Uuid::from_u128(1), ..Job::pending(acme, 10).running().completed() }, BUSY));
        let failed = Job::pending(acme, 20).running().completed().failed("no");
        sql.job(&by(Job { id: Uuid::from_u128(2), metadata: template.to_owned(), ..failed }, BUSY));
        sql.job(&by(Job { id: Uuid::from_u128(3), ..Job::pending(acme, 15).running().completed() }, BUSY));
        sql.job(&by(Job { id: Uuid::from_u128(4), ..Job::pending(acme, 5).running() }, BUSY));
        sql.job(&by(Job { id: Uuid::from_u128(5), ..Job::pending(acme, 5).running().canceled() }, OFFLINE));
    });
    server
}

fn list(server: &TestServer, query: &str) -> Vec<Value> {
    server.owner().get(&format!("{PATH}{query}")).expect(200).as_array().unwrap().clone()
}

fn ids(server: &TestServer, query: &str) -> Vec<Uuid> {
    list(server, query).iter().map(|worker| worker["id"].as_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn says_of_each_worker_what_it_does_and_did_last() {
    let server = server();
    let listed = list(&server, "?offline=true");
    let of = |id: Uuid| listed.iter().find(|worker| worker["id"] == id.to_string()).unwrap().clone();
    let busy = of(BUSY);
    assert_eq!(busy["status"], "busy");
    assert_eq!(busy["current_job"]["id"], Uuid::from_u128(4).to_string());
    assert_eq!(busy["current_job"]["status"], "running");
    assert_eq!(
        busy["previous_job"],
        json!({"id": Uuid::from_u128(2), "status": "failed", "template_name": "k8s", "template_icon": "/icon/k8s.png",
               "template_display_name": "Kubernetes"}),
        "the one that ended last"
    );
    assert_eq!(busy["tags"], serde_json::from_str::<Value>(GPU).unwrap());
    assert_eq!((&busy["provisioners"], &busy["version"]), (&json!(["terraform"]), &json!("v2.32.0")));
    assert_eq!((&busy["api_version"], &busy["created_at"]), (&json!("1.13"), &json!("2026-01-02T03:04:07Z")));
    assert_eq!((busy.get("key_id"), busy.get("key_name")), (None, None));

    let idle = of(IDLE);
    assert_eq!(idle["status"], "idle");
    assert_eq!((idle.get("current_job"), idle.get("previous_job")), (None, None));
    let offline = of(OFFLINE);
    assert_eq!((&offline["status"], &offline["current_job"]["status"]), (&json!("offline"), &json!("canceling")));
    assert_eq!((&of(NEVER_SEEN)["status"], of(NEVER_SEEN).get("last_seen_at")), (&json!("offline"), None));
}

#[test]
fn workers_that_are_gone_are_shown_to_who_asks_for_them() {
    let server = server();
    assert_eq!(ids(&server, ""), [BUSY, IDLE], "those that registered last first");
    assert_eq!(ids(&server, "?offline=false"), [BUSY, IDLE]);
    assert_eq!(ids(&server, "?offline=true"), [NEVER_SEEN, OFFLINE, BUSY, IDLE]);
    assert_eq!(ids(&server, "?status=offline"), [NEVER_SEEN, OFFLINE]);
    assert_eq!(ids(&server, "?status=offline&offline=false"), [NEVER_SEEN, OFFLINE]);
    assert_eq!(ids(&server, "?status=idle&offline=true"), [IDLE]);
    assert_eq!(ids(&server, "?limit=50&status=idle%2Cbusy"), [BUSY, IDLE]);
    assert_eq!(ids(&server, "?status=busy&status=offline"), [NEVER_SEEN, OFFLINE, BUSY]);
}

#[test]
fn filters_apply_together() {
    let server = server();
    assert_eq!(ids(&server, "?offline=true&max_age=2h0m0s"), [OFFLINE, BUSY, IDLE]);
    assert_eq!(ids(&server, "?offline=true&max_age=30m"), [BUSY, IDLE]);
    assert_eq!(ids(&server, &format!("?ids={IDLE},{OFFLINE}")), [IDLE]);
    assert_eq!(ids(&server, &format!("?offline=true&ids={IDLE},{OFFLINE}")), [OFFLINE, IDLE]);
    assert_eq!(ids(&server, r#"?tags={%22gpu%22:%22yes%22}"#), [BUSY]);
    assert_eq!(ids(&server, r#"?tags={%22owner%22:%22%22,%22scope%22:%22organization%22}"#), [IDLE], "exactly these");
    assert_eq!(ids(&server, r#"?tags={%22scope%22:%22organization%22}"#), [BUSY, IDLE]);
    assert_eq!(ids(&server, r#"?status=idle&tags={%22gpu%22:%22yes%22}"#), Vec::<Uuid>::new());
    assert_eq!(ids(&server, "?offline=true&limit=2"), [NEVER_SEEN, OFFLINE]);
    assert_eq!(ids(&server, "?limit=1&status=idle"), [IDLE], "the limit counts what passes");
}

#[test]
fn the_limit_is_fifty_unless_it_is_given() {
    let server = TestServer::start();
    let acme = server.owner().create("acme").parse().unwrap();
    server.change(|sql| (0..1200).for_each(|registered| sql.worker(&Worker { registered, ..Worker::live(acme) })));
    assert_eq!(list(&server, "").len(), 50);
    assert_eq!(list(&server, "?limit=1100").len(), 1100);
    assert_eq!(list(&server, "?limit=0").len(), 1200);
}

#[test]
fn every_wrong_parameter_is_named() {
    let server = server();
    let answer = server.owner().get(&format!("{PATH}?initiator=x&max_age=soon&offline=perhaps&status=asleep&limit=x"));
    let fields: Vec<_> = answer.validations(400).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["limit", "status", "offline", "max_age", "initiator"]);
}

#[test]
fn whoever_may_read_jobs_may_read_workers() {
    let server = server();
    for (name, site, inside, status) in [
        ("second-owner", Some("owner"), None, 200),
        ("org-admin", None, Some("organization-admin"), 200),
        ("org-template", None, Some("organization-template-admin"), 200),
        ("template-admin", Some("template-admin"), None, 404),
        ("auditor", Some("auditor"), None, 404),
        ("org-auditor", None, Some("organization-auditor"), 404),
        ("nobody", None, None, 404),
    ] {
        let site: Vec<_> = site.into_iter().collect();
        let roles: Vec<_> = inside.into_iter().collect();
        let inside: Vec<(&str, &[&str])> = if roles.is_empty() { Vec::new() } else { vec![("acme", &roles)] };
        let answer = server.client(&server.user(name, &site, &inside)).get(PATH);
        assert_eq!(answer.status, status, "{name}");
        assert!(status == 200 || answer.text() == NOT_FOUND, "{name}");
    }
}
