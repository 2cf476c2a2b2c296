//! Owns the line for each request: what it holds, and the thread that writes it. A record never holds the path or the query as
//! sent, since a query may carry a session token.

mod line;

use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread::JoinHandle;
use std::time::Duration;

use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::dropped::{DropCounter, DroppedLines};
use super::log::LogGuard;
use crate::config::{LogConfig, LogFormat};

/// Records that wait for the thread before new ones are dropped: 80 ms of 100,000 requests per second.
const QUEUED_RECORDS: usize = 8_192;

/// How long the thread lets records gather after the first. While it sleeps, sending one costs no system call to wake it.
const GATHER: Duration = Duration::from_millis(5);

/// What is told of one request.
#[derive(Debug, Clone, Copy)]
pub struct AccessRecord {
    /// The id that the answer carries in `X-Coder-Request-Id`.
    pub request_id: Uuid,
    /// The method; see [`known_method`].
    pub method: &'static str,
    /// The id of the operation, or [`AccessRecord::NO_OPERATION`].
    pub operation: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// From the request's head to the answer's.
    pub duration: Duration,
    /// Whose session token came with it, if one did.
    pub user: Option<Uuid>,
    /// Bytes of the answer's body, if known before it is sent.
    pub bytes: Option<u64>,
    /// From where it came: the address at the other end of the connection, or the one that a trusted proxy names.
    pub peer: Option<IpAddr>,
}

impl AccessRecord {
    /// Stands for the operation where no route matched.
    pub const NO_OPERATION: &'static str = "-";
}

/// The method as a record may hold it: the well-known names as they are, `OTHER` for all that a client can make up.
pub fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "CONNECT", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("OTHER")
}

enum Message {
    Record(AccessRecord),
    Stop,
}

/// Takes records of requests. Clones feed the same thread.
#[derive(Debug, Clone)]
pub struct AccessLog {
    sender: Option<SyncSender<Message>>,
    dropped: DropCounter,
}

/// Keeps the thread of the access log. When dropped it writes what is queued, so it must go before the [`super::LogGuard`].
#[derive(Debug)]
#[must_use = "the access log ends when this is dropped"]
pub struct AccessLogGuard(Option<(SyncSender<Message>, JoinHandle<()>)>);

impl AccessLog {
    /// An access log that takes nothing.
    pub fn disabled() -> Self {
        Self { sender: None, dropped: DropCounter::default() }
    }

    /// One for tests, and what takes out the records that were sent to it.
    #[cfg(test)]
    pub(crate) fn kept() -> (Self, impl Fn() -> Vec<AccessRecord>) {
        let (sender, receiver) = mpsc::sync_channel(QUEUED_RECORDS);
        let records = move || {
            let record = |message| match message {
                Message::Record(record) => Some(record),
                Message::Stop => None,
            };
            receiver.try_iter().filter_map(record).collect()
        };
        (Self { sender: Some(sender), dropped: DropCounter::default() }, records)
    }

    /// Starts the access log; its lines go the way of the log's. It is a disabled one if the configuration says so, or if the
    /// filter of the log that is current in this thread would throw its lines away (target `orgd::access`, level info).
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start(config: &LogConfig, log: &LogGuard) -> io::Result<(Self, AccessLogGuard)> {
        Self::over(config, log.queue(), &log.dropped())
    }

    /// Starts the access log over any writer, which gets a line with each call.
    fn over<W: Write + Send + 'static>(
        config: &LogConfig,
        writer: W,
        dropped: &DroppedLines,
    ) -> io::Result<(Self, AccessLogGuard)> {
        if !config.access || !tracing::enabled!(target: line::TARGET, tracing::Level::INFO) {
            return Ok((Self::disabled(), AccessLogGuard(None)));
        }
        let (sender, receiver) = mpsc::sync_channel(QUEUED_RECORDS);
        let dropped = &dropped.access;
        let writer = LineWriter { writer, format: config.format, line: Vec::new(), dropped: dropped.clone() };
        let thread =
            std::thread::Builder::new().name("orgd-access".to_owned()).spawn(move || run(&receiver, writer))?;
        let log = Self { sender: Some(sender.clone()), dropped: dropped.clone() };
        Ok((log, AccessLogGuard(Some((sender, thread)))))
    }

    /// Whether records are taken; a caller may save itself the making of one.
    pub fn is_enabled(&self) -> bool {
        self.sender.is_some()
    }

    /// Hands over a record and never waits: if the queue is full the record is dropped and counted.
    pub fn send(&self, record: AccessRecord) {
        let Some(sender) = &self.sender else { return };
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = sender.try_send(Message::Record(record)) {
            self.dropped.add(1);
        }
    }
}

impl Drop for AccessLogGuard {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.0.take() {
            // Either fails only if the thread is gone, and then there is nothing to wait for.
            let _ = sender.send(Message::Stop);
            let _ = thread.join();
        }
    }
}

/// Writes records until it is told to stop or nobody is left to send any.
fn run<W: Write>(receiver: &Receiver<Message>, mut writer: LineWriter<W>) {
    while let Ok(first) = receiver.recv() {
        if !matches!(first, Message::Stop) {
            std::thread::sleep(GATHER);
        }
        // One look at the clock for all that has gathered, which is a few milliseconds' worth.
        let at = Timestamp::from(chrono::Utc::now());
        for message in std::iter::once(first).chain(receiver.try_iter()) {
            match message {
                Message::Record(record) => writer.write(&record, at),
                Message::Stop => return,
            }
        }
    }
}

struct LineWriter<W> {
    writer: W,
    format: LogFormat,
    line: Vec<u8>,
    dropped: DropCounter,
}

impl<W: Write> LineWriter<W> {
    fn write(&mut self, record: &AccessRecord, at: Timestamp) {
        line::render(&mut self.line, self.format, record, at);
        if self.writer.write_all(&self.line).is_err() {
            self.dropped.add(1);
        }
    }
}

#[cfg(test)]
mod tests;
