//! What can be wrong with the files of the documented contract. Each message names the file, the place and the rule.

use std::path::PathBuf;

/// The documented contract cannot be used. Places are JSON pointers into the file.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// The folder cannot be listed.
    #[error("cannot list {}: {cause}", dir.display())]
    List {
        /// The folder.
        dir: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {cause}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
    /// There is no YAML file in the folder.
    #[error("{} has no .yaml file", dir.display())]
    NoFiles {
        /// The folder.
        dir: PathBuf,
    },
    /// A file ends in `.yml`, so it would be passed over in silence.
    #[error("{}: the files of the contract end in .yaml; rename it", file.display())]
    FileName {
        /// The file.
        file: PathBuf,
    },
    /// A file is not YAML, or has the same key twice.
    #[error("{}: {cause}", file.display())]
    Yaml {
        /// The file.
        file: PathBuf,
        /// What the parser says, with line and column.
        cause: Box<serde_saphyr::Error>,
    },
    /// Two files have the same key.
    #[error("{place} is in both {} and {}; keep one", first.display(), second.display())]
    Twice {
        /// The key.
        place: String,
        /// The file that was read first.
        first: PathBuf,
        /// The file that repeats it.
        second: PathBuf,
    },
    /// A key that the contract cannot do without is absent.
    #[error("{}: {place}: `{key}` is missing", file.display())]
    Missing {
        /// The file; the folder when the key may be in any of its files.
        file: PathBuf,
        /// The object that lacks the key.
        place: String,
        /// The key.
        key: &'static str,
    },
    /// A value has the wrong kind or breaks a rule of the contract.
    #[error("{}: {place}: must be {rule}", file.display())]
    Rule {
        /// The file.
        file: PathBuf,
        /// The value.
        place: String,
        /// What it must be.
        rule: &'static str,
    },
    /// Two operations have the same operationId, or two that make the same name in Rust.
    #[error("{}: {place}: operationId `{id}` is taken by {first}", file.display())]
    OperationIdTaken {
        /// The file.
        file: PathBuf,
        /// The second operation.
        place: String,
        /// Its id.
        id: String,
        /// The first operation, as method and path.
        first: String,
    },
    /// An operation names a tag or a security scheme that no file declares, or a `$ref` leads nowhere.
    #[error("{}: {place}: `{name}` is not declared in {declared_in} of any file", file.display())]
    Undeclared {
        /// The file.
        file: PathBuf,
        /// Where the name is used.
        place: String,
        /// The name.
        name: String,
        /// Where it has to be declared.
        declared_in: &'static str,
    },
}
