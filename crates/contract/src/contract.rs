//! The documented contract: the files of one folder, merged into one OpenAPI document and checked for what the rest of the
//! project relies on.

mod merge;
mod operation;

use std::path::{Path, PathBuf};

use serde_json::Value;

pub use operation::OperationSpec;

use crate::error::ContractError;
use crate::reference;
use merge::Merged;

/// The documented contract.
#[derive(Debug, Clone)]
pub struct Contract {
    document: Value,
    files: Vec<PathBuf>,
    operations: Vec<OperationSpec>,
}

impl Contract {
    /// Reads every `*.yaml` of the folder, not of folders in it, and merges them: `openapi.yaml` first, the rest by name.
    /// Paths and each kind of component are united; everything else is in one file only.
    ///
    /// # Errors
    /// A file that cannot be read or is not YAML; the same key in two files; an operation without `operationId`, `summary`,
    /// `security` or exactly one declared tag; an `operationId` that is taken; a status that is not a number; a `$ref` that
    /// leads nowhere.
    pub fn load(dir: &Path) -> Result<Self, ContractError> {
        let files = list(dir)?;
        let merged = Merged::read(dir, &files)?;
        let operations = operation::read_all(&merged)?;
        check_references(&merged)?;
        Ok(Self { document: merged.document, files, operations })
    }

    /// The merged OpenAPI 3.1 document.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The files that were read, in that order.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Every operation, in the order of the document.
    #[must_use]
    pub fn operations(&self) -> &[OperationSpec] {
        &self.operations
    }
}

fn list(dir: &Path) -> Result<Vec<PathBuf>, ContractError> {
    let failed = |cause| ContractError::List { dir: dir.to_owned(), cause };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        // Editors keep hidden files beside the one that they edit.
        let hidden = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        match file.extension().and_then(|extension| extension.to_str()) {
            _ if hidden || !file.is_file() => {}
            Some("yaml") => files.push(file),
            Some("yml") => return Err(ContractError::FileName { file }),
            _ => {}
        }
    }
    if files.is_empty() {
        return Err(ContractError::NoFiles { dir: dir.to_owned() });
    }
    files.sort_by_key(|file| (file.file_name().is_none_or(|name| name != "openapi.yaml"), file.clone()));
    Ok(files)
}

fn check_references(merged: &Merged) -> Result<(), ContractError> {
    for (place, target) in reference::all(&merged.document) {
        if reference::look_up(&merged.document, &target).is_none() {
            return Err(ContractError::Undeclared {
                file: merged.origin(&place).to_owned(),
                place: format!("{place}/$ref"),
                name: target,
                declared_in: "`components`",
            });
        }
    }
    Ok(())
}
