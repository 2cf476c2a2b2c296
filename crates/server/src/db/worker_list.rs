//! The workers of one organization with the jobs that they have and had, for whoever looks at them. What the queue needs of
//! workers is in `workers`.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use orgd_api_types::{ProvisionerDaemonJob, ProvisionerJobMetadata, ProvisionerJobStatus, Timestamp};
use uuid::Uuid;

use super::conn::{Conn, on_inner};
use super::error::DbError;
use super::prepared::Prepared;
use super::schema::provisioner_jobs;
use super::types::{DbTime, DbUuid, SqlTime, SqlUuid};
use super::{Database, Effort};
use crate::tags::{ParseTagSetError, TagSet};

/// How many jobs one statement asks for: fewer than either database takes values.
const JOBS_AT_ONCE: usize = 1000;

/// A worker as it is listed.
#[derive(Debug, Clone)]
pub struct ListedWorker {
    /// Worker ID.
    pub id: Uuid,
    /// The key with which it registered.
    pub key_id: Option<Uuid>,
    /// The name of that key.
    pub key_name: Option<String>,
    /// Its name.
    pub name: String,
    /// The types of job that it runs, also those that this version does not know.
    pub provisioners: Vec<String>,
    /// Its tags.
    pub tags: TagSet,
    /// The version of its program.
    pub version: String,
    /// The version of the interface that it speaks.
    pub api_version: String,
    /// When it registered first.
    pub created_at: Timestamp,
    /// When it last gave a sign of life.
    pub last_seen_at: Option<Timestamp>,
    /// The place of the job that it has, for [`JobsByPlace`].
    pub current_job: Option<i64>,
    /// The place of the job that it ended last.
    pub previous_job: Option<i64>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: DbUuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    key_id: Option<DbUuid>,
    #[diesel(sql_type = Nullable<Text>)]
    key_name: Option<String>,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    provisioners: String,
    #[diesel(sql_type = Text)]
    tags: String,
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Text)]
    api_version: String,
    #[diesel(sql_type = SqlTime)]
    created_at: DbTime,
    #[diesel(sql_type = Nullable<SqlTime>)]
    last_seen_at: Option<DbTime>,
    #[diesel(sql_type = Nullable<BigInt>)]
    current_job: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    previous_job: Option<i64>,
}

impl TryFrom<Row> for ListedWorker {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        let unreadable = |what: &str, why: String| DbError::Internal(format!("provisioner_daemons.{what}: {why}"));
        Ok(Self {
            id: row.id.into(),
            key_id: row.key_id.map(Into::into),
            key_name: row.key_name,
            name: row.name,
            provisioners: serde_json::from_str(&row.provisioners)
                .map_err(|error| unreadable("provisioners", error.to_string()))?,
            tags: row.tags.parse().map_err(|error: ParseTagSetError| unreadable("tag_set_id", error.to_string()))?,
            version: row.version,
            api_version: row.api_version,
            created_at: row.created_at.into(),
            last_seen_at: row.last_seen_at.map(Into::into),
            current_job: row.current_job,
            previous_job: row.previous_job,
        })
    }
}

/// Jobs by their place in their table.
pub type JobsByPlace = BTreeMap<i64, ProvisionerDaemonJob>;

impl Database {
    /// The workers of an organization, those that registered last first, less those that `choose` takes out, and their jobs. All
    /// from one moment.
    pub async fn list_provisioner_daemons<F>(
        &self,
        organization: Uuid,
        choose: F,
    ) -> Result<(Vec<ListedWorker>, JobsByPlace), DbError>
    where
        F: Fn(&mut Vec<ListedWorker>) + Send + 'static,
    {
        let read = move |conn: &mut Conn| {
            super::in_one_moment(conn, |conn| {
                let mut workers = list(conn, organization)?;
                choose(&mut workers);
                let places =
                    workers.iter().flat_map(|worker| worker.current_job.into_iter().chain(worker.previous_job));
                let jobs = jobs_at(conn, &places.collect::<Vec<_>>())?;
                Ok((workers, jobs))
            })
        };
        self.readers.read(Effort::Large, read).await
    }
}

