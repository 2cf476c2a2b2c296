//! `orgd migrate`: what the schema of a database is, and bringing it up to date without starting a server.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::access::Access;
use super::output::{self, Output};
use crate::config::CommonFlags;
use crate::db::migrations::{self, MigrationState};

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the migrations that this version knows, and whether the database has them
    Status(Status),
    /// Bring the database to the schema of this version; makes it where there is none
    Run(Run),
}

/// How to list.
#[derive(Debug, Args)]
pub struct Status {
    /// How to print
    #[arg(long, short, value_enum, default_value = "table")]
    output: Output,
    #[command(flatten)]
    common: CommonFlags,
}

/// Which database.
#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    common: CommonFlags,
}

#[derive(Serialize)]
struct Row<'a> {
    migration: &'a str,
    applied: bool,
}

/// Runs the command.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Status(Status { output, common }) => {
            let states = migrations::list(&mut Access::new(common)?.open_as_it_is()?)?;
            print(output, &states)
        }
        Command::Run(Run { common }) => bring_up_to_date(&Access::new(common)?),
    }
}

fn print(format: Output, states: &[MigrationState]) -> anyhow::Result<()> {
    let rows: Vec<_> = states.iter().map(|state| Row { migration: &state.name, applied: state.is_applied }).collect();
    output::print_list(format, &rows, &["migration", "applied"], |row| {
        vec![row.migration.to_owned(), if row.applied { "yes" } else { "no" }.to_owned()]
    })
}

fn bring_up_to_date(access: &Access) -> anyhow::Result<()> {
    let (mut conn, _lock) = access.open_for_migration()?;
    let applied = migrations::one_at_a_time(&mut conn, |conn| {
        let before = migrations::list(conn)?;
        migrations::run(conn).map(|()| before.into_iter().filter(|migration| !migration.is_applied))
    })?;
    applied.for_each(|migration| output::say(&format!("Applied {}.", migration.name)));
    output::say("The schema is up to date.");
    Ok(())
}
