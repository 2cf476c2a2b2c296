//! Schemas of every shape, in a document that was made for this.

use orgd_contract::{Page, pages};
use serde_json::{Value, json};

use super::page;

/// A document with one operation that answers this schema, and these schemas.
fn document(answer: &Value, schemas: &Value) -> Value {
    json!({
        "info": { "title": "test" },
        "tags": [{ "name": "Two Words", "description": "About <b> things." }],
        "paths": { "/things/{thing}": {
            "parameters": [{ "name": "thing", "in": "path", "required": true, "schema": { "type": "string" }, "example": "a b" }],
            "put": {
                "tags": ["Two Words"], "summary": "Put thing", "security": [{ "Key": [] }, { "Other": [] }], "x-extension": true,
                "parameters": [
                    { "name": "how", "in": "query", "required": true, "description": "one\n  or | two", "example": "x&y",
                      "schema": { "type": "array", "items": { "type": "string", "enum": ["b", "a"] }, "maxItems": 2 } },
                ],
                "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/A" } } } },
                "responses": {
                    "200": { "description": "OK", "content": { "application/json": { "schema": answer } } },
                    "299": { "description": "", "headers": { "X-A": { "schema": { "type": "integer" }, "description": "a" } } },
                },
            },
        } },
        "components": {
            "securitySchemes": { "Key": { "in": "header", "name": "X-Key" }, "Other": { "in": "header", "name": "X-Other" } },
            "schemas": schemas,
        },
    })
}

fn schemas() -> Value {
    json!({
        "A": { "type": "object", "required": ["z"], "properties": {
            "z": { "type": ["string", "null"], "pattern": "^a|b$", "description": "x < y" },
            "tree": { "type": "array", "items": { "$ref": "#/components/schemas/A" } },
            "b": { "allOf": [{ "$ref": "#/components/schemas/E" }], "description": "said of it" },
        } },
        "E": { "type": "string", "enum": ["two", "one"] },
        "M": { "type": "object", "additionalProperties": { "$ref": "#/components/schemas/A" } },
        "W": { "allOf": [{ "$ref": "#/components/schemas/A" }, { "type": "object", "required": ["w"], "properties": { "w": { "type": "integer" } } }] },
        "O": { "oneOf": [{ "$ref": "#/components/schemas/A" }, { "type": "string", "format": "uuid" }] },
    })
}

fn of(answer: &Value) -> Vec<Page> {
    pages(&document(answer, &schemas()))
}

/// The first three columns of the rows of a table of properties after the heading.
fn rows(page: &str, heading: &str) -> Vec<String> {
    let (_, after) = page.split_once(heading).unwrap_or_else(|| panic!("no {heading}: {page}"));
    let table =
        after.lines().skip_while(|line| !line.starts_with("| Name")).skip(2).take_while(|line| line.starts_with('|'));
    table.map(|line| line.split(" |").take(3).collect::<Vec<_>>().join("").replace("| ", "").replace('`', "")).collect()
}

#[test]
fn lists_maps_and_circles_are_rows() {
    let map = json!({ "type": "object", "additionalProperties": { "$ref": "#/components/schemas/M" } });
    let answer = json!({ "type": "array", "items": { "type": "array", "items": map } });
    assert_eq!(
        rows(page(&of(&answer), "two-words.md"), "Response Schema"),
        [
            "[array item] array false",
            "» [array item] array false",
            "»» [any property] [M](schemas.md#m) false",
            "»»» [any property] [A](schemas.md#a) false",
            "»»»» b [E](schemas.md#e) false",
            "»»»» tree array false",
            "»»»» z string or null true",
        ]
    );
    // An object without a name is indented once.
    let object = json!({ "type": "object", "required": ["n"], "properties": { "n": { "type": "number" } } });
    assert_eq!(rows(page(&of(&object), "two-words.md"), "Response Schema"), ["» n number true"]);
}

#[test]
fn a_named_answer_is_a_link() {
    let pages = of(&json!({ "$ref": "#/components/schemas/W" }));
    let text = page(&pages, "two-words.md");
    assert!(text.contains("| [W](schemas.md#w) |") && !text.contains("Response Schema"), "{text}");
}

#[test]
fn schemas_have_a_section_each() {
    let pages = of(&json!({ "type": "string" }));
    let text = page(&pages, "schemas.md");
    assert_eq!(rows(text, "## A\n"), ["b [E](#e) false", "tree array of [A](#a) false", "z string or null true"]);
    assert!(text.contains("| true | matches `^a\\|b$` | x &lt; y |"), "{text}");
    assert!(text.contains("| Property | Value(s) |\n| --- | --- |\n| `b` | `one`, `two` |"), "{text}");
    assert!(text.contains("| Value(s) |\n| --- |\n| `one`, `two` |"), "{text}");
    assert_eq!(rows(text, "## M\n"), ["[any property] [A](#a) false"]);
    assert_eq!(
        rows(text, "## W\n"),
        ["b [E](#e) false", "tree array of [A](#a) false", "w integer true", "z string or null true"]
    );
    assert!(text.contains("| [A](#a) or string(uuid) |"), "{text}");
    // The circle of A ends in its example.
    assert!(text.contains("\"tree\": [\n    {}\n  ]"), "{text}");
}

#[test]
fn an_operation_says_all_that_the_document_does() {
    let pages = of(&json!({ "type": "string" }));
    let text = page(&pages, "two-words.md");
    for part in [
        "About &lt;b> things.",
        "**Extension**",
        "curl -X PUT 'http://127.0.0.1:8080/api/v2/things/a%20b?how=x%26y' \\\n  -H 'Content-Type: application/json' \\\n",
        "  -H \"X-Key: $X_KEY\" \\\n  -d @body.json\n",
        "`PUT /things/{thing}`",
        "| `how` | query | array(string) | true | one or \\| two |",
        "| `thing` | path | string | true | |",
        "| `body` | body | [A](schemas.md#a) | true | |",
        "| `how` | `a`, `b` |",
        "- `how`: at most 2 elements",
        "| 299 | 299 | | |",
        "| 299 | `X-A` | integer | a |",
        "Authentication: [Key](authentication.md#key) or [Other](authentication.md#other).",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(page(&pages, "README.md").contains("| `PUT /things/{thing}` | [Put thing](two-words.md#put-thing) | + |"));
}
