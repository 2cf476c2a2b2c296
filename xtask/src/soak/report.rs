//! The page with the figures, the drawings and the verdicts.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use super::plot::plot;

/// Everything that was run.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// In the order in which it was run.
    pub(super) parts: Vec<Part>,
    /// How long all of it took.
    pub(super) seconds: u64,
}

/// What one test wrote.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Part {
    name: String,
    about: String,
    figures: Vec<Figure>,
    lines: Vec<Line>,
    faults: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Figure {
    name: String,
    value: String,
}

#[derive(Debug, Deserialize)]
struct Line {
    title: String,
    points: Vec<(f64, f64)>,
}

impl Part {
    /// Reads what the test wrote. One that failed may have written nothing, and one that passed without a word has checked nothing.
    ///
    /// # Errors
    /// What is there is no part.
    pub(super) fn read(folder: &Path, name: &str, is_sound: bool) -> anyhow::Result<Self> {
        let Ok(text) = std::fs::read_to_string(folder.join(format!("{name}.json"))) else {
            let why = if is_sound { "not checked on this machine" } else { "it failed; what it printed says why" };
            return Ok(Self { name: name.to_owned(), faults: vec![why.to_owned()], ..Self::default() });
        };
        serde_json::from_str(&text).with_context(|| format!("what {name} wrote is no report"))
    }

    fn verdict(&self) -> &'static str {
        if self.faults.is_empty() { "passed" } else { "FAILED" }
    }
}

const STYLE: &str = "
body { font: 16px/1.5 system-ui, sans-serif; max-width: 800px; margin: 2rem auto; padding: 0 1rem; color: #222; }
td { padding: .15rem 1.5rem .15rem 0; vertical-align: top; }
.passed { color: #176b2c; } .FAILED { color: #b00020; } svg { max-width: 100%; height: auto; } li { white-space: pre-wrap; }
";

impl Report {
    /// True when nothing was found.
    pub(super) fn is_sound(&self) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(|part| part.faults.is_empty())
    }

    /// For people who read the terminal.
    pub(super) fn as_text(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            // Writing to a text does not fail.
            let _ = writeln!(text, "{}: {}", part.name, part.verdict());
            for Figure { name, value } in &part.figures {
                let _ = writeln!(text, "  {name}: {value}");
            }
            for fault in &part.faults {
                let _ = writeln!(text, "  ! {fault}");
            }
        }
        let _ = write!(text, "All of it took {} s.", self.seconds);
        text
    }

    /// For a browser; nothing on it is loaded from elsewhere.
    pub(super) fn as_html(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let mut page = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>orgd: soak</title><style>{STYLE}</style></head><body><h1>orgd {version}: soak</h1><p>All of it took {} s.</p>",
            self.seconds
        );
        for part in &self.parts {
            let word = part.verdict();
            let _ = write!(
                page,
                "<h2>{} <span class=\"{word}\">{word}</span></h2><p>{}</p><table>",
                escaped(&part.name),
                escaped(&part.about)
            );
            for Figure { name, value } in &part.figures {
                let _ = write!(page, "<tr><td>{}</td><td>{}</td></tr>", escaped(name), escaped(value));
            }
            page.push_str("</table>");
            let faults: String = part.faults.iter().map(|fault| format!("<li>{}</li>", escaped(fault))).collect();
            if !faults.is_empty() {
                let _ = write!(page, "<ul>{faults}</ul>");
            }
            for Line { title, points } in &part.lines {
                page.push_str(&plot(title, points).unwrap_or_else(|why| format!("<p>{}</p>", escaped(&why))));
            }
        }
        page.push_str("</body></html>\n");
        page
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{Part, Report};

    #[test]
    fn the_page_shows_verdicts_and_lets_no_text_become_markup() {
        let folder = tempfile::tempdir().unwrap();
        let written = serde_json::json!({
            "name": "kills", "about": "a < b", "figures": [{"name": "crashes", "value": "3"}],
            "lines": [{"title": "memory & files", "points": [[0.0, 1.0], [1.0, 2.0]]}], "faults": ["<script>"],
        });
        std::fs::write(folder.path().join("kills.json"), written.to_string()).unwrap();
        let kills = Part::read(folder.path(), "kills", false).unwrap();
        let report = Report { parts: vec![kills], seconds: 7 };
        let page = report.as_html();
        assert!(page.contains(">FAILED<") && page.contains("a &lt; b") && page.contains("<svg"), "{page}");
        assert!(!page.contains("<script>") && !page.contains("memory & files"), "{page}");
        assert!(report.as_text().contains("kills: FAILED\n  crashes: 3\n  ! <script>\n") && !report.is_sound());
    }

    #[test]
    fn what_says_nothing_has_not_passed() {
        let folder = tempfile::tempdir().unwrap();
        for is_sound in [true, false] {
            let part = Part::read(folder.path(), "power-cuts", is_sound).unwrap();
            assert!(!Report { parts: vec![part], seconds: 0 }.is_sound());
        }
        assert!(!Report::default().is_sound());
    }
}
