//! The documents of released versions, `openapi/released/<version>.yaml`, and where a document that is named comes from.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use orgd_contract::{Contract, Form, Format, Version, parse_version};
use serde_json::Value;

/// A document with what it is called.
#[derive(Debug, Clone)]
pub(super) struct Named {
    /// For people.
    pub(super) name: String,
    /// The document.
    pub(super) document: Value,
}

impl Named {
    /// The version that it says it is.
    pub(super) fn version(&self) -> &str {
        self.document.pointer("/info/version").and_then(Value::as_str).unwrap_or_default()
    }
}

/// The folder of the released documents.
pub(super) fn folder() -> PathBuf {
    super::documented_folder().join("released")
}

/// The documented contract as it is now.
///
/// # Errors
/// It cannot be read.
pub(super) fn working() -> anyhow::Result<Named> {
    let document = Contract::load(&super::documented_folder())?.document().clone();
    Ok(Named { name: "openapi/".to_owned(), document })
}

/// The document of the newest released version.
///
/// # Errors
/// There is none, or it cannot be read.
pub(super) fn newest() -> anyhow::Result<Named> {
    let folder = folder();
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let version_of = |path: &Path| path.file_stem().and_then(|stem| parse_version(stem.to_str()?).ok());
    let files = entries.flatten().map(|entry| entry.path());
    let newest = files.filter_map(|path| Some((version_of(&path)?, path))).max();
    let (_, path) = newest.with_context(|| format!("{} has no released document", folder.display()))?;
    read(&path)
}

/// What somebody names: `working`, a released version, or a file in JSON or YAML.
///
/// # Errors
/// There is no such thing, or it is no document.
pub(super) fn find(what: &str) -> anyhow::Result<Named> {
    if what == "working" {
        return working();
    }
    if parse_version(what).is_ok() {
        return read(&folder().join(format!("{what}.yaml")));
    }
    read(Path::new(what))
}

fn read(path: &Path) -> anyhow::Result<Named> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    let document: Value = if is_yaml {
        serde_saphyr::from_str(&text).with_context(|| format!("{} is not YAML", path.display()))?
    } else {
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?
    };
    if document.get("openapi").is_none() {
        bail!("{} is not an OpenAPI document", path.display());
    }
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    Ok(Named { name, document })
}

/// The text of a released document.
///
/// # Errors
/// A defect.
pub(super) fn text(document: &Value) -> anyhow::Result<String> {
    Ok(Form { version: Version::V3_1, format: Format::Yaml }.write(document)?)
}
