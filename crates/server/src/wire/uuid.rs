//! The spellings of a UUID that the API accepts. Knows nothing of what the UUID names.

use thiserror::Error;
use uuid::Uuid;

/// Why a text is not a UUID. The wording is the reference's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UuidError {
    /// No spelling of a UUID is this many bytes long.
    #[error("invalid UUID length: {0}")]
    Length(usize),
    /// The length is right, but a hyphen or a hexadecimal digit is not where it should be.
    #[error("invalid UUID format")]
    Format,
    /// As long as a URN, but it starts with this instead of `urn:uuid:`.
    #[error("invalid urn prefix: {0:?}")]
    UrnPrefix(String),
}

const URN_PREFIX: &[u8] = b"urn:uuid:";

/// Reads a UUID in any case and in any of four spellings: hyphenated (36 bytes), `urn:uuid:` and the hyphenated form (45),
/// the hyphenated form between any two bytes (38, meant for braces; like the reference, this looks at the middle only), and
/// 32 hexadecimal digits.
///
/// # Errors
///
/// [`UuidError`] for anything else, also for white space at either end.
pub fn parse_uuid(text: &str) -> Result<Uuid, UuidError> {
    let bytes = text.as_bytes();
    let digits = match bytes.len() {
        32 | 36 => bytes,
        38 => &bytes[1..37],
        45 => {
            let (prefix, rest) = bytes.split_at(URN_PREFIX.len());
            if !prefix.eq_ignore_ascii_case(URN_PREFIX) {
                return Err(UuidError::UrnPrefix(String::from_utf8_lossy(prefix).into_owned()));
            }
            rest
        }
        length => return Err(UuidError::Length(length)),
    };
    Uuid::try_parse_ascii(digits).map_err(|_| UuidError::Format)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::parse_uuid;

    const PLAIN: &str = "0190b0c4-7d5e-7c3a-9f7e-1a2b3c4d5e6f";

    #[test]
    fn accepts_every_spelling() {
        let id: Uuid = PLAIN.parse().unwrap();
        for text in [
            PLAIN.to_owned(),
            PLAIN.to_uppercase(),
            PLAIN.replace('-', ""),
            format!("urn:uuid:{PLAIN}"),
            format!("URN:Uuid:{PLAIN}"),
            format!("{{{PLAIN}}}"),
            format!("x{PLAIN}\0"),
        ] {
            assert_eq!(parse_uuid(&text), Ok(id), "{text}");
        }
    }

    #[test]
    fn names_what_is_wrong() {
        for (text, error) in [
            ("", "invalid UUID length: 0"),
            ("abc", "invalid UUID length: 3"),
            ("ä", "invalid UUID length: 2"),
            ("0190b0c4-7d5e-7c3a-9f7e-1a2b3c4d5e6f ", "invalid UUID length: 37"),
            ("0190b0c4-7d5e-7c3a-9f7e-1a2b3c4d5e6g", "invalid UUID format"),
            ("0190b0c47d5e-7c3a-9f7e-1a2b3c4d5e6f-", "invalid UUID format"),
            ("0190b0c47d5e7c3a9f7e1a2b3c4d5e6-", "invalid UUID format"),
            ("{0190b0c4+7d5e-7c3a-9f7e-1a2b3c4d5e6f}", "invalid UUID format"),
            ("ä190b0c4-7d5e-7c3a-9f7e-1a2b3c4d5e6f", "invalid UUID length: 37"),
            ("ä90b0c4-7d5e-7c3a-9f7e-1a2b3c4d5e6f", "invalid UUID format"),
            ("urn:guid:0190b0c4-7d5e-7c3a-9f7e-1a2b3c4d5e6f", r#"invalid urn prefix: "urn:guid:""#),
        ] {
            assert_eq!(parse_uuid(text).unwrap_err().to_string(), error, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = parse_uuid(&text);
        }

        #[test]
        fn never_panics_at_the_lengths_that_count(
            bytes in prop_oneof![Just(32), Just(36), Just(38), Just(45)]
                .prop_flat_map(|length: usize| prop::collection::vec(any::<u8>(), length)),
        ) {
            if let Ok(text) = String::from_utf8(bytes) {
                let _ = parse_uuid(&text);
            }
        }

        #[test]
        fn reads_what_is_printed(bits in any::<u128>()) {
            let id = Uuid::from_u128(bits);
            prop_assert_eq!(parse_uuid(&id.to_string()), Ok(id));
            prop_assert_eq!(parse_uuid(&id.simple().to_string()), Ok(id));
            prop_assert_eq!(parse_uuid(&id.urn().to_string()), Ok(id));
            prop_assert_eq!(parse_uuid(&id.braced().to_string()), Ok(id));
        }
    }
}
