//! `cargo xtask test`: the tests of the workspace on each kind of database. The tests take the PostgreSQL that the environment
//! variable [`MAINTENANCE`] names, and SQLite without it; this starts one for them.

use std::process::{Command, ExitCode};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use orgd_postgres_cluster::{Cluster, Installation, Options};

use crate::ci::place::Place;
use crate::ci::shell::{command, say};
use crate::interrupt::Interrupt;
use crate::postgres::Installed;

/// Tells the tests the database in which they may make databases of their own.
const MAINTENANCE: &str = "ORGD_TEST_POSTGRES";

/// Tells the test harness how many tests to run at once.
const THREADS: &str = "RUST_TEST_THREADS";

/// What to test on, and which tests.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The database to test on.
    #[arg(long, value_enum, default_value_t = Database::Sqlite)]
    database: Database,
    /// Further arguments of `cargo test`, such as `-p orgd NAME`; all packages are tested unless some are named.
    #[arg(last = true, value_name = "ARGUMENTS")]
    cargo: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Database {
    /// SQLite.
    Sqlite,
    /// The PostgreSQL with the lowest version of this machine.
    Oldest,
    /// The PostgreSQL with the highest version of this machine.
    Newest,
    /// One after the other, up to the first that fails.
    All,
}

/// Runs the tests. Exit code 1 when one fails.
///
/// # Errors
/// There is no PostgreSQL and one was asked for, or it does not start.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let place = Place::find()?;
    let installed = Installed::look(&place)?;
    // Ctrl-C goes to the tests as well, which end; what was started for them is cleared away after them.
    let _interrupt = Interrupt::catch()?;
    for installation in chosen(arguments.database, &installed)? {
        let mut tests = command(&place.root, "cargo", &cargo_arguments(&arguments.cargo));
        if std::env::var_os(THREADS).is_none() {
            tests.env(THREADS, threads().to_string());
        }
        let (name, folders) = installed.variable()?;
        if !folders.is_empty() {
            tests.env(name, folders);
        }
        let passed = match installation {
            None => on_sqlite(&mut tests)?,
            Some(installation) => on_postgres(&mut tests, installation)?,
        };
        if !passed {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The databases to test on; `None` is SQLite.
fn chosen(database: Database, installed: &Installed) -> anyhow::Result<Vec<Option<&Installation>>> {
    Ok(match database {
        Database::Sqlite => vec![None],
        Database::Oldest => vec![Some(installed.oldest()?)],
        Database::Newest => vec![Some(installed.newest()?)],
        Database::All => {
            let (oldest, newest) = (installed.oldest()?, installed.newest()?);
            if oldest == newest {
                say(&format!("The only PostgreSQL of this machine is tested on once: {oldest}."))?;
                vec![None, Some(oldest)]
            } else {
                vec![None, Some(oldest), Some(newest)]
            }
        }
    })
}

fn on_sqlite(tests: &mut Command) -> anyhow::Result<bool> {
    say("Testing on SQLite.")?;
    succeeds(tests.env_remove(MAINTENANCE))
}

fn on_postgres(tests: &mut Command, installation: &Installation) -> anyhow::Result<bool> {
    say(&format!("Testing on {installation}."))?;
    let cluster =
        Cluster::start(installation, &Options::default()).with_context(|| format!("{installation} does not start"))?;
    succeeds(tests.env(MAINTENANCE, cluster.url("postgres")))
}

fn succeeds(tests: &mut Command) -> anyhow::Result<bool> {
    Ok(tests.status().context("cannot run cargo")?.success())
}

/// Twice as many as processors: most tests wait for a server half of their time, and the whole takes little more than half as long
/// as with the harness's one per processor.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, |processors| 2 * processors.get())
}

/// All packages, unless the arguments name some: Cargo ignores the names beside `--workspace`.
fn cargo_arguments(given: &[String]) -> Vec<&str> {
    let own = given.iter().take_while(|argument| *argument != "--");
    let names_packages = |argument: &String| argument.starts_with("-p") || argument.starts_with("--package");
    let all = if own.clone().any(names_packages) { None } else { Some("--workspace") };
    std::iter::once("test").chain(all).chain(given.iter().map(String::as_str)).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{Arguments, Database, cargo_arguments};

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn cargo(line: &[&str]) -> (Database, String) {
        let arguments = Line::try_parse_from(line).unwrap().arguments;
        (arguments.database, cargo_arguments(&arguments.cargo).join(" "))
    }

    #[test]
    fn tests_every_package_unless_some_are_named() {
        assert_eq!(cargo(&["test"]), (Database::Sqlite, "test --workspace".to_owned()));
        let line = ["test", "--database", "newest", "--", "-p", "orgd", "name", "--", "--nocapture"];
        assert_eq!(cargo(&line), (Database::Newest, "test -p orgd name -- --nocapture".to_owned()));
        assert_eq!(cargo(&["test", "--", "--package=orgd"]).1, "test --package=orgd");
        assert_eq!(cargo(&["test", "--", "name", "--", "-p"]).1, "test --workspace name -- -p");
    }
}
