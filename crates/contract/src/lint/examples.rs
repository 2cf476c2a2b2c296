//! The examples of a document: where each of them is, and whether it is what its schema says, with the formats of its texts, and
//! with no key that the schema does not name.

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use super::{Finding, Operation};
use crate::pointer::member_of;

const VALID: &str =
    "an example is what its schema says, formats included, and has no key that the schema does not name";
const SCHEMA: &str = "a schema is a schema of JSON Schema 2020-12";

/// An example, with what it is an example of.
#[derive(Debug, Clone)]
pub(super) struct Example<'a> {
    /// The operation that it belongs to, when it is one's own.
    pub(super) operation: Option<&'a Operation<'a>>,
    /// JSON pointer to it.
    pub(super) at: String,
    /// The schema.
    schema: &'a Value,
    /// The example.
    pub(super) value: &'a Value,
    /// Whether the server sends it; otherwise a client does.
    pub(super) is_answer: bool,
}

/// Every example of a parameter, a header or a body.
pub(super) fn all<'a>(document: &'a Value, operations: &'a [Operation<'a>]) -> Vec<Example<'a>> {
    let mut found = Vec::new();
    for operation in operations {
        let mut gather = |key: &str, is_answer: bool| {
            if let Some(value) = operation.value.get(key) {
                collect(Some(operation), &member_of(&operation.at, key), value, is_answer, &mut found);
            }
        };
        gather("parameters", false);
        gather("requestBody", false);
        gather("responses", true);
    }
    for (key, is_answer) in [("parameters", false), ("requestBodies", false), ("responses", true)] {
        let at = format!("/components/{key}");
        if let Some(value) = document.pointer(&at) {
            collect(None, &at, value, is_answer, &mut found);
        }
    }
    found
}

/// An example stands beside a `schema`.
fn collect<'a>(
    operation: Option<&'a Operation<'a>>,
    at: &str,
    value: &'a Value,
    is_answer: bool,
    found: &mut Vec<Example<'a>>,
) {
    match value {
        Value::Object(members) => {
            if let Some(schema) = members.get("schema") {
                let mut add = |at, value| found.push(Example { operation, at, schema, value, is_answer });
                if let Some(value) = members.get("example") {
                    add(member_of(at, "example"), value);
                }
                let named = members.get("examples").and_then(Value::as_object);
                for (name, example) in named.into_iter().flatten() {
                    if let Some(value) = example.get("value") {
                        add(format!("{}/value", member_of(&member_of(at, "examples"), name)), value);
                    }
                }
            }
            let others = members.iter().filter(|(key, _)| !["schema", "example", "examples"].contains(&key.as_str()));
            for (key, member) in others {
                collect(operation, &member_of(at, key), member, is_answer, found);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                collect(operation, &format!("{at}/{index}"), element, is_answer, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Holds every example against its schema.
pub(super) fn check(document: &Value, examples: &[Example<'_>], found: &mut Vec<Finding>) {
    let mut schemas = document.pointer("/components/schemas").cloned().unwrap_or_else(|| json!({}));
    close(&mut schemas);
    for example in examples {
        let mut schema = example.schema.clone();
        close(&mut schema);
        match validator(&schemas, &schema) {
            Err(why) => {
                let at = example.at.rsplit_once("/example").map_or("", |(before, _)| before);
                found.push(Finding::new(example.operation, member_of(at, "schema"), SCHEMA, why));
            }
            Ok(validator) => {
                for error in validator.iter_errors(example.value) {
                    let at = format!("{}{}", example.at, error.instance_path());
                    found.push(Finding::new(example.operation, at, VALID, format!("change it: {error}")));
                }
            }
        }
    }
}

fn validator(schemas: &Value, schema: &Value) -> Result<Validator, String> {
    let root = json!({"components": {"schemas": schemas}, "allOf": [schema]});
    let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
    options.build(&root).map_err(|error| format!("change it: {error}"))
}

/// Forbids keys that an object does not name. Clients get them from newer servers; an example has none.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("properties").is_some_and(Value::is_object) && !members.contains_key("$ref") {
                members.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(elements) => elements.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
