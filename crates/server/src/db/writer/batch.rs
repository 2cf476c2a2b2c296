//! Runs a batch of units in one transaction, and says what to do when it does not commit.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use diesel::prelude::*;

use super::State;
use super::store::Store;
use super::unit::{Failure, Probe, Undo, Unit};
use crate::change::Change;
use crate::db::conn::Conn;
use crate::db::error::DbError;
use crate::db::feed;

/// How often a unit that meets another transaction is tried.
const ATTEMPTS: u32 = 4;
/// How long a batch may take until the units that were not run yet are turned away: several that wait for a lock, one after the
/// other, must not keep all later callers waiting.
const PATIENCE: Duration = Duration::from_secs(3);
/// The longest first pause between two attempts; it doubles.
const PAUSE: Duration = Duration::from_millis(8);

type Units = Vec<Box<dyn Unit>>;

/// How a transaction ended.
enum End {
    Committed(Vec<Change>),
    /// There is no connection.
    NoConnection(String),
    /// It was undone before the database was asked to commit.
    Undone(Undo, String),
    /// The database was asked to commit and the answer did not come.
    Unconfirmed(String),
}

/// How the units of a transaction are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Apart {
    /// Each in a savepoint: one that fails is undone alone. Those that are not run by then are turned away.
    BySavepoints(Instant),
    /// Not at all: one that fails ends the attempt. To a server, savepoints would double the way.
    Hopefully,
}

/// Runs all units, answers all callers.
pub(super) fn run(store: &mut Store, mut batch: Units, state: &State) {
    // A SQLite file is waited for once, at the beginning, and not by each unit.
    let until = Instant::now() + if store.is_far() { PATIENCE } else { 10 * PATIENCE };
    let mut apart = if store.is_far() { Apart::Hopefully } else { Apart::BySavepoints(until) };
    let mut has_reconnected = false;
    loop {
        match transaction(store, &mut batch, apart) {
            End::Committed(changes) => return settle(store, batch, changes, state),
            End::Undone(Undo::Alone, _) if apart == Apart::Hopefully => apart = Apart::BySavepoints(until),
            // The database ended the session before anything was committed: once more on another.
            End::Undone(Undo::Lost, _) if !has_reconnected => has_reconnected = true,
            End::Undone(Undo::InTheWay, _) => return one_by_one(store, batch, until, state),
            other => return give_up(batch, other, state),
        }
    }
}

/// Gives each unit a transaction of its own, so that no two of them can block a third in opposite orders.
fn one_by_one(store: &mut Store, batch: Units, until: Instant, state: &State) {
    for unit in batch {
        let mut alone = vec![unit];
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            match transaction(store, &mut alone, Apart::BySavepoints(until)) {
                End::Committed(changes) => break settle(store, alone, changes, state),
                End::Undone(Undo::InTheWay | Undo::Lost, _) if attempt < ATTEMPTS && Instant::now() < until => {
                    attempt += 1;
                    std::thread::sleep(jittered(pause));
                    pause *= 2;
                }
                other => break give_up(alone, other, state),
            }
        }
    }
}

/// Somewhere between half of it and all of it, so that two servers that met do not meet again.
fn jittered(pause: Duration) -> Duration {
    let mut byte = [0];
    // Without randomness the whole pause does.
    let _ = getrandom::fill(&mut byte);
    pause / 2 + pause * u32::from(byte[0]) / 512
}

fn settle(store: &mut Store, batch: Units, changes: Vec<Change>, state: &State) {
    state.observer.committed(batch.len());
    // Where nothing changed, nothing was written, and that says nothing of the disk.
    if !changes.is_empty() {
        state.is_failing.store(false, Ordering::Release);
    }
    store.follow(changes, move || batch.into_iter().for_each(|unit| unit.answer(None)));
}

/// Writes what changes nothing, and notes whether the database takes it.
pub(super) fn probe(store: &mut Store, state: &State) {
    let end = transaction(store, &mut [Box::new(Probe::default())], Apart::Hopefully);
    state.is_failing.store(!matches!(end, End::Committed(_)), Ordering::Release);
}

