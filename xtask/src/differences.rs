//! `cargo xtask differences`: writes the page of differences from Coder's server from the list that `orgd conformance` judges by, or
//! checks that the page says what the list says.

use std::process::ExitCode;

use clap::Args;
use orgd_conformance::Differences;

use crate::page::WrittenPage;

/// The page.
const PAGE: WrittenPage = WrittenPage {
    file: concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/DIFFERENCES.md"),
    name: "docs/DIFFERENCES.md",
    source: "list",
    command: "cargo xtask differences",
};

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
    PAGE.write_or_check(&page, arguments.check)
}
