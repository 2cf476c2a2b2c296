//! What becomes of jobs whose workers are gone, and of the workers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Held, Job, TestServer, WorkerClient, eventually, time};
use crate::job_list::default_organization;
use crate::worker_acquire::{queue, shown};
use crate::worker_reports::{logs, outputs};

const HUNG: &str = "Coder: Build has been detected as hung for 1s and has been terminated by the reaper.";

/// A server that gives jobs up after a second, with more settings.
fn impatient(more: &[(&str, &str)]) -> TestServer {
    let settings = [("ORGD_HUNG_AFTER", "1s"), ("ORGD_REAPER_INTERVAL", "100ms")];
    TestServer::with(&[&settings, more].concat())
}

/// A worker that got a job and was silent for less than a second, in which it did this, which its server took; with the moment before it asked. On a
/// busy machine it takes several jobs.
fn at_work(server: &TestServer, worker: &WorkerClient, first: impl Fn(&Held) -> u16) -> (Held, Instant) {
    loop {
        queue(server, json!({}));
        let asked = Instant::now();
        let held = worker.take();
        let status = first(&held);
        if status == 200 {
            return (held, asked);
        }
        assert!(asked.elapsed() >= Duration::from_secs(1), "{status} after {:?}", asked.elapsed());
    }
}

fn has_failed(server: &TestServer, job: Uuid) -> bool {
    shown(server, job)["status"] == "failed"
}

#[test]
fn a_job_whose_worker_is_lost_fails_and_its_worker_can_do_nothing_more() {
    let server = impatient(&[]);
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let (held, asked) = at_work(&server, &worker, |held| worker.log(held, 0, &["working"]).status);
    let job = held.id;
    assert_eq!(held.told["timeout_seconds"], 1);
    eventually(|| has_failed(&server, job));
    assert!(asked.elapsed() >= Duration::from_secs(1), "not before its time: {:?}", asked.elapsed());
    let failed = shown(&server, job);
    assert_eq!((&failed["error"], failed.get("error_code")), (&json!(HUNG), None));
    assert_eq!((&failed["worker_id"], &failed["worker_name"]), (&json!(worker.id), &json!("builder")));
    assert!(time(&failed["completed_at"]) > time(&failed["started_at"]));
    assert_eq!(outputs(&server, job), ["working", HUNG]);
    let last = logs(&server, job)[1].clone();
    assert_eq!((&last["log_level"], &last["log_source"]), (&json!("error"), &json!("provisioner_daemon")));
    for answer in [
        worker.log(&held, 1, &["late"]),
        worker.progress(&held, json!({})),
        worker.complete(&held),
        worker.fail(&held, "late"),
    ] {
        assert_eq!(answer.message(409), "lease lost");
    }
    // Not even what it would have said of itself.
    assert_eq!(worker.fail(&held, "late").status, 409);
    assert_eq!((shown(&server, job), outputs(&server, job).len()), (failed, 2), "nothing was changed");
}

