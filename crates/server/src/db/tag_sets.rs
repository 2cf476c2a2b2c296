//! The tag_sets table: each distinct set of tags once.

use diesel::prelude::*;

use super::Database;
use super::connection::Conn;
use super::error::DbError;
use super::schema::tag_sets;
use crate::tags::{TagSet, TagSetId};

impl Database {
    /// A tag set that the database has and memory does not have yet.
    pub fn find_tag_set(&self, id: TagSetId) -> Result<TagSet, DbError> {
        let text: String = tag_sets::table.find(id.0).select(tag_sets::tags).first(&mut *self.readers.get()?)?;
        text.parse().map_err(|error| DbError::Internal(format!("tag set {}: {error}", id.0)))
    }
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
    let id = diesel::insert_into(tag_sets::table).values(row).returning(tag_sets::id).get_result::<i32>(conn)?;
    Ok(TagSetId(id))
}
