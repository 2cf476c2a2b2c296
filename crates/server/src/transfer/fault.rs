//! What is wrong with a file, and where. Decides nothing.

use std::fmt;
use std::sync::Arc;

/// A place in a file; line and column are counted from 1, the column in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The name of the file, for people.
    pub file: Arc<str>,
    /// The line.
    pub line: usize,
    /// The byte within the line.
    pub column: usize,
}

impl Place {
    /// The place at a line and column that are counted from this one, itself being line 1 column 1.
    pub(super) fn plus(&self, line: usize, column: usize) -> Self {
        let column = if line <= 1 { self.column + column.max(1) - 1 } else { column };
        Self { file: Arc::clone(&self.file), line: self.line + line.max(1) - 1, column }
    }
}

impl fmt::Display for Place {
    /// The column is left out where the line alone says it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} line {}", self.file, self.line)?;
        if self.column > 1 { write!(formatter, " column {}", self.column) } else { Ok(()) }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// The path of the key, such as `metadata.template_id`; absent when it is the whole object or the text.
    pub field: Option<String>,
    /// The rule, in words that follow the field's name.
    pub rule: String,
}

impl Fault {
    pub(super) fn of_field(place: &Place, field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { place: place.clone(), field: Some(field.into()), rule: rule.into() }
    }

    pub(super) fn of_text(place: Place, rule: impl Into<String>) -> Self {
        Self { place, field: None, rule: rule.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(formatter, "{}: {field:?} {}", self.place, self.rule),
            None => write!(formatter, "{}: {}", self.place, self.rule),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Place};

    fn place(line: usize, column: usize) -> Place {
        Place { file: "jobs.ndjson".into(), line, column }
    }

    #[test]
    fn a_place_is_counted_from_another() {
        assert_eq!(place(3, 5).plus(1, 1), place(3, 5));
        assert_eq!(place(3, 5).plus(1, 4), place(3, 8));
        assert_eq!(place(3, 5).plus(2, 4), place(4, 4));
        // serde_json counts from column 0 where a line has just begun.
        assert_eq!(place(3, 5).plus(2, 0), place(4, 0));
        assert_eq!(place(3, 5).plus(0, 0), place(3, 5));
    }

    #[test]
    fn says_where_what_and_why() {
        assert_eq!(
            Fault::of_field(&place(3, 1), "id", "is required").to_string(),
            r#"jobs.ndjson line 3: "id" is required"#
        );
        assert_eq!(Fault::of_text(place(3, 7), "is cut off").to_string(), "jobs.ndjson line 3 column 7: is cut off");
    }
}
