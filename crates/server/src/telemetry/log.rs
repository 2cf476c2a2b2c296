//! Owns the log: which lines are written, how they look, and the thread that writes them to standard error. Standard output
//! stays free for what a command answers.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use tracing::Dispatch;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use super::dropped::{DropCounter, DroppedLines};
use crate::config::{Config, LogConfig, LogFormat};

/// Lines that wait for standard error before new ones are dropped.
const QUEUED_LINES: usize = 16_384;

/// Bytes that are collected before they are written, if more lines are waiting.
const BATCH_BYTES: usize = 64 * 1024;

/// How long the thread lets lines gather after it wrote some. While it sleeps, a line costs no system call to wake it.
const GATHER: Duration = Duration::from_millis(2);

/// Keeps the log running. When dropped it writes what is queued, for a second at most.
#[derive(Debug)]
#[must_use = "the log ends when this is dropped"]
pub struct LogGuard {
    dropped: DroppedLines,
    queue: NonBlocking,
    _worker: WorkerGuard,
}

impl LogGuard {
    /// The count of lines that were given up.
    pub fn dropped(&self) -> DroppedLines {
        self.dropped.clone()
    }

    /// The way to standard error, for lines that are rendered elsewhere: one with each call.
    pub(super) fn queue(&self) -> NonBlocking {
        self.queue.clone()
    }
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter cannot be parsed; a loaded [`Config`] holds none like this.
    #[error("the log filter cannot be used: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The process has a log already.
    #[error("the log is already running: {0}")]
    Running(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts the log of this process. Lines go through a bounded queue to a thread of its own; when standard error is slower than
/// the server, lines are dropped and counted, and no request waits.
///
/// # Errors
/// See [`LogError`].
pub fn init(config: &Config) -> Result<LogGuard, LogError> {
    let terminal = io::stderr().is_terminal();
    let (dispatch, guard) = start(&config.log, io::stderr(), terminal)?;
    dispatch.try_init()?;
    Ok(guard)
}

/// Builds the log over any writer.
fn start<W: Write + Send + 'static>(
    config: &LogConfig,
    writer: W,
    terminal: bool,
) -> Result<(Dispatch, LogGuard), LogError> {
    let mut dropped = DroppedLines::default();
    let writer = BatchWriter::new(writer, dropped.unwritten.clone());
    let (queue, worker) =
        NonBlockingBuilder::default().buffered_lines_limit(QUEUED_LINES).thread_name("orgd-log").finish(writer);
    dropped.full = Some(queue.error_counter());
    Ok((dispatch(config, queue.clone(), terminal)?, LogGuard { dropped, queue, _worker: worker }))
}

fn dispatch<W>(config: &LogConfig, writer: W, terminal: bool) -> Result<Dispatch, LogError>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse(&config.filter)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    Ok(match config.format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).into(),
        // Left alone on a terminal, the formatter still honours NO_COLOR.
        LogFormat::Text if terminal => builder.into(),
        LogFormat::Text => builder.with_ansi(false).into(),
    })
}

/// Collects lines and writes them together: one system call for many lines under load, at once when the log was quiet. What
/// the writer does not take is dropped and counted, so that a full disk costs lines and nothing else.
struct BatchWriter<W> {
    inner: W,
    bytes: Vec<u8>,
    lines: u64,
    unwritten: DropCounter,
}

impl<W: Write> BatchWriter<W> {
    fn new(inner: W, unwritten: DropCounter) -> Self {
        Self { inner, bytes: Vec::new(), lines: 0, unwritten }
    }

    fn write_batch(&mut self) {
        if self.inner.write_all(&self.bytes).and_then(|()| self.inner.flush()).is_err() {
            self.unwritten.add(self.lines);
        }
        self.bytes.clear();
        self.lines = 0;
    }
}

impl<W: Write> Write for BatchWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(line);
        self.lines += 1;
        if self.bytes.len() >= BATCH_BYTES {
            self.write_batch();
        }
        Ok(line.len())
    }

    /// Comes when no line is waiting.
    fn flush(&mut self) -> io::Result<()> {
        self.write_batch();
        std::thread::sleep(GATHER);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
