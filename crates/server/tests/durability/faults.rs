//! Full, read-only and damaged disks: what a server says when it cannot start, and that it goes on when it runs.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::disk::{Disk, run};
use crate::harness::{BASE, Kind, TestServer, without_settings};
use crate::{create, create_one};

/// What `orgd serve` says when it refuses the database of this server, in one line that names the file.
#[track_caller]
fn refusal(server: &TestServer) -> String {
    let output = server.try_command(&["serve"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "it started: {said}");
    let said = said.lines().last().unwrap_or_default().to_owned();
    assert!(said.contains(server.database().to_str().unwrap()), "the file is not named: {said}");
    said
}

/// A database with some organizations, that no server has; all of it is in the file.
fn finished() -> Option<TestServer> {
    let mut server = TestServer::start();
    if server.kind() == Kind::Postgres {
        return None;
    }
    let owner = server.owner();
    (0..30).for_each(|number| drop(owner.create(&format!("o{number}"))));
    server.kill();
    server.sql().run("PRAGMA wal_checkpoint(TRUNCATE)");
    Some(server)
}

#[test]
fn a_full_disk_refuses_writes_serves_reads_and_heals_by_itself() {
    let Some(disk) = Disk::new() else { return };
    let mut server = TestServer::with(&[("ORGD_DATABASE_URL", &disk.database_url())]);
    let owner = server.owner();
    assert_eq!(create(&owner, "before").status, 201);
    let ballast = disk.mount_point().join("ballast");
    let mut file = std::fs::File::create(&ballast).unwrap();
    while std::io::Write::write_all(&mut file, &[1; 4096]).is_ok() {}
    drop(file);
    // What was set aside in the log may still take some.
    let (mut acknowledged, mut refused) = (vec!["before".to_owned()], Vec::new());
    for number in 0..5000 {
        let name = format!("full-{number}");
        let answer = create(&owner, &name);
        match answer.status {
            201 => acknowledged.push(name),
            503 => {
                assert!(answer.header("retry-after").is_some(), "503 says when to come back");
                assert!(!answer.text().contains("sqlite"), "{}", answer.text());
                refused.push(name);
            }
            status => panic!("a write on a full disk is answered with {status}: {}", answer.text()),
        }
        if refused.len() == 5 {
            break;
        }
    }
    assert_eq!(refused.len(), 5, "the disk is full and writes go on");
    assert_eq!(owner.get("/organizations/before").status, 200, "reads go on");
    std::fs::remove_file(&ballast).unwrap();
    acknowledged.push(create_one(&owner, "after"));
    let present = server.sql_organizations();
    let lost: Vec<_> = acknowledged.iter().filter(|name| !present.contains(*name)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(refused.iter().all(|name| !present.contains(name)), "refused and there");
    assert_eq!(server.sql().integrity(), "ok");
    server.kill();
}

#[test]
fn what_is_no_database_of_orgd_is_refused_by_name_and_left_alone() {
    let Some(server) = finished() else { return };
    let path = server.database();
    let good = std::fs::read(&path).unwrap();
    let cases = [vec![b'x'; 50_000], good[..good.len() / 2].to_vec(), good[..50].to_vec()];
    for bytes in cases {
        std::fs::write(&path, &bytes).unwrap();
        let said = refusal(&server);
        assert!(said.contains("restore a backup"), "nothing says what to do: {said}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "it was changed");
    }
    std::fs::remove_file(&path).unwrap();
    server.sql().run("PRAGMA application_id = 7; CREATE TABLE mine (x)");
    assert!(refusal(&server).contains("another program"));
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    refusal(&server);
}

/// A page in the middle is noise: the server starts and only what is on it is an error, or it refuses and says why.
#[test]
fn a_damaged_page_is_never_a_crash() {
    let Some(mut server) = finished() else { return };
    let path = server.database();
    let good = std::fs::read(&path).unwrap();
    let pages = good.len() / 4096;
    for page in (1..pages).step_by(pages / 6) {
        std::fs::write(&path, &good).unwrap();
        for ending in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(beside(&path, ending));
        }
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.write_all_at(&[0xa5; 4096], (page * 4096) as u64).unwrap();
        drop(file);
        let doctor = server.try_command(&["doctor", "--thorough"]);
        assert!(doctor.status.code() != Some(0), "page {page}: the doctor finds nothing");
        if starts(&path) {
            // Also looks for a panic in its log.
            server.restart();
            for path in ["/organizations", "/audit?limit=500", "/users", "/organizations/o1/provisionerjobs"] {
                let asked = server.owner().request_at("GET", &format!("{BASE}{path}")).try_send().unwrap();
                assert!([200, 401, 500, 503].contains(&asked.status), "page {page}: {path}: {}", asked.status);
            }
            server.kill();
        } else {
            let said = refusal(&server);
            assert!(said.contains("damaged"), "page {page}: {said}");
        }
    }
}

/// The file with this ending beside a database.
fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

/// A server that was killed with its newest changes in the log, and the names of the organizations that are in the file and in the log.
fn cut_short(prefix: &str) -> Option<(TestServer, [Vec<String>; 2])> {
    let mut server = TestServer::start();
    if server.kind() == Kind::Postgres {
        return None;
    }
    let create = |server: &TestServer, stage: &str| {
        let owner = server.owner();
        let names: Vec<_> = (0..20).map(|number| format!("{prefix}-{stage}-{number}")).collect();
        names.iter().for_each(|name| drop(owner.create(name)));
        names
    };
    let old = create(&server, "old");
    server.kill();
    server.sql().run("PRAGMA wal_checkpoint(TRUNCATE)");
    server.restart();
    let new = create(&server, "new");
    server.kill();
    assert!(std::fs::metadata(beside(&server.database(), "-wal")).unwrap().len() > 0, "nothing is in the log");
    Some((server, [old, new]))
}

#[test]
fn without_its_log_a_file_has_what_is_in_it_and_can_be_used() {
    let Some((mut server, [old, new])) = cut_short("mine") else { return };
    let path = server.database();
    std::fs::remove_file(beside(&path, "-wal")).unwrap();
    let _ = std::fs::remove_file(beside(&path, "-shm"));
    server.restart();
    let present = server.sql_organizations();
    assert!(old.iter().all(|name| present.contains(name)), "{present:?}");
    assert!(new.iter().all(|name| !present.contains(name)), "{present:?}");
    assert_eq!(create(&server.owner(), "after").status, 201);
    server.kill();
    assert_eq!(server.sql().integrity(), "ok");
}

/// Its pages take the place of the file's own, and SQLite cannot tell: what comes of it may be damaged, and says so, or is a database.
#[test]
fn the_log_of_another_database_is_never_a_crash() {
    let Some((mut server, _)) = cut_short("mine") else { return };
    let Some((other, _)) = cut_short("other") else { return };
    let path = server.database();
    std::fs::copy(beside(&other.database(), "-wal"), beside(&path, "-wal")).unwrap();
    let _ = std::fs::remove_file(beside(&path, "-shm"));
    let doctor = server.try_command(&["doctor", "--thorough"]);
    let finds_nothing = doctor.status.code() == Some(0);
    if starts(&path) {
        server.restart();
        for path in ["/organizations", "/audit?limit=500", "/users"] {
            let asked = server.owner().request_at("GET", &format!("{BASE}{path}")).try_send().unwrap();
            // The token may be the other's.
            let is_right = [200, 401].contains(&asked.status);
            assert!(is_right || !finds_nothing && [500, 503].contains(&asked.status), "{path}: {}", asked.status);
        }
        server.kill();
    } else {
        let said = refusal(&server);
        assert!(said.contains("damaged") && !finds_nothing, "{said}");
    }
}

/// Whether a server comes to serve this file, or ends before that.
fn starts(path: &Path) -> bool {
    let url = format!("sqlite://{}", path.display());
    let mut serve = without_settings(Command::new(env!("CARGO_BIN_EXE_orgd")));
    serve.args(["serve", "--database-url", &url, "--listen", "127.0.0.1:0", "--log-format", "json"]);
    let mut child = serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let serves = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok).any(|line| {
        let line: Value = serde_json::from_str(&line).unwrap_or_default();
        line["message"] == "serving"
    });
    let _ = child.kill();
    let _ = child.wait();
    serves
}

#[test]
fn a_file_that_cannot_be_written_is_refused_with_what_to_do() {
    let Some(disk) = Disk::new() else { return };
    let mut server = TestServer::with(&[("ORGD_DATABASE_URL", &disk.database_url())]);
    server.kill();
    server.sql().run("PRAGMA wal_checkpoint(TRUNCATE)");
    run(Command::new("mount").args(["-o", "remount,ro"]).arg(disk.mount_point())).unwrap();
    let output = server.try_command(&["serve"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("mount it read-write"), "{said}");
    let doctor = server.try_command(&["doctor"]);
    assert!(doctor.status.code() != Some(0));
}
