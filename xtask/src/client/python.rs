//! The client in Python, made by openapi-python-client.

use std::path::PathBuf;
use std::process::Command;

use super::ground::Ground;
use crate::ci::shell::run;

const FOLDER: &str = "python";
/// The package that is generated.
const PACKAGE: &str = "orgd_client";

/// The document in 3.0.3: from the other one this generator leaves out the parameter `tags`, because its value is JSON.
pub(super) fn build(ground: &Ground) -> anyhow::Result<()> {
    let package = ground.folder(FOLDER)?.join(PACKAGE);
    let arguments = ["generate", "--meta", "none", "--overwrite", "--fail-on-warning"];
    let mut generate = ground.tools.command(ground.root(), "openapi-python-client", &arguments)?;
    generate.arg("--path").arg(ground.openapi_30()).arg("--output-path").arg(&package);
    run(&mut generate)?;
    let mut compile = ground.tools.command(ground.root(), "python", &["-m", "compileall", "-q"])?;
    run(compile.arg(package))
}

pub(super) fn story(ground: &Ground) -> anyhow::Result<Command> {
    python(ground, ground.story(FOLDER).join("story.py"))
}

pub(super) fn example(ground: &Ground) -> anyhow::Result<Command> {
    python(ground, ground.example(FOLDER).join("organizations.py"))
}

fn python(ground: &Ground, script: PathBuf) -> anyhow::Result<Command> {
    let mut command = ground.tools.command(ground.root(), "python", &["-W", "error"])?;
    command.arg(script).env("PYTHONPATH", ground.folder(FOLDER)?);
    Ok(command)
}
