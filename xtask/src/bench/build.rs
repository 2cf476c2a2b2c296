//! Builds the executable that is measured: the server in release with the benchmark's feature, under a name of its own, so that
//! nobody ships it by mistake.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;

use crate::ci::shell::command;
use crate::served::source_tree;

/// Builds it and says where it is.
pub(super) fn executable() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["build", "--release", "--package", "orgd", "--bin", "orgd-bench", "--features", "bench"];
    let output = command(&source_tree(), cargo, &arguments)
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    anyhow::ensure!(output.status.success(), "the release build failed");
    let messages = String::from_utf8(output.stdout)?;
    let executable = messages.lines().filter_map(executable_in).next_back();
    executable.context("cargo did not say where it put orgd-bench")
}

fn executable_in(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let path = PathBuf::from(message.get("executable")?.as_str()?);
    (path.file_stem()? == "orgd-bench").then_some(path)
}

/// The folder of all that cargo builds.
pub(super) fn target_folder(executable: &Path) -> anyhow::Result<&Path> {
    executable.parent().and_then(Path::parent).context("the executable is in no target folder")
}

#[cfg(test)]
mod tests {
    use super::executable_in;

    #[test]
    fn the_executable_is_found_among_the_messages() {
        let other = r#"{"reason":"compiler-artifact","executable":"/t/release/orgd"}"#;
        let library = r#"{"reason":"compiler-artifact","executable":null}"#;
        let wanted = r#"{"reason":"compiler-artifact","executable":"/t/release/orgd-bench"}"#;
        assert_eq!([other, library, "text"].map(executable_in), [None, None, None]);
        assert_eq!(executable_in(wanted).unwrap().to_str(), Some("/t/release/orgd-bench"));
    }
}
