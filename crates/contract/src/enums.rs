//! The operations as Rust source: one enum per tag and one over them all, so that the compiler knows the contract.

use std::fmt::Write as _;

use heck::ToUpperCamelCase;

use crate::contract::OperationSpec;

/// Name, type and doc comment of each fact that the generated enums answer.
const FACTS: [(&str, &str, &str); 8] = [
    ("id", "&'static str", "The `operationId` of the document."),
    ("method", "&'static str", "The HTTP method, in capitals."),
    ("path", "&'static str", "The path below the server's URL, with its parameters in braces."),
    ("tag", "&'static str", "The tag."),
    ("query_parameters", "&'static [&'static str]", "The names of the documented query parameters."),
    (
        "security",
        "&'static [&'static str]",
        "The security schemes that are accepted; none when it is open to everybody.",
    ),
    ("statuses", "&'static [u16]", "The documented statuses."),
    ("is_extension", "bool", "True for an operation that Coder's API does not have."),
];

/// Rust source with the enum `Operation`, an enum `<Tag>Operation` for each tag, and what each operation is documented to
/// be. It stands alone: it is included in a module without imports.
#[must_use]
pub fn operation_enums(operations: &[OperationSpec]) -> String {
    let mut source = String::new();
    // Writing to a string cannot fail.
    let _ = write_source(&mut source, operations);
    source
}

/// A tag and its operations, in the order of the document.
struct Tag<'a> {
    name: String,
    title: &'a str,
    operations: Vec<&'a OperationSpec>,
}

impl Tag<'_> {
    fn enum_name(&self) -> String {
        format!("{}Operation", self.name)
    }
}

fn by_tag(operations: &[OperationSpec]) -> Vec<Tag<'_>> {
    let mut tags: Vec<Tag<'_>> = Vec::new();
    for operation in operations {
        match tags.iter_mut().find(|tag| tag.title == operation.tag) {
            Some(tag) => tag.operations.push(operation),
            None => tags.push(Tag {
                name: operation.tag.to_upper_camel_case(),
                title: &operation.tag,
                operations: vec![operation],
            }),
        }
    }
    tags
}

fn write_source(out: &mut String, operations: &[OperationSpec]) -> std::fmt::Result {
    let tags = by_tag(operations);
    write_operation(out, &tags)?;
    let mut first_index = 0;
    for tag in &tags {
        write_tag(out, tag, first_index)?;
        first_index += tag.operations.len();
    }
    write_facts(out, &tags)
}

