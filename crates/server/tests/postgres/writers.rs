//! Callers that create organizations all the time and note what they were told.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use serde_json::json;

use super::harness::{Client, TestServer};

/// Threads that write.
pub struct Writers {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Told>>,
}

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
}

impl Writers {
    /// Starts that many, whose organizations are called after `prefix`.
    pub fn start(server: &TestServer, count: usize, prefix: &str) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let thread = |writer| {
            let (client, over) = (server.owner(), Arc::clone(&over));
            let prefix = format!("{prefix}-{writer}");
            std::thread::spawn(move || write(&client, &over, &prefix))
        };
        let threads = (0..count).map(thread).collect();
        Self { over, threads }
    }

    /// Stops them and gathers what they noted.
    pub fn stop(self) -> Told {
        self.over.store(true, Ordering::SeqCst);
        let mut all = Told::default();
        for thread in self.threads {
            let told = thread.join().unwrap();
            all.acknowledged.extend(told.acknowledged);
            all.unknown.extend(told.unknown);
            all.refused_names.extend(told.refused_names);
            all.refused += told.refused;
        }
        all
    }
}

fn write(client: &Client, over: &AtomicBool, prefix: &str) -> Told {
    let mut told = Told::default();
    for number in 0.. {
        if over.load(Ordering::SeqCst) {
            break;
        }
        let name = format!("{prefix}-{number}");
        let answer = client.post("/organizations", json!({ "name": name }));
        match answer.status {
            201 => drop(told.acknowledged.insert(name)),
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

impl Told {
    /// Everything acknowledged is there, and nothing that was refused.
    #[track_caller]
    pub fn assert_kept(&self, present: &BTreeSet<String>) {
        assert!(self.acknowledged.len() > 20, "only {} writes", self.acknowledged.len());
        let lost: Vec<_> = self.acknowledged.difference(present).collect();
        assert!(lost.is_empty(), "of {} acknowledged these are lost: {lost:?}", self.acknowledged.len());
        let made: Vec<_> = self.refused_names.intersection(present).collect();
        assert!(made.is_empty(), "these were refused and are there: {made:?}");
    }
}
