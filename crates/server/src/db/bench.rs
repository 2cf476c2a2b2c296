//! Fills a database for the benchmark: people, organizations, and many jobs of which the oldest have values that no other has.

use diesel::prelude::*;
use orgd_api_types::{
    LoginType, Organization, ProvisionerJob, ProvisionerJobInput, ProvisionerJobMetadata, ProvisionerJobStatus,
    ProvisionerJobType, Timestamp,
};
use serde::Serialize;
use uuid::Uuid;

use super::conn::Conn;
use super::error::DbError;
use super::jobs::{self, JobRecord};
use super::schema::provisioner_daemons;
use super::types::{DbTime, DbUuid};
use super::users::{self, User};
use super::{api_keys, bootstrap, members, organizations, tag_sets};
use crate::auth::roles::RoleSet;
use crate::auth::token::{KeyScope, NewToken, TokenPurpose};
use crate::queue::{PriorityClass, ProvisionerType};
use crate::tags::{TagSet, TagSetId};

/// Users, each with one session token.
const USERS: usize = 200;
/// Organizations that are read by name.
const ORGANIZATIONS: usize = 20;
/// Organizations that each user is a member of.
const MEMBERSHIPS: usize = 5;
/// Tag sets that most jobs share; each has three workers.
const TAG_SETS: usize = 10;
/// Users who queued most jobs.
const INITIATORS: u128 = 5;
/// One job in that many has the rare values, and never fewer than a page.
const RARE_SHARE: usize = 100;
const FEWEST_RARE: usize = 60;
/// Ids of each kind that are told, a page's worth.
const TOLD_IDS: usize = 50;

const JOBS_ORGANIZATION: &str = "with-jobs";
const RARE_INITIATOR: Uuid = Uuid::from_u128(0xffff);
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// What the jobs are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum States {
    /// Half of them pending, the others finished.
    Mixed,
    /// All pending.
    Pending,
    /// All with a worker that is gone.
    Held,
}

/// What the benchmark's requests are made of.
#[derive(Debug, Serialize)]
pub struct Seeded {
    /// The owner's session token.
    owner: String,
    /// The session token of each user with the names of the organizations that the user may read.
    callers: Vec<(String, Vec<String>)>,
    /// The organization with the jobs, whose jobs every one of the callers may read.
    jobs_organization: String,
    /// A user who queued many jobs.
    common_initiator: Uuid,
    /// A user who queued only the oldest jobs.
    rare_initiator: Uuid,
    /// The tag `env` of many jobs.
    common_env: String,
    /// The tag `env` of the oldest jobs only.
    rare_env: String,
    /// The newest jobs.
    newest_ids: Vec<Uuid>,
    /// The oldest jobs.
    oldest_ids: Vec<Uuid>,
    /// Workers that take the jobs of one tag set each: one after the other, over and over.
    workers: Vec<Uuid>,
}

