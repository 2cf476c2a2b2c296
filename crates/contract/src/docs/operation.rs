//! The page of a tag: its operations, each with a sample, its parameters, and what it answers.

use std::fmt::Write as _;

use serde_json::Value;

use super::markdown::{anchor, block, code, prose, table};
use super::restrictions::restrictions;
use super::rows::{Rows, value_row, values};
use super::types::{Lists, Types};
use super::{Operation, Tag, example, sample, status, text};
use crate::reference;

/// The only kind of content that bodies and answers have.
const JSON: &str = "application/json";
/// What a page says of an operation that Coder's API does not have.
pub(super) const EXTENSION: &str = "**Extension**: Coder's API does not have this operation.";

/// The page.
pub(super) fn page(document: &Value, tag: &Tag<'_>) -> String {
    let mut page = format!("# {}\n\n{}\n\n", tag.name, prose(tag.description));
    page.push_str("Every error has the shape of [codersdk.Response](schemas.md#codersdkresponse). ");
    page.push_str("Paths are below `/api/v2`. [All operations](README.md).\n");
    for operation in &tag.operations {
        page.push('\n');
        page.push_str(Section::new(document, operation).write().trim_end());
        page.push('\n');
    }
    page
}

/// One operation.
struct Section<'a> {
    types: Types<'a>,
    operation: &'a Operation<'a>,
    parameters: Vec<&'a Value>,
}

impl<'a> Section<'a> {
    fn new(document: &'a Value, operation: &'a Operation<'a>) -> Self {
        let types = Types { document, page: "schemas.md" };
        let own = |holder: &'a Value| holder.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let mut parameters: Vec<&Value> = Vec::new();
        // What the operation says of a parameter counts before what its path says.
        for parameter in own(operation.value).chain(own(operation.item)) {
            let parameter = reference::resolve(document, parameter);
            let same = |known: &&Value| ["name", "in"].iter().all(|key| text(known, key) == text(parameter, key));
            if !parameters.iter().any(same) {
                parameters.push(parameter);
            }
        }
        Self { types, operation, parameters }
    }

    fn write(&self) -> String {
        let operation = self.operation;
        let mut out = format!("## {}\n\n", prose(operation.summary()));
        if operation.is_extension() {
            out.push_str(EXTENSION);
            out.push_str("\n\n");
        }
        let description = prose(text(operation.value, "description"));
        if !description.is_empty() {
            let _ = write!(out, "{}\n\n", description.trim());
        }
        out.push_str("### Code samples\n\n");
        out.push_str(&block("shell", &sample::curl(self.types.document, operation, &self.parameters)));
        let _ = write!(out, "{}\n\n", code(&format!("{} {}", operation.method, operation.path)));
        out.push_str(&self.body());
        out.push_str(&self.parameters());
        out.push_str(&self.examples());
        out.push_str(&self.responses());
        out.push_str(&self.headers());
        out.push_str(&self.response_schemas());
        out.push_str(&self.authentication());
        out
    }

    /// The body's media type, when the operation takes a body.
    fn media(&self) -> Option<(&'a Value, &'a Value)> {
        let body = reference::resolve(self.types.document, self.operation.value.get("requestBody")?);
        Some((body, body.get("content")?.get(JSON)?))
    }

    fn body(&self) -> String {
        let Some((_, media)) = self.media() else { return String::new() };
        let made_up = || {
            let schema = media.get("schema")?;
            Some(example::of(self.types, schema, &example::shown(self.types), &mut Vec::new()))
        };
        let Some(example) = example::given(media).cloned().or_else(made_up) else { return String::new() };
        format!("> Body parameter, the file `body.json` of the sample\n\n{}", block("json", &example::pretty(&example)))
    }

    fn parameters(&self) -> String {
        let (mut rows, mut value_rows, mut limits) = (Vec::new(), Vec::new(), Vec::new());
        for parameter in &self.parameters {
            let name = text(parameter, "name");
            let content = || parameter.get("content")?.get(JSON)?.get("schema");
            let Some(schema) = parameter.get("schema").or_else(content) else { continue };
            rows.push(self.row(name, text(parameter, "in"), schema, parameter));
            let values = self.types.values(schema);
            if !values.is_empty() {
                value_rows.push(value_row(name, &values));
            }
            let limit = restrictions(self.types.schema(schema));
            if !limit.is_empty() {
                limits.push(format!("- {}: {limit}\n", code(name)));
            }
        }
        if let Some((body, schema)) = self.media().and_then(|(body, media)| Some((body, media.get("schema")?))) {
            rows.push(self.row("body", "body", schema, body));
        }
        let mut out = table(&["Name", "In", "Type", "Required", "Description"], &rows);
        if !out.is_empty() {
            out.insert_str(0, "### Parameters\n\n");
        }
        out.push_str(&values("Parameter", &value_rows));
        if !limits.is_empty() {
            let _ = write!(out, "#### Restrictions\n\n{}\n", limits.concat());
        }
        out
    }

