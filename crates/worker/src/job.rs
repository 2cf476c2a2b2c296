//! One job from the moment at which the worker gets it to the report of its end.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;
use std::{fmt, io};

use nix::sys::signal::Signal;
use tokio::sync::{mpsc, watch};

use crate::command::{Line, Running};
use crate::lease::{Gone, Lease};
use crate::report::Reporter;
use crate::settings::Settings;
use crate::stop::{Phase, Stop};

/// Lines that wait to be reported; with more the command waits.
const WAITING_LINES: usize = 2000;
/// How long the reports of a worker that was stopped may take.
const LAST_REPORT: Duration = Duration::from_secs(10);
/// Bytes of the last line of standard error that an error quotes.
const QUOTED: usize = 1024;

/// How the command ended.
enum Ended {
    /// By itself.
    Exited(ExitStatus, LastWords),
    /// It had to, because the job was canceled.
    Canceled,
    /// It had to, because the worker was stopped.
    Stopped,
    /// It never ran, or was lost.
    Failed(io::Error),
}

/// The last line that the command wrote to standard error.
struct LastWords(String);

/// Runs the command for the job and reports on it until it has ended, or until the server takes no more reports.
pub(crate) async fn run(settings: &Settings, lease: &Lease, timeout: Duration, input: Vec<u8>, stop: &Stop) {
    let job = lease.job;
    tracing::info!(%job, attempt = %lease.attempt, "the job begins");
    let worked = tokio::select! {
        worked = work(settings, lease, timeout, input, stop) => worked,
        () = given_up(stop, settings.grace + LAST_REPORT) => Ok("not reported"),
    };
    match worked {
        Ok(end) => tracing::info!(%job, %end, "the job ended"),
        Err(Gone::Lost) => tracing::warn!(%job, "the job is not this worker's any more; its command was killed"),
        Err(Gone::Refused(error)) => {
            tracing::error!(%job, error = %error.to_string().escape_debug(), "the server refuses reports on the job");
        }
    }
}

async fn work(
    settings: &Settings,
    lease: &Lease,
    timeout: Duration,
    input: Vec<u8>,
    stop: &Stop,
) -> Result<&'static str, Gone> {
    let (lines, received) = mpsc::channel(WAITING_LINES);
    let (canceling, is_canceled) = watch::channel(false);
    let reporter = Reporter::new(lease, timeout, canceling);
    // Whichever fails first ends the other: without reports the command is dropped, which kills it.
    let ended = tokio::try_join!(
        async { Ok(supervise(settings, input, lines, is_canceled, stop).await) },
        reporter.run(received),
    );
    let ended = match ended {
        Ok((ended, ())) => ended,
        Err(Gone::Lost) => return Err(Gone::Lost),
        Err(Gone::Refused(error)) => {
            let _ = lease.fail(&format!("the server refused a report of the worker: {error}")).await;
            return Err(Gone::Refused(error));
        }
    };
    match ended {
        Ended::Exited(status, _) if status.success() => lease.complete().await.map(|()| "completed"),
        Ended::Canceled => lease.complete().await.map(|()| "canceled"),
        Ended::Exited(status, words) => lease.fail(&failure(status, &words)).await.map(|()| "failed"),
        Ended::Stopped => lease.fail("worker was stopped").await.map(|()| "stopped"),
        Ended::Failed(error) => lease.fail(&format!("the command cannot be run: {error}")).await.map(|()| "failed"),
    }
}

/// A worker that must end does not wait for a server that is gone.
async fn given_up(stop: &Stop, patience: Duration) {
    stop.reached(Phase::Stopping).await;
    tokio::time::sleep(patience).await;
}

/// Runs the command and sees to it that it ends when it must. No line comes any more when this is over.
async fn supervise(
    settings: &Settings,
    input: Vec<u8>,
    lines: mpsc::Sender<Line>,
    mut is_canceled: watch::Receiver<bool>,
    stop: &Stop,
) -> Ended {
    let mut command = match Running::start(&settings.command, input, &lines) {
        Ok(command) => command,
        Err(error) => return Ended::Failed(error),
    };
    let cause = tokio::select! {
        exited = command.wait() => Err(exited),
        // An error means that nobody reports any more, and then this is dropped.
        Ok(_) = is_canceled.wait_for(|canceled| *canceled) => Ok(Ended::Canceled),
        () = stop.reached(Phase::Stopping) => Ok(Ended::Stopped),
    };
    let cause = match cause {
        Err(exited) => {
            let words = LastWords(command.finish(Duration::ZERO).await);
            return exited.map_or_else(Ended::Failed, |status| Ended::Exited(status, words));
        }
        Ok(cause) => cause,
    };
    command.terminate();
    let deadline = tokio::time::Instant::now() + settings.grace;
    if tokio::time::timeout_at(deadline, command.wait()).await.is_err() {
        tracing::warn!("the command is still there after {:?} and gets SIGKILL", settings.grace);
        command.kill();
        let _ = command.wait().await;
    }
    // What the command started got SIGTERM, too, and has the rest of the time.
    command.finish(deadline.saturating_duration_since(tokio::time::Instant::now())).await;
    cause
}

/// The error of a job whose command ended badly.
fn failure(status: ExitStatus, words: &LastWords) -> String {
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("the command ended with status {code}"),
        (None, Some(number)) => {
            let name = Signal::try_from(number).map_or("", Signal::as_str);
            format!("the command was killed by signal {number} {name}").trim_end().to_owned()
        }
        (None, None) => "the command ended in an unknown way".to_owned(),
    };
    format!("{how}{words}")
}

impl fmt::Display for LastWords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.trim();
        if text.is_empty() {
            return Ok(());
        }
        write!(formatter, ": {}", &text[..text.floor_char_boundary(QUOTED)])
    }
}
