//! Which object is what, which keys are read, and what is said of those that cannot be.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Job, Record, read};
use crate::queue::{PREBUILDS_USER, PriorityClass, ProvisionerType};
use crate::tags::TagSetId;
use crate::transfer::fault::Place;
use crate::wire::encode::to_vec;

fn job() -> Value {
    json!({
        "id": "0198f5a0-7c1e-7d11-a3a4-1b0c4f1d2e3f",
        "created_at": "2026-01-02T03:04:05.123456Z",
        "status": "pending",
        "file_id": "8a0cfb4f-ddc9-436d-91bb-75133c583767",
        "tags": {"owner": "", "scope": "organization"},
        "organization_id": "7c60d51f-b44e-4682-87d6-449835ea4de6",
        "type": "workspace_build",
    })
}

fn organization() -> Value {
    json!({
        "id": "7c60d51f-b44e-4682-87d6-449835ea4de6",
        "name": "acme",
        "display_name": "",
        "icon": "",
        "description": "",
        "created_at": "2026-01-02T03:04:05Z",
        "updated_at": "2026-01-02T03:04:05Z",
        "is_default": false,
    })
}

fn with(mut object: Value, key: &str, value: Value) -> Value {
    object[key] = value;
    object
}

fn without(mut object: Value, key: &str) -> Value {
    object.as_object_mut().unwrap().remove(key);
    object
}

fn read_text(text: &str) -> (Result<Record, String>, Vec<String>) {
    let place = Place { file: "f".into(), line: 3, column: 1 };
    let mut unknown = Vec::new();
    let record = read(text.as_bytes(), &place, &mut unknown).map_err(|refusal| refusal.fault.to_string());
    (record, unknown)
}

fn refusal(object: &Value) -> String {
    read_text(&object.to_string()).0.unwrap_err()
}

fn read_job(object: &Value) -> Job {
    match read_text(&object.to_string()).0.unwrap() {
        Record::Job(job) => *job,
        Record::Organization(organization) => panic!("{organization:?}"),
    }
}

#[test]
fn what_older_servers_do_not_send_has_a_value() {
    let job = read_job(&job());
    assert!(job.initiator_id.is_nil() && !job.logs_overflowed && job.error.is_empty());
    assert_eq!(job.metadata, Default::default());
    assert_eq!(job.input, Default::default());
}

#[test]
fn derived_keys_of_any_type_are_ignored_in_silence_and_others_are_named() {
    let mut object = job();
    for key in ["queue_position", "queue_size", "available_workers", "organization_name"] {
        object = with(object, key, json!([{"x": "y"}]));
    }
    object = with(object, "future", json!({"deep": {"er": 1}}));
    object = with(object, "metadata", json!({"template_name": "t", "template_version": 1}));
    let (record, mut unknown) = read_text(&object.to_string());
    unknown.sort();
    assert!(matches!(record, Ok(Record::Job(_))));
    assert_eq!(unknown, ["future", "metadata.template_version"]);
    let (record, unknown) = read_text(&with(organization(), "shareable", json!(true)).to_string());
    assert!(matches!(record, Ok(Record::Organization(_))));
    assert_eq!(unknown, ["shareable"]);
}

