//! Asking for jobs: which one a worker gets, and when.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Held, Job, TestServer, WorkerClient, eventually};
use crate::job_list::default_organization;

const JOBS: &str = "/organizations/coder/provisionerjobs";

/// Queues a workspace build with more than its type, and gives its id.
pub fn queue(server: &TestServer, more: Value) -> Uuid {
    let mut body = more;
    body["type"] = json!("workspace_build");
    let job = server.owner().post(JOBS, body).expect(201);
    job["id"].as_str().unwrap().parse().unwrap()
}

/// A job as it is shown.
pub fn shown(server: &TestServer, id: Uuid) -> Value {
    server.owner().get(&format!("{JOBS}/{id}")).expect(200)
}

fn canonical(pairs: &[(&str, &str)]) -> String {
    let all: std::collections::BTreeMap<_, _> =
        [("owner", ""), ("scope", "organization")].iter().chain(pairs).copied().collect();
    serde_json::to_string(&all).unwrap()
}

#[test]
fn a_worker_is_told_all_of_the_job_that_it_got() {
    let server = TestServer::start();
    let worker = WorkerClient::register_as(
        &server.owner(),
        "coder",
        json!({"name": "builder", "provisioners": ["echo"], "tags": {"gpu": "yes"}}),
    );
    let (build, file) = (Uuid::new_v4(), Uuid::new_v4());
    let id = queue(
        &server,
        json!({"provisioner": "echo", "tags": {"gpu": "yes"}, "file_id": file, "input": {"workspace_build_id": build},
               "metadata": {"workspace_name": "dev"}}),
    );
    let held = worker.take();
    let told = &held.told;
    assert_eq!((held.id, held.attempt), (id, 1));
    assert_eq!((&told["provisioner"], &told["timeout_seconds"]), (&json!("echo"), &json!(300)));
    let job = &told["job"];
    assert_eq!(
        (&job["status"], &job["worker_id"], &job["worker_name"]),
        (&json!("running"), &json!(worker.id), &json!("builder"))
    );
    assert_eq!((&job["file_id"], &job["input"]), (&json!(file), &json!({ "workspace_build_id": build })));
    assert_eq!((&job["metadata"]["workspace_name"], &job["tags"]["gpu"]), (&json!("dev"), &json!("yes")));
    assert_eq!((&job["queue_position"], &job["queue_size"]), (&json!(0), &json!(0)));
    assert_eq!(*job, shown(&server, id));
    assert_eq!(server.owner().get(JOBS).expect(200), json!([job]));
}

#[test]
fn without_a_job_the_answer_is_empty_when_the_wait_is_over() {
    let server = TestServer::start();
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    assert_eq!(worker.client.post(&worker.path("acquire"), json!({"wait_seconds": 0})).text(), "{}\n");
    let begun = Instant::now();
    assert_eq!(worker.acquire(1), None);
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    for (body, rule) in [
        (json!({"wait_seconds": -1}), "must be a whole number from 0 to 60"),
        (json!({"wait_seconds": 61}), "must be a whole number from 0 to 60"),
        (json!({"wait_seconds": 1.5}), "must be"),
        (json!({"wait_seconds": "1"}), "must be"),
        (json!({"wait_seconds": null}), "must be a whole number"),
    ] {
        let said = worker.client.post(&worker.path("acquire"), body.clone()).validations(400);
        assert!(said.len() == 1 && said[0].0 == "wait_seconds" && said[0].1.contains(rule), "{body}: {said:?}");
    }
    queue(&server, json!({}));
    let longest = worker.client.post(&worker.path("acquire"), json!({"wait_seconds": 60}));
    assert!(Held::of(&longest).is_some(), "60 is allowed and a job is given at once");
    queue(&server, json!({}));
    assert!(
        Held::of(&worker.client.post(&worker.path("acquire"), json!({}))).is_some(),
        "30 s are waited when none are given"
    );
}

/// A worker looks again every five seconds without having been woken, and would have to wait for that. Half of the times will do,
/// since a busy machine takes its time.
#[test]
fn a_job_wakes_a_worker_that_waits() {
    let server = TestServer::start();
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let mut times = Vec::new();
    for _ in 0..12 {
        let begun = Instant::now();
        let waiting = worker.begin_acquire(60);
        std::thread::sleep(Duration::from_millis(50));
        let id = queue(&server, json!({}));
        let held = Held::of(&waiting.answer()).expect("a job");
        assert_eq!(held.id, id);
        times.push(begun.elapsed());
        worker.complete(&held).expect(200);
    }
    times.sort();
    assert!(times[times.len() / 2] < Duration::from_secs(3), "{times:?}");
}

