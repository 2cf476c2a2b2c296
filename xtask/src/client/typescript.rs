//! The clients in TypeScript: openapi-fetch with the types of openapi-typescript, and hey-api. Both are in one npm project, which is
//! copied to `target/clients/typescript` and installed there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

use super::ground::Ground;
use crate::ci::python::install_npm;
use crate::ci::shell::run;

const FOLDER: &str = "typescript";

pub(super) fn build_fetch(ground: &Ground) -> anyhow::Result<()> {
    let folder = project(ground)?;
    let mut generate = node(ground, &folder, &["node_modules/openapi-typescript/bin/cli.js"])?;
    run(generate.arg(ground.openapi()).args(["--output", "schema.d.ts"]).stdout(Stdio::null()).stderr(Stdio::null()))?;
    copy(&ground.story(FOLDER), "fetch.ts", &folder)?;
    copy(&ground.example(FOLDER), "organizations.ts", &folder)?;
    check_types(ground, &folder, &["fetch.ts", "organizations.ts"])
}

pub(super) fn story_fetch(ground: &Ground) -> anyhow::Result<Command> {
    node(ground, &ground.folder(FOLDER)?, &["fetch.ts"])
}

pub(super) fn example(ground: &Ground) -> anyhow::Result<Command> {
    node(ground, &ground.folder(FOLDER)?, &["organizations.ts"])
}

/// The document in 3.0.3: from the other one this generator takes `tags` for an object that is spread over several parameters.
pub(super) fn build_hey_api(ground: &Ground) -> anyhow::Result<()> {
    let folder = project(ground)?;
    copy(&ground.story(FOLDER), "hey-api.config.ts", &folder)?;
    copy(&ground.story(FOLDER), "hey-api.ts", &folder)?;
    let mut generate = node(ground, &folder, &["node_modules/@hey-api/openapi-ts/bin/run.js"])?;
    generate.args(["--file", "hey-api.config.ts", "--no-log-file", "--silent", "--input"]);
    run(generate.arg(ground.openapi_30()).stdout(Stdio::null()))?;
    check_types(ground, &folder, &["hey-api.ts"])
}

pub(super) fn story_hey_api(ground: &Ground) -> anyhow::Result<Command> {
    node(ground, &ground.folder(FOLDER)?, &["hey-api.ts"])
}

/// The npm project, with what it needs installed.
fn project(ground: &Ground) -> anyhow::Result<PathBuf> {
    let folder = ground.folder(FOLDER)?;
    for file in ["package.json", "package-lock.json", "tsconfig.json", "expect.ts"] {
        copy(&ground.story(FOLDER), file, &folder)?;
    }
    install_npm(&ground.tools, &folder)?;
    Ok(folder)
}

/// Node runs TypeScript by leaving its types out; whether they hold is asked before.
fn check_types(ground: &Ground, folder: &Path, files: &[&str]) -> anyhow::Result<()> {
    // A list of files on the command line would make the compiler ignore the settings.
    let settings = serde_json::json!({ "extends": "./tsconfig.json", "include": [], "files": files });
    let file = format!("tsconfig.{}.json", files[0]);
    std::fs::write(folder.join(&file), settings.to_string())?;
    run(&mut node(ground, folder, &["node_modules/typescript/bin/tsc", "--project", &file])?)
}

fn node(ground: &Ground, folder: &Path, arguments: &[&str]) -> anyhow::Result<Command> {
    ground.tools.command(folder, "node", arguments)
}

fn copy(from: &Path, file: &str, to: &Path) -> anyhow::Result<()> {
    let from = from.join(file);
    std::fs::copy(&from, to.join(file)).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}
