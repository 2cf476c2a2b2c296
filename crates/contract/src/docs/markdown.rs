//! The pieces of Markdown that the pages are made of: headings' anchors, tables, and text that says what it said before.

use std::fmt::Write as _;

/// The anchor that GitHub gives to a heading.
pub(super) fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// A table with these columns; nothing when it has no rows.
pub(super) fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = line(columns.iter().map(|column| (*column).to_owned()));
    table.push_str(&line(columns.iter().map(|_| "---".to_owned())));
    for row in rows {
        table.push_str(&line(row.iter().map(|cell| in_cell(cell))));
    }
    table.push('\n');
    table
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let mut line = "|".to_owned();
    for cell in cells {
        let gap = if cell.is_empty() { "" } else { " " };
        // Writing to a text cannot fail.
        let _ = write!(line, " {cell}{gap}|");
    }
    line.push('\n');
    line
}

/// A cell ends at a bar, even within code, and at the end of the line.
fn in_cell(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}

/// Text of the document: what would be taken for an HTML element is shown instead. Code is shown as it is anyway.
pub(super) fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // Every second part is code, but not after a last tick that nothing closes.
    let ticks = parts.len() - 1;
    let escape = |(index, part): (usize, &&str)| {
        let is_code = index % 2 == 1 && index < ticks;
        if is_code { (*part).to_owned() } else { part.replace('<', "&lt;") }
    };
    parts.iter().enumerate().map(escape).collect::<Vec<_>>().join("`")
}

/// Code within a line, also when it has ticks itself.
pub(super) fn code(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    if longest == 0 {
        return format!("`{text}`");
    }
    let fence = "`".repeat(longest + 1);
    format!("{fence} {text} {fence}")
}

/// A block of code.
pub(super) fn block(language: &str, text: &str) -> String {
    format!("```{language}\n{text}\n```\n\n")
}

#[cfg(test)]
mod tests {
    use super::{anchor, code, prose, table};

    #[test]
    fn anchors_are_those_of_github() {
        assert_eq!(anchor("codersdk.ProvisionerJob"), "codersdkprovisionerjob");
        assert_eq!(anchor("Get organization by ID"), "get-organization-by-id");
        assert_eq!(anchor("What's a key_name - really?"), "whats-a-key_name---really");
    }

    #[test]
    fn a_cell_is_one_line_without_bars() {
        let rows = [vec!["`a|b`".to_owned(), "one\n  two | three".to_owned()], vec![String::new(), "x".to_owned()]];
        assert_eq!(
            table(&["Name", "Text"], &rows),
            "| Name | Text |\n| --- | --- |\n| `a\\|b` | one two \\| three |\n| | x |\n\n"
        );
        assert_eq!(table(&["Name"], &[]), "");
    }

    #[test]
    fn elements_are_shown_and_code_is_left() {
        assert_eq!(prose("a <b> and `<c>` and <d>"), "a &lt;b> and `<c>` and &lt;d>");
        assert_eq!(prose("`<a>` a lone ` <b>"), "`<a>` a lone ` &lt;b>");
        assert_eq!(prose("<a>"), "&lt;a>");
    }

    #[test]
    fn code_with_ticks_has_longer_ones_around() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a``b"), "``` a``b ```");
    }
}
