//! Databases that released versions have written, opened by this one. They are in `tests/upgrade/`, with what the release answered
//! from them; `record.py` there writes the next.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Kind, TestServer, open_sql, without_settings};

/// The folder of each release, oldest first.
fn releases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade");
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut releases: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    releases.sort();
    assert!(!releases.is_empty());
    releases
}

fn name(release: &Path) -> &str {
    release.file_name().unwrap().to_str().unwrap()
}

/// Every version whose contract is kept has a database.
#[test]
fn each_released_version_has_a_database() {
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/released");
    for entry in contracts.read_dir().unwrap() {
        let version = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        let found = releases().iter().any(|release| name(release) == version);
        assert!(found, "tests/upgrade has nothing of {version}; record.py writes it");
    }
}

/// A server on the database of a release, and what that release answered from it.
fn upgraded(release: &Path) -> (TestServer, Value) {
    let mut server = TestServer::start();
    server.kill();
    let file = match server.kind() {
        Kind::Sqlite => {
            let database = release.join("sqlite.db");
            server.command(&["restore", database.to_str().unwrap(), "--force"]);
            "sqlite.json"
        }
        Kind::Postgres => {
            let dump = std::fs::read_to_string(release.join("postgres.sql")).unwrap();
            let mut sql = server.sql();
            sql.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
            // A dump sets the search path of its session to nothing.
            sql.run(&dump);
            "postgres.json"
        }
    };
    server.restart();
    let told = std::fs::read_to_string(release.join(file)).unwrap();
    (server, serde_json::from_str(&told).unwrap())
}

/// Without what changes by asking and by waiting: when somebody was seen last, and which workers are alive.
fn without_what_passes(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.remove("last_seen_at");
            fields.remove("available_workers");
            fields.values_mut().for_each(|field| *field = without_what_passes(field.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without_what_passes(item.take())),
        _ => {}
    }
    value
}

#[test]
fn what_a_release_has_written_is_answered_as_that_release_did() {
    for release in releases() {
        let (server, told) = upgraded(&release);
        let owner = server.client(&server.token_of("owner", &[]));
        for (path, before) in told["read"].as_object().unwrap() {
            let mut now = owner.get(path).expect(200);
            if path.starts_with("/audit") {
                // The token of this test is its newest entry.
                now["audit_logs"].as_array_mut().unwrap().remove(0);
                now["count"] = json!(now["count"].as_u64().unwrap() - 1);
            }
            assert_eq!(without_what_passes(now), without_what_passes(before.clone()), "{}: {path}", name(&release));
        }
        for (job, before) in told["logs"].as_object().unwrap() {
            let path = format!("/organizations/acme/provisionerjobs/{job}/logs");
            assert_eq!(owner.get(&path).expect(200), *before, "{}: {path}", name(&release));
        }
        for (job, status) in told["statuses"].as_object().unwrap() {
            let found = owner.get(&format!("/organizations/acme/provisionerjobs/{job}")).expect(200);
            assert_eq!(found["status"], *status, "{}: {job}", name(&release));
        }
        // Its day comes for every token, also for those in this repository.
        let expires = told["read"]["/users/ana/keys/tokens"][0]["expires_at"].as_str().unwrap();
        let is_valid = chrono::Utc::now() < expires.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        let ana = server.client(told["tokens"]["ana"].as_str().unwrap());
        assert_eq!(ana.get("/users/me").status, if is_valid { 200 } else { 401 });
        let password = json!({"email": "cleo@example.com", "password": "cleo-knows-it"});
        server.anonymous().post("/users/login", password).expect(201);
    }
}

/// The work goes on: the worker ends the job that it held, takes the next, and everything new is recorded.
#[test]
fn work_goes_on_after_an_upgrade() {
    for release in releases() {
        let (mut server, told) = upgraded(&release);
        let owner = server.client(&server.token_of("owner", &[]));
        let farm = server.key_holder(told["provisioner_key"].as_str().unwrap());
        let statuses = told["statuses"].as_object().unwrap();
        let (running, _) = statuses.iter().find(|(_, status)| *status == "running").unwrap();
        let worker = format!("/organizations/acme/provisionerdaemons/{}", told["worker"].as_str().unwrap());
        farm.post(&format!("{worker}/jobs/{running}/complete"), json!({"attempt": 1}));
        let path = format!("/organizations/acme/provisionerjobs/{running}");
        assert_eq!(owner.get(&path).expect(200)["status"], "succeeded", "{}", name(&release));
        let next = farm.post(&format!("{worker}/acquire"), json!({"wait_seconds": 0})).expect(200);
        assert_eq!(next["job"]["job"]["status"], "running", "{}", name(&release));
        let entries =
            |owner: &crate::harness::Client| owner.get("/audit?limit=1").expect(200)["count"].as_u64().unwrap();
        let before = entries(&owner);
        owner.create("after-the-upgrade");
        assert_eq!(entries(&owner), before + 1, "{}", name(&release));
        server.restart();
        owner.of(&server).get("/organizations/after-the-upgrade").expect(200);
        if server.kind() == Kind::Sqlite {
            assert_eq!(server.sql().integrity(), "ok");
        }
    }
}

/// Each migration is a transaction: killed wherever it may be, the next run finds whole steps and does the rest.
#[test]
fn a_migration_that_is_killed_is_done_by_the_next() {
    let server = TestServer::start();
    if server.kind() == Kind::Postgres {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut killed = 0;
    for release in releases() {
        for attempt in 0..12 {
            let file = folder.path().join(format!("{}-{attempt}.db", name(&release)));
            std::fs::copy(release.join("sqlite.db"), &file).unwrap();
            let url = format!("sqlite://{}", file.display());
            let mut run = without_settings(Command::new(env!("CARGO_BIN_EXE_orgd")));
            run.args(["migrate", "run", "--database-url", &url]).stdout(Stdio::null()).stderr(Stdio::piped());
            let mut migration = run.spawn().unwrap();
            std::thread::sleep(Duration::from_millis(attempt * 4));
            killed += u32::from(migration.kill().is_ok() && !migration.wait().unwrap().success());
            let next = run.output().unwrap();
            let said = String::from_utf8_lossy(&next.stderr);
            assert!(
                next.status.success(),
                "killed after {} ms, the next one ends with {}: {said}",
                attempt * 4,
                next.status
            );
            let mut sql = open_sql(&url);
            assert_eq!(sql.integrity(), "ok");
            assert_eq!(sql.number("SELECT count(*) AS value FROM pragma_foreign_key_check"), 0);
            let organizations =
                sql.words("SELECT group_concat(name, ' ') AS value FROM organizations WHERE deleted_at IS NULL");
            assert!(organizations.contains("acme") && organizations.contains("apex"), "{organizations}");
        }
    }
    assert!(killed > 0, "every migration was over before it could be killed");
}
