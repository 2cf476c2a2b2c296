//! Coder's own ways to cancel: by what a job works on.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Client, NOT_FOUND, TestServer, WorkerClient};

const JOBS: &str = "/organizations/acme/provisionerjobs";
const MARKED: &str = "Job has been marked as canceled...";
const MARKED_DRY_RUN: &str = "Job has been marked as canceled.";

fn server() -> TestServer {
    let server = TestServer::start();
    server.owner().create("acme");
    server
}

fn queue(server: &TestServer, kind: &str, input: Value) -> Uuid {
    let job = server.owner().post(JOBS, json!({"type": kind, "input": input})).expect(201);
    job["id"].as_str().unwrap().parse().unwrap()
}

fn build(server: &TestServer, build: Uuid) -> Uuid {
    queue(server, "workspace_build", json!({ "workspace_build_id": build }))
}

fn of_version(server: &TestServer, kind: &str, version: Uuid) -> Uuid {
    queue(server, kind, json!({ "template_version_id": version }))
}

fn cancel_build(client: &Client, build: Uuid, query: &str) -> Answer {
    client.request("PATCH", &format!("/workspacebuilds/{build}/cancel{query}")).send()
}

fn cancel_version(client: &Client, version: Uuid) -> Answer {
    client.request("PATCH", &format!("/templateversions/{version}/cancel")).send()
}

fn cancel_dry_run(client: &Client, version: Uuid, job: Uuid) -> Answer {
    client.request("PATCH", &format!("/templateversions/{version}/dry-run/{job}/cancel")).send()
}

fn status(server: &TestServer, job: Uuid) -> Value {
    server.owner().get(&format!("{JOBS}/{job}")).expect(200)["status"].clone()
}

#[test]
fn each_kind_of_job_is_canceled_in_coders_words() {
    let server = server();
    let owner = server.owner();
    let (built, version) = (Uuid::new_v4(), Uuid::new_v4());
    let job = build(&server, built);
    assert_eq!(cancel_build(&owner, built, "").text(), format!("{{\"message\":\"{MARKED}\"}}\n"));
    assert_eq!(status(&server, job), "canceled", "at once, since nobody had it");
    assert_eq!(cancel_build(&owner, built, "").message(400), "Job has already completed!");

    let job = of_version(&server, "template_version_import", version);
    assert_eq!(cancel_version(&owner, version).message(200), MARKED);
    assert_eq!(status(&server, job), "canceled");
    assert_eq!(cancel_version(&owner, version).message(400), "Job has already completed!");

    let job = of_version(&server, "template_version_dry_run", version);
    assert_eq!(cancel_dry_run(&owner, version, job).message(200), MARKED_DRY_RUN);
    assert_eq!(status(&server, job), "canceled");
    assert_eq!(cancel_dry_run(&owner, version, job).message(400), "Job has already completed.");
}

#[test]
fn a_job_that_a_worker_has_is_marked_and_its_worker_told() {
    let server = server();
    let owner = server.owner();
    let worker = WorkerClient::register(&owner, "acme", "builder");
    let (built, version) = (Uuid::new_v4(), Uuid::new_v4());
    build(&server, built);
    of_version(&server, "template_version_import", version);
    let dry_run = of_version(&server, "template_version_dry_run", version);
    let held = [worker.take(), worker.take(), worker.take()];
    let all =
        || [cancel_build(&owner, built, ""), cancel_version(&owner, version), cancel_dry_run(&owner, version, dry_run)];
    assert_eq!(all().map(|answer| answer.message(200)), [MARKED, MARKED, MARKED_DRY_RUN]);
    for held in &held {
        assert_eq!(status(&server, held.id), "canceling");
        assert_eq!(worker.progress(held, json!({})).expect(200)["canceling"], true);
    }
    let already = [
        "Job has already been marked as canceled!",
        "Job has already been marked as canceled!",
        "Job has already been marked as canceled.",
    ];
    assert_eq!(all().map(|answer| answer.message(400)), already);
    held.iter().for_each(|held| drop(worker.complete(held).expect(200)));
    let over = ["Job has already completed!", "Job has already completed!", "Job has already completed."];
    assert_eq!(all().map(|answer| answer.message(400)), over);
}