#[test]
fn jobs_that_were_written_behind_the_servers_back_wake_too() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let waiting = worker.begin_acquire(60);
    let job = Job::pending(coder, 1);
    server.change(|sql| sql.job(&job));
    assert_eq!(Held::of(&waiting.answer()).expect("a job").id, job.id);
}

#[test]
fn only_jobs_that_the_worker_fits_are_given_to_it() {
    let server = TestServer::start();
    let acme = server.owner().create("acme").parse().unwrap();
    let coder = default_organization(&server);
    let user = r#"{"owner":"ana","scope":"user"}"#;
    // Of each job: its tags, its type, and which of the workers below fit it, by the prose of the contract.
    let jobs = [
        (coder, canonical(&[]), 1, vec!["plain", "both-types"]),
        (coder, canonical(&[]), 0, vec!["both-types"]),
        (coder, canonical(&[("gpu", "yes")]), 1, vec!["gpu", "gpu-disk"]),
        (coder, canonical(&[("gpu", "no")]), 1, vec![]),
        (coder, canonical(&[("disk", "fast"), ("gpu", "yes")]), 1, vec!["gpu-disk"]),
        (coder, canonical(&[("gpu", "yes")]), 0, vec![]),
        (coder, user.to_owned(), 1, vec![]),
        (acme, canonical(&[]), 1, vec!["elsewhere"]),
    ];
    let register = |organization: &str, name: &str, provisioners: Value, tags: Value| {
        let body = json!({"name": name, "provisioners": provisioners, "tags": tags});
        (name.to_owned(), WorkerClient::register_as(&server.owner(), organization, body))
    };
    let workers = [
        register("coder", "plain", json!(["terraform"]), json!({})),
        register("coder", "both-types", json!(["echo", "terraform"]), json!({})),
        register("coder", "gpu", json!(["terraform"]), json!({"gpu": "yes"})),
        register("coder", "gpu-disk", json!(["terraform"]), json!({"gpu": "yes", "disk": "fast", "more": "x"})),
        register("coder", "of-user", json!(["terraform"]), json!({"scope": "user", "gpu": "yes"})),
        register("acme", "elsewhere", json!(["terraform"]), json!({})),
    ];
    for (number, (organization, tags, provisioner, fitting)) in jobs.into_iter().enumerate() {
        for (name, worker) in &workers {
            let job = Job { provisioner, ..Job::pending(organization, i64::try_from(number).unwrap()).tagged(&tags) };
            server.change(|sql| sql.job(&job));
            let held = worker.acquire(0);
            assert_eq!(held.is_some(), fitting.contains(&name.as_str()), "job {number} for {name}");
            match held {
                Some(held) => drop(worker.complete(&held).expect(200)),
                None => server.change(|sql| {
                    sql.run(&format!("DELETE FROM provisioner_jobs WHERE id = {}", sql.kind().uuid(job.id)));
                }),
            }
        }
    }
}

#[test]
fn a_users_own_jobs_go_to_that_users_workers() {
    let server = TestServer::start();
    let ana = server.client(&server.user("ana", &[], &[("coder", &["organization-admin"])]));
    let of_ana = WorkerClient::tagged(&ana, "coder", "builder", json!({"scope": "user"}));
    let of_owner = WorkerClient::tagged(&server.owner(), "coder", "builder", json!({"scope": "user"}));
    let body = json!({"type": "workspace_build", "tags": {"scope": "user"}});
    let of_ana_job = ana.post(JOBS, body.clone()).expect(201)["id"].clone();
    assert_eq!(of_owner.acquire(0), None);
    let of_owner_job = server.owner().post(JOBS, body).expect(201)["id"].clone();
    assert_eq!(json!(of_owner.take().id), of_owner_job);
    assert_eq!(json!(of_ana.take().id), of_ana_job);
}

#[test]
fn jobs_are_given_in_the_order_of_the_queue_across_tag_sets() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let tag_sets: Vec<String> = (0..40).map(|number| canonical(&[("n", &number.to_string())])).collect();
    let mut all = serde_json::Map::new();
    let mut jobs = Vec::new();
    for number in 0..40_usize {
        // A key for each tag set, so that one worker fits them all and each is a queue of its own.
        let tags = canonical(&[(&format!("k{number}"), "x")]);
        all.insert(format!("k{number}"), json!("x"));
        for copy in 0..3_usize {
            let place = (number * 7 + copy * 13) % 50;
            let mut job = Job::pending(coder, i64::try_from(place).unwrap()).tagged(&tags);
            job.class = i64::from((number + copy) % 4 == 0);
            jobs.push(job);
        }
    }
    server.change(|sql| {
        jobs.iter().for_each(|job| sql.job(job));
        // In the way of nobody: jobs that the worker does not fit, older than all.
        tag_sets.iter().for_each(|tags| sql.job(&Job::pending(coder, -100).tagged(tags)));
    });
    let worker = WorkerClient::tagged(&server.owner(), "coder", "builder", all.into());
    jobs.sort_by_key(|job| (job.class, job.created, job.id));
    for (place, job) in jobs.iter().enumerate() {
        let shown = shown(&server, job.id);
        assert_eq!((&shown["queue_position"], &shown["queue_size"]), (&json!(1), &json!(jobs.len() - place)));
        let held = worker.take();
        assert_eq!(held.id, job.id, "place {place}");
    }
    assert_eq!(worker.acquire(0), None);
}

