//! What is refused: each with its file, its line, the key and the rule, and nothing left behind.

use serde_json::json;

use super::{CODER, Place, job, lines, organization};

/// A database with the organization "acme" and its job 1.
fn acme() -> Place {
    let place = Place::new();
    place.file("acme.ndjson", lines(&[organization(json!({"is_default": true})), job(1, json!({}))]));
    place.succeed(&["import", "acme.ndjson"]);
    place
}

#[test]
fn every_fault_is_told_at_once() {
    let place = acme();
    place.file(
        "jobs.ndjson",
        lines(&[
            job(2, json!({})),
            job(3, json!({"status": "running"})),
            job(4, json!({"created_at": "2026-13-01T00:00:00Z"})),
            job(1, json!({})),
            job(2, json!({})),
            job(5, json!({"organization_id": CODER})),
            job(6, json!({"organization_id": CODER})),
            job(7, json!({"error": "a\u{0}b", "status": "failed", "tags": {"a\u{0}": ""}, "metadata": {"workspace_name": "\u{0}"}})),
            json!({"a": 1}),
            job(8, json!({"tags": {"a": "x".repeat(2041)}})),
        ]),
    );
    let faults = place.faults(&["import", "jobs.ndjson"]);
    let expected = [
        r#"line 2: "status" is "running", but started_at, canceled_at, completed_at and error say "pending""#,
        r#"line 3 column "#,
        r#"line 4: "id" is taken: a provisioner job 00000000-0000-4000-9000-000000000001 exists already, here or earlier"#,
        r#"line 5: "id" is taken: a provisioner job 00000000-0000-4000-9000-000000000002 exists already, here or earlier"#,
        r#"line 8: "error" must not contain the NUL character"#,
        r#"line 8: "metadata.workspace_name" must not contain the NUL character"#,
        r#"line 8: "tags" must not contain the NUL character"#,
        r#"line 9: is neither an organization nor a provisioner job: it has the keys "a""#,
        r#"line 10: "tags" must be at most 2048 bytes as JSON"#,
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(&format!("jobs.ndjson {expected}")), "{fault}");
    }
    assert!(faults[1].ends_with(
        "\"created_at\" is not valid: \"2026-13-01T00:00:00Z\" is not a date and time like 2026-01-02T03:04:05Z (RFC 3339)"
    ));
}

#[test]
fn an_organization_that_is_nowhere_is_told_once() {
    let place = acme();
    place.file("a.ndjson", lines(&[job(2, json!({})), job(3, json!({"organization_id": CODER}))]));
    place.file("b.ndjson", lines(&[job(4, json!({"organization_id": CODER}))]));
    let missing = r#""organization_id" names an organization that is neither in the database nor in the files"#;
    assert_eq!(
        place.faults(&["import", "a.ndjson", "b.ndjson"]),
        [format!("a.ndjson line 2: {missing}: {CODER}, and 1 more job has it")]
    );
    // When the organization itself is at fault, that is all there is to say.
    place.file("c.ndjson", lines(&[organization(json!({"id": CODER, "name": "ACME"}))]));
    assert_eq!(
        place.faults(&["import", "a.ndjson", "c.ndjson"]),
        [
            r#"c.ndjson line 1: "name" is taken: "ACME" is the name of the organization 00000000-0000-4000-8000-000000000001"#
        ]
    );
}

#[test]
fn organizations_keep_the_rules_of_those_that_are_created() {
    let place = acme();
    let id = "00000000-0000-4000-8000-00000000000";
    place.file(
        "o.json",
        serde_json::to_string_pretty(&[
            organization(json!({"id": format!("{id}2"), "name": "a b", "display_name": " x"})),
            organization(json!({"id": format!("{id}3"), "name": "default"})),
            organization(json!({"id": format!("{id}4"), "name": "new"})),
            organization(json!({"id": format!("{id}5"), "name": "x", "icon": "\u{0}"})),
            organization(json!({"id": "00000000-0000-0000-0000-000000000000", "name": "y"})),
            organization(json!({"name": "z"})),
        ])
        .unwrap(),
    );
    let faults = place.faults(&["import", "o.json"]);
    let expected = [
        r#"line 2 column 3: "name" must be 1 to 32 letters and digits in groups joined by single hyphens"#,
        r#"line 2 column 3: "display_name" must be at most 64 bytes on one line"#,
        r#"line 12 column 3: "name" must not be "default", which is reserved"#,
        r#"line 22 column 3: "name" must not be "new" or "create", which are reserved"#,
        r#"line 32 column 3: "icon" must not contain the NUL character"#,
        r#"line 42 column 3: "id" must not be the nil UUID"#,
        r#"line 52 column 3: "id" is taken: an organization 00000000-0000-4000-8000-000000000001 exists already"#,
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(&format!("o.json {expected}")), "{fault}");
    }
}

