//! `orgd org` and `orgd member` beside a running server, and what is made of the command line for shells and readers.

use serde_json::{Value, json};

use crate::harness::TestServer;

#[track_caller]
fn refused(server: &TestServer, arguments: &[&str]) -> String {
    let output = server.try_command(arguments);
    assert!(!output.status.success(), "orgd {arguments:?} succeeded");
    String::from_utf8(output.stderr).unwrap()
}

fn json_of(server: &TestServer, arguments: &[&str]) -> Value {
    serde_json::from_str(&server.command(&[arguments, &["--output", "json"]].concat())).unwrap()
}

#[test]
fn organizations_are_managed_and_the_server_sees_it_at_once() {
    let server = TestServer::start();
    let owner = server.owner();
    server.command(&["org", "create", "acme", "--display-name", "Acme", "--icon", "/a.png", "--member", "OWNER"]);
    let acme = owner.get("/organizations/acme").expect(200);
    assert_eq!((&acme["display_name"], &acme["icon"]), (&json!("Acme"), &json!("/a.png")));
    assert_eq!(owner.get("/organizations/acme/members").expect(200)[0]["username"], "owner");
    server.command(&["org", "create", "empty"]);
    assert_eq!(owner.get("/organizations/empty/members").expect(200), json!([]));

    assert_eq!(json_of(&server, &["org", "list"]), owner.get("/organizations").expect(200));
    assert_eq!(json_of(&server, &["org", "show", "ACME"]), json!([acme]));
    let table = server.command(&["org", "list"]);
    let first: Vec<_> = table.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(first, ["NAME", "acme", "coder", "empty"]);

    server.command(&["org", "update", "acme", "--name", "apex", "--icon", "", "--description", "x"]);
    let apex = owner.get("/organizations/apex").expect(200);
    assert_eq!((&apex["id"], &apex["icon"], &apex["description"]), (&acme["id"], &json!(""), &json!("x")));
    assert_eq!(apex["display_name"], "Acme");
    server.command(&["org", "delete", apex["id"].as_str().unwrap()]);
    assert_eq!(owner.get("/organizations/apex").status, 404);
}

#[test]
fn refusals_say_why_and_change_nothing() {
    let server = TestServer::start();
    server.owner().create("acme");
    server.user("one", &[], &[("acme", &[])]);
    let before = server.owner().get("/organizations").expect(200);
    for (arguments, why) in [
        (&["org", "create", "ACME"][..], "an organization named \"ACME\" already"),
        (&["org", "create", "not valid"], "name must be 1 to 32 letters and digits"),
        (&["org", "create", "default"], "\"default\" is reserved"),
        (&["org", "create", "new-one", "--member", "nobody"], "no user \"nobody\""),
        (&["org", "update", "acme"], "name what to change"),
        (&["org", "update", "acme", "--name", "Coder"], "an organization named \"Coder\" already"),
        (&["org", "update", "acme", "--display-name", " x"], "display_name must be at most 64 bytes"),
        (&["org", "show", "nowhere"], "no organization \"nowhere\""),
        (&["org", "delete", "default"], "the default organization cannot be deleted"),
        (&["org", "delete", "acme"], "This organization has 1 member that must be deleted first."),
        (&["member", "list", "nowhere"], "no organization \"nowhere\""),
        (&["member", "add", "acme", "one"], "one is a member of acme already"),
        (&["member", "add", "acme", "nobody"], "no user \"nobody\""),
        (&["member", "remove", "coder", "one"], "one is no member of coder"),
        (&["member", "edit-roles", "coder", "one"], "one is no member of coder"),
        (&["member", "edit-roles", "acme", "one", "emperor"], "the role \"emperor\" must be one of organization-admin"),
    ] {
        let said = refused(&server, arguments);
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
    assert_eq!(server.owner().get("/organizations").expect(200), before);
}

#[test]
fn members_are_managed_and_the_server_sees_it_at_once() {
    let server = TestServer::start();
    server.owner().create("acme");
    let ana = server.client(&server.user("ana", &[], &[]));
    let update = || ana.patch("/organizations/acme", json!({})).status;
    assert_eq!(update(), 404);
    server.command(&["member", "add", "acme", "ANA"]);
    assert_eq!(update(), 403);
    server.command(&["member", "edit-roles", "Acme", "ana", "organization-admin", "organization-auditor"]);
    assert_eq!(update(), 200);
    let listed = json_of(&server, &["member", "list", "acme"]);
    assert_eq!(listed, server.owner().get("/organizations/acme/members").expect(200));
    let table = server.command(&["member", "list", "acme"]);
    assert!(table.contains("organization-admin, organization-auditor"), "{table}");
    server.command(&["member", "edit-roles", "acme", "ana"]);
    assert_eq!(update(), 403);
    server.command(&["member", "remove", "acme", "ana"]);
    assert_eq!(update(), 404);
}

#[test]
fn shells_and_readers_get_all_commands() {
    let server = TestServer::start();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = server.command(&["completions", shell]);
        assert!(script.contains("edit-roles"), "{shell}");
    }
    assert!(server.command(&["man"]).contains(".TH orgd 1"));
    assert!(server.command(&["man", "member", "add"]).contains("orgd\\-member\\-add"));
    let folder = tempfile::tempdir().unwrap();
    server.command(&["man", "--folder", folder.path().to_str().unwrap()]);
    for page in ["orgd.1", "orgd-serve.1", "orgd-org-create.1", "orgd-member-edit-roles.1", "orgd-man.1"] {
        assert!(folder.path().join(page).is_file(), "{page}");
    }
    assert!(refused(&server, &["man", "nothing"]).contains("there is no command \"nothing\""));
}

#[test]
fn the_document_is_printed_in_every_form_that_is_published() {
    let server = TestServer::start();
    for (address, version, format) in [
        ("/openapi.json", "3.1", "json"),
        ("/openapi.yaml", "3.1", "yaml"),
        ("/openapi-3.0.json", "3.0", "json"),
        ("/openapi-3.0.yaml", "3.0", "yaml"),
    ] {
        let printed = server.command(&["openapi", "--version", version, "--format", format]);
        let published = server.anonymous().request_at("GET", address).send();
        assert_eq!(published.status, 200, "{address}");
        if format == "json" {
            // Compact there, with lines here.
            let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            assert_eq!(read(published.text()), read(&printed), "{address}");
        } else {
            assert_eq!(published.text().trim_end(), printed, "{address}");
        }
        assert!(printed.contains(if version == "3.1" { "3.1.0" } else { "3.0.3" }), "{address}");
    }
    assert_eq!(server.command(&["openapi"]), server.command(&["openapi", "--version", "3.1", "--format", "json"]));
    assert!(refused(&server, &["openapi", "--version", "2.0"]).contains("the versions are 3.1 and 3.0"));
    assert!(refused(&server, &["openapi", "--format", "xml"]).contains("the formats are json and yaml"));
}
