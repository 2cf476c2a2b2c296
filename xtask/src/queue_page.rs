//! `cargo xtask queue-page`: uses the page `/queue` in a browser as a person does, after the tests of what is pure in it.
//!
//! `xtask/queue-page/*.test.mjs` test the pure modules with Node alone. `xtask/queue-page/drive.mjs` fills a new server through its API,
//! drives Chromium, and reports which of its checks failed.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::bail;
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::browser;
use crate::served::Served;

/// The folder of the driver.
const DRIVER: &str = "queue-page";
/// The organization where so many jobs wait.
const CROWD: (&str, u32) = ("0198f5a0-0000-7000-8000-0000000c0bd5", 10_000);

/// How to check.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Put pictures of the page, as PNG files, into this folder
    #[arg(long, value_name = "FOLDER")]
    screenshots: Option<PathBuf>,
    /// Run only the tests that need no browser and no server
    #[arg(long, conflicts_with = "screenshots")]
    pure: bool,
}

/// What came of one check of the driver.
#[derive(Debug, Deserialize)]
struct Check {
    name: String,
    /// Why it failed; absent when it passed.
    fault: Option<String>,
}

/// Checks, and prints what is wrong.
///
/// # Errors
/// What the check needs cannot be had, or the page cannot be used.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    test_pure_modules()?;
    if arguments.pure {
        return Ok(ExitCode::SUCCESS);
    }
    browser::prepare(DRIVER)?;
    let served = Served::start_with(&[("ORGD_RATE_LIMIT", "0")])?;
    import_crowd(&served)?;
    let folder = arguments.screenshots.as_ref().map(std::path::absolute).transpose()?;
    if let Some(folder) = &folder {
        std::fs::create_dir_all(folder)?;
    }
    let request = json!({ "url": served.url, "token": served.token, "crowd": CROWD.1, "screenshots": folder });
    let checks: Vec<Check> = browser::drive(DRIVER, request)?;

    let mut out = std::io::stdout().lock();
    let mut failed = false;
    for Check { name, fault } in &checks {
        if let Some(fault) = fault {
            writeln!(out, "{name}: {fault}")?;
            failed = true;
        }
    }
    if failed || checks.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    writeln!(out, "The queue page works: {} checks passed.", checks.len())?;
    Ok(ExitCode::SUCCESS)
}

fn test_pure_modules() -> anyhow::Result<()> {
    let folder = browser::folder(DRIVER);
    let mut tests: Vec<PathBuf> =
        std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    tests.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    tests.sort();
    let status =
        Command::new("node").args(["--test", "--test-reporter=dot"]).args(&tests).current_dir(&folder).status()?;
    if tests.is_empty() || !status.success() {
        bail!("the tests of the pure modules ended with {status}; run: node --test xtask/queue-page/*.test.mjs");
    }
    Ok(())
}

/// More jobs than can be queued one by one in the time that a check may take.
fn import_crowd(served: &Served) -> anyhow::Result<()> {
    let (organization, jobs) = CROWD;
    let folder = tempfile::tempdir()?;
    let time = "2026-01-02T03:04:05Z";
    let crowd = json!([{
        "id": organization, "name": "crowd", "display_name": "Crowd", "icon": "", "description": "",
        "created_at": time, "updated_at": time, "is_default": false,
    }]);
    let jobs: Vec<Value> = (0..jobs).map(|number| waiting(number, organization)).collect();
    let files = [("organizations.json", crowd), ("jobs.json", json!(jobs))];
    let mut import = served.command();
    import.arg("import");
    for (name, content) in files {
        let file = folder.path().join(name);
        std::fs::write(&file, content.to_string())?;
        import.arg(file);
    }
    let status = import.status()?;
    if !status.success() {
        bail!("orgd import ended with {status}");
    }
    Ok(())
}

fn waiting(number: u32, organization: &str) -> Value {
    json!({
        "id": format!("0198f5a0-0000-7000-9000-{number:012x}"),
        "created_at": format!("2026-01-02T{:02}:{:02}:{:02}Z", 3 + number / 3600, number / 60 % 60, number % 60),
        "status": "pending",
        "file_id": "8a0cfb4f-ddc9-436d-91bb-75133c583767",
        "tags": { "owner": "", "scope": "organization", "shard": (number % 4).to_string() },
        "queue_position": 0,
        "queue_size": 0,
        "organization_id": organization,
        "initiator_id": "06588898-9a84-4b35-ba8f-f9cbd64946f3",
        "type": "workspace_build",
        "input": { "workspace_build_id": "badaf2eb-96c5-4050-9f1d-db2d39ca5478" },
        "metadata": { "template_version_name": "", "template_id": "00000000-0000-0000-0000-000000000000",
            "template_name": format!("template-{number}"), "template_display_name": "", "template_icon": "" },
        "logs_overflowed": false,
    })
}

#[cfg(test)]
mod tests {
    use super::Check;

    #[test]
    fn a_check_passes_when_it_has_no_fault() {
        let checks: Vec<Check> = serde_json::from_str(r#"[{"name":"a"},{"name":"b","fault":"why"}]"#).unwrap();
        assert_eq!(checks.iter().map(|check| check.fault.as_deref()).collect::<Vec<_>>(), [None, Some("why")]);
    }
}
