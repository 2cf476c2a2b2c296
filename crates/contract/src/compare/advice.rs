//! What to do about a difference: which file to open, and which of the two sides to change.

use heck::{ToKebabCase, ToSnakeCase};
use serde_json::Value;

use crate::place::{METHODS, Place};
use crate::pointer::Pointer;

const ROUTES: &str = "crates/server/src/http/routes.rs";
const DOCUMENT: &str = "crates/server/src/http/document.rs";

/// The part of the document that a difference belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Site {
    /// The frame: info, servers, tags, security.
    Document,
    /// A component.
    Components,
    /// An operation.
    Operation {
        /// `operationId`, or method and path when it has none.
        id: String,
        /// The file of `openapi/` that its tag has.
        file: String,
    },
}

impl Site {
    /// The site that a member of an object opens, if it opens one.
    pub(super) fn entered(place: Place, key: &str, member: Option<&Value>) -> Option<Self> {
        match (place, place.member(key), member) {
            (_, Place::Operation, Some(operation)) => {
                let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
                let tag = operation.get("tags").and_then(|tags| tags.get(0));
                Some(Self::Operation {
                    id: text(operation.get("operationId")).unwrap_or_else(|| format!("{key} without operationId")),
                    file: text(tag).map_or("its file in openapi/".to_owned(), |tag| {
                        format!("openapi/{}.yaml", tag.to_kebab_case())
                    }),
                })
            }
            (Place::Document, Place::Components, _) => Some(Self::Components),
            _ => None,
        }
    }

    /// What a difference at this site names as its operation.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Document => "document",
            Self::Components => "components",
            Self::Operation { id, .. } => id,
        }
    }

    /// Method and path under which a document has the operation of this site.
    pub(super) fn find_in(&self, document: &Value) -> Option<String> {
        let Self::Operation { id, .. } = self else { return None };
        document.get("paths")?.as_object()?.iter().find_map(|(path, item)| {
            let has_id = |method: &&&str| {
                item.get(method)
                    .and_then(|operation| operation.get("operationId"))
                    .is_some_and(|found| found == id.as_str())
            };
            METHODS.iter().find(has_id).map(|method| format!("{} {path}", method.to_uppercase()))
        })
    }

    /// What to do next about a value of this site that only one document has, or that differs.
    pub(super) fn next_step(
        &self,
        place: Place,
        at: &Pointer<'_>,
        in_documented: bool,
        in_generated: bool,
        moved_to: Option<String>,
    ) -> String {
        let (file, code) = self.sources(at);
        match (place, in_documented, in_generated) {
            (Place::Operation, true, false) => match moved_to {
                Some(moved_to) => format!(
                    "the code has it as {moved_to}: correct method and path in the `#[utoipa::path]` of its handler and \
                     in {ROUTES}, or in {file}."
                ),
                None => format!(
                    "bind the operation in {ROUTES}, annotate its handler with `#[utoipa::path]` and list it in \
                     {DOCUMENT}; or remove it from {file}."
                ),
            },
            (Place::Operation, false, true) => match moved_to {
                Some(moved_to) => format!("{file} has it as {moved_to}: correct one of the two."),
                None => format!("add it to {file}, or remove it from the code."),
            },
            (_, true, false) => format!("add it to {code}, or remove it from {file}."),
            (_, false, true) => format!("add it to {file}, or remove it from {code}."),
            (_, _, _) => format!("change {code}; or, if the code is right, change {file}."),
        }
    }

    /// The file of the documented contract, and the place in the code, that have this value.
    fn sources(&self, at: &Pointer<'_>) -> (String, String) {
        match self {
            Self::Document => ("openapi/openapi.yaml".to_owned(), format!("what {DOCUMENT} generates")),
            Self::Operation { id, file } => {
                let handler = id.to_snake_case();
                (file.clone(), format!("the `#[utoipa::path]` of the handler `{handler}` (crates/server/src/http)"))
            }
            Self::Components => {
                let at = at.to_string();
                let mut segments = at.split('/').skip(2);
                let (kind, name) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
                let code = match kind {
                    "schemas" => {
                        let type_name = name.replace('.', "::");
                        format!("the type with `#[schema(as = {type_name})]` (crates/api-types)")
                    }
                    _ => format!("`{name}` in {DOCUMENT}"),
                };
                (format!("`{name}` under components.{kind} in openapi/"), code)
            }
        }
    }
}
