//! Where the generated document comes from. The one place of these tasks that knows the server.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;

/// The generated document: what the server's code makes, or the file, which must hold JSON, when one is named.
///
/// # Errors
/// The file cannot be read or is not a JSON object.
pub(super) fn document(file: Option<&Path>) -> anyhow::Result<Value> {
    match file {
        Some(file) => read(file),
        None => Ok(serde_json::to_value(orgd::http::document::openapi())?),
    }
}

/// The document of the control routes, with the schemas of the API that it refers to.
///
/// # Errors
/// What is written is no document.
pub(super) fn control() -> anyhow::Result<&'static Value> {
    orgd::http::control::openapi().map_err(anyhow::Error::msg)
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let document: Value = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))?;
    if !document.is_object() {
        bail!("{} is not an OpenAPI document: it must be a JSON object", file.display());
    }
    Ok(document)
}
