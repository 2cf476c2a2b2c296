//! Owns how a server ends: which signals ask it to, in which order its parts stop, and what a second signal does.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use crate::config::DatabaseUrl;
use crate::db::{self, Database};

/// How long what is queued for the database may take to get there once the requests are over.
const FLUSH: Duration = Duration::from_secs(10);
/// What shells add to the number of a signal to say that a program ended because of it.
const BY_SIGNAL: i32 = 128;

/// What asks this process to end. Made before anybody is told that the server is ready: they may stop it at once.
pub(super) struct Asked {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    other: Arc<Notify>,
}

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Signal(SignalKind, &'static str),
    /// What `--exit-with-stdin` is about.
    Stdin,
}

/// The parts of a server that end one after the other.
pub(super) struct Parts<Ready, Waiting, Requests> {
    /// Makes `/readyz` say that the server is stopping.
    pub(super) not_ready: Ready,
    /// How long everything is served after that.
    pub(super) delay: Duration,
    /// Lets long polls and streams go.
    pub(super) stop_waiting: Waiting,
    /// Ends when the requests under way are answered or have had their time.
    pub(super) finish: Requests,
}

impl Asked {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            other: Arc::default(),
        })
    }

    /// What asks like a signal when it is notified.
    pub(super) fn other(&self) -> Arc<Notify> {
        Arc::clone(&self.other)
    }

    async fn next(&mut self) -> By {
        tokio::select! {
            _ = self.terminate.recv() => By::Signal(SignalKind::terminate(), "SIGTERM"),
            _ = self.interrupt.recv() => By::Signal(SignalKind::interrupt(), "SIGINT"),
            _ = self.quit.recv() => By::Signal(SignalKind::quit(), "SIGQUIT"),
            () = self.other.notified() => By::Stdin,
        }
    }
}

/// Waits until the server is asked to end, and ends it in good order. Does not come back: from the first signal on, a second one
/// ends the process whatever it is doing.
pub(super) async fn when_asked<Ready, Waiting, Requests>(mut asked: Asked, parts: Parts<Ready, Waiting, Requests>)
where
    Ready: FnOnce(),
    Waiting: FnOnce(),
    Requests: Future<Output = ()> + 'static,
{
    let by = asked.next().await;
    let Parts { not_ready, delay, stop_waiting, finish } = parts;
    not_ready();
    match by {
        By::Signal(_, name) => {
            tracing::info!(signal = name, "stopping: requests under way are finished; a second signal ends at once");
        }
        By::Stdin => tracing::info!("stopping: standard input was closed"),
    }
    let ending = async {
        tokio::time::sleep(delay).await;
        stop_waiting();
        finish.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = ending => {}
        () = end_at_once(&mut asked) => {}
    }
}

async fn end_at_once(asked: &mut Asked) {
    loop {
        if let By::Signal(kind, name) = asked.next().await {
            tracing::warn!(signal = name, "ending at once: what was under way is cut off");
            // The line is written by a thread of its own.
            tokio::time::sleep(Duration::from_millis(20)).await;
            std::process::exit(BY_SIGNAL + kind.as_raw_value());
        }
    }
}

/// Once the requests are over: what is queued is written, and the write-ahead log of SQLite goes into the database file, so that
/// the file alone is the whole of it. Neither is needed for what was acknowledged, so a failure is told and no more.
pub(super) async fn settle(database: &Database, url: &DatabaseUrl) {
    match tokio::time::timeout(FLUSH, database.flush()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "what was queued for the database may be lost"),
        Err(_) => tracing::warn!("the database took too long: what was queued for it may be lost"),
    }
    let url = url.clone();
    match tokio::task::spawn_blocking(move || db::checkpoint(&url)).await {
        Ok(Ok(())) => tracing::info!("stopped"),
        Ok(Err(error)) => tracing::info!(%error, "stopped; the write-ahead log stays beside the database"),
        Err(error) => tracing::warn!(%error, "the checkpoint failed"),
    }
}
