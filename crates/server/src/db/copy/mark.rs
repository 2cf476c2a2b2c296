//! The copies table: it marks a target from the beginning of a copy to its end.

use diesel::prelude::*;
use orgd_api_types::Timestamp;

use super::error::CopyError;
use super::tables::TABLES;
use crate::db;
use crate::db::conn::Conn;
use crate::db::error::DbError;
use crate::db::migrations;
use crate::db::schema::copies;
use crate::db::types::DbTime;

/// Refuses a database that does not hold all that it will.
pub(in crate::db) fn refuse_unfinished(conn: &mut Conn) -> Result<(), DbError> {
    match copies::table.select(copies::source).first::<String>(conn).optional()? {
        None => Ok(()),
        Some(source) => Err(DbError::Unavailable(format!(
            "the copy of {source} into this database is not finished; run the same `orgd copy` again"
        ))),
    }
}

/// Marks an empty target, or finds the mark of an interrupted copy of the same source. A server that starts at the same moment
/// either sees the mark or has made the first rows, which are then found here.
pub(super) fn begin(
    target: &mut Conn,
    target_name: &str,
    (identity, source): (&str, &str),
    now: Timestamp,
) -> Result<(), CopyError> {
    let mark = |target: &mut Conn| {
        let marked = copies::table.select((copies::identity, copies::source)).first::<(String, String)>(target);
        match marked.optional().map_err(DbError::from)? {
            Some((found, _)) if found == identity => return Ok(()),
            Some((_, source_name)) => {
                return Err(CopyError::OtherSource { target: target_name.to_owned(), source_name });
            }
            None => refuse_rows(target, target_name)?,
        }
        let row = (copies::identity.eq(identity), copies::source.eq(source), copies::began_at.eq(DbTime(now)));
        diesel::insert_into(copies::table).values(row).execute(target).map_err(DbError::from)?;
        Ok(())
    };
    migrations::one_at_a_time(target, |target| db::all_or_nothing(target, mark))
}

fn refuse_rows(target: &mut Conn, target_name: &str) -> Result<(), CopyError> {
    for table in TABLES {
        let rows = (table.count)(target).map_err(DbError::from)?.unsigned_abs();
        if rows > 0 {
            return Err(CopyError::NotEmpty { target: target_name.to_owned(), table: table.name, rows });
        }
    }
    Ok(())
}

/// Takes the mark away.
pub(super) fn remove(target: &mut Conn) -> Result<(), DbError> {
    diesel::delete(copies::table).execute(target)?;
    Ok(())
}
