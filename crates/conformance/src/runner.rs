//! A run: finds out which server it is, chooses the cases, runs one after the other, judges them by the list of differences, and
//! deletes what it made, whatever happened.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use crate::call::{Caller, call};
use crate::case::{Case, CaseInfo, Finding, Needs, Stop, Verdict};
use crate::contract::Contract;
use crate::differences::Differences;
use crate::guard::Guard;
use crate::report::{CaseResult, Report};
use crate::run::{Run, items, text};
use crate::server::{Access, NoAnswer, Server};
use crate::targets::{Targets, get, make_workshops};
use crate::{cases, cleanup};

/// Which server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// orgd.
    Orgd,
    /// Coder's own.
    Coder,
}

/// What to run against which server. There is no `Debug`, which would show the tokens.
#[derive(Clone)]
pub struct Options {
    /// URL of the server.
    pub url: String,
    /// A session token, of an owner where everything is to be checked.
    pub token: String,
    /// A session token of a second user without roles, for what is hidden and refused.
    pub other_token: Option<String>,
    /// Which kind of server it is; asked when absent.
    pub kind: Option<Kind>,
    /// Whether organizations may be made, changed and deleted.
    pub write: bool,
    /// Whether the server may be asked to delete the default organization, which it must refuse.
    pub try_default: bool,
    /// IDs of the operations to check; all when empty.
    pub operations: Vec<String>,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// Why nothing could be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL is none.
    #[error("{url:?} is not the URL of a server: {why}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nothing answers.
    #[error("{url} does not answer: {why}")]
    Unreachable {
        /// The URL.
        url: String,
        /// Why not.
        why: String,
    },
    /// Something answers that is no such server.
    #[error(
        "{url} is not a server of this API: GET /api/v2/buildinfo answers status {status}, and no version; choose with --as to go on anyway"
    )]
    Unknown {
        /// The URL.
        url: String,
        /// What it answered.
        status: u16,
    },
    /// The token is not taken.
    #[error("the server does not take the {which}: {said}")]
    Token {
        /// Which token.
        which: &'static str,
        /// The server's words.
        said: String,
    },
    /// No operation has this ID.
    #[error("the contract has no operation {0:?}; `orgd conformance --list` names all of them")]
    Operation(String),
    /// Something that was compiled in is broken.
    #[error("{0}")]
    BuiltIn(String),
}

/// Ends a run early; what it made is deleted all the same.
#[derive(Debug, Clone, Default)]
pub struct Interruption(Arc<AtomicBool>);

