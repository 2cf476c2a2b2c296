//! `cargo xtask fuzz`: the long form of fuzzing. Drives every target of `crates/fuzz` with libFuzzer for so many executions, and prints what each
//! run came to.
//!
//! It takes a nightly compiler, `cargo-fuzz` and a C++ compiler, which nothing else of the project needs. What libFuzzer finds out goes on being used from
//! one run to the next, below `target/fuzz`; an input that breaks something is put there, too, and belongs into the seeds once it is mended.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, bail};
use clap::Args;
use comfy_table::{Table, presets};

use crate::ci::shell::command;

/// The longest input, in bytes.
const LONGEST: u32 = 4_096;
/// How long one input may take, in seconds.
const SLOWEST: u32 = 5;
/// How much memory a target may take, in MiB.
const MEMORY: u32 = 512;

/// What to fuzz, and for how long.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How often to run each target
    #[arg(long, value_name = "NUMBER", default_value = "1000000")]
    executions: u64,
    /// Which targets; all when none is named
    targets: Vec<String>,
}

/// What a run came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    executions: u64,
    per_second: u64,
    slowest_seconds: u64,
    memory: u64,
    coverage: u64,
}

/// Fuzzes, and prints a table.
///
/// # Errors
/// The tools are not there, or a target is not known.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the root of the project")?;
    ensure_tools(root)?;
    let known = targets(root)?;
    let wanted = if arguments.targets.is_empty() { known.clone() } else { arguments.targets.clone() };
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(name)) {
        bail!("there is no target {unknown:?}; there are {}", known.join(", "));
    }
    let mut table = Table::new();
    let columns = ["target", "executions", "per second", "coverage", "slowest (s)", "memory (MiB)", "verdict"];
    table.load_style(presets::NOTHING).set_header(columns);
    let mut broken = 0;
    for name in &wanted {
        let (is_sound, figures) = fuzz(root, name, arguments.executions)?;
        let Figures { executions, per_second, slowest_seconds, memory, coverage } = figures;
        let numbers = [executions, per_second, coverage, slowest_seconds, memory].map(|number| number.to_string());
        let verdict = if is_sound { "passed" } else { "broken" };
        // The table comes after the last of them, which may be hours away.
        writeln!(std::io::stdout(), "{name}: {executions} executions, {per_second} per second, {verdict}")?;
        table.add_row(std::iter::once(name.clone()).chain(numbers).chain([verdict.to_owned()]));
        broken += usize::from(!is_sound);
    }
    writeln!(std::io::stdout(), "\n{}", table.trim_fmt())?;
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn ensure_tools(root: &Path) -> anyhow::Result<()> {
    let there = cargo(root).args(["fuzz", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        bail!(
            "fuzzing takes a nightly compiler and cargo-fuzz: `rustup toolchain install nightly` and `cargo install cargo-fuzz`"
        );
    }
    Ok(())
}

/// Cargo with the nightly compiler, whatever compiler runs this.
fn cargo(root: &Path) -> Command {
    let mut cargo = command(root, "cargo", &["+nightly"]);
    cargo.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    cargo
}

/// The names of all targets.
fn targets(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root.join("crates/fuzz/fuzz_targets"))? {
        let file = PathBuf::from(entry?.file_name());
        names.extend(file.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// Runs one target; true when it held.
fn fuzz(root: &Path, name: &str, executions: u64) -> anyhow::Result<(bool, Figures)> {
    let work = root.join("target/fuzz");
    let (corpus, found) = (work.join("corpus").join(name), work.join("artifacts").join(name));
    for folder in [&corpus, &found] {
        std::fs::create_dir_all(folder)?;
    }
    let own = root.join("crates/fuzz");
    let mut command = cargo(root);
    // The project has no unsafe code for a sanitizer to look after; without one there are several times as many executions.
    command
        .args(["fuzz", "run", "--sanitizer", "none"])
        // As one unit orgd takes four gigabytes and most of an hour.
        .args(["--codegen-units", "16", "--fuzz-dir"])
        .arg(&own)
        .arg("--target-dir")
        .arg(work.join("build"));
    command.arg(name).arg(&corpus).arg(own.join("seeds").join(name)).arg("--");
    command.args([
        format!("-runs={executions}"),
        format!("-max_len={LONGEST}"),
        format!("-timeout={SLOWEST}"),
        format!("-rss_limit_mb={MEMORY}"),
        format!("-artifact_prefix={}/", found.display()),
        "-print_final_stats=1".to_owned(),
    ]);
    let dictionary = own.join("dictionaries").join(format!("{name}.dict"));
    if dictionary.is_file() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    writeln!(std::io::stdout(), "{name} …")?;
    let output = command.output().context("cannot run cargo fuzz")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let figures = read(&said);
    if !output.status.success() {
        writeln!(std::io::stderr(), "{said}")?;
        // A program that was not built has run nothing, which is no finding.
        if figures.executions == 0 && !said.contains("panicked") {
            bail!("{name} could not be run");
        }
    }
    Ok((output.status.success(), figures))
}

/// The figures among what libFuzzer says.
fn read(said: &str) -> Figures {
    let figure = |name: &str| {
        let line = said.lines().rev().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
        line.and_then(|rest| rest.trim_start_matches(':').trim().parse().ok()).unwrap_or_default()
    };
    let coverage = said.rsplit(" cov: ").next().and_then(|rest| rest.split(' ').next()?.parse().ok());
    Figures {
        executions: figure("number_of_executed_units"),
        per_second: figure("average_exec_per_sec"),
        slowest_seconds: figure("slowest_unit_time_sec"),
        memory: figure("peak_rss_mb"),
        coverage: coverage.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Figures, read};

    #[test]
    fn the_figures_are_found_among_the_words() {
        let said = "#2\tINITED cov: 12 ft: 13 corp: 1/1b exec/s: 0 rss: 30Mb\n#1000000\tDONE   cov: 345 ft: 900 corp: 70/2Kb\n\
                    stat::number_of_executed_units: 1000000\nstat::average_exec_per_sec:     52631\n\
                    stat::new_units_added:          70\nstat::slowest_unit_time_sec:    0\nstat::peak_rss_mb:              41\n";
        let expected =
            Figures { executions: 1_000_000, per_second: 52_631, slowest_seconds: 0, memory: 41, coverage: 345 };
        assert_eq!(read(said), expected);
        assert_eq!(read("error: no such target"), Figures::default());
    }
}
