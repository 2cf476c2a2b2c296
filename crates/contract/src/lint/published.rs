//! The list of operations that clients know, `openapi/operations.txt`: one line for each, `id METHOD path tag`. It is edited by
//! hand, so that nobody renames or removes an operation without noticing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Finding, Operation};
use crate::pointer::member_of;

/// The list's name, for people.
const LIST: &str = "openapi/operations.txt";

const GONE: &str = "an operation that is published keeps its `operationId`: generated clients call their method so";
const MOVED: &str = "an operation that is published keeps its method, path and tag";
const NEW: &str = "an operation is in the list of those that are published";
const TWICE: &str = "the list of published operations names each of them once, as `id METHOD path tag`";

/// Compares the list with the document.
pub(super) fn check(list: &str, operations: &[Operation<'_>], found: &mut Vec<Finding>) {
    let there: BTreeMap<String, &Operation<'_>> = operations.iter().map(|one| (one.name.clone(), one)).collect();
    let mut listed: BTreeMap<&str, &str> = BTreeMap::new();
    for line in list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let Some((id, rest)) = line.split_once(' ') else {
            found.push(Finding::new(None, "", TWICE, format!("complete the line `{line}` of {LIST}")));
            continue;
        };
        if listed.insert(id, rest).is_some() {
            found.push(Finding::new(None, "", TWICE, format!("remove one of the lines of {id} from {LIST}")));
        }
        match there.get(id) {
            None => {
                let advice = format!(
                    "give `{rest}` its id `{id}` back; if it really is to go, remove its line from {LIST} and tell it as a \
                     breaking change in the changelog"
                );
                found.push(Finding::new(None, "/paths", GONE, advice));
            }
            Some(operation) if place(operation) != rest => {
                let advice = format!(
                    "{LIST} has `{rest}`, the document `{}`; put it back, or change the line and tell it as a breaking change \
                     in the changelog",
                    place(operation)
                );
                found.push(Finding::new(Some(operation), operation.at.clone(), MOVED, advice));
            }
            Some(_) => {}
        }
    }
    for operation in operations.iter().filter(|operation| !listed.contains_key(operation.name.as_str())) {
        let advice =
            format!("add the line `{} {}` to {LIST}; from then on the id stays", operation.name, place(operation));
        found.push(Finding::new(Some(operation), member_of(&operation.at, "operationId"), NEW, advice));
    }
}

/// What the list says after the id.
fn place(operation: &Operation<'_>) -> String {
    let tag = operation.value.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default();
    format!("{} {} {tag}", operation.method, operation.path)
}
