//! Semantic comparison of the documented and the generated OpenAPI document. What means the same is equal; everything else
//! is a difference, extra keys on either side included. Neither document is ever changed.

mod advice;
mod difference;
mod equality;
mod walk;

use serde_json::Value;

pub use difference::Difference;

/// Every difference between the two documents, in the order of the documented one.
///
/// These mean the same:
/// - any order of keys, of `required`, of `enum`, of a list of types, of tags, and of parameters, which are matched by
///   `in` and `name`;
/// - `type: [string]` and `type: string`; `0` and `0.0`;
/// - `required: false`, `deprecated: false` and the style and explode of a parameter's place, written or left out;
/// - descriptions that differ in white space only, since YAML and doc comments fold lines differently;
/// - a `$ref` to a response, parameter, request body or header, and that object written out. These components are compared
///   by name where both documents have the name, and where no `$ref` of their own document leads to them.
///
/// A `$ref` to a schema names a type, so it equals only the same `$ref`; the schemas are compared by name.
#[must_use]
pub fn compare(documented: &Value, generated: &Value) -> Vec<Difference> {
    walk::Comparison::new(documented, generated).run()
}
