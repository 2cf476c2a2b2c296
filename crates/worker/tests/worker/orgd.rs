//! The part of orgd that workers meet: it gives jobs, keeps logs as the contract says, and fails where a test wants it to.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use orgd_client::{Client, Credential};
use serde_json::{Value, json};

use crate::fake::{Fake, Reply, Request};

const WORKER: &str = "00000000-0000-0000-0000-0000000000aa";
const JOB: &str = "00000000-0000-0000-0000-0000000000bb";

/// How long a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the server knows.
#[derive(Debug, Default)]
pub struct State {
    /// Bodies of registrations.
    pub registrations: Vec<Value>,
    /// How many registrations are accepted; the rest is refused.
    pub refuse_registration_after: Option<usize>,
    /// Calls of the worker are answered with 404 until it registers again.
    pub is_forgotten: bool,
    /// Calls of the worker but registrations are answered with 404.
    pub forgets_at_once: bool,
    /// Who asks for a job is answered at once.
    pub lets_nobody_wait: bool,
    /// Jobs to give.
    pub waiting: u32,
    /// How many were given.
    pub given: u32,
    /// How often somebody asked for one.
    pub asked: u32,
    /// When each report on progress came.
    pub reports: Vec<Instant>,
    /// Log lines as `level output`.
    pub logs: Vec<String>,
    /// What progress is answered: the job is canceled.
    pub canceling: bool,
    /// What progress is answered: the log is full.
    pub is_full: bool,
    /// Every report is answered with 409.
    pub is_lost: bool,
    /// How each job ended: `complete`, or `fail` and the error.
    pub ends: Vec<String>,
    /// How many requests to come get no answer; every second of them is carried out all the same.
    pub unanswered: u32,
}

/// A server, and what it knows.
#[derive(Clone)]
pub struct Orgd {
    state: Arc<(Mutex<State>, Condvar)>,
    fake: Arc<Fake>,
}

impl Orgd {
    /// Starts a server with this many jobs.
    pub fn start(jobs: u32) -> Self {
        let state = Arc::new((Mutex::new(State { waiting: jobs, ..State::default() }), Condvar::new()));
        let kept = Arc::clone(&state);
        let fake = Fake::start(move |request| answer(&kept, request));
        Self { state, fake: Arc::new(fake) }
    }

    /// A client with a provisioner key.
    pub fn client(&self) -> Client {
        Client::new(&self.fake.url, &Credential::ProvisionerKey("key".to_owned())).unwrap()
    }

    /// Looks at what it knows, or changes it.
    pub fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let result = work(&mut self.lock());
        self.state.1.notify_all();
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap()
    }

    /// Waits until it is so.
    #[track_caller]
    pub fn wait_for(&self, mut is_so: impl FnMut(&State) -> bool) {
        let waited = self.state.1.wait_timeout_while(self.lock(), PATIENCE, |state| !is_so(state)).unwrap().1;
        assert!(!waited.timed_out(), "it is still not so: {:#?}", self.lock());
    }
}

fn answer((state, changed): &(Mutex<State>, Condvar), request: &Request) -> Reply {
    assert_eq!(request.header("coder-provisioner-key"), Some("key"));
    let path = request.line.strip_prefix("POST /api/v2/organizations/acme/provisionerdaemons").unwrap();
    let mut guard = state.lock().unwrap();
    let is_out = guard.unanswered > 0;
    guard.unanswered = guard.unanswered.saturating_sub(1);
    if is_out && guard.unanswered.is_multiple_of(2) {
        changed.notify_all();
        return Reply::Nothing;
    }
    let of_worker = path.strip_prefix(&format!("/{WORKER}/"));
    let of_job = of_worker.and_then(|rest| rest.strip_prefix(&format!("jobs/{JOB}/")));
    let reply = match (of_worker, of_job) {
        (Some(_), _) if guard.is_forgotten || guard.forgets_at_once => {
            Reply::json(404, &json!({"message": "Resource not found"}))
        }
        (_, Some(_)) if guard.is_lost => Reply::json(409, &json!({"message": "lease lost"})),
        (None, _) => register(&mut guard, path, request),
        (Some("acquire"), _) => {
            guard.asked += 1;
            changed.notify_all();
            let wait = Duration::from_secs(request.body["wait_seconds"].as_u64().unwrap());
            guard = changed
                .wait_timeout_while(guard, wait, |state| state.waiting == 0 && !state.lets_nobody_wait)
                .unwrap()
                .0;
            acquire(&mut guard)
        }
        (_, Some("progress")) => progress(&mut guard, &request.body),
        (_, Some("complete")) => end(&mut guard, "complete".to_owned()),
        (_, Some("fail")) => end(&mut guard, format!("fail: {}", request.body["error"].as_str().unwrap())),
        (Some("heartbeat"), _) => Reply::Answer(204, vec![], String::new()),
        _ => panic!("{}", request.line),
    };
    changed.notify_all();
    if is_out { Reply::Nothing } else { reply }
}

fn register(state: &mut State, path: &str, request: &Request) -> Reply {
    assert_eq!(path, "");
    state.registrations.push(request.body.clone());
    if state.refuse_registration_after.is_some_and(|most| state.registrations.len() > most) {
        return Reply::json(401, &json!({"message": "You are signed out."}));
    }
    state.is_forgotten = false;
    Reply::json(
        201,
        &json!({
            "id": WORKER, "organization_id": JOB, "created_at": "2026-01-02T03:04:05Z", "name": "w", "version": "v",
            "api_version": "1.0", "provisioners": ["echo"], "tags": {}, "status": "idle",
        }),
    )
}

fn acquire(state: &mut State) -> Reply {
    if state.waiting == 0 {
        return Reply::json(200, &json!({}));
    }
    state.waiting -= 1;
    state.given += 1;
    let job = json!({"id": JOB, "status": "running", "type": "workspace_build", "tags": {"scope": "organization"}});
    let acquired = json!({"attempt": state.given, "provisioner": "echo", "timeout_seconds": 300, "job": job});
    Reply::json(200, &json!({ "job": acquired }))
}

fn progress(state: &mut State, body: &Value) -> Reply {
    assert_eq!(body["attempt"], state.given);
    state.reports.push(Instant::now());
    let offset = usize::try_from(body["logs_offset"].as_u64().unwrap()).unwrap();
    let lines = body.get("logs").and_then(Value::as_array).cloned().unwrap_or_default();
    assert!(lines.len() <= 1000 && body.to_string().len() <= 1 << 20, "{} lines", lines.len());
    assert!(offset <= state.logs.len(), "lines were left out");
    for line in lines.iter().skip(state.logs.len() - offset) {
        assert!(line["created_at"].is_string() && line["source"] == "provisioner");
        let output = line["output"].as_str().unwrap();
        assert!(output.len() <= 65536);
        state.logs.push(format!("{} {output}", line["level"].as_str().unwrap()));
    }
    Reply::json(200, &json!({"canceling": state.canceling, "logs_overflowed": state.is_full}))
}

fn end(state: &mut State, how: String) -> Reply {
    // The same may be said again.
    if u32::try_from(state.ends.len()).unwrap() < state.given {
        state.ends.push(how);
    }
    Reply::json(200, &json!({"id": JOB}))
}
