//! A page of docs/ that a task writes: writing it, and checking that it is what would be written.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;

/// Exit code for a page that is not what would be written.
const DIFFERS: u8 = 1;

/// A page of docs/.
#[derive(Debug)]
pub(crate) struct WrittenPage {
    /// Where it is.
    pub(crate) file: &'static str,
    /// What people call it.
    pub(crate) name: &'static str,
    /// What it is written from, in a word: the page says what this says.
    pub(crate) source: &'static str,
    /// The command that writes it.
    pub(crate) command: &'static str,
}

impl WrittenPage {
    /// Writes the text, or compares it with the page that is there. Exit codes: 0 written or the same, 1 another.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub(crate) fn write_or_check(&self, text: &str, check: bool) -> anyhow::Result<ExitCode> {
        let Self { file, name, source, command } = self;
        if !check {
            std::fs::write(file, text).with_context(|| format!("cannot write {file}"))?;
            return Ok(ExitCode::SUCCESS);
        }
        let there = std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
        let mut out = std::io::stdout().lock();
        let Some((number, is, should)) = first_difference(&there, text) else {
            writeln!(out, "{name} says what the {source} says.")?;
            return Ok(ExitCode::SUCCESS);
        };
        writeln!(out, "{name}, line {number}, is not what the {source} says.\n  there:  {is}\n  should: {should}")?;
        writeln!(out, "Run `{command}` and look at what it changed.")?;
        Ok(ExitCode::from(DIFFERS))
    }
}

/// The first line in which two texts differ: its number and both versions.
pub(crate) fn first_difference<'a>(one: &'a str, other: &'a str) -> Option<(usize, &'a str, &'a str)> {
    if one == other {
        return None;
    }
    let (mut left, mut right) = (one.lines(), other.lines());
    for number in 1.. {
        match (left.next(), right.next()) {
            (Some(left), Some(right)) if left == right => {}
            // Both over: they differ in how their last lines end.
            (None, None) => return Some((number, "(end)", "(end)")),
            (left, right) => return Some((number, left.unwrap_or("(end)"), right.unwrap_or("(end)"))),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn a_difference_is_shown_with_its_line() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some((2, "b", "c")));
        assert_eq!(first_difference("a\n", "a\nc\n"), Some((2, "(end)", "c")));
        assert_eq!(first_difference("a", "a\n"), Some((2, "(end)", "(end)")));
    }
}
