//! `orgd jobs`, and what is said about mistakes.

use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use super::harness::TestServer;
use super::process::{WorkerProcess, orgd};
use super::{JOBS, key, queue, reaches};

/// Runs a command with the owner's session token.
fn run(server: &TestServer, arguments: &[&str]) -> Output {
    orgd(server, arguments).env("ORGD_TOKEN", server.owner_token()).output().unwrap()
}

/// What a command printed that must succeed.
#[track_caller]
fn printed(server: &TestServer, arguments: &[&str]) -> String {
    let output = run(server, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Why a command failed.
#[track_caller]
fn refused(command: &mut std::process::Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap().trim_end().to_owned()
}

#[test]
fn jobs_are_listed_the_oldest_first() {
    let server = TestServer::start();
    let none = run(&server, &["jobs", "list"]);
    assert!(none.status.success() && none.stdout.is_empty());
    assert_eq!(String::from_utf8(none.stderr).unwrap(), "No provisioner jobs found\n");
    assert_eq!(printed(&server, &["jobs", "list", "--output", "json"]), "[]\n");

    let owner = server.owner();
    let metadata = json!({"template_display_name": "Evil \u{1b}[31m\u{9b}1m"});
    let body = json!({"type": "template_version_import", "tags": {"gpu": "yes"}, "metadata": metadata});
    let first = owner.post(JOBS, body).expect(201);
    let second = owner.post(JOBS, json!({"type": "workspace_build"})).expect(201);
    let text = |job: &Value, key: &str| job[key].as_str().unwrap().to_owned();

    let table = printed(&server, &["jobs", "list"]);
    let lines: Vec<&str> = table.lines().collect();
    let words = |line: &str| {
        line.split("  ").map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(words(lines[0]), ["CREATED AT", "ID", "TYPE", "TEMPLATE DISPLAY NAME", "STATUS", "QUEUE", "TAGS"]);
    let evil = "Evil \u{fffd}[31m\u{fffd}1m".to_owned();
    assert_eq!(
        words(lines[1]),
        [
            text(&first, "created_at"),
            text(&first, "id"),
            "template_version_import".into(),
            evil,
            "pending".into(),
            "1/1".into(),
            "map[gpu:yes owner: scope:organization]".into(),
        ]
    );
    assert_eq!(words(lines[2])[1], text(&second, "id"));
    assert_eq!(lines.len(), 3);

    let json = printed(&server, &["jobs", "list", "--output", "json"]);
    assert!(!json.contains('\u{1b}') && !json.contains('\u{9b}'));
    let listed: Value = serde_json::from_str(&json).unwrap();
    let mut expected = owner.get(JOBS).expect(200);
    expected.as_array_mut().unwrap().reverse();
    for job in expected.as_array_mut().unwrap() {
        job["organization_name"] = json!("Coder");
    }
    assert_eq!(listed, expected);
}

#[test]
fn lists_are_filtered_by_the_server() {
    let server = TestServer::start();
    let ids = [queue(&server), queue(&server), queue(&server)];
    let listed = |flags: &[&str]| -> Vec<String> {
        let json = printed(&server, &[&["jobs", "list", "--output", "json"], flags].concat());
        let jobs: Vec<Value> = serde_json::from_str(&json).unwrap();
        jobs.iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed(&[]), ids);
    assert_eq!(listed(&["--limit", "2"]), ids[1..]);
    assert_eq!(listed(&["--limit", "0"]), ids);
    printed(&server, &["jobs", "cancel", &ids[0]]);
    assert_eq!(listed(&["--status", "canceled"]), ids[..1]);
    assert_eq!(listed(&["--status", "canceled,pending", "--status", "failed"]), ids);
    let initiator = super::job(&server, &ids[0])["initiator_id"].as_str().unwrap().to_owned();
    assert_eq!(listed(&["--initiator", &initiator]), ids);
    assert!(listed(&["--initiator", &ids[0]]).is_empty());
    assert!(listed(&["--organization", "CODER"]).len() == 3);
    let why = refused(orgd(&server, &["jobs", "list", "--status", "lost"]).env("ORGD_TOKEN", server.owner_token()));
    assert!(why.starts_with("orgd: ") && why.contains("(status 400)") && why.contains("; status: "), "{why}");
}

#[test]
fn a_list_can_be_watched() {
    let server = TestServer::start();
    let mut command = orgd(&server, &["jobs", "list", "--watch"]);
    let mut watching =
        command.env("ORGD_TOKEN", server.owner_token()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let id = queue(&server);
    assert!(lines.any(|line| line.unwrap().contains(&id)));
    let later = queue(&server);
    let line = lines.map(Result::unwrap).find(|line| line.contains(&later)).unwrap();
    assert!(!line.contains('\u{1b}'), "it is no terminal");
    watching.kill().unwrap();
    watching.wait().unwrap();
}

#[test]
fn a_job_is_canceled_once() {
    let server = TestServer::start();
    let id = queue(&server);
    let done = run(&server, &["jobs", "cancel", &id]);
    assert!(done.status.success() && done.stdout.is_empty());
    assert_eq!(String::from_utf8(done.stderr).unwrap(), "Job has been marked as canceled...\n");
    assert_eq!(super::job(&server, &id)["status"], "canceled");
    let again = refused(orgd(&server, &["jobs", "cancel", &id]).env("ORGD_TOKEN", server.owner_token()));
    let told = format!("orgd: job {id} of organization \"default\": Job has already completed! (status 409)");
    assert_eq!(again, told);
}

#[test]
fn a_log_is_printed_and_followed() {
    let server = TestServer::start();
    let worker = WorkerProcess::start(
        &server,
        &key(&server),
        &[],
        "printf 'a\\033[31mb\\n'; echo bad >&2; until [ -e go ]; do sleep 0.05; done; echo last",
    );
    let id = queue(&server);
    let mut command = orgd(&server, &["jobs", "logs", &id, "--follow"]);
    command.env("ORGD_TOKEN", server.owner_token());
    let mut following = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines().map(Result::unwrap);
    let without_time = |line: String| line.split_once(' ').unwrap().1.to_owned();
    let mut first: Vec<String> = lines.by_ref().take(2).map(without_time).collect();
    first.sort();
    assert_eq!(first, ["info  a\u{fffd}[31mb", "warn  bad"]);
    std::fs::write(worker.file("go"), "").unwrap();
    assert_eq!(lines.map(without_time).collect::<Vec<_>>(), ["info  last"]);
    let ended = following.wait_with_output().unwrap();
    assert!(ended.status.success());
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "The job succeeded.\n");

    reaches(&server, &id, "succeeded");
    let whole = printed(&server, &["jobs", "logs", &id]);
    assert_eq!(whole.lines().count(), 3);
    assert_eq!(printed(&server, &["jobs", "logs", "-f", &id]), whole);
}

#[test]
fn mistakes_are_named() {
    let server = TestServer::start();
    let id = "0198f5a0-9d30-7b52-8c11-5a6b7c8d9e0f";
    let why = refused(&mut orgd(&server, &["jobs", "list"]));
    assert_eq!(why, "orgd: no secret to show the server: give --token-file, or set ORGD_TOKEN");
    let why = refused(&mut orgd(&server, &["provisioner", "start", "--", "true"]));
    let ways = "give --key-file or --token-file, or set ORGD_PROVISIONER_KEY or ORGD_TOKEN";
    assert_eq!(why, format!("orgd: no secret to show the server: {ways}"));
    let why = refused(orgd(&server, &["jobs", "logs", id]).env("ORGD_TOKEN", "abcdefghij-abcdefghijklmnopqrstuv"));
    assert!(why.starts_with("orgd: ") && why.contains("(status 401)") && !why.contains("abcdefghij"), "{why}");
    let why = refused(orgd(&server, &["jobs", "logs", id]).env("ORGD_TOKEN", server.owner_token()));
    assert!(why.contains("(status 404)"), "{why}");
    // A small container has no certificates, and without TLS needs none.
    let mut bare = orgd(&server, &["jobs", "logs", id]);
    bare.env("ORGD_TOKEN", server.owner_token()).env("SSL_CERT_FILE", "/nowhere").env("SSL_CERT_DIR", "/nowhere");
    assert!(refused(&mut bare).contains("(status 404)"));
    let mut nowhere = orgd(&server, &["jobs", "list", "--url", "http://127.0.0.1:1"]);
    let why = refused(nowhere.env("ORGD_TOKEN", "t"));
    assert!(why.contains("127.0.0.1:1") && why.contains("refused"), "{why}");
    for (arguments, why) in [
        (vec!["provisioner", "start", "--poll", "61s", "--", "true"], "poll: must be 1 s to 60 s"),
        (vec!["provisioner", "start", "--tag", "gpu", "--", "true"], "must be a key, an equals sign and a value"),
        (vec!["provisioner", "start"], "required"),
        (vec!["jobs", "cancel", "7"], "invalid value '7'"),
    ] {
        let said = refused(orgd(&server, &arguments).env("ORGD_TOKEN", server.owner_token()));
        assert!(said.contains(why), "{said}");
    }
}