#[test]
fn progress_keeps_a_job_alive() {
    let server = impatient(&[]);
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let (alive, silent) = (queue(&server, json!({})), queue(&server, json!({})));
    // Just before the last request that gave it its time anew.
    let mut renewed = Instant::now();
    let held = [worker.take(), worker.take()];
    assert_eq!([held[0].id, held[1].id], [alive, silent]);
    let begun = Instant::now();
    loop {
        let asked = Instant::now();
        let is_over = begun.elapsed() > Duration::from_secs(3) && has_failed(&server, silent);
        let answer = if is_over { worker.complete(&held[0]) } else { worker.progress(&held[0], json!({})) };
        if answer.status != 200 {
            // The machine was too busy for this test: the worker really was silent for so long.
            assert!(renewed.elapsed() >= Duration::from_secs(1), "silent for {:?}", renewed.elapsed());
            return;
        }
        if is_over {
            return;
        }
        renewed = asked;
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A heartbeat of the worker is no progress of its job.
#[test]
fn a_worker_that_is_alive_and_does_not_report_on_its_job_loses_it() {
    let server = impatient(&[]);
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let job = queue(&server, json!({}));
    worker.take();
    eventually(|| {
        assert_eq!(worker.heartbeat().status, 204);
        has_failed(&server, job)
    });
}

#[test]
fn a_job_that_was_being_canceled_is_given_up_too() {
    let server = impatient(&[]);
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let (held, _) = at_work(&server, &worker, |held| {
        let cancel = format!("/organizations/coder/provisionerjobs/{}/cancel", held.id);
        server.owner().request("PATCH", &cancel).send().status
    });
    let job = held.id;
    eventually(|| has_failed(&server, job));
    assert_eq!(shown(&server, job)["error"], HUNG);
    assert!(shown(&server, job)["canceled_at"].is_string());
    assert_eq!(worker.complete(&held).status, 409);
}

#[test]
fn pending_jobs_wait_for_ever_unless_there_is_a_limit() {
    let old = |server: &TestServer| {
        let jobs: Vec<Job> = (0..3).map(|second| Job::pending(default_organization(server), second)).collect();
        server.change(|sql| jobs.iter().for_each(|job| sql.job(job)));
        jobs
    };
    let (patient, limited) = (impatient(&[]), impatient(&[("ORGD_PENDING_LIMIT", "1s")]));
    let (waiting, given_up) = (old(&patient), old(&limited));
    let why = "Coder: Build has been detected as pending for 1s and has been terminated by the reaper.";
    for job in &given_up {
        eventually(|| has_failed(&limited, job.id));
        let failed = shown(&limited, job.id);
        assert_eq!((&failed["error"], failed.get("worker_id"), failed.get("started_at")), (&json!(why), None, None));
        assert_eq!(outputs(&limited, job.id), [why]);
    }
    let mut young = queue(&limited, json!({}));
    let mut waits = shown(&limited, young);
    while waits["status"] != "pending" {
        young = queue(&limited, json!({}));
        waits = shown(&limited, young);
    }
    assert_eq!(waits["queue_size"], 1, "those that were given up are not in its way");
    eventually(|| has_failed(&limited, young));
    for (place, job) in waiting.iter().enumerate() {
        let shown = shown(&patient, job.id);
        assert_eq!((&shown["status"], &shown["queue_position"]), (&json!("pending"), &json!(place + 1)));
    }
}

#[test]
fn a_worker_that_was_not_seen_for_long_is_forgotten_and_its_jobs_keep_its_name() {
    let server = TestServer::with(&[("ORGD_FORGET_WORKERS_AFTER", "30s"), ("ORGD_REAPER_INTERVAL", "100ms")]);
    let register = || WorkerClient::register(&server.owner(), "coder", "builder");
    let (done, kept) = (queue(&server, json!({})), queue(&server, json!({})));
    let worker = register();
    // A worker that has a job stays as long as it has it.
    let done_held = worker.take();
    let kept_held = worker.take();
    assert_eq!([done_held.id, kept_held.id], [done, kept]);
    worker.complete(&done_held).expect(200);
    let listed = || {
        let list = server.owner().get("/organizations/coder/provisionerdaemons?offline=true").expect(200);
        list.as_array().unwrap().iter().map(|worker| worker["id"].clone()).collect::<Vec<Value>>()
    };
    server.change(|sql| sql.age_worker(worker.id, 3600));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(listed(), [json!(worker.id)]);
    worker.complete(&kept_held).expect(200);
    server.change(|sql| sql.age_worker(worker.id, 3600));
    eventually(|| listed().is_empty());
    assert_eq!(worker.heartbeat().status, 404);
    for job in [done, kept] {
        let shown = shown(&server, job);
        assert_eq!((&shown["worker_id"], &shown["worker_name"]), (&json!(worker.id), &json!("builder")));
    }
    assert_ne!(register().id, worker.id, "it comes back as another one");
}

#[test]
fn two_thousand_orphans_are_settled_in_a_few_searches() {
    let server = impatient(&[]);
    let coder = default_organization(&server);
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let orphans: Vec<Job> = (0..2000)
        .map(|second| {
            let mut job = Job::pending(coder, second).running();
            job.worker = Some((worker.id, "builder".to_owned()));
            job
        })
        .collect();
    server.change(|sql| orphans.iter().for_each(|job| sql.job(job)));
    queue(&server, json!({}));
    let mut renewed = Instant::now();
    let held = worker.take();
    let left = "SELECT count(*) AS value FROM provisioner_jobs WHERE status IN (1, 3)";
    let mut served = 0;
    let mut is_lost = false;
    eventually(|| {
        // The worker that reports is not touched, and is served while the others are settled; a busy machine may tell it to come again, or be so
        // busy that it was silent for too long.
        let asked = Instant::now();
        let status = worker.progress(&held, json!({})).status;
        is_lost |= status == 409 && renewed.elapsed() >= Duration::from_secs(1);
        assert!([200, 503].contains(&status) || is_lost, "{status}");
        if status == 200 {
            served += 1;
            renewed = asked;
        }
        server.sql().number(left) == i64::from(!is_lost)
    });
    assert!(served > 0 || is_lost);
    let ended = 2000 + usize::from(is_lost);
    let lines = "SELECT count(*) AS value FROM provisioner_job_logs";
    assert_eq!(server.sql().number(lines), ended as i64, "each is told once");
    let failed = server.owner().get("/organizations/coder/provisionerjobs?limit=0&status=failed").expect(200);
    assert_eq!(failed.as_array().unwrap().len(), ended);
    assert!(failed.as_array().unwrap().iter().all(|job| job["error"] == HUNG));
    let searches = || server.stderr().lines().filter(|line| line.contains("ended lost jobs")).count();
    // It is told after it is done.
    eventually(|| searches() > 0);
    assert!((1..=5).contains(&searches()), "{} searches", searches());
}

/// Workers could not report while the server was gone: each gets the whole time again.
#[test]
fn after_a_restart_workers_have_the_whole_time() {
    let mut server = TestServer::with(&[("ORGD_REAPER_INTERVAL", "100ms")]);
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    queue(&server, json!({}));
    let held = worker.take();
    server.kill();
    std::thread::sleep(Duration::from_millis(2100));
    let restarted = Instant::now();
    server.restart_with(&[("ORGD_HUNG_AFTER", "2s")]);
    let worker = worker.of(&server);
    let answer = worker.progress(&held, json!({}));
    assert!(answer.status == 200 || restarted.elapsed() > Duration::from_secs(2), "{}", answer.text());
    eventually(|| has_failed(&server, held.id));
    assert!(restarted.elapsed() >= Duration::from_secs(2), "{:?}", restarted.elapsed());
}
