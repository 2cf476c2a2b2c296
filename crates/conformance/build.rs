//! Build script of `crates/conformance`: puts the documented contract in `openapi/` into the library as one JSON document. It
//! needs neither network nor git.

use std::error::Error;
use std::path::PathBuf;

use orgd_contract::Contract;

fn main() {
    // An error returned from here would be shown as its Debug form among all other output.
    if let Err(error) = run() {
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../openapi").canonicalize()?;
    // The folder besides its files: a file that is added changes nothing but the folder.
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");
    let document = serde_json::to_string(Contract::load(&folder)?.document())?;
    std::fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("contract.json"), document)?;
    Ok(())
}
