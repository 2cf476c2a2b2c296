//! Jobs that workers hold, and how those of lost workers are ended.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use orgd_api_types::{LogLevel, LogSource, ProvisionerJobStatus, Timestamp};
use uuid::Uuid;

use super::logs::{LogLine, append};
use super::{JobRecord, find, to_code};
use crate::change::Change;
use crate::db::conn::{Conn, on_inner};
use crate::db::error::DbError;
use crate::db::schema::provisioner_jobs as table;
use crate::db::types::{DbTime, DbUuid};
use crate::db::{Database, Effort};

/// A job that a worker holds, and its last sign of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HeldJob {
    /// The job.
    pub id: Uuid,
    /// The attempt.
    pub attempt: i32,
    /// When the worker last reported, by the clock of whichever server it reported to.
    pub updated_at: Timestamp,
}

/// Why a job is ended without its worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenUp {
    /// Its worker has not reported for too long.
    Held(HeldJob),
    /// No worker has taken it for too long.
    Pending(Uuid),
}

impl Database {
    /// Every job that a worker holds.
    pub async fn list_held_jobs(&self) -> Result<Vec<HeldJob>, DbError> {
        self.readers.read(Effort::Large, list).await
    }

    /// Fails those of the jobs that are still as they were when they were given up, and says how many these were.
    pub async fn give_up_jobs(&self, jobs: Vec<GivenUp>, why: String, now: Timestamp) -> Result<usize, DbError> {
        let work = move |conn: &mut Conn| {
            let mut changes = Vec::new();
            for job in &jobs {
                changes.extend(give_up(conn, *job, &why, now)?);
            }
            Ok((changes.len(), changes))
        };
        self.writer.write(work).await
    }
}

fn list(conn: &mut Conn) -> Result<Vec<HeldJob>, DbError> {
    // The index has the condition as a literal.
    let held =
        table::table.filter(sql::<Bool>("status IN (1, 3)")).select((table::id, table::attempt, table::updated_at));
    let rows: Vec<(DbUuid, i32, DbTime)> = on_inner!(conn, inner => held.load(inner))?;
    Ok(rows
        .into_iter()
        .map(|(id, attempt, updated_at)| HeldJob { id: id.into(), attempt, updated_at: updated_at.into() })
        .collect())
}

/// The job as it is, unless somebody is changing it: its worker reports, or another server gives it up. Waiting for them would keep
/// all other writes of this server waiting; the next search sees what became of it.
fn hold_unless_in_use(conn: &mut Conn, id: Uuid) -> Result<Option<JobRecord>, DbError> {
    if let Conn::Postgres(conn) = conn {
        let row = table::table.filter(table::id.eq(DbUuid(id))).select(table::seq).for_update().skip_locked();
        if row.first::<i64>(conn).optional()?.is_none() {
            return Ok(None);
        }
    }
    find(conn, id)
}

fn give_up(conn: &mut Conn, job: GivenUp, why: &str, now: Timestamp) -> Result<Option<Change>, DbError> {
    let id = match job {
        GivenUp::Held(held) => held.id,
        GivenUp::Pending(id) => id,
    };
    let Some(record) = hold_unless_in_use(conn, id)? else { return Ok(None) };
    let started = record.job.started_at.unwrap_or(record.job.created_at);
    let at = DbTime([Some(started), record.job.canceled_at].into_iter().flatten().fold(now, Timestamp::max));
    let failed = (
        table::status.eq(to_code(ProvisionerJobStatus::ALL, &ProvisionerJobStatus::Failed)),
        table::completed_at.eq(Some(at)),
        table::updated_at.eq(at),
        table::error.eq(why),
    );
    let row = table::table.filter(table::id.eq(DbUuid(id)));
    let count = match job {
        GivenUp::Held(held) => {
            let unchanged = row
                .filter(table::attempt.eq(held.attempt))
                .filter(table::updated_at.eq(DbTime(held.updated_at)))
                .filter(sql::<Bool>("status IN (1, 3)"));
            let update = diesel::update(unchanged).set(failed);
            on_inner!(conn, inner => update.execute(inner))?
        }
        GivenUp::Pending(_) => {
            let update = diesel::update(row.filter(sql::<Bool>("status = 0"))).set(failed);
            on_inner!(conn, inner => update.execute(inner))?
        }
    };
    if count == 0 {
        return Ok(None);
    }
    let line = LogLine {
        created_at: at.0,
        source: LogSource::ProvisionerDaemon,
        level: LogLevel::Error,
        stage: String::new(),
        output: why.to_owned(),
    };
    append(conn, id, &[line])?;
    let place = crate::change::JobPlace { is_pending: false, ..record.place() };
    Ok(Some(Change::JobSaved(place)))
}
