//! Queues provisioner jobs and cancels them.

use std::sync::Arc;

use diesel::prelude::*;
use orgd_api_types::{ProvisionerJobStatus, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{JobRecord, find, insert, to_code};
use crate::change::Change;
use crate::db::conn::Conn;
use crate::db::error::{Constraint, DbError};
use crate::db::idempotency::{Answered, Attempt};
use crate::db::schema::provisioner_jobs;
use crate::db::types::{DbTime, DbUuid};
use crate::db::{Database, organizations, tag_sets};
use crate::tags::TagSet;

/// Which job a request led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enqueued {
    /// The job.
    pub id: Uuid,
    /// False when it was there already, the same in everything.
    pub is_new: bool,
}

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
}

impl Database {
    /// Queues a job. Its tag set is not looked at: it is that of `tags`, and is stored when it is new. One that is there already
    /// with the same id is left as it is; `Conflict(ProvisionerJobId)` when it differs in anything that the caller decides, and
    /// `Conflict(LiveOrganization)` when the organization is gone.
    pub async fn enqueue_provisioner_job(
        &self,
        job: JobRecord,
        tags: TagSet,
        attempt: Option<Attempt>,
    ) -> Result<Answered<Enqueued>, DbError> {
        let tags = Arc::new(tags);
        self.write_once(attempt, move |conn| enqueue(conn, &job, &tags)).await
    }

    /// Cancels a job: one that no worker has at once, any other by telling its worker.
    pub async fn cancel_provisioner_job(
        &self,
        organization: Uuid,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Cancellation, DbError> {
        self.writer.write(move |conn| cancel(conn, organization, id, now)).await
    }
}

fn enqueue(conn: &mut Conn, job: &JobRecord, tags: &Arc<TagSet>) -> Result<(Arc<Enqueued>, Vec<Change>), DbError> {
    if !organizations::hold_live(conn, job.job.organization_id)? {
        return Err(DbError::Conflict(Constraint::LiveOrganization));
    }
    let tag_set = tag_sets::put(conn, &tags.to_string())?;
    let job = JobRecord { tag_set, ..job.clone() };
    let id = job.job.id;
    if let Some(known) = find(conn, id)? {
        return if is_same(&known, &job) {
            Ok((Arc::new(Enqueued { id, is_new: false }), Vec::new()))
        } else {
            Err(DbError::Conflict(Constraint::ProvisionerJobId))
        };
    }
    insert(conn, &job, job.job.created_at)?;
    let changes = vec![Change::TagSetStored(tag_set, Arc::clone(tags)), Change::JobSaved(job.place())];
    Ok((Arc::new(Enqueued { id, is_new: true }), changes))
}

/// Everything that the caller decides.
fn is_same(known: &JobRecord, wanted: &JobRecord) -> bool {
    let decided = |record: &JobRecord| {
        let job = &record.job;
        (
            (job.organization_id, job.initiator_id, job.file_id, job.kind),
            (record.provisioner, record.class, record.tag_set),
            (job.input.clone(), job.metadata.clone()),
        )
    };
    decided(known) == decided(wanted)
}

fn cancel(
    conn: &mut Conn,
    organization: Uuid,
    id: Uuid,
    now: Timestamp,
) -> Result<(Cancellation, Vec<Change>), DbError> {
    let row = provisioner_jobs::table.filter(provisioner_jobs::id.eq(DbUuid(id))).select(provisioner_jobs::seq);
    // A worker may be taking it.
    let seq: Option<i64> = match conn {
        Conn::Sqlite(conn) => row.first(conn).optional()?,
        Conn::Postgres(conn) => row.for_update().first(conn).optional()?,
    };
    let record = if seq.is_some() { find(conn, id)? } else { None };
    let Some(record) = record.filter(|record| record.job.organization_id == organization) else {
        return Ok((Cancellation::NotFound, Vec::new()));
    };
    let job = &record.job;
    if job.completed_at.is_some() || job.status == ProvisionerJobStatus::Failed {
        return Ok((Cancellation::Completed, Vec::new()));
    }
    if job.canceled_at.is_some() {
        return Ok((Cancellation::Canceled, Vec::new()));
    }
    // Its worker confirms; without one nobody is left to.
    let ended = job.worker_id.is_none() && job.started_at.is_none();
    let status = if ended { ProvisionerJobStatus::Canceled } else { ProvisionerJobStatus::Canceling };
    diesel::update(provisioner_jobs::table.filter(provisioner_jobs::id.eq(DbUuid(id))))
        .set((
            provisioner_jobs::canceled_at.eq(Some(DbTime(now))),
            provisioner_jobs::completed_at.eq(ended.then_some(DbTime(now))),
            provisioner_jobs::updated_at.eq(DbTime(now)),
            provisioner_jobs::status.eq(to_code(ProvisionerJobStatus::ALL, &status)),
        ))
        .execute(conn)?;
    let place = crate::change::JobPlace { is_pending: false, ..record.place() };
    Ok((Cancellation::Done, vec![Change::JobSaved(place)]))
}
