//! Where things are: the source tree, and the folder below the target folder that belongs to these steps.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The folders that the steps work in.
#[derive(Debug)]
pub(crate) struct Place {
    /// The top of the source tree.
    pub(crate) root: PathBuf,
    /// The target folder, wherever Cargo was told to put it.
    pub(crate) target: PathBuf,
    /// Everything that the steps install or write; inside the target folder, so that nothing lands in the source tree.
    pub(crate) work: PathBuf,
}

impl Place {
    /// Finds the folders and makes the one for the steps.
    ///
    /// # Errors
    /// A folder cannot be found or made.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        // The target folder is wherever Cargo was told to put it, and this program is in it, whatever the profile.
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
        let target = target.with_context(|| format!("{} is in no target folder", program.display()))?;
        let work = target.join("ci");
        std::fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
        Ok(Self { root, target: target.to_owned(), work })
    }
}
