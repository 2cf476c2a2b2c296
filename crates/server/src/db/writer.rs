//! The one thread of this process that writes.
//!
//! It owns the write connection, takes units of work from a bounded queue, runs as many as are waiting in one transaction with
//! a savepoint each, commits once, lets memory follow, and only then answers. One wait for the disk serves all of them; while
//! it lasts the next batch gathers, so no timer is needed. A unit that fails is undone alone.

mod batch;
mod store;
mod unit;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

pub(super) use store::Store;
pub use unit::Written;
use unit::{Progress, Task, Unit};

use super::conn::Conn;
use super::error::DbError;

/// How many units may wait before a request is told to come back.
const QUEUE: usize = 4096;
/// How many units share one commit at most: bounds how long the first of them waits.
const BATCH: usize = 256;
/// How long a unit waits for its turn before its caller is told to come back.
const TURN: Duration = Duration::from_secs(2);
/// How long a unit that has had its turn may take before its caller is told that the outcome is not known: a PostgreSQL server
/// whose standby is gone holds a commit back without limit.
const OUTCOME: Duration = Duration::from_secs(8);

/// A batch that takes longer means that nothing can be written.
const STUCK: Duration = Duration::from_secs(5);
/// How long to wait, after a batch that the database would not take, until it is asked whether it takes anything again.
const PROBE: Duration = Duration::from_millis(500);

/// Numbers about the writer, for `/metrics`.
pub trait WriterObserver: Send + Sync {
    /// That many more units wait for their turn, or fewer if it is negative.
    fn waiting(&self, change: i64);
    /// A unit was refused: the queue was full, or its caller gave up waiting for a turn.
    fn refused(&self);
    /// A batch of that many units was committed.
    fn committed(&self, units: usize);
}

/// For a process that shows no numbers.
pub struct Uncounted;

impl WriterObserver for Uncounted {
    fn waiting(&self, _: i64) {}
    fn refused(&self) {}
    fn committed(&self, _: usize) {}
}

/// Sends work to the writer thread. Dropping the last one stops the thread once its queue is empty.
#[derive(Clone)]
pub struct Writer {
    sender: SyncSender<Box<dyn Unit>>,
    state: Arc<State>,
}

/// What others can see of the thread.
struct State {
    observer: Arc<dyn WriterObserver>,
    is_alive: AtomicBool,
    /// The database did not take the last batch that it was given: its disk is full, say.
    is_failing: AtomicBool,
    made: Instant,
    /// When the batch under way began, in microseconds after `made`; 0 while there is none.
    busy_since: AtomicU64,
}

impl State {
    fn now(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_micros()).unwrap_or(u64::MAX).max(1)
    }

    /// True while the database has kept one batch waiting for so long that callers are turned away.
    fn is_stuck(&self) -> bool {
        let since = self.busy_since.load(Ordering::Acquire);
        since != 0 && Duration::from_micros(self.now().saturating_sub(since)) > STUCK
    }
}

impl Writer {
    /// Starts the thread on a store. `observer` counts.
    pub fn start(store: Store, observer: Arc<dyn WriterObserver>) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (sender, receiver) = sync_channel(QUEUE);
        let state = Arc::new(State {
            observer,
            is_alive: AtomicBool::new(true),
            is_failing: AtomicBool::new(false),
            made: Instant::now(),
            busy_since: AtomicU64::new(0),
        });
        let running = Arc::clone(&state);
        let thread = std::thread::Builder::new().name("orgd-writer".to_owned()).spawn(move || {
            run(store, &receiver, &running);
            running.is_alive.store(false, Ordering::Release);
        })?;
        Ok((Self { sender, state }, thread))
    }

    /// Runs `work` in a transaction and answers after the commit. It may run several times, and then all but the last are
    /// undone. `Unavailable` when the queue is full or no turn comes within two seconds; nothing was changed then.
    pub async fn write<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnMut(&mut Conn) -> Result<Written<T>, DbError> + Send + 'static,
    {
        let (reply, mut answer) = oneshot::channel();
        let progress = Arc::new(Progress::default());
        let task = Task::new(work, Arc::clone(&progress), reply);
        // Before it is sent: otherwise it might be taken before it is counted.
        self.state.observer.waiting(1);
        if let Err(error) = self.sender.try_send(Box::new(task)) {
            self.state.observer.waiting(-1);
            self.state.observer.refused();
            return Err(match error {
                TrySendError::Full(_) => DbError::Unavailable("the write queue is full".to_owned()),
                TrySendError::Disconnected(_) => stopped(),
            });
        }
        if let Ok(answered) = tokio::time::timeout(TURN, &mut answer).await {
            return answered.unwrap_or_else(|_| Err(if progress.abandon() { stopped() } else { silent() }));
        }
        if progress.abandon() {
            self.state.observer.refused();
            return Err(DbError::Unavailable("the writer was busy for two seconds".to_owned()));
        }
        match tokio::time::timeout(OUTCOME, answer).await {
            Ok(answered) => answered.unwrap_or_else(|_| Err(silent())),
            Err(_) => Err(DbError::OutcomeUnknown("the database did not answer in time".to_owned())),
        }
    }

    /// True while the thread takes work and the database takes what it is given. One that does not is asked again and again, so that this
    /// becomes true by itself.
    pub fn can_write(&self) -> bool {
        let state = &self.state;
        state.is_alive.load(Ordering::Acquire) && !state.is_stuck() && !state.is_failing.load(Ordering::Acquire)
    }
}

fn stopped() -> DbError {
    DbError::Unavailable("the writer has stopped".to_owned())
}

/// The thread ended with a unit that it had begun.
fn silent() -> DbError {
    DbError::OutcomeUnknown("the writer ended before it told what became of the change".to_owned())
}

fn run(mut store: Store, receiver: &Receiver<Box<dyn Unit>>, state: &State) {
    let mut probed = Instant::now();
    loop {
        let is_failing = state.is_failing.load(Ordering::Acquire);
        let first = match store.idle_time().or(is_failing.then_some(PROBE)) {
            Some(time) => receiver.recv_timeout(time),
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match first {
            Ok(first) => {
                let mut batch = vec![first];
                batch.extend(receiver.try_iter().take(BATCH - 1));
                state.observer.waiting(-i64::try_from(batch.len()).unwrap_or(i64::MAX));
                batch.retain(|unit| unit.progress().begin());
                store.look_around();
                if !batch.is_empty() {
                    timed(state, || batch::run(&mut store, batch, state));
                }
            }
            Err(RecvTimeoutError::Timeout) => store.look_around(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if is_failing && probed.elapsed() >= PROBE {
            timed(state, || batch::probe(&mut store, state));
            probed = Instant::now();
        }
    }
}

/// Lets others see meanwhile for how long the database has been at it.
fn timed(state: &State, work: impl FnOnce()) {
    state.busy_since.store(state.now(), Ordering::Release);
    work();
    state.busy_since.store(0, Ordering::Release);
}
