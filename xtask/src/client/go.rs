//! The client in Go, made by openapi-generator: it needs nothing but the standard library, so that nothing has to be fetched.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::ground::Ground;
use crate::ci::shell::run;

const FOLDER: &str = "go";

pub(super) fn build(ground: &Ground) -> anyhow::Result<()> {
    let module = ground.empty_folder(FOLDER, "module")?;
    // Without the prefix, values of different lists get the same name.
    let properties = "packageName=orgd,isGoSubmodule=true,withGoMod=false,enumClassPrefix=true";
    ground.openapi_generator("go", &ground.openapi(), &module.join("orgd"), properties)?;
    std::fs::write(module.join("go.mod"), "module example.com/team\n\ngo 1.23\n")?;
    for (name, file) in
        [("story", ground.story(FOLDER).join("story.go")), ("organizations", ground.example(FOLDER).join("main.go"))]
    {
        let folder = module.join("cmd").join(name);
        std::fs::create_dir_all(&folder)?;
        std::fs::copy(&file, folder.join("main.go")).with_context(|| format!("cannot copy {}", file.display()))?;
    }
    run(&mut go(ground, &module, &["build", "-o", "bin/", "./cmd/..."])?)
}

pub(super) fn story(ground: &Ground) -> anyhow::Result<Command> {
    Ok(Command::new(ground.folder(FOLDER)?.join("module/bin/story")))
}

pub(super) fn example(ground: &Ground) -> anyhow::Result<Command> {
    Ok(Command::new(ground.folder(FOLDER)?.join("module/bin/organizations")))
}

/// Whatever is not in the toolchain is an error, and so is another toolchain. Whose the repository around it is does not matter.
pub(crate) fn on_its_own(go: &mut Command) -> &mut Command {
    go.env("GOTOOLCHAIN", "local").env("GOPROXY", "off").env("GOFLAGS", "-mod=mod -buildvcs=false")
}

fn go(ground: &Ground, module: &Path, arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = ground.tools.command(module, "go", arguments)?;
    on_its_own(&mut command);
    command.env("GOCACHE", ground.folder(FOLDER)?.join("cache")).env_remove("GOROOT");
    Ok(command)
}
