//! When workers were last seen. A thousand of them that wait must not cost a write each time they say so: signs of life are
//! gathered, and stored together while they are far from being needed.

use std::collections::BTreeSet;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::KnownWorker;
use crate::change::WorkerSight;
use crate::queue::LIVE_FOR_MICROS;
use crate::service::Services;
use crate::service::error::ServiceError;

/// A worker that was seen within so many microseconds is not worth a write.
const RECENT: i64 = LIVE_FOR_MICROS / 4;
/// Up to here the write can wait for others.
const LATE: i64 = LIVE_FOR_MICROS * 3 / 4;
/// How long it waits.
const GATHER: Duration = Duration::from_secs(5);

/// Workers that were seen and are not stored as such.
#[derive(Debug, Default)]
pub struct Presence {
    seen: Mutex<BTreeSet<WorkerSight>>,
    bell: Notify,
}

impl Services {
    /// Notes that a worker gave a sign of life.
    pub async fn note_sign_of_life(&self, known: &KnownWorker) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let sight = WorkerSight { organization: known.organization, worker: known.worker.id };
        let age = known.worker.last_seen_at.map(|seen| now.micros() - seen.micros());
        match age {
            // One that was seen in the future was seen before the clock was set back.
            Some(0..RECENT) => Ok(()),
            Some(RECENT..LATE) => {
                self.presence.seen.lock().insert(sight);
                self.presence.bell.notify_one();
                Ok(())
            }
            _ => self.note_workers_seen(vec![sight]).await,
        }
    }

    /// Notes at once that these workers gave a sign of life.
    pub async fn note_workers_seen(&self, seen: Vec<WorkerSight>) -> Result<(), ServiceError> {
        Ok(self.database.note_workers_seen(seen, self.clock.now()).await?)
    }

    /// Stores signs of life, for as long as the server runs.
    pub async fn keep_presence(&self) {
        loop {
            self.presence.bell.notified().await;
            tokio::time::sleep(GATHER).await;
            let seen: Vec<_> = std::mem::take(&mut *self.presence.seen.lock()).into_iter().collect();
            if let Err(error) = self.note_workers_seen(seen).await {
                tracing::warn!(%error, "cannot note which workers were seen; they will be seen again");
            }
        }
    }
}
