//! The index: which pages there are, and every operation.

use std::fmt::Write as _;

use serde_json::Value;

use super::Tag;
use super::markdown::{anchor, code, prose, table};

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
    page
}
