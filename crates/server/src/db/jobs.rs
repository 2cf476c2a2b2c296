//! The provisioner_jobs table.

pub mod cancel;
pub mod enqueue;
pub mod held;
pub mod lease;
pub mod list;
pub mod logs;

use std::collections::BTreeSet;

use diesel::prelude::*;
use orgd_api_types::{
    JobErrorCode, ProvisionerJob, ProvisionerJobInput, ProvisionerJobMetadata, ProvisionerJobStatus,
    ProvisionerJobType, Timestamp,
};
use uuid::Uuid;

use super::conn::{Conn, on_inner};
use super::error::{Constraint, DbError};
use super::schema::provisioner_jobs;
use super::types::{DbTime, DbUuid};
use super::{Database, Effort, tag_sets};
use crate::audit::{Action, Diff, Fact, Resource};
use crate::change::{Change, JobPlace};
use crate::queue::{PriorityClass, ProvisionerType, QueueId, QueueKey};
use crate::tags::{TagSetId, TagSetRegistry};

/// A stored job: what the API shows of it, less what is known only in memory (tags, queue numbers, available workers), and
/// what the queue needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRecord {
    /// The job with empty tags, zero queue numbers and no available workers.
    pub job: ProvisionerJob,
    /// Which tags it has.
    pub tag_set: TagSetId,
    /// Which kind of worker it needs.
    pub provisioner: ProvisionerType,
    /// Which part of the queue it stands in.
    pub class: PriorityClass,
    /// The error code as it was stored, also one that the contract does not name.
    pub error_code: String,
}

impl JobRecord {
    /// Where the job stands, or stood.
    pub fn place(&self) -> JobPlace {
        JobPlace {
            organization: self.job.organization_id,
            queue: QueueId { provisioner: self.provisioner, tag_set: self.tag_set },
            key: self.queue_key(),
            is_pending: self.is_pending(),
        }
    }

    /// Where the job stands in its queue's order.
    pub fn queue_key(&self) -> QueueKey {
        QueueKey { class: self.class, created_at: self.job.created_at, id: self.job.id }
    }

    /// What the job works on: a workspace build or a template version.
    pub fn subject(&self) -> Option<Uuid> {
        match self.job.kind {
            ProvisionerJobType::WorkspaceBuild => self.job.input.workspace_build_id,
            ProvisionerJobType::TemplateVersionImport | ProvisionerJobType::TemplateVersionDryRun => {
                self.job.input.template_version_id
            }
        }
    }

    /// What the audit log says of it. `old` is its status before.
    fn audited(&self, action: Action, old: Option<ProvisionerJobStatus>, at: Timestamp) -> Change {
        let job = &self.job;
        let diff = Diff::default().with("status", old.map(ProvisionerJobStatus::as_str), job.status.as_str());
        let fact = Fact::new(action, Resource::ProvisionerJob, job.id, job.kind.as_str(), at);
        Change::Audited(Box::new(fact.in_organization(job.organization_id).with_diff(diff)))
    }

    /// True while the job waits for a worker.
    pub fn is_pending(&self) -> bool {
        self.job.status == ProvisionerJobStatus::Pending
    }

    /// True until a worker takes the job; only then is it said who could.
    pub fn may_be_taken(&self) -> bool {
        self.job.started_at.is_none()
    }
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = provisioner_jobs)]
struct JobRow {
    id: DbUuid,
    organization_id: DbUuid,
    initiator_id: DbUuid,
    file_id: DbUuid,
    kind: i16,
    provisioner: i16,
    class: i16,
    tag_set_id: i32,
    status: i16,
    created_at: DbTime,
    started_at: Option<DbTime>,
    canceled_at: Option<DbTime>,
    completed_at: Option<DbTime>,
    error: String,
    error_code: String,
    worker_id: Option<DbUuid>,
    worker_name: String,
    input: String,
    metadata: String,
    logs_overflowed: bool,
}

impl TryFrom<JobRow> for JobRecord {
    type Error = DbError;

    fn try_from(row: JobRow) -> Result<Self, DbError> {
        let code = |what: &str, value: i16| DbError::Internal(format!("provisioner_jobs.{what} holds {value}"));
        let job = ProvisionerJob {
            id: row.id.into(),
            created_at: row.created_at.into(),
            started_at: row.started_at.map(Into::into),
            completed_at: row.completed_at.map(Into::into),
            canceled_at: row.canceled_at.map(Into::into),
            error: row.error,
            // A code of another release is kept in the database and left out here: the contract does not name it.
            error_code: JobErrorCode::from_wire(&row.error_code),
            status: from_code(ProvisionerJobStatus::ALL, row.status).ok_or_else(|| code("status", row.status))?,
            worker_id: row.worker_id.map(Into::into),
            worker_name: row.worker_name,
            file_id: row.file_id.into(),
            tags: Default::default(),
            queue_position: 0,
            queue_size: 0,
            organization_id: row.organization_id.into(),
            initiator_id: row.initiator_id.into(),
            input: read_input(&row.input),
            kind: from_code(ProvisionerJobType::ALL, row.kind).ok_or_else(|| code("kind", row.kind))?,
            available_workers: Vec::new(),
            metadata: serde_json::from_str::<ProvisionerJobMetadata>(&row.metadata)
                .map_err(|error| DbError::Internal(format!("provisioner_jobs.metadata: {error}")))?,
            logs_overflowed: row.logs_overflowed,
        };
        Ok(Self {
            job,
            tag_set: TagSetId(row.tag_set_id),
            provisioner: ProvisionerType::from_code(row.provisioner)
                .ok_or_else(|| code("provisioner", row.provisioner))?,
            class: from_code(CLASSES, row.class).ok_or_else(|| code("class", row.class))?,
            error_code: row.error_code,
        })
    }
}

