//! What commands print of text that somebody wrote to drive the terminal of whoever lists it.

use std::process::Command;

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Job, TestServer, without_settings};

/// Clears the screen, sets the title, draws in red, goes back over the line, turns the direction of writing, ends the line.
const EVIL: &str = "evil\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\r\u{8}\u{7f}\u{202e}\u{2028}\nnext";

/// A command against the server's database, or the server itself.
fn run(server: &TestServer, arguments: &[&str]) -> (String, String) {
    let mut command = without_settings(Command::new(env!("CARGO_BIN_EXE_orgd")));
    command.env("ORGD_DATABASE_URL", server.database_url()).args(arguments);
    command.env("ORGD_URL", format!("http://{}", server.address())).env("ORGD_TOKEN", server.owner_token());
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "orgd {arguments:?}: {stderr}");
    (stdout, stderr)
}

#[track_caller]
fn cannot_drive(what: &[&str], text: &str) {
    let obeyed = |character: char| character.is_control() || ('\u{2028}'..='\u{202e}').contains(&character);
    let found = text.chars().find(|character| *character != '\n' && obeyed(*character));
    assert_eq!(found, None, "orgd {what:?} printed {text:?}");
}

#[test]
fn no_list_drives_the_terminal() {
    let server = TestServer::start();
    let owner = server.owner();
    let coder: Uuid = owner.get("/organizations/coder").expect(200)["id"].as_str().unwrap().parse().unwrap();
    server.user("ana", &[], &[("coder", &[])]);
    server.token_of("ana", &["--name", "laptop"]);
    // Where the API refuses such text, an older version or another program may have let it in.
    let literal = format!("'{EVIL}'");
    server.change(|sql| {
        sql.run(&format!(
            "UPDATE organizations SET display_name = {literal}, description = {literal} WHERE name = 'coder'"
        ));
        sql.run(&format!("UPDATE users SET name = {literal}, email = {literal} WHERE username = 'ana'"));
        sql.run(&format!("UPDATE api_keys SET token_name = {literal} WHERE token_name = 'laptop'"));
        let metadata = json!({"template_display_name": EVIL, "template_name": EVIL}).to_string();
        sql.job(&Job { metadata, ..Job::pending(coder, 1) });
    });
    let jobs = "/organizations/coder/provisionerjobs";
    let metadata = json!({"template_display_name": EVIL, "workspace_name": EVIL});
    let body = json!({"type": "workspace_build", "tags": {"evil": EVIL}, "metadata": metadata});
    let agent = "agent\u{9b}31m";
    owner.request("POST", jobs).header("User-Agent", agent).json(&body).send().expect(201);

    let job = with_a_log(&server);
    let lists: [&[&str]; 8] = [
        &["org", "list"],
        &["org", "show", "coder"],
        &["user", "list"],
        &["member", "list", "coder"],
        &["token", "list"],
        &["audit"],
        &["jobs", "list"],
        &["migrate", "status"],
    ];
    let mut met = 0;
    for list in lists {
        for format in ["table", "json"] {
            let arguments = [list, &["--output", format]].concat();
            let (stdout, stderr) = run(&server, &arguments);
            cannot_drive(&arguments, &stdout);
            cannot_drive(&arguments, &stderr);
            met += usize::from(stdout.contains("evil"));
        }
    }
    assert!(met >= 10, "{met} of the lists show the text");
    let (log, _) = run(&server, &["jobs", "logs", &job]);
    assert!(log.contains("evil"), "{log}");
    cannot_drive(&["jobs", "logs"], &log);
}

/// A job whose worker says it in its log.
fn with_a_log(server: &TestServer) -> String {
    let owner = server.owner();
    let workers = "/organizations/coder/provisionerdaemons";
    let worker =
        owner.post(workers, json!({"name": "w", "provisioners": ["echo"], "tags": {"log": "yes"}})).expect(201);
    let body = json!({"type": "template_version_import", "provisioner": "echo", "tags": {"log": "yes"}});
    let job = owner.post("/organizations/coder/provisionerjobs", body).expect(201);
    let (worker, job) = (worker["id"].as_str().unwrap(), job["id"].as_str().unwrap().to_owned());
    let taken = owner.post(&format!("{workers}/{worker}/acquire"), json!({"wait_seconds": 0})).expect(200);
    assert_eq!(taken["job"]["job"]["id"], job.as_str());
    let lines =
        json!({"attempt": 1, "logs": [{"output": EVIL, "stage": EVIL, "level": "info", "source": "provisioner"}]});
    owner.post(&format!("{workers}/{worker}/jobs/{job}/progress"), lines).expect(200);
    job
}
