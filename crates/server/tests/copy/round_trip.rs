//! Everything arrives, on whichever database, and goes on working there.

use std::collections::BTreeMap;

use serde_json::json;

use super::server::Server;
use super::{Place, example, execute, is_postgres, number, open, words};

const TABLES: &[&str] = &[
    "organizations",
    "users",
    "api_keys",
    "organization_members",
    "tag_sets",
    "provisioner_keys",
    "provisioner_daemons",
    "provisioner_jobs",
    "provisioner_job_logs",
    "audit_logs",
];

/// All columns of all rows of a SQLite database, as SQLite writes them down.
fn contents(url: &str) -> BTreeMap<&'static str, String> {
    let rows_of = |table: &&'static str| {
        let columns = words(
            url,
            &format!(
                "SELECT group_concat('quote(' || name || ')', '||''|''||') AS value FROM pragma_table_info('{table}')"
            ),
        );
        let rows = format!("SELECT {columns} AS row FROM {table} ORDER BY 1");
        (*table, words(url, &format!("SELECT coalesce(group_concat(row, char(10)), '') AS value FROM ({rows})")))
    };
    TABLES.iter().map(rows_of).collect()
}

#[test]
fn every_column_of_every_row_goes_there_and_back() {
    let place = Place::new();
    let (source, other, back) = (place.filled("source.db"), place.other("other.db"), place.sqlite("back.db"));
    let there = place.copy(&source, &other);
    assert_eq!(place.copy(&other, &back), there);
    let contents_before = contents(&source);
    assert_eq!(contents(&back), contents_before);
    for (table, row) in TABLES.iter().zip(there.as_array().unwrap()) {
        assert_eq!(row["table"], json!(table));
        // A line feed inside a text is written down as such, so lines are counted by the database.
        assert_eq!(row["rows"], json!(number(&source, &format!("SELECT count(*) AS value FROM {table}"))), "{table}");
        assert!(row["rows"].as_u64().unwrap() > 0, "{table} is empty and proves nothing");
        assert_eq!(row["checksum"].as_str().unwrap().len(), 64);
    }
    let export = |url: &str| place.succeed(&["export", "--database-url", url]);
    assert_eq!(export(&source), export(&other));
    assert_eq!(export(&source), export(&back));
}

#[test]
fn tokens_and_numbers_go_on_where_they_were() {
    let place = Place::new();
    let (source, other) = (place.filled("source.db"), place.other("other.db"));
    execute(&source, "UPDATE users SET roles = '[\"owner\"]' WHERE username = 'ana'");
    let token = place.succeed(&["token", "create", "--user", "ana", "--database-url", &source]);
    place.copy(&source, &other);
    let server = Server::start(&place, &other, &[]);
    let (status, body) = server.get(token.trim(), "/organizations");
    assert_eq!((status, body.as_array().unwrap().len()), (200, 3), "{body}");
    assert_eq!(server.get("aaaaaaaaaa-0123456789012345678901", "/organizations").0, 401);
    // New rows get numbers after those that were copied.
    let organization = body[0]["id"].clone();
    let file = place.path("more.ndjson");
    let job = json!({
        "id": "00000000-0000-4000-9000-000000000001", "created_at": "2026-01-02T03:04:05Z", "status": "pending",
        "file_id": "8a0cfb4f-ddc9-436d-91bb-75133c583767", "tags": {"new": "yes"}, "organization_id": organization,
        "input": {}, "type": "workspace_build", "metadata": {},
    });
    std::fs::write(&file, job.to_string()).unwrap();
    place.succeed(&["import", "--database-url", &other, file.to_str().unwrap()]);
    assert_eq!(number(&other, "SELECT max(seq) AS value FROM provisioner_jobs"), 5002);
    assert_eq!(number(&other, "SELECT CAST(max(id) AS bigint) AS value FROM tag_sets"), 1001);
}

#[test]
fn an_empty_installation_and_whole_chunks_are_copied_too() {
    let place = Place::new();
    let (source, other) = (place.sqlite("source.db"), place.other("other.db"));
    place.succeed(&["migrate", "run", "--database-url", &source]);
    let copied = place.copy(&source, &other);
    assert!(copied.as_array().unwrap().iter().all(|table| table["rows"] == 0));
    // An empty target may be copied into once more, now with exactly two chunks of one table.
    execute(
        &source,
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000) \
         INSERT INTO tag_sets SELECT i, json_object('n', CAST(i AS TEXT)) FROM n",
    );
    let copied = place.copy(&source, &other);
    assert_eq!((&copied[4]["table"], &copied[4]["rows"]), (&json!("tag_sets"), &json!(2000)));
    assert_eq!(number(&other, "SELECT count(*) AS value FROM tag_sets"), 2000);
}

#[test]
fn people_see_a_table() {
    let place = Place::new();
    let (source, other) = (place.filled("source.db"), place.other("other.db"));
    let ran = place.run(&["copy", "--from", &source, "--to", &other]);
    assert!(ran.success, "{}", ran.stderr);
    assert_eq!(ran.stderr, "Copied, and verified: both databases hold the same.\n");
    let lines: Vec<Vec<&str>> = ran.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["TABLE", "ROWS", "CHECKSUM"]);
    assert_eq!((lines[1][0], lines[1][1], lines[1][2].len()), ("organizations", "4", 12));
    assert_eq!(lines.len(), 1 + TABLES.len());
    // What was there before a copy stays: this database can be used as it is.
    assert_eq!(open(&other).is_postgres(), is_postgres(&other));
    place.fail(&["import", "--database-url", &other, &example("organizations.json")]);
}
