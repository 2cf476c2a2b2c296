//! Workers that go on with their jobs whatever happens to the server, a ledger of what they were told, and the rules by which
//! every job must be explained by it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, time};
use super::client::{BASE, Client};
use super::server::TestServer;
use super::worker_client::{Held, WorkerClient};

const JOBS: &str = "/organizations/coder/provisionerjobs";
/// How many log lines a job gets, two at a time.
const LINES: usize = 6;

/// What was asked for and what was acknowledged.
#[derive(Default)]
pub struct Ledger {
    /// Jobs whose queueing was acknowledged.
    pub queued: BTreeSet<Uuid>,
    /// Who was given which job; acknowledged.
    pub given: BTreeMap<Uuid, usize>,
    /// How many log lines were acknowledged.
    pub lines: BTreeMap<Uuid, usize>,
    /// How a job was to end.
    pub ending: BTreeMap<Uuid, &'static str>,
    /// Jobs whose end was acknowledged.
    pub ended: BTreeSet<Uuid>,
    /// How often a worker asked for a job and was not told whether it got one.
    pub unanswered: BTreeMap<usize, usize>,
}

/// A worker that goes on with its job after each interruption.
pub struct Robot {
    number: usize,
    /// How it speaks to the server.
    pub worker: WorkerClient,
    held: Option<Held>,
}

