//! `cargo xtask differences`: writes the page of differences from Coder's server from the list that `orgd conformance` judges by, or
//! checks that the page says what the list says.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use orgd_conformance::Differences;

use crate::permissions::first_difference;

/// Where the page is.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/DIFFERENCES.md");
/// Exit code for a page that says something else.
const DIFFERS: u8 = 1;

/// What to do with the page.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail when the page is not what would be written.
    #[arg(long)]
    check: bool,
}

/// Writes the page, or compares it. Exit codes: 0 written or the same, 1 another, 2 could not be done.
///
/// # Errors
/// The file cannot be read or written.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let page = Differences::load().map_err(anyhow::Error::msg)?.page();
    if !arguments.check {
        std::fs::write(PAGE, page).with_context(|| format!("cannot write {PAGE}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let there = std::fs::read_to_string(PAGE).with_context(|| format!("cannot read {PAGE}"))?;
    let mut out = std::io::stdout().lock();
    let Some((number, is, should)) = first_difference(&there, &page) else {
        writeln!(out, "docs/DIFFERENCES.md says what the list says.")?;
        return Ok(ExitCode::SUCCESS);
    };
    writeln!(
        out,
        "docs/DIFFERENCES.md, line {number}, is not what the list says.\n  there:  {is}\n  should: {should}"
    )?;
    writeln!(out, "Run `cargo xtask differences` and look at what it changed.")?;
    Ok(ExitCode::from(DIFFERS))
}
