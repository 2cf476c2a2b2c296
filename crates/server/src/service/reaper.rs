//! Ends jobs whose workers were lost, and forgets workers that were not seen for long.
//!
//! Whether a job makes progress is not read from its times: clocks are set, and servers' clocks differ. A job is lost when this
//! server has seen it without any change for as long as is allowed, on a clock that only goes forward. So a server that just
//! started, or that could not read the database for a while, gives every worker the whole time again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use orgd_api_types::Timestamp;

use super::Services;
use crate::clock::Moment;
use crate::db::jobs::held::{GivenUp, HeldJob};
use crate::db::{Database, DbError};
use crate::queue::LIVE_FOR_MICROS;

/// How many jobs are ended in one transaction.
const AT_ONCE: usize = 250;
/// How many pending jobs of one organization are ended at a time.
const PENDING_AT_ONCE: usize = 10_000;
/// A wall clock that went so much further than time did was set.
const JUMP: Duration = Duration::from_secs(60);

/// Looks for lost workers. One in each server; several on one database do not get into each other's way.
pub struct Reaper {
    services: Arc<Services>,
    /// Since when each held job was seen unchanged.
    unchanged: HashMap<HeldJob, Duration>,
    last: Option<Moment>,
    /// Ages by the wall clock mean nothing before this time.
    doubtful_until: Duration,
    workers_doubtful_until: Duration,
}

/// What one search did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reaped {
    /// Jobs that a worker held.
    pub held: usize,
    /// Jobs that nobody took.
    pub pending: usize,
    /// Workers.
    pub workers: usize,
}

impl Reaper {
    /// One that has seen nothing yet.
    pub fn new(services: Arc<Services>) -> Self {
        let (doubtful_until, workers_doubtful_until) = (Duration::ZERO, Duration::ZERO);
        Self { services, unchanged: HashMap::new(), last: None, doubtful_until, workers_doubtful_until }
    }

    /// Searches again and again, for as long as the server runs.
    pub async fn run(mut self) {
        loop {
            match self.search().await {
                Ok(Reaped { held: 0, pending: 0, workers: 0 }) => {}
                Ok(Reaped { held, pending, workers }) => {
                    tracing::warn!(held, pending, workers, "ended lost jobs and forgot workers");
                }
                Err(error) => {
                    tracing::warn!(%error, "the search for lost workers failed; it begins anew");
                    // Workers could not report either.
                    self.unchanged.clear();
                }
            }
            tokio::time::sleep(self.services.queue.reaper_interval).await;
        }
    }

    /// Searches once.
    pub async fn search(&mut self) -> Result<Reaped, DbError> {
        let now = self.services.clock.moment();
        self.notice_jump(now);
        let held = self.end_held(now).await?;
        let pending = self.end_pending(now).await?;
        let workers = self.forget_workers(now).await?;
        self.remove_audit_logs(now).await?;
        Ok(Reaped { held, pending, workers })
    }

    fn notice_jump(&mut self, now: Moment) {
        if let Some(last) = self.last.replace(now) {
            let passed = now.steady.saturating_sub(last.steady);
            let shown = u64::try_from(now.wall.micros() - last.wall.micros()).unwrap_or_default();
            if Duration::from_micros(shown) > passed + JUMP {
                tracing::warn!(
                    "the clock was set forward; no pending job is ended and no worker forgotten for a while"
                );
                self.doubtful_until = now.steady + self.services.queue.pending_limit.unwrap_or_default();
                let live = Duration::from_micros(LIVE_FOR_MICROS.unsigned_abs());
                self.workers_doubtful_until = now.steady + live;
            }
        }
    }

    async fn end_held(&mut self, now: Moment) -> Result<usize, DbError> {
        let limit = self.services.queue.hung_after;
        let held = self.services.database.list_held_jobs().await?;
        let known = std::mem::take(&mut self.unchanged);
        self.unchanged = held.into_iter().map(|job| (job, known.get(&job).copied().unwrap_or(now.steady))).collect();
        let is_lost = |since: &Duration| now.steady.saturating_sub(*since) >= limit;
        let lost: Vec<_> =
            self.unchanged.iter().filter(|(_, since)| is_lost(since)).map(|(job, _)| GivenUp::Held(*job)).collect();
        self.give_up(lost, format!("hung for {}", in_words(limit)), now.wall).await
    }

    async fn end_pending(&self, now: Moment) -> Result<usize, DbError> {
        let Some(limit) = self.services.queue.pending_limit else { return Ok(0) };
        if now.steady < self.doubtful_until {
            return Ok(0);
        }
        let horizon = before(now.wall, limit);
        let Some(jobs) = self.services.model.load().jobs.clone() else { return Ok(0) };
        let old = jobs.pending_since_before(horizon, PENDING_AT_ONCE).into_iter().map(GivenUp::Pending).collect();
        self.give_up(old, format!("pending for {}", in_words(limit)), now.wall).await
    }

    async fn give_up(&self, jobs: Vec<GivenUp>, what: String, now: Timestamp) -> Result<usize, DbError> {
        let why = format!("Coder: Build has been detected as {what} and has been terminated by the reaper.");
        let mut count = 0;
        for some in jobs.chunks(AT_ONCE) {
            count += self.services.database.give_up_jobs(some.to_vec(), why.clone(), now).await?;
        }
        Ok(count)
    }

    async fn forget_workers(&self, now: Moment) -> Result<usize, DbError> {
        if now.steady < self.workers_doubtful_until {
            return Ok(0);
        }
        let horizon = before(now.wall, self.services.queue.forget_workers_after);
        // Asking memory costs nothing; there is hardly ever one.
        let jobs = self.services.model.load().jobs.clone();
        if jobs.is_none_or(|jobs| !jobs.has_worker_unseen_since(horizon)) {
            return Ok(0);
        }
        self.services.database.forget_workers(horizon).await
    }
}

impl Reaper {
    /// A few old entries at a time, so that no other write waits for long.
    async fn remove_audit_logs(&self, now: Moment) -> Result<(), DbError> {
        let Some(age) = self.services.queue.audit_retention.filter(|_| now.steady >= self.workers_doubtful_until)
        else {
            return Ok(());
        };
        let horizon = before(now.wall, age);
        while self.services.database.remove_audit_logs(horizon).await? == Database::removes_at_once() {
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

fn before(now: Timestamp, span: Duration) -> Timestamp {
    let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.micros().saturating_sub(micros))
}

/// As Coder's clients know it where it is whole minutes.
fn in_words(span: Duration) -> String {
    match (span.as_secs() / 60, span.as_secs() % 60, span.subsec_nanos()) {
        (1, 0, 0) => "1 minute".to_owned(),
        (minutes, 0, 0) if minutes > 0 => format!("{minutes} minutes"),
        _ => humantime::format_duration(span).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::in_words;

    #[test]
    fn whole_minutes_are_said_as_coder_does() {
        let said = |seconds| in_words(Duration::from_secs(seconds));
        assert_eq!(
            [said(300), said(1800), said(60), said(90), said(2)],
            ["5 minutes", "30 minutes", "1 minute", "1m 30s", "2s"]
        );
    }
}
