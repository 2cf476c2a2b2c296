//! `cargo xtask openapi …`: the tasks around the documented contract. Each has its own file; what they share, where the
//! documents come from, is here and in `generated`.

mod breaking;
mod changelog;
mod check;
mod diff;
mod docs;
pub(crate) mod export;
mod generated;
pub(crate) mod lint;
mod redocly;
mod release;
mod released;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

/// A task around the documented contract.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Compare the documented contract with the document that the code generates.
    ///
    /// Prints every difference with the place, both values and what to do next. Changes nothing.
    /// Exit codes: 0 they agree, 1 they differ, 2 they could not be compared.
    Check(check::Arguments),
    /// Say which version the changes since the last release ask for, and whom they break.
    ///
    /// Exit codes: 0 the version may have them, 1 it may not or the changelog does not tell them, 2 it could not be said.
    Breaking(breaking::Arguments),
    /// Print every change between two documents, and whom it breaks.
    Diff(diff::Arguments),
    /// Keep the documented contract as that of its version, in openapi/released/.
    Release,
    /// Write the API reference, docs/reference/, from the documented contract.
    ///
    /// Exit codes: 0 written or the same, 1 the pages differ, 2 it could not be done.
    Docs(docs::Arguments),
    /// Hold the documented and the generated document against the rules for documents.
    ///
    /// Prints every place that breaks a rule, with the rule and what to do. Changes nothing.
    /// Exit codes: 0 every rule is kept, 1 one is not, 2 it could not be found out.
    Lint(lint::Arguments),
    /// Write the documented contract as files: OpenAPI 3.1 and 3.0.3, each as JSON and as YAML.
    ///
    /// Prints the names of the files.
    Export(export::Arguments),
}

/// Runs the task.
///
/// # Errors
/// The task could not be carried out.
pub(crate) fn run(task: Task) -> anyhow::Result<ExitCode> {
    match task {
        Task::Check(arguments) => check::run(&arguments),
        Task::Breaking(arguments) => breaking::run(&arguments),
        Task::Diff(arguments) => diff::run(&arguments),
        Task::Release => release::run(),
        Task::Docs(arguments) => docs::run(&arguments),
        Task::Lint(arguments) => lint::run(&arguments),
        Task::Export(arguments) => export::run(&arguments),
    }
}

/// The folder of the documented contract in the source tree that this binary was built from.
fn documented_folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi"))
}
