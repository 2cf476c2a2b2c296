//! Rules for a document that clients are generated from and people read: what every operation has, how schemas are named and made,
//! and that each example is one. A rule looks at the document alone, so it holds for the documented and for the generated one.

mod examples;
mod finding;
mod operations;
mod published;
mod realistic;
mod schemas;

use serde_json::Value;

pub use finding::Finding;

use crate::place::METHODS;
use crate::pointer::member_of;

/// An operation of the document that is looked at.
#[derive(Debug, Clone)]
struct Operation<'a> {
    /// JSON pointer to it.
    at: String,
    /// Its `operationId`, or method and path where it has none.
    name: String,
    method: String,
    path: &'a str,
    value: &'a Value,
}

/// Everything in an OpenAPI 3.1 document that breaks a rule. `published` is the text of `openapi/operations.txt`: the operations that
/// clients know.
#[must_use]
pub fn lint(document: &Value, published: &str) -> Vec<Finding> {
    let operations = all_operations(document);
    let mut found = Vec::new();
    operations::check(document, &operations, &mut found);
    published::check(published, &operations, &mut found);
    schemas::check(document, &operations, &mut found);
    let examples = examples::all(document, &operations);
    examples::check(document, &examples, &mut found);
    realistic::check(&examples, &mut found);
    found
}

fn all_operations(document: &Value) -> Vec<Operation<'_>> {
    let mut found = Vec::new();
    for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for (method, value) in item.as_object().into_iter().flatten() {
            if !METHODS.contains(&method.as_str()) {
                continue;
            }
            let at = member_of(&member_of("/paths", path), method);
            let method = method.to_uppercase();
            let id = value.get("operationId").and_then(Value::as_str);
            let name = id.map_or_else(|| format!("{method} {path}"), str::to_owned);
            found.push(Operation { at, name, method, path, value });
        }
    }
    found
}