fn give_up(batch: Units, end: End, state: &State) {
    // Several that were in each other's way are not the fault of the disk.
    if !matches!(end, End::Committed(_) | End::Undone(Undo::InTheWay, _)) {
        state.is_failing.store(true, Ordering::Release);
    }
    let failure = match end {
        End::Committed(_) => None,
        End::NoConnection(why) | End::Undone(_, why) => Some(Failure::Undone(why)),
        End::Unconfirmed(why) => Some(Failure::Unconfirmed(why)),
    };
    batch.into_iter().for_each(|unit| unit.answer(failure.clone()));
}

fn transaction(store: &mut Store, batch: &mut [Box<dyn Unit>], apart: Apart) -> End {
    let notify = store.tells_others_itself();
    let conn = match store.connection() {
        Ok(conn) => conn,
        Err(error) => return End::NoConnection(error.to_string()),
    };
    let is_postgres = conn.is_postgres();
    let mut asked_to_commit = false;
    let mut changes = Vec::new();
    let mut undo = Undo::Alone;
    let work = |conn: &mut Conn| {
        match apart {
            Apart::BySavepoints(until) => run_apart(conn, batch, until, &mut undo)?,
            Apart::Hopefully => run_together(conn, batch, &mut undo)?,
        }
        changes = batch.iter_mut().flat_map(|unit| unit.take_changes()).collect();
        feed::record(conn, &changes, notify)?;
        asked_to_commit = true;
        Ok::<_, diesel::result::Error>(())
    };
    let ended = match conn {
        // The write lock is taken at once, since a transaction that reads first cannot wait for it later.
        Conn::Sqlite(_) => crate::db::immediate_transaction(conn, work),
        Conn::Postgres(_) => conn.transaction(work),
    };
    let Err(error) = ended else { return End::Committed(changes) };
    let error = if undo == Undo::Alone { DbError::from(error) } else { of_undo(undo) };
    let why = error.to_string();
    let end = match error {
        DbError::InTheWay(_) => End::Undone(Undo::InTheWay, why),
        // Whatever PostgreSQL says to a commit, other than that it was not made, leaves open whether it was. And what could not be
        // synced to an SQLite file may be whole in its log all the same, where the next start finds it.
        _ if asked_to_commit && (is_postgres || error.is_of_the_disk()) => End::Unconfirmed(why),
        DbError::Lost(_) => End::Undone(Undo::Lost, why),
        _ => End::Undone(Undo::Alone, why),
    };
    if matches!(end, End::Unconfirmed(_) | End::Undone(Undo::Lost, _)) {
        store.forget_connection();
    }
    end
}

fn of_undo(undo: Undo) -> DbError {
    match undo {
        Undo::Lost => DbError::Lost("it ended in the middle of a transaction".to_owned()),
        Undo::InTheWay | Undo::Alone => DbError::InTheWay("it held what was needed for too long".to_owned()),
    }
}

fn run_together(conn: &mut Conn, batch: &mut [Box<dyn Unit>], undo: &mut Undo) -> QueryResult<()> {
    for unit in batch {
        if let Err(why) = unit.run(conn) {
            *undo = why;
            return Err(diesel::result::Error::RollbackTransaction);
        }
    }
    Ok(())
}

fn run_apart(conn: &mut Conn, batch: &mut [Box<dyn Unit>], until: Instant, undo: &mut Undo) -> QueryResult<()> {
    for unit in batch {
        if Instant::now() >= until {
            unit.refuse();
            continue;
        }
        let mut why = None;
        let alone = conn.transaction(|conn| {
            unit.run(conn).map_err(|undo| {
                why = Some(undo);
                diesel::result::Error::RollbackTransaction
            })
        });
        match why {
            None => alone?,
            // A savepoint that cannot be undone is an error of the transaction.
            Some(Undo::Alone) => match alone {
                Ok(()) | Err(diesel::result::Error::RollbackTransaction) => {}
                Err(error) => return Err(error),
            },
            Some(all) => {
                *undo = all;
                return Err(diesel::result::Error::RollbackTransaction);
            }
        }
    }
    Ok(())
}
