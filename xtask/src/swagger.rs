//! `cargo xtask swagger`: uses Swagger UI in a browser as a person does, and checks what the page then shows.
//!
//! `xtask/swagger/drive.mjs` drives Chromium; what must come of it is judged here.

mod browser;
mod judge;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use crate::served::{Served, source_tree};
use judge::Judge;

/// How to check.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Take a picture of the page, as a PNG file
    #[arg(long, value_name = "FILE")]
    screenshot: Option<PathBuf>,
}

/// Every operation, in an order in which each works with the values that its form is filled with.
const OPERATIONS: &[&str] = &[
    "createOrganization",
    "createProvisionerJob",
    "cancelProvisionerJob",
    "getOrganizations",
    "getOrganizationByID",
    "updateOrganization",
    "deleteOrganization",
    "getProvisionerJobs",
    "getProvisionerJob",
    "createProvisionerKey",
    "listProvisionerKeys",
    "deleteProvisionerKey",
    "getProvisionerDaemons",
    "addOrganizationMember",
    "assignRoleToOrganizationMember",
    "listOrganizationMembers",
    "paginatedOrganizationMembers",
    "getMemberRolesByOrganization",
    "removeOrganizationMember",
    "getSiteMemberRoles",
    "getOrganizationsByUser",
    "getOrganizationByUserAndOrganizationName",
    "getAPIRoot",
    "getBuildInfo",
    "getEntitlements",
    "checkInitialUserCreated",
    "getUsers",
    "getUserByName",
    "getUserRoles",
    "getUserTokens",
    "getTokenConfig",
    "getAuditLogs",
];

/// Operations that the page offers and that are not executed here: their forms ask for what only an earlier answer tells (the ID of
/// a worker, of a token, of a build), or they would sign the page out. The tests of the API execute each of them.
const NOT_EXECUTED: &[&str] = &[
    "registerProvisionerDaemon",
    "heartbeatProvisionerDaemon",
    "acquireProvisionerJob",
    "reportProvisionerJobProgress",
    "completeProvisionerJob",
    "failProvisionerJob",
    "getProvisionerJobLogs",
    "cancelWorkspaceBuild",
    "cancelTemplateVersion",
    "cancelTemplateVersionDryRun",
    "createInitialUser",
    "logInUser",
    "logOutUser",
    "createNewUser",
    "deleteUser",
    "updateUserProfile",
    "updateUserPassword",
    "assignRoleToUser",
    "suspendUserAccount",
    "activateUserAccount",
    "createNewSessionKey",
    "createTokenAPIKey",
    "getAPIKeyByID",
    "getAPIKeyByTokenName",
    "deleteAPIKey",
    "expireAPIKey",
];

/// Checks, and prints what is wrong.
///
/// # Errors
/// What the check needs cannot be had, or the page cannot be used.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    browser::prepare()?;
    let served = Served::start()?;
    import_samples(&served)?;
    create_ana(&served)?;
    let picture = arguments.screenshot.as_ref().map(std::path::absolute).transpose()?;
    let picture = picture.map(|file| json!({ "file": file, "operation": "createOrganization" }));
    let report = browser::drive(&served, OPERATIONS, picture)?;
    let mut judge = Judge::default();
    judge.page(&report, OPERATIONS.iter().chain(NOT_EXECUTED).copied().collect());
    judge.organizations(&report);
    judge.jobs(&report);
    judge.workers(&report);
    judge.members(&report);
    judge.general(&report);
    judge.users(&report);

    let mut out = std::io::stdout().lock();
    let faults = judge.faults();
    for fault in faults {
        writeln!(out, "{fault}")?;
    }
    if faults.is_empty() {
        writeln!(out, "Swagger UI works: {} operations executed.", OPERATIONS.len())?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

/// Creates the user whom the examples of the document name.
fn create_ana(served: &Served) -> anyhow::Result<()> {
    if !served.command().args(["user", "create", "ana"]).status()?.success() {
        bail!("orgd user create failed");
    }
    Ok(())
}

/// Imports the sample files into the running server's database, as the README says.
fn import_samples(served: &Served) -> anyhow::Result<()> {
    let folder = source_tree().join("docs/examples");
    let mut files: Vec<_> =
        std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let status = served.command().args(["import", "--into-default"]).args(&files).status()?;
    if !status.success() {
        bail!("orgd import failed on {files:?}");
    }
    Ok(())
}
