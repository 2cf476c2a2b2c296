//! How a provisioner job is given to a worker, and taken back or ended.
//!
//! A lease is a worker and an attempt: each time a job is given to a worker the attempt grows. Whatever a worker does to its job
//! names both, and every statement here changes a row only while it still holds both. So the database itself keeps a worker that
//! was given up from touching the job.

use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, SmallInt, Text};
use diesel::sqlite::SqliteConnection;
use orgd_api_types::{ProvisionerJobStatus, Timestamp};
use uuid::Uuid;

use super::cancel::hold;
use super::{JobRecord, JobRow, to_code, with_tags};
use crate::change::Change;
use crate::db::conn::{Conn, on_inner};
use crate::db::error::DbError;
use crate::db::prepared::Prepared;
use crate::db::schema::provisioner_jobs as table;
use crate::db::types::{DbTime, DbUuid, SqlTime, SqlUuid};
use crate::db::{Database, Effort};
use crate::queue::QueueId;
use crate::tags::TagSetRegistry;

/// A worker that holds a job, or thinks so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: Uuid,
    /// The worker.
    pub worker: Uuid,
    /// Which time the job was given to a worker.
    pub attempt: i32,
}

/// A worker that asks for a job.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Whose jobs.
    pub organization: Uuid,
    /// The worker.
    pub worker: Uuid,
    /// Its name, which the job keeps.
    pub worker_name: String,
    /// The queues that it may take jobs from.
    pub queues: Vec<QueueId>,
    /// Now.
    pub at: Timestamp,
}

/// A job that was given to a worker.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The job.
    pub record: JobRecord,
    /// The attempt.
    pub attempt: i32,
}

/// How a job ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// Well, or as it was canceled.
    Complete,
    /// With an error for people and a code for programs, which may be empty.
    Fail {
        /// Not empty.
        error: String,
        /// Empty when there is none.
        code: String,
    },
}

impl Database {
    /// Gives the first job of these queues to the worker; `None` when none of them has one.
    pub async fn claim_provisioner_job(&self, claim: Claim, known: TagSetRegistry) -> Result<Option<Claimed>, DbError> {
        self.writer.write(move |conn| take(conn, &claim, &known)).await
    }

    /// Puts a job that was given to a worker who has gone back to where it stood; false when the worker does not hold it.
    pub async fn release_provisioner_job(&self, lease: Lease, now: Timestamp) -> Result<bool, DbError> {
        self.writer.write(move |conn| release(conn, lease, now)).await
    }

    /// Ends a job, or finds it ended by the same attempt in the same way. `None` when the worker does not hold it.
    pub async fn end_provisioner_job(
        &self,
        lease: Lease,
        end: JobEnd,
        known: TagSetRegistry,
        now: Timestamp,
    ) -> Result<Option<JobRecord>, DbError> {
        self.writer.write(move |conn| finish(conn, lease, &end, &known, now)).await
    }
}

impl Database {
    /// Gives this very job to a worker, whatever its tags; false when it is not pending. For tests: a worker asks for the first job of
    /// its queues.
    pub async fn give_job(&self, job: Uuid, worker: Uuid, name: String, at: Timestamp) -> Result<bool, DbError> {
        let work = move |conn: &mut Conn| {
            let Some(record) = hold(conn, job)?.filter(JobRecord::is_pending) else { return Ok((false, Vec::new())) };
            let at = DbTime(at.max(record.job.created_at));
            let given = diesel::update(table::table.filter(table::id.eq(DbUuid(job)))).set((
                table::status.eq(to_code(ProvisionerJobStatus::ALL, &ProvisionerJobStatus::Running)),
                table::started_at.eq(Some(at)),
                table::updated_at.eq(at),
                table::worker_id.eq(Some(DbUuid(worker))),
                table::worker_name.eq(&name),
                table::attempt.eq(table::attempt + 1),
                table::logs_received.eq(0),
            ));
            on_inner!(conn, inner => given.execute(inner))?;
            let place = crate::change::JobPlace { is_pending: false, ..record.place() };
            Ok((true, vec![Change::JobSaved(place)]))
        };
        self.writer.write(work).await
    }

    /// The lease that a job is held with; `None` when there is no such job or nobody holds it.
    pub async fn lease_of(&self, job: Uuid) -> Result<Option<Lease>, DbError> {
        let read = move |conn: &mut Conn| {
            let held = table::table.filter(table::id.eq(DbUuid(job))).filter(sql::<Bool>("status IN (1, 3)"));
            let held = held.select((table::worker_id, table::attempt));
            let found: Option<(Option<DbUuid>, i32)> = on_inner!(conn, inner => held.first(inner)).optional()?;
            Ok(found.and_then(|(worker, attempt)| Some(Lease { job, worker: worker?.into(), attempt })))
        };
        self.readers.read(Effort::Small, read).await
    }
}

