//! Bytes into the lines of a log: UTF-8, without line ends, none longer than a log line may be.

/// Bytes that a log line may have.
pub(crate) const LONGEST: usize = 64 * 1024;

/// Cuts what one stream writes into lines, as it comes.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The line that is not over.
    partial: Vec<u8>,
}

impl Lines {
    /// The lines that are complete with these bytes. One that is too long comes in parts.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut complete = Vec::new();
        let mut parts = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            self.partial.extend_from_slice(part);
            if parts.peek().is_some() {
                end_line(&std::mem::take(&mut self.partial), &mut complete);
            }
        }
        // One more than the longest: it may be a carriage return that belongs to the line end.
        while self.partial.len() > LONGEST + 1 {
            let rest = self.partial.split_off(boundary(&self.partial));
            add(&std::mem::replace(&mut self.partial, rest), &mut complete);
        }
        complete
    }

    /// What is left when the stream ends.
    pub(crate) fn finish(&mut self) -> Vec<String> {
        let mut complete = Vec::new();
        if !self.partial.is_empty() {
            end_line(&std::mem::take(&mut self.partial), &mut complete);
        }
        complete
    }
}

fn end_line(line: &[u8], into: &mut Vec<String>) {
    add(line.strip_suffix(b"\r").unwrap_or(line), into);
}

/// Adds the text, in parts if it has grown too long because broken characters were replaced.
fn add(bytes: &[u8], into: &mut Vec<String>) {
    // No database stores NUL in a text.
    let text = String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}");
    let mut rest = text.as_str();
    while rest.len() > LONGEST {
        let (part, after) = rest.split_at(rest.floor_char_boundary(LONGEST));
        into.push(part.to_owned());
        rest = after;
    }
    into.push(rest.to_owned());
}

/// Where to cut bytes that are more than the longest line, so that no character is broken.
fn boundary(bytes: &[u8]) -> usize {
    let continues = |index: usize| bytes[index] & 0b1100_0000 == 0b1000_0000;
    (LONGEST - 3..=LONGEST).rev().find(|index| !continues(*index)).unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lines of a stream that comes in pieces of this size.
    fn lines(bytes: &[u8], size: usize) -> Vec<String> {
        let mut lines = Lines::default();
        let mut all: Vec<String> = bytes.chunks(size).flat_map(|piece| lines.push(piece)).collect();
        all.extend(lines.finish());
        all
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_come() {
        let text = "a\n\nb\r\nc\rd\n\u{e4}\u{1f600}\nend";
        for size in 1..text.len() {
            assert_eq!(lines(text.as_bytes(), size), ["a", "", "b", "c\rd", "\u{e4}\u{1f600}", "end"]);
        }
        assert_eq!(lines(b"a\n", 1), ["a"]);
        assert!(lines(b"", 1).is_empty());
    }

    #[test]
    fn broken_characters_are_replaced() {
        assert_eq!(lines(b"a\xffb\n\xe4\nc\0d", 1), ["a\u{fffd}b", "\u{fffd}", "c\u{fffd}d"]);
    }

    #[test]
    fn a_long_line_comes_in_parts_that_break_no_character() {
        for (character, piece) in [("a", 4096), ("\u{e4}", 4095), ("\u{1f600}", 4097), ("\u{20ac}", 1 << 20)] {
            let text = character.repeat(200_000);
            let found = lines(text.as_bytes(), piece);
            assert!(found.iter().all(|line| line.len() <= LONGEST), "{character}");
            assert_eq!(found.concat(), text, "{character}");
            assert!(found[0].len() > LONGEST - 4);
        }
    }

    #[test]
    fn a_line_of_the_greatest_length_is_one() {
        for end in ["\n", "\r\n", ""] {
            let line = "a".repeat(LONGEST);
            assert_eq!(lines(format!("{line}{end}").as_bytes(), 1000), [line]);
        }
        assert_eq!(lines("a".repeat(LONGEST + 1).as_bytes(), 1000), ["a".repeat(LONGEST), "a".to_owned()]);
    }

    #[test]
    fn broken_characters_do_not_make_a_line_too_long() {
        let found = lines(&[0xff; 100_000], 1000);
        assert!(found.iter().all(|line| line.len() <= LONGEST && !line.is_empty()));
        assert_eq!(found.concat(), "\u{fffd}".repeat(100_000));
    }
}
