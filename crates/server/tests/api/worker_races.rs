//! Many workers at once: no job is given away twice, none is lost, and nobody is passed over.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Begun, Held, Job, TestServer, WorkerClient, eventually};
use crate::job_list::default_organization;
use crate::worker_acquire::{queue, shown};

fn workers(server: &TestServer, count: usize) -> Vec<WorkerClient> {
    (0..count).map(|number| WorkerClient::register(&server.owner(), "coder", &format!("w{number}"))).collect()
}

/// The workers ask and wait. Given back once all have their places in the line.
fn wait_in_line(server: &TestServer, workers: &[WorkerClient]) -> Vec<Begun> {
    let before = server.metric("orgd_workers_waiting");
    let begun = workers.iter().map(|worker| worker.begin_acquire(60)).collect();
    eventually(|| server.metric("orgd_workers_waiting") == before + workers.len() as u64);
    begun
}

fn wait_alone(server: &TestServer, worker: &WorkerClient) -> Begun {
    wait_in_line(server, std::slice::from_ref(worker)).pop().unwrap()
}

#[test]
fn of_200_jobs_and_64_workers_each_job_is_given_once() {
    let server = TestServer::with(&[("ORGD_WORKERS", "4")]);
    let coder = default_organization(&server);
    let workers = workers(&server, 64);
    let jobs: Vec<Job> = (0..200).map(|second| Job::pending(coder, second)).collect();
    server.change(|sql| jobs.iter().for_each(|job| sql.job(job)));
    let given: Mutex<Vec<(usize, Held)>> = Mutex::default();
    std::thread::scope(|scope| {
        for (number, worker) in workers.iter().enumerate() {
            let given = &given;
            scope.spawn(move || {
                while let Some(held) = worker.acquire(0) {
                    given.lock().unwrap().push((number, held));
                }
            });
        }
    });
    let given = given.into_inner().unwrap();
    let mut ids: Vec<_> = given.iter().map(|(_, held)| held.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((given.len(), ids.len()), (200, 200), "none twice, none lost");
    let place: BTreeMap<Uuid, usize> = jobs.iter().enumerate().map(|(place, job)| (job.id, place)).collect();
    for (number, worker) in workers.iter().enumerate() {
        let own: Vec<_> = given.iter().filter(|(taker, _)| *taker == number).collect();
        assert!(own.is_sorted_by_key(|(_, held)| place[&held.id]), "worker {number} got them in order");
        for (_, held) in own {
            assert_eq!((held.attempt, &held.told["job"]["worker_id"]), (1, &json!(worker.id)));
        }
    }
    let listed = server.owner().get("/organizations/coder/provisionerjobs?limit=0&status=running").expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 200);
}

#[test]
fn of_64_workers_that_wait_the_one_that_waited_longest_gets_the_job() {
    let server = TestServer::with(&[("ORGD_WORKERS", "4")]);
    let workers = workers(&server, 64);
    let first = wait_alone(&server, &workers[0]);
    let others = wait_in_line(&server, &workers[1..]);
    let id = queue(&server, json!({}));
    let held = Held::of(&first.answer()).expect("the first gets it");
    assert_eq!((held.id, held.attempt), (id, 1));
    assert_eq!(shown(&server, id)["worker_id"], json!(workers[0].id));
    drop(others);
}

#[test]
fn workers_are_served_in_the_order_in_which_they_came() {
    let server = TestServer::start();
    let workers = workers(&server, 6);
    let line: Vec<_> = workers.iter().map(|worker| wait_alone(&server, worker)).collect();
    for (number, waiting) in line.into_iter().enumerate() {
        let id = queue(&server, json!({}));
        assert_eq!(Held::of(&waiting.answer()).map(|held| held.id), Some(id), "worker {number}");
    }
}

#[test]
fn jobs_that_come_while_workers_wait_are_all_given_away_at_once() {
    let server = TestServer::with(&[("ORGD_WORKERS", "4")]);
    let workers = workers(&server, 24);
    let waiting: Vec<_> = workers.iter().map(|worker| worker.begin_acquire(60)).collect();
    let queued: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..24).map(|_| scope.spawn(|| queue(&server, json!({})))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let mut given: Vec<_> = waiting.into_iter().map(|one| Held::of(&one.answer()).expect("a job").id).collect();
    given.sort();
    let mut queued = queued;
    queued.sort();
    assert_eq!(given, queued);
}

#[test]
fn a_worker_whose_connection_is_cut_while_it_waits_gets_nothing() {
    let server = TestServer::start();
    let workers = workers(&server, 2);
    drop(wait_alone(&server, &workers[0]));
    let id = queue(&server, json!({}));
    eventually(|| shown(&server, id)["status"] == "pending");
    let held = workers[1].acquire(60).expect("a job");
    assert_eq!(held.id, id);
    workers[1].complete(&held).expect(200);
    assert_eq!(shown(&server, id)["worker_id"], json!(workers[1].id));
}

