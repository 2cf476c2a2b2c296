//! How an ephemeral server starts and ends, and that nothing is left of it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::double::{Double, orgd, refused, wait_until};

/// The folder of a server's database, found by what the process has open.
fn folder(double: &Double) -> PathBuf {
    let files = std::fs::read_dir(format!("/proc/{}/fd", double.child.id())).unwrap().flatten();
    let open = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    let database = open.into_iter().find(|path| path.ends_with("orgd.db")).unwrap();
    database.parent().unwrap().to_owned()
}

fn signal(double: &Double, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(double.child.id()).unwrap()), signal).unwrap();
}

#[test]
fn the_line_is_all_that_is_needed_to_begin() {
    let double = Double::bare(&[]);
    assert_eq!(double.get("/users/me")["username"], double.ready["user"]);
    assert_eq!(double.ready["state"], "default");
    assert_eq!(double.ready["pid"], double.child.id());
    assert!(double.ready.get("control_url").is_none(), "control routes are off unless asked for");
    let names: Vec<Value> =
        double.get("/organizations").as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["coder", "empty-handed", "platform-team", "research"]);
}

#[test]
fn the_ready_file_says_the_same_and_is_there_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ready.json");
    let double = Double::bare(&["--ready-file", file.to_str().unwrap()]);
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(written, double.ready);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left beside it");
}

#[test]
fn nothing_is_left_after_a_signal() {
    for by in [Signal::SIGTERM, Signal::SIGINT] {
        let mut double = Double::bare(&[]);
        let folder = folder(&double);
        assert!(folder.is_dir());
        signal(&double, by);
        assert!(double.child.wait().unwrap().success(), "{by}");
        assert!(!folder.exists(), "{by}");
    }
}

#[test]
fn what_a_killed_server_leaves_the_next_one_removes_and_no_other() {
    let living = Double::bare(&[]);
    let mut killed = Double::bare(&[]);
    let (left, kept) = (folder(&killed), folder(&living));
    killed.child.kill().unwrap();
    killed.child.wait().unwrap();
    // The servers of other tests may remove it, too, as they start.
    let _next = Double::bare(&[]);
    wait_until(|| !left.exists());
    assert!(kept.is_dir());
    assert_eq!(living.get("/organizations").as_array().unwrap().len(), 4);
}

#[test]
fn ends_with_its_standard_input_when_asked_to() {
    let mut double = Double::bare(&["--exit-with-stdin"]);
    let folder = folder(&double);
    double.get("/organizations");
    drop(double.stdin.take());
    wait_until(|| double.child.try_wait().unwrap().is_some());
    assert!(!folder.exists());
}

#[test]
fn two_servers_know_nothing_of_each_other() {
    let (one, other) = (Double::bare(&[]), Double::bare(&[]));
    one.make("only-here");
    assert_eq!(one.get("/organizations/only-here")["name"], "only-here");
    assert_eq!(other.call("GET", "/organizations/only-here", None).status, 404);
    assert_ne!(one.url(), other.url());
}

#[test]
fn what_does_not_go_together_is_refused_in_words() {
    let database = refused(&["serve", "--ephemeral", "--database-url", "sqlite://x.db"]);
    assert!(database.contains("an ephemeral server has a database of its own"), "{database}");
    let other = orgd(&["serve", "--ephemeral"])
        .env("ORGD_DATABASE_URL", "postgres://x@y/z")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!other.status.success());
    for flags in [&["--seed", "default"][..], &["--clock", "frozen"], &["--control", "127.0.0.1:0"]] {
        let alone = refused(&[&["serve"], flags].concat());
        assert!(alone.contains("--ephemeral"), "{alone}");
    }
    let open = refused(&["serve", "--ephemeral", "--control", "0.0.0.0:0"]);
    assert!(open.contains("loopback interface only"), "{open}");
    let clock = refused(&["serve", "--ephemeral", "--clock", "noon"]);
    assert!(clock.contains("it takes system, frozen, or a time"), "{clock}");
}

