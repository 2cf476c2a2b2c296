//! `orgd migrate`, `orgd serve --no-migrate`, and a database that a newer version has written.

use serde_json::{Value, json};

use super::server::Server;
use super::{Place, execute};

const SERVE: &[&str] = &["serve", "--listen", "127.0.0.1:0", "--database-url"];

fn status(place: &Place, url: &str) -> Vec<(String, bool)> {
    let printed = place.succeed(&["migrate", "status", "--output", "json", "--database-url", url]);
    let printed: Value = serde_json::from_str(&printed).unwrap();
    let row = |row: &Value| (row["migration"].as_str().unwrap().to_owned(), row["applied"].as_bool().unwrap());
    printed.as_array().unwrap().iter().map(row).collect()
}

/// Both kinds of database, if both are there.
fn databases(place: &Place) -> Vec<String> {
    let other = place.other("other.db");
    if super::is_postgres(&other) { vec![place.sqlite("orgd.db"), other] } else { vec![other] }
}

#[test]
fn a_schema_is_shown_and_brought_up_to_date() {
    let place = Place::new();
    for url in databases(&place) {
        if !super::is_postgres(&url) {
            let said = place.fail(&["migrate", "status", "--database-url", &url]);
            assert!(said.starts_with("orgd: there is no database at "), "{said}");
            // An empty file is a database without a schema.
            std::fs::write(url.strip_prefix("sqlite://").unwrap(), "").unwrap();
        }
        let before = status(&place, &url);
        assert!(before.len() >= 4 && before.iter().all(|(_, applied)| !applied), "{before:?}");
        assert_eq!(before[0].0, "2026-11-24-000001_identity");
        let ran = place.run(&["migrate", "run", "--database-url", &url]);
        assert!(ran.success, "{}", ran.stderr);
        let expected: String = before.iter().map(|(name, _)| format!("Applied {name}.\n")).collect();
        assert_eq!(ran.stderr, format!("{expected}The schema is up to date.\n"));
        assert_eq!(status(&place, &url), before.iter().map(|(name, _)| (name.clone(), true)).collect::<Vec<_>>());
        assert_eq!(place.run(&["migrate", "run", "--database-url", &url]).stderr, "The schema is up to date.\n");
        let table = place.succeed(&["migrate", "status", "--database-url", &url]);
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[0], ["MIGRATION", "APPLIED"]);
        assert_eq!(rows[1], ["2026-11-24-000001_identity", "yes"]);
    }
}

#[test]
fn a_server_that_may_not_migrate_names_what_is_missing() {
    let place = Place::new();
    for url in databases(&place) {
        let arguments = [SERVE, &[&url, "--no-migrate"]].concat();
        let said = place.fail(&arguments);
        assert!(said.contains("lacks the migration 2026-11-24-000001_identity; run `orgd migrate run`"), "{said}");
        place.succeed(&["migrate", "run", "--database-url", &url]);
        let newest = "DELETE FROM __diesel_schema_migrations WHERE version = '20261124000005'; DROP TABLE copies";
        execute(&url, newest);
        assert!(place.fail(&arguments).contains("lacks the migration 2026-11-24-000005_copies;"));
        place.succeed(&["migrate", "run", "--database-url", &url]);
        let server = Server::start(&place, &url, &["--no-migrate"]);
        assert_eq!(server.get("none", "/organizations").0, 401);
    }
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let place = Place::new();
    for url in databases(&place) {
        place.succeed(&["migrate", "run", "--database-url", &url]);
        execute(&url, "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
        for arguments in [SERVE, &["migrate", "run", "--database-url"], &["migrate", "status", "--database-url"]] {
            let said = place.fail(&[arguments, &[&url]].concat());
            assert!(said.contains("database schema 29990101000000 is newer than this binary, which knows up to 2026"));
        }
        let said = place.fail(&["copy", "--from", &url, "--to", "sqlite://new.db"]);
        assert!(said.contains("is newer than this binary"), "{said}");
        assert!(!place.path("new.db").exists());
        assert_eq!(super::number(&url, "SELECT count(*) AS value FROM organizations"), 0);
    }
}

#[test]
fn the_file_of_a_running_server_is_not_migrated() {
    let place = Place::new();
    let url = place.filled("orgd.db");
    let _server = Server::start(&place, &url, &[]);
    let said = place.fail(&["migrate", "run", "--database-url", &url]);
    assert!(said.contains("another orgd serves "), "{said}");
    assert_eq!(json!(status(&place, &url).iter().all(|(_, applied)| *applied)), json!(true));
}
