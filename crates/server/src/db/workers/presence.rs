//! Notes which workers were seen, and forgets those that were not for long.

use diesel::prelude::*;
use diesel::sql_types::Text;
use orgd_api_types::Timestamp;

use crate::change::{Change, WorkerSight};
use crate::db::Database;
use crate::db::conn::{Conn, on_inner};
use crate::db::error::DbError;
use crate::db::schema::provisioner_daemons as table;
use crate::db::types::{DbTime, DbUuid, SqlTime, SqlUuid};

/// How many workers one statement names.
const AT_ONCE: usize = 500;

impl Database {
    /// Notes that these workers were seen.
    pub async fn note_workers_seen(&self, seen: Vec<WorkerSight>, at: Timestamp) -> Result<(), DbError> {
        self.writer.write(move |conn| note(conn, &seen, at)).await
    }

    /// Forgets workers that were not seen since `horizon` and hold no job, and says how many.
    pub async fn forget_workers(&self, horizon: Timestamp) -> Result<usize, DbError> {
        self.writer.write(move |conn| forget(conn, horizon)).await
    }
}

fn note(conn: &mut Conn, seen: &[WorkerSight], at: Timestamp) -> Result<((), Vec<Change>), DbError> {
    for some in seen.chunks(AT_ONCE) {
        let workers = table::table.filter(table::id.eq_any(some.iter().map(|sight| DbUuid(sight.worker))));
        let update = diesel::update(workers).set(table::last_seen_at.eq(Some(DbTime(at))));
        on_inner!(conn, inner => update.execute(inner))?;
    }
    Ok(((), vec![Change::WorkersSeen(seen.to_vec(), at)]))
}

// Both databases take the parameter in this form.
const FORGET: &str = "
    DELETE FROM provisioner_daemons
    WHERE coalesce(last_seen_at, created_at) < $1 AND NOT EXISTS (
        SELECT 1 FROM provisioner_jobs
        WHERE provisioner_jobs.worker_id = provisioner_daemons.id AND provisioner_jobs.completed_at IS NULL)
    RETURNING id, organization_id, name";

#[derive(QueryableByName)]
struct Forgotten {
    #[diesel(sql_type = SqlUuid)]
    id: DbUuid,
    #[diesel(sql_type = SqlUuid)]
    organization_id: DbUuid,
    #[diesel(sql_type = Text)]
    name: String,
}

fn forget(conn: &mut Conn, horizon: Timestamp) -> Result<(usize, Vec<Change>), DbError> {
    let query = diesel::sql_query(FORGET).bind::<SqlTime, _>(DbTime(horizon));
    let forgotten: Vec<Forgotten> = on_inner!(conn, inner => query.load(inner))?;
    let changes: Vec<_> = forgotten
        .into_iter()
        .map(|worker| {
            tracing::info!(worker = worker.name, "forgot a worker that was not seen for long");
            Change::WorkerForgotten(WorkerSight {
                organization: worker.organization_id.into(),
                worker: worker.id.into(),
            })
        })
        .collect();
    Ok((changes.len(), changes))
}
