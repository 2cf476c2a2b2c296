//! The client in Java, made by openapi-generator for the HTTP client that Java has.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::ground::Ground;
use crate::ci::shell::{command, run};

const FOLDER: &str = "java";
/// The annotations that its code wears, as Debian installs them.
pub(super) const ANNOTATIONS: &str = "/usr/share/java/jakarta-annotation-api.jar";
/// How the client is to be made: with no more libraries than Jackson and the annotations.
const PROPERTIES: &str = "library=native,invokerPackage=orgd.client,apiPackage=orgd.client.api,modelPackage=orgd.client.model,\
    hideGenerationTimestamp=true,openApiNullable=false,useJakartaEe=true";

pub(super) fn build(ground: &Ground) -> anyhow::Result<()> {
    let generated = ground.empty_folder(FOLDER, "generated")?;
    // From the document in 3.1 this generator writes `tags` as Java prints a map, which is no JSON.
    ground.openapi_generator("java", &ground.openapi_30(), &generated, PROPERTIES)?;
    let classes = ground.empty_folder(FOLDER, "classes")?;
    let mut sources = sources_below(&generated.join("src/main/java"))?;
    ensure!(!sources.is_empty(), "no Java was generated");
    sources.push(ground.story(FOLDER).join("Story.java"));
    sources.push(ground.example(FOLDER).join("Organizations.java"));
    let mut compile = command(ground.root(), "javac", &["-nowarn", "-proc:none", "-d"]);
    // The list is long: javac reads it from a file.
    let list = ground.folder(FOLDER)?.join("sources.txt");
    std::fs::write(&list, sources.iter().map(|file| format!("\"{}\"\n", file.display())).collect::<String>())?;
    compile
        .arg(&classes)
        .arg("-cp")
        .arg(libraries(&[ground.generator_jar()?, ANNOTATIONS.into()])?)
        .arg(format!("@{}", list.display()));
    run(&mut compile)
}

pub(super) fn story(ground: &Ground) -> anyhow::Result<Command> {
    java(ground, "Story")
}

pub(super) fn example(ground: &Ground) -> anyhow::Result<Command> {
    java(ground, "Organizations")
}

/// The generator's own archive has the JSON library that the client needs in it.
fn java(ground: &Ground, class: &str) -> anyhow::Result<Command> {
    let path = libraries(&[ground.folder(FOLDER)?.join("classes"), ground.generator_jar()?])?;
    let mut command = command(ground.root(), "java", &["-XX:TieredStopAtLevel=1", "-cp"]);
    command.arg(path).arg(class);
    Ok(command)
}

fn libraries(paths: &[PathBuf]) -> anyhow::Result<OsString> {
    std::env::join_paths(paths).context("a folder cannot be part of a class path")
}

fn sources_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources_below(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "java") {
            found.push(path);
        }
    }
    Ok(found)
}
