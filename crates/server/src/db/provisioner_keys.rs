//! The provisioner_keys table: what workers register with. A secret is kept as its SHA-256 only.

use std::collections::BTreeMap;

use diesel::prelude::*;
use orgd_api_types::{ProvisionerKey, Timestamp};
use uuid::Uuid;

use super::conn::{Conn, on_inner};
use super::error::DbError;
use super::organizations::lower;
use super::schema::{provisioner_daemons, provisioner_keys, tag_sets as sets};
use super::types::{DbTime, DbUuid};
use super::{Database, Effort, organizations, tag_sets};
use crate::audit::{Action, Diff, Fact, Resource};
use crate::change::Change;

/// A key to store.
#[derive(Debug, Clone)]
pub struct NewProvisionerKey {
    /// What is shown of it.
    pub key: ProvisionerKey,
    /// SHA-256 of its secret.
    pub hashed_secret: [u8; 32],
}

/// What a worker with a key may rely on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisionerKeyRecord {
    /// Key ID.
    pub id: Uuid,
    /// The organization whose jobs its workers take.
    pub organization: Uuid,
    /// The tags of its workers, as they were given.
    pub tags: BTreeMap<String, String>,
}

impl Database {
    /// The keys of an organization, by name without regard to case.
    pub async fn list_provisioner_keys(&self, organization: Uuid) -> Result<Vec<ProvisionerKey>, DbError> {
        self.readers.read(Effort::Small, move |conn| list(conn, organization)).await
    }

    /// The key whose secret has this SHA-256.
    pub async fn find_provisioner_key(&self, hashed_secret: [u8; 32]) -> Result<Option<ProvisionerKeyRecord>, DbError> {
        self.readers.read(Effort::Small, move |conn| find(conn, &hashed_secret)).await
    }

    /// Stores a key; false when its organization is gone. `Conflict(ProvisionerKeyName)` when the name is taken.
    pub async fn create_provisioner_key(&self, new: NewProvisionerKey) -> Result<bool, DbError> {
        // A key that no server knows yet is read when it is first used.
        let work = move |conn: &mut Conn| {
            let is_made = insert(conn, &new)?;
            let told = audited(Action::Create, &new.key, new.key.created_at);
            Ok((is_made, if is_made { vec![told] } else { Vec::new() }))
        };
        self.writer.write(work).await
    }

    /// Removes a key; false when the organization has none of this name, in whatever case.
    pub async fn delete_provisioner_key(
        &self,
        organization: Uuid,
        name: String,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let work = move |conn: &mut Conn| {
            let known = list(conn, organization)?.into_iter().find(|key| key.name.eq_ignore_ascii_case(&name));
            let Some(id) = delete(conn, organization, &name)? else { return Ok((false, Vec::new())) };
            let told = known.map(|key| audited(Action::Delete, &key, now));
            Ok((true, std::iter::once(Change::ProvisionerKeyDeleted(id)).chain(told).collect()))
        };
        self.writer.write(work).await
    }
}

fn audited(action: Action, key: &ProvisionerKey, at: Timestamp) -> Change {
    let diff = match action {
        Action::Delete => Diff::between(Some(key), None),
        _ => Diff::between(None, Some(key)).with_secret("hashed_secret"),
    };
    let fact = Fact::new(action, Resource::ProvisionerKey, key.id, key.name.as_str(), at);
    let fact = fact.in_organization(key.organization).with_diff(diff);
    Change::Audited(Box::new(if action == Action::Delete { fact.with_status(204) } else { fact }))
}

fn list(conn: &mut Conn, organization: Uuid) -> Result<Vec<ProvisionerKey>, DbError> {
    type Row = (DbUuid, DbTime, DbUuid, String, String);
    let query = provisioner_keys::table
        .inner_join(sets::table)
        .filter(provisioner_keys::organization_id.eq(DbUuid(organization)))
        .order(lower(provisioner_keys::name))
        .select((
            provisioner_keys::id,
            provisioner_keys::created_at,
            provisioner_keys::organization_id,
            provisioner_keys::name,
            sets::tags,
        ));
    let rows: Vec<Row> = on_inner!(conn, inner => query.load(inner))?;
    rows.into_iter()
        .map(|(id, created_at, organization, name, tags)| {
            let (id, created_at, organization) = (id.into(), created_at.into(), organization.into());
            Ok(ProvisionerKey { id, created_at, organization, name, tags: tag_sets::read(&tags)? })
        })
        .collect()
}

fn find(conn: &mut Conn, hashed_secret: &[u8; 32]) -> Result<Option<ProvisionerKeyRecord>, DbError> {
    let query = provisioner_keys::table
        .inner_join(sets::table)
        .filter(provisioner_keys::hashed_secret.eq(hashed_secret.as_slice()))
        .select((provisioner_keys::id, provisioner_keys::organization_id, sets::tags));
    let row: Option<(DbUuid, DbUuid, String)> = on_inner!(conn, inner => query.first(inner)).optional()?;
    row.map(|(id, organization, tags)| {
        let (id, organization) = (id.into(), organization.into());
        Ok(ProvisionerKeyRecord { id, organization, tags: tag_sets::read(&tags)? })
    })
    .transpose()
}

pub(super) fn insert(conn: &mut Conn, new: &NewProvisionerKey) -> Result<bool, DbError> {
    let NewProvisionerKey { key, hashed_secret } = new;
    if !organizations::hold_live(conn, key.organization)? {
        return Ok(false);
    }
    let canonical = serde_json::to_string(&key.tags).map_err(|error| DbError::Internal(error.to_string()))?;
    let tag_set = tag_sets::put(conn, &canonical)?;
    let insert = diesel::insert_into(provisioner_keys::table).values((
        provisioner_keys::id.eq(DbUuid(key.id)),
        provisioner_keys::organization_id.eq(DbUuid(key.organization)),
        provisioner_keys::name.eq(&key.name),
        provisioner_keys::hashed_secret.eq(hashed_secret.as_slice()),
        provisioner_keys::tag_set_id.eq(tag_set.0),
        provisioner_keys::created_at.eq(DbTime(key.created_at)),
    ));
    on_inner!(conn, inner => insert.execute(inner))?;
    Ok(true)
}

fn delete(conn: &mut Conn, organization: Uuid, name: &str) -> Result<Option<Uuid>, DbError> {
    let named = provisioner_keys::table
        .filter(provisioner_keys::organization_id.eq(DbUuid(organization)))
        .filter(lower(provisioner_keys::name).eq(name.to_ascii_lowercase()))
        .select(provisioner_keys::id);
    // Whoever registers a worker with the key at this moment waits, and finds it gone.
    let id = match conn {
        Conn::Sqlite(conn) => named.first::<DbUuid>(conn).optional()?,
        Conn::Postgres(conn) => named.for_update().first::<DbUuid>(conn).optional()?,
    };
    let Some(id) = id else { return Ok(None) };
    let workers = provisioner_daemons::table.filter(provisioner_daemons::key_id.eq(id));
    diesel::update(workers).set(provisioner_daemons::key_id.eq(None::<DbUuid>)).execute(conn)?;
    diesel::delete(provisioner_keys::table.find(id)).execute(conn)?;
    Ok(Some(id.into()))
}
