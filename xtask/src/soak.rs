//! `cargo xtask soak`: the tests of what outlives a crash, for longer than CI has time for.

use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use crate::ci::place::Place;
use crate::ci::shell::{command, say};

/// How long it takes is up to these.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How often the process is killed and how often the power is cut; a crash takes a few seconds, both run side by side.
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    crashes: u32,
}

/// Runs the tests. Exit code 1 when something was lost.
///
/// # Errors
/// Cargo cannot be run.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let place = Place::find()?;
    let crashes = arguments.crashes.to_string();
    let begun = Instant::now();
    let test = ["test", "--quiet", "--workspace", "--test", "durability", "--", "--nocapture"];
    let passed = command(&place.root, "cargo", &test).env("ORGD_CRASHES", &crashes).status()?.success();
    let seconds = begun.elapsed().as_secs();
    // How many crashes there were is what the tests themselves said: without root there are no power cuts.
    say(&format!(
        "{}, after {seconds} s.",
        if passed { "Nothing was lost" } else { "Something was lost, or could not be checked" }
    ))?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