/// Fills an empty database with this many jobs. Times end at `now`.
pub fn fill(conn: &mut Conn, jobs: usize, states: States, now: Timestamp) -> Result<Seeded, DbError> {
    let first = bootstrap::run(conn, true, now)?;
    let first = first.ok_or_else(|| DbError::Internal("the database is not empty".to_owned()))?;
    let owner = first.owner.ok_or_else(|| DbError::Internal("the database has users".to_owned()))?;
    super::all_or_nothing(conn, |conn| {
        let names: Vec<_> = (10..10 + ORGANIZATIONS).map(|number| format!("Organization-{number}")).collect();
        let ids = names.iter().map(|name| add_organization(conn, name, now)).collect::<Result<Vec<_>, _>>()?;
        let with_jobs = add_organization(conn, JOBS_ORGANIZATION, now)?;
        let mut callers = Vec::new();
        for user in 0..USERS {
            let mine: Vec<_> = (0..MEMBERSHIPS).map(|step| (user + step) % ORGANIZATIONS).collect();
            let (id, token) = add_user(conn, user, now)?;
            for organization in &mine {
                members::insert(conn, id, ids[*organization], "[]", now)?;
            }
            members::insert(conn, id, with_jobs, r#"["organization-template-admin"]"#, now)?;
            callers.push((token, mine.iter().map(|index| names[*index].clone()).collect()));
        }
        let (newest_ids, oldest_ids) = add_jobs(conn, with_jobs, jobs, states, now)?;
        Ok(Seeded {
            owner: owner.token.reveal().to_owned(),
            callers,
            jobs_organization: JOBS_ORGANIZATION.to_owned(),
            common_initiator: initiator(0),
            rare_initiator: RARE_INITIATOR,
            common_env: env(0),
            rare_env: env(TAG_SETS),
            newest_ids,
            oldest_ids,
            workers: (0..3 * TAG_SETS).map(worker_id).collect(),
        })
    })
}

fn add_organization(conn: &mut Conn, name: &str, now: Timestamp) -> Result<Uuid, DbError> {
    let new = Organization {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        display_name: name.replace('-', " "),
        description: "An organization of the benchmark.".to_owned(),
        icon: "/emojis/1f3e2.png".to_owned(),
        created_at: now,
        updated_at: now,
        is_default: false,
    };
    organizations::insert(conn, &new)?;
    Ok(new.id)
}

fn add_user(conn: &mut Conn, number: usize, now: Timestamp) -> Result<(Uuid, String), DbError> {
    let user = User::new(format!("user-{number}"), format!("user-{number}@localhost"), RoleSet::EMPTY, now);
    users::insert(conn, &user, None)?;
    let purpose = TokenPurpose {
        login_type: LoginType::Token,
        name: String::new(),
        scope: KeyScope::All,
        lifetime_seconds: 86_400,
        address: String::new(),
    };
    let token = NewToken::generate(user.id, purpose, now).map_err(|error| DbError::Internal(error.to_string()))?;
    api_keys::insert(conn, &token.record)?;
    Ok((user.id, token.reveal().to_owned()))
}

/// Adds the jobs, oldest first, and their workers; the ids of the newest and of the oldest.
fn add_jobs(
    conn: &mut Conn,
    organization: Uuid,
    count: usize,
    states: States,
    now: Timestamp,
) -> Result<(Vec<Uuid>, Vec<Uuid>), DbError> {
    let sets = (0..=TAG_SETS).map(|number| tag_sets::put(conn, &tags(number).to_string()));
    let sets = sets.collect::<Result<Vec<_>, _>>()?;
    for number in 0..3 * TAG_SETS {
        add_worker(conn, organization, number, sets[number % TAG_SETS], now)?;
    }
    let rare = FEWEST_RARE.max(count / RARE_SHARE);
    let mut ids = Vec::with_capacity(count);
    for number in 0..count {
        let age = i64::try_from(count - number).unwrap_or(i64::MAX);
        let created_at = Timestamp::from_micros(now.micros() - age * SECOND);
        let record = if states != States::Mixed {
            let job = job(organization, number, created_at);
            record(if states == States::Held { held(job) } else { job }, sets[number % TAG_SETS])
        } else if number < rare {
            let job = finished(job(organization, number, created_at), ProvisionerJobStatus::Failed);
            record(ProvisionerJob { initiator_id: RARE_INITIATOR, ..job }, sets[TAG_SETS])
        } else {
            let job = job(organization, number, created_at);
            let job = if number % 2 == 0 { job } else { finished(job, ProvisionerJobStatus::Succeeded) };
            // Not in step with the states.
            record(job, sets[number / 2 % TAG_SETS])
        };
        jobs::insert(conn, &record, created_at)?;
        ids.push(record.job.id);
    }
    let newest = ids.iter().rev().take(TOLD_IDS).copied().collect();
    ids.truncate(TOLD_IDS);
    Ok((newest, ids))
}

/// A pending job.
fn job(organization: Uuid, number: usize, created_at: Timestamp) -> ProvisionerJob {
    let millis = u64::try_from(created_at.micros() / 1000).unwrap_or_default();
    let tail = (number as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes();
    let mut random = [0; 10];
    random.copy_from_slice(&tail[..10]);
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    let initiator = initiator(number as u128 / 2 % INITIATORS);
    ProvisionerJob {
        file_id: Uuid::from_u128(0xf11e),
        input: ProvisionerJobInput { workspace_build_id: Some(id), ..ProvisionerJobInput::default() },
        metadata: ProvisionerJobMetadata {
            template_name: "docker".to_owned(),
            template_display_name: "Docker containers".to_owned(),
            template_id: Uuid::from_u128(0x7e),
            workspace_name: "development".to_owned(),
            ..ProvisionerJobMetadata::default()
        },
        ..ProvisionerJob::pending(id, organization, initiator, ProvisionerJobType::WorkspaceBuild, created_at)
    }
}

fn held(job: ProvisionerJob) -> ProvisionerJob {
    ProvisionerJob {
        started_at: Some(job.created_at),
        worker_id: Some(Uuid::from_u128(0x90e)),
        worker_name: "gone".to_owned(),
        status: ProvisionerJobStatus::Running,
        ..job
    }
}

fn finished(job: ProvisionerJob, status: ProvisionerJobStatus) -> ProvisionerJob {
    let error = if status == ProvisionerJobStatus::Failed { "the plan could not be made" } else { "" };
    ProvisionerJob {
        started_at: Some(job.created_at),
        completed_at: Some(Timestamp::from_micros(job.created_at.micros() + 30 * SECOND)),
        worker_id: Some(Uuid::from_u128(1)),
        worker_name: "worker-0".to_owned(),
        error: error.to_owned(),
        status,
        ..job
    }
}

fn record(job: ProvisionerJob, tag_set: TagSetId) -> JobRecord {
    let (provisioner, class) = (ProvisionerType::Terraform, PriorityClass::People);
    JobRecord { job, tag_set, provisioner, class, error_code: String::new() }
}

fn add_worker(
    conn: &mut Conn,
    organization: Uuid,
    number: usize,
    tag_set: TagSetId,
    now: Timestamp,
) -> Result<(), DbError> {
    use provisioner_daemons as table;
    let row = (
        table::id.eq(DbUuid(worker_id(number))),
        table::organization_id.eq(DbUuid(organization)),
        table::name.eq(format!("worker-{number}")),
        table::provisioners.eq(r#"["terraform"]"#),
        table::tag_set_id.eq(tag_set.0),
        table::created_at.eq(DbTime(now)),
        // Seen in the future, so that it is alive for as long as the benchmark takes.
        table::last_seen_at.eq(DbTime(Timestamp::from_micros(now.micros() + DAY))),
    );
    diesel::insert_into(table::table).values(row).execute(conn)?;
    Ok(())
}

fn worker_id(number: usize) -> Uuid {
    Uuid::from_u128(1 + number as u128)
}

fn tags(number: usize) -> TagSet {
    TagSet::normalise([("env".to_owned(), env(number))].into(), None)
}

fn env(number: usize) -> String {
    if number == TAG_SETS { "rare".to_owned() } else { format!("env-{number}") }
}

fn initiator(number: u128) -> Uuid {
    Uuid::from_u128(0x1000 + number)
}
