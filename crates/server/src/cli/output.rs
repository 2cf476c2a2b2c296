//! What commands print: results to standard output, everything else to standard error.

use std::io::{self, IsTerminal, Write};

use clap::{Args, ValueEnum};
use comfy_table::{Table, presets};
use serde::Serialize;

use crate::config::CommonFlags;

/// How to print a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Columns for people.
    Table,
    /// A JSON array for programs.
    Json,
}

/// Flags of a command that lists what is in the database.
#[derive(Debug, Args)]
pub struct ListFlags {
    /// How to print
    #[arg(long, short, value_enum, default_value = "table")]
    pub output: Output,
    #[command(flatten)]
    pub common: CommonFlags,
}

/// Whoever reads has enough, as in `orgd conformance --list | head`.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads what is printed any more")]
struct NobodyReads;

/// The same, but that it is no failure when a command ended only because nobody reads on.
pub fn unless_enough(outcome: anyhow::Result<()>) -> anyhow::Result<()> {
    outcome.or_else(|error| if error.chain().any(|cause| cause.is::<NobodyReads>()) { Ok(()) } else { Err(error) })
}

/// Prints a result that must not get lost, with a line feed at its end.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

/// Prints a result as it is, controls of the terminal included. Once nobody reads it, the error is one that
/// [`unless_enough`] takes for none.
pub fn write(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(NobodyReads.into()),
        written => Ok(written?),
    }
}

/// The same with a line feed at the end.
pub fn write_line(text: &str) -> anyhow::Result<()> {
    write(&format!("{text}\n"))
}

/// Says something that is not a result, in lines that cannot drive the terminal. Nothing is to be done when even that fails.
pub fn say(text: &str) {
    let text = text.split('\n').map(plain).collect::<Vec<_>>().join("\n");
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Says why the command failed, cause after cause.
pub fn complain(error: &anyhow::Error) {
    say(&format!("orgd: {error:#}"));
}

/// Whether results may have colours: on a terminal, unless its user wants none.
pub fn shows_colours(environment: &[(String, String)]) -> bool {
    let unwanted = environment.iter().any(|(name, text)| name == "NO_COLOR" && !text.is_empty());
    !unwanted && io::stdout().is_terminal()
}

/// Prints rows as a table or as JSON.
pub fn print_list<T: Serialize>(
    output: Output,
    rows: &[T],
    columns: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
) -> anyhow::Result<()> {
    if output == Output::Json {
        return write_line(&escaped(&serde_json::to_string_pretty(rows)?));
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(columns.iter().map(|column| column.to_uppercase()));
    for row in rows {
        table.add_row(cells(row).into_iter().map(|cell| plain(&cell)));
    }
    write_line(&table.trim_fmt())
}

/// Text from a database or a server without control characters, so that it cannot drive the terminal, and without those that turn the
/// direction of writing, so that it cannot pass for another text. Tabs stay.
pub fn plain(text: &str) -> String {
    let is_harmless = |character: char| character == '\t' || !(character.is_control() || turns(character));
    text.chars().map(|character| if is_harmless(character) { character } else { '\u{fffd}' }).collect()
}

/// True for what changes the direction of the text after it, or ends a line where no line ends.
fn turns(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// JSON that cannot drive the terminal either: the controls above ASCII may stand in a text as they are, and need not.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\u{7f}'..='\u{9f}' => text.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ if turns(character) => text.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => text.push(character),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{escaped, plain};

    #[test]
    fn escapes_do_not_reach_the_terminal() {
        assert_eq!(plain("a\x1b[31mb\n"), "a\u{fffd}[31mb\u{fffd}");
        assert_eq!(plain("\u{9b}31m\t"), "\u{fffd}31m\t");
        assert_eq!(plain("a\u{202e}b\u{2066}\u{2028}\u{200f}"), "a\u{fffd}b\u{fffd}\u{fffd}\u{fffd}");
        let text = "\u{9b}31m\x1b\u{7f}\u{202e}\u{e4}";
        let json = escaped(&serde_json::to_string(text).unwrap());
        assert_eq!(json, "\"\\u009b31m\\u001b\\u007f\\u202e\u{e4}\"");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
