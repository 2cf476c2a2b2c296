//! What commands print: results to standard output, everything else to standard error.

use std::io::{self, Write};

use clap::ValueEnum;
use comfy_table::{Table, presets};
use serde::Serialize;

/// How to print a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Columns for people.
    Table,
    /// A JSON array for programs.
    Json,
}

/// Prints a result, with a line feed at its end.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

/// Says something that is not a result. Nothing is to be done when even that fails.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Says why the command failed, cause after cause.
pub fn complain(error: &anyhow::Error) {
    say(&format!("orgd: {error:#}"));
}

/// Prints rows as a table or as JSON.
pub fn print_list<T: Serialize>(
    output: Output,
    rows: &[T],
    columns: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
) -> anyhow::Result<()> {
    if output == Output::Json {
        return print(&serde_json::to_string_pretty(rows)?);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(columns.iter().map(|column| column.to_uppercase()));
    for row in rows {
        table.add_row(cells(row).into_iter().map(|cell| plain(&cell)));
    }
    print(&table.trim_fmt())
}

/// Text from the database without control characters, so that it cannot drive the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn escapes_do_not_reach_the_terminal() {
        assert_eq!(plain("a\x1b[31mb\n"), "a\u{fffd}[31mb\u{fffd}");
    }
}
