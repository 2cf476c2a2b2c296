//! Every relative link of the Markdown files leads to a file, and its anchor to a heading there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a reader meets first, and the folders of pages.
const PAGES: [&str; 3] = ["README.md", "docs", "docs/reference"];

#[test]
fn every_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut checked, mut dead) = (0, Vec::new());
    for file in PAGES.iter().flat_map(|place| markdown_files(&root.join(place))) {
        let text = std::fs::read_to_string(&file).expect("the page can be read");
        for link in links(&text).iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            checked += 1;
            if !leads_somewhere(&file, &text, link) {
                dead.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
    assert!(checked > 300, "only {checked} links were found");
}

#[test]
fn a_dead_link_is_seen() {
    let text = "# One two\n\n## One two\n\n```\n# not one\n```\n<h3 id=\"here\">x</h3>\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    for alive in ["#one-two", "#one-two-1", "#here", "docs/CLI.md", "docs"] {
        assert!(leads_somewhere(&file, text, alive), "{alive}");
    }
    for dead in ["#one-two-2", "#not-one", "docs/NONE.md", "docs/CLI.md#none"] {
        assert!(!leads_somewhere(&file, text, dead), "{dead}");
    }
    assert_eq!(links("[a](b.md) and `[c](d)` and [![e](f.png)](g)\n```\n[h](i)\n```\n"), ["b.md", "f.png", "g"]);
}

fn markdown_files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let entries = std::fs::read_dir(place).expect("the folder can be listed");
    let files = entries.map(|entry| entry.expect("an entry").path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "md")).collect()
}

fn leads_somewhere(file: &Path, text: &str, link: &str) -> bool {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = file.parent().expect("a folder").join(path);
    if !path.is_empty() && !target.exists() {
        return false;
    }
    let Some(anchor) = anchor else { return true };
    let other = if path.is_empty() { text.to_owned() } else { std::fs::read_to_string(target).unwrap_or_default() };
    anchors(&other).iter().any(|known| known == anchor)
}

/// The lines that are not within a block of code.
fn lines(text: &str) -> Vec<&str> {
    let mut inside = false;
    let outside = |line: &&str| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    };
    text.lines().filter(outside).collect()
}

/// The targets of the links, images among them.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in lines(text) {
        let spoken: String = line.split('`').step_by(2).collect::<Vec<_>>().join("");
        let targets = spoken.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        found.extend(targets.map(str::to_owned));
    }
    found
}

/// What GitHub lets a link lead to: the headings, numbered when they repeat, and elements with an id.
fn anchors(text: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for line in lines(text) {
        if let Some((_, rest)) = line.split_once("id=\"") {
            found.extend(rest.split('"').next().map(str::to_owned));
        }
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let kept = heading.trim().chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        let anchor = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let count = seen.entry(anchor.clone()).or_default();
        found.push(if *count == 0 { anchor } else { format!("{anchor}-{count}") });
        *count += 1;
    }
    found
}