#[test]
fn the_ids_of_deleted_organizations_stay_taken() {
    let place = acme();
    place.file("b.json", organization(json!({"id": CODER, "name": "b"})).to_string());
    place.succeed(&["import", "b.json"]);
    let mut conn = place.open();
    diesel::connection::SimpleConnection::batch_execute(
        &mut conn,
        "UPDATE organizations SET deleted_at = created_at WHERE name = 'b'",
    )
    .unwrap();
    drop(conn);
    let faults = place.faults(&["import", "b.json"]);
    assert!(faults[0].contains("exists already, or did before it was deleted"), "{faults:?}");
    place.file("j.json", job(2, json!({"organization_id": CODER})).to_string());
    let faults = place.faults(&["import", "j.json"]);
    assert_eq!(faults, [format!("j.json line 1: \"organization_id\" is that of a deleted organization, {CODER}")]);
    assert_eq!(place.export().lines().count(), 2, "a deleted organization was exported");
}

#[test]
fn faults_are_capped() {
    let place = acme();
    place.file(
        "jobs.ndjson",
        lines(&(2..100).map(|number| job(number, json!({"status": "failed"}))).collect::<Vec<_>>()),
    );
    let faults = place.faults(&["import", "jobs.ndjson"]);
    assert_eq!(faults.len(), 21);
    assert!(faults[19].starts_with("jobs.ndjson line 20: "));
    assert_eq!(faults[20], "The rest was not looked at: 20 faults are shown at a time.");
}

#[test]
fn what_is_not_json_ends_its_file_and_not_the_others() {
    let place = acme();
    place.file("html", "<!DOCTYPE html>");
    place.file("cut.json", format!("[{},\n{}", job(2, json!({})), &job(3, json!({})).to_string()[..40]));
    place
        .file("lines.ndjson", format!("{}\n{{\"id\":}}\n{}\n", job(4, json!({})), job(5, json!({"status": "failed"}))));
    place.file("last.ndjson", lines(&[job(2, json!({"type": "x"}))]));
    let faults = place.faults(&["import", "html", "cut.json", "lines.ndjson", "last.ndjson"]);
    let expected = [
        r#"html line 1: expected an object or an array of objects, found "<""#,
        "cut.json line 2: the file ends inside this object; is it cut off?",
        "lines.ndjson line 2 column 7: expected value",
        "last.ndjson line 1 column ",
    ];
    assert_eq!(faults.len(), 4, "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault}");
    }
}

#[test]
fn hostile_input_is_refused_quickly() {
    let place = acme();
    let long = format!("{{\"error\":\"{}\"}}", "x".repeat(100 << 20));
    let said = place.fail_with_input(&["import", "-"], long.as_bytes());
    assert!(said.ends_with("standard input line 1: the object is longer than 16 MiB"), "{said}");
    let deep = format!("{{\"error\":{}", "[".repeat(5 << 20));
    let said = place.fail_with_input(&["import", "-"], deep.as_bytes());
    assert!(said.ends_with("standard input line 1: the file ends inside this object; is it cut off?"), "{said}");
    let said = place.fail_with_input(&["import", "-"], b"\x1f\x8b\x08\x00");
    assert!(said.contains("compressed with gzip"), "{said}");
    let said = place.fail_with_input(&["import", "-"], b"{\"id\":\"\xff\"}");
    assert!(said.ends_with("standard input line 1 column 8: invalid UTF-8"), "{said}");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let place = acme();
    let said = place.fail(&["import", "acme.ndjson", "nowhere.json"]);
    assert!(said.starts_with("orgd: cannot read nowhere.json: "), "{said}");
    assert_eq!(place.fail(&["import", "."]), "orgd: cannot read .: it is a folder; name the files in it");
    assert_eq!(place.fail(&["import", "-", "-"]), "orgd: standard input can be read once, but - is given twice");
    assert!(place.fail(&["import"]).contains("<FILE>..."));
}

#[test]
fn the_same_file_twice_changes_nothing() {
    let place = acme();
    let exported = place.export();
    assert_eq!(place.faults(&["import", "acme.ndjson"]).len(), 2);
    assert_eq!(place.export(), exported);
}