/// In the order of their numbers in the database.
const CLASSES: &[PriorityClass] = &[PriorityClass::People, PriorityClass::Prebuild];

/// The number that the database keeps for a value: its place in the list of all values.
pub(super) fn to_code<T: PartialEq>(all: &[T], value: &T) -> i16 {
    all.iter().position(|known| known == value).and_then(|index| i16::try_from(index).ok()).unwrap_or(-1)
}

fn from_code<T: Copy>(all: &[T], code: i16) -> Option<T> {
    usize::try_from(code).ok().and_then(|index| all.get(index).copied())
}

/// What the job works on; stored input that does not decode is shown as an error instead of hiding the job.
fn read_input(stored: &str) -> ProvisionerJobInput {
    serde_json::from_str(stored).unwrap_or_else(|error| ProvisionerJobInput {
        error: format!("decode input {stored:?}: {error}"),
        ..ProvisionerJobInput::default()
    })
}

impl Database {
    /// The job with this id, in whatever organization, with its tags.
    pub async fn find_provisioner_job(&self, id: Uuid, known: TagSetRegistry) -> Result<Option<JobRecord>, DbError> {
        self.readers
            .read(Effort::Small, move |conn| find(conn, id)?.map(|job| with_tags(conn, &known, job)).transpose())
            .await
    }
}

/// Gives a job its tags.
fn with_tags(conn: &mut Conn, known: &TagSetRegistry, mut record: JobRecord) -> Result<JobRecord, DbError> {
    record.job.tags = tag_sets::tags_of(conn, known, record.tag_set)?.pairs().clone();
    Ok(record)
}

pub(crate) fn find(conn: &mut Conn, id: Uuid) -> Result<Option<JobRecord>, DbError> {
    let row = provisioner_jobs::table.filter(provisioner_jobs::id.eq(DbUuid(id)));
    on_inner!(conn, inner => row.select(JobRow::as_select()).first::<JobRow>(inner))
        .optional()?
        .map(JobRecord::try_from)
        .transpose()
}

/// Stores one job as given.
pub(crate) fn insert(conn: &mut Conn, record: &JobRecord, updated_at: Timestamp) -> Result<(), DbError> {
    use provisioner_jobs as table;
    let job = &record.job;
    let times = (
        table::created_at.eq(DbTime(job.created_at)),
        table::updated_at.eq(DbTime(updated_at)),
        table::started_at.eq(job.started_at.map(DbTime)),
        table::canceled_at.eq(job.canceled_at.map(DbTime)),
        table::completed_at.eq(job.completed_at.map(DbTime)),
    );
    let people = (
        table::organization_id.eq(DbUuid(job.organization_id)),
        table::initiator_id.eq(DbUuid(job.initiator_id)),
        table::worker_id.eq(job.worker_id.map(DbUuid)),
        table::worker_name.eq(&job.worker_name),
    );
    let codes = (
        table::kind.eq(to_code(ProvisionerJobType::ALL, &job.kind)),
        table::status.eq(to_code(ProvisionerJobStatus::ALL, &job.status)),
        table::provisioner.eq(record.provisioner.code()),
        table::class.eq(to_code(CLASSES, &record.class)),
        table::tag_set_id.eq(record.tag_set.0),
    );
    let texts = (
        table::error.eq(&job.error),
        table::error_code.eq(&record.error_code),
        table::input.eq(to_text(&job.input)?),
        table::metadata.eq(to_text(&job.metadata)?),
        table::logs_overflowed.eq(job.logs_overflowed),
        table::subject_id.eq(record.subject().map(DbUuid)),
    );
    let values = (table::id.eq(DbUuid(job.id)), table::file_id.eq(DbUuid(job.file_id)), times, people, codes, texts);
    let insert = diesel::insert_into(table::table).values(values);
    match conn {
        Conn::Sqlite(conn) => insert.execute(conn)?,
        // A transaction goes on after a job that exists already.
        Conn::Postgres(conn) => match insert.on_conflict(table::id).do_nothing().execute(conn)? {
            0 => return Err(DbError::Conflict(Constraint::ProvisionerJobId)),
            count => count,
        },
    };
    Ok(())
}

