//! The idempotency_keys table: what was answered to writes that their callers may repeat, each row stored in the transaction of
//! its write.

use std::sync::Arc;

use diesel::prelude::*;
use orgd_api_types::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::Database;
use super::conn::{Conn, on_inner};
use super::error::{Constraint, DbError};
use super::schema::idempotency_keys;
use super::types::{DbTime, DbUuid, SqlTime};
use super::writer::Written;
use crate::wire::encode;
use crate::wire::idempotency::RepeatableRequest;

/// How long an answer is kept, in microseconds: a day.
const KEPT: i64 = 24 * 60 * 60 * 1_000_000;

/// An attempt at a write that may have been made before.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Whose attempt; the keys of different users have nothing to do with each other.
    pub user: Uuid,
    /// What is asked for.
    pub request: RepeatableRequest,
    /// When.
    pub at: Timestamp,
}

/// How a write was made that its caller may repeat.
#[derive(Debug)]
pub enum Answered<T> {
    /// It was made now.
    Now(Arc<T>),
    /// It had been made before, and this was the answer.
    Before {
        /// The HTTP status.
        status: u16,
        /// The body, as it was sent.
        body: Vec<u8>,
    },
}

impl Attempt {
    /// The time at which the oldest answer was given that still counts.
    fn horizon(&self) -> DbTime {
        DbTime(Timestamp::from_micros(self.at.micros().saturating_sub(KEPT)))
    }
}

impl Database {
    /// Makes a write unless it was made before, and keeps its answer in the same transaction. A write that fails leaves nothing.
    /// `Conflict(IdempotencyKey)` when the key belongs to another request.
    pub(super) async fn write_once<T, F>(&self, attempt: Option<Attempt>, mut work: F) -> Result<Answered<T>, DbError>
    where
        T: Serialize + Send + Sync + 'static,
        F: FnMut(&mut Conn) -> Result<Written<Arc<T>>, DbError> + Send + 'static,
    {
        let Some(attempt) = attempt else { return self.writer.write(work).await.map(Answered::Now) };
        let answered = self.writer.write(move |conn| once(conn, &attempt, &mut work)).await?;
        if matches!(answered, Answered::Before { .. }) {
            // Another server may have made it. Whoever is told of it here finds it done here.
            self.refresh().await?;
        }
        Ok(answered)
    }
}

fn once<T: Serialize>(
    conn: &mut Conn,
    attempt: &Attempt,
    work: &mut impl FnMut(&mut Conn) -> Result<Written<Arc<T>>, DbError>,
) -> Result<Written<Answered<T>>, DbError> {
    // Before the work: the same attempt on another server waits here for the end of this one, and not at a rule that the work
    // of both would break, such as a name that is taken.
    if !take_key(conn, attempt)? {
        match find(conn, attempt)? {
            Some(answered) => return Ok((answered, Vec::new())),
            None => take_over_key(conn, attempt)?,
        }
    }
    let (value, changes) = work(conn)?;
    diesel::update(idempotency_keys::table.find((DbUuid(attempt.user), &attempt.request.key)))
        .set(idempotency_keys::body.eq(encode::to_vec(&*value)))
        .execute(conn)?;
    remove_old(conn, attempt.horizon())?;
    Ok((Answered::Now(value), changes))
}

/// The columns of an attempt that has no answer yet.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = idempotency_keys, primary_key(user_id, key))]
struct AttemptRow<'a> {
    user_id: DbUuid,
    key: &'a str,
    request_hash: &'a [u8],
    status: i16,
    body: &'a [u8],
    created_at: DbTime,
}

impl<'a> From<&'a Attempt> for AttemptRow<'a> {
    fn from(Attempt { user, request, at }: &'a Attempt) -> Self {
        Self {
            user_id: DbUuid(*user),
            key: &request.key,
            request_hash: &request.hash,
            // No status is too large; one that were would be refused by the table.
            status: i16::try_from(request.status).unwrap_or_default(),
            body: &[],
            created_at: DbTime(*at),
        }
    }
}

/// Stores the attempt; false when there is one with this key. Waits for another server that is storing one, and locks nothing
/// if that one stays, so that repetitions are in nobody's way.
fn take_key(conn: &mut Conn, attempt: &Attempt) -> Result<bool, DbError> {
    let insert = diesel::insert_into(idempotency_keys::table)
        .values(AttemptRow::from(attempt))
        .on_conflict((idempotency_keys::user_id, idempotency_keys::key))
        .do_nothing();
    Ok(on_inner!(conn, inner => insert.execute(inner))? > 0)
}

/// What was answered to the same attempt; `None` when that is too old to count.
fn find<T>(conn: &mut Conn, attempt: &Attempt) -> Result<Option<Answered<T>>, DbError> {
    let row = idempotency_keys::table
        .find((DbUuid(attempt.user), &attempt.request.key))
        .filter(idempotency_keys::created_at.gt(attempt.horizon()))
        .select((idempotency_keys::request_hash, idempotency_keys::status, idempotency_keys::body));
    let found: Option<(Vec<u8>, i16, Vec<u8>)> = on_inner!(conn, inner => row.first(inner)).optional()?;
    let Some((hash, status, body)) = found else { return Ok(None) };
    if hash != attempt.request.hash {
        return Err(DbError::Conflict(Constraint::IdempotencyKey));
    }
    let status = u16::try_from(status).map_err(|_| DbError::Internal(format!("the status {status} is none")))?;
    Ok(Some(Answered::Before { status, body }))
}

/// Puts the attempt in the place of one that is too old to count.
fn take_over_key(conn: &mut Conn, attempt: &Attempt) -> Result<(), DbError> {
    let old = idempotency_keys::table
        .find((DbUuid(attempt.user), &attempt.request.key))
        .filter(idempotency_keys::created_at.le(attempt.horizon()));
    match diesel::update(old).set(AttemptRow::from(attempt)).execute(conn)? {
        0 => Err(DbError::InTheWay("another server took the idempotency key over, or removed it".to_owned())),
        _ => Ok(()),
    }
}

/// Removes a few of the answers that no longer count: more than one for each new one, so that they become fewer.
fn remove_old(conn: &mut Conn, horizon: DbTime) -> Result<(), DbError> {
    match conn {
        Conn::Sqlite(conn) => diesel::sql_query(
            "DELETE FROM idempotency_keys WHERE (user_id, key) IN \
             (SELECT user_id, key FROM idempotency_keys WHERE created_at <= ? ORDER BY created_at LIMIT 16)",
        )
        .bind::<SqlTime, _>(horizon)
        .execute(conn)?,
        // By their places, so that no plan reads the whole table. What another server is removing is left to it.
        Conn::Postgres(conn) => diesel::sql_query(
            "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY \
             (SELECT ctid FROM idempotency_keys WHERE created_at <= $1 ORDER BY created_at LIMIT 16 FOR UPDATE SKIP LOCKED))",
        )
        .bind::<SqlTime, _>(horizon)
        .execute(conn)?,
    };
    Ok(())
}
