//! Puts a fixture in the place of everything that a database holds. For databases of tests only: nothing of what was there is left.

use diesel::prelude::*;
use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::conn::{Conn, on_inner};
use super::error::DbError;
use super::jobs::logs::LogLine;
use super::jobs::{self, JobRecord};
use super::schema;
use super::types::{DbTime, DbUuid};
use super::{Database, api_keys, load, members, organizations, provisioner_keys, tag_sets, users};
use crate::auth::token::SessionTokenRecord;
use crate::change::{Change, WorkerSight};
use crate::fixture::{Contents, JobContents, When, WorkerContents};

impl Database {
    /// Replaces everything by this; memory follows before it is answered, and whoever waits for something is woken.
    pub async fn replace_everything(&self, contents: std::sync::Arc<Contents>, now: Timestamp) -> Result<(), DbError> {
        let work = move |conn: &mut Conn| Ok(((), replace(conn, &contents, now)?));
        self.writer.write(work).await
    }
}

/// Fills a database that nobody serves yet.
pub fn fill(conn: &mut Conn, contents: &Contents, now: Timestamp) -> Result<(), DbError> {
    super::all_or_nothing(conn, |conn| {
        clear(conn)?;
        insert(conn, contents, now)
    })
}

fn replace(conn: &mut Conn, contents: &Contents, now: Timestamp) -> Result<Vec<Change>, DbError> {
    clear(conn)?;
    insert(conn, contents, now)?;
    load::everything(conn)
}

/// What refers to something goes before it. Tag sets stay: their numbers are in the memory of requests that are under way.
fn clear(conn: &mut Conn) -> Result<(), DbError> {
    use schema::{
        api_keys, audit_logs, idempotency_keys, organization_members, organizations, provisioner_daemons,
        provisioner_job_logs, provisioner_jobs, provisioner_keys, users,
    };
    macro_rules! clear {
        ($($table:ident),+) => { $( diesel::delete($table::table).execute(conn)?; )+ };
    }
    clear!(
        provisioner_job_logs,
        provisioner_jobs,
        provisioner_daemons,
        provisioner_keys,
        organization_members,
        api_keys,
        idempotency_keys,
        audit_logs,
        users,
        organizations
    );
    Ok(())
}

fn insert(conn: &mut Conn, contents: &Contents, now: Timestamp) -> Result<(), DbError> {
    for organization in &contents.organizations {
        organizations::insert(conn, organization)?;
    }
    for one in &contents.users {
        users::insert(conn, &one.user, one.password.as_ref())?;
    }
    for one in &contents.members {
        members::insert(conn, one.user, one.organization, &one.roles, one.created_at)?;
    }
    for (record, expires_at) in &contents.tokens {
        api_keys::insert(conn, &SessionTokenRecord { expires_at: expires_at.at(now), ..record.clone() })?;
    }
    for key in &contents.keys {
        provisioner_keys::insert(conn, key)?;
    }
    for worker in &contents.workers {
        insert_worker(conn, worker, now)?;
    }
    let mut line = 0;
    for job in &contents.jobs {
        insert_job(conn, job, &mut line)?;
    }
    Ok(())
}

fn insert_worker(conn: &mut Conn, worker: &WorkerContents, now: Timestamp) -> Result<(), DbError> {
    use schema::provisioner_daemons as table;
    let tag_set = tag_sets::put(conn, &worker.tags.to_string())?;
    let names: Vec<_> = worker.provisioners.iter().map(|one| one.as_str()).collect();
    let names = serde_json::to_string(&names).map_err(|error| DbError::Internal(error.to_string()))?;
    let owner = worker.tags.pairs().get("owner").cloned().unwrap_or_default();
    let insert = diesel::insert_into(table::table).values((
        table::id.eq(DbUuid(worker.id)),
        table::organization_id.eq(DbUuid(worker.organization)),
        table::key_id.eq(worker.key.map(DbUuid)),
        table::name.eq(&worker.name),
        table::owner.eq(owner),
        table::provisioners.eq(names),
        table::tag_set_id.eq(tag_set.0),
        table::version.eq(&worker.version),
        table::api_version.eq("1.0"),
        table::created_at.eq(DbTime(worker.created_at)),
        table::last_seen_at.eq(Some(DbTime(worker.last_seen_at.at(now)))),
    ));
    on_inner!(conn, inner => insert.execute(inner))?;
    Ok(())
}

/// `line` is the number of the last log line, which are numbered from 1 in the order of the fixture.
fn insert_job(conn: &mut Conn, job: &JobContents, line: &mut i64) -> Result<(), DbError> {
    let tag_set = tag_sets::put(conn, &job.tags.to_string())?;
    let record = JobRecord { tag_set, ..job.record.clone() };
    let shown = &record.job;
    let latest = [shown.started_at, shown.canceled_at, shown.completed_at].into_iter().flatten().max();
    jobs::insert(conn, &record, latest.unwrap_or(shown.created_at))?;
    for log in &job.logs {
        *line += 1;
        insert_line(conn, shown.id, *line, log)?;
    }
    let length: usize = job.logs.iter().map(|line| line.output.len()).sum();
    jobs::note_seeded_life(conn, &record, i32::try_from(job.logs.len()).unwrap_or(i32::MAX), length)
}

fn insert_line(conn: &mut Conn, job: Uuid, number: i64, line: &LogLine) -> Result<(), DbError> {
    use schema::provisioner_job_logs as table;
    let insert = diesel::insert_into(table::table).values((
        table::id.eq(number),
        table::job_id.eq(DbUuid(job)),
        table::created_at.eq(DbTime(line.created_at)),
        table::source.eq(line.source.as_str()),
        table::level.eq(line.level.as_str()),
        table::stage.eq(&line.stage),
        table::output.eq(&line.output),
    ));
    on_inner!(conn, inner => insert.execute(inner))?;
    Ok(())
}

/// The workers that stay alive without a process behind them.
pub fn always_live(contents: &Contents) -> Vec<WorkerSight> {
    let always = contents.workers.iter().filter(|worker| worker.last_seen_at == When::Always);
    always.map(|worker| WorkerSight { organization: worker.organization, worker: worker.id }).collect()
}
