//! How schemas are named and made, so that every generator makes one good type of each.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Finding, Operation};
use crate::place::Place;
use crate::pointer::{Pointer, member_of};
use crate::reference;

const NAME: &str = "a schema is called `codersdk.Name`, as in Coder's reference, or `orgd.Name` where Coder has none";
const DESCRIBED: &str = "a schema and each of its properties has a `description`";
const INLINE: &str = "an object is a schema of its own in `components.schemas`, not written inside another one";
const DEFAULT: &str =
    "the schema of a body has no `default`: what is absent is absent, and the description says what that means";
const NULL: &str = "no answer holds null: a key without a value is absent";

/// Looks at the named schemas, and at those that are written where they are used.
pub(super) fn check(document: &Value, operations: &[Operation<'_>], found: &mut Vec<Finding>) {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let answered = answered(document, operations);
    for (name, schema) in schemas.into_iter().flatten() {
        let at = member_of("/components/schemas", name);
        if !is_well_named(name) {
            found.push(Finding::new(None, at.clone(), NAME, "rename it, and every `$ref` that leads to it"));
        }
        described(&at, schema, found);
        let in_answers = answered.contains(name);
        walk(Place::Schema, &Pointer::ROOT, schema, &mut |inner, below| {
            let here = format!("{at}{inner}");
            inline(None, &here, inner.to_string().is_empty(), below, found);
            default(None, &here, below, found);
            if in_answers && may_be_null(below) {
                let advice = "leave the key out of the answer instead, and out of `required`";
                found.push(Finding::new(None, here, NULL, advice));
            }
        });
    }
    for operation in operations {
        walk(Place::Operation, &Pointer::ROOT, operation.value, &mut |inner, schema| {
            let inner = inner.to_string();
            // What holds for a parameter that is not given may be said so: Coder's reference does.
            let of_parameter = inner.starts_with("/parameters/");
            let at = format!("{}{inner}", operation.at);
            inline(Some(operation), &at, false, schema, found);
            if !of_parameter {
                default(Some(operation), &at, schema, found);
            }
        });
    }
}

fn is_well_named(name: &str) -> bool {
    let Some((owner, name)) = name.split_once('.') else { return false };
    ["codersdk", "orgd"].contains(&owner)
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn described(at: &str, schema: &Value, found: &mut Vec<Finding>) {
    let mut ask = |at: String, value: &Value| {
        if value.get("description").and_then(Value::as_str).is_none_or(|text| text.trim().is_empty()) {
            let at = member_of(&at, "description");
            found.push(Finding::new(None, at, DESCRIBED, "say what it means, in a sentence"));
        }
    };
    ask(at.to_owned(), schema);
    let properties = member_of(at, "properties");
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        ask(member_of(&properties, name), property);
    }
}

fn inline(operation: Option<&Operation<'_>>, at: &str, named: bool, schema: &Value, found: &mut Vec<Finding>) {
    if !named && schema.get("properties").is_some() {
        let advice = "move it to `components.schemas` under a name, and refer to it";
        found.push(Finding::new(operation, at, INLINE, advice));
    }
}

fn default(operation: Option<&Operation<'_>>, at: &str, schema: &Value, found: &mut Vec<Finding>) {
    if schema.get("default").is_some() {
        let advice = "remove it, and say in the description what holds when the key is absent";
        found.push(Finding::new(operation, member_of(at, "default"), DEFAULT, advice));
    }
}

fn may_be_null(schema: &Value) -> bool {
    let is_null = |value: &Value| value == "null";
    schema.get("nullable") == Some(&Value::Bool(true))
        || match schema.get("type") {
            Some(Value::Array(names)) => names.iter().any(is_null),
            Some(name) => is_null(name),
            None => false,
        }
        || schema.get("enum").and_then(Value::as_array).is_some_and(|values| values.contains(&Value::Null))
}

/// Calls `see` with every schema that is written here, and the way to it.
fn walk(place: Place, at: &Pointer<'_>, value: &Value, see: &mut dyn FnMut(&Pointer<'_>, &Value)) {
    if place == Place::Literal {
        return;
    }
    if place == Place::Schema {
        see(at, value);
    }
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                walk(place.member(key), &at.member(key), member, see);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                walk(place.element(), &at.element(index), element, see);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The names of all schemas that are part of some answer.
fn answered(document: &Value, operations: &[Operation<'_>]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let shared = document.pointer("/components/responses");
    for answers in operations.iter().filter_map(|operation| operation.value.get("responses")).chain(shared) {
        reach(document, Place::Responses, answers, &mut names);
    }
    names
}

fn reach(document: &Value, place: Place, value: &Value, names: &mut BTreeSet<String>) {
    if place == Place::Literal {
        return;
    }
    let name = reference::target(value).and_then(|target| target.strip_prefix("#/components/schemas/"));
    if let Some(name) = name.filter(|name| names.insert((*name).to_owned()))
        && let Some(schema) = document.pointer(&member_of("/components/schemas", name))
    {
        reach(document, Place::Schema, schema, names);
    }
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, member)| reach(document, place.member(key), member, names));
        }
        Value::Array(elements) => elements.iter().for_each(|element| reach(document, place.element(), element, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
