//! The steps and what each does. Every step can run alone: it makes what it needs itself.

use anyhow::Context as _;
use orgd_contract::Contract;

use super::place::Place;
use super::python::{Environment, npm};
use super::server::Server;
use super::shell::{command, run, say};
use super::system;

/// One step.
pub(super) struct Step {
    /// The name for `--only`.
    pub(super) name: &'static str,
    /// What it checks, for people.
    pub(super) about: &'static str,
    /// Does it.
    pub(super) run: fn(&Place) -> anyhow::Result<()>,
}

/// Every step, the cheap ones first.
pub(super) const STEPS: &[Step] = &[
    Step { name: "set-up", about: "system packages, Python environment, npm packages", run: set_up },
    Step { name: "format", about: "the code is formatted", run: format },
    Step { name: "openapi", about: "the documented and the generated document agree", run: openapi },
    Step { name: "validate", about: "both documents are valid and well written OpenAPI 3.1", run: validate },
    Step { name: "clippy", about: "no warning in any target", run: clippy },
    Step { name: "test", about: "every test of the workspace", run: test },
    Step { name: "tour", about: "the README's commands answer what it says", run: tour },
    Step { name: "swagger", about: "Swagger UI in a browser, every operation executed", run: swagger },
    Step { name: "schemathesis", about: "generated requests against a running server", run: schemathesis },
    Step { name: "clients", about: "requests of real clients against a running server", run: clients },
];

/// What the server of a step is filled with: organizations and jobs as a Coder server answers them.
const EXAMPLES: &str = "docs/examples";

fn set_up(place: &Place) -> anyhow::Result<()> {
    system::install(place)?;
    let environment = Environment::ready(place)?;
    npm(place, &environment, "xtask/redocly").map(drop)
}

fn format(place: &Place) -> anyhow::Result<()> {
    run(&mut command(&place.root, "cargo", &["fmt", "--all", "--check"]))
}

fn clippy(place: &Place) -> anyhow::Result<()> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    run(&mut command(&place.root, "cargo", &arguments))
}

fn test(place: &Place) -> anyhow::Result<()> {
    run(&mut command(&place.root, "cargo", &["test", "--workspace", "--quiet"]))
}

fn tour(place: &Place) -> anyhow::Result<()> {
    run(&mut command(&place.root, "cargo", &["xtask", "tour"]))
}

fn swagger(place: &Place) -> anyhow::Result<()> {
    let environment = Environment::ready(place)?;
    run(command(&place.root, "cargo", &["xtask", "swagger"]).env("PATH", environment.search_path()?))
}

fn openapi(place: &Place) -> anyhow::Result<()> {
    run(&mut command(&place.root, "cargo", &["xtask", "openapi", "check"]))
}

fn validate(place: &Place) -> anyhow::Result<()> {
    let environment = Environment::ready(place)?;
    let lint = npm(place, &environment, "xtask/redocly")?;
    let documented = Contract::load(&place.root.join("openapi"))?.document().clone();
    let generated = serde_json::to_value(orgd::http::document::openapi())?;
    for (name, document) in [("documented", documented), ("generated", generated)] {
        let file = place.work.join(format!("{name}.json"));
        std::fs::write(&file, serde_json::to_string_pretty(&document)?)?;
        let file = file.to_str().context("the target folder's name is not UTF-8")?;
        run(&mut environment.command(&place.root, "openapi-spec-validator", &["--schema", "3.1", file])?)?;
        let mut redocly =
            environment.command(&lint, "node", &["node_modules/@redocly/cli/bin/cli.js", "lint", file])?;
        redocly.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
        run(redocly.args(["--config", "redocly.yaml", "--format", "stylish", "--max-problems", "1000"]))?;
    }
    Ok(())
}

fn schemathesis(place: &Place) -> anyhow::Result<()> {
    let environment = Environment::ready(place)?;
    let server = Server::start(place, "schemathesis")?;
    import_examples(place, &server)?;
    server.orgd(place, &["user", "create", "member"])?;
    server.orgd(place, &["user", "grant", "member", "--organization", "coder"])?;
    let member = server.ask(place, &["token", "create", "--user", "member"])?;
    let folder = place.root.join("xtask/schemathesis");
    // The owner's requests reach everything; a member's meet the permissions; without a token nothing may be found out.
    for (who, token, examples) in
        [("the owner", &*server.token, "150"), ("a member", &member, "40"), ("nobody", "", "20")]
    {
        say(&format!("As {who}:"))?;
        let document = format!("{}/openapi.json", server.url);
        let arguments = ["run", &document, "--no-color", "--max-examples", examples];
        run(environment.command(&folder, "schemathesis", &arguments)?.env("ORGD_TOKEN", token))?;
    }
    Ok(())
}

fn clients(place: &Place) -> anyhow::Result<()> {
    let environment = Environment::ready(place)?;
    let server = Server::start(place, "clients")?;
    import_examples(place, &server)?;
    let folder = place.root.join("xtask/python");
    for script in ["coder_api.py", "coder_requests.py"] {
        let mut command = environment.command(&folder, "python", &[script])?;
        run(command.env("ORGD_URL", &server.url).env("ORGD_TOKEN", &server.token))?;
    }
    Ok(())
}

fn import_examples(place: &Place, server: &Server) -> anyhow::Result<()> {
    let [organizations, jobs] = ["organizations", "provisioner-jobs"].map(|name| format!("{EXAMPLES}/{name}.json"));
    server.orgd(place, &["import", "--into-default", &organizations, &jobs])
}
