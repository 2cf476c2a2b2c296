//! The API reference as Markdown: one page for each tag, the schemas, authentication, and an index. Everything comes from the
//! document; the layout of tables is that of Coder's published reference.

mod authentication;
mod example;
mod index;
mod markdown;
mod operation;
mod restrictions;
mod rows;
mod sample;
mod schemas;
mod status;
mod types;

use serde_json::Value;

use crate::place::METHODS;

/// One page: a Markdown file without a folder in its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The name of the file, for example `organizations.md`.
    pub file: String,
    /// What it says.
    pub text: String,
}

/// Every page of the reference, the index first.
#[must_use]
pub fn pages(document: &Value) -> Vec<Page> {
    let tags = tags(document);
    let mut pages = vec![Page { file: "README.md".to_owned(), text: index::page(document, &tags) }];
    for tag in &tags {
        pages.push(Page { file: tag.file(), text: operation::page(document, tag) });
    }
    pages.push(Page { file: "schemas.md".to_owned(), text: schemas::page(document) });
    pages.push(Page { file: "authentication.md".to_owned(), text: authentication::page(document, &tags) });
    pages
}

/// A tag and its operations, in the order of the document.
struct Tag<'a> {
    name: &'a str,
    description: &'a str,
    operations: Vec<Operation<'a>>,
}

impl Tag<'_> {
    fn file(&self) -> String {
        format!("{}.md", self.name.to_lowercase().replace(' ', "-"))
    }
}

/// An operation in its place.
struct Operation<'a> {
    /// In capitals.
    method: String,
    path: &'a str,
    /// What stands beside the methods of the path: parameters that all of them share.
    item: &'a Value,
    value: &'a Value,
}

impl<'a> Operation<'a> {
    fn summary(&self) -> &'a str {
        text(self.value, "summary")
    }

    fn is_extension(&self) -> bool {
        self.value.get("x-extension").is_some_and(|extension| extension == true)
    }

    /// The names of the security schemes of which one is needed; none for an operation that is open to everybody.
    fn schemes(&self) -> Vec<&'a str> {
        let requirements = self.value.get("security").and_then(Value::as_array).into_iter().flatten();
        requirements
            .filter_map(Value::as_object)
            .flat_map(|requirement| requirement.keys())
            .map(String::as_str)
            .collect()
    }
}

/// A member that is a text; the empty one when it is not there.
fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn tags(document: &Value) -> Vec<Tag<'_>> {
    let declared = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    let tag = |tag| {
        let name = text(tag, "name");
        Tag { name, description: text(tag, "description"), operations: operations(document, name) }
    };
    declared.map(tag).collect()
}

fn operations<'a>(document: &'a Value, tag: &str) -> Vec<Operation<'a>> {
    let mut found = Vec::new();
    for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for (method, value) in item.as_object().into_iter().flatten() {
            let tagged =
                value.get("tags").and_then(Value::as_array).is_some_and(|tags| tags.iter().any(|own| own == tag));
            if tagged && METHODS.contains(&method.as_str()) {
                found.push(Operation { method: method.to_uppercase(), path, item, value });
            }
        }
    }
    found
}
