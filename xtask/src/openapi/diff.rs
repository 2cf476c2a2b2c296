//! `cargo xtask openapi diff A B`: every change between two documents, and whom it breaks.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use orgd_contract::{ApiChange, Class, changes};
use serde_json::json;

use super::released;

/// All classes, worst first.
pub(super) const CLASSES: [Class; 4] = [Class::BreaksRequests, Class::BreaksResponses, Class::Additive, Class::Wording];

/// How to print the changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For a terminal.
    Text,
    /// For programs.
    Json,
    /// For a page.
    Markdown,
}

/// What to compare.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The earlier document: a released version such as 0.1.0, `working`, or a file in JSON or YAML.
    #[arg(value_name = "A")]
    old: String,
    /// The later one.
    #[arg(value_name = "B")]
    new: String,
    /// How to print the changes.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Prints the changes to standard output. Exit code 0 whatever they are.
///
/// # Errors
/// One of the documents cannot be had.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (old, new) = (released::find(&arguments.old)?, released::find(&arguments.new)?);
    let found = changes(&old.document, &new.document);
    let text = match arguments.format {
        Format::Text if found.is_empty() => format!("{} and {} say the same.\n", old.name, new.name),
        Format::Text => text(&found, true),
        Format::Json => format!("{:#}\n", json!(found.iter().map(to_json).collect::<Vec<_>>())),
        Format::Markdown => markdown(&found),
    };
    write!(std::io::stdout(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

fn to_json(change: &ApiChange) -> serde_json::Value {
    json!({
        "class": change.class.id(),
        "operation": change.operation,
        "place": change.place,
        "what": change.what,
        "way_out": change.way_out,
    })
}

/// The changes of each class, with the ways out.
pub(super) fn text(found: &[ApiChange], with_words: bool) -> String {
    let mut lines = String::new();
    for class in CLASSES.into_iter().filter(|class| with_words || *class != Class::Wording) {
        let of_class: Vec<_> = found.iter().filter(|change| change.class == class).collect();
        if of_class.is_empty() {
            continue;
        }
        lines.push_str(&format!("{} ({}):\n", class.title(), of_class.len()));
        for change in of_class {
            lines.push_str(&format!("  {change}\n"));
            if !change.way_out.is_empty() {
                lines.push_str(&format!("    way out: {}\n", change.way_out));
            }
        }
    }
    lines
}

/// The changes as lists below headings; words alone are only counted.
pub(super) fn markdown(found: &[ApiChange]) -> String {
    let mut lines = String::new();
    for class in CLASSES {
        let of_class: Vec<_> = found.iter().filter(|change| change.class == class).collect();
        if of_class.is_empty() {
            continue;
        }
        if class == Class::Wording {
            lines.push_str(&format!("{}: {} places.\n", class.title(), of_class.len()));
            continue;
        }
        lines.push_str(&format!("**{}**\n\n", class.title()));
        for change in of_class {
            let place = if change.place.is_empty() { String::new() } else { format!(", {}", change.place) };
            lines.push_str(&format!("- `{}`{place}: {}\n", change.operation, change.what));
        }
        lines.push('\n');
    }
    lines.trim_end().to_owned() + "\n"
}
