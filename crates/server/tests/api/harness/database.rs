//! The database behind a server's back: what other processes write, and what an operator breaks.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use uuid::Uuid;

use super::client::Client;
use super::rows::{Job, START, Worker, blob, text};

/// The organization whose jobs count what was written behind the server's back.
const MARKER: Uuid = Uuid::from_u128(0xffff_ffff_ffff_4fff_8fff_ffff_ffff_ffff);

/// A connection of the test.
pub struct Sql {
    conn: SqliteConnection,
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
    /// Opens the file.
    pub fn open(path: &Path) -> Self {
        let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON").unwrap();
        Self { conn }
    }

    /// Runs statements.
    #[track_caller]
    pub fn run(&mut self, sql: &str) {
        self.conn.batch_execute(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    /// The number that a query answers as `value`.
    pub fn number(&mut self, sql: &str) -> i64 {
        diesel::sql_query(sql).get_result::<Number>(&mut self.conn).unwrap().value
    }

    /// The text that a query answers as `value`.
    pub fn words(&mut self, sql: &str) -> String {
        diesel::sql_query(sql).get_result::<Words>(&mut self.conn).unwrap().value
    }

    /// Runs the writes of `write` in one transaction.
    pub fn in_transaction(&mut self, write: impl FnOnce(&mut Self)) {
        self.run("BEGIN IMMEDIATE");
        write(self);
        self.run("COMMIT");
    }

    fn tag_set(&mut self, tags: &str) -> i64 {
        self.run(&format!("INSERT INTO tag_sets (tags) VALUES ({}) ON CONFLICT DO NOTHING", text(tags)));
        self.number(&format!("SELECT id AS value FROM tag_sets WHERE tags = {}", text(tags)))
    }

    /// Stores a job.
    pub fn job(&mut self, job: &Job) {
        let tag_set = self.tag_set(&job.tags);
        self.run(&job.insert(tag_set));
    }

    /// Stores a worker.
    pub fn worker(&mut self, worker: &Worker) {
        let tag_set = self.tag_set(&worker.tags);
        self.run(&worker.insert(tag_set));
    }

    /// Adds the pending job that says how often the database was written to; the first time there are two, since a server
    /// that has not read the queue yet gives the place 1 to any.
    pub(super) fn put_marker(&mut self, number: u64) {
        if number == 1 {
            self.run(&format!(
                "INSERT INTO organizations VALUES ({}, 'zz-marker', 'Marker', '', '', 0, {START}, {START}, NULL)",
                blob(MARKER)
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
