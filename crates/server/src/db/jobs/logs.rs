//! The provisioner_job_logs table: what workers write while they work on a job.

use diesel::prelude::*;
use orgd_api_types::{LogLevel, LogSource, ProvisionerJobLog, ProvisionerJobStatus, Timestamp};
use uuid::Uuid;

use super::cancel::hold;
use super::from_code;
use super::lease::{Lease, held_by};
use crate::change::Change;
use crate::db::conn::{Conn, on_inner};
use crate::db::error::DbError;
use crate::db::prepared::Prepared;
use crate::db::schema::{provisioner_job_logs as logs, provisioner_jobs as table};
use crate::db::types::{DbTime, DbUuid};
use crate::db::{Database, Effort};

/// The most bytes of output that a job keeps.
pub const MAX_LOGS: usize = 1024 * 1024;
/// How many lines are stored with one statement: seven values each, of the 32,766 that SQLite takes.
const LINES_AT_ONCE: usize = 1000;

/// A line to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub created_at: Timestamp,
    /// Who wrote it.
    pub source: LogSource,
    /// How important it is.
    pub level: LogLevel,
    /// What the job was at.
    pub stage: String,
    /// The text.
    pub output: String,
}

/// What a worker reports.
#[derive(Debug, Clone)]
pub struct Progress {
    /// On which job, and by what right.
    pub lease: Lease,
    /// Lines to add.
    pub lines: Vec<LogLine>,
    /// How many lines of this attempt come before them; as many as are there when the worker does not say.
    pub offset: Option<i32>,
    /// Now.
    pub at: Timestamp,
}

/// What a worker is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// It holds the job.
    Holds {
        /// It must stop.
        canceling: bool,
        /// Lines were left out.
        logs_overflowed: bool,
    },
    /// It does not hold the job; nothing was changed.
    Lost,
    /// It has left lines out; nothing was changed. So many are there.
    Gap(i32),
}

impl Database {
    /// Notes that a job makes progress, and adds to its log.
    pub async fn report_provisioner_job_progress(&self, progress: Progress) -> Result<Reported, DbError> {
        self.writer.write(move |conn| report(conn, &progress)).await
    }

