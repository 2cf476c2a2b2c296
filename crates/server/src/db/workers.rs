//! The provisioner_daemons table: the workers.

mod presence;
mod register;

use std::collections::BTreeSet;

use diesel::prelude::*;
use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::conn::{Conn, on_inner};
use super::error::DbError;
use super::schema::provisioner_daemons;
use super::types::{DbTime, DbUuid};
use crate::queue::ProvisionerType;
use crate::tags::TagSetId;

pub use register::{NewWorker, Registered, Registration};

/// A stored worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerRecord {
    /// Worker ID.
    pub id: Uuid,
    /// The organization whose jobs it takes.
    pub organization_id: Uuid,
    /// The key with which it registered last.
    pub key_id: Option<Uuid>,
    /// Its name, at most 64 characters.
    pub name: String,
    /// Which kinds of job it runs.
    pub provisioners: Vec<ProvisionerType>,
    /// What it offers.
    pub tag_set: TagSetId,
    /// When it registered first.
    pub created_at: Timestamp,
    /// When it last gave a sign of life.
    pub last_seen_at: Option<Timestamp>,
}

type Row = (DbUuid, DbUuid, Option<DbUuid>, String, String, i32, DbTime, Option<DbTime>);

/// The columns of [`Row`].
macro_rules! columns {
    () => {
        (
            provisioner_daemons::id,
            provisioner_daemons::organization_id,
            provisioner_daemons::key_id,
            provisioner_daemons::name,
            provisioner_daemons::provisioners,
            provisioner_daemons::tag_set_id,
            provisioner_daemons::created_at,
            provisioner_daemons::last_seen_at,
        )
    };
}

/// Every worker of every organization.
pub(crate) fn list(conn: &mut Conn) -> Result<Vec<WorkerRecord>, DbError> {
    let order = (provisioner_daemons::created_at, provisioner_daemons::id);
    let rows: Vec<Row> = provisioner_daemons::table.order(order).select(columns!()).load(conn)?;
    Ok(rows.into_iter().map(record_of).collect())
}

/// Those of these workers that there are.
pub(super) fn list_some(conn: &mut Conn, ids: &BTreeSet<Uuid>) -> Result<Vec<WorkerRecord>, DbError> {
    let some = provisioner_daemons::table.filter(provisioner_daemons::id.eq_any(ids.iter().copied().map(DbUuid)));
    let rows: Vec<Row> = some.select(columns!()).load(conn)?;
    Ok(rows.into_iter().map(record_of).collect())
}

fn find(conn: &mut Conn, id: Uuid) -> Result<Option<WorkerRecord>, DbError> {
    let row = provisioner_daemons::table.find(DbUuid(id)).select(columns!());
    let row: Option<Row> = on_inner!(conn, inner => row.first(inner)).optional()?;
    Ok(row.map(record_of))
}

fn record_of((id, organization, key, name, provisioners, tag_set, created_at, last_seen_at): Row) -> WorkerRecord {
    WorkerRecord {
        id: id.into(),
        organization_id: organization.into(),
        key_id: key.map(Into::into),
        name,
        provisioners: read_provisioners(&provisioners),
        tag_set: TagSetId(tag_set),
        created_at: created_at.into(),
        last_seen_at: last_seen_at.map(Into::into),
    }
}

/// A provisioner type that this version does not know takes no job.
fn read_provisioners(json: &str) -> Vec<ProvisionerType> {
    let names: Vec<String> = serde_json::from_str(json).unwrap_or_default();
    names.iter().filter_map(|name| ProvisionerType::from_wire(name)).collect()
}
