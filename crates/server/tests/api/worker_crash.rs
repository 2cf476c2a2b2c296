//! Workers at work while the server is killed under them: what was acknowledged holds, and every job is where it can be explained.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, BASE, Client, Held, Kind, TestServer, WorkerClient, eventually};
use crate::worker_reports::outputs;

const WORKERS: usize = 6;
const ROUNDS: u64 = 5;
const JOBS: &str = "/organizations/coder/provisionerjobs";
/// How many log lines a job gets, two at a time.
const LINES: usize = 6;

/// What was asked for and what was acknowledged.
#[derive(Default)]
struct Ledger {
    /// Jobs whose queueing was acknowledged.
    queued: BTreeSet<Uuid>,
    /// Who was given which job; acknowledged.
    given: BTreeMap<Uuid, (usize, i64)>,
    /// How many log lines were acknowledged.
    lines: BTreeMap<Uuid, usize>,
    /// How a job was to end.
    ending: BTreeMap<Uuid, &'static str>,
    /// Jobs whose end was acknowledged.
    ended: BTreeSet<Uuid>,
}

/// A worker that goes on with its job after each restart of the server.
struct Robot {
    number: usize,
    worker: WorkerClient,
    held: Option<Held>,
}

/// `None` when the server went away instead of answering.
fn post(client: &Client, path: &str, body: &Value) -> Option<Answer> {
    let answer = client.request_at("POST", &format!("{BASE}{path}")).json(body).try_send().ok()?;
    assert!([200, 201].contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
    Some(answer)
}

impl Robot {
    /// Works until the server goes away or there is nothing left to do.
    fn work(&mut self, ledger: &Mutex<Ledger>, wait: u32) -> Option<()> {
        loop {
            if self.held.is_none() {
                let asked = post(&self.worker.client, &self.worker.path("acquire"), &json!({ "wait_seconds": wait }))?;
                let Some(held) = Held::of(&asked) else { return Some(()) };
                let before = ledger.lock().unwrap().given.insert(held.id, (self.number, held.attempt));
                assert_eq!(before, None, "{} was given away twice", held.id);
                self.held = Some(held);
            }
            self.finish(ledger)?;
            self.held = None;
        }
    }

    fn finish(&self, ledger: &Mutex<Ledger>) -> Option<()> {
        let held = self.held.as_ref().expect("a job");
        loop {
            let sent = ledger.lock().unwrap().lines.get(&held.id).copied().unwrap_or_default();
            if sent == LINES {
                break;
            }
            let lines: Vec<_> = (sent..sent + 2).map(|line| json!({ "output": line.to_string() })).collect();
            let body = json!({"attempt": held.attempt, "logs_offset": sent, "logs": lines});
            post(&self.worker.client, &self.worker.job_path(held.id, "progress"), &body)?;
            ledger.lock().unwrap().lines.insert(held.id, sent + 2);
        }
        let fails = held.id.as_u128() % 3 == 0;
        ledger.lock().unwrap().ending.insert(held.id, if fails { "failed" } else { "succeeded" });
        let (end, body) = match fails {
            true => ("fail", json!({"attempt": held.attempt, "error": "no"})),
            false => ("complete", json!({"attempt": held.attempt})),
        };
        post(&self.worker.client, &self.worker.job_path(held.id, end), &body)?;
        ledger.lock().unwrap().ended.insert(held.id);
        Some(())
    }
}

/// Queues jobs until the server goes away.
fn queue_all_the_time(client: &Client, ledger: &Mutex<Ledger>, over: &AtomicBool) {
    loop {
        let id = Uuid::new_v4();
        if post(client, JOBS, &json!({"type": "workspace_build", "id": id})).is_none() {
            assert!(over.load(Ordering::SeqCst), "the server went before it was killed");
            return;
        }
        ledger.lock().unwrap().queued.insert(id);
    }
}

/// All work until the server is killed under them.
fn work_until_killed(server: &mut TestServer, robots: &mut [Robot], ledger: &Mutex<Ledger>, round: u64) {
    let over = AtomicBool::new(false);
    let clients = [server.owner(), server.owner()];
    std::thread::scope(|scope| {
        for robot in robots {
            let over = &over;
            scope.spawn(move || {
                while robot.work(ledger, 1).is_some() {}
                assert!(over.load(Ordering::SeqCst), "the server went before it was killed");
            });
        }
        for client in &clients {
            let over = &over;
            scope.spawn(move || queue_all_the_time(client, ledger, over));
        }
        std::thread::sleep(Duration::from_millis(400 + 90 * round));
        over.store(true, Ordering::SeqCst);
        server.kill();
    });
}

fn all_jobs(server: &TestServer) -> Vec<Value> {
    server.owner().get(&format!("{JOBS}?limit=0")).expect(200).as_array().unwrap().clone()
}

fn id_of(job: &Value) -> Uuid {
    job["id"].as_str().unwrap().parse().unwrap()
}

/// Every job is where it is because of what was acknowledged, or of a request whose answer was lost. Adds to `unheard` the jobs
/// that were given to a worker that did not hear of it.
fn explain(server: &TestServer, robots: &[Robot], ledger: &Ledger, unheard: &mut BTreeMap<Uuid, usize>) {
    let jobs = all_jobs(server);
    let present: BTreeSet<_> = jobs.iter().map(id_of).collect();
    let lost: Vec<_> = ledger.queued.difference(&present).collect();
    assert!(lost.is_empty(), "of {} acknowledged jobs these are lost: {lost:?}", ledger.queued.len());
    for job in &jobs {
        let (id, status) = (id_of(job), job["status"].as_str().unwrap());
        let given = ledger.given.get(&id);
        let holder = robots.iter().find(|robot| robot.held.as_ref().is_some_and(|held| held.id == id));
        match status {
            "pending" => assert_eq!(given, None, "{id} was given away and is pending"),
            "running" if given.is_none() => {
                let number =
                    robots.iter().position(|robot| job["worker_id"] == json!(robot.worker.id)).expect("a worker");
                if unheard.insert(id, number).is_none() {
                    assert!(robots[number].held.is_none(), "{id} was given to a worker that did not ask for a job");
                }
            }
            "running" => {
                assert!(!ledger.ended.contains(&id), "the end of {id} was acknowledged");
                let holder = holder.unwrap_or_else(|| panic!("{id} is held by nobody who knows of it"));
                assert_eq!(job["worker_id"], json!(holder.worker.id));
            }
            end => {
                assert_eq!(ledger.ending.get(&id).copied(), Some(end), "{id}");
                assert!(given.is_some() && job["completed_at"].is_string());
            }
        }
        assert!(status != "pending" || !ledger.ended.contains(&id), "the end of {id} was acknowledged");
    }
    // All workers fit all jobs, so there is one queue.
    let mut pending: Vec<_> = jobs.iter().filter(|job| job["status"] == "pending").collect();
    pending.sort_by_key(|job| (job["created_at"].as_str().unwrap().to_owned(), id_of(job)));
    for (place, job) in pending.iter().enumerate() {
        let numbers = (&job["queue_position"], &job["queue_size"]);
        assert_eq!(numbers, (&json!(place + 1), &json!(pending.len())), "{}", job["id"]);
    }
}

/// Every acknowledged line is there, once and in order, and of the others none out of turn.
fn check_logs(server: &TestServer, ledger: &Ledger) {
    for id in ledger.given.keys() {
        let lines = outputs(server, *id);
        let acknowledged = ledger.lines.get(id).copied().unwrap_or_default();
        assert!(lines.len() >= acknowledged && lines.len() <= LINES, "{id}: {acknowledged} of {lines:?}");
        assert!(lines.iter().enumerate().all(|(number, line)| *line == number.to_string()), "{id}: {lines:?}");
    }
}

#[test]
fn after_kill_9_every_job_is_where_it_can_be_explained() {
    let mut server = TestServer::start();
    let register = |number| WorkerClient::register(&server.owner(), "coder", &format!("robot-{number}"));
    let mut robots: Vec<_> =
        (0..WORKERS).map(|number| Robot { number, worker: register(number), held: None }).collect();
    let ledger = Mutex::<Ledger>::default();
    let mut unheard = BTreeMap::new();
    for round in 0..ROUNDS {
        let before = ledger.lock().unwrap().ended.len();
        work_until_killed(&mut server, &mut robots, &ledger, round);
        server.restart();
        eventually(|| server.owner().get(JOBS).status == 200);
        robots.iter_mut().for_each(|robot| robot.worker = robot.worker.of(&server));
        let ledger = ledger.lock().unwrap();
        assert!(ledger.ended.len() > before + WORKERS, "round {round}: only {} jobs", ledger.ended.len() - before);
        explain(&server, &robots, &ledger, &mut unheard);
        let mut sql = server.sql();
        if sql.kind() == Kind::Sqlite {
            assert_eq!(sql.words("SELECT integrity_check AS value FROM pragma_integrity_check"), "ok");
        }
    }
    // Those that have a job go on with it where they were, and all of the rest is done.
    std::thread::scope(|scope| {
        let ledger = &ledger;
        for robot in &mut robots {
            scope.spawn(move || robot.work(ledger, 0).expect("the server stays"));
        }
    });
    let ledger = ledger.into_inner().unwrap();
    explain(&server, &robots, &ledger, &mut unheard);
    check_logs(&server, &ledger);
    let left: Vec<_> = all_jobs(&server).iter().filter(|job| job["completed_at"].is_null()).map(id_of).collect();
    assert!(left.iter().all(|id| unheard.contains_key(id)), "these should have ended: {left:?}");
    assert!(unheard.len() <= WORKERS * usize::try_from(ROUNDS).unwrap());
}