/// What only a running job that nobody else took over has.
macro_rules! held_by {
    ($lease:expr) => {
        table::table
            .filter(table::id.eq(DbUuid($lease.job)))
            .filter(table::worker_id.eq(Some(DbUuid($lease.worker))))
            .filter(table::attempt.eq($lease.attempt))
            .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("status IN (1, 3)"))
    };
}
pub(super) use held_by;

type Taken = (Option<Claimed>, Vec<Change>);

fn take(conn: &mut Conn, claim: &Claim, known: &TagSetRegistry) -> Result<Taken, DbError> {
    let taken = match conn {
        Conn::Sqlite(conn) => take_first(conn, claim)?,
        Conn::Postgres(conn) => take_first_unlocked(conn, claim)?,
    };
    let Some((row, attempt)) = taken else { return Ok((None, Vec::new())) };
    let record = with_tags(conn, known, row.try_into()?)?;
    let changes = vec![Change::JobSaved(record.place())];
    Ok((Some(Claimed { record, attempt }), changes))
}

/// Nobody else writes, so whatever is first stays so.
fn take_first(conn: &mut SqliteConnection, claim: &Claim) -> Result<Option<(JobRow, i32)>, DbError> {
    type Head = (i16, DbTime, DbUuid, i64);
    let mut first: Option<Head> = None;
    for queue in &claim.queues {
        let head = table::table
            .filter(table::organization_id.eq(DbUuid(claim.organization)))
            .filter(table::provisioner.eq(queue.provisioner.code()))
            .filter(table::tag_set_id.eq(queue.tag_set.0))
            // The index has the condition as a literal; a bound value would not be matched with it.
            .filter(sql::<Bool>("status = 0"))
            .order((table::class, table::created_at, table::id))
            .select((table::class, table::created_at, table::id, table::seq))
            .limit(1);
        let head = Prepared(head).get_result::<Head>(conn).optional()?;
        first = first.into_iter().chain(head).min();
    }
    let Some((_, created_at, _, seq)) = first else { return Ok(None) };
    let at = DbTime(claim.at.max(created_at.0));
    let taken = diesel::update(table::table.find(seq).filter(sql::<Bool>("status = 0")))
        .set((
            table::status.eq(to_code(ProvisionerJobStatus::ALL, &ProvisionerJobStatus::Running)),
            table::started_at.eq(Some(at)),
            table::updated_at.eq(at),
            table::worker_id.eq(Some(DbUuid(claim.worker))),
            table::worker_name.eq(&claim.worker_name),
            table::attempt.eq(table::attempt + 1),
            table::logs_received.eq(0),
        ))
        .returning((JobRow::as_returning(), table::attempt));
    Ok(Prepared(taken).get_result(conn).optional()?)
}

/// How many jobs of each queue are looked at: more than other servers are likely to be taking at this moment.
const DEPTH: i64 = 32;

// The jobs of each queue come sorted from their index, without a lock; then they are locked one after the other in the order of
// all, and the first that no other server is taking ends the search. It is planned anew each time: a plan that was made and kept
// while the table was small would read all of it when it has grown.
const TAKE: &str = "
    UPDATE provisioner_jobs AS taken
    SET status = 1, started_at = greatest($1, taken.created_at), updated_at = greatest($1, taken.created_at), worker_id = $2,
        worker_name = $3, attempt = taken.attempt + 1, logs_received = 0
    WHERE taken.status = 0 AND taken.seq = (
        SELECT job.seq
        FROM unnest($4, $5) AS queue (provisioner, tag_set)
        CROSS JOIN LATERAL (
            SELECT first.seq, first.class, first.created_at, first.id FROM provisioner_jobs AS first
            WHERE first.organization_id = $6 AND first.provisioner = queue.provisioner
                AND first.tag_set_id = queue.tag_set AND first.status = 0
            ORDER BY first.class, first.created_at, first.id LIMIT $7
        ) AS ahead
        JOIN provisioner_jobs AS job ON job.seq = ahead.seq
        WHERE job.status = 0
        ORDER BY ahead.class, ahead.created_at, ahead.id
        LIMIT 1 FOR UPDATE OF job SKIP LOCKED
    )
    RETURNING taken.seq";

