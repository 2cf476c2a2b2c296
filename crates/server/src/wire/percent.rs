//! Strict percent-decoding of one path segment or one half of a query pair. Knows nothing of what the text means.

use std::borrow::Cow;

use thiserror::Error;

/// Why a text cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PercentError {
    /// A `%` without two hexadecimal digits after it.
    #[error("contains a \"%\" that is not followed by two hexadecimal digits")]
    Escape,
    /// The decoded bytes are not text.
    #[error("is not valid UTF-8 when decoded")]
    Utf8,
}

/// The text that `raw` stands for. A `+` is a `+`.
///
/// # Errors
///
/// A broken escape or broken UTF-8 is an error, never replaced by something that looks like it.
pub fn decode(raw: &str) -> Result<Cow<'_, str>, PercentError> {
    let bytes = raw.as_bytes();
    let whole = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    if !raw.match_indices('%').all(|(at, _)| whole(at)) {
        return Err(PercentError::Escape);
    }
    percent_encoding::percent_decode_str(raw).decode_utf8().map_err(|_| PercentError::Utf8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{PercentError, decode};

    #[test]
    fn decodes_once_and_strictly() {
        for (raw, text) in [("", ""), ("a+b", "a+b"), ("%2f", "/"), ("%252F", "%2F"), ("%C3%A4", "ä"), ("%00", "\0")] {
            assert_eq!(decode(raw).unwrap(), text, "{raw}");
        }
        for raw in ["%", "%2", "%zz", "a%", "%%41", "%2ä", "%+1"] {
            assert_eq!(decode(raw), Err(PercentError::Escape), "{raw}");
        }
        for raw in ["%FF", "%C3", "%ED%A0%80"] {
            assert_eq!(decode(raw), Err(PercentError::Utf8), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(raw in any::<String>()) {
            let _ = decode(&raw);
        }

        #[test]
        fn undoes_encoding(text in any::<String>()) {
            let raw = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string();
            prop_assert_eq!(decode(&raw).unwrap(), text);
        }
    }
}
