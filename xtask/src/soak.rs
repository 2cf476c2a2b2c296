//! `cargo xtask soak`: the tests of what outlives a crash and of what stays small, for longer than CI has time for, and a page with what came of it.

mod plot;
mod report;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;

use crate::ci::place::Place;
use crate::ci::shell::{command, say};
use report::{Part, Report};

/// How long it takes is up to these.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How often the process is killed, how often the power is cut and how often a PostgreSQL is killed; a crash takes a few seconds.
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    crashes: u32,
    /// How many minutes the even load lasts; what grows is judged from two minutes on.
    #[arg(long, value_name = "NUMBER", default_value_t = 30)]
    minutes: u32,
}

/// A run of a test target, and the parts that it reports.
struct Run {
    target: &'static str,
    filter: &'static str,
    variable: &'static str,
    value: u32,
    parts: &'static [&'static str],
}

/// Runs the tests. Exit code 1 when something was lost, grew or could not be checked.
///
/// # Errors
/// Cargo cannot be run, or the page cannot be written.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let place = Place::find()?;
    let folder = place.target.join("soak");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let runs = [
        Run {
            target: "load",
            filter: "steady::",
            variable: "ORGD_SOAK_SECONDS",
            value: 60 * arguments.minutes,
            parts: &["steady"],
        },
        Run {
            target: "durability",
            filter: "nothing_acknowledged_is_lost",
            variable: "ORGD_CRASHES",
            value: arguments.crashes,
            parts: &["kills", "power-cuts", "postgresql-kills"],
        },
    ];
    let begun = Instant::now();
    let mut report = Report::default();
    // What asks for nothing is left out.
    for run in runs.iter().filter(|run| run.value > 0) {
        let is_sound = carry_out(&place, run, &folder)?;
        for name in run.parts {
            report.parts.push(Part::read(&folder, name, is_sound)?);
        }
    }
    report.seconds = begun.elapsed().as_secs();
    let page = folder.join("report.html");
    std::fs::write(&page, report.as_html()).with_context(|| format!("cannot write {}", page.display()))?;
    say(&format!("{}\nThe page is {}.", report.as_text(), page.display()))?;
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// True when the tests passed.
fn carry_out(place: &Place, run: &Run, folder: &Path) -> anyhow::Result<bool> {
    let test = ["test", "--quiet", "--workspace", "--test", run.target, "--", "--nocapture", run.filter];
    let mut tests = command(&place.root, "cargo", &test);
    tests.env(run.variable, run.value.to_string()).env("ORGD_SOAK_REPORT", folder);
    Ok(tests.status().context("cannot run cargo")?.success())
}
