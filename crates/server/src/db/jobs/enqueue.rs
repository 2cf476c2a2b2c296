//! Queues provisioner jobs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{JobRecord, find, insert};
use crate::audit::Action;
use crate::change::Change;
use crate::db::conn::Conn;
use crate::db::error::{Constraint, DbError};
use crate::db::idempotency::{Answered, Attempt};
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
    let stored = Change::TagSetStored(tag_set, Arc::clone(tags));
    let changes = vec![stored, Change::JobSaved(job.place()), job.audited(Action::Create, None, job.job.created_at)];
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