/// What a job has behind it that was put into the database with its life: the attempt, if a worker has or had it, and its log.
pub(super) fn note_seeded_life(conn: &mut Conn, record: &JobRecord, lines: i32, bytes: usize) -> Result<(), DbError> {
    use provisioner_jobs as table;
    let note = diesel::update(table::table.filter(table::id.eq(DbUuid(record.job.id)))).set((
        table::attempt.eq(i32::from(record.job.started_at.is_some())),
        table::logs_received.eq(lines),
        table::logs_length.eq(i32::try_from(bytes).unwrap_or(i32::MAX)),
    ));
    note.execute(conn)?;
    Ok(())
}

/// Gives the jobs of one organization to another. For an import only: a server keeps queues in memory.
pub(crate) fn move_all(conn: &mut Conn, from: Uuid, to: Uuid) -> Result<usize, DbError> {
    let jobs = provisioner_jobs::table.filter(provisioner_jobs::organization_id.eq(DbUuid(from)));
    Ok(diesel::update(jobs).set(provisioner_jobs::organization_id.eq(DbUuid(to))).execute(conn)?)
}

/// Hands over the jobs of an organization one by one, oldest first, ties by id, without holding more than one. Stops at the
/// first error.
pub(crate) fn each_oldest_first<E: From<DbError>>(
    conn: &mut Conn,
    organization: Uuid,
    mut take: impl FnMut(JobRecord) -> Result<(), E>,
) -> Result<(), E> {
    let rows = provisioner_jobs::table
        .filter(provisioner_jobs::organization_id.eq(DbUuid(organization)))
        .order((provisioner_jobs::created_at, provisioner_jobs::id))
        .select(JobRow::as_select())
        .load_iter::<JobRow, diesel::connection::DefaultLoadingMode>(conn)
        .map_err(DbError::from)?;
    for row in rows {
        take(row.map_err(DbError::from)?.try_into()?)?;
    }
    Ok(())
}

fn to_text(value: &impl serde::Serialize) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::Internal(error.to_string()))
}

/// A pending job as the queue index needs it.
pub type PendingRow = (Uuid, ProvisionerType, TagSetId, QueueKey);

/// The columns that say where a job stands.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = provisioner_jobs)]
struct PlaceRow {
    organization_id: DbUuid,
    provisioner: i16,
    tag_set_id: i32,
    class: i16,
    created_at: DbTime,
    id: DbUuid,
}

impl TryFrom<PlaceRow> for PendingRow {
    type Error = DbError;

    fn try_from(row: PlaceRow) -> Result<Self, DbError> {
        let provisioner = ProvisionerType::from_code(row.provisioner);
        let (Some(provisioner), Some(class)) = (provisioner, from_code(CLASSES, row.class)) else {
            return Err(DbError::Internal("a pending job has an unknown provisioner or class".to_owned()));
        };
        let key = QueueKey { class, created_at: row.created_at.into(), id: row.id.into() };
        Ok((row.organization_id.into(), provisioner, TagSetId(row.tag_set_id), key))
    }
}

/// Where these jobs stand, or stood.
pub(super) fn list_places(conn: &mut Conn, ids: &BTreeSet<Uuid>) -> Result<Vec<JobPlace>, DbError> {
    let rows: Vec<(PlaceRow, i16)> = provisioner_jobs::table
        .filter(provisioner_jobs::id.eq_any(ids.iter().copied().map(DbUuid)))
        .select((PlaceRow::as_select(), provisioner_jobs::status))
        .load(conn)?;
    rows.into_iter()
        .map(|(row, status)| {
            let (organization, provisioner, tag_set, key) = row.try_into()?;
            let is_pending = from_code(ProvisionerJobStatus::ALL, status) == Some(ProvisionerJobStatus::Pending);
            Ok(JobPlace { organization, queue: QueueId { provisioner, tag_set }, key, is_pending })
        })
        .collect()
}

/// Every pending job, from the one index that holds all that is asked for.
pub(crate) fn list_pending(conn: &mut Conn) -> Result<Vec<PendingRow>, DbError> {
    use provisioner_jobs as table;
    let rows = table::table
        // The index has the condition as a literal; a bound value would not be matched with it.
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("status = 0"))
        .order((
            table::organization_id,
            table::provisioner,
            table::tag_set_id,
            table::class,
            table::created_at,
            table::id,
        ))
        .select(PlaceRow::as_select())
        .load_iter::<PlaceRow, diesel::connection::DefaultLoadingMode>(conn)?;
    rows.map(|row| row?.try_into()).collect()
}

/// How many jobs of an organization have not ended.
pub(super) fn count_unfinished(conn: &mut Conn, organization: Uuid) -> Result<i64, DbError> {
    use ProvisionerJobStatus::{Canceling, Pending, Running};
    let unfinished = [Pending, Running, Canceling].map(|status| to_code(ProvisionerJobStatus::ALL, &status));
    let jobs = provisioner_jobs::table
        .filter(provisioner_jobs::organization_id.eq(DbUuid(organization)))
        .filter(provisioner_jobs::status.eq_any(unfinished));
    Ok(jobs.count().get_result(conn)?)
}
