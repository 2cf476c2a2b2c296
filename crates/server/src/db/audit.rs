//! The audit_logs table.

pub mod list;

use std::sync::Arc;

use diesel::prelude::*;
use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::Database;
use super::conn::{Conn, on_inner};
use super::error::DbError;
use super::schema::audit_logs as table;
use super::types::{DbTime, DbUuid, SqlTime};
use super::writer::{Writer, Written};
use crate::audit::{Fact, Origin};
use crate::change::Change;

/// The writer, and who is behind what is written through it: stores what changes say for the audit log in their transaction.
#[derive(Clone)]
pub struct Recording {
    writer: Writer,
    origin: Option<Arc<Origin>>,
}

impl Recording {
    /// Of the server's own doing.
    pub(super) fn new(writer: Writer) -> Self {
        Self { writer, origin: None }
    }

    /// The same writer on behalf of somebody.
    pub(super) fn by(&self, origin: Option<Arc<Origin>>) -> Self {
        Self { writer: self.writer.clone(), origin }
    }

    /// As [`Writer::write`].
    pub(super) async fn write<T, F>(&self, mut work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnMut(&mut Conn) -> Result<Written<T>, DbError> + Send + 'static,
    {
        let origin = self.origin.clone();
        let work = move |conn: &mut Conn| {
            let (value, changes) = work(conn)?;
            for change in &changes {
                if let Change::Audited(fact) = change {
                    insert(conn, origin.as_deref().unwrap_or(&Origin::default()), fact)?;
                }
            }
            Ok((value, changes))
        };
        self.writer.write(work).await
    }

    /// As [`Writer::can_write`].
    pub(super) fn can_write(&self) -> bool {
        self.writer.can_write()
    }
}

impl Database {
    /// The same database, on behalf of whoever is behind a request or a command: their name is in the audit log.
    #[must_use]
    pub fn acting_for(&self, origin: Option<&Arc<Origin>>) -> Self {
        Self { writer: self.writer.by(origin.cloned()), ..self.clone() }
    }

    /// Stores an entry for something that changed nothing: an attempt that was refused.
    pub async fn record_refusal(&self, fact: Fact) -> Result<(), DbError> {
        self.writer.write(move |_| Ok(((), vec![Change::Audited(Box::new(fact.clone()))]))).await
    }
}

/// How many entries one transaction removes.
const REMOVED_AT_ONCE: usize = 1000;

impl Database {
    /// Removes entries that are older than that, some at a time; says how many, and is to be called again when these are
    /// [`as many as at a time`](Database::removes_at_once).
    pub async fn remove_audit_logs(&self, horizon: Timestamp) -> Result<usize, DbError> {
        self.writer.write(move |conn| Ok((remove(conn, horizon)?, Vec::new()))).await
    }

    /// How many entries are removed at a time.
    pub const fn removes_at_once() -> usize {
        REMOVED_AT_ONCE
    }
}

// Both databases take the parameter in this form.
const REMOVE: &str = "
    DELETE FROM audit_logs WHERE seq IN (SELECT seq FROM audit_logs WHERE at < $1 ORDER BY at LIMIT 1000)";

fn remove(conn: &mut Conn, horizon: Timestamp) -> Result<usize, DbError> {
    let query = diesel::sql_query(REMOVE).bind::<SqlTime, _>(DbTime(horizon));
    Ok(on_inner!(conn, inner => query.execute(inner))?)
}

/// Stores one entry.
pub(super) fn insert(conn: &mut Conn, origin: &Origin, fact: &Fact) -> Result<(), DbError> {
    let diff = serde_json::to_string(&fact.diff).map_err(|error| DbError::Internal(error.to_string()))?;
    let entry = (
        table::id.eq(DbUuid(Uuid::now_v7())),
        table::at.eq(DbTime(fact.at)),
        table::user_id.eq(origin.user.map(DbUuid)),
        table::organization_id.eq(fact.organization.map(DbUuid)),
        table::ip.eq(origin.ip.map(|ip| ip.to_string()).unwrap_or_default()),
        table::user_agent.eq(&origin.user_agent),
        table::request_id.eq(DbUuid(origin.request_id)),
        table::resource_type.eq(fact.resource.as_str()),
        table::resource_id.eq(DbUuid(fact.id)),
        table::resource_target.eq(&fact.target),
        table::action.eq(fact.action.as_str()),
        table::diff.eq(diff),
        // No status is too large.
        table::status_code.eq(i16::try_from(fact.status).unwrap_or_default()),
    );
    let insert = diesel::insert_into(table::table).values(entry);
    on_inner!(conn, inner => insert.execute(inner))?;
    Ok(())
}
