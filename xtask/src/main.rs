//! The project's own tasks, run as `cargo xtask …`. This file only dispatches: each task has a file of its own with its
//! arguments and a `run`.

mod bench;
mod browser;
mod ci;
mod client;
mod differences;
mod fuzz;
mod interrupt;
mod openapi;
mod page;
mod permissions;
mod postgres;
mod queue_page;
mod release;
mod served;
mod soak;
mod swagger;
mod test;
mod tour;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Work with the documented contract.
    #[command(subcommand)]
    Openapi(openapi::Task),
    /// Write the page that says who may do what, docs/PERMISSIONS.md, from the table that the server decides by.
    Permissions(permissions::Arguments),
    /// Write the page of differences from Coder's server, docs/DIFFERENCES.md, from the list that `orgd conformance` judges by.
    Differences(differences::Arguments),
    /// Use Swagger UI in a browser and check what it shows.
    Swagger(swagger::Arguments),
    /// Use the page `/queue` in a browser and check what it shows.
    QueuePage(queue_page::Arguments),
    /// Run the tests of the workspace on SQLite or PostgreSQL.
    ///
    /// A PostgreSQL is started for them, with its files in the temporary folder, and is gone afterwards.
    Test(test::Arguments),
    /// Start a PostgreSQL to try orgd on. It is gone, with everything in it, after Ctrl-C.
    Postgres(postgres::Arguments),
    /// Generate clients as other teams do, and let each tell one story against a new server.
    ///
    /// What is generated is below `target/clients/`; docs/CLIENTS.md says what there is to know of each generator.
    Client(client::Arguments),
    /// Run everything that CI runs, step by step.
    ///
    /// Installs what is missing, prints each step's name and time, and stops at the first that fails.
    Ci(ci::Arguments),
    /// Drive every parser with libFuzzer. Takes a nightly compiler and cargo-fuzz.
    Fuzz(fuzz::Arguments),
    /// Kill the server and cut its power again and again, and look for what is lost.
    ///
    /// Power cuts take root and a loop device; without them only the kills are made, and it says so.
    Soak(soak::Arguments),
    /// Make everything that is given away of this version: binary, archive, package for Debian, list of parts, checksums.
    Release(release::Arguments),
    /// Measure the server against its ceiling and print ratios.
    Bench(bench::Arguments),
    /// Run the tour of the README against a new server and compare the answers.
    Tour(tour::Arguments),
}

/// Exit code of a task that could not be carried out. A task that was, and found something, chooses another one.
const COULD_NOT_RUN: u8 = 2;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Openapi(task) => openapi::run(task),
        Task::Permissions(arguments) => permissions::run(&arguments),
        Task::Differences(arguments) => differences::run(&arguments),
        Task::Swagger(arguments) => swagger::run(&arguments),
        Task::QueuePage(arguments) => queue_page::run(&arguments),
        Task::Test(arguments) => test::run(&arguments),
        Task::Postgres(arguments) => postgres::run(&arguments),
        Task::Client(arguments) => client::run(&arguments),
        Task::Ci(arguments) => ci::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Soak(arguments) => soak::run(&arguments),
        Task::Release(arguments) => release::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Tour(arguments) => tour::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        // There is nobody left to tell when standard error is closed.
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::from(COULD_NOT_RUN)
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
