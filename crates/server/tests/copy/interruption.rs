//! A copy that is killed in the middle goes on when it is run again, and nothing uses what is there until then.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::prelude::*;

use super::{Number, Place, execute, is_postgres, number};

/// Many times what is copied between two looks at the target.
const JOBS: i64 = 60_000;
/// A copy that has copied so many is as good as finished.
const MOST: i64 = JOBS * 9 / 10;
/// How often it is tried to find a copy in the middle, each time with a new target.
const ATTEMPTS: usize = 10;

/// Adds this many jobs to a SQLite database.
fn add_jobs(url: &str, jobs: i64) {
    execute(
        url,
        &format!(
            "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {jobs}) \
             INSERT INTO provisioner_jobs (id, organization_id, initiator_id, file_id, kind, provisioner, tag_set_id, status, \
             created_at, updated_at, input, metadata) SELECT randomblob(16), x'00000000000040008000000000000002', zeroblob(16), \
             zeroblob(16), 0, 0, 41, 0, i, i, '{{}}', '{{}}' FROM n"
        ),
    );
}

/// How many jobs a database has that may be in the making.
fn jobs_so_far(url: &str) -> i64 {
    let query = diesel::sql_query("SELECT count(*) AS value FROM provisioner_jobs");
    let count: QueryResult<Number> = match url.strip_prefix("sqlite://") {
        Some(path) if !std::path::Path::new(path).exists() => return 0,
        Some(path) => query.get_result(&mut SqliteConnection::establish(path).unwrap()),
        None => query.get_result(&mut PgConnection::establish(url).unwrap()),
    };
    count.map_or(0, |count| count.value)
}

/// Begins a copy and returns once it has copied some of the jobs; `None` when it is over by then.
fn begin(place: &Place, source: &str, target: &str, begun_with: i64) -> Option<Child> {
    let mut command = place.command(&["copy", "--from", source, "--to", target]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while jobs_so_far(target) <= begun_with {
        assert!(Instant::now() < until, "no moment to kill it");
        if let Some(ended) = child.try_wait().unwrap() {
            assert!(ended.success(), "the copy failed");
            return None;
        }
        sleep(Duration::from_millis(1));
    }
    Some(child)
}

/// Kills a copy once it has copied some of the jobs, and says how many; `None` when those are as good as all.
fn interrupt(place: &Place, source: &str, target: &str, begun_with: i64) -> Option<i64> {
    let mut child = begin(place, source, target, begun_with)?;
    child.kill().unwrap();
    child.wait().unwrap();
    let jobs = jobs_so_far(target);
    assert!(jobs > begun_with, "of {begun_with} jobs {jobs} are left");
    Some(jobs).filter(|jobs| *jobs < MOST)
}

/// Stops a copy once it has copied some of the jobs, but not for good; `None` when those are as good as all.
fn pause(place: &Place, source: &str, target: &str) -> Option<Child> {
    let mut child = begin(place, source, target, 0)?;
    signal(&child, "STOP");
    if jobs_so_far(target) < MOST {
        return Some(child);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

/// Tries it with new targets until one is met in the middle.
fn with_a_target<T>(place: &Place, try_it: impl Fn(&str) -> Option<T>) -> (String, T) {
    let found = (0..ATTEMPTS).find_map(|attempt| {
        let target = place.other(&format!("other-{attempt}.db"));
        let met = try_it(&target)?;
        Some((target, met))
    });
    found.unwrap()
}

/// That nothing uses an unfinished copy of `source.db`.
#[track_caller]
fn is_not_used(place: &Place, unfinished: &str, stranger: &str) {
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["token", "list"], &["export"]] {
        let said = place.fail(&[arguments, &["--database-url", unfinished]].concat());
        assert!(said.contains(" into this database is not finished; run the same `orgd copy` again"), "{said}");
        assert!(said.contains("source.db"), "{said}");
    }
    let said = place.fail(&["copy", "--from", unfinished, "--to", "sqlite://new.db"]);
    assert!(said.contains("is not finished"), "{said}");
    let said = place.fail(&["copy", "--from", stranger, "--to", unfinished]);
    assert!(said.contains(" holds an unfinished copy of ") && said.contains("source.db; finish that one"), "{said}");
}

#[test]
fn goes_on_after_a_kill_and_is_not_served_until_then() {
    let place = Place::new();
    let (source, stranger) = (place.filled("source.db"), place.filled("stranger.db"));
    add_jobs(&source, JOBS);
    let (other, (first, second)) = with_a_target(&place, |other| {
        let first = interrupt(&place, &source, other, 0)?;
        is_not_used(&place, other, &stranger);
        Some((first, interrupt(&place, &source, other, first)?))
    });
    let ran = place.run(&["copy", "--from", &source, "--to", &other]);
    assert!(ran.success, "{}", ran.stderr);
    // What was there was not copied again: a copy that begins anew would not find so many rows.
    let there = ran.stderr.lines().next().unwrap().split_once("Going on with an interrupted copy: ").unwrap().1;
    let there: i64 = there.split_once(" of ").unwrap().0.parse().unwrap();
    assert!(there > second && there < JOBS, "{there} after {first} and {second}");
    assert_eq!(number(&other, "SELECT count(*) AS value FROM copies"), 0);
    let count = "SELECT count(*) AS value FROM provisioner_jobs";
    assert_eq!(number(&other, count), number(&source, count));
    place.succeed(&["token", "list", "--database-url", &other]);
}

#[test]
fn a_source_that_changed_in_between_is_noticed() {
    let place = Place::new();
    let source = place.filled("source.db");
    add_jobs(&source, JOBS);
    let (other, _) = with_a_target(&place, |other| interrupt(&place, &source, other, 0));
    execute(&source, "UPDATE users SET name = 'Beatrice' WHERE username = 'bea' AND deleted_at IS NULL");
    let said = place.fail(&["copy", "--from", &source, "--to", &other]);
    assert!(
        said.contains("\n  users: 4 rows in both; the first difference is at id 00000000-0000-4000-8000-000000000011")
    );
    assert!(!said.contains("provisioner_jobs"), "{said}");
    let said = place.fail(&["serve", "--listen", "127.0.0.1:0", "--database-url", &other]);
    assert!(said.contains("is not finished"), "{said}");
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_second_copy_and_a_server_are_kept_out_while_one_runs() {
    let place = Place::new();
    let (source, stranger) = (place.filled("source.db"), place.filled("stranger.db"));
    add_jobs(&source, JOBS);
    let (other, mut running) = with_a_target(&place, |other| pause(&place, &source, other));
    let second = place.run(&["copy", "--from", &stranger, "--to", &other]);
    let server = place.run(&["serve", "--listen", "127.0.0.1:0", "--database-url", &other]);
    signal(&running, "CONT");
    let (second, server) = (second.stderr, server.stderr);
    if is_postgres(&other) {
        assert!(second.starts_with("orgd: another copy into ") && second.ends_with(" is running\n"), "{second}");
        assert!(server.contains("is not finished"), "{server}");
    } else {
        assert!(second.starts_with("orgd: a server or another copy uses "), "{second}");
        assert!(server.contains("another orgd serves "), "{server}");
    }
    assert!(running.wait().unwrap().success(), "the first copy was disturbed");
    let jobs = "SELECT count(*) AS value FROM provisioner_jobs";
    assert_eq!(number(&other, jobs), number(&source, jobs));
}
