//! The database behind a server's back: what other processes write, and what an operator breaks.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use uuid::Uuid;

use super::client::Client;
use super::rows::{Job, Kind, START, Worker, text};

/// The organization whose jobs count what was written behind the server's back.
const MARKER: Uuid = Uuid::from_u128(0xffff_ffff_ffff_4fff_8fff_ffff_ffff_ffff);

/// A connection of the test.
pub struct Sql {
    conn: Conn,
}

enum Conn {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

#[derive(QueryableByName)]
struct Words {
    #[diesel(sql_type = Text)]
    value: String,
}

impl Sql {
    /// Opens the database with this URL.
    pub fn open(url: &str) -> Self {
        let conn = match url.strip_prefix("sqlite://") {
            Some(path) => {
                let mut conn = SqliteConnection::establish(path).unwrap();
                conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON").unwrap();
                Conn::Sqlite(conn)
            }
            None => Conn::Postgres(PgConnection::establish(url).unwrap()),
        };
        Self { conn }
    }

    /// Which database it is.
    pub fn kind(&self) -> Kind {
        match self.conn {
            Conn::Sqlite(_) => Kind::Sqlite,
            Conn::Postgres(_) => Kind::Postgres,
        }
    }

    /// Runs statements.
    #[track_caller]
    pub fn run(&mut self, sql: &str) {
        self.try_run(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    /// Runs statements that may be refused, with words.
    pub fn try_run(&mut self, sql: &str) -> Result<(), String> {
        let ran = match &mut self.conn {
            Conn::Sqlite(conn) => conn.batch_execute(sql),
            Conn::Postgres(conn) => conn.batch_execute(sql),
        };
        ran.map_err(|error| error.to_string())
    }

    /// The number that a query answers as `value`.
    pub fn number(&mut self, sql: &str) -> i64 {
        let query = diesel::sql_query(sql);
        let row: QueryResult<Number> = match &mut self.conn {
            Conn::Sqlite(conn) => query.get_result(conn),
            Conn::Postgres(conn) => query.get_result(conn),
        };
        row.unwrap().value
    }

    /// `ok`, or what SQLite finds wrong with its file.
    pub fn integrity(&mut self) -> String {
        self.words("SELECT string_agg(integrity_check, '; ') AS value FROM pragma_integrity_check")
    }

    /// The text that a query answers as `value`.
    pub fn words(&mut self, sql: &str) -> String {
        let query = diesel::sql_query(sql);
        let row: QueryResult<Words> = match &mut self.conn {
            Conn::Sqlite(conn) => query.get_result(conn),
            Conn::Postgres(conn) => query.get_result(conn),
        };
        row.unwrap().value
    }

    /// Runs the writes of `write` in one transaction.
    pub fn in_transaction(&mut self, write: impl FnOnce(&mut Self)) {
        self.begin();
        write(self);
        self.run("COMMIT");
    }

    /// Begins a transaction that writes; on SQLite nobody else can write then.
    pub fn begin(&mut self) {
        self.run(match self.kind() {
            Kind::Sqlite => "BEGIN IMMEDIATE",
            Kind::Postgres => "BEGIN",
        });
    }

    /// Makes every stored answer older by so many seconds.
    pub fn age_idempotency_keys(&mut self, seconds: i64) {
        let older = match self.kind() {
            Kind::Sqlite => format!("created_at - {seconds} * 1000000"),
            Kind::Postgres => format!("created_at - interval '{seconds} seconds'"),
        };
        self.run(&format!("UPDATE idempotency_keys SET created_at = {older}"));
    }

    /// Makes it so long ago, in seconds, that this worker was seen last.
    pub fn age_worker(&mut self, id: Uuid, seconds: i64) {
        let kind = self.kind();
        let seen = kind.time(chrono::Utc::now().timestamp_micros() - seconds * 1_000_000);
        self.run(&format!("UPDATE provisioner_daemons SET last_seen_at = {seen} WHERE id = {}", kind.uuid(id)));
    }

    fn tag_set(&mut self, tags: &str) -> i64 {
        self.run(&format!("INSERT INTO tag_sets (tags) VALUES ({}) ON CONFLICT DO NOTHING", text(tags)));
        self.number(&format!("SELECT CAST(id AS bigint) AS value FROM tag_sets WHERE tags = {}", text(tags)))
    }

    /// Stores a job.
    pub fn job(&mut self, job: &Job) {
        let tag_set = self.tag_set(&job.tags);
        self.run(&job.insert(self.kind(), tag_set));
    }

    /// Stores a worker.
    pub fn worker(&mut self, worker: &Worker) {
        let tag_set = self.tag_set(&worker.tags);
        self.run(&worker.insert(self.kind(), tag_set));
    }

    /// Stores a provisioner key of the organization.
    pub fn provisioner_key(&mut self, organization: Uuid, number: u128) {
        let tag_set = self.tag_set("{}");
        let kind = self.kind();
        self.run(&format!(
            "INSERT INTO provisioner_keys VALUES ({}, {}, 'key-{number}', {}, {tag_set}, {})",
            kind.uuid(Uuid::from_u128(number)),
            kind.uuid(organization),
            kind.bytes(&format!("{number:064x}")),
            kind.time(0)
        ));
    }

    /// Adds the pending job that says how often the database was written to; the first time there are two, since a server
    /// that has not read the queue yet gives the place 1 to any.
    pub(super) fn put_marker(&mut self, number: u64) {
        if number == 1 {
            let kind = self.kind();
            let (id, at, no) = (kind.uuid(MARKER), kind.time(START), kind.boolean(false));
            self.run(&format!(
                "INSERT INTO organizations VALUES ({id}, 'zz-marker', 'Marker', '', '', {no}, {at}, {at}, NULL)"
            ));
            self.job(&marker(0));
        }
        self.job(&marker(number));
    }
}

fn marker(number: u64) -> Job {
    let mut job = Job::pending(MARKER, number.try_into().unwrap());
    job.id = marker_id(number);
    job
}

fn marker_id(number: u64) -> Uuid {
    Uuid::from_u128(MARKER.as_u128() - u128::from(number) - 1)
}

/// True once the server answers from the moment of this marker.
pub(super) fn shows_marker(client: &Client, number: u64) -> bool {
    // The oldest one, since the server can tell where a job would stand that it has not taken into its queue yet.
    let answer = client.get(&format!("/organizations/{MARKER}/provisionerjobs/{}", marker_id(0)));
    answer.status == 200 && answer.json()["queue_size"] == number + 1
}
