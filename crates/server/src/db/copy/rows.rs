//! A row of each table that a copy takes along, with all its columns. A column that `db/schema.rs` has and a row has not does not
//! compile.

use diesel::prelude::*;
use sha2::Sha256;

use super::fields::{Field, Key};
use crate::db::conn::{Conn, on_inner};
use crate::db::schema::*;
use crate::db::types::{DbTime, DbUuid};

/// Rows that are read and written at once: few enough for the 32,766 parameters that a statement of SQLite can have.
pub(super) const CHUNK: usize = 1_000;

/// A row that can be copied: its table, in the order of its primary key.
pub(super) trait Copied: Sized + PartialEq {
    /// The table's name.
    const TABLE: &'static str;
    /// The column that the database numbers by itself.
    const NUMBERED_BY: Option<&'static str>;

    /// The next rows after this one, or the first ones; less than [`CHUNK`] are the last.
    fn read_after(conn: &mut Conn, after: Option<&Self>) -> QueryResult<Vec<Self>>;
    /// The row with the greatest key.
    fn last(conn: &mut Conn) -> QueryResult<Option<Self>>;
    /// How many rows there are.
    fn count(conn: &mut Conn) -> QueryResult<i64>;
    /// Adds rows, in one statement.
    fn insert(conn: &mut Conn, rows: &[Self]) -> QueryResult<usize>;
    /// Adds all columns to a checksum.
    fn add_to(&self, sum: &mut Sha256);
    /// True when this row comes before the other.
    fn is_before(&self, other: &Self) -> bool;
    /// The key in words.
    fn key(&self) -> String;
}

/// What comes after a key of one column, or of two; written so that both databases begin at that place of their index.
macro_rules! comes_after {
    ($table:ident, $row:ident, $key:ident) => {
        $table::$key.gt(&$row.$key)
    };
    ($table:ident, $row:ident, $first:ident, $second:ident) => {
        $table::$first.ge(&$row.$first).and($table::$first.gt(&$row.$first).or($table::$second.gt(&$row.$second)))
    };
}

macro_rules! copied {
    ($row:ident of $table:ident by ($($key:ident),+), numbered by $number:expr => { $($column:ident: $type:ty),+ $(,)? }) => {
        #[derive(PartialEq, Queryable, Insertable)]
        // Without it Diesel leaves an absent value out, and writes to SQLite one row at a time.
        #[diesel(table_name = $table, treat_none_as_default_value = false)]
        pub(super) struct $row {
            $($column: $type,)+
        }

        impl Copied for $row {
            const TABLE: &'static str = stringify!($table);
            const NUMBERED_BY: Option<&'static str> = $number;

            fn read_after(conn: &mut Conn, after: Option<&Self>) -> QueryResult<Vec<Self>> {
                let next = $table::table.order(($($table::$key,)+)).limit(CHUNK as i64);
                match after {
                    None => on_inner!(conn, inner => next.load(inner)),
                    Some(row) => {
                        let next = next.filter(comes_after!($table, row, $($key),+));
                        on_inner!(conn, inner => next.load(inner))
                    }
                }
            }

            fn last(conn: &mut Conn) -> QueryResult<Option<Self>> {
                let last = $table::table.order(($($table::$key.desc(),)+));
                on_inner!(conn, inner => last.first(inner)).optional()
            }

            fn count(conn: &mut Conn) -> QueryResult<i64> {
                on_inner!(conn, inner => $table::table.count().get_result(inner))
            }

            fn insert(conn: &mut Conn, rows: &[Self]) -> QueryResult<usize> {
                on_inner!(conn, inner => diesel::insert_into($table::table).values(rows).execute(inner))
            }

            fn add_to(&self, sum: &mut Sha256) {
                $(self.$column.add_to(sum);)+
            }

            fn is_before(&self, other: &Self) -> bool {
                ($(&self.$key,)+) < ($(&other.$key,)+)
            }

            fn key(&self) -> String {
                [$(format!("{} {}", stringify!($key), self.$key.shown())),+].join(", ")
            }
        }
    };
}

