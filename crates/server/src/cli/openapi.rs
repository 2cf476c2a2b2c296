//! `orgd openapi`: prints the document, in any of its forms. It asks for no database and no server.

use clap::Args;
use orgd_contract::{Form, Format, Version};

use super::output;
use crate::http::document;

/// In which form.
#[derive(Debug, Clone, Copy, Args)]
pub struct Flags {
    /// The version of OpenAPI: 3.1, or 3.0 (3.0.3) for tools that read nothing newer
    #[arg(long, default_value = "3.1")]
    version: Version,
    /// The notation: json or yaml
    #[arg(long, default_value = "json")]
    format: Format,
}

/// Prints the document.
pub fn run(flags: Flags) -> anyhow::Result<()> {
    let document = serde_json::to_value(document::openapi())?;
    let form = Form { version: flags.version, format: flags.format };
    output::write(&form.write(&document)?)
}
