//! The command line: one executable, roles as subcommands. The only place that writes to standard output.

mod access;
mod audit;
mod backup;
#[cfg(feature = "bench")]
pub mod bench;
mod conformance;
mod copy;
mod doctor;
mod export;
mod import;
mod jobs;
mod manual;
mod member;
mod migrate;
mod named;
mod openapi;
mod org;
mod output;
mod provisioner;
mod record;
mod remote;
mod serve;
mod token;
mod user;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};

use crate::config::process_arguments;

/// A server for Coder's Organizations API.
#[derive(Debug, Parser)]
#[command(name = "orgd", version, about, long_about = None, subcommand_required = false, arg_required_else_help = false)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and Swagger UI (what orgd does without a command)
    Serve(Box<serve::Flags>),
    /// Create, list and revoke session tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Create and list users, and grant them roles
    #[command(subcommand)]
    User(user::Command),
    /// Show who changed what
    Audit(audit::Flags),
    /// Create, list, change and delete organizations
    #[command(subcommand)]
    Org(org::Command),
    /// Add, list and remove the members of an organization, and give them roles
    #[command(subcommand)]
    Member(member::Command),
    /// Read organizations and provisioner jobs from JSON or NDJSON files
    Import(import::Flags),
    /// Write organizations and provisioner jobs as NDJSON
    Export(export::Flags),
    /// Copy everything into another database, such as from SQLite to PostgreSQL
    Copy(copy::Flags),
    /// Write a backup of an SQLite database, beside a running server or without one
    Backup(backup::BackupFlags),
    /// Put a backup in the place of an SQLite database
    Restore(backup::RestoreFlags),
    /// Look at a database and say what is wrong with it
    Doctor(doctor::Flags),
    /// Show the schema of a database, and bring it up to date
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// List and cancel provisioner jobs of a server, and print their logs
    #[command(subcommand)]
    Jobs(jobs::Command),
    /// Save what a server has as a fixture, for `orgd serve --ephemeral --seed`
    Record(record::Flags),
    /// Run a worker: take provisioner jobs from a server, and run a command for each
    #[command(subcommand)]
    Provisioner(provisioner::Command),
    /// Hold a server, orgd or Coder's own, against the documented contract
    Conformance(Box<conformance::Flags>),
    /// Print the OpenAPI document
    Openapi(openapi::Flags),
    /// Print the script with which a shell completes orgd's commands
    Completions(manual::Completions),
    /// Print a page of the manual, or write all of them
    Man(manual::ManFlags),
}

/// Runs the command that the arguments of the process name.
pub fn run() -> ExitCode {
    let parsed = Cli::try_parse().unwrap_or_else(|error| with_tip(error, &process_arguments()).exit());
    let outcome = match parsed.command {
        None => serve::run(serve::Flags::default()),
        Some(Command::Serve(flags)) => serve::run(*flags),
        Some(Command::Token(command)) => token::run(command),
        Some(Command::User(command)) => user::run(command),
        Some(Command::Audit(flags)) => audit::run(flags),
        Some(Command::Org(command)) => org::run(command),
        Some(Command::Member(command)) => member::run(command),
        Some(Command::Import(flags)) => import::run(flags),
        Some(Command::Export(flags)) => export::run(flags),
        Some(Command::Copy(flags)) => copy::run(&flags),
        Some(Command::Backup(flags)) => backup::back_up(flags),
        Some(Command::Restore(flags)) => backup::restore(flags),
        // It has exit codes of its own.
        Some(Command::Doctor(flags)) => return doctor::run(flags),
        Some(Command::Migrate(command)) => migrate::run(command),
        Some(Command::Jobs(command)) => jobs::run(command),
        Some(Command::Record(flags)) => record::run(flags),
        Some(Command::Provisioner(command)) => provisioner::run(command),
        // It has exit codes of its own.
        Some(Command::Conformance(flags)) => return conformance::run(&flags),
        Some(Command::Openapi(flags)) => openapi::run(flags),
        Some(Command::Completions(flags)) => manual::completions(&flags),
        Some(Command::Man(flags)) => manual::man(&flags),
    };
    match output::unless_enough(outcome) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Without a command orgd serves, but its flags are those of `orgd serve`.
fn with_tip(mut error: clap::Error, arguments: &[OsString]) -> clap::Error {
    let Some((program, rest)) = arguments.split_first() else { return error };
    let is_flag = rest.first().is_some_and(|first| first.to_string_lossy().starts_with("--"));
    let served = [program.clone(), "serve".into()].into_iter().chain(rest.iter().cloned());
    if error.kind() == ErrorKind::UnknownArgument && is_flag && Cli::try_parse_from(served).is_ok() {
        let tip = "it is a flag of a command: orgd serve".into();
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Cli, with_tip};

    #[test]
    fn a_flag_without_its_command_is_told_where_it_belongs() {
        let said = |arguments: &[&str]| {
            let error = Cli::try_parse_from(arguments).unwrap_err();
            with_tip(error, &arguments.iter().map(Into::into).collect::<Vec<_>>()).to_string()
        };
        assert!(said(&["orgd", "--listen", "127.0.0.1:0"]).contains("tip: it is a flag of a command: orgd serve"));
        assert!(!said(&["orgd", "--lisssten", "127.0.0.1:0"]).contains("tip: it is a flag"));
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
