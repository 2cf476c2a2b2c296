//! `cargo xtask postgres`: a PostgreSQL to try orgd on. Which installations there are is in `postgres/installed.rs`.

mod installed;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use orgd_postgres_cluster::{Cluster, Options};

use crate::ci::place::Place;
use crate::interrupt::Interrupt;

pub(crate) use installed::Installed;

/// What to start.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The major version, such as 15; the newest of this machine without it.
    #[arg(long, value_name = "MAJOR")]
    version: Option<u32>,
    /// Let commits wait for the disk, as they do in production.
    #[arg(long)]
    durable: bool,
}

/// Starts it, says how to use it, and keeps it until Ctrl-C.
///
/// # Errors
/// That version is not on this machine, or it does not start.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let installed = Installed::look(&Place::find()?)?;
    let installation = match arguments.version {
        Some(major) => installed.of(major)?,
        None => installed.newest()?,
    };
    let mut interrupt = Interrupt::catch()?;
    let options = Options { durable: arguments.durable, ..Options::default() };
    let cluster = Cluster::start(installation, &options).with_context(|| format!("{installation} does not start"))?;
    let url = cluster.create_database("orgd")?;
    let mut out = std::io::stdout();
    writeln!(out, "{installation} answers. To use it:\n")?;
    writeln!(out, "  export ORGD_DATABASE_URL='{url}'\n")?;
    writeln!(out, "Ctrl-C ends it and removes everything in it.")?;
    out.flush()?;
    interrupt.wait();
    Ok(ExitCode::SUCCESS)
}
