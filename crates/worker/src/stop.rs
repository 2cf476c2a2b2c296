//! When a worker is to end: at once, or after the job that it has.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// What a worker is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Phase {
    /// It takes jobs.
    #[default]
    Working,
    /// It takes no other job, and ends when the one that it has does.
    Draining,
    /// It stops the command that runs, fails the job, and ends.
    Stopping,
}

/// Tells workers to end. Clones tell the same workers.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    phase: watch::Sender<Phase>,
}

impl Stop {
    /// Goes on to this phase. There is no way back.
    pub fn advance(&self, phase: Phase) {
        self.phase.send_if_modified(|current| {
            let further = phase > *current;
            *current = phase.max(*current);
            further
        });
    }

    /// Drains at the first SIGTERM or SIGINT, and stops at the second.
    ///
    /// # Errors
    /// When the process cannot listen for signals.
    pub async fn on_signals(&self) -> io::Result<()> {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if self.has_reached(Phase::Draining) {
                tracing::info!("stopping: the command is stopped and its job fails");
                self.advance(Phase::Stopping);
            } else {
                tracing::info!("draining: no other job is taken; a second signal stops the command");
                self.advance(Phase::Draining);
            }
        }
    }

    pub(crate) fn has_reached(&self, phase: Phase) -> bool {
        *self.phase.borrow() >= phase
    }

    /// Waits for the phase.
    pub(crate) async fn reached(&self, phase: Phase) {
        // It fails when there is no sender; `self` has one.
        let _ = self.phase.subscribe().wait_for(|current| *current >= phase).await;
    }
}
