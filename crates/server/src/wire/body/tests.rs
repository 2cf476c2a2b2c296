//! Bodies as clients and attackers send them.

use std::collections::BTreeMap;

use orgd_api_types::{CreateOrganizationRequest, ProvisionerJobInput, ProvisionerJobStatus, ValidationError};
use proptest::prelude::*;
use serde::Deserialize;

use super::{BodyError, read_json};

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Everything {
    name: Option<String>,
    count: Option<u32>,
    state: Option<ProvisionerJobStatus>,
    input: Option<ProvisionerJobInput>,
    tags: BTreeMap<String, String>,
    list: Vec<Required>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
struct Required {
    key: String,
}

fn read(body: impl AsRef<[u8]>) -> Result<Everything, BodyError> {
    read_json(body.as_ref())
}

fn detail(body: impl AsRef<[u8]>) -> String {
    let error = read(body).unwrap_err();
    assert_eq!(error.message(), "Request body must be valid JSON.");
    error.detail()
}

#[test]
fn reads_objects_and_null() {
    assert_eq!(read("null").unwrap(), Everything::default());
    assert_eq!(read(" {} \r\n").unwrap(), Everything::default());
    let body = r#"{"name":"\u00e4\u0000","NAME":1,"extra":{"a":[1e3,-0,null,true,"x"]},"count":7,"tags":{"a":"b"}}"#;
    let read = read(body).unwrap();
    assert_eq!(read.name.as_deref(), Some("ä\0"));
    assert_eq!(read.count, Some(7));
    assert_eq!(read.tags, [("a".into(), "b".into())].into());
    let request: CreateOrganizationRequest = read_json(br#"{"name":null,"icon":""}"#).unwrap();
    assert_eq!((request.name, request.icon), (None, Some(String::new())));
}

#[test]
fn says_where_the_json_is_broken() {
    for (body, said) in [
        ("", "EOF: the body is empty"),
        (" \n", "EOF: the body is empty"),
        ("{\"name\":", "EOF while parsing a value at line 1 column 8"),
        ("{\n \"name\" 1}", "expected `:` at line 2 column 9"),
        ("hello", "expected value at line 1 column 1"),
        ("{} x", "trailing characters at line 1 column 4"),
        ("{}{}", "trailing characters at line 1 column 3"),
        ("null null", "trailing characters at line 1 column 6"),
        ("\u{feff}{}", "expected value at line 1 column 1"),
        ("{\"a\":1e400}", "number out of range at line 1 column 10"),
        ("{\"a\":01}", "invalid number at line 1 column 7"),
        ("{\"a\":NaN}", "expected value at line 1 column 6"),
        ("{\"a\":\"\\ud800\"}", "unexpected end of hex escape at line 1 column 13"),
        ("{\"a\":\"\n\"}", "control character (\\u0000-\\u001F) found while parsing a string at line 2 column 0"),
        ("[]", "the body must be an object, not an array"),
        ("\"x\"", "the body must be an object, not a string"),
        ("1", "the body must be an object, not a number"),
        ("-1.5", "the body must be an object, not a number"),
        ("true", "the body must be an object, not a boolean"),
    ] {
        assert_eq!(detail(body), said, "{body:?}");
        assert_eq!(read(body).unwrap_err().validations(), [], "{body:?}");
    }
}

#[test]
fn bytes_must_be_utf8_even_where_nobody_looks() {
    assert_eq!(detail(b"{\"x\":\n \"\xff\"}"), "invalid UTF-8 at line 2 column 3");
    assert_eq!(detail(b"\xff\xfe{\0}\0"), "invalid UTF-8 at line 1 column 1");
    assert_eq!(detail(b"{\"x\":\"\xed\xa0\x80\"}"), "invalid UTF-8 at line 1 column 7");
}

#[test]
fn names_the_key_that_is_given_twice() {
    for (body, field) in [
        (r#"{"name":"a","name":"a"}"#, "name"),
        (r#"{"name":"a","\u006eame":1}"#, "name"),
        (r#"{"x":1,"y":2,"x":3}"#, "x"),
        (r#"{"tags":{"a":"1","a":"2"}}"#, "tags.a"),
        (r#"{"unknown":[{},{"deep":{"k":1,"k":2}}]}"#, "unknown[1].deep.k"),
        (r#"[{"k":1,"k":2}]"#, "[0].k"),
    ] {
        let error = read(body).unwrap_err();
        assert_eq!(
            error.validations(),
            [ValidationError::new(field, "must not be given more than once")],
            "{body}: {error}"
        );
        assert!(error.detail().starts_with(&format!("the key \"{field}\" is given more than once at line 1 column ")));
    }
    // The same key in different objects is none of it.
    assert!(read(r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}"#).is_ok());
}

#[test]
fn names_the_field_of_the_wrong_type() {
    for (body, field, rule) in [
        (r#"{"name":1}"#, "name", "must be a string"),
        (r#"{"name":{}}"#, "name", "must be a string"),
        (r#"{"count":1.0}"#, "count", "must be a whole number from 0 to 4294967295"),
        (r#"{"count":4294967296}"#, "count", "must be a whole number from 0 to 4294967295"),
        (r#"{"state":1}"#, "state", "has the wrong type"),
        (
            r#"{"state":"bogus"}"#,
            "state",
            r#"must be one of "pending", "running", "succeeded", "canceling", "canceled", "failed""#,
        ),
        (
            r#"{"input":{"template_version_id":"x"}}"#,
            "input.template_version_id",
            r#"must be a UUID, for example "0190b0c4-7d5e-7c3a-9f7e-1a2b3c4d5e6f""#,
        ),
        (r#"{"tags":{"a":null}}"#, "tags.a", "must be a string"),
        (r#"{"tags":[]}"#, "tags", "must be an object"),
        (r#"{"list":[{"key":"a"},{"key":true}]}"#, "list[1].key", "must be a string"),
        (r#"{"list":[{}]}"#, "list[0].key", "is required"),
        (r#"{"list":{}}"#, "list", "must be an array"),
    ] {
        let error = read(body).unwrap_err();
        assert_eq!(error.validations(), [ValidationError::new(field, rule)], "{body}: {error}");
        assert!(error.detail().starts_with(&format!("{field:?} {rule} at line 1 column ")), "{error}");
    }
    let missing = read_json::<Required>(b"{}").unwrap_err();
    assert_eq!(missing.validations(), [ValidationError::new("key", "is required")]);
}

#[test]
fn depth_is_bounded_everywhere() {
    let too_deep = "recursion limit exceeded at line 1 column ";
    for open in ["[", "{\"a\":", "[{\"a\":"] {
        assert!(detail(open.repeat(1_000_000)).starts_with(too_deep), "{open}");
        assert!(detail(format!("{{\"unknown\":{}", open.repeat(1_000_000))).starts_with(too_deep), "{open}");
    }
    let nested = |levels| format!("{{\"unknown\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert!(read(nested(126)).is_ok());
    assert!(detail(nested(127)).starts_with(too_deep));
}

#[test]
fn no_error_echoes_a_long_body() {
    let long = "k".repeat(100_000);
    for body in [
        format!(r#"{{"{long}":1,"{long}":2}}"#),
        format!(r#"{{"tags":{{"{long}":1}}}}"#),
        format!(r#"{{"state":"{long}"}}"#),
        format!(r#"{{"name":1,"x":"{long}"}}"#),
    ] {
        let error = read(body).unwrap_err();
        let said = error.detail().len() + error.validations()[0].field.len() + error.validations()[0].detail.len();
        assert!(said < 1000, "{said}");
    }
    let error = read_json::<Dated>(format!(r#"{{"at":"{long}"}}"#).as_bytes()).unwrap_err();
    assert!(error.detail().len() < 1000);
}

#[derive(Debug, Default, Deserialize)]
struct Dated {
    #[serde(rename = "at")]
    _at: Option<orgd_api_types::Timestamp>,
}

/// JSON that has no key twice, since it comes from a map.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn never_panics(bytes in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        "[{}\",:a0e.\\\\u \\[\\]-]{0,40}".prop_map(String::into_bytes),
        "\\{\"(name|count|state|tags|list|input)\":[{}\",:a0e.\\\\u \\[\\]-]{0,20}\\}".prop_map(String::into_bytes),
    ]) {
        let _ = read(bytes);
    }

    #[test]
    fn unknown_fields_are_ignored_whatever_they_hold(value in value()) {
        let body = serde_json::json!({"unknown": value, "name": "n"}).to_string();
        let read = read(&body).unwrap();
        prop_assert_eq!(read, Everything { name: Some("n".into()), ..Everything::default() });
    }

    #[test]
    fn a_cut_off_body_is_never_read(value in value(), cut in any::<prop::sample::Index>()) {
        let body = serde_json::json!({"name": "n", "unknown": value}).to_string();
        let cut = cut.index(body.len());
        prop_assert!(read(&body.as_bytes()[..cut]).is_err());
    }
}
