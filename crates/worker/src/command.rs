//! The command of one job: a process group of its own, its input, the lines that it writes, and signals to all of it.

use std::ffi::OsString;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use chrono::{DateTime, Utc};
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use orgd_client::types::CodersdkLogLevel;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::lines::Lines;

/// The worker's own secrets, which are none of the command's business.
const HIDDEN: &[&str] = &["ORGD_PROVISIONER_KEY", "ORGD_TOKEN"];
/// How long output may still come when the command has ended: what it left running may hold its output open.
const LATE_OUTPUT: Duration = Duration::from_secs(1);
/// Bytes that a pipe can hold at most, by default, if no privileged process has raised the limit.
const PIPE: usize = 1 << 20;

/// A line that the command wrote.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) level: CodersdkLogLevel,
    pub(crate) at: DateTime<Utc>,
}

/// A command that runs. Dropped, it is killed with all that it started.
pub(crate) struct Running {
    child: Child,
    /// The process group, which has the number of its first process.
    group: Pid,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
    /// Until when output is waited for; none while the command runs.
    last_output: watch::Sender<Option<Instant>>,
    is_finished: bool,
}

impl Running {
    /// Starts the command in a process group of its own, gives it `input` to read, and sends what it writes to `lines`: standard
    /// output as `info`, standard error as `warn`.
    ///
    /// # Errors
    /// When the command cannot be run.
    pub(crate) fn start(command: &[OsString], input: Vec<u8>, lines: &Sender<Line>) -> io::Result<Self> {
        let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        for name in HIDDEN {
            command.env_remove(name);
        }
        command.args(arguments).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let number = child.id().and_then(|id| i32::try_from(id).ok()).ok_or(io::ErrorKind::Other)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        tokio::spawn(async move {
            if let Some(mut stdin) = stdin {
                // A command need not read what it gets.
                let _ = stdin.write_all(&input).await;
            }
        });
        let (last_output, until) = watch::channel(None);
        Ok(Self {
            child,
            group: Pid::from_raw(number),
            stdout: tokio::spawn(read(stdout, CodersdkLogLevel::Info, lines.clone(), until.clone())),
            stderr: tokio::spawn(read(stderr, CodersdkLogLevel::Warn, lines.clone(), until)),
            last_output,
            is_finished: false,
        })
    }

    /// Waits for the command to end. It may be called again when it was given up.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Sends SIGTERM to the process group.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Sends SIGKILL to the process group.
    pub(crate) fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    fn signal(&self, signal: Signal) {
        // The number is not given to another group while this one has a process, and with none there is nothing to signal.
        match killpg(self.group, signal) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => tracing::warn!(%error, group = self.group.as_raw(), ?signal, "cannot send a signal"),
        }
    }

    /// Takes the output to its end once the command has ended, and kills what is left of its process group. Answers the last
    /// line that standard error had.
    pub(crate) async fn finish(mut self, patience: Duration) -> String {
        let is_over = tokio::time::timeout(patience.max(LATE_OUTPUT), async {
            while !(self.stdout.is_finished() && self.stderr.is_finished()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        let _ = is_over.await;
        self.kill();
        self.is_finished = true;
        self.last_output.send_replace(Some(Instant::now() + LATE_OUTPUT));
        // Lines that are read already may wait for the server for as long as it is gone.
        let _ = (&mut self.stdout).await;
        (&mut self.stderr).await.unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_finished {
            self.kill();
        }
        self.stdout.abort();
        self.stderr.abort();
    }
}

/// Reads a stream to its end and sends its lines; gives the last one that is not blank. While nobody takes lines it does not
/// read, and the command waits.
///
/// Who has left the process group may hold the stream open for ever, or write for ever: after the time of the last output only
/// what is in the pipe is read.
async fn read(
    stream: Option<impl AsyncRead + Unpin>,
    level: CodersdkLogLevel,
    to: Sender<Line>,
    mut until: watch::Receiver<Option<Instant>>,
) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let (mut lines, mut last) = (Lines::default(), String::new());
    let mut buffer = vec![0; 16 * 1024];
    let mut late = 0;
    loop {
        let length = tokio::select! {
            biased;
            length = stream.read(&mut buffer), if late < PIPE => length.unwrap_or_default(),
            () = passed(&mut until) => 0,
        };
        if until.borrow().is_some_and(|end| end < Instant::now()) {
            late += length;
        }
        let found = if length == 0 { lines.finish() } else { lines.push(&buffer[..length]) };
        for text in found {
            if !text.trim().is_empty() {
                last.clone_from(&text);
            }
            if to.send(Line { text, level, at: Utc::now() }).await.is_err() {
                return last;
            }
        }
        if length == 0 {
            return last;
        }
    }
}

/// Waits for the time to be set and to pass.
async fn passed(until: &mut watch::Receiver<Option<Instant>>) {
    // It fails when the command is dropped, and then nobody reads its output.
    let end = until.wait_for(Option::is_some).await.map_or(None, |end| *end);
    if let Some(end) = end {
        tokio::time::sleep_until(end).await;
    }
}
