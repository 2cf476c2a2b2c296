//! The tools that other people use, over a document in every form: openapi-spec-validator, Redocly, Spectral, and parsers of YAML.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use serde_json::Value;

use crate::ci::place::Place;
use crate::ci::python::{Environment, npm};
use crate::ci::shell::run;
use crate::openapi::export;

/// Writes the document in every form and lets each tool look. Tells the commands that were not happy.
///
/// # Errors
/// The tools cannot be installed, or the document cannot be written.
pub(super) fn look(name: &str, document: &Value) -> anyhow::Result<Vec<String>> {
    let place = Place::find()?;
    let environment = Environment::ready(&place)?;
    let redocly = npm(&place, &environment, "xtask/redocly")?;
    let spectral = npm(&place, &environment, "xtask/spectral")?;
    let folder = place.work.join(name);
    let mut commands = Vec::new();
    for file in export::write(document, &folder)? {
        if file.extension().is_some_and(|extension| extension == "json") {
            let file = file.to_str().context("the target folder's name is not UTF-8")?;
            commands.push(environment.command(&place.root, "openapi-spec-validator", &[file])?);
            commands.push(with_redocly(&environment, &redocly, file)?);
            commands.push(with_spectral(&environment, &spectral, file)?);
        }
    }
    let parsers = place.root.join("xtask/python");
    let mut parse = environment.command(&parsers, "python", &["same_document.py"])?;
    parse.arg(&folder);
    commands.push(parse);
    Ok(commands.iter_mut().filter_map(|command| run(command).err()).map(|error| format!("{error:#}")).collect())
}

fn with_redocly(environment: &Environment, folder: &Path, file: &str) -> anyhow::Result<Command> {
    let mut redocly = node(environment, folder, "@redocly/cli/bin/cli.js")?;
    redocly.args(["lint", file, "--config", "redocly.yaml", "--format", "stylish", "--max-problems", "1000"]);
    redocly.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    Ok(redocly)
}

fn with_spectral(environment: &Environment, folder: &Path, file: &str) -> anyhow::Result<Command> {
    let mut spectral = node(environment, folder, "@stoplight/spectral-cli/dist/index.js")?;
    spectral.args(["lint", file, "--ruleset", "spectral.yaml", "--fail-severity", "hint", "--quiet"]);
    Ok(spectral)
}

/// A program of an npm project.
fn node(environment: &Environment, folder: &Path, program: &str) -> anyhow::Result<Command> {
    environment.command(folder, "node", &[format!("node_modules/{program}").as_str()])
}
