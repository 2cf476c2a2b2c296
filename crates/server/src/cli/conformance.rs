//! `orgd conformance`: holds a server, orgd or another one of Coder's API, against the documented contract.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use orgd_conformance::{Error, Interruption, Kind, Options, Report};
use tokio::signal::unix::{SignalKind, signal};

use super::{output, remote};
use crate::config::{ClientFlags, Secret, ServerAccess, process_environment, second_token};

/// Exit code of a run that found something.
const BROKEN: u8 = 1;
/// Exit code of a run that could not be made, or not to its end.
const COULD_NOT_RUN: u8 = 2;

/// What to check, and where the results go.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code: 0 when the server keeps the contract as far as it could be found out, 1 when it breaks it, 2 when the run could not be made."
)]
pub struct Flags {
    #[command(flatten)]
    access: ClientFlags,
    /// The session token itself; everybody on this machine can read it while the command runs
    #[arg(long, value_name = "TOKEN", conflicts_with = "token_file")]
    token: Option<String>,
    /// File with the session token of a second user without roles, for what is hidden and refused [env: ORGD_OTHER_TOKEN]
    #[arg(long, value_name = "FILE")]
    other_token_file: Option<PathBuf>,
    /// Also make organizations, change and delete them; no other organization is touched
    #[arg(long)]
    write: bool,
    /// Also ask to delete the default organization, which the server must refuse
    #[arg(long, requires = "write")]
    try_default: bool,
    /// Which server it is, instead of asking it
    #[arg(long = "as", value_enum, value_name = "KIND")]
    kind: Option<KindFlag>,
    /// Check this operation only; can be given several times
    #[arg(long = "operation", value_name = "ID")]
    operations: Vec<String>,
    /// Print the cases instead of running them
    #[arg(long)]
    list: bool,
    /// Print a line for each case instead of one for each operation
    #[arg(long, short)]
    verbose: bool,
    /// Write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write the results as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Seconds that an answer may take
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

/// A kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindFlag {
    /// orgd
    Orgd,
    /// Coder's own server
    Coder,
}

/// Runs the command. Its exit code says what came of it.
pub fn run(flags: &Flags) -> ExitCode {
    match carry_out(flags) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&error);
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

fn carry_out(flags: &Flags) -> anyhow::Result<ExitCode> {
    if flags.list {
        output::unless_enough(print_cases(&flags.operations))?;
        return Ok(ExitCode::SUCCESS);
    }
    let options = options(flags)?;
    let report = remote::block_on(watched(&options))?;
    for (file, text) in [(&flags.json, report.json()?), (&flags.junit, report.junit().map_err(anyhow::Error::msg)?)] {
        if let Some(file) = file {
            std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    let text = report.text(flags.verbose, output::shows_colours(&process_environment()));
    output::unless_enough(output::write_line(&text))?;
    Ok(code(&report))
}

fn code(report: &Report) -> ExitCode {
    if report.counts().fail > 0 || !report.left_over.is_empty() {
        return ExitCode::from(BROKEN);
    }
    if report.interrupted { ExitCode::from(COULD_NOT_RUN) } else { ExitCode::SUCCESS }
}

fn options(flags: &Flags) -> anyhow::Result<Options> {
    let mut environment = process_environment();
    environment.extend(flags.token.iter().map(|token| ("ORGD_TOKEN".to_owned(), token.clone())));
    let other_token = second_token(flags.other_token_file.as_deref(), &environment)?;
    let access = ServerAccess::of_user(flags.access.clone(), environment)?;
    let (Secret::Token(token) | Secret::Key(token)) = access.secret;
    Ok(Options {
        url: access.url,
        token,
        other_token,
        kind: flags.kind.map(|kind| if kind == KindFlag::Orgd { Kind::Orgd } else { Kind::Coder }),
        write: flags.write,
        try_default: flags.try_default,
        operations: flags.operations.clone(),
        timeout: Duration::from_secs(flags.timeout),
    })
}

/// Runs the cases. The first Ctrl-C, or SIGTERM, ends the run after the request that is under way and lets it clean up; the second
/// one does not wait.
async fn watched(options: &Options) -> anyhow::Result<Report> {
    let interruption = Interruption::default();
    let mut signals = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
    let run = orgd_conformance::run(options, &interruption, |_| {});
    tokio::pin!(run);
    let mut count = 0;
    loop {
        let [interrupt, terminate] = &mut signals;
        tokio::select! {
            report = &mut run => return report.map_err(shown),
            _ = interrupt.recv() => count += 1,
            _ = terminate.recv() => count += 1,
        }
        if count > 1 {
            anyhow::bail!("interrupted; organizations whose names begin with conformance- may be left over");
        }
        interruption.interrupt();
        output::say("Interrupted: deleting what this run made. Once more to stop at once.");
    }
}

/// The words may be a server's.
fn shown(error: Error) -> anyhow::Error {
    anyhow::anyhow!(output::plain(&error.to_string()))
}

fn print_cases(operations: &[String]) -> anyhow::Result<()> {
    let cases = orgd_conformance::list(operations)?;
    let line = |case: &orgd_conformance::CaseInfo| {
        let needs = if case.writes { "writes" } else { "reads" };
        let extension = if case.extension { " (an extension of orgd)" } else { "" };
        format!("{needs:<7} {}/{}  {}{extension}", case.operation, case.case, case.rule)
    };
    output::write_line(&cases.iter().map(line).collect::<Vec<_>>().join("\n"))
}
