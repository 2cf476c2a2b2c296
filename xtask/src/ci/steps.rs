//! The steps and what each does. Every step can run alone: it makes what it needs itself.

use std::process::ExitCode;

use anyhow::ensure;

use super::alerts;
use super::databases::{self, Version};
use super::place::Place;
use super::python::{Environment, npm};
use super::shell::{command, run, say};
use super::supply;
use super::system;
use super::tools::DENY;
use crate::client::go::on_its_own;
use crate::openapi::lint;
use crate::postgres::Installed;
use crate::served::{self, Served};

/// One step.
pub(super) struct Step {
    /// The name for `--only`.
    pub(super) name: &'static str,
    /// What it checks, for people.
    pub(super) about: &'static str,
    /// Whether it measures times or takes all processors anyway, and is run alone.
    pub(super) needs_quiet: bool,
    /// Does it.
    pub(super) run: fn(&Place) -> anyhow::Result<()>,
}

/// A step that is run alone.
const fn alone(name: &'static str, about: &'static str, run: fn(&Place) -> anyhow::Result<()>) -> Step {
    Step { name, about, needs_quiet: true, run }
}

/// A step that is run beside those next to it.
const fn beside(name: &'static str, about: &'static str, run: fn(&Place) -> anyhow::Result<()>) -> Step {
    Step { name, about, needs_quiet: false, run }
}

/// Every step, the cheap ones first; those beside one another begin with the longest. The benchmark is not among them: it needs the release build
/// and a machine that does nothing else.
pub(super) const STEPS: &[Step] = &[
    alone("set-up", "system packages, Python environment, npm packages, PostgreSQL", set_up),
    alone("format", "the code is formatted", format),
    alone("openapi", "the documented and the generated document agree", openapi),
    alone(
        "breaking",
        "the version may have the changes since the last release, and the changelog tells them",
        breaking,
    ),
    alone("permissions", "the page of permissions says what the table says", permissions),
    alone("reference", "the pages of the API reference say what the document says", reference),
    alone("differences", "the page of differences says what the list says", differences),
    alone("lint", "the documents keep the rules, and validators, Redocly and Spectral agree", lint),
    alone("alerts", "the alerts for Prometheus are right, and each can be brought about", alerts::check),
    alone("clippy", "no warning in any target", clippy),
    alone("test", "every test of the workspace, on SQLite", test),
    alone("test-oldest", "those that may depend on its version again on the oldest supported PostgreSQL", test_oldest),
    alone("test-newest", "and on the newest", test_newest),
    alone("tls", "a build with TLS to PostgreSQL insists on the right certificate", tls),
    beside("supply", "licences, sources, duplicates and known faults of all dependencies", supply::check),
    beside("schemathesis", "generated requests against a running server", schemathesis),
    beside("generators", "clients in five languages, generated, compiled and used", generators),
    beside("swagger", "Swagger UI in a browser, every operation executed", swagger),
    beside("queue-page", "the page /queue in a browser, used with mouse and keyboard", queue_page),
    beside("recipes", "the recipes for contract tests: pytest, vitest and Go's testing", recipes),
    beside("clients", "requests of real clients against a running server", clients),
    beside("tour", "the README's commands answer what it says", tour),
    beside("prism", "two of them through a proxy that finds what is not as documented", prism),
];

/// What comes from npm, but for what is installed below the target folder.
const NPM_PROJECTS: &[&str] =
    &["xtask/redocly", "xtask/spectral", "xtask/swagger", "xtask/queue-page", "docs/examples/testing/vitest"];

/// Whatever has to be fetched or takes all processors to build is fetched and built here, before anything is measured or has a deadline.
fn set_up(place: &Place) -> anyhow::Result<()> {
    system::install(place)?;
    let environment = Environment::ready(place)?;
    for folder in NPM_PROJECTS {
        npm(place, &environment, folder)?;
    }
    alerts::promtool(place)?;
    DENY.ready(place)?;
    Installed::look(place)?.ensure_both()
}

fn format(place: &Place) -> anyhow::Result<()> {
    run(&mut command(&place.root, "cargo", &["fmt", "--all", "--check"]))
}

fn permissions(place: &Place) -> anyhow::Result<()> {
    run(&mut command(&place.root, "cargo", &["xtask", "permissions", "--check"]))
}

fn reference(place: &Place) -> anyhow::Result<()> {
    run(&mut command(&place.root, "cargo", &["xtask", "openapi", "docs", "--check"]))
}

fn differences(place: &Place) -> anyhow::Result<()> {
    run(&mut command(&place.root, "cargo", &["xtask", "differences", "--check"]))
}

fn clippy(place: &Place) -> anyhow::Result<()> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    run(&mut command(&place.root, "cargo", &arguments))
}

fn test(place: &Place) -> anyhow::Result<()> {
    test_on(place, "sqlite", &[])
}

fn test_oldest(place: &Place) -> anyhow::Result<()> {
    test_on_postgres(place, Version::Oldest)
}

fn test_newest(place: &Place) -> anyhow::Result<()> {
    test_on_postgres(place, Version::Newest)
}

/// Somebody who has one PostgreSQL may test on it as the oldest and the newest; here it takes two.
fn test_on_postgres(place: &Place, version: Version) -> anyhow::Result<()> {
    Environment::ready(place)?;
    Installed::look(place)?.ensure_both()?;
    test_on(place, version.as_str(), &databases::arguments(&place.root, version)?)
}

fn test_on(place: &Place, database: &str, arguments: &[String]) -> anyhow::Result<()> {
    let task = ["xtask", "test", "--database", database, "--", "--quiet"];
    run(command(&place.root, "cargo", &task).args(arguments))
}