#[test]
fn names_the_field_and_the_rule() {
    let date = "is not a date and time like 2026-01-02T03:04:05Z (RFC 3339)";
    let uuid = r#"must be a UUID, for example "0190b0c4-7d5e-7c3a-9f7e-1a2b3c4d5e6f""#;
    for (object, field, rule) in [
        (without(job(), "id"), "id", "is required"),
        (without(job(), "file_id"), "file_id", "is required"),
        (without(job(), "tags"), "tags", "is required"),
        (without(job(), "organization_id"), "organization_id", "is required"),
        (with(job(), "id", json!("x")), "id", uuid),
        (with(job(), "status", json!("unknown")), "status", r#"must be one of "pending", "running", "succeeded""#),
        (with(job(), "type", json!(7)), "type", "has the wrong type"),
        (with(job(), "created_at", json!("yesterday")), "created_at", date),
        (with(job(), "started_at", json!("2026-02-30T00:00:00Z")), "started_at", date),
        (with(job(), "error", json!(1)), "error", "must be a string"),
        (with(job(), "tags", json!({"a": 1})), "tags.a", "must be a string"),
        (with(job(), "tags", json!([])), "tags", "must be an object"),
        (with(job(), "metadata", json!({"template_id": 1})), "metadata.template_id", uuid),
        (with(job(), "input", json!("x")), "input", "must be an object"),
        (with(job(), "logs_overflowed", json!("no")), "logs_overflowed", "must be true or false"),
        (without(organization(), "is_default"), "is_default", "is required"),
        (with(organization(), "name", json!(null)), "name", "must be a string"),
    ] {
        let said = refusal(&object);
        assert!(said.starts_with("f line 3 column "), "{said}");
        let rest = said.split_once(": ").unwrap().1;
        let found = rest.strip_prefix(&format!("{field:?} ")).unwrap_or_else(|| panic!("{said}"));
        assert!(found.contains(rule), "{said}");
    }
}

#[test]
fn what_is_neither_is_said_with_its_keys() {
    for (object, expected) in [
        (json!({}), "it has no keys"),
        (json!({"message": "no", "detail": ""}), r#"it has the keys "message", "detail""#),
        (json!({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7}), r#""e" and 2 more"#),
    ] {
        let said = refusal(&object);
        assert!(said.starts_with("f line 3: is neither an organization nor a provisioner job: "), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_key_twice_is_refused() {
    let text = job().to_string();
    let twice = text.replacen('{', r#"{"id":"0198f5a0-7c1e-7d11-a3a4-1b0c4f1d2e3f","#, 1);
    assert!(read_text(&twice).0.unwrap_err().contains(r#""id" must not be given more than once"#));
    let tags = text.replace(r#""owner":"","#, r#""owner":"","owner":"x","#);
    assert!(read_text(&tags).0.unwrap_err().contains(r#""tags.owner" must not be given more than once"#));
}

#[test]
fn what_is_not_json_stops_the_file() {
    let place = Place { file: "f".into(), line: 3, column: 5 };
    for (text, expected) in [
        (&b"{\"a\":}"[..], "f line 3 column 10: expected value"),
        (b"{\"a\":1]", "f line 3 column 11: "),
        (b"{\n\"a\":[1}}", "f line 4 column 7: "),
        (b"{\"a\":\"\xff\"}", "f line 3 column 11: invalid UTF-8"),
        (b"{\"a\":\"\x01\"}", "f line 3 column 11: control character"),
        (b"{\"a\":\"\\ud800\"}", "f line 3 column "),
    ] {
        let refused = read(text, &place, &mut Vec::new()).unwrap_err();
        assert!(refused.is_syntax, "{}", refused.fault);
        assert!(refused.fault.to_string().starts_with(expected), "{}", refused.fault);
    }
}

#[test]
fn deep_nesting_does_not_take_the_stack() {
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let ignored = job().to_string().replacen('{', &format!("{{\"future\":{deep},"), 1);
    // Nothing reads what an unknown key holds.
    assert_eq!(read_text(&ignored).1, ["future"]);
    let read = job().to_string().replacen('{', &format!("{{\"error\":{deep},"), 1);
    assert!(read_text(&read).0.unwrap_err().contains("recursion limit"));
}

#[test]
fn a_job_keeps_its_class_and_an_error_code_that_is_not_documented() {
    let object = with(with(job(), "initiator_id", json!(PREBUILDS_USER)), "error_code", json!("INSUFFICIENT_QUOTA"));
    let job = read_job(&object);
    let stored = job.clone().into_stored(TagSetId(3), ProvisionerType::Echo);
    assert_eq!((stored.class, stored.provisioner), (PriorityClass::Prebuild, ProvisionerType::Echo));
    assert_eq!((stored.error_code.as_str(), stored.job.error_code), ("INSUFFICIENT_QUOTA", None));
    assert_eq!(Job::from_stored(stored, job.tags.clone()), job);
}

#[test]
fn is_written_as_the_api_writes_it() {
    let api = orgd_api_types::ProvisionerJob {
        error: "<a> & b".to_owned(),
        tags: [("cluster".to_owned(), "eu".to_owned())].into(),
        worker_name: "w".to_owned(),
        started_at: Some(orgd_api_types::Timestamp::from_micros(5)),
        error_code: Some(orgd_api_types::JobErrorCode::RequiredTemplateVariables),
        ..serde_json::from_value(json!({
            "id": "0198f5a0-7c1e-7d11-a3a4-1b0c4f1d2e3f", "created_at": "2026-01-02T03:04:05Z", "status": "failed",
            "file_id": "8a0cfb4f-ddc9-436d-91bb-75133c583767", "tags": {}, "queue_position": 0, "queue_size": 0,
            "organization_id": "7c60d51f-b44e-4682-87d6-449835ea4de6", "type": "workspace_build", "metadata": {},
            "initiator_id": "06588898-9a84-4b35-ba8f-f9cbd64946f3", "input": {}, "logs_overflowed": true,
        }))
        .unwrap()
    };
    let text = String::from_utf8(to_vec(&api)).unwrap();
    let job = read_job(&serde_json::from_str(&text).unwrap());
    assert_eq!(String::from_utf8(to_vec(&job)).unwrap(), text);
}

proptest! {
    /// A change of any byte is read, refused with a place, or still the same kind of thing, and never a panic.
    #[test]
    fn a_damaged_object_never_panics(at in 0_usize..400, byte in any::<u8>()) {
        let mut bytes = job().to_string().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let place = Place { file: "f".into(), line: 1, column: 1 };
        if let Err(refused) = read(&bytes, &place, &mut Vec::new()) {
            prop_assert_eq!(refused.fault.place.line.min(2), refused.fault.place.line);
            prop_assert!(!refused.fault.rule.is_empty());
        }
    }
}