/// `None` when the server went away instead of answering, or could not reach its database.
fn try_post(client: &Client, path: &str, body: &Value) -> Option<Answer> {
    let answer = client.request_at("POST", &format!("{BASE}{path}")).json(body).try_send().ok()?;
    assert!([200, 201, 503].contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
    (answer.status != 503).then_some(answer)
}

/// Tries again until the server answers; `None` when it is over.
fn post(client: &Client, path: &str, body: &Value, over: &AtomicBool) -> Option<Answer> {
    loop {
        match try_post(client, path, body) {
            None if over.load(Ordering::SeqCst) => return None,
            None => std::thread::sleep(Duration::from_millis(20)),
            answer => return answer,
        }
    }
}

impl Robot {
    /// A worker of the organization `coder`.
    #[track_caller]
    pub fn register(server: &TestServer, number: usize) -> Self {
        let worker = WorkerClient::register(&server.owner(), "coder", &format!("robot-{number}"));
        Self { number, worker, held: None }
    }

    /// Works until it is over and the server does not answer, or until there is nothing left to do when it is.
    pub fn work(&mut self, ledger: &Mutex<Ledger>, over: &AtomicBool) {
        loop {
            if self.held.is_none() && !self.ask(ledger, over) {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                continue;
            }
            if self.finish(ledger, over).is_none() {
                return;
            }
            self.held = None;
        }
    }

    /// True when it has a job now.
    fn ask(&mut self, ledger: &Mutex<Ledger>, over: &AtomicBool) -> bool {
        let wait = u32::from(!over.load(Ordering::SeqCst));
        let path = self.worker.path("acquire");
        let Some(answer) = try_post(&self.worker.client, &path, &json!({ "wait_seconds": wait })) else {
            *ledger.lock().unwrap().unanswered.entry(self.number).or_default() += 1;
            std::thread::sleep(Duration::from_millis(20));
            return false;
        };
        self.held = Held::of(&answer);
        if let Some(held) = &self.held {
            let before = ledger.lock().unwrap().given.insert(held.id, self.number);
            assert_eq!(before, None, "{} was given away twice", held.id);
        }
        self.held.is_some()
    }

    fn finish(&self, ledger: &Mutex<Ledger>, over: &AtomicBool) -> Option<()> {
        let held = self.held.as_ref().expect("a job");
        let post =
            |operation: &str, body| post(&self.worker.client, &self.worker.job_path(held.id, operation), &body, over);
        loop {
            let sent = ledger.lock().unwrap().lines.get(&held.id).copied().unwrap_or_default();
            if sent == LINES {
                break;
            }
            let lines: Vec<_> = (sent..sent + 2).map(|line| json!({ "output": line.to_string() })).collect();
            post("progress", json!({"attempt": held.attempt, "logs_offset": sent, "logs": lines}))?;
            ledger.lock().unwrap().lines.insert(held.id, sent + 2);
        }
        let fails = held.id.as_u128().is_multiple_of(3);
        ledger.lock().unwrap().ending.insert(held.id, if fails { "failed" } else { "succeeded" });
        match fails {
            true => post("fail", json!({"attempt": held.attempt, "error": "no"}))?,
            false => post("complete", json!({"attempt": held.attempt}))?,
        };
        ledger.lock().unwrap().ended.insert(held.id);
        Some(())
    }
}

/// Queues jobs until it is over.
pub fn queue_all_the_time(client: &Client, ledger: &Mutex<Ledger>, over: &AtomicBool) {
    while !over.load(Ordering::SeqCst) {
        let id = Uuid::new_v4();
        if post(client, JOBS, &json!({"type": "workspace_build", "id": id}), over).is_some() {
            ledger.lock().unwrap().queued.insert(id);
        }
    }
}

/// All jobs as they are listed.
pub fn all_jobs(server: &TestServer) -> Vec<Value> {
    server.owner().get(&format!("{JOBS}?limit=0")).expect(200).as_array().unwrap().clone()
}

fn id_of(job: &Value) -> Uuid {
    job["id"].as_str().unwrap().parse().unwrap()
}

impl Ledger {
    /// Every job is where it is because of what was acknowledged, or of a request whose answer was lost. Gives the jobs that
    /// were given to a worker that did not hear of it.
    #[track_caller]
    pub fn explain(&self, server: &TestServer, robots: &[Robot]) -> BTreeSet<Uuid> {
        let jobs = all_jobs(server);
        let present: BTreeSet<_> = jobs.iter().map(id_of).collect();
        let lost: Vec<_> = self.queued.difference(&present).collect();
        assert!(lost.is_empty(), "of {} acknowledged jobs these are lost: {lost:?}", self.queued.len());
        let mut unheard: BTreeMap<usize, BTreeSet<Uuid>> = BTreeMap::new();
        for job in &jobs {
            let (id, status) = (id_of(job), job["status"].as_str().unwrap());
            let taker = robots.iter().find(|robot| job["worker_id"] == json!(robot.worker.id));
            assert_eq!(taker.is_none(), status == "pending", "{job}");
            let given = self.given.get(&id);
            let Some(taker) = taker else {
                assert_eq!(given, None, "{id} was given away and is pending");
                continue;
            };
            match given {
                Some(number) => assert_eq!(*number, taker.number, "{id} is another worker's"),
                None => drop(unheard.entry(taker.number).or_default().insert(id)),
            }
            if status == "running" {
                assert!(!self.ended.contains(&id), "the end of {id} was acknowledged");
                let is_known = taker.held.as_ref().is_some_and(|held| held.id == id);
                assert!(is_known || given.is_none(), "{id} is held by nobody who knows of it");
            } else {
                assert_eq!(self.ending.get(&id).copied(), Some(status), "{id}");
                assert!(given.is_some() && job["completed_at"].is_string(), "{id}");
            }
        }
        for (number, jobs) in &unheard {
            let unanswered = self.unanswered.get(number).copied().unwrap_or_default();
            assert!(jobs.len() <= unanswered, "worker {number} was not told of {jobs:?} and knows of {unanswered}");
        }
        check_places(&jobs);
        unheard.into_values().flatten().collect()
    }

    /// Every acknowledged line is there, once and in order, and of the others none out of turn.
    #[track_caller]
    pub fn check_logs(&self, server: &TestServer) {
        for id in self.given.keys() {
            let list = server.owner().get(&format!("{JOBS}/{id}/logs")).expect(200);
            let lines: Vec<_> = list.as_array().unwrap().iter().map(|line| line["output"].as_str().unwrap()).collect();
            let acknowledged = self.lines.get(id).copied().unwrap_or_default();
            assert!(lines.len() >= acknowledged && lines.len() <= LINES, "{id}: {acknowledged} of {lines:?}");
            assert!(lines.iter().enumerate().all(|(number, line)| *line == number.to_string()), "{id}: {lines:?}");
        }
    }
}

/// All workers fit all jobs, so there is one queue.
fn check_places(jobs: &[Value]) {
    let mut pending: Vec<_> = jobs.iter().filter(|job| job["status"] == "pending").collect();
    // Not as texts: zeros at the end of a fraction are left out.
    let created = |job: &Value| time(&job["created_at"]);
    pending.sort_by_key(|job| (created(job), id_of(job)));
    for (place, job) in pending.iter().enumerate() {
        let numbers = (&job["queue_position"], &job["queue_size"]);
        assert_eq!(numbers, (&json!(place + 1), &json!(pending.len())), "{}", job["id"]);
    }
}