/// Only what the feature changes: all else was tested without it.
fn tls(place: &Place) -> anyhow::Result<()> {
    let arguments = ["test", "--quiet", "--workspace", "--features", "orgd/pg-tls", "--test", "postgres", "tls::"];
    run(&mut command(&place.root, "cargo", &arguments))
}

fn tour(place: &Place) -> anyhow::Result<()> {
    run(&mut command(&place.root, "cargo", &["xtask", "tour"]))
}

fn openapi(place: &Place) -> anyhow::Result<()> {
    run(&mut command(&place.root, "cargo", &["xtask", "openapi", "check"]))
}

fn lint(_: &Place) -> anyhow::Result<()> {
    let outcome = lint::run(&lint::Arguments::all())?;
    ensure!(outcome == ExitCode::SUCCESS, "a document breaks a rule, or a tool is not happy with it");
    Ok(())
}

fn schemathesis(place: &Place) -> anyhow::Result<()> {
    let environment = Environment::ready(place)?;
    let server = start()?;
    let role = ["--organization", "coder", "--role", "organization-template-admin"];
    run(server.command().args(["user", "create", "reader"]))?;
    run(server.command().args(["user", "grant", "reader"]).args(role))?;
    let reader = session_token(&server, "reader")?;
    let folder = place.root.join("xtask/schemathesis");
    let file = place.work.join("served.json");
    std::fs::write(&file, serde_json::to_string(&orgd::http::document::openapi())?)?;
    let arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider"];
    run(environment.command(&folder, "python", &arguments)?.env("ORGD_DOCUMENT", &file))?;
    let document = format!("{}/openapi.json", server.url);
    // The owner reaches everything; who may only read meets the permissions; without a token nothing may be found out.
    for (who, token, examples) in [("owner", &*server.token, "100"), ("reader", &*reader, "30"), ("nobody", "", "30")] {
        say(&format!("As {who}:"))?;
        let arguments = ["run", &document, "--no-color", "--max-examples", examples];
        run(environment.command(&folder, "schemathesis", &arguments)?.env("ORGD_TOKEN", token))?;
    }
    Ok(())
}

fn swagger(place: &Place) -> anyhow::Result<()> {
    let mut task = command(&place.root, "cargo", &["xtask", "swagger"]);
    Environment::ready(place)?.come_first(&mut task)?;
    run(&mut task)
}

fn queue_page(place: &Place) -> anyhow::Result<()> {
    let mut task = command(&place.root, "cargo", &["xtask", "queue-page"]);
    Environment::ready(place)?.come_first(&mut task)?;
    run(&mut task)
}

fn clients(place: &Place) -> anyhow::Result<()> {
    let environment = Environment::ready(place)?;
    let server = start()?;
    run(server.command().args(["user", "create", "ana"]))?;
    let folder = place.root.join("xtask/python");
    for script in ["coder_api.py", "coder_requests.py"] {
        let mut client = environment.command(&folder, "python", &[script])?;
        run(client.env("ORGD_URL", &server.url).env("ORGD_TOKEN", &server.token).env("ORGD_USER", "ana"))?;
    }
    Ok(())
}

fn generators(place: &Place) -> anyhow::Result<()> {
    run(&mut command(&place.root, "cargo", &["xtask", "client"]))
}

fn prism(place: &Place) -> anyhow::Result<()> {
    run(&mut command(&place.root, "cargo", &["xtask", "client", "--prism"]))
}

fn breaking(place: &Place) -> anyhow::Result<()> {
    let environment = Environment::ready(place)?;
    npm(place, &environment, "xtask/redocly")?;
    let task = ["xtask", "openapi", "breaking", "--redocly", "xtask/redocly", "--check-changelog"];
    let mut task = command(&place.root, "cargo", &task);
    environment.come_first(&mut task)?;
    run(&mut task)
}

/// What docs/TESTING.md tells others to copy, as they would run it.
fn recipes(place: &Place) -> anyhow::Result<()> {
    let environment = Environment::ready(place)?;
    let orgd = served::build()?;
    let folder = place.root.join("docs/examples/testing");
    let pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider"];
    run(environment.command(&folder.join("pytest"), "python", &pytest)?.env("ORGD", &orgd))?;
    let vitest = npm(place, &environment, "docs/examples/testing/vitest")?;
    // The deadlines of its own are for a machine that does nothing else.
    let vitest_arguments = ["node_modules/vitest/vitest.mjs", "run", "--testTimeout=120000", "--hookTimeout=120000"];
    run(environment.command(&vitest, "node", &vitest_arguments)?.env("ORGD", &orgd))?;
    if find_on_path("go").is_none() {
        say("There is no Go here: its recipe is not run.")?;
        return Ok(());
    }
    let mut go = command(&folder.join("go"), "go", &["test", "-count=1", "./..."]);
    run(on_its_own(&mut go).env("ORGD", &orgd))
}

/// Where a program is, if it is there.
fn find_on_path(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Starts a server without a rate limit and with the project's example organizations and jobs in it.
fn start() -> anyhow::Result<Served> {
    let server = Served::start_with(&[("ORGD_RATE_LIMIT", "0")])?;
    let files = ["docs/examples/organizations.json", "docs/examples/provisioner-jobs.json"];
    run(server.command().args(["import", "--into-default"]).args(files))?;
    Ok(server)
}

/// A new session token of the user.
fn session_token(server: &Served, user: &str) -> anyhow::Result<String> {
    let output = server.command().args(["token", "create", "--user", user]).output()?;
    let token = String::from_utf8(output.stdout)?.trim().to_owned();
    ensure!(output.status.success() && !token.is_empty(), "orgd token create ended with {}", output.status);
    Ok(token)
}
