//! The page of schemas: each with an example, its properties, their restrictions and the values of its enums.

use std::fmt::Write as _;

use serde_json::Value;

use super::markdown::{block, prose, table};
use super::restrictions::restrictions;
use super::rows::{Rows, list};
use super::types::{Lists, Types};
use super::{example, text};

/// The page.
pub(super) fn page(document: &Value) -> String {
    let types = Types { document, page: "" };
    let shown = example::shown(types);
    let mut page =
        "# Schemas\n\nThe objects of requests and answers, by name. Those that begin with `orgd.` are orgd's own. \
                    [All operations](README.md).\n"
            .to_owned();
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let mut names: Vec<(&String, &Value)> = schemas.into_iter().flatten().collect();
    names.sort_by_key(|(name, _)| name.to_lowercase());
    for (name, schema) in names {
        let example = match shown.get(name.as_str()) {
            Some(example) => (*example).clone(),
            None => example::of(types, schema, &shown, &mut vec![name]),
        };
        page.push('\n');
        page.push_str(section(types, name, schema, &example).trim_end());
        page.push('\n');
    }
    page
}

fn section<'a>(types: Types<'a>, name: &str, schema: &'a Value, example: &Value) -> String {
    let mut out = format!("## {name}\n\n");
    let description = prose(text(schema, "description"));
    if !description.is_empty() {
        let _ = write!(out, "{}\n\n", description.trim());
    }
    out.push_str(&block("json", &example::pretty(example)));
    let rows = Rows::of_schema(types, schema);
    let properties = rows.table();
    if properties.is_empty() {
        let row = vec![types.kind(schema, Lists::Of), restrictions(schema)];
        out.push_str(&table(&["Type", "Restrictions"], &[row]));
    } else {
        let _ = write!(out, "### Properties\n\n{properties}{}", rows.values());
    }
    let values = types.values(schema);
    if !values.is_empty() {
        let values: Vec<Vec<String>> = vec![vec![list(&values)]];
        let _ = write!(out, "#### Enumerated Values\n\n{}", table(&["Value(s)"], &values));
    }
    out
}
