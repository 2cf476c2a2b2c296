//! Temporary.
/// Temporary.
#[derive(Debug, clap::Args)]
pub struct Flags {}
/// Temporary.
pub fn run(_: Flags) -> anyhow::Result<()> {
    Ok(())
}
