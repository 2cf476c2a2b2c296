//! Several files into one document, remembering which file each part is from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::ContractError;
use crate::pointer::member_of;

/// The merged document and the origin of its parts.
pub(super) struct Merged {
    pub(super) document: Value,
    dir: PathBuf,
    /// File by pointer: of each top-level key, of each method of a path, of each component.
    origins: BTreeMap<String, PathBuf>,
}

impl Merged {
    /// Reads and merges the files.
    pub(super) fn read(dir: &Path, files: &[PathBuf]) -> Result<Self, ContractError> {
        let mut merge = Merge::default();
        for file in files {
            merge.add_file(file, read(file)?)?;
        }
        let Merge { mut document, paths, components, origins } = merge;
        for key in ["openapi", "info"] {
            if !document.contains_key(key) {
                return Err(ContractError::Missing { file: dir.to_owned(), place: "the document".to_owned(), key });
            }
        }
        document.insert("paths".to_owned(), Value::Object(paths));
        document.insert("components".to_owned(), Value::Object(components));
        Ok(Self { document: Value::Object(document), dir: dir.to_owned(), origins })
    }

    /// The file that the value at the pointer is from; the folder when several files have a part of it.
    pub(super) fn origin(&self, place: &str) -> &Path {
        let mut prefix = place;
        loop {
            match (self.origins.get(prefix), prefix.rfind('/')) {
                (Some(file), _) => return file,
                (None, Some(end)) => prefix = &prefix[..end],
                (None, None) => return &self.dir,
            }
        }
    }
}

fn read(file: &Path) -> Result<Value, ContractError> {
    let text = std::fs::read_to_string(file).map_err(|cause| ContractError::Read { file: file.to_owned(), cause })?;
    // As in every other YAML 1.2 reader, `yes` and `on` are words.
    serde_saphyr::from_str_with_options(&text, serde_saphyr::options! { strict_booleans: true })
        .map_err(|cause| ContractError::Yaml { file: file.to_owned(), cause: Box::new(cause) })
}

#[derive(Default)]
struct Merge {
    document: Map<String, Value>,
    paths: Map<String, Value>,
    components: Map<String, Value>,
    origins: BTreeMap<String, PathBuf>,
}

impl Merge {
    fn add_file(&mut self, file: &Path, content: Value) -> Result<(), ContractError> {
        for (key, value) in object(file, "", content)? {
            let at = member_of("", &key);
            match key.as_str() {
                "paths" => unite_groups(&mut self.paths, &mut self.origins, file, &at, value)?,
                "components" => unite_groups(&mut self.components, &mut self.origins, file, &at, value)?,
                _ => insert(&mut self.document, &mut self.origins, file, &at, key, value)?,
            }
        }
        Ok(())
    }
}

/// Unites two levels: path and method, or kind and name of a component.
fn unite_groups(
    into: &mut Map<String, Value>,
    origins: &mut BTreeMap<String, PathBuf>,
    file: &Path,
    at: &str,
    value: Value,
) -> Result<(), ContractError> {
    for (group, members) in object(file, at, value)? {
        let at = member_of(at, &group);
        let members = object(file, &at, members)?;
        let into = into.entry(group).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(into) = into {
            for (key, value) in members {
                let at = member_of(&at, &key);
                insert(into, origins, file, &at, key, value)?;
            }
        }
    }
    Ok(())
}

fn insert(
    into: &mut Map<String, Value>,
    origins: &mut BTreeMap<String, PathBuf>,
    file: &Path,
    at: &str,
    key: String,
    value: Value,
) -> Result<(), ContractError> {
    if let Some(first) = origins.insert(at.to_owned(), file.to_owned()) {
        return Err(ContractError::Twice { place: at.to_string(), first, second: file.to_owned() });
    }
    into.insert(key, value);
    Ok(())
}

fn object(file: &Path, at: &str, value: Value) -> Result<Map<String, Value>, ContractError> {
    match value {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            let place = if at.is_empty() { "the file" } else { at };
            Err(ContractError::Rule { file: file.to_owned(), place: place.to_owned(), rule: "a mapping" })
        }
    }
}