/// Whoever is next in the line gets it at once, and not when it looks by itself, which is every five seconds.
#[test]
fn a_job_of_a_worker_that_was_cut_off_goes_to_the_next_at_once() {
    let server = TestServer::start();
    let workers = workers(&server, 4);
    let mut times = Vec::new();
    for round in 0..6 {
        eventually(|| server.metric("orgd_workers_waiting") == 0);
        let mut line: Vec<_> = workers.iter().map(|worker| wait_alone(&server, worker)).collect();
        let last = line.pop().unwrap();
        drop(line);
        let begun = Instant::now();
        let id = queue(&server, json!({}));
        let held = Held::of(&last.answer()).expect("a job");
        times.push(begun.elapsed());
        assert_eq!(held.id, id, "round {round}");
        workers[3].complete(&held).expect(200);
    }
    // The machine may be busy with something else for a while, but not each time.
    assert!(times.iter().min() < Some(&Duration::from_secs(2)), "{times:?}");
}

/// Connections are cut around the moment at which the job comes. Whatever the server had given away by then is held by nobody
/// who knows of it; all others must be given to whoever asks, and the attempts tell how often each was given away.
#[test]
fn jobs_that_cross_with_a_cut_connection_are_not_lost() {
    let server = TestServer::with(&[("ORGD_HUNG_AFTER", "1s"), ("ORGD_REAPER_INTERVAL", "100ms")]);
    let workers = workers(&server, 2);
    for round in 0..16_u64 {
        let waiting = workers[0].begin_acquire(60);
        std::thread::sleep(Duration::from_millis(5));
        let id = std::thread::scope(|scope| {
            let queued = scope.spawn(|| queue(&server, json!({})));
            std::thread::sleep(Duration::from_micros(400 * round));
            drop(waiting);
            queued.join().unwrap()
        });
        let mut was_too_slow = false;
        eventually(|| {
            let asked = Instant::now();
            if let Some(held) = workers[1].acquire(0) {
                assert_eq!(held.id, id, "round {round}");
                let status = workers[1].complete(&held).status;
                was_too_slow |= status == 409 && asked.elapsed() >= Duration::from_secs(1);
                assert!(status == 200 || was_too_slow, "round {round}: {status}");
            }
            // The answer was on its way when the connection went: then the search for lost workers ends it.
            ["succeeded", "failed"].map(|end| json!(end)).contains(&shown(&server, id)["status"])
        });
        if shown(&server, id)["status"] == "failed" && !was_too_slow {
            assert_eq!(shown(&server, id)["worker_id"], json!(workers[0].id), "round {round}");
        }
    }
}

#[test]
fn attempts_grow_each_time_a_job_is_given_away() {
    let server = TestServer::start();
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let id = queue(&server, json!({}));
    for attempt in 1..=3 {
        let held = worker.take();
        assert_eq!((held.id, held.attempt), (id, attempt));
        // As an operator does who gives a job back to the queue.
        server.change(|sql| {
            let id = sql.kind().uuid(id);
            sql.run(&format!(
                "UPDATE provisioner_jobs SET status = 0, started_at = NULL, worker_id = NULL, worker_name = '' WHERE id = {id}"
            ));
        });
        for answer in [worker.progress(&held, json!({})), worker.complete(&held), worker.fail(&held, "no")] {
            assert_eq!(answer.message(409), "lease lost");
            assert_eq!(answer.detail(409), format!("Attempt {attempt} of this job does not hold it any more."));
        }
    }
    let shown = shown(&server, id);
    assert_eq!((&shown["status"], shown.get("worker_id")), (&json!("pending"), None));
}

#[test]
fn one_worker_may_hold_many_jobs_and_ask_many_times_at_once() {
    let server = TestServer::start();
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let waiting: Vec<_> = (0..6).map(|_| worker.begin_acquire(60)).collect();
    let mut queued: Vec<_> = (0..6).map(|_| queue(&server, json!({}))).collect();
    let held: Vec<_> = waiting.into_iter().map(|one| Held::of(&one.answer()).expect("a job")).collect();
    let mut given: Vec<_> = held.iter().map(|held| held.id).collect();
    given.sort();
    queued.sort();
    assert_eq!(given, queued);
    let ended: Vec<Value> = held.iter().map(|held| worker.complete(held).expect(200)["status"].clone()).collect();
    assert_eq!(ended, vec![json!("succeeded"); 6]);
}
