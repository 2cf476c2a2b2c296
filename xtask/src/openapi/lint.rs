//! `cargo xtask openapi lint`: holds the documented and the generated document, and that of the control routes, against the rules of `orgd-contract`, and with `--all`
//! lets the tools look that other people will use.

mod tools;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use orgd_contract::{Contract, lint};
use serde_json::Value;

use super::generated;

/// Exit code for documents that break a rule.
const BROKEN: u8 = 1;
/// The list of published operations, in the folder of the documented contract.
const PUBLISHED: &str = "operations.txt";

/// Where the document of the control routes is, in that folder.
const CONTROL: &str = "control";

/// What to look at.
#[derive(Debug, Default, Args)]
pub(crate) struct Arguments {
    /// Let openapi-spec-validator, Redocly, Spectral and independent YAML parsers look too, as CI does; installs them below the
    /// target folder.
    #[arg(long)]
    all: bool,
    /// Folder of the documented contract; `openapi/` of this source tree when it is not given.
    #[arg(long, value_name = "DIR")]
    documented: Option<PathBuf>,
    /// The generated document as a JSON file; what the code generates when it is not given.
    #[arg(long, value_name = "FILE")]
    generated: Option<PathBuf>,
}

impl Arguments {
    /// As CI looks.
    pub(crate) fn all() -> Self {
        Self { all: true, ..Self::default() }
    }
}

/// Looks, and prints what breaks a rule to standard output. Exit code 0 when nothing does, 1 otherwise.
///
/// # Errors
/// One of the documents, the list of published operations or a tool cannot be had.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = arguments.documented.clone().unwrap_or_else(super::documented_folder);
    let contract = Contract::load(&folder)?;
    let published =
        |list: PathBuf| std::fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()));
    let operations = published(folder.join(PUBLISHED))?;
    let control_routes = published(super::documented_folder().join(CONTROL).join(PUBLISHED))?;
    let generated = generated::document(arguments.generated.as_deref())?;
    let documents = [
        ("documented", contract.document(), &operations),
        ("generated", &generated, &operations),
        ("control", generated::control()?, &control_routes),
    ];

    let mut broken = 0;
    for (name, document, published) in documents {
        broken += print(name, document, published)?;
    }
    let mut unhappy = Vec::new();
    if arguments.all {
        for (name, document, _) in documents {
            unhappy.extend(tools::look(name, document)?);
        }
    }
    let mut out = std::io::stdout().lock();
    for line in &unhappy {
        writeln!(out, "failed: {line}")?;
    }
    Ok(if broken == 0 && unhappy.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) })
}

/// Prints what breaks a rule in this document, and a line that says how much it is, which is told.
fn print(name: &str, document: &Value, published: &str) -> anyhow::Result<usize> {
    let findings = lint(document, published);
    let mut out = std::io::stdout().lock();
    for finding in &findings {
        writeln!(out, "{name}: {finding}\n")?;
    }
    match findings.len() {
        0 => writeln!(out, "The {name} document keeps every rule.")?,
        1 => writeln!(out, "1 place in the {name} document breaks a rule.")?,
        count => writeln!(out, "{count} places in the {name} document break a rule.")?,
    }
    Ok(findings.len())
}
