//! JSON as the API sends it: compact, and with the characters escaped that could end an HTML or a script element early.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

mod job;

pub use self::job::JobFragment;

/// Compact JSON in which `<`, `>`, `&`, U+2028 and U+2029 are written as `\u003c` and so on.
#[derive(Debug, Clone, Copy, Default)]
struct WireFormatter;

impl Formatter for WireFormatter {
    /// Gets the runs between the characters that JSON itself escapes.
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, length, escape)) = first_escape(rest) {
            writer.write_all(&rest.as_bytes()[..at])?;
            writer.write_all(escape)?;
            rest = &rest[at + length..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Where the first character to escape starts, how long it is, and what to write for it.
fn first_escape(text: &str) -> Option<(usize, usize, &'static [u8])> {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let at = from + first_candidate(&bytes[from..])?;
        match (bytes[at], bytes.get(at + 1..at + 3)) {
            (b'<', _) => return Some((at, 1, br"\u003c")),
            (b'>', _) => return Some((at, 1, br"\u003e")),
            (b'&', _) => return Some((at, 1, br"\u0026")),
            (_, Some([0x80, 0xa8])) => return Some((at, 3, br"\u2028")),
            (_, Some([0x80, 0xa9])) => return Some((at, 3, br"\u2029")),
            // Some other character whose first byte is the same.
            _ => from = at + 1,
        }
    }
}

/// Where the first byte is with which a character to escape could start.
fn first_candidate(bytes: &[u8]) -> Option<usize> {
    // Written without `matches!`, whose lookup the compiler does not turn into vector instructions.
    let candidate = |byte: &u8| (*byte == b'<') | (*byte == b'>') | (*byte == b'&') | (*byte == 0xe2);
    // Sixteen bytes without an early exit are one vector comparison; most text has no candidate at all.
    let (chunks, _) = bytes.as_chunks::<16>();
    let clean = chunks.iter().take_while(|chunk| !chunk.iter().fold(false, |hit, byte| hit | candidate(byte))).count();
    let skipped = clean * 16;
    bytes[skipped..].iter().position(candidate).map(|at| skipped + at)
}

/// Adds the JSON of `value` to `out`, without a line feed.
///
/// # Panics
///
/// Panics if `value` refuses to be serialised or has a map whose keys are not strings. No wire type does: they are derived,
/// from strings, numbers, UUIDs and timestamps.
#[expect(
    clippy::expect_used,
    reason = "writing to a Vec cannot fail, and derived wire types with string keys cannot either"
)]
pub fn append<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let mut serializer = Serializer::with_formatter(out, WireFormatter);
    value.serialize(&mut serializer).expect("a wire type has a JSON form");
}

/// The body of an answer: the JSON of `value` and one line feed.
///
/// # Panics
///
/// As [`append`].
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    append(&mut out, value);
    out.push(b'\n');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{append, to_vec};

    /// Text in which the characters that matter are common.
    fn text() -> impl Strategy<Value = String> {
        let character = prop_oneof![
            4 => any::<char>(),
            3 => prop::sample::select(vec!['<', '>', '&', '"', '\\', '\0', '\n', '\x08', '\x0c', '\x7f']),
            3 => prop::char::range('\u{2000}', '\u{2fff}'),
            2 => prop::char::range('\u{2027}', '\u{202a}'),
        ];
        prop::collection::vec(character, 0..40).prop_map(|characters| characters.into_iter().collect())
    }

    #[test]
    fn escapes_as_the_reference_does() {
        let value = "<a href=\"x\">&\u{2027}\u{2028}\u{2029}\u{202a}\u{20ac}é\n\t\x01\x08\x7f\\/";
        let json = concat!(
            "\"\\u003ca href=\\\"x\\\"\\u003e\\u0026\u{2027}\\u2028\\u2029\u{202a}\u{20ac}é",
            "\\n\\t\\u0001\\b\x7f\\\\/\"\n"
        );
        assert_eq!(String::from_utf8(to_vec(value)).unwrap(), json);
    }

    #[test]
    fn is_compact_and_appends() {
        let mut out = b"[".to_vec();
        append(&mut out, &serde_json::json!({"a": [1, null, {"<": "&"}]}));
        assert_eq!(out, br#"[{"a":[1,null,{"\u003c":"\u0026"}]}"#);
    }

    proptest! {
        #[test]
        fn decodes_to_the_same_text_and_holds_nothing_raw(value in text()) {
            let json = String::from_utf8(to_vec(&value)).unwrap();
            prop_assert_eq!(&serde_json::from_str::<String>(&json).unwrap(), &value);
            let raw = json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']);
            prop_assert!(!raw, "{}", json);
        }

        #[test]
        fn differs_from_plain_json_only_in_the_five(value in text()) {
            let json = String::from_utf8(to_vec(&value)).unwrap();
            let plain = serde_json::to_string(&value).unwrap();
            let escaped = plain
                .replace('<', r"\u003c").replace('>', r"\u003e").replace('&', r"\u0026")
                .replace('\u{2028}', r"\u2028").replace('\u{2029}', r"\u2029");
            prop_assert_eq!(json, escaped + "\n");
        }
    }
}