#[derive(QueryableByName)]
struct Seq {
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

/// Several servers may be taking jobs at once.
fn take_first_unlocked(conn: &mut PgConnection, claim: &Claim) -> Result<Option<(JobRow, i32)>, DbError> {
    let provisioners: Vec<i16> = claim.queues.iter().map(|queue| queue.provisioner.code()).collect();
    let tag_sets: Vec<i32> = claim.queues.iter().map(|queue| queue.tag_set.0).collect();
    let taken = diesel::sql_query(TAKE)
        .bind::<SqlTime, _>(DbTime(claim.at))
        .bind::<SqlUuid, _>(DbUuid(claim.worker))
        .bind::<Text, _>(&claim.worker_name)
        .bind::<Array<SmallInt>, _>(provisioners)
        .bind::<Array<Integer>, _>(tag_sets)
        .bind::<SqlUuid, _>(DbUuid(claim.organization))
        .bind::<BigInt, _>(DEPTH)
        .get_result::<Seq>(conn)
        .optional()?;
    let Some(Seq { seq }) = taken else { return Ok(None) };
    Ok(Some(table::table.find(seq).select((JobRow::as_select(), table::attempt)).first(conn)?))
}

/// A job that was being canceled ends so instead: nobody is left who could confirm it.
fn release(conn: &mut Conn, lease: Lease, now: Timestamp) -> Result<(bool, Vec<Change>), DbError> {
    let Some(record) = held(conn, lease)? else { return Ok((false, Vec::new())) };
    if record.job.canceled_at.is_some() {
        end(conn, lease, &record, &JobEnd::Complete, now)?;
        return Ok((true, vec![Change::JobSaved(record.place())]));
    }
    let back = diesel::update(held_by!(lease)).set((
        table::status.eq(to_code(ProvisionerJobStatus::ALL, &ProvisionerJobStatus::Pending)),
        table::started_at.eq(None::<DbTime>),
        table::worker_id.eq(None::<DbUuid>),
        table::worker_name.eq(""),
        table::updated_at.eq(DbTime(now)),
    ));
    on_inner!(conn, inner => back.execute(inner))?;
    let place = crate::change::JobPlace { is_pending: true, ..record.place() };
    Ok((true, vec![Change::JobSaved(place)]))
}

/// The job, if this lease holds it; kept from changing.
fn held(conn: &mut Conn, lease: Lease) -> Result<Option<JobRecord>, DbError> {
    let Some(record) = hold(conn, lease.job)? else { return Ok(None) };
    let holds = held_by!(lease).select(table::seq);
    let holds: Option<i64> = on_inner!(conn, inner => Prepared(holds).get_result(inner)).optional()?;
    Ok(holds.map(|_| record))
}

type Finished = (Option<JobRecord>, Vec<Change>);

fn finish(
    conn: &mut Conn,
    lease: Lease,
    wanted: &JobEnd,
    known: &TagSetRegistry,
    now: Timestamp,
) -> Result<Finished, DbError> {
    let Some(record) = held(conn, lease)? else {
        let ended = ended_by(conn, lease, wanted)?.map(|record| with_tags(conn, known, record)).transpose()?;
        return Ok((ended, Vec::new()));
    };
    end(conn, lease, &record, wanted, now)?;
    let ended = super::find(conn, lease.job)?.map(|record| with_tags(conn, known, record)).transpose()?;
    Ok((ended, vec![Change::JobSaved(record.place())]))
}

fn end(conn: &mut Conn, lease: Lease, record: &JobRecord, wanted: &JobEnd, now: Timestamp) -> Result<(), DbError> {
    let job = &record.job;
    let (error, code) = match wanted {
        JobEnd::Complete => ("", ""),
        JobEnd::Fail { error, code } => (error.as_str(), code.as_str()),
    };
    let status = ProvisionerJobStatus::derive(true, job.canceled_at.is_some(), true, error);
    // The clock may have been set back since the job was started.
    let at = [job.started_at, job.canceled_at].into_iter().flatten().fold(now, Timestamp::max);
    let ended = diesel::update(held_by!(lease))
        .set((
            table::status.eq(to_code(ProvisionerJobStatus::ALL, &status)),
            table::completed_at.eq(Some(DbTime(at))),
            table::updated_at.eq(DbTime(at)),
            table::error.eq(error),
            table::error_code.eq(code),
        ))
        .returning(table::seq);
    let ended: Option<i64> = on_inner!(conn, inner => Prepared(ended).get_result(inner)).optional()?;
    ended.map(|_| ()).ok_or_else(|| DbError::InTheWay("the job was taken away".to_owned()))
}

/// The job, if this attempt has ended it in just this way before.
fn ended_by(conn: &mut Conn, lease: Lease, wanted: &JobEnd) -> Result<Option<JobRecord>, DbError> {
    let row = table::table
        .filter(table::id.eq(DbUuid(lease.job)))
        .filter(table::worker_id.eq(Some(DbUuid(lease.worker))))
        .filter(table::attempt.eq(lease.attempt))
        .filter(table::completed_at.is_not_null());
    let row = on_inner!(conn, inner => row.select(JobRow::as_select()).first::<JobRow>(inner)).optional()?;
    let record = row.map(JobRecord::try_from).transpose()?;
    Ok(record.filter(|record| match wanted {
        JobEnd::Complete => record.job.error.is_empty(),
        JobEnd::Fail { error, code } => record.job.error == *error && record.error_code == *code,
    }))
}
