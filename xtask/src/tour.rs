//! `cargo xtask tour`: runs the tour of the README against a new server, and checks that it answers what the README says.

mod answer;
mod readme;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::served::{Served, source_tree};
use answer::Difference;
use readme::Step;

/// What to run.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file with the tour; README.md of this source tree when it is not given
    #[arg(long, value_name = "FILE")]
    readme: Option<PathBuf>,
}

/// What the README writes for the address of the server.
const ADDRESS: &str = "http://127.0.0.1:8080";
/// What the README writes for the owner's session token.
const TOKEN: &str = "<token>";
/// What the README writes for the executable.
const EXECUTABLE: &str = "target/release/orgd";

/// Runs the tour, and prints every step that answers something else.
///
/// # Errors
/// The tour cannot be read or run.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let file = arguments.readme.clone().unwrap_or_else(|| source_tree().join("README.md"));
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let steps = readme::steps(&text).with_context(|| format!("the tour of {} cannot be read", file.display()))?;
    let served = Served::start()?;
    let mut out = std::io::stdout().lock();
    let mut setup = String::new();
    let mut failed = 0;
    for step in &steps {
        let Some(expected) = &step.answer else {
            setup.push_str(&step.commands);
            continue;
        };
        let given = execute(&served, &setup, step)?;
        if let Err(Difference(difference)) = expected.compare(&given) {
            failed += 1;
            writeln!(out, "{}:{}: {difference}\n{}", file.display(), step.line, step.commands)?;
        }
    }
    let answered = steps.iter().filter(|step| step.answer.is_some()).count();
    if failed == 0 {
        writeln!(out, "The tour is right: {answered} steps answer what it says.")?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "{failed} of {answered} steps of the tour answer something else than it says.")?;
    Ok(ExitCode::FAILURE)
}

/// Runs the commands of a step after those that only set variables; what they write, to wherever.
fn execute(served: &Served, setup: &str, step: &Step) -> anyhow::Result<String> {
    let executable = served.executable().display().to_string();
    let script = format!("exec 2>&1\n{setup}{}", step.commands)
        .replace(ADDRESS, &served.url)
        .replace(TOKEN, &served.token)
        .replace(EXECUTABLE, &executable);
    // As a terminal shows it, but without curl's progress, which a terminal would not get.
    let ran = Command::new("bash")
        .args(["-eu", "-o", "pipefail", "-c"])
        .arg(format!("curl() {{ command curl --silent --show-error \"$@\"; }}\n{script}"))
        .current_dir(source_tree())
        .env("ORGD_DATABASE_URL", served.database_url())
        .output()
        .context("cannot run bash")?;
    let given = String::from_utf8_lossy(&ran.stdout).into_owned();
    if !ran.status.success() {
        bail!("the step at line {} ended with {}:\n{}\n{given}", step.line, ran.status, step.commands);
    }
    Ok(given)
}
