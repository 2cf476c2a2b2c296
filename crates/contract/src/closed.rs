//! Schemas that hold answers to what they name.

use serde_json::{Value, json};

/// Makes it so that an object holds nothing that its schema does not name, unless the schema says otherwise. What is given may be a
/// schema or a document full of them.
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
