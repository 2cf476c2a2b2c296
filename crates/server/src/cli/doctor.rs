//! `orgd doctor`: what is wrong with a database, and what to do.

use std::process::ExitCode;

use clap::Args;

use super::access::Access;
use super::output::{self, Output};
use crate::config::CommonFlags;
use crate::db::doctor::{self, Finding, Verdict};

const EXPLANATION: &str = "\
Changes nothing, beside a running server or without one.

Exit status: 0 when everything is as it should be, 1 when something is not, 2 when the database cannot be looked at.";

/// Which database, and how thoroughly.
#[derive(Debug, Args)]
#[command(after_long_help = EXPLANATION)]
pub struct Flags {
    /// Compare every index with its table, too (SQLite; takes a second for each 20 MB)
    #[arg(long)]
    thorough: bool,
    /// How to print
    #[arg(long, short, value_enum, default_value = "table")]
    output: Output,
    #[command(flatten)]
    common: CommonFlags,
}

/// Runs the command.
pub fn run(flags: Flags) -> ExitCode {
    match examine(flags) {
        Ok(Verdict::Ok) => ExitCode::SUCCESS,
        Ok(Verdict::Warning | Verdict::Problem) => ExitCode::FAILURE,
        Err(error) => {
            output::complain(&error);
            ExitCode::from(2)
        }
    }
}

/// The worst that was found.
fn examine(flags: Flags) -> anyhow::Result<Verdict> {
    let access = Access::new(flags.common)?;
    access.require_file()?;
    let findings = doctor::examine(access.url(), flags.thorough)?;
    output::print_list(flags.output, &findings, &["check", "verdict", "found"], |finding| {
        let verdict = match finding.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Problem => "PROBLEM",
        };
        vec![finding.check.to_owned(), verdict.to_owned(), finding.found.clone()]
    })?;
    let advice = |finding: &&Finding| !finding.advice.is_empty();
    for finding in findings.iter().filter(advice) {
        output::say(&output::plain(&format!("{}: {}", finding.check, finding.advice)));
    }
    Ok(findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok))
}
