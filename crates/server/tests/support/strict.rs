//! Holds JSON against a schema of an OpenAPI document, with nothing in it that the schema does not name.

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

/// Makes it so that an object holds nothing that its schema does not name.
pub fn forbid_other_keys(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("type").is_some_and(|kind| kind == "object") && members.contains_key("properties") {
                members.entry("additionalProperties").or_insert(json!(false));
            }
            members.values_mut().for_each(forbid_other_keys);
        }
        Value::Array(items) => items.iter_mut().for_each(forbid_other_keys),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What holds JSON against a schema of the document.
pub fn validator(document: &Value, schema: &Value) -> Validator {
    let root = json!({ "components": document["components"], "allOf": [schema] });
    let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
    options.build(&root).unwrap_or_else(|error| panic!("the schema is none: {error}"))
}

/// Where the value is not as the schema says, a line for each place; empty where it is.
pub fn failures(schema: &Validator, value: &Value) -> String {
    let failures = schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path()));
    failures.collect::<Vec<_>>().join("\n")
}
