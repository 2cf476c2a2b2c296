//! The forms of a document: each of them is read back as what it was made from, by whatever parser.

use orgd_contract::openapi_30::downgrade;
use orgd_contract::{Form, Format, Version};
use serde_json::{Value, json};

use crate::documented;

/// Texts that some parser of YAML takes for something else unless they stand in quotes.
const NOT_WHAT_THEY_SEEM: &[&str] = &[
    "",
    "~",
    "null",
    "Null",
    "NULL",
    "true",
    "True",
    "false",
    "yes",
    "Yes",
    "no",
    "NO",
    "on",
    "off",
    "y",
    "n",
    "0",
    "-1",
    "+1",
    "007",
    "0o17",
    "0x1",
    "0b1",
    "1_000",
    "1.5",
    "1e3",
    "1E3",
    ".5",
    "1.",
    ".inf",
    "-.INF",
    ".nan",
    "NaN",
    "190:20:30",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "2026-01-01 00:00:00",
    "=",
    "<<",
    "---",
    "...",
    "-",
    "?",
    ":",
    "- a",
    "? a",
    "a: b",
    "a #b",
    "#a",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "'a",
    "\"a",
    "[a]",
    "{a}",
    ",a",
    " a",
    "a ",
    "\ta",
    "a\nb",
    "a\n",
    "\n",
    "a\rb",
    "\u{85}",
    "\u{2028}",
    "\u{feff}a",
    "\u{0}",
    "\\",
    "👋",
];

fn read(format: Format, text: &str) -> Value {
    match format {
        Format::Json => serde_json::from_str(text).unwrap(),
        Format::Yaml => serde_saphyr::from_str(text).unwrap(),
    }
}

#[test]
fn every_form_of_the_contract_is_read_back_as_it_was() {
    let document = documented();
    let older = downgrade(&document).unwrap();
    for form in Form::ALL {
        let text = form.write(&document).unwrap();
        let expected = if form.version == Version::V3_1 { &document } else { &older };
        assert_eq!(&read(form.format, &text), expected, "{}", form.file_name());
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{}", form.file_name());
    }
}

#[test]
fn texts_stay_texts_in_yaml() {
    let texts: Vec<Value> = NOT_WHAT_THEY_SEEM.iter().map(|text| json!(text)).collect();
    let keys: serde_json::Map<String, Value> =
        NOT_WHAT_THEY_SEEM.iter().map(|text| ((*text).to_owned(), json!(1))).collect();
    let document =
        json!({"openapi": "3.1.0", "x-texts": texts, "x-keys": keys, "x-lists": [[], {}, [[]], [{"a": []}]]});
    let text = Form { version: Version::V3_1, format: Format::Yaml }.write(&document).unwrap();
    assert_eq!(read(Format::Yaml, &text), document);
    // The parser above reads YAML 1.2. What only YAML 1.1 takes for a boolean, a number or a time is in quotes, too.
    for seeming in
        ["yes", "NO", "on", "y", "007", "0b1", "1_000", "190:20:30", "2026-01-01", "2026-01-01T00:00:00Z", "=", "<<"]
    {
        let plain = [format!("\n- {seeming}\n"), format!("\n  {seeming}: 1\n")];
        assert!(plain.iter().all(|plain| !text.contains(plain)), "{seeming} is not in quotes");
    }
}

#[test]
fn names_say_which_form_it_is() {
    let names = Form::ALL.map(Form::file_name);
    assert_eq!(names, ["openapi-3.1.json", "openapi-3.1.yaml", "openapi-3.0.json", "openapi-3.0.yaml"]);
    for form in Form::ALL {
        assert_eq!(form.version.to_string().parse(), Ok(form.version));
        assert_eq!(form.format.to_string().parse(), Ok(form.format));
    }
    assert_eq!("3.2".parse::<Version>(), Err("the versions are 3.1 and 3.0".to_owned()));
    assert_eq!("toml".parse::<Format>(), Err("the formats are json and yaml".to_owned()));
}

#[test]
fn what_3_0_cannot_say_is_not_written() {
    let document = json!({"openapi": "3.1.0", "webhooks": {}});
    for form in Form::ALL {
        let written = form.write(&document);
        assert_eq!(written.is_ok(), form.version == Version::V3_1, "{}", form.file_name());
    }
}