fn write_operation(out: &mut String, tags: &[Tag<'_>]) -> std::fmt::Result {
    writeln!(out, "/// An operation of the documented contract.")?;
    writeln!(out, "#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]\npub enum Operation {{")?;
    for tag in tags {
        writeln!(out, "    /// An operation of the tag {}.", as_doc(tag.title))?;
        writeln!(out, "    {}({}),", tag.name, tag.enum_name())?;
    }
    writeln!(out, "}}\n\nimpl Operation {{")?;
    writeln!(out, "    /// Every operation, tag by tag, in the order of the document.")?;
    writeln!(out, "    pub const ALL: &'static [Self] = &[")?;
    for tag in tags {
        for operation in &tag.operations {
            writeln!(out, "        Self::{}({}::{}),", tag.name, tag.enum_name(), variant(operation))?;
        }
    }
    writeln!(out, "    ];\n\n    /// How many operations there are.")?;
    writeln!(out, "    pub const COUNT: usize = Self::ALL.len();\n")?;
    writeln!(out, "    /// Its place in [`Operation::ALL`]: below [`Operation::COUNT`], without gaps.")?;
    writeln!(out, "    #[must_use]\n    pub const fn index(self) -> usize {{\n        match self {{")?;
    for tag in tags {
        writeln!(out, "            Self::{}(operation) => operation.index(),", tag.name)?;
    }
    writeln!(out, "        }}\n    }}")?;
    write_accessors(out)?;
    writeln!(out, "}}\n")
}

fn write_tag(out: &mut String, tag: &Tag<'_>, first_index: usize) -> std::fmt::Result {
    let enum_name = tag.enum_name();
    writeln!(out, "/// An operation of the tag {}.", as_doc(tag.title))?;
    writeln!(out, "#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]\npub enum {enum_name} {{")?;
    for (offset, operation) in tag.operations.iter().enumerate() {
        let OperationSpec { summary, method, path, .. } = operation;
        writeln!(out, "    /// {}: `{method} {path}`.", as_doc(summary))?;
        writeln!(out, "    {} = {},", variant(operation), first_index + offset)?;
    }
    writeln!(out, "}}\n\nimpl {enum_name} {{")?;
    writeln!(out, "    /// Every operation of the tag, in the order of the document.")?;
    writeln!(out, "    pub const ALL: &'static [Self] = &[")?;
    for operation in &tag.operations {
        writeln!(out, "        Self::{},", variant(operation))?;
    }
    writeln!(out, "    ];\n\n    /// Its place in [`Operation::ALL`].")?;
    writeln!(out, "    #[must_use]\n    pub const fn index(self) -> usize {{\n        self as usize\n    }}")?;
    write_accessors(out)?;
    writeln!(out, "}}\n\nimpl From<{enum_name}> for Operation {{")?;
    writeln!(out, "    fn from(operation: {enum_name}) -> Self {{\n        Self::{}(operation)\n    }}\n}}\n", tag.name)
}

fn write_accessors(out: &mut String) -> std::fmt::Result {
    for (name, kind, doc) in FACTS {
        writeln!(out, "\n    /// {doc}\n    #[must_use]\n    pub const fn {name}(self) -> {kind} {{")?;
        writeln!(out, "        FACTS[self.index()].{name}\n    }}")?;
    }
    Ok(())
}

fn write_facts(out: &mut String, tags: &[Tag<'_>]) -> std::fmt::Result {
    writeln!(out, "/// What the document says of one operation.\nstruct Facts {{")?;
    for (name, kind, _) in FACTS {
        writeln!(out, "    {name}: {kind},")?;
    }
    writeln!(out, "}}\n\n/// By [`Operation::index`].\nstatic FACTS: [Facts; Operation::COUNT] = [")?;
    for OperationSpec { id, method, path, tag, query_parameters, security, statuses, is_extension, .. } in
        tags.iter().flat_map(|tag| &tag.operations)
    {
        writeln!(out, "    Facts {{\n        id: {id:?},\n        method: {method:?},\n        path: {path:?},")?;
        writeln!(out, "        tag: {tag:?},\n        query_parameters: &{query_parameters:?},")?;
        writeln!(out, "        security: &{security:?},\n        statuses: &{statuses:?},")?;
        writeln!(out, "        is_extension: {is_extension},\n    }},")?;
    }
    writeln!(out, "];")
}

fn variant(operation: &OperationSpec) -> String {
    operation.id.to_upper_camel_case()
}

/// A text of the document in a doc comment: on one line, and without what Markdown would take for a link or for HTML.
fn as_doc(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace('\\', "\\\\").replace('[', "\\[").replace('<', "\\<").replace('`', "\\`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(id: &str, tag: &str, summary: &str) -> OperationSpec {
        OperationSpec {
            id: id.to_owned(),
            method: "GET".to_owned(),
            path: "/things/{thing}".to_owned(),
            tag: tag.to_owned(),
            summary: summary.to_owned(),
            query_parameters: vec!["limit".to_owned()],
            has_request_body: false,
            security: Vec::new(),
            statuses: vec![200, 404],
            is_extension: true,
        }
    }

    #[test]
    fn names_follow_the_style_of_rust() {
        let source = operation_enums(&[operation("getThingByID", "API keys", "Get thing")]);
        assert!(source.contains("    ApiKeys(ApiKeysOperation),"), "{source}");
        assert!(source.contains("    GetThingById = 0,"), "{source}");
    }

    #[test]
    fn indexes_are_dense_when_tags_alternate() {
        let operations = [operation("a", "X", "A"), operation("b", "Y", "B"), operation("c", "X", "C")];
        let source = operation_enums(&operations);
        for expected in ["    A = 0,", "    C = 1,", "    B = 2,"] {
            assert!(source.contains(expected), "{expected} in {source}");
        }
        let place = |id: &str| source.find(&format!("id: {id:?}"));
        assert!(place("a") < place("c") && place("c") < place("b"), "{source}");
    }

    #[test]
    fn summaries_cannot_leave_their_comment() {
        let source = operation_enums(&[operation("a", "X", "First\n} <script> [link] `code")]);
        assert!(source.contains("    /// First } \\<script> \\[link] \\`code: `GET /things/{thing}`.\n"), "{source}");
    }
}
