//! Owns the log: which lines are written, how they look, and the thread that writes them to standard error. Standard output
//! stays free for what a command answers.

mod hush;

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use tracing::Dispatch;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::{FormatEvent, FormatFields, MakeWriter, SubscriberBuilder};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, reload};

use self::hush::Hush;
pub use self::hush::ON_PURPOSE;
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
    filter: LogFilter,
    queue: NonBlocking,
    _worker: WorkerGuard,
}

impl LogGuard {
    /// The count of lines that were given up.
    pub fn dropped(&self) -> DroppedLines {
        self.dropped.clone()
    }

    /// What changes which lines are written.
    pub fn filter(&self) -> LogFilter {
        self.filter.clone()
    }

    /// The way to standard error, for lines that are rendered elsewhere: one with each call.
    pub(super) fn queue(&self) -> NonBlocking {
        self.queue.clone()
    }
}

/// Changes which lines are written. Clones change the same log.
#[derive(Clone)]
pub struct LogFilter(Arc<SetFilter>);

type SetFilter = dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync;

impl LogFilter {
    /// From now on these lines, in the syntax of the configuration.
    ///
    /// # Errors
    /// See [`LogError`].
    pub fn set(&self, filter: &str) -> Result<(), LogError> {
        Ok((self.0)(EnvFilter::builder().parse(filter)?)?)
    }
}

impl fmt::Debug for LogFilter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LogFilter")
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
    /// The log has ended.
    #[error("the log filter cannot be changed: {0}")]
    Ended(#[from] reload::Error),
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
    let (dispatch, filter) = dispatch(config, queue.clone(), terminal)?;
    Ok((dispatch, LogGuard { dropped, filter, queue, _worker: worker }))
}

fn dispatch<W>(config: &LogConfig, writer: W, terminal: bool) -> Result<(Dispatch, LogFilter), LogError>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse(&config.filter)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    Ok(match config.format {
        LogFormat::Json => reloadable(builder.json().flatten_event(true).with_current_span(false)),
        // Left alone on a terminal, the formatter still honours NO_COLOR.
        LogFormat::Text if terminal => reloadable(builder),
        LogFormat::Text => reloadable(builder.with_ansi(false)),
    })
}

fn reloadable<N, E, W>(builder: SubscriberBuilder<N, E, EnvFilter, W>) -> (Dispatch, LogFilter)
where
    N: for<'writer> FormatFields<'writer> + Send + Sync + 'static,
    E: FormatEvent<Registry, N> + Send + Sync + 'static,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let builder = builder.with_filter_reloading();
    let handle = builder.reload_handle();
    (builder.finish().with(Hush).into(), LogFilter(Arc::new(move |filter| handle.reload(filter))))
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