#[test]
fn a_canceled_job_is_never_given_away() {
    let server = TestServer::start();
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let jobs: Vec<_> = (0..20).map(|_| queue(&server, json!({}))).collect();
    let cancel = |id: &Uuid| server.owner().request("PATCH", &format!("{JOBS}/{id}/cancel")).send();
    let held: Vec<_> = std::thread::scope(|scope| {
        let taking = scope.spawn(|| std::iter::from_fn(|| worker.acquire(0)).collect::<Vec<_>>());
        jobs.iter().rev().for_each(|id| assert_eq!(cancel(id).status, 200));
        taking.join().unwrap()
    });
    for id in jobs {
        let held = held.iter().find(|held| held.id == id);
        let expected = if held.is_some() { "canceling" } else { "canceled" };
        assert_eq!(shown(&server, id)["status"], expected);
        if let Some(held) = held {
            assert_eq!(worker.complete(held).expect(200)["status"], "canceled");
        }
    }
}

#[test]
fn tags_that_a_worker_registers_while_it_waits_count_the_next_time() {
    let server = TestServer::start();
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let waiting = worker.begin_acquire(2);
    let id = queue(&server, json!({"tags": {"gpu": "yes"}}));
    WorkerClient::tagged(&server.owner(), "coder", "builder", json!({"gpu": "yes"}));
    let held = Held::of(&waiting.answer()).or_else(|| worker.acquire(0)).expect("a job");
    assert_eq!(held.id, id);
}

#[test]
fn a_worker_that_waits_is_let_go_when_the_server_stops() {
    let mut server = TestServer::with(&[("ORGD_DRAIN_SECONDS", "600")]);
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let begun = Instant::now();
    let waiting: Vec<_> = (0..8).map(|_| worker.begin_acquire(60)).collect();
    eventually(|| server.metric("orgd_workers_waiting") == 8);
    server.signal("TERM");
    for waiting in waiting {
        assert_eq!(Held::of(&waiting.answer()), None);
    }
    // After the minute that they asked for they would have gone by themselves.
    assert!(begun.elapsed() < Duration::from_secs(55), "they were not let go: {:?}", begun.elapsed());
    assert!(server.ends_well());
    assert!(begun.elapsed() < Duration::from_secs(120), "it did not wait for them: {:?}", begun.elapsed());
}

/// Whoever may not work any more when the job comes does not get it; it stays where it was.
#[test]
fn what_was_taken_away_while_a_worker_waits_is_taken_away() {
    let server = TestServer::start();
    let owner = server.owner();
    let made = owner.post("/organizations/coder/provisionerkeys", json!({"name": "farm"})).expect(201);
    let by_key = WorkerClient::register(&server.key_holder(made["key"].as_str().unwrap()), "coder", "of-key");
    let token = server.user("ana", &[], &[("coder", &["organization-admin"])]);
    let by_token = WorkerClient::register(&server.client(&token), "coder", "of-ana");
    let other_token = server.user("bo", &[], &[("coder", &["organization-admin"])]);
    let by_role = WorkerClient::register(&server.client(&other_token), "coder", "of-bo");
    let waiting = [&by_key, &by_token, &by_role].map(|worker| worker.begin_acquire(60));
    eventually(|| server.metric("orgd_workers_waiting") == 3);
    assert_eq!(owner.delete("/organizations/coder/provisionerkeys/farm").status, 204);
    server.command(&["token", "revoke", &token]);
    server.change(|sql| {
        sql.run(
            "UPDATE organization_members SET roles = '[]' WHERE user_id = (SELECT id FROM users WHERE username = 'bo')",
        );
    });
    let ids: Vec<_> = (0..3).map(|_| queue(&server, json!({}))).collect();
    assert_eq!(waiting.map(|waiting| waiting.answer().status), [401, 401, 404]);
    // What was refused goes back in its own time; a job counts in the queue while it is pending.
    eventually(|| ids.iter().all(|id| shown(&server, *id)["queue_size"] == 3));
    let worker = WorkerClient::register(&owner, "coder", "builder");
    assert_eq!(ids.iter().map(|_| worker.acquire(60).expect("a job").id).collect::<Vec<_>>(), ids);
}