#[test]
fn a_job_that_failed_has_completed() {
    let server = server();
    let worker = WorkerClient::register(&server.owner(), "acme", "builder");
    let built = Uuid::new_v4();
    build(&server, built);
    worker.fail(&worker.take(), "no").expect(200);
    assert_eq!(
        cancel_build(&server.owner(), built, "?expect_status=running").message(400),
        "Job has already completed!"
    );
}

#[test]
fn the_expected_status_must_be_the_jobs() {
    let server = server();
    let owner = server.owner();
    let worker = WorkerClient::register(&owner, "acme", "builder");
    let built = Uuid::new_v4();
    let job = build(&server, built);
    let unexpected = "Job is not in the expected state.";
    assert_eq!(cancel_build(&owner, built, "?expect_status=running").message(412), unexpected);
    assert_eq!(status(&server, job), "pending", "nothing was changed");
    let held = worker.take();
    assert_eq!(cancel_build(&owner, built, "?expect_status=pending").message(412), unexpected);
    assert_eq!(status(&server, job), "running");
    assert_eq!(cancel_build(&owner, built, "?expect_status=running").message(200), MARKED);
    assert_eq!(
        cancel_build(&owner, built, "?expect_status=running").status,
        400,
        "the end comes before the expectation"
    );
    worker.complete(&held).expect(200);
    build(&server, built);
    assert_eq!(cancel_build(&owner, built, "?expect_status=pending").message(200), MARKED);
    for query in
        ["?expect_status=failed", "?expect_status=RUNNING", "?expect_status=running&expect_status=pending", "?x=1"]
    {
        let answer = cancel_build(&owner, built, query);
        assert_eq!(answer.message(400), "Invalid query parameters.", "{query}");
        assert_eq!(answer.validations(400).len(), 1, "{query}");
    }
}

#[test]
fn the_newest_job_of_what_it_works_on_is_canceled() {
    let server = server();
    let owner = server.owner();
    let (built, version) = (Uuid::new_v4(), Uuid::new_v4());
    let jobs: Vec<_> = (0..3).map(|_| build(&server, built)).collect();
    assert_eq!(cancel_build(&owner, built, "").message(200), MARKED);
    assert_eq!(jobs.iter().map(|job| status(&server, *job)).collect::<Vec<_>>(), ["pending", "pending", "canceled"]);
    assert_eq!(cancel_build(&owner, built, "").message(400), "Job has already completed!", "not the next older one");

    // An import and a dry run of the same version, and a build that has the version's id, are different things.
    let import = of_version(&server, "template_version_import", version);
    let dry_run = of_version(&server, "template_version_dry_run", version);
    let same_id = build(&server, version);
    assert_eq!(cancel_version(&owner, version).message(200), MARKED);
    let now = || [import, dry_run, same_id].map(|job| status(&server, job));
    assert_eq!(now(), ["canceled", "pending", "pending"]);
    for (version, job) in [(version, import), (version, same_id), (Uuid::new_v4(), dry_run), (version, Uuid::new_v4())]
    {
        assert_eq!(cancel_dry_run(&owner, version, job).text(), NOT_FOUND);
    }
    assert_eq!(now(), ["canceled", "pending", "pending"]);
    assert_eq!(cancel_dry_run(&owner, version, dry_run).message(200), MARKED_DRY_RUN);
    assert_eq!(now(), ["canceled", "canceled", "pending"]);
    assert_eq!(cancel_build(&owner, version, "").message(200), MARKED);
}

#[test]
fn an_id_in_any_of_coders_forms_is_read_and_anything_else_is_named() {
    let server = server();
    let owner = server.owner();
    let built = Uuid::new_v4();
    build(&server, built);
    let cancel = |id: &str| owner.request("PATCH", &format!("/workspacebuilds/{id}/cancel")).send();
    assert_eq!(cancel(&built.simple().to_string()).message(200), MARKED);
    assert_eq!(cancel(&format!("urn:uuid:{built}")).status, 400, "the same one: it has ended");
    assert_eq!(cancel("first").message(400), "Invalid UUID \"first\".");
    let member = server.client(&server.user("member", &[], &[]));
    for path in [
        "/workspacebuilds/x/cancel".to_owned(),
        "/templateversions/x/cancel".to_owned(),
        format!("/templateversions/x/dry-run/{built}/cancel"),
        format!("/templateversions/{built}/dry-run/x/cancel"),
    ] {
        assert_eq!(member.request("PATCH", &path).send().message(400), "Invalid UUID \"x\".", "{path}");
        assert_eq!(server.anonymous().request("PATCH", &path).send().status, 401, "{path}");
    }
}

