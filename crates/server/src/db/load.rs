//! Reads what the server keeps in memory.

use orgd_api_types::Organization;

use super::conn::Conn;
use super::error::DbError;
use super::jobs::{self, PendingRow};
use super::workers::{self, WorkerRecord};
use super::{organizations, tag_sets};
use crate::change::Change;
use crate::tags::TagSetId;

/// What the queue index is built from.
#[derive(Debug)]
pub struct QueueContents {
    /// Every tag set with its canonical JSON.
    pub tag_sets: Vec<(TagSetId, String)>,
    /// Every worker.
    pub workers: Vec<WorkerRecord>,
    /// Every pending job, grouped by organization, provisioner and tag set, in queue order.
    pub pending: Vec<PendingRow>,
}

/// Every live organization.
pub fn organizations(conn: &mut Conn) -> Result<Vec<Organization>, DbError> {
    organizations::list(conn)
}

/// Tag sets, workers and pending jobs, all from one moment.
pub fn queue(conn: &mut Conn) -> Result<QueueContents, DbError> {
    super::in_one_moment(conn, |conn| {
        Ok(QueueContents {
            tag_sets: tag_sets::list(conn)?,
            workers: workers::list(conn)?,
            pending: jobs::list_pending(conn)?,
        })
    })
}

/// All that is kept in memory, read anew. Who may do what comes first, so that a revoked token never outlives the rest.
pub(super) fn everything(conn: &mut Conn) -> Result<Vec<Change>, DbError> {
    let organizations = organizations(conn)?;
    let queue = queue(conn)?;
    Ok(vec![Change::IdentitiesChanged, Change::OrganizationsRead(organizations), Change::QueueRead(Box::new(queue))])
}
