//! The command itself: orgd keeps its own contract, nothing but the run's own organizations is touched, and the reports can be read.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use serde_json::Value;

use super::harness::{TestServer, without_settings};
use super::with_examples;

/// Runs the command against the server: its exit code, and what it printed and said.
fn conformance(server: &TestServer, arguments: &[&str]) -> (i32, String, String) {
    let url = format!("http://{}", server.address());
    let arguments = [&["conformance", "--url", &url], arguments].concat();
    let output = server.try_command(&arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_new_server_keeps_the_contract() {
    let server = TestServer::start();
    let (code, printed, said) = conformance(&server, &["--token", server.owner_token()]);
    assert_eq!((code, said.as_str()), (0, ""), "{printed}");
    assert!(printed.contains("reading only") && printed.contains("there is no job to look at"), "{printed}");
    assert!(!printed.contains('\x1b'), "colours in a file");
    let (code, printed, _) = conformance(&server, &["--token", server.owner_token(), "--write", "--try-default"]);
    assert_eq!(code, 0, "{printed}");
}

#[test]
fn nothing_is_touched_but_its_own_organizations() {
    let (server, other) = with_examples();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(file("token"), server.owner_token()).unwrap();
    std::fs::write(file("other"), &other).unwrap();
    let files = [
        "--token-file".to_owned(),
        file("token"),
        "--other-token-file".to_owned(),
        file("other"),
        "--junit".to_owned(),
        file("junit.xml"),
        "--json".to_owned(),
        file("report.json"),
    ];
    let before = server.command(&["export"]);
    let entries = || server.owner().get("/audit?limit=1000").expect(200)["audit_logs"].as_array().unwrap().clone();
    let noted = entries().len();
    let mut printed = String::new();
    for mode in [&[][..], &["--write", "--try-default", "--verbose"][..]] {
        let arguments = [&files.each_ref().map(String::as_str)[..], mode].concat();
        let (code, text, said) = conformance(&server, &arguments);
        assert_eq!((code, said.as_str()), (0, ""), "{text}");
        printed.push_str(&text);
        if mode.is_empty() {
            assert_eq!(entries().len(), noted, "reading leaves no trace in the audit log");
        }
    }
    assert_eq!(server.command(&["export"]), before);
    let new: Vec<Value> = entries().drain(..).rev().skip(noted).collect();
    assert!(new.len() > 50);
    let is_own = |name: &Value| name.as_str().unwrap().to_lowercase().contains("conformance");
    let organizations = new.iter().filter(|entry| entry["resource_type"] == "organization");
    let own: BTreeSet<&str> = organizations
        .filter(|entry| entry["status_code"] == 201 && is_own(&entry["resource_target"]))
        .map(|entry| entry["resource_id"].as_str().unwrap())
        .collect();
    assert!(own.len() > 20);
    for entry in &new {
        // What was refused changed nothing.
        let is_refused = entry["status_code"].as_u64().unwrap() >= 400;
        let is_inside = entry["organization_id"].as_str().is_some_and(|id| own.contains(id));
        assert!(is_inside || is_refused, "{entry}");
    }
    let junit = std::fs::read_to_string(file("junit.xml")).unwrap();
    let report = std::fs::read_to_string(file("report.json")).unwrap();
    for secret in [server.owner_token(), &other] {
        let half = secret.split_once('-').unwrap().1;
        assert!(![&printed, &junit, &report].iter().any(|text| text.contains(half)), "a token is shown");
    }
    let xml = roxmltree::Document::parse(&junit).unwrap();
    let cases = xml.descendants().filter(|node| node.has_tag_name("testcase")).count();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["results"].as_array().unwrap().len(), cases);
    assert_eq!(report["counts"]["fail"], 0);
    assert_eq!(report["kind"], "orgd");
    assert!(cases > 180);
}

#[test]
fn what_failed_is_in_every_report() {
    let (server, _) = with_examples();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let url = super::proxy::start(server.address(), Bell);
    let arguments =
        ["conformance", "--url", &url, "--token", server.owner_token(), "--operation", "getOrganizationByID"];
    let (junit, json) = (file("junit.xml"), file("report.json"));
    let arguments = [&arguments[..], &["--junit", &junit, "--json", &json]].concat();
    let output = server.try_command(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("FAIL getOrganizationByID/absent-organization") && !printed.contains('\x07'), "{printed}");
    let junit = std::fs::read_to_string(file("junit.xml")).unwrap();
    let xml = roxmltree::Document::parse(&junit).unwrap();
    let failure = xml.descendants().find(|node| node.has_tag_name("failure")).unwrap();
    assert!(failure.attribute("message").unwrap().contains("expected message"), "{junit}");
    assert!(failure.text().unwrap().contains("request   GET /api/v2/organizations/"), "{junit}");
    let report: Value = serde_json::from_str(&std::fs::read_to_string(file("report.json")).unwrap()).unwrap();
    let failed = report["results"].as_array().unwrap().iter().find(|one| one["verdict"] == "fail").unwrap();
    assert_eq!(failed["findings"][0]["aspect"], "value");
    assert_eq!(failed["exchanges"][0]["status"], 404);
}

/// Says what is not there with a bell and other things that no terminal and no XML should get.
struct Bell;

impl super::proxy::Change for Bell {
    fn answer(&self, _: &super::proxy::Request, response: &mut super::proxy::Response) {
        if response.status == 404 {
            response.set(404, &serde_json::json!({ "message": "\u{7}\u{1b}[31m]]> <b>\u{fffe}" }));
        }
    }
}

#[test]
fn what_cannot_be_run_says_why() {
    let server = TestServer::start();
    let (code, _, said) = conformance(&server, &["--token", "aaaaaaaaaa-bbbbbbbbbbbbbbbbbbbbbb"]);
    assert_eq!(code, 2);
    assert!(said.contains("does not take the session token: You are signed out") && !said.contains("bbbbbb"), "{said}");
    let (code, _, said) = conformance(&server, &["--token", server.owner_token(), "--operation", "getNothing"]);
    assert_eq!(code, 2);
    assert!(said.contains("no operation \"getNothing\""), "{said}");
    let (code, _, said) = conformance(&server, &[]);
    assert_eq!(code, 2);
    assert!(said.contains("ORGD_TOKEN"), "{said}");
    let output = server.try_command(&["conformance", "--url", "http://127.0.0.1:1", "--token", "x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("http://127.0.0.1:1 does not answer: "));
    let (code, printed, _) = conformance(&server, &["--list", "--operation", "getAPIRoot"]);
    assert_eq!((code, printed.as_str()), (0, "reads   getAPIRoot/answered  it answers anybody\n"));
}

/// Keeps the first answer that says that a job was queued until the test lets it go.
struct Holding {
    held: mpsc::Sender<()>,
    release: Mutex<mpsc::Receiver<()>>,
}

impl super::proxy::Change for Holding {
    fn answer(&self, request: &super::proxy::Request, response: &mut super::proxy::Response) {
        if request.is("POST", "/organizations/*/provisionerjobs") && response.status == 201 {
            // Once the other ends are gone, neither waits.
            let _ = self.held.send(());
            let _ = self.release.lock().unwrap().recv();
        }
    }
}

#[test]
fn an_interrupted_run_deletes_what_it_made() {
    let (server, _) = with_examples();
    let ((held, is_held), (release, released)) = (mpsc::channel(), mpsc::channel());
    let url = super::proxy::start(server.address(), Holding { held, release: Mutex::new(released) });
    let mut command = without_settings(Command::new(env!("CARGO_BIN_EXE_orgd")));
    command.args(["conformance", "--write", "--timeout", "120", "--url", &url]);
    command.env("ORGD_TOKEN", server.owner_token()).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    is_held.recv_timeout(Duration::from_secs(60)).expect("a job is queued");
    assert_eq!(server.sql_organizations().len(), 3);
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line.starts_with("Interrupted:")), "it was not interrupted");
    drop(release);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("interrupted after "));
    assert_eq!(server.sql_organizations(), ["coder", "research"].map(str::to_owned).into());
}
