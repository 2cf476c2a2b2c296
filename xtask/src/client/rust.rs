//! The client in Rust: `crates/client`, which progenitor generates whenever it is built. Story and example are examples of that crate, so
//! that nothing has to be compiled twice.

use std::process::Command;

use super::ground::Ground;
use crate::ci::shell::{command, run};

pub(super) fn build(ground: &Ground) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // Alone the crate would have its dependencies built with fewer features than the tests have them, all anew.
    let arguments = ["build", "--quiet", "--workspace", "--example", "story", "--example", "organizations"];
    run(&mut command(ground.root(), cargo, &arguments))
}

pub(super) fn story(ground: &Ground) -> anyhow::Result<Command> {
    Ok(Command::new(ground.target().join("debug/examples/story")))
}

pub(super) fn example(ground: &Ground) -> anyhow::Result<Command> {
    Ok(Command::new(ground.target().join("debug/examples/organizations")))
}
