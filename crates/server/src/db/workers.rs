//! The provisioner_daemons table: the workers.

use diesel::prelude::*;
use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::conn::Conn;
use super::error::DbError;
use super::schema::provisioner_daemons;
use super::types::{DbTime, DbUuid};
use crate::queue::ProvisionerType;
use crate::tags::TagSetId;

/// A stored worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerRecord {
    /// Worker ID.
    pub id: Uuid,
    /// The organization whose jobs it takes.
    pub organization_id: Uuid,
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

/// Every worker of every organization.
pub(crate) fn list(conn: &mut Conn) -> Result<Vec<WorkerRecord>, DbError> {
    type Row = (DbUuid, DbUuid, String, String, i32, DbTime, Option<DbTime>);
    let rows: Vec<Row> = provisioner_daemons::table
        .order((provisioner_daemons::created_at, provisioner_daemons::id))
        .select((
            provisioner_daemons::id,
            provisioner_daemons::organization_id,
            provisioner_daemons::name,
            provisioner_daemons::provisioners,
            provisioner_daemons::tag_set_id,
            provisioner_daemons::created_at,
            provisioner_daemons::last_seen_at,
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(id, organization, name, provisioners, tag_set, created_at, last_seen_at)| WorkerRecord {
            id: id.into(),
            organization_id: organization.into(),
            name,
            provisioners: read_provisioners(&provisioners),
            tag_set: TagSetId(tag_set),
            created_at: created_at.into(),
            last_seen_at: last_seen_at.map(Into::into),
        })
        .collect())
}

/// A provisioner type that this version does not know takes no job.
fn read_provisioners(json: &str) -> Vec<ProvisionerType> {
    let names: Vec<String> = serde_json::from_str(json).unwrap_or_default();
    names.iter().filter_map(|name| ProvisionerType::from_wire(name)).collect()
}
