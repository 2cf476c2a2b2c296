//! A second opinion: what `redocly diff` takes for breaking and our own rules did not find.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use orgd_contract::{ApiChange, Class, unescape_segment};
use serde_json::Value;

/// Without rules it finds nothing.
const CONFIGURATION: &str = "extends:\n  - diff-recommended\n";

/// Shows it a document without its first path. A tool that does not see that would never find anything.
///
/// # Errors
/// It does not see it, or does not run.
pub(super) fn require_eyes(folder: &Path, document: &Value) -> anyhow::Result<()> {
    let mut planted = document.clone();
    let paths = planted.get_mut("paths").and_then(Value::as_object_mut).context("the document has no paths")?;
    let first = paths.keys().next().cloned().context("the document has no paths")?;
    paths.remove(&first);
    let found = missed(folder, document, &planted, &[])?;
    ensure!(!found.is_empty(), "redocly diff does not notice that the path {first} is gone; its rules are not on");
    Ok(())
}

/// Changes that it takes for breaking, in operations or places where `known` has none that is.
///
/// # Errors
/// It does not run, or answers what is not its report.
pub(super) fn missed(folder: &Path, old: &Value, new: &Value, known: &[ApiChange]) -> anyhow::Result<Vec<ApiChange>> {
    let place = tempfile::tempdir()?;
    let write = |name: &str, text: &str| {
        let file = place.path().join(name);
        std::fs::write(&file, text).map(|()| file)
    };
    let (base, revision) = (write("base.json", &old.to_string())?, write("revision.json", &new.to_string())?);
    let configuration = write("redocly.yaml", CONFIGURATION)?;
    let program = folder.join("node_modules/@redocly/cli/bin/cli.js");
    ensure!(program.is_file(), "{} is not there: npm ci has not been run in {}", program.display(), folder.display());
    let output = Command::new("node")
        .arg(&program)
        .arg("diff")
        .args([&base, &revision])
        .args(["--format", "json", "--fail-on", "none", "--config"])
        .arg(configuration)
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")
        .output()
        .context("cannot run node")?;
    ensure!(
        output.status.success(),
        "redocly diff ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    let report: Value =
        serde_json::from_slice(&output.stdout).context("redocly diff did not print its report as JSON")?;
    let found = report["changes"].as_array().context("the report of redocly diff has no changes")?;
    Ok(found.iter().filter_map(of_report).filter(|change| !is_known(change, known)).collect())
}

/// A breaking change of the report.
fn of_report(change: &Value) -> Option<ApiChange> {
    if change["impact"] != "major" {
        return None;
    }
    let pointer = change["path"].as_str()?;
    let parts: Vec<String> = pointer.trim_start_matches("#/").split('/').map(unescape_segment).collect();
    let (operation, rest) = match parts.as_slice() {
        [paths, path, method, rest @ ..] if paths == "paths" => (format!("{} {path}", method.to_uppercase()), rest),
        [paths, path] if paths == "paths" => (path.clone(), &[][..]),
        rest => ("document".to_owned(), rest),
    };
    let class = if rest.first().is_some_and(|part| part == "responses") {
        Class::BreaksResponses
    } else {
        Class::BreaksRequests
    };
    let what = change["verdicts"][0]["message"].as_str().unwrap_or("redocly diff takes it for breaking").to_owned();
    let way_out = "bump the version, and say in the changelog what clients must do";
    Some(ApiChange { class, operation, place: rest.join("/"), what, way_out })
}

/// True when our own rules say something of the operation, at least for somebody: they looked at it and judged it.
fn is_known(change: &ApiChange, known: &[ApiChange]) -> bool {
    let last = change.place.rsplit('/').find(|part| !part.is_empty() && *part != "$ref").unwrap_or_default();
    known.iter().filter(|ours| ours.class != Class::Wording).any(|ours| {
        let same_operation =
            ours.operation == change.operation || ours.operation.ends_with(&format!(" {}", change.operation));
        same_operation && (last.is_empty() || ours.place.contains(last) || ours.class.is_breaking())
    })
}

#[cfg(test)]
mod tests {
    use orgd_contract::{ApiChange, Class};
    use serde_json::json;

    use super::{is_known, of_report};

    fn ours(class: Class, operation: &str, place: &str) -> ApiChange {
        ApiChange { class, operation: operation.to_owned(), place: place.to_owned(), what: String::new(), way_out: "" }
    }

    #[test]
    fn what_both_report_appears_once() {
        let report = json!({"impact": "major", "path": "#/paths/~1x/get/responses/200/content/application~1json/schema/properties/icon",
            "verdicts": [{"message": "Property `icon` was removed."}]});
        let found = of_report(&report).unwrap();
        assert_eq!(
            (found.class, found.operation.as_str(), found.what.as_str()),
            (Class::BreaksResponses, "GET /x", "Property `icon` was removed.")
        );
        assert!(is_known(&found, &[ours(Class::BreaksResponses, "GET /x", "200 body/icon")]));
        assert!(!is_known(&found, &[ours(Class::BreaksResponses, "GET /y", "200 body/icon")]));
        assert!(!is_known(&found, &[ours(Class::Wording, "GET /x", "200 body/icon")]));
        assert!(of_report(&json!({"impact": "minor", "path": "#/paths/~1x"})).is_none());
        let path = of_report(&json!({"impact": "major", "path": "#/paths/~1x", "verdicts": []})).unwrap();
        assert!(is_known(&path, &[ours(Class::BreaksRequests, "GET /x", "")]));
    }
}