impl Interruption {
    /// Ends the run after the request that is under way.
    pub fn interrupt(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_asked_for(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The cases of these operations, or of all of them.
///
/// # Errors
/// An operation that there is not.
pub fn list(operations: &[String]) -> Result<Vec<CaseInfo>, Error> {
    let contract = Contract::load().map_err(Error::BuiltIn)?;
    let info = |case: &Case| CaseInfo {
        operation: case.operation.to_owned(),
        case: case.name.to_owned(),
        rule: case.rule.to_owned(),
        writes: case.needs == Needs::Writing,
        extension: contract.operation(case.operation).is_some_and(|operation| operation.is_extension),
    };
    Ok(chosen(&contract, operations)?.into_iter().map(info).collect())
}

/// The cases in the order of the document.
fn chosen(contract: &Contract, operations: &[String]) -> Result<Vec<&'static Case>, Error> {
    if let Some(unknown) = operations.iter().find(|id| contract.operation(id).is_none()) {
        return Err(Error::Operation(unknown.clone()));
    }
    let wanted = |id: &str| operations.is_empty() || operations.iter().any(|one| one == id);
    let of = |id: &str| cases::all().filter(move |case| case.operation == id).collect::<Vec<_>>();
    let mut ids: Vec<&str> = cases::REFERENCE.to_vec();
    ids.extend(
        contract.operations().iter().map(|operation| operation.id.as_str()).filter(|id| !cases::REFERENCE.contains(id)),
    );
    Ok(ids.into_iter().filter(|id| wanted(id)).flat_map(of).collect())
}

/// Runs the cases. `progress` is told of each result as it comes.
///
/// # Errors
/// Nothing could be run at all.
pub async fn run(
    options: &Options,
    interruption: &Interruption,
    mut progress: impl FnMut(&CaseResult),
) -> Result<Report, Error> {
    let begun = Instant::now();
    let contract = Contract::load().map_err(Error::BuiltIn)?;
    let differences = Differences::load().map_err(Error::BuiltIn)?;
    let cases = chosen(&contract, &options.operations)?;
    let access = Access {
        url: &options.url,
        token: &options.token,
        other: options.other_token.as_deref(),
        timeout: options.timeout,
    };
    let guard = Guard::new(options.write, options.try_default);
    let server = Server::new(&access, guard, Arc::clone(&interruption.0))
        .map_err(|why| Error::Url { url: options.url.clone(), why })?;
    let (kind, version) = greet(&server, &contract, options).await?;
    for organization in items(&get(&server, &contract, call("getOrganizations", &[])).await) {
        server.guard.protect(text(organization, "id"));
    }
    let workshops = if options.write { make_workshops(&server, &contract, kind).await } else { Vec::new() };
    let targets = Targets::find(&server, &contract, workshops).await;
    let mut results = Vec::new();
    for case in cases {
        if interruption.is_asked_for() {
            break;
        }
        let run = Run {
            case,
            server: &server,
            contract: &contract,
            targets: &targets,
            kind,
            findings: Vec::new(),
            exchanges: Vec::new(),
        };
        let result = run_case(run, &differences).await;
        if case.needs == Needs::Writing {
            // What could not be deleted is tried again at the end, and told then.
            cleanup::clean(&server, &contract, &targets.workshops).await;
        }
        progress(&result);
        results.push(result);
    }
    let interrupted = interruption.is_asked_for();
    server.resume();
    let mut left_over = cleanup::clean(&server, &contract, &[]).await;
    if options.write && left_over.is_empty() {
        left_over.extend(cleanup::still_listed(&server, &contract).await);
    }
    Ok(Report {
        url: server.mask.text(&options.url),
        kind,
        version,
        write: options.write,
        interrupted,
        seconds: begun.elapsed().as_secs_f64(),
        left_over,
        results,
    })
}

/// Finds out which server it is, and whether it takes the tokens.
async fn greet(server: &Server, contract: &Contract, options: &Options) -> Result<(Kind, String), Error> {
    let (status, body) = say_hello(server, contract, options, "getBuildInfo", Caller::Nobody).await?;
    let version = text(&body, "version").to_owned();
    let kind = match options.kind {
        Some(kind) => kind,
        None if version.is_empty() => return Err(Error::Unknown { url: options.url.clone(), status }),
        None if version.contains("+orgd.") => Kind::Orgd,
        None => Kind::Coder,
    };
    let other = server.has_other().then_some(("second session token", Caller::Other));
    for (which, caller) in [("session token", Caller::User)].into_iter().chain(other) {
        let (status, body) = say_hello(server, contract, options, "getUserByName", caller).await?;
        if status == 401 {
            let said = [text(&body, "message"), text(&body, "detail")].join(" ").trim().to_owned();
            return Err(Error::Token { which, said: server.mask.text(&said) });
        }
    }
    Ok((kind, version))
}

async fn say_hello(
    server: &Server,
    contract: &Contract,
    options: &Options,
    operation: &'static str,
    caller: Caller,
) -> Result<(u16, Value), Error> {
    let known = contract.operation(operation).ok_or_else(|| Error::BuiltIn(format!("no operation {operation}")))?;
    match server.send(known, &call(operation, &["me"]).by(caller)).await.1 {
        Ok(answer) => Ok((answer.status, answer.json().unwrap_or_default())),
        Err(NoAnswer::Broken(why) | NoAnswer::Refused(why)) => {
            Err(Error::Unreachable { url: server.mask.text(&options.url), why: server.mask.text(&why) })
        }
        Err(NoAnswer::Interrupted) => {
            Err(Error::Unreachable { url: options.url.clone(), why: "interrupted".to_owned() })
        }
    }
}

async fn run_case(mut run: Run<'_>, differences: &Differences) -> CaseResult {
    let begun = Instant::now();
    let case = run.case;
    let stop = match skipped(&run) {
        Some(reason) => Err(Stop::Skip(reason)),
        None => (case.run)(&mut run).await,
    };
    let verdict = match stop {
        Err(Stop::Interrupted) => Verdict::Skipped { reason: "interrupted".to_owned() },
        // What was found before there was nothing more to look at counts.
        Err(Stop::Skip(reason)) if run.findings.is_empty() => {
            Verdict::Skipped { reason: run.server.mask.text(&reason) }
        }
        Ok(()) | Err(Stop::Failed | Stop::Skip(_)) => judged(&run, differences),
    };
    let shows = matches!(verdict, Verdict::Fail { .. } | Verdict::KnownDifference { .. });
    CaseResult {
        operation: case.operation.to_owned(),
        case: case.name.to_owned(),
        rule: case.rule.to_owned(),
        seconds: begun.elapsed().as_secs_f64(),
        exchanges: if shows { std::mem::take(&mut run.exchanges) } else { Vec::new() },
        verdict,
    }
}

fn skipped(run: &Run<'_>) -> Option<String> {
    let operation = run.contract.operation(run.case.operation)?;
    if operation.is_extension && run.kind != Kind::Orgd {
        return Some("an extension of orgd".to_owned());
    }
    let writes = run.case.needs == Needs::Writing;
    (writes && !run.server.guard.writes()).then(|| "changes something: needs --write".to_owned())
}

fn judged(run: &Run<'_>, differences: &Differences) -> Verdict {
    if run.findings.is_empty() {
        return Verdict::Pass;
    }
    let findings = run.findings.clone();
    let answer =
        |finding: &Finding| run.exchanges.get(finding.exchange).map_or("", |exchange| exchange.answer.as_str());
    let known = |finding: &Finding| differences.of(run.case.operation, run.case.name, finding, answer(finding));
    // The list says what Coder's server does otherwise; orgd has no excuse.
    let numbers = (run.kind == Kind::Coder).then(|| findings.iter().map(known).collect::<Option<BTreeSet<u32>>>());
    match numbers.flatten() {
        Some(numbers) => Verdict::KnownDifference { differences: numbers.into_iter().collect(), findings },
        None => Verdict::Fail { findings },
    }
}
