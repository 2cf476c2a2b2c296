//! The section "API" of the changelog: what has changed in the document since the last release, between two marks.

use std::path::PathBuf;

use anyhow::Context as _;
use orgd_contract::ApiChange;

use super::diff;
use super::released::Named;

const BEGIN: &str = "<!-- Written by `cargo xtask openapi breaking --changelog`. -->";
const END: &str = "<!-- The end of what is written. -->";

fn file() -> PathBuf {
    super::documented_folder().join("../docs/CHANGELOG.md")
}

/// What the section says.
fn section(old: &Named, found: &[ApiChange]) -> String {
    let list = if found.is_empty() { "Nothing has changed.\n".to_owned() } else { diff::markdown(found) };
    format!("{BEGIN}\n\nSince {}:\n\n{list}\n{END}", old.version())
}

/// The changelog with the section in it.
fn with_section(changelog: &str, section: &str) -> anyhow::Result<String> {
    let begin = changelog.find(BEGIN).with_context(|| format!("docs/CHANGELOG.md has no line {BEGIN:?}"))?;
    let end = changelog[begin..].find(END).with_context(|| format!("docs/CHANGELOG.md has no line {END:?}"))?;
    Ok(format!("{}{section}{}", &changelog[..begin], &changelog[begin + end + END.len()..]))
}

/// Writes the section.
///
/// # Errors
/// The changelog cannot be read or written, or has no place for it.
pub(super) fn write(old: &Named, found: &[ApiChange]) -> anyhow::Result<()> {
    let changelog = std::fs::read_to_string(file()).context("cannot read docs/CHANGELOG.md")?;
    std::fs::write(file(), with_section(&changelog, &section(old, found))?).context("cannot write docs/CHANGELOG.md")
}

/// True when the section is what would be written; otherwise says what to do.
///
/// # Errors
/// The changelog cannot be read or has no place for it.
pub(super) fn check(old: &Named, found: &[ApiChange], out: &mut impl std::io::Write) -> anyhow::Result<bool> {
    let changelog = std::fs::read_to_string(file()).context("cannot read docs/CHANGELOG.md")?;
    if with_section(&changelog, &section(old, found))? == changelog {
        return Ok(true);
    }
    writeln!(out, "docs/CHANGELOG.md does not tell these changes: run cargo xtask openapi breaking --changelog.")?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, with_section};

    #[test]
    fn only_what_is_between_the_marks_is_written() {
        let changelog = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        assert_eq!(with_section(&changelog, "new").unwrap(), "before\nnew\nafter\n");
        assert!(with_section("nothing", "new").is_err());
    }
}