#[test]
fn a_fixture_that_is_at_fault_stops_the_start_and_every_fault_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.yaml");
    std::fs::write(
        &file,
        "version: 1\ntokens:\n  - {user: nobody, token: short}\nmembers:\n  - {organization: x, user: y}\n",
    )
    .unwrap();
    let told = refused(&["serve", "--ephemeral", "--seed", file.to_str().unwrap()]);
    for place in
        ["bad.yaml", "tokens[0].user", "tokens[0].token", "members[0].organization", "members[0].user", "4 faults"]
    {
        assert!(told.contains(place), "{place} is not in {told}");
    }
    assert!(refused(&["serve", "--ephemeral", "--seed", "nowhere.yaml"]).contains("nowhere.yaml"));
}

#[test]
fn an_own_fixture_is_what_the_server_has() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.yaml");
    let mine = "
version: 1
organizations:
  - {id: 0198f5a0-0001-7000-8000-0000000000aa, name: mine, created_at: 2026-01-01T00:00:00Z, is_default: true}
users:
  - {id: 0198f5a0-0002-7000-8000-0000000000aa, username: ana, roles: [owner], password: open-sesame-1, created_at: 2026-01-01T00:00:00Z}
tokens:
  - {user: ana, token: mytoken012-mytokenmytokenmytoken0}
jobs:
  - {id: 0198f5a0-0005-7000-8000-0000000000aa, organization: mine, initiator: ana, type: workspace_build, status: failed, error: broke, created_at: 2026-01-01T00:00:00Z, logs: [{output: one}, {output: two, level: error}]}
";
    std::fs::write(&file, mine).unwrap();
    let double = Double::bare(&["--seed", file.to_str().unwrap()]);
    assert_eq!(double.token(), "mytoken012-mytokenmytokenmytoken0");
    let job = double.get("/organizations/mine/provisionerjobs/0198f5a0-0005-7000-8000-0000000000aa");
    assert_eq!((&job["status"], &job["error"]), (&json!("failed"), &json!("broke")));
    let logs = double.get("/organizations/mine/provisionerjobs/0198f5a0-0005-7000-8000-0000000000aa/logs");
    assert_eq!(logs[1]["output"], "two");
    let login = json!({"email": "ana@example.com", "password": "open-sesame-1"});
    let session = double.call("POST", "/users/login", Some(login)).expect(201);
    assert!(session["session_token"].is_string());
    assert!(Path::new(&file).exists(), "the file is only read");
}

#[test]
fn what_cannot_be_read_is_told_once_and_with_its_file() {
    for (arguments, place) in [
        (&["serve", "--ephemeral", "--seed", "no-such-file.yaml"][..], "cannot read no-such-file.yaml: "),
        (&["serve", "--config", "no-such-file.toml"], "cannot read the configuration file no-such-file.toml: "),
    ] {
        let said = refused(arguments);
        assert!(said.contains(place) && said.matches("os error 2").count() == 1, "{said}");
    }
}

#[test]
fn a_command_that_finds_nothing_says_what_it_looked_for() {
    let double = Double::bare(&[]);
    let said = |arguments: &[&str]| {
        let command = &mut orgd(arguments);
        let output = command.env("ORGD_URL", double.url()).env("ORGD_TOKEN", double.token()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let list = said(&["jobs", "list", "--organization", "nope"]);
    assert!(list.starts_with("orgd: jobs of organization \"nope\": Resource not found"), "{list}");
    let id = "0198f5a0-0005-7000-8000-0000000000ff";
    for command in ["cancel", "logs"] {
        let job = said(&["jobs", command, id]);
        assert!(job.starts_with(&format!("orgd: job {id} of organization \"default\": ")), "{job}");
        assert!(said(&["jobs", command, "foo"]).contains("a job is named by its ID, a UUID"), "{command}");
    }
}
