//! Workers and jobs on several servers of one database.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use orgd_postgres_cluster::Options;
use serde_json::{Value, json};
use uuid::Uuid;

use super::harness::{
    Event, EventStream, Held, Job, Ledger, Robot, TestServer, WorkerClient, all_jobs, eventually, queue_all_the_time,
};
use super::replicas::without;
use super::{cluster, patiently, serving, soon};

const JOBS: &str = "/organizations/coder/provisionerjobs";
/// Far sooner than by a look of one's own, which is taken every five seconds or more.
const SOON: Duration = Duration::from_millis(2500);

/// Asserts that more than half of what was waited for came soon: a busy machine holds up one or the other.
#[track_caller]
fn mostly_soon(mut took: Vec<Duration>) {
    took.sort();
    assert!(took[took.len() / 2] < SOON, "{took:?}");
}

fn coder(server: &TestServer) -> Uuid {
    server.owner().get("/organizations/coder").expect(200)["id"].as_str().unwrap().parse().unwrap()
}

fn queue(server: &TestServer) -> Uuid {
    let job = server.owner().post(JOBS, json!({"type": "workspace_build"})).expect(201);
    job["id"].as_str().unwrap().parse().unwrap()
}

fn follow(server: &TestServer, job: Uuid) -> EventStream {
    server.owner().request("GET", &format!("{JOBS}/{job}/logs?follow=true")).begin().events()
}

fn next_output(events: &mut EventStream) -> Value {
    events.next().expect("an event").data["output"].clone()
}

#[test]
fn a_worker_may_work_on_any_server_as_soon_as_it_is_registered() {
    let (_cluster, first) = serving();
    let second = first.replica(&[]);
    for number in 0..40 {
        let worker = WorkerClient::register(&first.owner(), "coder", &format!("w{number}"));
        assert_eq!(worker.of(&second).heartbeat().status, 204, "worker {number}");
        assert_eq!(worker.of(&second).acquire(0), None);
    }
}

#[test]
fn a_job_that_was_queued_on_one_server_is_given_away_on_another() {
    let (_cluster, first) = serving();
    let second = first.replica(&[]);
    let worker = WorkerClient::register(&second.owner(), "coder", "builder");
    let job = queue(&first);
    let begun = Instant::now();
    let held = Mutex::new(None);
    soon(begun, "a job", || {
        let mut held = held.lock().unwrap();
        if held.is_none() {
            *held = worker.acquire(0);
        }
        held.is_some()
    });
    let held = held.into_inner().unwrap().unwrap();
    assert_eq!(held.id, job);
    // Reports may go to either.
    worker.of(&first).log(&held, 0, &["a"]).expect(200);
    worker.log(&held, 1, &["b"]).expect(200);
    worker.of(&first).complete(&held).expect(200);
    worker.complete(&held).expect(200);
}

#[test]
fn of_300_jobs_and_32_workers_on_three_servers_each_job_is_given_once() {
    let (_cluster, first) = serving();
    let servers = [first.replica(&[]), first.replica(&[]), first];
    let organization = coder(&servers[0]);
    let workers: Vec<_> = (0..32_usize)
        .map(|number| WorkerClient::register(&servers[number % 3].owner(), "coder", &format!("w{number}")))
        .collect();
    let jobs: Vec<Job> = (0..300).map(|second| Job::pending(organization, second)).collect();
    servers[0].change(|sql| jobs.iter().for_each(|job| sql.job(job)));
    let given: Mutex<Vec<Uuid>> = Mutex::default();
    std::thread::scope(|scope| {
        for worker in &workers {
            let given = &given;
            scope.spawn(move || {
                let path = worker.path("acquire");
                // A server that has not heard of the jobs yet hears of them while its workers wait.
                let acquire = || patiently(|| worker.client.post(&path, json!({"wait_seconds": 2})));
                while let Some(held) = Held::of(&acquire()) {
                    given.lock().unwrap().push(held.id);
                    assert_eq!(held.attempt, 1);
                }
            });
        }
    });
    let given = given.into_inner().unwrap();
    let distinct: BTreeSet<_> = given.iter().copied().collect();
    assert_eq!((given.len(), distinct.len()), (300, 300), "none twice, none lost");
    let running = servers[1].owner().get(&format!("{JOBS}?limit=0&status=running")).expect(200);
    let takers: BTreeSet<_> = running.as_array().unwrap().iter().map(|job| job["worker_id"].to_string()).collect();
    assert!(takers.len() > 10, "the work was spread: {}", takers.len());
    for server in &servers {
        let begun = Instant::now();
        soon(begun, "the empty queue", || server.owner().get(&format!("{JOBS}?status=pending")).text() == "[]\n");
    }
}

