//! Looks at a database without changing it, and says of everything that is not as it should be what it means and what to do.

use std::fs::{self, OpenOptions};
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde::Serialize;

use super::conn::Conn;
use super::error::DbError;
use super::user_changes::{Owners, owners_who_may_sign_in};
use super::{ServerLock, beside, copy, migrations, postgres, sqlite};
use crate::config::{DatabaseUrl, PostgresUrl};

/// A log that is longer was not taken into the file for long: the server keeps it below 64 MiB.
const LONG_LOG: u64 = 128 * 1024 * 1024;
/// Less free space than this part of the disk is worth a word.
const LITTLE_SPACE: u64 = 20;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Works, and should be seen to.
    Warning,
    /// Does not work, or not for long.
    Problem,
}

/// What was looked at, and what was found.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How bad it is.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do about it; empty when nothing is to be done.
    pub advice: String,
}

/// What helps against a damaged file.
const RESTORE: &str = "stop the server, keep the file, and restore a backup: orgd restore FILE --force";

/// What is found where nothing is wrong.
const AS_IT_SHOULD_BE: &str = "as it should be";

/// A count that must be zero.
struct Rule {
    check: &'static str,
    sql: &'static str,
    found: &'static str,
    advice: &'static str,
}

/// What orgd itself sees to; both kinds of database understand these.
const RULES: &[Rule] = &[
    Rule {
        check: "default organization",
        sql: "SELECT abs(count(*) - 1) AS count FROM organizations WHERE is_default AND deleted_at IS NULL",
        found: "there is not exactly one default organization",
        advice: "restore a backup; no command of orgd leads here",
    },
    Rule {
        check: "running jobs",
        sql: "SELECT count(*) AS count FROM provisioner_jobs WHERE status IN (1, 3) AND (worker_id IS NULL OR attempt < 1)",
        found: "jobs run without a worker",
        advice: "restore a backup, or cancel them: orgd jobs cancel ID",
    },
    Rule {
        check: "ended jobs",
        sql: "SELECT count(*) AS count FROM provisioner_jobs WHERE status IN (2, 4) AND completed_at IS NULL",
        found: "jobs have ended without a time",
        advice: "restore a backup; no command of orgd leads here",
    },
    Rule {
        check: "members",
        sql: "SELECT count(*) AS count FROM organization_members \
              WHERE organization_id NOT IN (SELECT id FROM organizations) OR user_id NOT IN (SELECT id FROM users)",
        found: "memberships lead nowhere",
        advice: "restore a backup; no command of orgd leads here",
    },
];

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Looks at everything; `thorough` also compares every index with its table, which takes a second for each 20 MB.
pub fn examine(url: &DatabaseUrl, thorough: bool) -> Result<Vec<Finding>, DbError> {
    let mut findings = Vec::new();
    let mut conn = match url {
        DatabaseUrl::Sqlite { path } => match examine_file(path, thorough, &mut findings)? {
            Some(conn) => Conn::Sqlite(conn),
            None => return Ok(findings),
        },
        DatabaseUrl::Postgres(url) => examine_server(url, &mut findings)?,
    };
    let Some(()) = examine_schema(&mut conn, &mut findings) else { return Ok(findings) };
    if conn.is_postgres() {
        // Only now: Diesel asks for the migrations with a statement that would make their table where there is none.
        conn.batch_execute("SET default_transaction_read_only = on")?;
    }
    findings.push(match owners_who_may_sign_in(&mut conn, Owners::Seen) {
        Ok(owners) if owners.is_empty() => problem(
            "owner",
            "nobody who may sign in is an owner",
            "make one: orgd user create NAME --role owner --password",
        ),
        Ok(_) => ok("owner", AS_IT_SHOULD_BE),
        Err(error) => unreadable("owner", &error),
    });
    for rule in RULES {
        findings.push(match diesel::sql_query(rule.sql).get_result::<Count>(&mut conn) {
            Ok(Count { count: 0 }) => ok(rule.check, AS_IT_SHOULD_BE),
            Ok(Count { count }) => problem(rule.check, format!("{} ({count})", rule.found), rule.advice),
            Err(error) => unreadable(rule.check, &error),
        });
    }
    Ok(findings)
}

