//! What works, and that what comes out is what went in.

use serde_json::{Value, json};

use super::{CODER, Place, RESEARCH, example, job, lines, organization};

fn objects(ndjson: &str) -> Vec<Value> {
    ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_examples_come_back_as_they_were() {
    let place = Place::new();
    let files = [example("organizations.json"), example("provisioner-jobs.json")];
    let said = place.succeed(&["import", "--into-default", &files[0], &files[1]]);
    assert_eq!(said, "Imported 2 organizations and 6 provisioner jobs.\n");
    let read = |file: &String| serde_json::from_str::<Vec<Value>>(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut expected = read(&files[0]);
    let mut jobs = read(&files[1]);
    let rank = |job: &Value| (job["organization_id"] != CODER, job["created_at"].as_str().unwrap().to_owned());
    jobs.sort_by_key(rank);
    for job in &mut jobs {
        (job["queue_position"], job["queue_size"]) = (json!(0), json!(0));
    }
    expected.extend(jobs);
    assert_eq!(objects(&place.export()), expected);
}

#[test]
fn the_examples_cover_every_status_and_type() {
    let jobs: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(example("provisioner-jobs.json")).unwrap()).unwrap();
    for status in ["pending", "running", "succeeded", "canceling", "canceled", "failed"] {
        assert!(jobs.iter().any(|job| job["status"] == status), "{status}");
    }
    for kind in ["template_version_import", "workspace_build", "template_version_dry_run"] {
        assert!(jobs.iter().any(|job| job["type"] == kind), "{kind}");
    }
    let shown = jobs.iter().find(|job| job["id"] == "0198f5a0-7c1e-7d11-a3a4-1b0c4f1d2e3f").unwrap();
    assert_eq!(shown["organization_id"], CODER, "the job of Swagger UI's example belongs to the default organization");
}

#[test]
fn an_export_of_an_export_is_the_same_bytes() {
    let first = Place::new();
    first.file(
        "in.ndjson",
        lines(&[
            organization(json!({"is_default": true, "description": "<b> & \u{2028} \"\\ ä"})),
            organization(json!({"id": RESEARCH, "name": "b", "created_at": "2025-01-01T00:00:00.5Z"})),
            job(3, json!({"created_at": "2026-01-02T03:04:05.000001Z", "error_code": "INSUFFICIENT_QUOTA"})),
            // Of the same microsecond: by id.
            job(2, json!({"tags": {"z": "1", "a": ""}})),
            job(1, json!({"tags": {}, "organization_id": RESEARCH})),
            job(
                4,
                json!({"status": "failed", "error": "</script>", "input": {"error": "decode"}, "logs_overflowed": true,
                          "started_at": "0000-01-01T00:00:00Z", "worker_name": "w"}),
            ),
        ]),
    );
    first.succeed(&["import", "in.ndjson"]);
    let exported = first.export();
    let ids: Vec<_> = objects(&exported).iter().map(|object| object["id"].as_str().unwrap()[30..].to_owned()).collect();
    assert_eq!(ids, ["5ea4de6", "0000001", "0000001", "0000002", "0000004", "0000003"].map(|id| id[1..].to_owned()));
    assert!(exported.contains(r#""error_code":"INSUFFICIENT_QUOTA""#));
    let second = Place::new();
    second.file("out.ndjson", &exported);
    assert_eq!(second.succeed(&["import", "out.ndjson"]), "Imported 2 organizations and 4 provisioner jobs.\n");
    assert_eq!(second.export(), exported);
}

#[test]
fn every_form_of_json_is_the_same() {
    let all = [organization(json!({})), job(1, json!({})), job(2, json!({}))];
    let forms = [
        lines(&all),
        Value::from(all.to_vec()).to_string(),
        serde_json::to_string_pretty(&all).unwrap(),
        all.iter().map(|object| serde_json::to_string_pretty(object).unwrap()).collect(),
        format!("\u{feff}[{}]\r\n[{},{}]", all[0], all[1], all[2]),
    ];
    let mut exports = forms.map(|text| {
        let place = Place::new();
        let ran = place.run_with_input(&["import", "-"], text.as_bytes());
        assert!(ran.success, "{}", ran.stderr);
        // Nothing draws a bar where there is no terminal, and nothing but results goes to standard output.
        assert_eq!(ran.stderr, "Imported 1 organization and 2 provisioner jobs.\n");
        assert_eq!(ran.stdout, "");
        place.export()
    });
    exports.sort();
    assert_eq!(exports.first(), exports.last());
}

#[test]
fn jobs_may_come_before_their_organization_and_from_another_source() {
    let place = Place::new();
    place.file("2.json", organization(json!({"is_default": true})).to_string());
    let ran =
        place.run_with_input(&["import", "-", "2.json"], lines(&[job(1, json!({})), job(2, json!({}))]).as_bytes());
    assert!(ran.success, "{}", ran.stderr);
    assert_eq!(place.row_counts(), [1, 2, 1]);
    // And into a database that has the organization already.
    place.file("more.json", job(3, json!({"tags": {"a": "b"}})).to_string());
    assert_eq!(place.succeed(&["import", "more.json"]), "Imported 0 organizations and 1 provisioner job.\n");
    assert_eq!(place.row_counts(), [1, 3, 2]);
}

#[test]
fn a_second_default_organization_is_a_normal_one_or_stands_for_the_first() {
    let default = |changes: Value| organization(super::merged(json!({"is_default": true}), changes));
    let there = Place::new();
    there.file("one.json", default(json!({"id": CODER, "name": "coder"})).to_string());
    there.succeed(&["import", "one.json"]);

    there.file("two.json", lines(&[job(1, json!({})), default(json!({"name": "other"})), job(2, json!({}))]));
    let said = there.succeed(&["import", "two.json"]);
    assert!(said.starts_with("Note: \"other\" is the default organization of another server."), "{said}");
    let exported = objects(&there.export());
    assert_eq!(exported.iter().filter(|object| object["is_default"] == true).count(), 1);
    assert_eq!(exported.iter().filter(|object| object["organization_id"] == CODER).count(), 0);

    let merging = Place::new();
    merging.file("one.json", default(json!({"id": CODER, "name": "coder"})).to_string());
    merging.succeed(&["import", "one.json"]);
    merging.file("two.json", lines(&[job(1, json!({})), default(json!({"name": "Coder"})), job(2, json!({}))]));
    let faults = merging.faults(&["import", "two.json"]);
    assert_eq!(faults.len(), 1);
    assert_eq!(
        faults[0],
        format!(
            "two.json line 2: \"name\" is taken: \"Coder\" is the name of the organization {CODER}; with --into-default \
             the jobs of this file's default organization go to \"coder\", the one here"
        )
    );
    let said = merging.succeed(&["import", "--into-default", "two.json"]);
    assert_eq!(said, "Imported 0 organizations and 2 provisioner jobs.\n");
    let owners: Vec<_> = objects(&merging.export())[1..].iter().map(|job| job["organization_id"].clone()).collect();
    assert_eq!(owners, [CODER, CODER], "whether they come before or after their organization");
}

#[test]
fn keys_of_newer_servers_are_named_once() {
    let place = Place::new();
    place.file(
        "in.ndjson",
        lines(&[
            organization(json!({"shareable": true})),
            job(1, json!({"metadata": {"x": 1}, "organization_name": "Acme", "available_workers": [CODER]})),
            job(2, json!({"metadata": {"x": 2}})),
        ]),
    );
    assert_eq!(
        place.succeed(&["import", "in.ndjson"]),
        "Warning: the key \"metadata.x\" is not part of the documented shape and was left out, 2 times.\n\
         Warning: the key \"shareable\" is not part of the documented shape and was left out, once.\n\
         Imported 1 organization and 2 provisioner jobs.\n"
    );
}

#[test]
fn an_export_can_be_one_organization_and_a_file() {
    let place = Place::new();
    place.succeed(&["import", &example("organizations.json"), &example("provisioner-jobs.json")]);
    for (name, id) in [("Research", RESEARCH), (RESEARCH, RESEARCH), ("default", CODER), ("coder", CODER)] {
        let said = place.succeed(&["export", "--organization", name, "--output", "out.ndjson"]);
        assert_eq!(said, "Exported 1 organization and 3 provisioner jobs.\n");
        let exported = objects(&std::fs::read_to_string(place.path("out.ndjson")).unwrap());
        assert_eq!(exported[0]["id"], id);
        assert!(exported[1..].iter().all(|job| job["organization_id"] == id));
        assert!(!place.path("out.ndjson.partial").exists());
    }
    let before = std::fs::read(place.path("out.ndjson")).unwrap();
    let said = place.fail(&["export", "--organization", "nobody", "--output", "out.ndjson"]);
    assert_eq!(said, "orgd: there is no organization \"nobody\"");
    assert_eq!(std::fs::read(place.path("out.ndjson")).unwrap(), before, "a failed export replaced the file");
    assert!(!place.path("out.ndjson.partial").exists());
    assert!(place.fail(&["export", "--output", "no/such/folder"]).starts_with("orgd: cannot write no/such/folder: "));
}

#[test]
fn an_import_makes_the_database_and_an_export_does_not() {
    let place = Place::new();
    let ran = place.run(&["export"]);
    let said = if place.is_sqlite() {
        "orgd: there is no database at orgd.db; "
    } else {
        "orgd: there are no tables of orgd in "
    };
    assert!(!ran.success && ran.stderr.starts_with(said), "{}", ran.stderr);
    assert!(!place.path("orgd.db").exists());
    place.file("empty.ndjson", "");
    assert_eq!(place.succeed(&["import", "empty.ndjson"]), "Imported 0 organizations and 0 provisioner jobs.\n");
    assert_eq!(place.export(), "");
}
