//! Every row of the published tables is a row of the generated page, in the same order; ours has the statuses of errors besides.

use orgd_contract::pages;

use super::page;
use crate::documented;

/// The published tables.
const PUBLISHED: &str = include_str!("published.txt");

#[test]
fn the_tables_are_the_published_ones() {
    let pages = pages(&documented());
    let generated = operations(page(&pages, "organizations.md"));
    let published: Vec<Vec<String>> = sections(PUBLISHED);
    assert_eq!(published.len(), 7);
    for expected in &published {
        let (title, rows) = expected.split_first().expect("a title");
        let found = generated.iter().find(|section| section[0] == *title).unwrap_or_else(|| panic!("no {title}"));
        assert_eq!(found[1..], *rows, "{title}");
    }
    // In the same order, and nothing else on this page.
    let titles = |sections: &[Vec<String>]| sections.iter().map(|section| section[0].clone()).collect::<Vec<_>>();
    assert_eq!(titles(&generated), titles(&published));
}

#[test]
fn what_makes_something_shows_first_what_it_answers_then() {
    let pages = pages(&documented());
    let (_, created) = page(&pages, "provisioning.md").split_once("## Create provisioner job").expect("the operation");
    let examples: Vec<_> = created.lines().filter(|line| line.ends_with(" Response")).take(2).collect();
    assert_eq!(examples, ["> 201 Response", "> 200 Response"]);
}

#[test]
fn the_index_says_which_requests_can_be_repeated_with_a_key() {
    let pages = pages(&documented());
    let (_, section) = page(&pages, "README.md").split_once("## Idempotency-Key").expect("the section");
    let rows: Vec<_> = section.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows.len(), 3, "{section}");
    for operation in ["create-organization", "create-provisioner-job", "add-organization-member"] {
        assert!(section.contains(operation), "{operation}");
    }
}

#[test]
fn every_error_is_in_the_table_of_responses() {
    let pages = pages(&documented());
    let organizations = page(&pages, "organizations.md");
    let errors = organizations.lines().filter(|line| line.starts_with("| 4") || line.starts_with("| 5"));
    let (mut count, shape) = (0, "| [codersdk.Response](schemas.md#codersdkresponse) |");
    for line in errors.filter(|line| line.contains("](https://")) {
        assert!(line.ends_with(shape), "{line}");
        count += 1;
    }
    let contract = orgd_contract::Contract::load(&crate::folder()).expect("the contract loads");
    let of_tag = contract.operations().iter().filter(|operation| operation.tag == "Organizations");
    assert_eq!(count, of_tag.flat_map(|operation| &operation.statuses).filter(|status| **status >= 400).count());
}

/// The sections of the fixture: the title with the request, then one line for each row.
fn sections(text: &str) -> Vec<Vec<String>> {
    let mut sections: Vec<Vec<String>> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("## ") {
            Some(title) => sections.push(vec![title.to_owned()]),
            None => {
                if let Some(section) = sections.last_mut() {
                    section.push(line.to_owned());
                }
            }
        }
    }
    sections
}

/// The same of a page: what the tables have besides the descriptions of rows, without errors and other tables.
fn operations(page: &str) -> Vec<Vec<String>> {
    let mut sections: Vec<Vec<String>> = Vec::new();
    let mut columns: Vec<String> = Vec::new();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            sections.push(vec![title.to_owned()]);
        } else if !line.starts_with('|') {
            columns.clear();
            let section = sections.last_mut().filter(|section| section.len() == 1 && line.starts_with('`'));
            if let Some(section) = section.filter(|_| !line.starts_with("```")) {
                section[0] = format!("{}: {}", section[0], line.replace('`', ""));
            }
        } else if columns.is_empty() {
            columns = cells(line);
        } else if !line.starts_with("| ---") {
            let row = row(&columns, &cells(line));
            sections.last_mut().expect("a section").extend(row);
        }
    }
    sections
}

fn row(columns: &[String], cells: &[String]) -> Option<String> {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    assert_eq!(columns.len(), cells.len(), "{cells:?}");
    match columns.as_slice() {
        ["Name", "In", "Type", "Required", "Description"] => Some(format!("parameter: {}", cells[..4].join("; "))),
        ["Parameter" | "Property", "Value(s)"] => Some(format!("values: {}", cells.join("; "))),
        ["Status", "Meaning", "Description", "Schema"] => {
            Some(format!("answer: {}", cells.join("; "))).filter(|_| cells[0].starts_with('2'))
        }
        ["Name", "Type", "Required", "Restrictions", "Description"] => {
            Some(format!("row: {}", cells[..4].join("; ")).trim_end().to_owned())
        }
        _ => None,
    }
}

/// The cells of a row as a reader sees them: links as their text, code without its ticks.
fn cells(line: &str) -> Vec<String> {
    let inside = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')).expect("a row of a table");
    inside.replace("\\|", "\u{1}").split('|').map(|cell| seen(&cell.replace('\u{1}', "|"))).collect()
}

fn seen(cell: &str) -> String {
    let mut text = cell.trim().replace('`', "");
    while let Some((before, rest)) = text.split_once("](") {
        let after = rest.split_once(')').map_or("", |(_, after)| after);
        let opened = before.rfind('[').unwrap_or_else(|| panic!("no link: {cell}"));
        text = format!("{}{}{after}", &before[..opened], &before[opened + 1..]);
    }
    text
}
