//! Examples: those of the document with their keys in alphabetical order, and one for every schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::types::Types;

/// An example of each named schema that an example of the document shows: the one with the most keys.
pub(super) type Shown<'a> = BTreeMap<&'a str, &'a Value>;

/// The example of a media type or a parameter: `example`, or the first of `examples`.
pub(super) fn given(holder: &Value) -> Option<&Value> {
    let first = || holder.get("examples")?.as_object()?.values().next()?.get("value");
    holder.get("example").or_else(first)
}

/// JSON for a block of code, keys sorted.
pub(super) fn pretty(value: &Value) -> String {
    format!("{:#}", sorted(value))
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<&String, &Value> = members.iter().collect();
            Value::Object(members.into_iter().map(|(key, member)| (key.clone(), sorted(member))).collect())
        }
        Value::Array(elements) => Value::Array(elements.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Looks through the examples of the document's bodies and answers.
pub(super) fn shown<'a>(types: Types<'a>) -> Shown<'a> {
    let mut shown = Shown::new();
    search(types, types.document, &mut shown);
    shown
}

/// Searches for media types: objects with a schema and an example of it.
fn search<'a>(types: Types<'a>, value: &'a Value, shown: &mut Shown<'a>) {
    if let (Some(schema), Some(example)) = (value.get("schema"), given(value)) {
        note(types, schema, example, shown);
    }
    match value {
        Value::Object(members) => members.values().for_each(|member| search(types, member, shown)),
        Value::Array(elements) => elements.iter().for_each(|element| search(types, element, shown)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Notes the example, and those inside it, under the names of their schemas. An example ends, so this does.
fn note<'a>(types: Types<'a>, schema: &'a Value, example: &'a Value, shown: &mut Shown<'a>) {
    if let Some(name) = types.name(schema) {
        let known = shown.get(name).map_or(0, |known| keys(known));
        if known == 0 || keys(example) > known {
            shown.insert(name, example);
        }
    }
    match example {
        Value::Array(elements) => {
            let Some(items) = types.schema(schema).get("items") else { return };
            elements.iter().for_each(|element| note(types, items, element, shown));
        }
        Value::Object(members) => {
            let properties = types.properties(schema);
            let any = types.schema(schema).get("additionalProperties");
            for (key, member) in members {
                let schema = properties.get(key.as_str()).map(|(schema, _)| *schema).or(any);
                if let Some(schema) = schema {
                    note(types, schema, member, shown);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn keys(value: &Value) -> usize {
    value.as_object().map_or(1, Map::len)
}

/// An example of any schema: a shown one, or one made up from the types. `open` has the named schemas that it is inside of.
pub(super) fn of<'a>(types: Types<'a>, schema: &'a Value, shown: &Shown<'a>, open: &mut Vec<&'a str>) -> Value {
    let Some(name) = types.name(schema) else { return made_up(types, schema, shown, open) };
    if let Some(example) = shown.get(name) {
        return (*example).clone();
    }
    if open.contains(&name) {
        return json!({});
    }
    open.push(name);
    let example = made_up(types, types.schema(schema), shown, open);
    open.pop();
    example
}

fn made_up<'a>(types: Types<'a>, schema: &'a Value, shown: &Shown<'a>, open: &mut Vec<&'a str>) -> Value {
    if let Some(example) = given(schema).or_else(|| schema.get("default")).or_else(|| schema.get("const")) {
        return example.clone();
    }
    if let Some(first) = schema.get("enum").and_then(|values| values.get(0)) {
        return first.clone();
    }
    if let Some(items) = schema.get("items") {
        return json!([of(types, items, shown, open)]);
    }
    let first = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(*key)?.get(0));
    if let Some(first) = first {
        return of(types, first, shown, open);
    }
    let properties = types.properties(schema);
    if !properties.is_empty() {
        let member = |(name, (schema, _)): (&str, (&'a Value, bool))| (name.to_owned(), of(types, schema, shown, open));
        return Value::Object(properties.into_iter().map(member).collect());
    }
    if let Some(any) = schema.get("additionalProperties").filter(|any| any.is_object()) {
        return json!({ "key": of(types, any, shown, open) });
    }
    scalar(schema)
}

fn scalar(schema: &Value) -> Value {
    let kind = match schema.get("type") {
        Some(Value::Array(names)) => names.first(),
        other => other,
    };
    match (kind.and_then(Value::as_str), schema.get("format").and_then(Value::as_str)) {
        (Some("string"), Some("uuid")) => json!("7c60d51f-b44e-4682-87d6-449835ea4de6"),
        (Some("string"), Some("date-time")) => json!("2026-01-02T03:04:05Z"),
        (Some("string"), Some("email")) => json!("ana@example.com"),
        (Some("string"), _) => json!("text"),
        (Some("integer" | "number"), _) => schema.get("minimum").cloned().unwrap_or_else(|| json!(0)),
        (Some("boolean"), _) => json!(true),
        (Some("array"), _) => json!([]),
        (Some("null"), _) => Value::Null,
        _ => json!({}),
    }
}
