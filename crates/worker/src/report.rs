//! Reports while a job runs: log lines in batches, signs of life, and what the server answers to them.

use std::time::Duration;

use orgd_client::types::{CodersdkLogSource, OrgdProvisionerJobLogLine};
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::command::Line;
use crate::lease::{Gone, Lease};

/// Log lines that one report may have.
const MOST_LINES: usize = 1000;
/// Bytes of log lines, as JSON, that one report may have. The server takes 1 MiB in all.
const MOST_BYTES: usize = 768 * 1024;
/// How long log lines may gather.
const GATHER: Duration = Duration::from_millis(500);
/// How long the server may go without a report. It is also how late the worker learns that the job is canceled.
const QUIET: Duration = Duration::from_secs(5);

/// Reports on one job.
pub(crate) struct Reporter<'a> {
    lease: &'a Lease,
    canceling: watch::Sender<bool>,
    quiet: Duration,
    /// Log lines that the server has.
    sent: i32,
    /// The server takes no more log lines.
    is_full: bool,
    last_report: Instant,
    /// A line that had no room in the last report.
    kept: Option<(OrgdProvisionerJobLogLine, usize)>,
}

/// Log lines of one report.
#[derive(Default)]
struct Batch {
    lines: Vec<OrgdProvisionerJobLogLine>,
    bytes: usize,
    /// No line comes after these.
    is_last: bool,
}

impl<'a> Reporter<'a> {
    /// `timeout`: how long the server waits for a report before it gives the job up.
    pub(crate) fn new(lease: &'a Lease, timeout: Duration, canceling: watch::Sender<bool>) -> Self {
        let quiet = QUIET.min(timeout / 3);
        Self { lease, canceling, quiet, sent: 0, is_full: false, last_report: Instant::now(), kept: None }
    }

    /// Reports until there are no more lines to come, and says when the job is being canceled.
    pub(crate) async fn run(mut self, mut lines: Receiver<Line>) -> Result<(), Gone> {
        loop {
            let batch = self.gather(&mut lines).await;
            if batch.is_last && batch.lines.is_empty() {
                return Ok(());
            }
            let count = i32::try_from(batch.lines.len()).unwrap_or(i32::MAX);
            let answer = self.lease.progress(batch.lines, self.sent).await?;
            self.sent = self.sent.saturating_add(count);
            self.last_report = Instant::now();
            if answer.canceling {
                self.canceling.send_replace(true);
            }
            if answer.logs_overflowed && !self.is_full {
                tracing::warn!(job = %self.lease.job, "the log is full; the rest of the output is dropped");
                self.is_full = true;
            }
            if batch.is_last {
                return Ok(());
            }
        }
    }

    /// Waits for the next report to be due, and takes the lines that it can have.
    async fn gather(&mut self, lines: &mut Receiver<Line>) -> Batch {
        let mut batch = Batch::default();
        if let Some((line, bytes)) = self.kept.take() {
            batch.add(line, bytes);
        }
        loop {
            let pause = if batch.lines.is_empty() { self.quiet } else { GATHER.min(self.quiet) };
            let received = tokio::time::timeout_at(self.last_report + pause, lines.recv()).await;
            match received {
                Err(_) => return batch,
                Ok(None) => {
                    batch.is_last = true;
                    return batch;
                }
                Ok(Some(_)) if self.is_full => {}
                Ok(Some(line)) => {
                    let Some(line) = sendable(line) else { continue };
                    let bytes = serde_json::to_string(&line).map_or(0, |text| text.len());
                    if batch.bytes + bytes > MOST_BYTES {
                        self.kept = Some((line, bytes));
                        return batch;
                    }
                    batch.add(line, bytes);
                    if batch.lines.len() == MOST_LINES {
                        return batch;
                    }
                }
            }
        }
    }
}

impl Batch {
    fn add(&mut self, line: OrgdProvisionerJobLogLine, bytes: usize) {
        self.lines.push(line);
        self.bytes += bytes + 1;
    }
}

/// The line as it is sent. None for one that is too long: lines are cut before, and such a defect must not cost the job.
fn sendable(line: Line) -> Option<OrgdProvisionerJobLogLine> {
    Some(OrgdProvisionerJobLogLine {
        output: line.text.parse().ok()?,
        created_at: Some(line.at),
        source: Some(CodersdkLogSource::Provisioner),
        level: Some(line.level),
        stage: None,
    })
}
