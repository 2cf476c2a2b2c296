//! The one thread that writes.
//!
//! It owns the write connection, takes units of work from a bounded queue, runs as many as are waiting in one transaction with
//! a savepoint each, commits once, publishes what changed, and only then answers. One fsync serves all of them; while it runs
//! the next batch gathers, so no timer is needed. A unit that fails is undone alone.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tokio::sync::oneshot;

use super::connection::Conn;
use super::error::DbError;
use crate::change::{Change, Publisher};

/// How many units may wait before a request is told to come back.
const QUEUE: usize = 4096;
/// How many units share one commit at most: bounds how long the first of them waits.
const BATCH: usize = 256;
/// How long the thread sleeps before it looks whether another process has written, such as `orgd token revoke`.
const GLANCE: Duration = Duration::from_millis(25);

/// Numbers about the writer, for `/metrics`.
pub trait WriterObserver: Send + Sync {
    /// A batch of that many units was committed.
    fn committed(&self, units: usize);
}

/// Sends work to the writer thread. Dropping the last one stops the thread once its queue is empty.
#[derive(Clone)]
pub struct Writer {
    sender: SyncSender<Box<dyn Unit>>,
    alive: Arc<AtomicBool>,
}

/// What a unit of work gives back: an answer for the caller and what it changed.
pub type Written<T> = (T, Vec<Change>);

trait Unit: Send {
    /// Runs the work inside its savepoint; false means that the savepoint must be undone.
    fn run(&mut self, conn: &mut Conn) -> bool;
    /// Hands over what the work changed.
    fn take_changes(&mut self) -> Vec<Change>;
    /// Tells the caller. `Some` means that the batch as a whole did not commit.
    fn answer(self: Box<Self>, batch_failure: Option<&DbError>);
}

struct Task<T, F> {
    work: Option<F>,
    outcome: Option<Result<Written<T>, DbError>>,
    reply: oneshot::Sender<Result<T, DbError>>,
}

impl<T, F> Unit for Task<T, F>
where
    T: Send,
    F: FnOnce(&mut Conn) -> Result<Written<T>, DbError> + Send,
{
    fn run(&mut self, conn: &mut Conn) -> bool {
        let outcome = match self.work.take() {
            // A defect in one unit must not take the writer, and with it every later write, down.
            Some(work) => std::panic::catch_unwind(AssertUnwindSafe(|| work(conn)))
                .unwrap_or_else(|_| Err(DbError::Internal("a unit of work panicked".to_owned()))),
            None => Err(DbError::Internal("a unit of work ran twice".to_owned())),
        };
        self.outcome.insert(outcome).is_ok()
    }

    fn take_changes(&mut self) -> Vec<Change> {
        match &mut self.outcome {
            Some(Ok((_, changes))) => std::mem::take(changes),
            _ => Vec::new(),
        }
    }

    fn answer(self: Box<Self>, batch_failure: Option<&DbError>) {
        let answer = match (batch_failure, self.outcome) {
            (_, Some(Err(error))) => Err(error),
            (Some(failure), _) => Err(DbError::Unavailable(failure.to_string())),
            (None, Some(Ok((value, _)))) => Ok(value),
            (None, None) => Err(DbError::Unavailable("the work was not run".to_owned())),
        };
        // The caller may be gone; the work is done all the same.
        let _ = self.reply.send(answer);
    }
}

impl Writer {
    /// Starts the thread. `publisher` is told after each commit, `observer` counts.
    pub fn start(
        conn: Conn,
        publisher: Box<dyn Publisher>,
        observer: Arc<dyn WriterObserver>,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (sender, receiver) = sync_channel(QUEUE);
        let alive = Arc::new(AtomicBool::new(true));
        let worker = Worker { conn, publisher, observer, receiver, data_version: None };
        let running = Arc::clone(&alive);
        let thread = std::thread::Builder::new().name("orgd-writer".to_owned()).spawn(move || {
            worker.run();
            running.store(false, Ordering::Release);
        })?;
        Ok((Self { sender, alive }, thread))
    }

    /// Runs `work` in a transaction and answers after the commit. `Unavailable` when the queue is full.
    pub async fn write<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<Written<T>, DbError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let task = Task { work: Some(work), outcome: None, reply };
        self.sender.try_send(Box::new(task)).map_err(|error| match error {
            TrySendError::Full(_) => DbError::Unavailable("the write queue is full".to_owned()),
            TrySendError::Disconnected(_) => DbError::Unavailable("the writer has stopped".to_owned()),
        })?;
        answer.await.unwrap_or_else(|_| Err(DbError::Unavailable("the writer has stopped".to_owned())))
    }

    /// True while the thread takes work.
    pub fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }
}

struct Worker {
    conn: Conn,
    publisher: Box<dyn Publisher>,
    observer: Arc<dyn WriterObserver>,
    receiver: Receiver<Box<dyn Unit>>,
    data_version: Option<i64>,
}

#[derive(QueryableByName)]
struct DataVersion {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

impl Worker {
    fn run(mut self) {
        // Read before the first load, so that what another process writes meanwhile is noticed afterwards.
        self.data_version = self.read_data_version();
        let mut started = self.publisher.start();
        loop {
            if !started {
                started = self.publisher.start();
            }
            match self.receiver.recv_timeout(GLANCE) {
                Ok(first) => {
                    let mut batch = vec![first];
                    batch.extend(self.receiver.try_iter().take(BATCH - 1));
                    self.notice_other_writers();
                    self.commit(batch);
                }
                Err(RecvTimeoutError::Timeout) => self.notice_other_writers(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn commit(&mut self, mut batch: Vec<Box<dyn Unit>>) {
        let committed = self.conn.immediate_transaction(|conn| {
            for unit in &mut batch {
                run_alone(conn, unit.as_mut())?;
            }
            Ok::<_, diesel::result::Error>(())
        });
        let failure = committed.err().map(DbError::from);
        if failure.is_none() {
            let changes: Vec<_> = batch.iter_mut().flat_map(|unit| unit.take_changes()).collect();
            if !changes.is_empty() {
                self.publisher.publish(changes);
            }
            self.observer.committed(batch.len());
        }
        for unit in batch {
            unit.answer(failure.as_ref());
        }
    }

    /// `data_version` moves when another connection has changed the file, and the only other connections of this process
    /// cannot write.
    fn notice_other_writers(&mut self) {
        let version = self.read_data_version();
        if version.is_some() && version != self.data_version && self.publisher.reload() {
            self.data_version = version;
        }
    }

    fn read_data_version(&mut self) -> Option<i64> {
        let query = diesel::sql_query("SELECT data_version FROM pragma_data_version");
        query.get_result::<DataVersion>(&mut self.conn).map(|row| row.data_version).ok()
    }
}

/// Runs one unit in a savepoint. An error here is one of the transaction, not of the unit.
fn run_alone(conn: &mut Conn, unit: &mut dyn Unit) -> QueryResult<()> {
    let undone =
        conn.transaction(|conn| if unit.run(conn) { Ok(()) } else { Err(diesel::result::Error::RollbackTransaction) });
    match undone {
        Ok(()) | Err(diesel::result::Error::RollbackTransaction) => Ok(()),
        Err(error) => Err(error),
    }
}
