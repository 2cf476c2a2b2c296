//! Between bytes and values: path segments, query strings, request bodies and JSON answers. Pure functions that know neither
//! HTTP statuses nor SQL; what they refuse comes back as a closed error or as a list of named fields.

use std::borrow::Cow;

pub mod body;
pub mod encode;
pub mod idempotency;
pub mod percent;
pub mod query;
pub mod reference;
pub mod uuid;

/// How many characters of a request's own text an error message repeats, so that no answer echoes a long request.
const LONGEST_ECHO: usize = 128;

/// The text, or its beginning and an ellipsis.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST_ECHO) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// The text in quotes, shortened.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn quotes_and_cuts() {
        assert_eq!(quoted("a\"\n"), r#""a\"\n""#);
        assert_eq!(quoted(&"ä".repeat(128)), format!("\"{}\"", "ä".repeat(128)));
        assert_eq!(quoted(&"ä".repeat(129)), format!("\"{}…\"", "ä".repeat(128)));
    }
}
