//! How identifiers and times are stored: one Rust type and one SQL type each, with one form per database.

use diesel::backend::Backend;
use diesel::data_types::PgTimestamp;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, HasSqlType, SqlOrd, SqlType, Timestamptz};
use diesel::sqlite::{Sqlite, SqliteValue};
use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::conn::MultiBackend;

/// SQL type of an identifier: 16 bytes on SQLite, `uuid` on PostgreSQL.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(sqlite_type(name = "Binary"))]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
pub struct SqlUuid;

/// SQL type of a point in time: microseconds since 1970 on SQLite, `timestamptz` on PostgreSQL.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(sqlite_type(name = "Long"))]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
pub struct SqlTime;

impl SqlOrd for SqlUuid {}
impl SqlOrd for SqlTime {}

/// A stored identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = SqlUuid)]
pub struct DbUuid(pub Uuid);

/// A stored point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = SqlTime)]
pub struct DbTime(pub Timestamp);

impl ToSql<SqlUuid, Sqlite> for DbUuid {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl FromSql<SqlUuid, Sqlite> for DbUuid {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

impl ToSql<SqlUuid, Pg> for DbUuid {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<SqlUuid, Pg> for DbUuid {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}

impl ToSql<SqlTime, Sqlite> for DbTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.micros());
        Ok(IsNull::No)
    }
}

impl FromSql<SqlTime, Sqlite> for DbTime {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(Timestamp::from_micros(<i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?)))
    }
}

/// From 1970, where orgd counts from, to 2000, where PostgreSQL does, in microseconds.
const TO_2000: i64 = 946_684_800_000_000;
/// A timestamp ends with the year 9999, which is far from where PostgreSQL's times end.
fn to_postgres(time: Timestamp) -> PgTimestamp {
    PgTimestamp(time.micros() - TO_2000)
}

fn from_postgres(PgTimestamp(stored): PgTimestamp) -> Timestamp {
    Timestamp::from_micros(stored.saturating_add(TO_2000))
}

impl ToSql<SqlTime, Pg> for DbTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Timestamptz, Pg>::to_sql(&to_postgres(self.0), &mut out.reborrow())
    }
}

impl FromSql<SqlTime, Pg> for DbTime {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(from_postgres(<PgTimestamp as FromSql<Timestamptz, Pg>>::from_sql(value)?)))
    }
}

/// Passes a type of ours through to the database at hand.
macro_rules! on_either {
    ($($sql:ty => $rust:ty),+ $(,)?) => {$(
        impl HasSqlType<$sql> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                MultiBackend::lookup_sql_type::<$sql>(lookup)
            }
        }

        impl FromSql<$sql, MultiBackend> for $rust {
            fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                value.from_sql::<$rust, $sql>()
            }
        }

        impl ToSql<$sql, MultiBackend> for $rust {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value((<$sql>::default(), self));
                Ok(IsNull::No)
            }
        }
    )+};
}

on_either!(SqlUuid => DbUuid, SqlTime => DbTime);

impl From<DbUuid> for Uuid {
    fn from(id: DbUuid) -> Self {
        id.0
    }
}

impl From<Uuid> for DbUuid {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl From<DbTime> for Timestamp {
    fn from(at: DbTime) -> Self {
        at.0
    }
}

impl From<Timestamp> for DbTime {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

#[cfg(test)]
mod tests {
    use diesel::data_types::PgTimestamp;
    use orgd_api_types::Timestamp;

    use super::{from_postgres, to_postgres};

    #[test]
    fn times_go_to_postgres_and_back() {
        for micros in [0, 1, -1, 946_684_800_000_000, 1_767_323_045_123_456, i64::MAX, i64::MIN] {
            let time = Timestamp::from_micros(micros);
            assert_eq!(from_postgres(to_postgres(time)), time);
        }
        assert_eq!(to_postgres(Timestamp::from_micros(946_684_800_000_001)), PgTimestamp(1));
    }
}
