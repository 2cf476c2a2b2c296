//! Cancels provisioner jobs.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use orgd_api_types::{ProvisionerJob, ProvisionerJobStatus, ProvisionerJobType, Timestamp};
use uuid::Uuid;

use super::{JobRecord, find, to_code};
use crate::audit::Action;
use crate::change::{Change, JobPlace};
use crate::db::conn::{Conn, on_inner};
use crate::db::error::DbError;
use crate::db::schema::provisioner_jobs;
use crate::db::types::{DbTime, DbUuid};
use crate::db::{Database, Effort};

/// How a cancellation went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancellation {
    /// The job is canceled, or will be when its worker confirms.
    Done,
    /// There is no such job in the organization.
    NotFound,
    /// It had ended.
    Completed,
    /// Somebody had canceled it before.
    Canceled,
    /// It has another status than the caller expects.
    Unexpected,
}

/// Which job is to be canceled, and what is taken for granted of it.
#[derive(Debug, Clone, Copy)]
pub struct CancelRequest {
    /// Whose job.
    pub organization: Uuid,
    /// Which job.
    pub job: Uuid,
    /// The status that it must have.
    pub expected: Option<ProvisionerJobStatus>,
}

impl Database {
    /// Cancels a job: one that no worker has at once, any other by telling its worker.
    pub async fn cancel_provisioner_job(
        &self,
        request: CancelRequest,
        now: Timestamp,
    ) -> Result<Cancellation, DbError> {
        self.writer.write(move |conn| cancel(conn, request, now)).await
    }

    /// The newest job of this type that works on `subject`, with its organization.
    pub async fn find_newest_job_about(
        &self,
        subject: Uuid,
        kind: ProvisionerJobType,
    ) -> Result<Option<(Uuid, Uuid)>, DbError> {
        self.readers.read(Effort::Small, move |conn| newest_about(conn, subject, kind)).await
    }
}

fn newest_about(conn: &mut Conn, subject: Uuid, kind: ProvisionerJobType) -> Result<Option<(Uuid, Uuid)>, DbError> {
    use provisioner_jobs as table;
    let newest = table::table
        .filter(table::subject_id.eq(DbUuid(subject)).and(sql::<Bool>("subject_id IS NOT NULL")))
        .filter(table::kind.eq(to_code(ProvisionerJobType::ALL, &kind)))
        .order((table::created_at.desc(), table::seq.desc()))
        .select((table::id, table::organization_id));
    let found: Option<(DbUuid, DbUuid)> = on_inner!(conn, inner => newest.first(inner)).optional()?;
    Ok(found.map(|(job, organization)| (job.into(), organization.into())))
}

/// The job as it is, kept from changing until the transaction ends.
pub(super) fn hold(conn: &mut Conn, id: Uuid) -> Result<Option<JobRecord>, DbError> {
    if let Conn::Postgres(conn) = conn {
        let row = provisioner_jobs::table.filter(provisioner_jobs::id.eq(DbUuid(id))).select(provisioner_jobs::seq);
        row.for_update().first::<i64>(conn).optional()?;
    }
    find(conn, id)
}

fn cancel(conn: &mut Conn, request: CancelRequest, now: Timestamp) -> Result<(Cancellation, Vec<Change>), DbError> {
    // A worker may be taking it.
    let record = hold(conn, request.job)?.filter(|record| record.job.organization_id == request.organization);
    let Some(record) = record else { return Ok((Cancellation::NotFound, Vec::new())) };
    let job = &record.job;
    if job.completed_at.is_some() || job.status == ProvisionerJobStatus::Failed {
        return Ok((Cancellation::Completed, Vec::new()));
    }
    if job.canceled_at.is_some() {
        return Ok((Cancellation::Canceled, Vec::new()));
    }
    if request.expected.is_some_and(|expected| expected != job.status) {
        return Ok((Cancellation::Unexpected, Vec::new()));
    }
    // Its worker confirms; without one nobody is left to.
    let ended = job.worker_id.is_none() && job.started_at.is_none();
    let status = if ended { ProvisionerJobStatus::Canceled } else { ProvisionerJobStatus::Canceling };
    // The clock may have been set back since.
    let at = DbTime(now.max(job.started_at.unwrap_or(job.created_at)));
    let row = provisioner_jobs::table.filter(provisioner_jobs::id.eq(DbUuid(job.id)));
    let canceled = diesel::update(row).set((
        provisioner_jobs::canceled_at.eq(Some(at)),
        provisioner_jobs::completed_at.eq(ended.then_some(at)),
        provisioner_jobs::status.eq(to_code(ProvisionerJobStatus::ALL, &status)),
    ));
    on_inner!(conn, inner => canceled.execute(inner))?;
    let old = Some(record.job.status);
    let saved = Change::JobSaved(JobPlace { is_pending: false, ..record.place() });
    let canceled = JobRecord { job: ProvisionerJob { status, ..record.job.clone() }, ..record.clone() };
    Ok((Cancellation::Done, vec![saved, canceled.audited(Action::Write, old, now)]))
}