copied! {
    Organization of organizations by (id), numbered by None => {
        id: DbUuid,
        name: String,
        display_name: String,
        description: String,
        icon: String,
        is_default: bool,
        created_at: DbTime,
        updated_at: DbTime,
        deleted_at: Option<DbTime>,
    }
}

copied! {
    User of users by (id), numbered by None => {
        id: DbUuid,
        username: String,
        email: String,
        name: String,
        status: String,
        login_type: String,
        hashed_password: Option<String>,
        roles: String,
        is_system: bool,
        last_seen_at: Option<DbTime>,
        created_at: DbTime,
        updated_at: DbTime,
        deleted_at: Option<DbTime>,
    }
}

copied! {
    ApiKey of api_keys by (id), numbered by None => {
        id: String,
        hashed_secret: Vec<u8>,
        user_id: DbUuid,
        token_name: String,
        login_type: String,
        scopes: String,
        allow_list: String,
        lifetime_seconds: i64,
        ip_address: String,
        last_used_at: Option<DbTime>,
        expires_at: DbTime,
        created_at: DbTime,
        updated_at: DbTime,
    }
}

copied! {
    Member of organization_members by (user_id, organization_id), numbered by None => {
        user_id: DbUuid,
        organization_id: DbUuid,
        roles: String,
        created_at: DbTime,
        updated_at: DbTime,
    }
}

copied! {
    TagSet of tag_sets by (id), numbered by Some("id") => {
        id: i32,
        tags: String,
    }
}

copied! {
    ProvisionerKey of provisioner_keys by (id), numbered by None => {
        id: DbUuid,
        organization_id: DbUuid,
        name: String,
        hashed_secret: Vec<u8>,
        tag_set_id: i32,
        created_at: DbTime,
    }
}

copied! {
    ProvisionerDaemon of provisioner_daemons by (id), numbered by None => {
        id: DbUuid,
        organization_id: DbUuid,
        key_id: Option<DbUuid>,
        name: String,
        owner: String,
        provisioners: String,
        tag_set_id: i32,
        version: String,
        api_version: String,
        created_at: DbTime,
        last_seen_at: Option<DbTime>,
    }
}

copied! {
    ProvisionerJob of provisioner_jobs by (seq), numbered by Some("seq") => {
        seq: i64,
        id: DbUuid,
        organization_id: DbUuid,
        initiator_id: DbUuid,
        file_id: DbUuid,
        kind: i16,
        provisioner: i16,
        class: i16,
        tag_set_id: i32,
        status: i16,
        created_at: DbTime,
        updated_at: DbTime,
        started_at: Option<DbTime>,
        canceled_at: Option<DbTime>,
        completed_at: Option<DbTime>,
        error: String,
        error_code: String,
        worker_id: Option<DbUuid>,
        worker_name: String,
        attempt: i32,
        input: String,
        metadata: String,
        logs_length: i32,
        logs_overflowed: bool,
        subject_id: Option<DbUuid>,
        logs_received: i32,
    }
}

copied! {
    ProvisionerJobLog of provisioner_job_logs by (id), numbered by Some("id") => {
        id: i64,
        job_id: DbUuid,
        created_at: DbTime,
        source: String,
        level: String,
        stage: String,
        output: String,
    }
}

copied! {
    AuditLog of audit_logs by (seq), numbered by Some("seq") => {
        seq: i64,
        id: DbUuid,
        at: DbTime,
        user_id: Option<DbUuid>,
        organization_id: Option<DbUuid>,
        ip: String,
        user_agent: String,
        request_id: DbUuid,
        resource_type: String,
        resource_id: DbUuid,
        resource_target: String,
        action: String,
        diff: String,
        status_code: i16,
    }
}
