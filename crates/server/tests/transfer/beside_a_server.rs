//! Importing and exporting while a server has the database open, and before its first start.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{CODER, Place, example, job, lines, plain};

/// A server that is stopped with the test.
struct Server {
    child: Child,
    url: String,
    token: String,
    announced: String,
    /// A server whose standard output is closed could not announce the rest.
    _out: BufReader<ChildStdout>,
}

impl Server {
    /// Starts on a database that has no users yet.
    fn start(place: &Place) -> Self {
        let mut command = place.command(&["serve", "--listen", "127.0.0.1:0", "--log", "error"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut announced = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        while !announced.contains("First call:") {
            assert_ne!(out.read_line(&mut announced).unwrap(), 0, "the server ended: {announced}");
        }
        let call = announced.lines().find(|line| line.starts_with("First call:")).unwrap().to_owned();
        let token = call.split_once("Coder-Session-Token: ").unwrap().1.split('\'').next().unwrap().to_owned();
        let url = call.rsplit(' ').next().unwrap().strip_suffix("/organizations").unwrap().to_owned();
        Self { child, url, token, announced, _out: out }
    }

    fn get(&self, path: &str) -> Value {
        let (address, base) = self.url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let (status, body) = plain::get(address, &format!("/{base}{path}"), Some(&self.token));
        assert_eq!(status, 200, "{path}");
        serde_json::from_str(&body).unwrap()
    }
}

/// What a command wrote is seen by a running server soon.
#[track_caller]
fn eventually(mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < until, "it is still not so");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_running_server_serves_what_was_imported() {
    let place = Place::new();
    let server = Server::start(&place);
    // The picture in memory is complete before the import, so that only a reload can show what it brings.
    assert_eq!(server.get("/organizations/default/provisionerjobs"), json!([]));
    place.succeed(&["import", "--into-default", &example("organizations.json"), &example("provisioner-jobs.json")]);
    eventually(|| server.get("/organizations").as_array().unwrap().len() == 2);
    let names: Vec<_> =
        server.get("/organizations").as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["coder", "research"]);
    eventually(|| server.get("/organizations/default/provisionerjobs").as_array().unwrap().len() == 3);
    let shown = server.get("/organizations/default/provisionerjobs/0198f5a0-7c1e-7d11-a3a4-1b0c4f1d2e3f");
    assert_eq!(shown["error_code"], "REQUIRED_TEMPLATE_VARIABLES");
    let pending = server.get("/organizations/default/provisionerjobs?status=pending");
    assert_eq!((&pending[0]["queue_position"], &pending[0]["queue_size"]), (&json!(1), &json!(1)));
    // What the server answers can be imported elsewhere, and is what an export says.
    let answered = server.get("/organizations/research/provisionerjobs");
    let exported = place.run(&["export", "--organization", "research"]).stdout;
    let mut exported: Vec<Value> = exported.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    exported.reverse();
    assert_eq!(Value::from(exported), answered);
}

#[test]
fn codes_that_the_contract_does_not_name_stay_in_the_database() {
    let place = Place::new();
    let server = Server::start(&place);
    let default = server.get("/organizations/default")["id"].clone();
    let code =
        json!({"error_code": "INSUFFICIENT_QUOTA", "error": "no", "status": "failed", "organization_id": default});
    place.file("in.ndjson", lines(&[job(1, code)]));
    place.succeed(&["import", "in.ndjson"]);
    eventually(|| server.get("/organizations/default/provisionerjobs") != json!([]));
    let answered = server.get("/organizations/default/provisionerjobs");
    assert_eq!((&answered[0]["error"], answered[0].get("error_code")), (&json!("no"), None));
    assert!(place.export().contains(r#""error_code":"INSUFFICIENT_QUOTA""#));
}

#[test]
fn a_first_start_after_an_import_keeps_the_default_organization() {
    let place = Place::new();
    place.succeed(&["import", &example("organizations.json"), &example("provisioner-jobs.json")]);
    let server = Server::start(&place);
    assert!(server.announced.contains("the organization \"coder\" and the user \"owner\""), "{}", server.announced);
    assert_eq!(server.get("/organizations/default")["id"], CODER);
}

#[test]
fn a_first_start_makes_a_default_organization_beside_one_of_its_name() {
    let place = Place::new();
    place.file("in.json", super::organization(json!({"name": "Coder"})).to_string());
    place.succeed(&["import", "in.json"]);
    let server = Server::start(&place);
    assert_eq!(server.get("/organizations/default")["name"], "coder-2");
    assert_eq!(server.get("/organizations/coder")["is_default"], false);
}
