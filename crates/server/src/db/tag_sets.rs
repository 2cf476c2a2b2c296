//! The tag_sets table: each distinct set of tags once.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::prelude::*;

use super::conn::Conn;
use super::error::DbError;
use super::schema::tag_sets;
use crate::tags::{TagSet, TagSetId, TagSetRegistry};

/// The tags of a job: from memory, or from the database when another process stored them a moment ago.
pub(super) fn tags_of(conn: &mut Conn, known: &TagSetRegistry, id: TagSetId) -> Result<Arc<TagSet>, DbError> {
    if let Some(tags) = known.get(id) {
        return Ok(Arc::clone(tags));
    }
    let text: String = tag_sets::table.find(id.0).select(tag_sets::tags).first(conn)?;
    text.parse().map(Arc::new).map_err(|error| DbError::Internal(format!("tag set {}: {error}", id.0)))
}

/// The pairs of a stored set.
pub(super) fn read(canonical: &str) -> Result<BTreeMap<String, String>, DbError> {
    serde_json::from_str(canonical).map_err(|error| DbError::Internal(format!("tag set {canonical:?}: {error}")))
}

/// Every tag set with its canonical JSON.
pub(crate) fn list(conn: &mut Conn) -> Result<Vec<(TagSetId, String)>, DbError> {
    let rows: Vec<(i32, String)> = tag_sets::table.select((tag_sets::id, tag_sets::tags)).load(conn)?;
    Ok(rows.into_iter().map(|(id, tags)| (TagSetId(id), tags)).collect())
}

/// The number of this set, given by its canonical JSON; it is stored when it is new.
pub(crate) fn put(conn: &mut Conn, canonical: &str) -> Result<TagSetId, DbError> {
    let known = tag_sets::table.filter(tag_sets::tags.eq(canonical)).select(tag_sets::id);
    if let Some(id) = known.first::<i32>(conn).optional()? {
        return Ok(TagSetId(id));
    }
    let row = tag_sets::tags.eq(canonical);
    let id = match conn {
        Conn::Sqlite(conn) => {
            diesel::insert_into(tag_sets::table).values(row).returning(tag_sets::id).get_result::<i32>(conn)?
        }
        // Another server may store the same set at the same moment; then its row is there when this has waited for it.
        Conn::Postgres(conn) => {
            let put = diesel::insert_into(tag_sets::table).values(row).on_conflict_do_nothing();
            match put.returning(tag_sets::id).get_result::<i32>(conn).optional()? {
                Some(id) => id,
                None => known.first::<i32>(conn)?,
            }
        }
    };
    Ok(TagSetId(id))
}
