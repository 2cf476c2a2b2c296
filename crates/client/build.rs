//! Build script of `crates/client`: generates the client from the documented contract in `openapi/` and writes it to
//! `OUT_DIR`. It needs neither network nor git.

use std::error::Error;
use std::path::PathBuf;

use orgd_contract::{Contract, openapi_30};
use progenitor::{GenerationSettings, Generator};
use serde_json::Value;

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

    let mut document = openapi_30::downgrade(Contract::load(&folder)?.document())?;
    take_names_for_organizations(&mut document);
    let document: openapiv3::OpenAPI = serde_json::from_value(document)?;
    let tokens = Generator::new(&GenerationSettings::default()).generate_tokens(&document)?;
    let code = prettyplease::unparse(&syn::parse2(tokens)?);
    std::fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("generated.rs"), code)?;
    Ok(())
}

/// The path parameter `organization` is documented as Coder documents it, as a UUID; the prose beside it adds that names are
/// taken, too. Whoever has a provisioner key cannot look the ID of an organization up, so this client takes a text.
fn take_names_for_organizations(document: &mut Value) {
    let items = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    let operations = items.filter_map(|(_, item)| item.as_object_mut()).flatten();
    for (_, operation) in operations {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten();
        for parameter in parameters.filter(|one| one["in"] == "path" && one["name"] == "organization") {
            if let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) {
                schema.remove("format");
            }
        }
    }
}