#[test]
fn of_workers_that_wait_on_two_servers_one_gets_the_job() {
    let (_cluster, first) = serving();
    let second = first.replica(&[]);
    let servers = [&first, &second];
    let workers: Vec<_> = (0..32_usize)
        .map(|number| WorkerClient::register(&servers[number % 2].owner(), "coder", &format!("w{number}")))
        .collect();
    let waiting: Vec<_> = workers.iter().map(|worker| worker.begin_acquire(60)).collect();
    let job = queue(&first);
    let running = || -> BTreeSet<Uuid> {
        let list = second.owner().get(&format!("{JOBS}?limit=0&status=running")).expect(200);
        list.as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().parse().unwrap()).collect()
    };
    eventually(|| running().contains(&job));
    // One for each of the others, so that nobody waits to the end.
    for _ in 1..workers.len() {
        queue(&first);
    }
    let held: Vec<_> = waiting.into_iter().filter_map(|waiting| Held::of(&waiting.answer())).collect();
    let distinct: BTreeSet<_> = held.iter().map(|held| held.id).collect();
    assert_eq!(distinct.len(), held.len(), "one was given twice");
    assert!(distinct.contains(&job) && held.iter().all(|held| held.attempt == 1), "{held:?}");
    eventually(|| running() == distinct);
}

/// Jobs come to a worker that waits on another server: far sooner than it would look by itself, which is every five seconds.
fn jobs_come_across(first: &TestServer, second: &TestServer, rounds: usize) {
    let worker = WorkerClient::register(&second.owner(), "coder", "builder");
    let mut took = Vec::new();
    for _ in 0..rounds {
        let waiting = worker.begin_acquire(60);
        std::thread::sleep(Duration::from_millis(50));
        let job = queue(first);
        let queued = Instant::now();
        let held = Held::of(&waiting.answer()).expect("a job");
        took.push(queued.elapsed());
        assert_eq!(held.id, job);
        worker.complete(&held).expect(200);
    }
    mostly_soon(took);
}

#[test]
fn a_worker_that_waits_on_one_server_gets_what_is_queued_on_another() {
    let (cluster, first) = serving();
    let second = first.replica(&[]);
    jobs_come_across(&first, &second, 7);
    without(&cluster, "orgd follow", || jobs_come_across(&first, &second, 5));
    jobs_come_across(&first, &second, 3);
}

/// Lines that are reported to one server are seen by who follows on the other, and so is the end.
fn lines_come_across(first: &TestServer, second: &TestServer) {
    let worker = WorkerClient::register(&first.owner(), "coder", "follower");
    let job = queue(first);
    let held = worker.take();
    let mut events = follow(second, job);
    let mut took = Vec::new();
    for number in 0..4 {
        worker.log(&held, number, &[&number.to_string()]).expect(200);
        let logged = Instant::now();
        assert_eq!(next_output(&mut events), number.to_string());
        took.push(logged.elapsed());
    }
    worker.complete(&held).expect(200);
    let ended = Instant::now();
    let end = Event { name: "end".to_owned(), id: None, data: json!({"status": "succeeded"}) };
    assert_eq!(events.rest(), [end]);
    took.push(ended.elapsed());
    // By itself a follower looks every fifteen seconds.
    mostly_soon(took);
}

#[test]
fn a_log_is_followed_on_one_server_while_its_lines_come_to_another() {
    let (cluster, first) = serving();
    let second = first.replica(&[]);
    lines_come_across(&first, &second);
    without(&cluster, "orgd follow", || lines_come_across(&first, &second));
}

/// The same lines are sent to both servers at once, as a worker does that tries the next one when an answer does not come.
#[test]
fn lines_that_are_sent_to_two_servers_are_kept_once() {
    let (_cluster, first) = serving();
    let second = first.replica(&[]);
    let worker = WorkerClient::register(&first.owner(), "coder", "builder");
    let job = queue(&first);
    let held = worker.take();
    for round in 0..5 {
        std::thread::scope(|scope| {
            for caller in 0..12_usize {
                let (worker, held) = (worker.of(if caller % 2 == 0 { &first } else { &second }), &held);
                scope.spawn(move || patiently(|| worker.log(held, round * 2, &["a", "b"])).expect(200));
            }
        });
    }
    let lines = second.owner().get(&format!("{JOBS}/{job}/logs")).expect(200);
    let texts: Vec<_> = lines.as_array().unwrap().iter().map(|line| line["output"].as_str().unwrap()).collect();
    assert_eq!(texts, ["a", "b"].repeat(5));
    // Of an end, too, there is one, whoever hears of it.
    let ends: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..12_usize)
            .map(|caller| {
                let (worker, held) = (worker.of(if caller % 2 == 0 { &first } else { &second }), &held);
                scope.spawn(move || match caller % 4 {
                    0 | 1 => (true, patiently(|| worker.complete(held)).status),
                    _ => (false, patiently(|| worker.fail(held, "no")).status),
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let succeeded = second.owner().get(&format!("{JOBS}/{job}")).expect(200)["status"] == "succeeded";
    for (completes, status) in ends {
        assert_eq!(status, if completes == succeeded { 200 } else { 409 });
    }
}

#[test]
fn a_job_that_is_canceled_on_one_server_is_not_given_away_on_another() {
    let (_cluster, first) = serving();
    let second = first.replica(&[]);
    let worker = WorkerClient::register(&second.owner(), "coder", "builder");
    for round in 0..20_u64 {
        let job = queue(&first);
        let held = std::thread::scope(|scope| {
            let taking = scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(round * 2));
                worker.acquire(0)
            });
            let path = format!("{JOBS}/{job}/cancel");
            assert_eq!(first.owner().request("PATCH", &path).send().status, 200);
            taking.join().unwrap()
        });
        if let Some(held) = held {
            assert_eq!(held.id, job);
            assert_eq!(worker.progress(&held, json!({})).expect(200)["canceling"], true);
            worker.complete(&held).expect(200);
        }
        let shown = first.owner().get(&format!("{JOBS}/{job}")).expect(200);
        assert_eq!(shown["status"], "canceled", "round {round}");
    }
}

