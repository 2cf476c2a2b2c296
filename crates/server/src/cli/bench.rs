//! The command line of `orgd-bench`, which only `cargo xtask bench` calls: serve, fill a database, and measure the queue index
//! inside the process. Prints JSON, one object for each command.

mod queue_numbers;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use super::{output, serve};
use crate::clock::{Clock, SystemClock};
use crate::config::{DatabaseUrl, ServeFlags};
use crate::db;
use crate::http::middleware::Observation;

/// What the benchmark asks of the server's executable.
#[derive(Debug, Parser)]
#[command(name = "orgd-bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve as `orgd serve` does
    Serve(ServeFlags),
    /// Serve without request ids, metrics and access records
    ServeUnobserved(ServeFlags),
    /// Fill a new database and print what the load is made of
    Seed(Seed),
    /// Measure the queue numbers of single jobs and print nanoseconds
    QueueNumbers(queue_numbers::Flags),
}

#[derive(Debug, Args)]
struct Seed {
    /// The URL of a new database
    #[arg(long)]
    database: DatabaseUrl,
    /// Provisioner jobs in the one organization that has any
    #[arg(long)]
    jobs: usize,
    /// Leave all jobs pending
    #[arg(long, conflicts_with = "held")]
    pending: bool,
    /// Give all jobs to workers that will not be heard of
    #[arg(long)]
    held: bool,
}

/// Runs the command that the arguments of the process name.
pub fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(flags) => serve::run(flags.into()),
        Command::ServeUnobserved(flags) => serve::run_observed(flags.into(), Observation::Off),
        Command::Seed(flags) => seed(&flags),
        Command::QueueNumbers(flags) => queue_numbers::run(&flags),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn seed(flags: &Seed) -> anyhow::Result<()> {
    let mut conn = db::prepare(&flags.database, db::Schema::Migrate)?;
    let seeded = {
        let states = match (flags.pending, flags.held) {
            (true, _) => db::bench::States::Pending,
            (_, true) => db::bench::States::Held,
            _ => db::bench::States::Mixed,
        };
        db::bench::fill(&mut conn, flags.jobs, states, SystemClock::new().now())?
    };
    output::print(&serde_json::to_string(&seeded)?)
}
