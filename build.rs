//! Build script of `crates/server`: turns the documented contract in `openapi/` into the enums that `operations.rs`
//! includes, and says which files a new build depends on. It reads the source tree and writes to `OUT_DIR` only; it needs
//! neither network nor git.

use std::error::Error;
use std::path::{Path, PathBuf};

use orgd_contract::{Contract, operation_enums};

fn main() {
    // Cargo shows `cargo::error` lines as they are and fails the build; an error returned from here would be shown as its
    // Debug form among all other output.
    if let Err(error) = run() {
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let (openapi, migrations) = (root.join("openapi"), root.join("migrations/sqlite"));
    // First of all, so that a contract that is refused is read again once it is corrected.
    watch(&openapi, "yaml")?;
    watch(&migrations, "sql")?;

    let contract = Contract::load(&openapi)?;
    let target = PathBuf::from(std::env::var("OUT_DIR")?).join("operations.rs");
    std::fs::write(target, operation_enums(contract.operations()))?;
    Ok(())
}

/// Has the build script run again, and with it the migrations embedded again, when one of the files changes or goes away,
/// or when an entry is added to one of their folders.
///
/// The files are what the build reads. They are not enough: a list made now misses the file that is added next. A new
/// file or folder changes the modification time of the folder that it is put in, and of no file that is listed, so each
/// folder is watched too. Cargo then looks at everything below the folder; what else is there (`openapi/released/`) costs a
/// rebuild when it changes, and never makes one go missing. A folder that does not exist yet makes every build run the
/// script, until it does.
fn watch(folder: &Path, extension: &str) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            watch(&path, extension)?;
        } else if path.extension().is_some_and(|found| found == extension) {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    Ok(())
}
