//! A copy that is not the same is found, whatever the difference.

use super::{Place, execute};

fn verify(place: &Place, from: &str, to: &str) -> String {
    place.fail(&["copy", "--from", from, "--to", to, "--verify-only"])
}

#[test]
fn one_changed_value_is_found_and_its_row_named() {
    let place = Place::new();
    let (source, other) = (place.filled("source.db"), place.other("other.db"));
    place.copy(&source, &other);
    let same = place.succeed(&["copy", "--from", &source, "--to", &other, "--verify-only"]);
    assert!(same.contains("provisioner_job_logs"), "{same}");
    for (table, change, undo, key) in [
        ("provisioner_jobs", "worker_name = 'w2'", "worker_name = 'w1'", "seq 5000"),
        ("provisioner_jobs", "logs_length = 13", "logs_length = 12", "seq 5000"),
        ("provisioner_jobs", "worker_id = NULL", "worker_id = '00000000-0000-4000-8000-000000000031'", "seq 5000"),
    ] {
        let undo = if other.starts_with("sqlite") {
            undo.replace("'00000000-0000-4000-8000-000000000031'", "x'00000000000040008000000000000031'")
        } else {
            undo.to_owned()
        };
        execute(&other, &format!("UPDATE {table} SET {change} WHERE seq = 5000"));
        let said = verify(&place, &source, &other);
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines.len(), 2, "{said}");
        assert_eq!(lines[1], format!("  {table}: 8 rows in both; the first difference is at {key}"));
        execute(&other, &format!("UPDATE {table} SET {undo} WHERE seq = 5000"));
    }
    place.succeed(&["copy", "--from", &source, "--to", &other, "--verify-only"]);
}

#[test]
fn rows_that_are_missing_or_too_many_are_found_in_each_table() {
    let place = Place::new();
    let (source, other) = (place.filled("source.db"), place.other("other.db"));
    place.copy(&source, &other);
    execute(&other, "DELETE FROM api_keys WHERE id = 'ZZZZZZZZZZ'");
    execute(&source, "DELETE FROM provisioner_job_logs WHERE id = 9");
    let said = verify(&place, &source, &other);
    let lines: Vec<_> = said.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "  api_keys: 2 rows in the source, 1 row in the target; the first difference is at id ZZZZZZZZZZ",
            "  provisioner_job_logs: 1 row in the source, 2 rows in the target; the first difference is at id 9",
        ]
    );
}

#[test]
fn to_compare_with_nothing_makes_nothing() {
    let place = Place::new();
    let source = place.filled("source.db");
    assert_eq!(verify(&place, &source, "sqlite://nothing.db"), "orgd: there is no database at nothing.db");
    assert!(!place.path("nothing.db").exists());
}
