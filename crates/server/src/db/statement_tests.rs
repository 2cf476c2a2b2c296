//! Every statement of the request path is prepared once for each connection. SQLite itself is asked: its table of statements
//! counts how often each was run and how often it had to be prepared again.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use orgd_api_types::{Organization, ProvisionerJob, ProvisionerJobStatus, ProvisionerJobType, Timestamp};
use uuid::Uuid;

use super::conn::Conn;
use super::jobs::JobRecord;
use super::jobs::lease::{Claim, JobEnd, Lease};
use super::jobs::list::{Cursor, JobFilter, Page};
use super::jobs::logs::Progress;
use super::{Database, Effort, Readers, Schema, bootstrap, load, prepare};
use crate::config::DatabaseUrl;
use crate::queue::{PriorityClass, ProvisionerType, QueueId};
use crate::tags::{TagSet, TagSetId, TagSetRegistry};

/// How often each statement is run, every time with other values.
const RUNS: i64 = 5;

#[derive(Debug, QueryableByName)]
struct Statement {
    /// Shown when the assertion fails.
    #[expect(dead_code, reason = "read by Debug")]
    #[diesel(sql_type = Text)]
    sql: String,
    #[diesel(sql_type = BigInt)]
    run: i64,
    #[diesel(sql_type = BigInt)]
    prepared_again: i64,
}

fn database(folder: &std::path::Path) -> (Database, Uuid) {
    let url = DatabaseUrl::Sqlite { path: folder.join("orgd.db") };
    let mut conn = prepare(&url, Schema::Migrate).unwrap();
    let first = bootstrap::run(&mut conn, true, Timestamp::from_micros(0)).unwrap().unwrap();
    // One connection, so that every read runs on the same one.
    let readers = Readers::open(&url, 1).unwrap();
    (Database::for_command(&url, conn, readers).unwrap(), first.owner.unwrap().user.id)
}

/// Asserts that this many statements like the pattern were run again and again, and that each was prepared once.
fn assert_prepared_once(conn: &mut Conn, pattern: &str, expected: usize) {
    let known = diesel::sql_query(
        "SELECT sql, run, reprep AS prepared_again FROM sqlite_stmt WHERE sql LIKE ? \
         AND sql NOT LIKE '%sqlite_stmt%' AND sql NOT LIKE '%diesel_schema_migrations%'",
    );
    let mut statements: Vec<Statement> = known.bind::<Text, _>(pattern).load(conn).unwrap();
    statements.retain(|statement| statement.run >= RUNS);
    assert_eq!(statements.len(), expected, "{statements:#?}");
    assert!(statements.iter().all(|statement| statement.prepared_again == 0), "{statements:#?}");
}

#[test]
fn reads_are_prepared_once() {
    let folder = tempfile::tempdir().unwrap();
    let (database, _) = database(folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for run in 1..=RUNS {
        let id = Uuid::from_u128(run.unsigned_abs().into());
        runtime.block_on(database.find_session_token(&run.to_string())).unwrap();
        runtime.block_on(database.find_principal(id)).unwrap();
        runtime.block_on(database.find_provisioner_job(id, TagSetRegistry::default())).unwrap();
        let filters = [
            JobFilter::default(),
            JobFilter { statuses: Some(vec![ProvisionerJobStatus::Failed]), ..JobFilter::default() },
            JobFilter { tag_sets: Some(vec![TagSetId(1)]), ..JobFilter::default() },
            JobFilter { initiator: Some(id), ..JobFilter::default() },
        ];
        for filter in filters {
            let limit = 50 + usize::try_from(run).unwrap();
            let page = Page { organization: id, filter, after: Cursor::start(), limit };
            let listed = database.list_provisioner_jobs(page, TagSetRegistry::default(), Effort::Small, |jobs| jobs);
            runtime.block_on(listed).unwrap();
        }
    }
    // The token, the user, the job, and one list for each filter and for none.
    let check = |conn: &mut Conn| {
        assert_prepared_once(conn, "SELECT %", 7);
        Ok(())
    };
    database.readers().read_now(check).unwrap();
}

#[test]
fn writes_are_prepared_once() {
    let folder = tempfile::tempdir().unwrap();
    let (database, owner) = database(folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        for run in 1..=RUNS {
            let now = Timestamp::from_micros(run);
            let new = Organization {
                id: Uuid::from_u128(run.unsigned_abs().into()),
                name: format!("organization-{run}"),
                display_name: String::new(),
                description: String::new(),
                icon: String::new(),
                created_at: now,
                updated_at: now,
                is_default: false,
            };
            let id = new.id;
            database.create_organization(new, Some(owner), None).await.unwrap();
            database.update_organization(id, Default::default(), now).await.unwrap();
            database.delete_organization(id, now).await.unwrap();
        }
        let check = |conn: &mut Conn| {
            // The organization, the membership, the entry of the audit log.
            assert_prepared_once(conn, "INSERT %", 3);
            // The change. The deletion gives no rows and so is prepared each time; it is rare.
            assert_prepared_once(conn, "UPDATE %", 1);
            Ok(((), Vec::new()))
        };
        database.writer.write(check).await.unwrap();
    });
}

fn job(organization_id: Uuid, initiator_id: Uuid, run: i64) -> JobRecord {
    let (id, at) = (Uuid::from_u128(run.unsigned_abs().into()), Timestamp::from_micros(run));
    let job = ProvisionerJob::pending(id, organization_id, initiator_id, ProvisionerJobType::WorkspaceBuild, at);
    let (tag_set, provisioner, class) = (TagSetId(0), ProvisionerType::Terraform, PriorityClass::People);
    JobRecord { job, tag_set, provisioner, class, error_code: String::new() }
}

#[test]
fn what_workers_do_is_prepared_once() {
    let folder = tempfile::tempdir().unwrap();
    let (database, owner) = database(folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let organizations = database.readers().read_now(load::organizations).unwrap();
        let (organization, worker) = (organizations[0].id, Uuid::from_u128(1000));
        let tags = TagSet::normalise(Default::default(), None);
        for run in 1..=RUNS {
            let now = Timestamp::from_micros(run);
            database.enqueue_provisioner_job(job(organization, owner, run), tags.clone(), None).await.unwrap();
            let queues = vec![QueueId { provisioner: ProvisionerType::Terraform, tag_set: TagSetId(1) }];
            let claim = Claim { organization, worker, worker_name: "w".to_owned(), queues, at: now };
            let claimed = database.claim_provisioner_job(claim, TagSetRegistry::default()).await.unwrap().unwrap();
            let lease = Lease { job: claimed.record.job.id, worker, attempt: claimed.attempt };
            let progress = Progress { lease, lines: Vec::new(), offset: None, at: now };
            database.report_provisioner_job_progress(progress).await.unwrap();
            let end = database.end_provisioner_job(lease, JobEnd::Complete, TagSetRegistry::default(), now);
            end.await.unwrap().unwrap();
        }
        let check = |conn: &mut Conn| {
            // The claim, the progress, the end.
            assert_prepared_once(conn, "UPDATE `provisioner_jobs`%", 3);
            // The first of the queue, and twice whether the worker holds the job.
            assert_prepared_once(conn, "SELECT %status =%", 1);
            assert_prepared_once(conn, "SELECT %status IN%", 2);
            Ok(((), Vec::new()))
        };
        database.writer.write(check).await.unwrap();
    });
}