#[test]
fn several_searches_for_lost_workers_end_each_job_once() {
    let cluster = cluster(&Options::default());
    let url = cluster.create_database("orgd").unwrap();
    let settings = [("ORGD_DATABASE_URL", url.as_str()), ("ORGD_HUNG_AFTER", "1s"), ("ORGD_REAPER_INTERVAL", "100ms")];
    let first = TestServer::with(&settings);
    let replicas = [first.replica(&[]), first.replica(&[])];
    let organization = coder(&first);
    let worker = WorkerClient::register(&first.owner(), "coder", "builder");
    let orphans: Vec<Job> = (0..600)
        .map(|second| {
            let mut job = Job::pending(organization, second).running();
            job.worker = Some((worker.id, "builder".to_owned()));
            job
        })
        .collect();
    first.change(|sql| orphans.iter().for_each(|job| sql.job(job)));
    eventually(|| first.sql().number("SELECT count(*) AS value FROM provisioner_jobs WHERE status IN (1, 3)") == 0);
    let lines = "SELECT count(*) AS value FROM provisioner_job_logs";
    assert_eq!(first.sql().number(lines), 600, "each is told once");
    let settled = |server: &TestServer| -> i64 {
        let log = server.stderr();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines
            .filter(|line| line["message"] == "ended lost jobs and forgot workers")
            .filter_map(|line| line["held"].as_i64())
            .sum()
    };
    eventually(|| settled(&first) + replicas.iter().map(settled).sum::<i64>() == 600);
}

#[test]
fn a_key_that_is_deleted_on_one_server_is_refused_on_all_within_a_second() {
    let (cluster, first) = serving();
    let second = first.replica(&[]);
    let check = |name: &str| {
        let made = first.owner().post("/organizations/coder/provisionerkeys", json!({ "name": name })).expect(201);
        let holder = first.key_holder(made["key"].as_str().unwrap());
        let worker = WorkerClient::register(&holder, "coder", name);
        assert_eq!(worker.of(&second).heartbeat().status, 204);
        let path = format!("/organizations/coder/provisionerkeys/{name}");
        assert_eq!(first.owner().delete(&path).status, 204);
        assert_eq!(worker.heartbeat().status, 401, "at once where it was deleted");
        soon(Instant::now(), "a deletion", || worker.of(&second).heartbeat().status == 401);
    };
    check("farm");
    without(&cluster, "orgd follow", || (0..5).for_each(|number| check(&format!("cut-{number}"))));
}

/// Workers on two servers go on through a restart of the database that they notice.
#[test]
fn after_a_restart_of_the_database_every_job_is_where_it_can_be_explained() {
    let mut cluster = cluster(&Options { durable: true, ..Options::default() });
    let url = cluster.create_database("orgd").unwrap();
    let first = TestServer::with(&[("ORGD_DATABASE_URL", &url)]);
    let second = first.replica(&[]);
    let mut robots: Vec<_> =
        (0..6).map(|number| Robot::register(if number % 2 == 0 { &first } else { &second }, number)).collect();
    let (ledger, over) = (Mutex::<Ledger>::default(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let (ledger, over, clients) = (&ledger, &over, [first.owner(), second.owner()]);
        robots.iter_mut().for_each(|robot| drop(scope.spawn(move || robot.work(ledger, over))));
        for client in clients {
            scope.spawn(move || queue_all_the_time(&client, ledger, over));
        }
        let new = || json!({"name": Uuid::new_v4().simple().to_string()});
        let can_write = || first.owner().post("/organizations", new()).status == 201;
        for _ in 0..2 {
            let done = || ledger.lock().unwrap().ended.len();
            let before = done();
            eventually(|| done() > before + 20);
            cluster.stop_immediate().unwrap();
            eventually(|| !can_write());
            std::thread::sleep(Duration::from_millis(200));
            cluster.restart().unwrap();
            eventually(can_write);
        }
        std::thread::sleep(Duration::from_millis(500));
        over.store(true, Ordering::SeqCst);
    });
    let ledger = ledger.into_inner().unwrap();
    let begun = Instant::now();
    for server in [&first, &second] {
        soon(begun, "the last job", || all_jobs(server).len() >= ledger.queued.len());
        let unheard = ledger.explain(server, &robots);
        let left = all_jobs(server).iter().filter(|job| job["status"] == "running").count();
        assert_eq!(left, unheard.len(), "all others that were given away have ended");
        ledger.check_logs(server);
    }
}
