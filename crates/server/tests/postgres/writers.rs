//! Callers that create organizations all the time and note what they were told. Every other one sends an `Idempotency-Key` and
//! repeats what was not acknowledged until it is.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use serde_json::json;

use super::harness::{BASE, Client, TestServer, eventually};

/// Threads that write.
pub struct Writers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Told>>,
}

#[derive(Default)]
struct Shared {
    over: AtomicBool,
    acknowledged: AtomicUsize,
}

/// How many creations must have been acknowledged for anything to be proved.
const ENOUGH: usize = 40;

/// What writers were told.
#[derive(Default)]
pub struct Told {
    /// The names of the organizations whose creation was acknowledged.
    pub acknowledged: BTreeSet<String>,
    /// The names of those of which nothing is known.
    pub unknown: BTreeSet<String>,
    /// The names of those that were refused: they must not be there.
    pub refused_names: BTreeSet<String>,
    /// How many answers were 503.
    pub refused: usize,
    /// How many creations had been made before they were repeated.
    pub replayed: usize,
}

impl Writers {
    /// Starts that many, whose organizations are called after `prefix`.
    pub fn start(server: &TestServer, count: usize, prefix: &str) -> Self {
        let shared = Arc::new(Shared::default());
        let thread = |writer| {
            let (client, shared) = (server.owner(), Arc::clone(&shared));
            let prefix = format!("{prefix}-{writer}");
            let repeats = writer % 2 == 1;
            std::thread::spawn(move || {
                if repeats { repeat(&client, &shared, &prefix) } else { write(&client, &shared, &prefix) }
            })
        };
        let threads = (0..count).map(thread).collect();
        Self { shared, threads }
    }

    /// Waits until enough was acknowledged, however slow the machine is.
    #[track_caller]
    pub fn warm_up(&self) {
        eventually(|| self.shared.acknowledged.load(Ordering::SeqCst) > ENOUGH);
    }

    /// Stops them and gathers what they noted.
    pub fn stop(self) -> Told {
        self.shared.over.store(true, Ordering::SeqCst);
        let mut all = Told::default();
        for thread in self.threads {
            let told = thread.join().unwrap();
            all.acknowledged.extend(told.acknowledged);
            all.unknown.extend(told.unknown);
            all.refused_names.extend(told.refused_names);
            all.refused += told.refused;
            all.replayed += told.replayed;
        }
        all
    }
}

fn write(client: &Client, shared: &Shared, prefix: &str) -> Told {
    let mut told = Told::default();
    for number in 0.. {
        if shared.over.load(Ordering::SeqCst) {
            break;
        }
        let name = format!("{prefix}-{number}");
        let answer = client.post("/organizations", json!({ "name": name }));
        match answer.status {
            201 => {
                shared.acknowledged.fetch_add(1, Ordering::SeqCst);
                told.acknowledged.insert(name);
            }
            503 => {
                assert_eq!(answer.header("retry-after"), Some("1"));
                told.refused += 1;
                if answer.text().contains("did not confirm") {
                    told.unknown.insert(name);
                } else {
                    told.refused_names.insert(name);
                }
            }
            other => panic!("{other}: {}", answer.text()),
        }
    }
    told
}

/// Whatever happens in between, each creation happens once.
fn repeat(client: &Client, shared: &Shared, prefix: &str) -> Told {
    let mut told = Told::default();
    for number in 0.. {
        if shared.over.load(Ordering::SeqCst) {
            break;
        }
        let name = format!("{prefix}-{number}");
        loop {
            let request = client.request_at("POST", &format!("{BASE}/organizations"));
            let request = request.header("Idempotency-Key", &name).json(&json!({ "name": name }));
            let answer = request.send();
            match answer.status {
                201 => {
                    told.replayed += usize::from(answer.header("idempotent-replayed") == Some("true"));
                    shared.acknowledged.fetch_add(1, Ordering::SeqCst);
                    told.acknowledged.insert(name);
                    break;
                }
                503 => told.refused += 1,
                other => panic!("{other}: {}", answer.text()),
            }
        }
    }
    told
}

impl Told {
    /// Everything acknowledged is there, and nothing that was refused.
    #[track_caller]
    pub fn assert_kept(&self, present: &BTreeSet<String>) {
        assert!(self.acknowledged.len() > ENOUGH, "only {} writes", self.acknowledged.len());
        let lost: Vec<_> = self.acknowledged.difference(present).collect();
        assert!(lost.is_empty(), "of {} acknowledged these are lost: {lost:?}", self.acknowledged.len());
        let made: Vec<_> = self.refused_names.intersection(present).collect();
        assert!(made.is_empty(), "these were refused and are there: {made:?}");
    }
}
