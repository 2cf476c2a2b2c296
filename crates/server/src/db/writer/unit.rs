//! One unit of work: what to run, how far it is, and whom to tell.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use diesel::connection::SimpleConnection as _;
use tokio::sync::oneshot;

use crate::change::Change;
use crate::db::conn::Conn;
use crate::db::error::DbError;

/// What a unit of work gives back: an answer for the caller and what it changed.
pub type Written<T> = (T, Vec<Change>);

/// Settles between the writer and an impatient caller whether a unit runs.
#[derive(Debug, Default)]
pub(super) struct Progress(AtomicU8);

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const ABANDONED: u8 = 2;

impl Progress {
    /// The writer's side: false when the caller has gone, and the unit must not run.
    pub(super) fn begin(&self) -> bool {
        self.0.compare_exchange(WAITING, BEGUN, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The caller's side: true when the unit has not begun and never will.
    pub(super) fn abandon(&self) -> bool {
        self.0.compare_exchange(WAITING, ABANDONED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// A unit whose type of answer is forgotten, so that a queue can hold all of them.
pub(super) trait Unit: Send {
    /// How far it is.
    fn progress(&self) -> &Progress;
    /// Runs the work. An error is one of the work, which must then be undone; it is also kept for the caller.
    fn run(&mut self, conn: &mut Conn) -> Result<(), Undo>;
    /// Turns the caller away without running the work.
    fn refuse(&mut self);
    /// Hands over what the work changed.
    fn take_changes(&mut self) -> Vec<Change>;
    /// Tells the caller. `Some` means that the transaction as a whole did not commit.
    fn answer(self: Box<Self>, failure: Option<Failure>);
}

/// A unit that nobody waits for: it writes and changes nothing.
#[derive(Debug, Default)]
pub(super) struct Probe(Progress);

impl Unit for Probe {
    fn progress(&self) -> &Progress {
        &self.0
    }

    fn run(&mut self, conn: &mut Conn) -> Result<(), Undo> {
        let written = conn.batch_execute(match conn {
            // Nothing else uses it. Setting it, even to what it is, is a change of the first page.
            Conn::Sqlite(_) => "PRAGMA user_version = 0",
            // A transaction with a number of its own has to be committed.
            Conn::Postgres(_) => "SELECT pg_current_xact_id()",
        });
        written.map_err(|_| Undo::Lost)
    }

    fn refuse(&mut self) {}

    fn take_changes(&mut self) -> Vec<Change> {
        Vec::new()
    }

    fn answer(self: Box<Self>, _: Option<Failure>) {}
}

/// Why a unit must be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undo {
    /// Of itself; its neighbours are not concerned.
    Alone,
    /// The connection is gone, and the transaction with it.
    Lost,
    /// Another transaction was in the way; the same may succeed at once.
    InTheWay,
}

/// Why a transaction did not commit.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// Nothing was changed.
    Undone(String),
    /// The database was asked to commit and did not confirm it.
    Unconfirmed(String),
}

pub(super) struct Task<T, F> {
    work: F,
    outcome: Option<Result<Written<T>, DbError>>,
    progress: Arc<Progress>,
    reply: oneshot::Sender<Result<T, DbError>>,
}

impl<T, F> Task<T, F> {
    pub(super) fn new(work: F, progress: Arc<Progress>, reply: oneshot::Sender<Result<T, DbError>>) -> Self {
        Self { work, outcome: None, progress, reply }
    }
}

impl<T, F> Unit for Task<T, F>
where
    T: Send,
    F: FnMut(&mut Conn) -> Result<Written<T>, DbError> + Send,
{
    fn progress(&self) -> &Progress {
        &self.progress
    }

    fn run(&mut self, conn: &mut Conn) -> Result<(), Undo> {
        // A defect in one unit must not take the writer, and with it every later write, down.
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| (self.work)(conn)))
            .unwrap_or_else(|_| Err(DbError::Internal("a unit of work panicked".to_owned())));
        match self.outcome.insert(outcome) {
            Ok(_) => Ok(()),
            Err(DbError::Lost(_)) => Err(Undo::Lost),
            Err(DbError::InTheWay(_)) => Err(Undo::InTheWay),
            Err(_) => Err(Undo::Alone),
        }
    }

    fn refuse(&mut self) {
        self.outcome = Some(Err(DbError::Unavailable("others held what the batch needed for too long".to_owned())));
    }

    fn take_changes(&mut self) -> Vec<Change> {
        match &mut self.outcome {
            Some(Ok((_, changes))) => std::mem::take(changes),
            _ => Vec::new(),
        }
    }

    fn answer(self: Box<Self>, failure: Option<Failure>) {
        let answer = match (failure, self.outcome) {
            // Also when the work itself was refused: by a neighbour perhaps, whose change is gone now.
            (Some(Failure::Undone(why)), _) => Err(DbError::Unavailable(why)),
            (Some(Failure::Unconfirmed(why)), _) => Err(DbError::OutcomeUnknown(why)),
            (None, Some(outcome)) => outcome.map(|(value, _)| value),
            (None, None) => Err(DbError::Unavailable("the work was not run".to_owned())),
        };
        // The caller may be gone; the work is done all the same.
        let _ = self.reply.send(answer);
    }
}
