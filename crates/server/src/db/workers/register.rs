//! Registers workers.

use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text};
use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::{WorkerRecord, find};
use crate::audit::{Action, Fact, Resource};
use crate::change::Change;
use crate::db::conn::{Conn, on_inner};
use crate::db::error::DbError;
use crate::db::prepared::Prepared;
use crate::db::schema::provisioner_keys;
use crate::db::types::{DbTime, DbUuid, SqlTime, SqlUuid};
use crate::db::{Database, organizations, tag_sets};
use crate::queue::ProvisionerType;
use crate::tags::TagSet;

/// A worker that registers.
#[derive(Debug, Clone)]
pub struct NewWorker {
    /// The organization whose jobs it takes.
    pub organization: Uuid,
    /// The key with which it registers.
    pub key: Option<Uuid>,
    /// Its name.
    pub name: String,
    /// Which types of job it runs.
    pub provisioners: Vec<ProvisionerType>,
    /// What it offers.
    pub tags: TagSet,
    /// The version of its program.
    pub version: String,
    /// The version of the interface that it speaks.
    pub api_version: String,
    /// Now.
    pub at: Timestamp,
}

/// A worker that is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The worker.
    pub worker: WorkerRecord,
    /// True when none of this name and owner was known.
    pub is_new: bool,
}

/// How a registration went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// The worker is known now.
    Done(Registered),
    /// The organization is gone.
    NoOrganization,
    /// The key is gone.
    NoKey,
}

impl Database {
    /// Registers a worker, or makes it known again: it is known by organization, name and owner, and keeps its id.
    pub async fn register_provisioner_daemon(&self, new: NewWorker) -> Result<Registration, DbError> {
        let tags = Arc::new(new.tags.clone());
        self.writer.write(move |conn| register(conn, &new, &tags)).await
    }
}

type Outcome = (Registration, Vec<Change>);

fn register(conn: &mut Conn, new: &NewWorker, tags: &Arc<TagSet>) -> Result<Outcome, DbError> {
    if !organizations::hold_live(conn, new.organization)? {
        return Ok((Registration::NoOrganization, Vec::new()));
    }
    if !new.key.map_or(Ok(true), |key| hold_key(conn, key))? {
        return Ok((Registration::NoKey, Vec::new()));
    }
    let tag_set = tag_sets::put(conn, &tags.to_string())?;
    let wanted = Uuid::now_v7();
    let id = put(conn, new, wanted, tag_set.0)?;
    let worker = find(conn, id)?.ok_or_else(|| DbError::Internal("a worker is not where it was put".to_owned()))?;
    let mut changes = vec![Change::TagSetStored(tag_set, Arc::clone(tags)), Change::WorkerSaved(worker.clone())];
    if id == wanted {
        // A worker that comes back is nothing new.
        let fact = Fact::new(Action::Create, Resource::ProvisionerDaemon, id, new.name.as_str(), new.at);
        changes.push(Change::Audited(Box::new(fact.in_organization(new.organization))));
    }
    Ok((Registration::Done(Registered { worker, is_new: id == wanted }), changes))
}

/// Keeps the key from being deleted until the transaction ends; false when it is gone.
fn hold_key(conn: &mut Conn, id: Uuid) -> Result<bool, DbError> {
    let key = provisioner_keys::table.find(DbUuid(id)).select(provisioner_keys::id);
    let found: Option<DbUuid> = match conn {
        Conn::Sqlite(conn) => key.first(conn).optional()?,
        Conn::Postgres(conn) => key.for_key_share().first(conn).optional()?,
    };
    Ok(found.is_some())
}

// Both databases take the parameters in this form, since each comes first in the order of its number.
const PUT: &str = "
    INSERT INTO provisioner_daemons
        (id, organization_id, key_id, name, owner, provisioners, tag_set_id, version, api_version, created_at, last_seen_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
    ON CONFLICT (organization_id, name, lower(owner)) DO UPDATE
    SET key_id = excluded.key_id, owner = excluded.owner, provisioners = excluded.provisioners,
        tag_set_id = excluded.tag_set_id, version = excluded.version, api_version = excluded.api_version,
        last_seen_at = excluded.last_seen_at
    RETURNING id";

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: DbUuid,
}

/// Stores the worker and gives its id: `wanted` when it is new.
fn put(conn: &mut Conn, new: &NewWorker, wanted: Uuid, tag_set: i32) -> Result<Uuid, DbError> {
    let owner = new.tags.pairs().get("owner").cloned().unwrap_or_default();
    let names: Vec<_> = new.provisioners.iter().map(|provisioner| provisioner.as_str()).collect();
    let names = serde_json::to_string(&names).map_err(|error| DbError::Internal(error.to_string()))?;
    let put = diesel::sql_query(PUT)
        .bind::<SqlUuid, _>(DbUuid(wanted))
        .bind::<SqlUuid, _>(DbUuid(new.organization))
        .bind::<Nullable<SqlUuid>, _>(new.key.map(DbUuid))
        .bind::<Text, _>(&new.name)
        .bind::<Text, _>(owner)
        .bind::<Text, _>(names)
        .bind::<Integer, _>(tag_set)
        .bind::<Text, _>(&new.version)
        .bind::<Text, _>(&new.api_version)
        .bind::<SqlTime, _>(DbTime(new.at));
    let row: Id = on_inner!(conn, inner => Prepared(put).get_result(inner))?;
    Ok(row.id.into())
}
