//! Request bodies: from bytes to one JSON object of a known type, with an error that says where and what. The rules of single
//! fields are the type's own; this module only turns their failures into the wire's form.

use std::fmt;

use orgd_api_types::ValidationError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Deserializer;
use serde_json::error::Category;
use thiserror::Error;

mod expectation;
mod media_type;
mod strict;
mod validations;

pub use self::media_type::check_media_type;
pub use self::validations::validations_of;

use self::expectation::Expectation;
use self::strict::{Kind, check};
use super::shortened;

/// A place in a body, both counted from 1; the column counts bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The byte within the line.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "at line {} column {}", self.line, self.column)
    }
}

impl From<&serde_json::Error> for Position {
    fn from(error: &serde_json::Error) -> Self {
        Self { line: error.line(), column: error.column() }
    }
}

/// Why a body cannot be read. Displayed, it is the `detail` of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BodyError {
    /// Nothing there, or white space only.
    #[error("EOF: the body is empty")]
    Empty,
    /// Bytes that are not text.
    #[error("invalid UTF-8 {0}")]
    Utf8(Position),
    /// Not JSON, cut off, followed by something else, or nested too deeply.
    #[error("{message} {position}")]
    Syntax {
        /// What the parser says.
        message: String,
        /// Where it stopped.
        position: Position,
    },
    /// JSON, but neither an object nor null.
    #[error("the body must be an object, not {0}")]
    NotAnObject(&'static str),
    /// A key that the same object has twice.
    #[error("the key {field:?} is given more than once {position}")]
    Repeated {
        /// The path of the key, for example `metadata.name`.
        field: String,
        /// Where the second one ends.
        position: Position,
    },
    /// A value of the wrong type, or one that is missing.
    #[error("{field:?} {rule} {position}")]
    Field {
        /// The path of the field, for example `metadata.name`.
        field: String,
        /// What the value must be.
        rule: String,
        /// Where the value ends.
        position: Position,
    },
    /// A type that refuses the object without naming a field.
    #[error("the body {rule}")]
    Whole {
        /// What the body must be.
        rule: String,
    },
}

impl BodyError {
    /// What the parser says of text that is not JSON.
    fn syntax(error: &serde_json::Error) -> Self {
        let (text, position) = (error.to_string(), Position::from(error));
        let message = text.strip_suffix(&format!(" {position}")).unwrap_or(&text).to_owned();
        Self::Syntax { message, position }
    }

    /// The sentence for people, the same for all of them.
    pub fn message(&self) -> &'static str {
        "Request body must be valid JSON."
    }

    /// What exactly is wrong, and where.
    pub fn detail(&self) -> String {
        self.to_string()
    }

    /// The field that is wrong, if it is a single one.
    pub fn validations(&self) -> Vec<ValidationError> {
        match self {
            Self::Repeated { field, .. } => vec![ValidationError::new(field, "must not be given more than once")],
            Self::Field { field, rule, .. } => vec![ValidationError::new(field, rule)],
            Self::Empty | Self::Utf8(_) | Self::Syntax { .. } | Self::NotAnObject(_) | Self::Whole { .. } => Vec::new(),
        }
    }
}

/// Reads a body that holds one JSON object; `null` stands for the empty request.
///
/// Keys are exact and unknown ones are ignored, but what they hold must be sound too: an object with a key twice is refused
/// wherever it is, and so is nesting of more than 127 levels, which keeps the stack bounded.
///
/// # Errors
///
/// [`BodyError`] for the first thing that is wrong: faults of the JSON itself before faults of fields.
pub fn read_json<T: DeserializeOwned + Default>(bytes: &[u8]) -> Result<T, BodyError> {
    read(bytes, || Ok(T::default()))
}

/// Reads text that must hold one JSON object, by the same rules; `null` is none.
///
/// # Errors
///
/// As [`read_json`].
pub fn read_one_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BodyError> {
    read(bytes, || Err(BodyError::NotAnObject("null")))
}

fn read<T: DeserializeOwned>(bytes: &[u8], null: impl FnOnce() -> Result<T, BodyError>) -> Result<T, BodyError> {
    let text = str::from_utf8(bytes).map_err(|error| BodyError::Utf8(position_of(bytes, error.valid_up_to())))?;
    if text.trim_ascii().is_empty() {
        return Err(BodyError::Empty);
    }
    match check(text)? {
        Kind::Object => read_object(text),
        Kind::Null => null(),
        Kind::Other(name) => Err(BodyError::NotAnObject(name)),
    }
}

/// Reads an object that is known to be sound JSON.
fn read_object<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, BodyError> {
    serde_path_to_error::deserialize(&mut Deserializer::from_str(text)).map_err(|error| {
        let path = shortened(&error.path().to_string()).into_owned();
        let inner = error.into_inner();
        let expectation = match inner.classify() {
            Category::Data => Expectation::of(&inner.to_string()),
            // The JSON is sound, so this is how serde_json says that an enumeration got something other than a string.
            Category::Syntax | Category::Eof | Category::Io => Expectation::Value("has the wrong type".to_owned()),
        };
        let position = Position::from(&inner);
        // A lone dot is the path of the body itself.
        let root = path == ".";
        match expectation {
            Expectation::Missing(name) if root => {
                BodyError::Field { field: name, rule: "is required".into(), position }
            }
            Expectation::Missing(name) => {
                BodyError::Field { field: format!("{path}.{name}"), rule: "is required".into(), position }
            }
            Expectation::Value(rule) if root => BodyError::Whole { rule },
            Expectation::Value(rule) => BodyError::Field { field: path, rule, position },
        }
    })
}

fn position_of(bytes: &[u8], offset: usize) -> Position {
    let before = &bytes[..offset];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    Position { line, column: offset - line_start + 1 }
}

#[cfg(test)]
mod tests;
