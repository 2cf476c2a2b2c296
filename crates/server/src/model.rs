//! What requests are answered from: a picture of the database in memory, kept in step with every write.
//!
//! The picture is immutable. The publisher makes the next one from the last (sharing all that did not change) and puts it
//! in its place before it acknowledges the write, so a reader never waits and sees one moment throughout, however long its
//! answer takes to send.

pub mod jobs;
pub mod organizations;
pub mod pages;
pub mod publisher;
pub mod waiting;
pub mod watching;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;

use jobs::Jobs;
use organizations::Organizations;
use waiting::Waiting;
use watching::Watching;

/// How long a request waits for the queue to be read after a start.
const PATIENCE: Duration = Duration::from_secs(5);

/// One moment of the database.
#[derive(Clone, Default)]
pub struct Snapshot {
    /// The organizations that are not deleted.
    pub organizations: Organizations,
    /// The queue; absent for the first moments after a start.
    pub jobs: Option<Arc<Jobs>>,
}

/// The current moment.
pub struct ReadModel {
    current: ArcSwap<Snapshot>,
    jobs_loaded: watch::Sender<bool>,
    /// Workers that wait for a job.
    pub waiting: Waiting,
    /// Who follows the logs of which job.
    pub watching: Watching,
}

impl Default for ReadModel {
    fn default() -> Self {
        Self {
            current: ArcSwap::default(),
            jobs_loaded: watch::Sender::new(false),
            waiting: Waiting::default(),
            watching: Watching::default(),
        }
    }
}

impl ReadModel {
    /// The current moment. Hold it for a short time; use [`ReadModel::snapshot`] to keep it.
    pub fn load(&self) -> Guard<Arc<Snapshot>> {
        self.current.load()
    }

    /// The current moment, to keep.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// The current queue; waits for it right after a start, and gives up after five seconds.
    pub async fn jobs(&self) -> Option<Arc<Jobs>> {
        if let Some(jobs) = &self.current.load().jobs {
            return Some(Arc::clone(jobs));
        }
        let mut loaded = self.jobs_loaded.subscribe();
        let waiting = loaded.wait_for(|loaded| *loaded);
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            return None;
        }
        self.current.load().jobs.clone()
    }

    /// True once everything was read from the database.
    pub fn is_complete(&self) -> bool {
        *self.jobs_loaded.borrow()
    }

    /// Puts the next moment in place. Only the publisher may call this: two would lose each other's changes.
    fn replace(&self, next: Snapshot) {
        let complete = next.jobs.is_some();
        self.current.store(Arc::new(next));
        if complete && !self.is_complete() {
            self.jobs_loaded.send_replace(true);
        }
    }
}
