//! The contract in OpenAPI 3.1 and in 3.0.3 says the same. Two proofs, both with a reading of 3.0 that knows nothing of the writer:
//! read back into the words of 3.1 the older document has no difference to the newer one, and both judge generated values alike.

use orgd_contract::compare;
use orgd_contract::openapi_30::downgrade;
use serde_json::{Map, Value, json};

use crate::documented;
use crate::judge::{Judged, judge};

/// A schema of 3.0 in the words of 3.1.
pub fn raise_schema(schema: &Value) -> Value {
    let Value::Object(given) = schema else { return schema.clone() };
    let mut raised = Map::new();
    for (key, value) in given {
        let (key, value) = match key.as_str() {
            "properties" => (key.clone(), members(value, raise_schema)),
            "items" | "additionalProperties" | "not" => (key.clone(), raise_schema(value)),
            "allOf" | "anyOf" | "oneOf" => (key.clone(), elements(value, raise_schema)),
            "nullable" => continue,
            "type" if given.get("nullable") == Some(&json!(true)) => (key.clone(), json!([value, "null"])),
            "minimum" if given.get("exclusiveMinimum") == Some(&json!(true)) => {
                ("exclusiveMinimum".to_owned(), value.clone())
            }
            "maximum" if given.get("exclusiveMaximum") == Some(&json!(true)) => {
                ("exclusiveMaximum".to_owned(), value.clone())
            }
            "exclusiveMinimum" | "exclusiveMaximum" => continue,
            _ => (key.clone(), value.clone()),
        };
        raised.insert(key, value);
    }
    // 3.0 has no other way to say something beside a reference.
    if let Some([Value::Object(only)]) = raised.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
        && let (Some(target), 1) = (only.get("$ref").cloned(), only.len())
    {
        raised.remove("allOf");
        raised.insert("$ref".to_owned(), target);
    }
    Value::Object(raised)
}

/// Everything around schemas, with the schemas in it raised.
fn raise(value: &Value) -> Value {
    let Value::Object(given) = value else { return elements(value, raise) };
    let raised = given.iter().map(|(key, value)| {
        let value = match key.as_str() {
            "schema" => raise_schema(value),
            "schemas" => members(value, raise_schema),
            "example" | "examples" => value.clone(),
            _ => raise(value),
        };
        (key.clone(), value)
    });
    Value::Object(raised.collect())
}

fn members(value: &Value, change: fn(&Value) -> Value) -> Value {
    let members = value.as_object().expect("an object").iter();
    Value::Object(members.map(|(key, value)| (key.clone(), change(value))).collect())
}

fn elements(value: &Value, change: fn(&Value) -> Value) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(change).collect(),
        other => other.clone(),
    }
}

/// What is said of a reference and binds nobody, which has no place in 3.0.
fn without_words_beside_references(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.get("$ref").is_some_and(Value::is_string) {
                ["description", "examples"].iter().for_each(|word| drop(members.remove(*word)));
            }
            members.values_mut().for_each(without_words_beside_references);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_words_beside_references),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The four things that the versions say differently on purpose, brought together: the version, the licence's identifier, words beside a
/// reference, and a JSON text in the query, which is a plain text in 3.0.
fn without_known_differences(document: &Value) -> Value {
    let mut document = document.clone();
    without_words_beside_references(&mut document);
    document["openapi"] = json!("3.x");
    document["info"]["license"].as_object_mut().expect("a licence").remove("identifier");
    let items = document["paths"].as_object_mut().expect("paths").values_mut();
    for operation in items.flat_map(|item| item.as_object_mut().expect("an item").values_mut()) {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten();
        for parameter in parameters {
            if let Some(content) = parameter.as_object_mut().expect("a parameter").remove("content") {
                parameter["schema"] = json!({"type": "string"});
                parameter["example"] = json!(content["application/json"]["example"].to_string());
            }
        }
    }
    document
}

#[test]
fn read_back_the_older_document_has_no_difference() {
    let document = documented();
    let raised = raise(&downgrade(&document).unwrap());
    let differences = compare(&without_known_differences(&document), &without_known_differences(&raised));
    assert_eq!(differences, []);
}

/// Each of these would be a 3.0 document that says something else.
#[test]
fn a_difference_of_the_older_document_is_found() {
    let document = documented();
    let faithful = downgrade(&document).unwrap();
    for pointer in [
        "/components/schemas/codersdk.UpdateOrganizationRequest/properties/name/nullable",
        "/components/schemas/codersdk.Organization/required/0",
        "/components/schemas/codersdk.CreateOrganizationRequest/properties/name/pattern",
        "/components/schemas/codersdk.ProvisionerJob/properties/status/$ref",
        "/components/responses/TooManyRequests/headers/Retry-After",
        "/paths/~1organizations/post/security/0",
        "/paths/~1organizations/post/responses/409",
        "/paths/~1organizations/post/requestBody/required",
        "/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/1",
    ] {
        let mut other = faithful.clone();
        remove(&mut other, pointer);
        let differences = compare(&without_known_differences(&document), &without_known_differences(&raise(&other)));
        assert!(!differences.is_empty(), "{pointer} may be missing");
    }
}

fn remove(document: &mut Value, pointer: &str) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    match document.pointer_mut(parent).expect("a parent") {
        Value::Array(elements) => drop(elements.remove(key.parse().expect("an index"))),
        parent => drop(parent.as_object_mut().expect("an object").remove(key).expect(pointer)),
    }
}

#[test]
fn both_judge_values_alike() {
    let document = documented();
    let names = document["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    let Judged { accepted, refused, disagreement } = judge(&document, &downgrade(&document).unwrap(), names, 8_000);
    assert_eq!(disagreement, None);
    // Neither side is judged by a handful of values.
    assert!(accepted > 1_000 && refused > 1_000, "{accepted} accepted, {refused} refused");
}

#[test]
fn values_that_are_judged_differently_are_found() {
    let document = documented();
    let faithful = downgrade(&document).unwrap();
    for pointer in [
        "/components/schemas/codersdk.UpdateOrganizationRequest/properties/name/nullable",
        "/components/schemas/codersdk.CreateOrganizationRequest/properties/name/maxLength",
        "/components/schemas/codersdk.Organization/required/0",
        "/components/schemas/codersdk.Organization/properties/created_at/format",
        "/components/schemas/codersdk.ProvisionerJobStatus/enum",
        "/components/schemas/codersdk.ProvisionerJob/properties/queue_size/type",
    ] {
        let mut other = faithful.clone();
        remove(&mut other, pointer);
        let names = pointer.split('/').nth(3).into_iter().map(str::to_owned).collect();
        assert!(judge(&document, &other, names, 4_000).disagreement.is_some(), "nobody misses {pointer}");
    }
}