/// The statement, with the database's way of writing its one parameter. The orders of the jobs are such that no index but the one
/// by worker can serve them: one that led to the newest job of all first would be read to its end for a worker that has none.
macro_rules! listing {
    ($parameter:literal) => {
        concat!(
            "SELECT d.id, d.key_id, k.name AS key_name, d.name, d.provisioners, t.tags, d.version, d.api_version, ",
            "d.created_at, d.last_seen_at, ",
            "(SELECT j.seq FROM provisioner_jobs j WHERE j.worker_id = d.id AND j.completed_at IS NULL ",
            "AND j.status IN (1, 3) ORDER BY j.started_at DESC LIMIT 1) AS current_job, ",
            "(SELECT j.seq FROM provisioner_jobs j WHERE j.worker_id = d.id AND j.completed_at IS NOT NULL ",
            "ORDER BY j.completed_at DESC, j.seq DESC LIMIT 1) AS previous_job ",
            "FROM provisioner_daemons d JOIN tag_sets t ON t.id = d.tag_set_id ",
            "LEFT JOIN provisioner_keys k ON k.id = d.key_id WHERE d.organization_id = ",
            $parameter,
            " ORDER BY d.created_at DESC, d.id"
        )
    };
}

fn list(conn: &mut Conn, organization: Uuid) -> Result<Vec<ListedWorker>, DbError> {
    let organization = DbUuid(organization);
    let rows: Vec<Row> = match conn {
        Conn::Sqlite(conn) => Prepared(diesel::sql_query(listing!("?")).bind::<SqlUuid, _>(organization)).load(conn)?,
        Conn::Postgres(conn) => diesel::sql_query(listing!("$1")).bind::<SqlUuid, _>(organization).load(conn)?,
    };
    rows.into_iter().map(ListedWorker::try_from).collect()
}

fn jobs_at(conn: &mut Conn, places: &[i64]) -> Result<JobsByPlace, DbError> {
    use provisioner_jobs as table;
    let mut jobs = JobsByPlace::new();
    for some in places.chunks(JOBS_AT_ONCE) {
        let query = table::table.filter(table::seq.eq_any(some.iter().copied())).select((
            table::seq,
            table::id,
            table::status,
            table::metadata,
        ));
        let rows: Vec<(i64, DbUuid, i16, String)> = on_inner!(conn, inner => query.load(inner))?;
        for (place, id, status, metadata) in rows {
            jobs.insert(place, short(id.into(), status, &metadata)?);
        }
    }
    Ok(jobs)
}

fn short(id: Uuid, status: i16, metadata: &str) -> Result<ProvisionerDaemonJob, DbError> {
    let known = usize::try_from(status).ok().and_then(|code| ProvisionerJobStatus::ALL.get(code).copied());
    let status = known.ok_or_else(|| DbError::Internal(format!("provisioner_jobs.status holds {status}")))?;
    let metadata: ProvisionerJobMetadata = serde_json::from_str(metadata)
        .map_err(|error| DbError::Internal(format!("provisioner_jobs.metadata: {error}")))?;
    let ProvisionerJobMetadata { template_name, template_icon, template_display_name, .. } = metadata;
    Ok(ProvisionerDaemonJob { id, status, template_name, template_icon, template_display_name })
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use diesel::sql_types::Text;

    use crate::config::DatabaseUrl;
    use crate::db::{Conn, Schema, prepare};

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }

    #[test]
    fn the_jobs_of_a_worker_are_found_by_their_index() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite { path: folder.path().join("orgd.db") };
        let Conn::Sqlite(mut conn) = prepare(&url, Schema::Migrate).unwrap() else { unreachable!("it is a file") };
        let plan = diesel::sql_query(concat!("EXPLAIN QUERY PLAN ", listing!("x'00'")));
        let steps: Vec<Step> = plan.load(&mut conn).unwrap();
        let of_jobs: Vec<_> =
            steps.iter().map(|step| step.detail.as_str()).filter(|step| step.contains(" j ")).collect();
        let index = "INDEX provisioner_jobs_by_worker (worker_id=? AND completed_at";
        assert_eq!(of_jobs.len(), 2, "{of_jobs:?}");
        assert!(of_jobs.iter().all(|step| step.starts_with("SEARCH j ") && step.contains(index)), "{of_jobs:?}");
    }
}
