//! One schema of JSON Schema 2020-12 in the words that OpenAPI 3.0 has for it.

use serde_json::{Map, Value, json};

use super::{DowngradeError, refuse, value};
use crate::place::Place;
use crate::pointer::Pointer;

/// Keywords that mean the same in both, with the same values. Their members are written like those of any other object.
const SHARED: &[&str] = &[
    "title",
    "description",
    "default",
    "format",
    "multipleOf",
    "maximum",
    "minimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxProperties",
    "minProperties",
    "required",
    "enum",
    "items",
    "properties",
    "additionalProperties",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "readOnly",
    "writeOnly",
    "deprecated",
    "example",
    "externalDocs",
    "xml",
    "discriminator",
    "nullable",
];

/// Keywords that bind nobody, or bind only what clients do not see.
const LEFT_OUT: &[&str] = &["$comment", "propertyNames"];

/// Writes a schema.
pub(super) fn write(at: &Pointer<'_>, given: &Value) -> Result<Value, DowngradeError> {
    match given {
        Value::Bool(true) => Ok(json!({})),
        Value::Bool(false) => Ok(json!({"not": {}})),
        Value::Object(members) if members.contains_key("$ref") => reference(at, members),
        Value::Object(members) => object(at, members).map(Value::Object),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => Err(refuse(at, "a schema like this")),
    }
}

/// What binds nobody. It is not worth an `allOf`, of which some generators make a type of its own, and with an enumeration in it one that does
/// not compile; the schema that is referred to says what it is.
const ANNOTATIONS: &[&str] = &["description", "title", "example", "examples", "$comment"];

/// In 3.0 nothing beside a `$ref` counts, so what binds anybody goes around it.
fn reference(at: &Pointer<'_>, given: &Map<String, Value>) -> Result<Value, DowngradeError> {
    let target = json!({"$ref": given["$ref"]});
    if given.keys().all(|key| key == "$ref" || ANNOTATIONS.contains(&key.as_str())) {
        return Ok(target);
    }
    let mut beside = given.clone();
    beside.shift_remove("$ref");
    if beside.contains_key("allOf") {
        return Err(refuse(at, "`allOf` beside a `$ref`"));
    }
    let mut written = object(at, &beside)?;
    written.insert("allOf".to_owned(), Value::Array(vec![target]));
    Ok(Value::Object(written))
}

fn object(at: &Pointer<'_>, given: &Map<String, Value>) -> Result<Map<String, Value>, DowngradeError> {
    let mut written = Map::new();
    for (key, member) in given {
        let here = at.member(key);
        match key.as_str() {
            "type" => write_type(&here, given, member, &mut written)?,
            "const" => put(&here, &mut written, "enum", json!([member]))?,
            "examples" => {
                let first = member.as_array().and_then(|examples| examples.first());
                if let Some(first) = first.filter(|_| !given.contains_key("example")) {
                    put(&here, &mut written, "example", first.clone())?;
                }
            }
            "exclusiveMinimum" => write_bound(&here, given, ("minimum", "exclusiveMinimum"), member, &mut written)?,
            "exclusiveMaximum" => write_bound(&here, given, ("maximum", "exclusiveMaximum"), member, &mut written)?,
            "contentEncoding" if member == "base64" => put(&here, &mut written, "format", json!("byte"))?,
            key if LEFT_OUT.contains(&key) => {}
            // True says nothing more than no keyword, and 3.0 has a form of its own for both.
            "additionalProperties" if member.is_boolean() => {
                written.insert(key.clone(), member.clone());
            }
            key if SHARED.contains(&key) || key.starts_with("x-") => {
                let member = value(Place::Schema.member(key), &here, member)?;
                put(&here, &mut written, key, member)?;
            }
            key => return Err(refuse(&here, format!("`{key}`"))),
        }
    }
    Ok(written)
}

/// Adds a member. Two keywords of 3.1 that would be one of 3.0 cannot both be said.
fn put(at: &Pointer<'_>, into: &mut Map<String, Value>, key: &str, value: Value) -> Result<(), DowngradeError> {
    match into.insert(key.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(refuse(at, format!("two values of `{key}`"))),
    }
}

/// One name stays; a list of one and `null` becomes `nullable`.
fn write_type(
    at: &Pointer<'_>,
    given: &Map<String, Value>,
    types: &Value,
    written: &mut Map<String, Value>,
) -> Result<(), DowngradeError> {
    let names: Vec<&str> = match types {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => vec![],
    };
    let (nulls, others): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|name| *name == "null");
    let [name] = others.as_slice() else {
        return Err(refuse(at, "a value of several types, or of none but null"));
    };
    put(at, written, "type", json!(name))?;
    // In both versions null is a value only where a list of values has it.
    let listed = given.get("enum").and_then(Value::as_array).is_none_or(|values| values.contains(&Value::Null));
    if !nulls.is_empty() && listed && given.get("const").is_none_or(Value::is_null) {
        put(at, written, "nullable", json!(true))?;
    }
    Ok(())
}

/// A bound that does not belong to what it bounds is a number in 3.1, and a flag beside the bound in 3.0.
fn write_bound(
    at: &Pointer<'_>,
    given: &Map<String, Value>,
    (bound, exclusive): (&str, &str),
    limit: &Value,
    written: &mut Map<String, Value>,
) -> Result<(), DowngradeError> {
    if limit.is_boolean() {
        return put(at, written, exclusive, limit.clone());
    }
    if given.contains_key(bound) {
        return Err(refuse(at, format!("`{bound}` and `{exclusive}` of one value")));
    }
    put(at, written, bound, limit.clone())?;
    put(at, written, exclusive, json!(true))
}
