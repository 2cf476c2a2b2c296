//! `orgd copy`: the flags, the progress bar and the words around a copy.

use anyhow::anyhow;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::output::{self, Output};
use crate::clock::{Clock, SystemClock};
use crate::config::DatabaseUrl;
use crate::db::copy::{self, Intent, Progress, Step, Verified};

const EXPLANATION: &str = "\
Everything is copied: organizations (deleted ones too), users, session tokens, memberships, workers and their keys, provisioner \
jobs in their order, and logs. Session tokens and all IDs stay valid. Left out are the answers that are kept for repeated requests.

Stop the servers of both databases first. The target must be a new database (of PostgreSQL: an empty one that exists; a file is \
made). At the end both are read and compared, row by row.

A copy that was interrupted goes on where it was when the same command is run again. Until it is finished, no server starts on \
the target.

Example:
  orgd copy --from sqlite://orgd.db --to postgres://orgd@db.example.com/orgd";

/// How many digits of a checksum people are shown; programs get all.
const DIGITS: usize = 12;

/// From where to where.
#[derive(Debug, Args)]
#[command(after_long_help = EXPLANATION)]
pub struct Flags {
    /// The database to copy: sqlite://PATH or postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "URL")]
    from: String,
    /// The new database
    #[arg(long, value_name = "URL")]
    to: String,
    /// Copy nothing; compare the two databases, also beside running servers
    #[arg(long)]
    verify_only: bool,
    /// How to print what was copied
    #[arg(long, short, value_enum, default_value = "table")]
    output: Output,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let (from, to) = (database("--from", &flags.from)?, database("--to", &flags.to)?);
    let intent = if flags.verify_only { Intent::Compare } else { Intent::Copy };
    let (mut source, mut target) = copy::open(&from, &to, intent)?;
    let mut bar = Bar(ProgressBar::hidden());
    let outcome = match intent {
        Intent::Copy => copy::run(&mut source, &mut target, SystemClock::new().now(), &mut bar),
        Intent::Compare => copy::verify(&mut source, &mut target, &mut bar),
    };
    bar.0.finish_and_clear();
    let verified = outcome?;
    print(flags.output, &verified)?;
    output::say(match intent {
        Intent::Copy => "Copied, and verified: both databases hold the same.",
        Intent::Compare => "Both databases hold the same.",
    });
    Ok(())
}

/// The URL itself is not repeated: it may hold a password.
fn database(flag: &str, url: &str) -> anyhow::Result<DatabaseUrl> {
    url.parse().map_err(|problem| {
        anyhow!("{flag} has a value {problem}; it takes sqlite://PATH or postgres://USER@HOST/DATABASE")
    })
}

#[derive(Serialize)]
struct Row<'a> {
    table: &'static str,
    rows: u64,
    checksum: &'a str,
}

fn print<'a>(format: Output, verified: &'a [Verified]) -> anyhow::Result<()> {
    let row = |found: &'a Verified| Row { table: found.table, rows: found.rows, checksum: &found.checksum };
    let rows: Vec<_> = verified.iter().map(row).collect();
    output::print_list(format, &rows, &["table", "rows", "checksum"], |row| {
        let checksum = row.checksum.get(..DIGITS).unwrap_or(row.checksum);
        vec![row.table.to_owned(), row.rows.to_string(), checksum.to_owned()]
    })
}

/// Shows how far the copy has come, when standard error is a terminal.
struct Bar(ProgressBar);

impl Progress for Bar {
    fn begin(&mut self, step: Step, done: u64, rows: u64) {
        self.0.finish_and_clear();
        if done > 0 {
            output::say(&format!("Going on with an interrupted copy: {done} of {rows} rows are there already."));
        }
        let template = match step {
            Step::Copy => "Copying {wide_bar} {percent:>3} %  {msg}  {eta} left",
            Step::Verify => "Verifying {wide_bar} {percent:>3} %  {msg}  {eta} left",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        // What was there already says nothing about how long the rest takes.
        self.0 = ProgressBar::new(rows).with_style(style).with_position(done);
        self.0.reset_eta();
    }

    fn advanced(&mut self, table: &'static str, rows: u64) {
        self.0.inc(rows);
        self.0.set_message(table);
    }
}
