//! The index: which pages there are, and every operation.

use std::fmt::Write as _;

use serde_json::Value;

use super::Tag;
use super::markdown::{anchor, code, prose, table};
use crate::reference::resolve;

/// The header of an answer that is an earlier one's.
const REPLAYED: &str = "Idempotent-Replayed";

/// The page.
pub(super) fn page(document: &Value, tags: &[Tag<'_>]) -> String {
    let title = document.pointer("/info/title").and_then(Value::as_str).unwrap_or_default();
    let mut page = format!(
        "# API reference of {title}\n\nWritten by `cargo xtask openapi docs` from the documented contract in `openapi/`; a change \
         made here by hand fails CI.\n\n"
    );
    let row = |tag: &Tag<'_>| vec![format!("[{}]({})", tag.name, tag.file()), prose(tag.description)];
    let mut rows: Vec<Vec<String>> = tags.iter().map(row).collect();
    rows.push(vec!["[Schemas](schemas.md)".to_owned(), "The objects of requests and answers.".to_owned()]);
    rows.push(vec!["[Authentication](authentication.md)".to_owned(), "How a request says who sends it.".to_owned()]);
    page.push_str(&table(&["Page", "What is there"], &rows));
    page.push_str("## Operations\n\nPaths are below `/api/v2`. Operations marked with + are orgd's own: Coder's API does not have them.\n");
    for tag in tags {
        let rows: Vec<Vec<String>> = tag
            .operations
            .iter()
            .map(|operation| {
                let link = format!("[{}]({}#{})", prose(operation.summary()), tag.file(), anchor(operation.summary()));
                let extension = if operation.is_extension() { "+" } else { "" };
                vec![code(&format!("{} {}", operation.method, operation.path)), link, extension.to_owned()]
            })
            .collect();
        let _ = write!(page, "\n### {}\n\n{}", tag.name, table(&["Request", "Operation", ""], &rows).trim_end());
        page.push('\n');
    }
    page.push_str(&repeatable(document, tags));
    page
}

/// Which operations can be repeated with a key of the caller's: those with an answer that says when it is repeated.
fn repeatable(document: &Value, tags: &[Tag<'_>]) -> String {
    let repeats = |operation: &&super::Operation<'_>| {
        let responses = operation.value.get("responses").and_then(Value::as_object);
        let mut responses = responses.into_iter().flat_map(|responses| responses.values());
        responses.any(|response| resolve(document, response).pointer(&format!("/headers/{REPLAYED}")).is_some())
    };
    let row = |tag: &Tag<'_>, operation: &super::Operation<'_>| {
        let link = format!("[{}]({}#{})", prose(operation.summary()), tag.file(), anchor(operation.summary()));
        vec![code(&format!("{} {}", operation.method, operation.path)), link]
    };
    let rows: Vec<Vec<String>> = tags
        .iter()
        .flat_map(|tag| tag.operations.iter().filter(repeats).map(move |operation| row(tag, operation)))
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "\n## Idempotency-Key\n\nThese requests may carry the header `Idempotency-Key`, 1 to 255 visible ASCII characters that the caller \
         makes up. When the same user sends the same request with the same key within 24 hours, it is not done again: the first answer is \
         repeated, with the header `{REPLAYED}: true`. The same key with another request is 422. A request that was refused may be tried \
         again with its key. On every other operation the header has no effect.\n\n{}\n",
        table(&["Request", "Operation"], &rows).trim_end()
    )
}
