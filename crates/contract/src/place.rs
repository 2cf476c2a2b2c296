//! Which kind of OpenAPI object a value is, by the way that leads to it. The same key means different things in different
//! places (a schema's `required` is a set of names, a parameter's is a flag, a property may be *called* `required`), so
//! everything that walks a document asks here.

use serde_json::{Map, Value};

/// The HTTP methods that a path item can have, in the spelling of OpenAPI.
pub(crate) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A place in an OpenAPI 3.1 document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The whole document.
    Document,
    /// Prose around the operations: info, servers, security schemes. Objects in which only `description` is special.
    Described,
    /// The document's list of tags: matched by name.
    Tags,
    /// Path to path item.
    Paths,
    PathItem,
    Operation,
    /// A list of parameters: matched by place and name.
    Parameters,
    Parameter,
    RequestBody,
    /// Status to response.
    Responses,
    Response,
    /// Name to header.
    Headers,
    Header,
    /// Media type to its description.
    Content,
    MediaType,
    Schema,
    /// Name to schema.
    Schemas,
    /// A list of schemas, in order.
    SchemaList,
    /// `type` of a schema: one name or a set of them.
    Type,
    /// A list whose order means nothing: `required`, `enum`, the tags of an operation.
    Set,
    /// Prose: runs of white space count as one space.
    Text,
    Components,
    /// Name to parameter, among the components.
    NamedParameters,
    /// Name to request body, among the components.
    NamedRequestBodies,
    /// A value that stands for itself: an example, a default, an `x-` key.
    Literal,
}

impl Place {
    /// The place of a member of an object.
    pub(crate) fn member(self, key: &str) -> Self {
        match self {
            Self::Paths => Self::PathItem,
            Self::Responses => Self::Response,
            Self::Headers => Self::Header,
            Self::Content => Self::MediaType,
            Self::Schemas => Self::Schema,
            Self::NamedParameters => Self::Parameter,
            Self::NamedRequestBodies => Self::RequestBody,
            Self::Literal | Self::Tags | Self::Parameters | Self::SchemaList | Self::Type | Self::Set | Self::Text => {
                Self::Literal
            }
            _ if key.starts_with("x-") => Self::Literal,
            Self::Components => component(key),
            _ if key == "description" => Self::Text,
            Self::Document => document(key),
            Self::Described => Self::Described,
            Self::PathItem if METHODS.contains(&key) => Self::Operation,
            Self::PathItem | Self::Operation => operation(key),
            Self::Schema => schema(key),
            Self::Parameter | Self::RequestBody | Self::Response | Self::Header | Self::MediaType => payload(key),
        }
    }

    /// The place of an element of a list.
    pub(crate) fn element(self) -> Self {
        match self {
            Self::Described | Self::Tags => Self::Described,
            Self::Parameters => Self::Parameter,
            Self::SchemaList => Self::Schema,
            _ => Self::Literal,
        }
    }

    /// True where a `$ref` stands for the object that it leads to, so that writing it out means the same. A reference to
    /// a schema is more: it names a type.
    pub(crate) fn is_referable(self) -> bool {
        matches!(self, Self::Parameter | Self::RequestBody | Self::Response | Self::Header)
    }

    /// True when an object without the key says the same as one with `key: value`.
    pub(crate) fn is_default(self, object: &Map<String, Value>, key: &str, value: &Value) -> bool {
        match key {
            "required" => {
                matches!(self, Self::Parameter | Self::Header | Self::RequestBody) && value == &Value::Bool(false)
            }
            "deprecated" => {
                matches!(self, Self::Operation | Self::Parameter | Self::Header | Self::Schema)
                    && value == &Value::Bool(false)
            }
            "style" => matches!(self, Self::Parameter | Self::Header) && value == default_style(object),
            "explode" => {
                let style = object.get("style").and_then(Value::as_str).unwrap_or_else(|| default_style(object));
                matches!(self, Self::Parameter | Self::Header) && value == &Value::Bool(style == "form")
            }
            _ => false,
        }
    }
}

/// The style of a parameter without one: `form` in the query and in a cookie, `simple` in the path and in a header.
fn default_style(parameter: &Map<String, Value>) -> &'static str {
    match parameter.get("in").and_then(Value::as_str) {
        Some("query" | "cookie") => "form",
        _ => "simple",
    }
}

fn document(key: &str) -> Place {
    match key {
        "info" | "servers" | "externalDocs" => Place::Described,
        "tags" => Place::Tags,
        "paths" | "webhooks" => Place::Paths,
        "components" => Place::Components,
        _ => Place::Literal,
    }
}

fn component(key: &str) -> Place {
    match key {
        "schemas" => Place::Schemas,
        "responses" => Place::Responses,
        "parameters" => Place::NamedParameters,
        "requestBodies" => Place::NamedRequestBodies,
        "headers" => Place::Headers,
        "securitySchemes" => Place::Described,
        "pathItems" => Place::Paths,
        _ => Place::Literal,
    }
}

fn operation(key: &str) -> Place {
    match key {
        "parameters" => Place::Parameters,
        "requestBody" => Place::RequestBody,
        "responses" => Place::Responses,
        "tags" => Place::Set,
        "servers" | "externalDocs" => Place::Described,
        _ => Place::Literal,
    }
}

fn payload(key: &str) -> Place {
    match key {
        "schema" => Place::Schema,
        "content" => Place::Content,
        "headers" => Place::Headers,
        _ => Place::Literal,
    }
}

fn schema(key: &str) -> Place {
    match key {
        "properties" | "patternProperties" | "dependentSchemas" | "$defs" => Place::Schemas,
        "items"
        | "additionalProperties"
        | "propertyNames"
        | "contains"
        | "not"
        | "if"
        | "then"
        | "else"
        | "unevaluatedItems"
        | "unevaluatedProperties"
        | "contentSchema" => Place::Schema,
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Place::SchemaList,
        "required" | "enum" => Place::Set,
        "type" => Place::Type,
        _ => Place::Literal,
    }
}