    /// Lines of a job's log after the one with this number, at most `limit`.
    pub async fn list_provisioner_job_logs(
        &self,
        job: Uuid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ProvisionerJobLog>, DbError> {
        self.readers.read(Effort::Large, move |conn| list(conn, job, after, limit)).await
    }

    /// Where a job stands in its life.
    pub async fn find_provisioner_job_status(&self, job: Uuid) -> Result<Option<ProvisionerJobStatus>, DbError> {
        self.readers.read(Effort::Small, move |conn| status_of(conn, job)).await
    }
}

fn status_of(conn: &mut Conn, job: Uuid) -> Result<Option<ProvisionerJobStatus>, DbError> {
    let status = table::table.filter(table::id.eq(DbUuid(job))).select(table::status);
    let code: Option<i16> = on_inner!(conn, inner => status.first(inner)).optional()?;
    Ok(code.and_then(|code| from_code(ProvisionerJobStatus::ALL, code)))
}

fn report(conn: &mut Conn, progress: &Progress) -> Result<(Reported, Vec<Change>), DbError> {
    let lease = progress.lease;
    // Lines get their numbers in the order in which this is passed.
    let Some(record) = hold(conn, lease.job)? else { return Ok((Reported::Lost, Vec::new())) };
    let known = held_by!(lease).select((table::logs_received, table::logs_length, table::logs_overflowed));
    let known: Option<(i32, i32, bool)> = on_inner!(conn, inner => Prepared(known).get_result(inner)).optional()?;
    let Some((received, length, overflowed)) = known else { return Ok((Reported::Lost, Vec::new())) };
    let new = match progress.offset {
        None => &progress.lines[..],
        Some(offset) if offset > received => return Ok((Reported::Gap(received), Vec::new())),
        Some(offset) => {
            let known = usize::try_from(received - offset).unwrap_or(usize::MAX);
            progress.lines.get(known..).unwrap_or_default()
        }
    };
    let (kept, total) = fitting(new, usize::try_from(length).unwrap_or(usize::MAX));
    // Once lines were left out none follow, so that what is there has no gap.
    let kept = if overflowed { &[] } else { kept };
    let has_overflowed = overflowed || kept.len() < new.len();
    append(conn, lease.job, kept)?;
    let total = if overflowed { length } else { i32::try_from(total).unwrap_or(i32::MAX) };
    let count = i32::try_from(new.len()).unwrap_or(i32::MAX);
    let progressed = diesel::update(held_by!(lease))
        .set((
            table::updated_at.eq(DbTime(progress.at)),
            table::logs_received.eq(received.saturating_add(count)),
            table::logs_length.eq(total),
            table::logs_overflowed.eq(has_overflowed),
        ))
        .returning(table::seq);
    let progressed: Option<i64> = on_inner!(conn, inner => Prepared(progressed).get_result(inner)).optional()?;
    if progressed.is_none() {
        return Err(DbError::InTheWay("the job was taken away".to_owned()));
    }
    let mut changes = Vec::new();
    if !kept.is_empty() {
        changes.push(Change::JobLogged(lease.job));
    }
    if has_overflowed && !overflowed {
        changes.push(Change::JobSaved(record.place()));
    }
    let canceling = record.job.canceled_at.is_some();
    Ok((Reported::Holds { canceling, logs_overflowed: has_overflowed }, changes))
}

/// The lines at the beginning that fit beside `length` bytes, and how many bytes there are with them.
fn fitting(lines: &[LogLine], length: usize) -> (&[LogLine], usize) {
    let mut total = length;
    for (index, line) in lines.iter().enumerate() {
        if total + line.output.len() > MAX_LOGS {
            return (&lines[..index], total);
        }
        total += line.output.len();
    }
    (lines, total)
}

/// Adds lines to the end.
pub(super) fn append(conn: &mut Conn, job: Uuid, lines: &[LogLine]) -> Result<(), DbError> {
    for some in lines.chunks(LINES_AT_ONCE) {
        let rows: Vec<_> = some
            .iter()
            .map(|line| {
                (
                    logs::job_id.eq(DbUuid(job)),
                    logs::created_at.eq(DbTime(line.created_at)),
                    logs::source.eq(line.source.as_str()),
                    logs::level.eq(line.level.as_str()),
                    logs::stage.eq(line.stage.as_str()),
                    logs::output.eq(line.output.as_str()),
                )
            })
            .collect();
        let insert = diesel::insert_into(logs::table).values(rows);
        on_inner!(conn, inner => insert.execute(inner))?;
    }
    Ok(())
}

fn list(conn: &mut Conn, job: Uuid, after: i64, limit: i64) -> Result<Vec<ProvisionerJobLog>, DbError> {
    type Row = (i64, DbTime, String, String, String, String);
    let query = logs::table
        .filter(logs::job_id.eq(DbUuid(job)))
        .filter(logs::id.gt(after))
        .order(logs::id)
        .limit(limit)
        .select((logs::id, logs::created_at, logs::source, logs::level, logs::stage, logs::output));
    let rows: Vec<Row> = on_inner!(conn, inner => query.load(inner))?;
    Ok(rows
        .into_iter()
        .map(|(id, created_at, source, level, stage, output)| ProvisionerJobLog {
            id,
            created_at: created_at.into(),
            // The table takes no other words than these.
            log_source: LogSource::from_wire(&source).unwrap_or(LogSource::Provisioner),
            log_level: LogLevel::from_wire(&level).unwrap_or(LogLevel::Info),
            stage,
            output,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use orgd_api_types::{LogLevel, LogSource, Timestamp};

    use super::{LogLine, MAX_LOGS, fitting};

    fn line(length: usize) -> LogLine {
        LogLine {
            created_at: Timestamp::from_micros(0),
            source: LogSource::Provisioner,
            level: LogLevel::Info,
            stage: String::new(),
            output: "x".repeat(length),
        }
    }

    #[test]
    fn lines_fit_up_to_the_last_byte() {
        let lines = [line(10), line(0), line(5)];
        for (before, kept, total) in [
            (0, 3, 15),
            (MAX_LOGS - 15, 3, MAX_LOGS),
            (MAX_LOGS - 14, 2, MAX_LOGS - 4),
            (MAX_LOGS - 9, 0, MAX_LOGS - 9),
            (MAX_LOGS, 0, MAX_LOGS),
        ] {
            let (fitting, bytes) = fitting(&lines, before);
            assert_eq!((fitting.len(), bytes), (kept, total), "after {before}");
        }
    }
}
