//! `cargo xtask bench`: what the server costs, as ratios to a ceiling that the same server answers in the same run.
//!
//! This file owns the order of events; `loads` says what is asked of the server, `rounds` asks it, `goals` judges.

mod build;
mod goals;
mod http;
mod loads;
mod overload;
mod pgbench;
mod postgres;
mod queue;
mod report;
mod rounds;
mod server;
mod start;
mod workers;
mod wrk;

use std::path::PathBuf;
use std::process::ExitCode;

use server::{Seeded, Server};

/// What to measure and how to tell it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Measure for about ninety seconds over 100,000 jobs instead of about six minutes over a million
    #[arg(long)]
    quick: bool,
    /// Measure PostgreSQL against SQLite and against its own pgbench, and one server against two; starts a PostgreSQL for it
    #[arg(long)]
    postgres: bool,
    /// Measure the queue and its workers: taking jobs, waiting for them, and lost workers
    #[arg(long, conflicts_with = "postgres")]
    workers: bool,
    /// Measure what is made of four times as many changes as can be made
    #[arg(long, conflicts_with_all = ["postgres", "workers"])]
    overload: bool,
    /// Write every figure to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Fail, with exit code 1, when a figure is worse than its goal times this factor [without a number: 1.5]
    #[arg(long, value_name = "FACTOR", num_args = 0..=1, default_missing_value = "1.5")]
    assert: Option<f64>,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// Every load is applied once in each round.
    rounds: usize,
    /// Seconds of one load in one round.
    seconds: u32,
    /// Jobs in the smaller database.
    few_jobs: usize,
    /// Jobs in the larger database.
    many_jobs: usize,
    /// Pending jobs in the queue that is measured inside the process.
    pending: usize,
    /// Cold starts.
    starts: usize,
}

impl Extent {
    const FULL: Self =
        Self { rounds: 5, seconds: 2, few_jobs: 1_000, many_jobs: 1_000_000, pending: 500_000, starts: 15 };
    const QUICK: Self =
        Self { rounds: 3, seconds: 1, few_jobs: 1_000, many_jobs: 100_000, pending: 500_000, starts: 7 };
}

/// Measures and reports.
///
/// # Errors
/// Something could not be measured.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let extent = if arguments.quick { Extent::QUICK } else { Extent::FULL };
    wrk::ensure_installed()?;
    report::progress("building orgd-bench in release");
    let executable = build::executable()?;
    // Beside the build, so that the database is on a disk: where the folder for temporary files is kept in memory, a durable
    // write would cost nothing.
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(build::target_folder(&executable)?)?;
    let place = server::Place { executable: &executable, folder: folder.path() };

    if arguments.postgres {
        let (measured, lines) = postgres::run(place, extent)?;
        return tell(arguments, extent, &measured, &lines);
    }
    if arguments.workers {
        let (measured, lines) = workers::run(place, extent)?;
        return tell(arguments, extent, &measured, &lines);
    }
    if arguments.overload {
        let (measured, lines) = overload::run(place, extent)?;
        return tell(arguments, extent, &measured, &lines);
    }
    report::progress("starting on empty databases");
    let starts = start::measure(place, extent.starts)?;
    report::progress("asking the queue inside the process");
    let queue = queue::measure(place, extent)?;
    report::progress(&format!("filling a database with {} jobs", extent.many_jobs));
    let (many, many_seeded) = Server::seeded(place, "many", extent.many_jobs)?;
    let (few, few_seeded) = Server::seeded(place, "few", extent.few_jobs)?;
    let (unobserved, unobserved_seeded) = Server::seeded_unobserved(place, "unobserved", extent.few_jobs)?;
    let servers = loads::Servers {
        few: (&few, &few_seeded),
        many: (&many, &many_seeded),
        unobserved: (&unobserved, &unobserved_seeded),
    };
    let measured = rounds::measure(&loads::all(servers)?, extent, folder.path())?;
    let memory = start::Memory { idle: starts.idle_kib, few: few.resident_kib()?, many: many.resident_kib()? };
    let lines = goals::judge(extent, &measured, &starts, &queue, memory);
    tell(arguments, extent, &measured, &lines)
}

fn tell(
    arguments: &Arguments,
    extent: Extent,
    measured: &rounds::Measured,
    lines: &[goals::Line],
) -> anyhow::Result<ExitCode> {
    report::print(extent, measured, lines)?;
    if let Some(file) = &arguments.json {
        report::write_json(file, extent, measured, lines)?;
    }
    Ok(match arguments.assert {
        Some(factor) if report::complain(lines, factor) => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

/// The load is told with the tokens of the database that its server serves.
type Served<'a> = (&'a Server, &'a Seeded);
