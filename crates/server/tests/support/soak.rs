//! What a long run came to, for `cargo xtask soak`, which draws it.

use std::path::Path;

use serde_json::{Value, json};

/// One part of a report. `ORGD_SOAK_REPORT` names the folder that it goes to; without it nobody asks.
#[derive(Debug, Default)]
pub struct Part {
    /// Its name, also that of its file.
    pub name: &'static str,
    /// What was done, in a sentence.
    pub about: String,
    /// Figures with their names.
    pub figures: Vec<(String, String)>,
    /// Lines to draw: a title with its unit, and points whose first value is in minutes.
    pub lines: Vec<(String, Vec<(f64, f64)>)>,
    /// What was found that should not be.
    pub faults: Vec<String>,
}

impl Part {
    /// Writes it down.
    pub fn write(&self) {
        let Some(folder) = std::env::var_os("ORGD_SOAK_REPORT") else { return };
        let pair = |(name, value): &(String, String)| json!({ "name": name, "value": value });
        let line = |(title, points): &(String, Vec<(f64, f64)>)| json!({ "title": title, "points": points });
        let part = json!({
            "name": self.name,
            "about": self.about,
            "figures": self.figures.iter().map(pair).collect::<Vec<Value>>(),
            "lines": self.lines.iter().map(line).collect::<Vec<Value>>(),
            "faults": self.faults,
        });
        std::fs::write(Path::new(&folder).join(format!("{}.json", self.name)), part.to_string()).unwrap();
    }
}