    fn row(&self, name: &str, place: &str, schema: &'a Value, says: &Value) -> Vec<String> {
        let required = says.get("required").is_some_and(|required| required == true);
        let kind = self.types.kind(schema, Lists::Format);
        vec![code(name), place.to_owned(), kind, required.to_string(), prose(text(says, "description"))]
    }

    /// Status, answer and its JSON, in the order of the document.
    fn answers(&self) -> impl Iterator<Item = (&'a str, &'a Value, Option<&'a Value>)> {
        let responses = self.operation.value.get("responses").and_then(Value::as_object);
        let document = self.types.document;
        responses.into_iter().flatten().map(move |(status, response)| {
            let response = reference::resolve(document, response);
            (status.as_str(), response, response.get("content").and_then(|content| content.get(JSON)))
        })
    }

    /// The successes only: errors have one shape, and an example of it is on the page of schemas.
    fn examples(&self) -> String {
        let mut out = String::new();
        let mut successes: Vec<_> = self.answers().filter(|(status, ..)| status.starts_with('2')).collect();
        // What makes something answers so as a rule, and 200 to who asks again.
        successes.sort_by_key(|(status, ..)| *status != "201");
        for (status, _, media) in successes {
            if let Some(example) = media.and_then(example::given) {
                let _ = write!(out, "> {status} Response\n\n{}", block("json", &example::pretty(example)));
            }
        }
        if !out.is_empty() {
            out.insert_str(0, "### Example responses\n\n");
        }
        out
    }

    fn responses(&self) -> String {
        let row = |(status, response, media): (&str, &'a Value, Option<&'a Value>)| {
            let schema = media.and_then(|media| media.get("schema"));
            let kind = schema.map(|schema| self.types.kind(schema, Lists::Of)).unwrap_or_default();
            vec![status.to_owned(), status::meaning(status), prose(text(response, "description")), kind]
        };
        let rows: Vec<Vec<String>> = self.answers().map(row).collect();
        format!("### Responses\n\n{}", table(&["Status", "Meaning", "Description", "Schema"], &rows))
    }

    fn headers(&self) -> String {
        let mut rows = Vec::new();
        for (status, response, _) in self.answers() {
            for (name, header) in response.get("headers").and_then(Value::as_object).into_iter().flatten() {
                let header = reference::resolve(self.types.document, header);
                let kind = header.get("schema").map(|schema| self.types.kind(schema, Lists::Of)).unwrap_or_default();
                rows.push(vec![status.to_owned(), code(name), kind, prose(text(header, "description"))]);
            }
        }
        let table = table(&["Status", "Header", "Type", "Description"], &rows);
        if table.is_empty() { table } else { format!("### Response Headers\n\n{table}") }
    }

    /// The rows of every answer that is not one named schema, which its link leads to.
    fn response_schemas(&self) -> String {
        let mut out = String::new();
        for (status, _, media) in self.answers() {
            let Some(schema) = media.and_then(|media| media.get("schema")) else { continue };
            if self.types.name(schema).is_some() {
                continue;
            }
            let rows = Rows::of_answer(self.types, schema);
            let table = rows.table();
            if !table.is_empty() {
                let _ = write!(out, "Status Code **{status}**\n\n{table}{}", rows.values());
            }
        }
        if !out.is_empty() {
            let id = anchor(self.operation.summary());
            out.insert_str(0, &format!("<h3 id=\"{id}-responseschema\">Response Schema</h3>\n\n"));
        }
        out
    }

    fn authentication(&self) -> String {
        let schemes = self.operation.schemes();
        let named: Vec<String> =
            schemes.iter().map(|scheme| format!("[{scheme}](authentication.md#{})", anchor(scheme))).collect();
        if named.is_empty() {
            return "Open to everybody: no authentication is needed.\n".to_owned();
        }
        format!("Authentication: {}.\n", named.join(" or "))
    }
}
