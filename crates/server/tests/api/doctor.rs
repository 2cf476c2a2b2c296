//! `orgd doctor`: each fault is planted and must be found, and nothing else.

use std::path::Path;

use serde_json::Value;

use crate::harness::{Kind, TestServer, open_sql};

/// The exit status, and the findings that are not as they should be.
fn examined(server: &TestServer, flags: &[&str]) -> (Option<i32>, Vec<(String, String)>) {
    let output = server.try_command(&[&["doctor", "--output", "json"], flags].concat());
    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    // How full the disk of this machine is says nothing about the command.
    let (space, ours): (Vec<_>, Vec<_>) =
        findings.iter().filter(|finding| finding["verdict"] != "ok").partition(|finding| finding["check"] == "space");
    let mut status = output.status.code();
    if !space.is_empty() && ours.is_empty() {
        assert_eq!(status, Some(1), "{findings:#?}");
        status = Some(0);
    }
    (status, ours.into_iter().map(|finding| (text(&finding["check"]), text(&finding["verdict"]))).collect())
}

fn one(check: &str, verdict: &str) -> (Option<i32>, Vec<(String, String)>) {
    (Some(1), vec![(check.to_owned(), verdict.to_owned())])
}

#[test]
fn a_whole_database_is_whole_beside_a_server_and_without_one() {
    let mut server = TestServer::start();
    server.owner().create("acme");
    assert_eq!(examined(&server, &[]), (Some(0), Vec::new()));
    server.kill();
    assert_eq!(examined(&server, &["--thorough"]), (Some(0), Vec::new()));
    let said = String::from_utf8(server.try_command(&["doctor"]).stdout).unwrap();
    assert!(said.contains("schema") && !said.contains("PROBLEM"), "{said}");
}

#[test]
fn what_orgd_itself_sees_to_is_looked_at() {
    for (sql, check) in [
        ("UPDATE users SET status = 'suspended'", "owner"),
        ("UPDATE organizations SET is_default = (name = 'nobody')", "default organization"),
    ] {
        let server = TestServer::start();
        // SQLite's columns for yes and no are numbers, and take this as well.
        server.sql().run(sql);
        assert_eq!(examined(&server, &[]), one(check, "problem"), "{sql}");
    }
}

#[test]
fn a_damaged_file_is_found_and_left_as_it_is() {
    let mut server = TestServer::start();
    if server.kind() == Kind::Postgres {
        return;
    }
    let owner = server.owner();
    (0..60).for_each(|number| drop(owner.create(&format!("org-{number}"))));
    server.sql().run("PRAGMA wal_checkpoint(TRUNCATE)");
    server.kill();
    let mut bytes = std::fs::read(server.database()).unwrap();
    // Pages in the middle, of tables and indexes; the schema in the first ones stays.
    let (from, to) = (bytes.len() / 2, bytes.len() / 2 + 4096 * 8);
    bytes[from..to].fill(0x5a);
    std::fs::write(server.database(), &bytes).unwrap();
    let (status, found) = examined(&server, &["--thorough"]);
    assert_eq!(status, Some(1));
    let is_found = |(check, verdict): &(String, String)| check.starts_with("structure") && verdict == "problem";
    assert!(found.iter().any(is_found), "{found:?}");
    let said = String::from_utf8(server.try_command(&["doctor", "--thorough"]).stderr).unwrap();
    assert!(said.contains("orgd restore"), "{said}");
    assert_eq!(std::fs::read(server.database()).unwrap(), bytes);
}

#[test]
fn another_schema_is_told() {
    let mut server = TestServer::start();
    if server.kind() == Kind::Postgres {
        return;
    }
    server.kill();
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade/0.1.0/sqlite.db");
    server.command(&["restore", old.to_str().unwrap(), "--force"]);
    let before = std::fs::read(server.database()).unwrap();
    assert_eq!(examined(&server, &[]), one("schema", "warning"));
    assert_eq!(std::fs::read(server.database()).unwrap(), before, "it was brought up to date");
    server.command(&["migrate", "run"]);
    assert_eq!(examined(&server, &[]), (Some(0), Vec::new()));
    open_sql(server.database_url()).run("INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000001')");
    assert_eq!(examined(&server, &[]), one("schema", "problem"));
}

#[test]
fn what_cannot_be_looked_at_is_another_exit_status() {
    let mut server = TestServer::start();
    if server.kind() == Kind::Postgres {
        return;
    }
    // Without its log, which holds all of it.
    server.sql().run("PRAGMA wal_checkpoint(TRUNCATE)");
    server.kill();
    std::fs::write(server.database(), "Dear Sir or Madam, ".repeat(400)).unwrap();
    let output = server.try_command(&["doctor"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not a database"));
    std::fs::remove_file(server.database()).unwrap();
    let output = server.try_command(&["doctor"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no database at"));
}