/// `None` when the file is too damaged for anything further to be looked at.
fn examine_file(path: &Path, thorough: bool, findings: &mut Vec<Finding>) -> Result<Option<SqliteConnection>, DbError> {
    findings.push(match OpenOptions::new().read(true).append(true).open(path) {
        Ok(_) => ok("file", format!("{} can be read and written", path.display())),
        Err(error) => problem(
            "file",
            format!("{}: {error}", path.display()),
            "let the user who runs orgd own the file, and its folder, since a log is written beside it",
        ),
    });
    let holds = if ServerLock::is_held(path) { "a server uses it" } else { "no server uses it" };
    findings.push(ok("server", holds));
    let opened = sqlite::open_for_reading(path, false).and_then(|mut conn| {
        sqlite::require_orgd(&mut conn, path)?;
        Ok(conn)
    });
    let mut conn = match opened {
        Err(error) if error.to_string().contains("malformed") => {
            findings.push(problem("structure", "its description of the tables is damaged", RESTORE));
            return Ok(None);
        }
        other => other?,
    };
    let checked = if thorough { sqlite::all_problems(&mut conn) } else { sqlite::problems(&mut conn) };
    let what = if thorough { "structure, thoroughly" } else { "structure" };
    findings.push(match checked {
        Ok(found) if found.is_empty() => ok(what, "whole"),
        Ok(found) => problem(what, found.join("; "), RESTORE),
        Err(error) => problem(what, error.to_string(), RESTORE),
    });
    let broken =
        diesel::sql_query("SELECT count(*) AS count FROM pragma_foreign_key_check").get_result::<Count>(&mut conn);
    findings.push(match broken {
        Ok(Count { count: 0 }) => ok("references", "all lead somewhere"),
        Ok(Count { count }) => problem("references", format!("{count} rows refer to nothing"), "restore a backup"),
        Err(error) => unreadable("references", &error),
    });
    findings.push(log_of(path));
    findings.extend(space_of(path));
    Ok(Some(conn))
}

fn log_of(path: &Path) -> Finding {
    let length = fs::metadata(beside(path, "-wal")).map_or(0, |log| log.len());
    if length <= LONG_LOG {
        return ok("log", format!("{} KiB", length / 1024));
    }
    let advice = "a reader keeps it from being taken into the file: end other programs that have the file open, or restart the server";
    Finding { verdict: Verdict::Warning, ..problem("log", format!("{} MiB", length / 1024 / 1024), advice) }
}

fn space_of(path: &Path) -> Option<Finding> {
    let found = nix::sys::statvfs::statvfs(path).ok()?;
    let (free, all) = (found.blocks_available(), found.blocks());
    let free_bytes = free.saturating_mul(found.fragment_size());
    let said = format!("{} MiB free", free_bytes / 1024 / 1024);
    Some(if free.saturating_mul(LITTLE_SPACE) >= all {
        ok("space", said)
    } else {
        let advice = "make room: without space nothing can be written; a server goes on by itself once there is some";
        Finding {
            verdict: if free == 0 { Verdict::Problem } else { Verdict::Warning },
            ..problem("space", said, advice)
        }
    })
}

fn examine_server(url: &PostgresUrl, findings: &mut Vec<Finding>) -> Result<Conn, DbError> {
    let mut conn = postgres::connect(url, postgres::Purpose::Maintain)?;
    findings.push(match postgres::check_server(&mut conn) {
        Ok(()) => ok("PostgreSQL", "its version and its settings for what is written keep what is promised"),
        Err(error) => problem("PostgreSQL", error.to_string(), "see the setting; a server refuses to start until then"),
    });
    let servers = postgres::count_followers(&mut conn, None)?;
    findings.push(ok(
        "server",
        if servers == 0 { "no server uses it".to_owned() } else { format!("{servers} servers use it") },
    ));
    Ok(Conn::Postgres(conn))
}

/// `None` when nothing further can be looked at.
fn examine_schema(conn: &mut Conn, findings: &mut Vec<Finding>) -> Option<()> {
    if !super::has_schema(conn).unwrap_or(false) {
        findings.push(problem("schema", "there are no tables of orgd", "`orgd serve` makes them at its first start"));
        return None;
    }
    let known = match migrations::list(conn) {
        Ok(known) => known,
        Err(error) => {
            findings.push(problem(
                "schema",
                error.to_string(),
                "use the newer version, or restore a backup of this one's time",
            ));
            return None;
        }
    };
    let missing = known.iter().filter(|migration| !migration.is_applied).count();
    if missing > 0 {
        let advice = "back up, then `orgd migrate run`, or start a server";
        let found = format!("{missing} migrations of this version are missing");
        findings.push(Finding { verdict: Verdict::Warning, ..problem("schema", found, advice) });
        return None;
    }
    findings.push(match copy::refuse_unfinished(conn) {
        Ok(()) => ok("schema", "that of this version"),
        Err(error) => problem("schema", error.to_string(), "finish the copy with the same command"),
    });
    Some(())
}

fn ok(check: &'static str, found: impl Into<String>) -> Finding {
    Finding { check, verdict: Verdict::Ok, found: found.into(), advice: String::new() }
}

fn problem(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { check, verdict: Verdict::Problem, found: found.into(), advice: advice.into() }
}

fn unreadable(check: &'static str, error: &dyn std::error::Error) -> Finding {
    problem(check, format!("cannot be read: {error}"), "restore a backup")
}
