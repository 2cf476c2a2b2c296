//! `cargo xtask openapi docs`: writes the API reference from the documented contract, or checks that it says what that says.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use orgd_contract::{Contract, Page, pages};

/// Exit code for pages that say something else.
const DIFFER: u8 = 1;

/// What to do with the pages.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail when the pages are not what would be written.
    #[arg(long)]
    check: bool,
    /// Folder of the pages, which holds nothing else; `docs/reference/` of this source tree when it is not given.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Writes the pages, or compares them. Exit codes: 0 written or the same, 1 others, 2 could not be done.
///
/// # Errors
/// The contract cannot be used, or a file cannot be read, written or removed.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let contract = Contract::load(&super::documented_folder())?;
    let pages = pages(contract.document());
    let standard = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference"));
    let folder = arguments.out.clone().unwrap_or_else(standard);
    let mut out = std::io::stdout().lock();
    if !arguments.check {
        write(&folder, &pages)?;
        writeln!(out, "{} pages written.", pages.len())?;
        return Ok(ExitCode::SUCCESS);
    }
    let differences = differences(&folder, &pages)?;
    for difference in &differences {
        writeln!(out, "{difference}")?;
    }
    if differences.is_empty() {
        writeln!(out, "The pages of the reference say what the document says.")?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "Run `cargo xtask openapi docs` and look at what it changed.")?;
    Ok(ExitCode::from(DIFFER))
}

fn write(folder: &Path, pages: &[Page]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // A page whose tag is gone goes with it; a folder with anything else in it was named by mistake.
    let old = markdown_files(folder)?;
    let ours = |name: &String| pages.iter().any(|page| page.file == *name);
    let index = std::fs::read_to_string(folder.join("README.md")).unwrap_or_default();
    if !old.is_empty() && !index.contains("cargo xtask openapi docs") {
        bail!("{} has Markdown files that this command did not write; name another folder", folder.display());
    }
    for name in old.iter().filter(|name| !ours(name)) {
        std::fs::remove_file(folder.join(name)).with_context(|| format!("cannot remove {name}"))?;
    }
    for page in pages {
        let file = folder.join(&page.file);
        std::fs::write(&file, &page.text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// What is wrong with the pages in the folder, one line each.
fn differences(folder: &Path, pages: &[Page]) -> anyhow::Result<Vec<String>> {
    let there = markdown_files(folder)?;
    let mut found = Vec::new();
    for page in pages {
        let file = folder.join(&page.file);
        if !there.contains(&page.file) {
            found.push(format!("{} is missing.", file.display()));
            continue;
        }
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        if let Some((number, is, should)) = crate::page::first_difference(&text, &page.text) {
            found.push(format!(
                "{}, line {number}, is not what the document says.\n  there:  {is}\n  should: {should}",
                file.display()
            ));
        }
    }
    let unknown = there.iter().filter(|name| !pages.iter().any(|page| page.file == **name));
    found.extend(unknown.map(|name| format!("{} belongs to no tag of the document.", folder.join(name).display())));
    Ok(found)
}

/// The names of the Markdown files in the folder, sorted.
fn markdown_files(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use orgd_contract::Page;

    use super::{differences, write};

    fn page(file: &str, text: &str) -> Page {
        Page { file: file.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn what_is_written_is_the_same_and_a_change_is_seen() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let index = "`cargo xtask openapi docs`\n";
        write(folder.path(), &[page("README.md", index), page("gone.md", "x\n")])?;
        let pages = [page("README.md", index), page("users.md", "one\ntwo\n")];
        let found = differences(folder.path(), &pages)?;
        assert!(found.len() == 2 && found[0].ends_with("users.md is missing."), "{found:?}");
        assert!(found[1].ends_with("gone.md belongs to no tag of the document."), "{found:?}");
        write(folder.path(), &pages)?;
        assert_eq!(differences(folder.path(), &pages)?, Vec::<String>::new());
        std::fs::write(folder.path().join("users.md"), "one\n2\n")?;
        let found = differences(folder.path(), &pages)?;
        assert!(
            found.len() == 1 && found[0].contains("line 2") && found[0].ends_with("there:  2\n  should: two"),
            "{found:?}"
        );
        Ok(())
    }

    #[test]
    fn a_folder_of_somebody_else_is_left_alone() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("NOTES.md"), "mine")?;
        assert!(write(folder.path(), &[page("README.md", "x")]).is_err());
        assert_eq!(std::fs::read_to_string(folder.path().join("NOTES.md"))?, "mine");
        Ok(())
    }
}
