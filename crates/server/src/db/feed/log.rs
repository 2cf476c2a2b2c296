//! The table `changes`.

use std::collections::HashSet;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::table;

use super::Position;
use crate::change::{Change, WorkerSight};
use crate::db::conn::Conn;
use crate::db::error::DbError;

table! {
    // Only what is written here. PostgreSQL alone has this table.
    changes (seq) {
        seq -> BigInt,
        entries -> Text,
    }
}

/// The channel on which servers tell each other to look.
pub(super) const CHANNEL: &str = "orgd_changes";

/// Which row was touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// What kind of row.
    pub kind: String,
    /// Which one.
    pub key: String,
}

impl Entry {
    /// From `kind key`.
    fn of(line: &str) -> Self {
        let (kind, key) = line.split_once(' ').unwrap_or((line, ""));
        Self { kind: kind.to_owned(), key: key.to_owned() }
    }
}

pub(super) const ORGANIZATION: &str = "organization";
pub(super) const MEMBER: &str = "member";
pub(super) const USER: &str = "user";
pub(super) const TOKEN: &str = "token";
pub(super) const TAG_SET: &str = "tagset";
pub(super) const JOB: &str = "job";
/// Of a job.
pub(super) const LOG: &str = "log";
/// An organization and a worker of it.
pub(super) const WORKER: &str = "worker";
pub(super) const KEY: &str = "key";
/// Written by the triggers: any row of the table.
pub(super) const TABLE: &str = "table";

/// Adds one row with all that this transaction changed. With `notify` the commit itself tells the servers, which costs it the company of other
/// commits: for commands only.
pub fn record(conn: &mut Conn, changes: &[Change], notify: bool) -> QueryResult<()> {
    let Conn::Postgres(conn) = conn else { return Ok(()) };
    let entries: Vec<_> = changes.iter().flat_map(entries_of).map(|(kind, key)| format!("{kind} {key}")).collect();
    if entries.is_empty() {
        return Ok(());
    }
    diesel::insert_into(changes::table).values(changes::entries.eq(entries.join("\n"))).execute(conn)?;
    if notify { tell(conn, "") } else { Ok(()) }
}

/// Tells all servers to look. `sender` is the name of a server that need not.
pub(super) fn tell(conn: &mut PgConnection, sender: &str) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_notify($1, $2)").bind::<Text, _>(CHANNEL).bind::<Text, _>(sender).execute(conn)?;
    Ok(())
}

fn entries_of(change: &Change) -> Vec<(&'static str, String)> {
    let entry = match change {
        Change::OrganizationSaved(organization) => (ORGANIZATION, organization.id.to_string()),
        Change::OrganizationDeleted(id) => (ORGANIZATION, id.to_string()),
        Change::MemberSaved { user, organization, roles: _ } => (MEMBER, format!("{user}/{organization}")),
        Change::UserChanged(id) => (USER, id.to_string()),
        Change::SessionTokenChanged(id) => (TOKEN, id.clone()),
        Change::TagSetStored(id, _) => (TAG_SET, id.0.to_string()),
        Change::JobSaved(place) => (JOB, place.key.id.to_string()),
        Change::JobLogged(job) => (LOG, job.to_string()),
        Change::WorkerSaved(worker) => (WORKER, format!("{}/{}", worker.organization_id, worker.id)),
        Change::WorkerForgotten(sight) => worker_entry(sight),
        Change::WorkersSeen(seen, _) => return seen.iter().map(worker_entry).collect(),
        Change::ProvisionerKeyDeleted(id) => (KEY, id.to_string()),
        // These come from reading, not from writing.
        Change::IdentitiesChanged | Change::OrganizationsRead(_) | Change::QueueRead(_) => return Vec::new(),
        // No server keeps it in memory.
        Change::Audited(_) => return Vec::new(),
    };
    vec![entry]
}

fn worker_entry(sight: &WorkerSight) -> (&'static str, String) {
    (WORKER, format!("{}/{}", sight.organization, sight.worker))
}

/// True when other servers should hear of it at once: it takes something away from somebody.
pub fn is_urgent(change: &Change) -> bool {
    matches!(
        change,
        Change::UserChanged(_)
            | Change::SessionTokenChanged(_)
            | Change::OrganizationDeleted(_)
            | Change::ProvisionerKeyDeleted(_)
    )
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    horizon: String,
    #[diesel(sql_type = Text)]
    server: String,
    #[diesel(sql_type = BigInt)]
    time: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    seq: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    entries: Option<String>,
}

// One statement, so that the rows and the horizon are of one snapshot.
const READ: &str = "
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon, pg_postmaster_start_time()::text AS server,
           extract(epoch FROM statement_timestamp())::bigint AS time, c.seq, c.entries
    FROM (SELECT) AS one LEFT JOIN changes c ON c.transaction >= $1::text::xid8 ORDER BY c.seq";

/// The rows that `last` has not seen, and where the feed stands now; without `last` only the latter.
pub(super) fn read(conn: &mut Conn, last: Option<&Position>) -> Result<(Position, Vec<Entry>), DbError> {
    let Conn::Postgres(conn) = conn else {
        return Err(DbError::Internal("only PostgreSQL has a change feed".to_owned()));
    };
    // No transaction has so high a number.
    let from = last.map_or(u64::MAX, |last| last.horizon);
    let rows: Vec<Row> = diesel::sql_query(READ).bind::<Text, _>(from.to_string()).load(conn)?;
    let first = rows.first().ok_or_else(|| DbError::Internal("the change feed has no horizon".to_owned()))?;
    let horizon = first.horizon.parse().map_err(|_| DbError::Internal("the horizon is no number".to_owned()))?;
    let mut position = Position { horizon, seen: HashSet::new(), server: first.server.clone(), time: first.time };
    let mut entries = Vec::new();
    for row in rows {
        let (Some(seq), Some(text)) = (row.seq, row.entries) else { continue };
        if last.is_none_or(|last| !last.seen.contains(&seq)) {
            entries.extend(text.lines().map(Entry::of));
        }
        // Some of these are below the new horizon and need not be kept; the next look drops them.
        position.seen.insert(seq);
    }
    Ok((position, entries))
}

/// Removes rows that no server needs any more, some at a time; true when there may be others.
pub(super) fn prune(conn: &mut PgConnection) -> QueryResult<bool> {
    let removed = diesel::sql_query(
        // In the order of the key, so that no row younger than the first one that stays is looked at.
        "DELETE FROM changes WHERE seq IN (SELECT seq FROM (SELECT seq, at FROM changes ORDER BY seq LIMIT 5000) AS oldest \
         WHERE at < now() - interval '1 hour')",
    )
    .execute(conn)?;
    Ok(removed >= 5000)
}
