//! `orgd conformance` against orgd, which keeps the contract; against a liar, which does not; and against one that answers as Coder's
//! server does.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, helpers included"
)]
#![expect(clippy::print_stderr, reason = "a failing test shows the log of its server")]

#[path = "../support/harness.rs"]
#[expect(dead_code, unused_imports, reason = "the black-box tests use the rest")]
mod harness;

mod coder;
mod command;
mod lies;
mod proxy;
mod write_lies;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use orgd_conformance::{Interruption, Options, Report, Verdict};

use harness::TestServer;

/// The operations of Coder's published reference.
const REFERENCE: [&str; 7] = [
    "getOrganizations",
    "createOrganization",
    "getOrganizationByID",
    "deleteOrganization",
    "updateOrganization",
    "getProvisionerJobs",
    "getProvisionerJob",
];

/// A server with the project's example organizations and jobs, and a second user without roles; the token of the latter.
fn with_examples() -> (TestServer, String) {
    let server = TestServer::start();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples");
    let file = |name: &str| examples.join(name).to_str().unwrap().to_owned();
    server.command(&["import", "--into-default", &file("organizations.json"), &file("provisioner-jobs.json")]);
    // What a command wrote is seen by a running server soon.
    harness::eventually(|| server.owner().get("/organizations").expect(200).as_array().unwrap().len() == 2);
    let other = server.user("reader", &[], &[]);
    (server, other)
}

/// True when the tests run once more on PostgreSQL. Whether a lie is found does not depend on the liar's database, and they are many.
fn were_told_before() -> bool {
    std::env::var_os("ORGD_TEST_POSTGRES").is_some()
}

/// What to run.
fn options(url: &str, server: &TestServer, other: &str, write: bool) -> Options {
    Options {
        url: url.to_owned(),
        token: server.owner_token().to_owned(),
        other_token: Some(other.to_owned()),
        kind: None,
        write,
        try_default: false,
        operations: Vec::new(),
        timeout: Duration::from_secs(30),
    }
}

fn run(options: &Options) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(orgd_conformance::run(options, &Interruption::default(), |_| {})).unwrap()
}

/// The cases that failed.
fn failed(report: &Report) -> BTreeSet<String> {
    let is_failure = |verdict: &Verdict| matches!(verdict, Verdict::Fail { .. });
    let name = |result: &orgd_conformance::CaseResult| format!("{}/{}", result.operation, result.case);
    report.results.iter().filter(|result| is_failure(&result.verdict)).map(name).collect()
}
