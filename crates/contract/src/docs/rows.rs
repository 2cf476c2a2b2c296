//! The tables of properties: one row for each, those of an object inside indented with `»`.

use serde_json::Value;

use super::markdown::{code, prose, table};
use super::restrictions::restrictions;
use super::text;
use super::types::{Lists, Types};

/// The columns of a table of properties.
const COLUMNS: [&str; 5] = ["Name", "Type", "Required", "Restrictions", "Description"];

/// A table of properties and the table of the values that the enums among them have.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    types: Types<'a>,
    /// What lists are called. The rows of a named schema are shown below the property that has it unless lists say of what.
    lists: Lists,
    rows: Vec<Vec<String>>,
    values: Vec<Vec<String>>,
    /// The named schemas that the current row is inside of: none of them is opened again.
    open: Vec<&'a str>,
}

impl<'a> Rows<'a> {
    /// The rows of an answer, with everything inside.
    pub(super) fn of_answer(types: Types<'a>, schema: &'a Value) -> Self {
        let mut rows = Self { types, lists: Lists::Bare, rows: Vec::new(), values: Vec::new(), open: Vec::new() };
        let depth = usize::from(types.schema(schema).get("items").is_none());
        rows.enter(depth, schema);
        rows
    }

    /// The rows of a named schema. Named schemas inside it have pages of their own.
    pub(super) fn of_schema(types: Types<'a>, schema: &'a Value) -> Self {
        let mut rows = Self { types, lists: Lists::Of, rows: Vec::new(), values: Vec::new(), open: Vec::new() };
        rows.contents(0, schema);
        rows
    }

    /// The table of properties; empty when there are none.
    pub(super) fn table(&self) -> String {
        table(&COLUMNS, &self.rows)
    }

    /// The table of values with its heading; empty when there are none.
    pub(super) fn values(&self) -> String {
        values("Property", &self.values)
    }

    fn enter(&mut self, depth: usize, schema: &'a Value) {
        let name = self.types.name(schema);
        if let Some(name) = name {
            if self.lists == Lists::Of || self.open.contains(&name) {
                return;
            }
            self.open.push(name);
        }
        match self.types.schema(schema).get("items") {
            Some(items) if self.lists == Lists::Bare => {
                self.push(depth, "[array item]", schema, false);
                self.enter(depth + 1, items);
            }
            Some(items) => self.enter(depth, items),
            None => self.contents(depth, schema),
        }
        if name.is_some() {
            self.open.pop();
        }
    }

    fn contents(&mut self, depth: usize, schema: &'a Value) {
        for (name, (property, required)) in self.types.properties(schema) {
            self.property(depth, name, property, required);
        }
        if let Some(any) = self.types.schema(schema).get("additionalProperties").filter(|any| any.is_object()) {
            self.property(depth, "[any property]", any, false);
        }
    }

    fn property(&mut self, depth: usize, name: &str, schema: &'a Value, required: bool) {
        self.push(depth, name, schema, required);
        let values = self.types.values(schema);
        if !values.is_empty() {
            let row = value_row(name, &values);
            if !self.values.contains(&row) {
                self.values.push(row);
            }
        }
        self.enter(depth + 1, schema.get("items").unwrap_or(schema));
    }

    fn push(&mut self, depth: usize, name: &str, schema: &'a Value, required: bool) {
        let indent = if depth == 0 { String::new() } else { "»".repeat(depth) + " " };
        self.rows.push(vec![
            code(&format!("{indent}{name}")),
            self.types.kind(schema, self.lists),
            required.to_string(),
            // Those of this place: a named schema says its own on its own page.
            restrictions(schema),
            prose(text(schema, "description")),
        ]);
    }
}

/// One row of a table of values.
pub(super) fn value_row(name: &str, values: &[String]) -> Vec<String> {
    vec![code(name), list(values)]
}

/// Values in a row of text.
pub(super) fn list(values: &[String]) -> String {
    values.iter().map(|value| code(value)).collect::<Vec<_>>().join(", ")
}

/// A table of values with its heading; empty when there are none.
pub(super) fn values(what: &str, rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!("#### Enumerated Values\n\n{}", table(&[what, "Value(s)"], rows))
}
