//! What is refused before anything is copied, and in which words.

use std::time::{Duration, Instant};

use super::server::Server;
use super::{Place, execute, is_postgres, number};

fn copy(place: &Place, from: &str, to: &str) -> String {
    place.fail(&["copy", "--from", from, "--to", to])
}

#[test]
fn a_target_with_rows_is_refused_and_left_alone() {
    let place = Place::new();
    let (source, other) = (place.filled("source.db"), place.other("other.db"));
    place.succeed(&["migrate", "run", "--database-url", &other]);
    place.succeed(&["user", "create", "zoe", "--database-url", &other]);
    let said = copy(&place, &source, &other);
    assert!(said.ends_with(" is not empty: users has 1 row; copy into a new database"), "{said}");
    assert_eq!(number(&other, "SELECT count(*) AS value FROM organizations"), 0);
    assert_eq!(number(&other, "SELECT count(*) AS value FROM copies"), 0);
}

#[test]
fn a_finished_copy_is_not_repeated() {
    let place = Place::new();
    let (source, other) = (place.filled("source.db"), place.other("other.db"));
    place.copy(&source, &other);
    let said = copy(&place, &source, &other);
    assert!(said.contains(" is not empty: organizations has 4 rows;"), "{said}");
}

#[test]
fn urls_that_name_nothing_to_copy_are_refused() {
    let place = Place::new();
    let source = place.filled("source.db");
    let said = copy(&place, "mysql://ana:secret@db/x", &source);
    assert!(
        said.starts_with(
            "orgd: --from has a value which starts neither with sqlite:// nor with postgres://; it takes "
        )
    );
    assert!(!said.contains("secret"), "{said}");
    let said = copy(&place, &source, "sqlite://");
    assert!(said.starts_with("orgd: --to has a value which names no file; it takes "), "{said}");
    let said = copy(&place, "sqlite://missing.db", "sqlite://new.db");
    assert_eq!(said, "orgd: there is no database at missing.db");
    assert!(!place.path("new.db").exists() && !place.path("missing.db").exists());
    // The same file by another name.
    let said = copy(&place, &source, "sqlite://./source.db");
    assert_eq!(said, format!("orgd: --from and --to name the same database, {source}"));
    std::fs::write(place.path("text"), "not a database, but long enough to have a header of one").unwrap();
    assert!(copy(&place, "sqlite://text", "sqlite://new.db").contains("cannot open text: "));
    assert!(!place.path("new.db").exists());
}

#[test]
fn one_database_is_not_copied_into_itself() {
    let place = Place::new();
    let other = place.other("other.db");
    place.succeed(&["migrate", "run", "--database-url", &other]);
    assert!(copy(&place, &other, &other).starts_with("orgd: --from and --to name the same database, "));
}

/// Waits until a server has the connection by which others know of it. It may serve before that.
#[track_caller]
fn is_known(url: &str) {
    let followers = "SELECT count(*) AS value FROM pg_stat_activity WHERE datname = current_database() AND \
                     application_name = 'orgd follow'";
    let until = Instant::now() + Duration::from_secs(30);
    while number(url, followers) == 0 {
        assert!(Instant::now() < until, "the server follows nothing");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_database_with_a_server_is_refused_at_either_end() {
    let place = Place::new();
    let (source, other) = (place.filled("source.db"), place.other("other.db"));
    place.copy(&source, &other);
    let server = Server::start(&place, &other, &[]);
    if is_postgres(&other) {
        is_known(&other);
    }
    for said in [copy(&place, &other, "sqlite://new.db"), copy(&place, &source, &other)] {
        assert!(said.starts_with("orgd: a server or another copy uses ") && said.contains("; stop it first"), "{said}");
    }
    assert!(!place.path("new.db").exists());
    // To compare, nothing has to be stopped.
    place.succeed(&["copy", "--from", &source, "--to", &other, "--verify-only"]);
    drop(server);
}

#[test]
fn a_source_with_an_older_schema_is_refused() {
    let place = Place::new();
    let source = place.filled("source.db");
    execute(&source, "DELETE FROM __diesel_schema_migrations WHERE version = '20261124000005'; DROP TABLE copies");
    let said = copy(&place, &source, "sqlite://new.db");
    assert!(said.contains("lacks the migration 2026-11-24-000005_copies; run `orgd migrate run`"), "{said}");
}
