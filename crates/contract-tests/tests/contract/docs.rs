//! Tests of the reference in Markdown: its tables against the published ones, its links, and the shapes that schemas take.

mod links;
mod published;
mod shapes;

use orgd_contract::Page;

/// The page of this name.
fn page<'a>(pages: &'a [Page], file: &str) -> &'a str {
    &pages.iter().find(|page| page.file == file).unwrap_or_else(|| panic!("no page {file}")).text
}
