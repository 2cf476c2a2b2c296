//! What every operation has: a name that is its own, its place and its words, who may call it, and answers that are described, typed
//! and shown.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Finding, Operation};
use crate::pointer::member_of;
use crate::reference;

/// Texts that an operation has, with what each is for.
const TEXTS: [(&str, &str, &str); 3] = [
    (
        "operationId",
        "an operation has an `operationId`",
        "name it in lowerCamelCase; generated clients call their method so",
    ),
    ("summary", "an operation has a `summary`", "say in a few words what it does; lists of operations show it"),
    ("description", "an operation has a `description`", "say what it does, who may call it and what is special"),
];

const TAG: &str = "an operation has exactly one tag, which is declared in `tags` of the document";
const SECURITY: &str =
    "an operation says which tokens it takes in `security`; an empty list where it is open to everybody";
const UNIQUE: &str = "an `operationId` names one operation";
const PARAMETER: &str = "a parameter has a `description`";
const BODY: &str = "a request body has a `description`, a named schema and an example";
const RESPONSES: &str = "an operation documents its answers";
const RESPONSE: &str = "an answer has a `description`";
const HEADER: &str = "a header has a `description`";
const NAMED: &str = "a JSON body has a named schema, or is an array of one";
const EXAMPLE: &str = "a body has an example";
const NO_OBJECT: &str = "a body that is not JSON is no object";

/// Looks at every operation, and at the answers, parameters and bodies that they share.
pub(super) fn check(document: &Value, operations: &[Operation<'_>], found: &mut Vec<Finding>) {
    let mut names: BTreeMap<&str, &Operation<'_>> = BTreeMap::new();
    for operation in operations {
        words(document, operation, found);
        if let Some(first) = names.insert(&operation.name, operation) {
            let advice = format!("{} {} has it; choose another one", first.method, first.path);
            found.push(Finding::new(Some(operation), member_of(&operation.at, "operationId"), UNIQUE, advice));
        }
        parts(Some(operation), &operation.at, operation.value, found);
    }
    let components = document.get("components").unwrap_or(&Value::Null);
    for (name, answer) in members(components, "responses") {
        response(None, &member_of("/components/responses", name), answer, found);
    }
    for (name, parameter) in members(components, "parameters") {
        described(None, &member_of("/components/parameters", name), parameter, PARAMETER, found);
    }
    for (name, body) in members(components, "requestBodies") {
        request(None, &member_of("/components/requestBodies", name), body, found);
    }
}

fn words(document: &Value, operation: &Operation<'_>, found: &mut Vec<Finding>) {
    let value = operation.value;
    for (key, rule, advice) in TEXTS {
        if text(value, key).is_none() {
            found.push(Finding::new(Some(operation), member_of(&operation.at, key), rule, advice));
        }
    }
    let declared = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    let is_declared = |tag: &Value| declared.clone().any(|one| one.get("name") == Some(tag));
    match value.get("tags").and_then(Value::as_array).map(Vec::as_slice) {
        Some([tag]) if is_declared(tag) => {}
        _ => found.push(Finding::new(
            Some(operation),
            member_of(&operation.at, "tags"),
            TAG,
            "name one tag, the one of the file that the operation is in",
        )),
    }
    if !value.get("security").is_some_and(Value::is_array) {
        let advice = "add `security`: the schemes of which one is enough, or `[]`";
        found.push(Finding::new(Some(operation), member_of(&operation.at, "security"), SECURITY, advice));
    }
}

fn parts(operation: Option<&Operation<'_>>, at: &str, value: &Value, found: &mut Vec<Finding>) {
    let parameters = value.get("parameters").and_then(Value::as_array).into_iter().flatten();
    for (index, parameter) in parameters.enumerate() {
        described(operation, &format!("{at}/parameters/{index}"), parameter, PARAMETER, found);
    }
    if let Some(body) = value.get("requestBody") {
        request(operation, &member_of(at, "requestBody"), body, found);
    }
    let answers = members(value, "responses");
    if answers.is_empty() {
        let advice = "add every status that it can answer, with its body";
        found.push(Finding::new(operation, member_of(at, "responses"), RESPONSES, advice));
    }
    for (status, answer) in answers {
        response(operation, &format!("{at}/responses/{status}"), answer, found);
    }
}

fn request(operation: Option<&Operation<'_>>, at: &str, body: &Value, found: &mut Vec<Finding>) {
    if reference::target(body).is_some() {
        return;
    }
    described(operation, at, body, BODY, found);
    content(operation, at, body, found);
}

fn response(operation: Option<&Operation<'_>>, at: &str, answer: &Value, found: &mut Vec<Finding>) {
    if reference::target(answer).is_some() {
        return;
    }
    described(operation, at, answer, RESPONSE, found);
    for (name, header) in members(answer, "headers") {
        described(operation, &member_of(&member_of(at, "headers"), name), header, HEADER, found);
    }
    content(operation, at, answer, found);
}

/// The bodies, by media type.
fn content(operation: Option<&Operation<'_>>, at: &str, owner: &Value, found: &mut Vec<Finding>) {
    for (media_type, body) in members(owner, "content") {
        let at = member_of(&member_of(at, "content"), media_type);
        let schema = body.get("schema").unwrap_or(&Value::Null);
        let here = member_of(&at, "schema");
        if media_type.ends_with("json") {
            if !is_named(schema) {
                let advice = "give the schema a name in `components.schemas` and refer to it";
                found.push(Finding::new(operation, here, NAMED, advice));
            }
        } else if !schema.get("type").is_some_and(|kind| kind == "string") {
            found.push(Finding::new(operation, here, NO_OBJECT, "describe it as `type: string`"));
        }
        let shown = body.get("example").is_some()
            || body.get("examples").and_then(Value::as_object).is_some_and(|examples| !examples.is_empty());
        if !shown {
            let advice = "add `example`: what really is sent, as Swagger UI and mock servers will show it";
            found.push(Finding::new(operation, at, EXAMPLE, advice));
        }
    }
}

fn described(operation: Option<&Operation<'_>>, at: &str, value: &Value, rule: &'static str, found: &mut Vec<Finding>) {
    if reference::target(value).is_none() && text(value, "description").is_none() {
        found.push(Finding::new(operation, member_of(at, "description"), rule, "say what it means, in a sentence"));
    }
}

fn is_named(schema: &Value) -> bool {
    let names_one =
        |schema: &Value| reference::target(schema).is_some_and(|to| to.starts_with("#/components/schemas/"));
    names_one(schema)
        || (schema.get("type").is_some_and(|kind| kind == "array") && schema.get("items").is_some_and(names_one))
}

/// A text that is not empty.
fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str().filter(|text| !text.trim().is_empty())
}

/// The members of an object that is a member itself; none when it is not there.
fn members<'a>(value: &'a Value, key: &str) -> Vec<(&'a String, &'a Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten().collect()
}