#[test]
fn whoever_may_not_cancel_cannot_tell_that_there_is_a_job() {
    let server = server();
    let worker = WorkerClient::register(&server.owner(), "acme", "builder");
    for (name, site, inside, may) in [
        ("second-owner", Some("owner"), None, true),
        ("org-admin", None, Some("organization-admin"), true),
        ("org-template", None, Some("organization-template-admin"), true),
        ("template-admin", Some("template-admin"), None, false),
        ("auditor", Some("auditor"), None, false),
        ("org-auditor", None, Some("organization-auditor"), false),
        ("nobody", None, None, false),
    ] {
        let (built, version) = (Uuid::new_v4(), Uuid::new_v4());
        build(&server, built);
        of_version(&server, "template_version_import", version);
        let dry_run = of_version(&server, "template_version_dry_run", version);
        let site: Vec<_> = site.into_iter().collect();
        let roles: Vec<_> = inside.into_iter().collect();
        let inside: Vec<(&str, &[&str])> = if roles.is_empty() { Vec::new() } else { vec![("acme", &roles)] };
        let client = server.client(&server.user(name, &site, &inside));
        let answers = [
            cancel_build(&client, built, ""),
            cancel_version(&client, version),
            cancel_dry_run(&client, version, dry_run),
        ];
        for answer in answers {
            assert_eq!(answer.status, if may { 200 } else { 404 }, "{name}");
            assert!(may || answer.text() == NOT_FOUND, "{name}");
        }
        if !may {
            // Not by what else the answer depends on either.
            assert_eq!(cancel_build(&client, built, "?expect_status=running").text(), NOT_FOUND);
            std::iter::from_fn(|| worker.acquire(0)).for_each(|held| drop(worker.complete(&held).expect(200)));
            assert_eq!(cancel_build(&client, built, "").text(), NOT_FOUND);
        }
    }
    let elsewhere = server.client(&server.user("elsewhere", &[], &[("coder", &["organization-admin"])]));
    let built = Uuid::new_v4();
    build(&server, built);
    assert_eq!(cancel_build(&elsewhere, built, "").text(), NOT_FOUND);
}

#[test]
fn jobs_of_a_deleted_organization_are_gone() {
    let server = server();
    let owner = server.owner();
    let (built, version) = (Uuid::new_v4(), Uuid::new_v4());
    build(&server, built);
    of_version(&server, "template_version_import", version);
    let dry_run = of_version(&server, "template_version_dry_run", version);
    // Jobs that have not ended keep their organization.
    assert_eq!(owner.delete("/organizations/acme").status, 409);
    for canceled in
        [cancel_build(&owner, built, ""), cancel_version(&owner, version), cancel_dry_run(&owner, version, dry_run)]
    {
        canceled.expect(200);
    }
    owner.delete("/organizations/acme").expect(200);
    let answers =
        [cancel_build(&owner, built, ""), cancel_version(&owner, version), cancel_dry_run(&owner, version, dry_run)];
    answers.iter().for_each(|answer| assert_eq!(answer.text(), NOT_FOUND));
}

#[test]
fn a_page_of_another_site_cannot_cancel() {
    let server = server();
    let built = Uuid::new_v4();
    let job = build(&server, built);
    let cookie = format!("coder_session_token={}", server.owner_token());
    let request = server.anonymous().request("PATCH", &format!("/workspacebuilds/{built}/cancel"));
    assert_eq!(request.header("Cookie", cookie).send().status, 400);
    assert_eq!(status(&server, job), "pending");
}

/// Of many who cancel at once one does it, however many workers take jobs meanwhile.
#[test]
fn of_many_cancellations_one_is_the_first() {
    let server = server();
    let worker = WorkerClient::register(&server.owner(), "acme", "builder");
    for _ in 0..5 {
        let built = Uuid::new_v4();
        let job = build(&server, built);
        let (statuses, held) = std::thread::scope(|scope| {
            let calls: Vec<_> =
                (0..8).map(|_| scope.spawn(|| cancel_build(&server.owner(), built, "").status)).collect();
            let held = worker.acquire(0);
            (calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<_>>(), held)
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 400).count(), 7, "{statuses:?}");
        if let Some(held) = held {
            assert_eq!(worker.complete(&held).expect(200)["status"], "canceled");
        }
        assert_eq!(status(&server, job), "canceled");
    }
}
