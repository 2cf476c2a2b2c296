//! What is read from files and from the environment: imports, fixtures, the configuration.

use std::io::Write;

use orgd::config::{Config, DatabaseUrl, ServeFlags};
use orgd::fixture::Fixture;
use orgd::transfer::read_without_database;

/// An import file is cut into records, each of which is read or refused with its place.
pub fn import(data: &[u8]) {
    let (read, faults) = read_without_database(data);
    let lines = data.iter().filter(|byte| **byte == b'\n').count() + 1;
    for fault in &faults {
        let told = fault.to_string();
        assert!(told.len() < 4_000, "{} bytes", told.len());
    }
    assert!(read + faults.len() <= data.len() / 2 + 1, "{read} records and {} faults in {lines} lines", faults.len());
}

/// A fixture that is read is written and read again as the same.
pub fn fixture(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    match Fixture::read(text) {
        Ok(fixture) => {
            let written = fixture.write().expect("a fixture can be written");
            assert_eq!(Fixture::read(&written).expect("what was written"), fixture, "{written}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The first line is the environment, with `;` between variables; the rest is the configuration file.
pub fn configuration(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let (first, file) = text.split_once('\n').unwrap_or((text, ""));
    let pairs = first.split(';').filter_map(|pair| pair.split_once('='));
    let mut environment: Vec<(String, String)> = pairs
        // Other files of this machine are nobody's business.
        .filter(|(name, value)| *name != "ORGD_CONFIG" && !name.contains('\0') && !value.contains('\0'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    // Names and other values are shown as they are.
    let is_password = |(name, value): &(String, String)| name == "ORGD_DATABASE_URL" && value.contains(":hunter2@");
    let is_secret = text.matches("hunter2").count() == 1 && environment.iter().any(is_password);
    let mut written = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    written.write_all(file.as_bytes()).expect("the file takes it");
    environment.push(("ORGD_CONFIG".to_owned(), written.path().display().to_string()));
    match Config::load(ServeFlags::default(), environment) {
        Ok(config) => {
            assert!(config.read_connections() <= 1024);
            assert!(config.queue.hung_after.as_secs() >= 1 && config.queue.reaper_interval.as_millis() >= 100);
        }
        Err(error) => {
            let told = error.to_string();
            assert!(!told.is_empty());
            assert!(!is_secret || !told.contains("hunter2"), "a password in {told:?}");
        }
    }
}

/// A URL of a database is shown without its password.
pub fn database_url(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let shown = |text: &str| match text.parse::<DatabaseUrl>() {
        Ok(url) => format!("{url:?}"),
        Err(error) => error.to_string(),
    };
    let password =
        text.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).and_then(|(user, _)| user.split_once(':'));
    // What is also elsewhere in it, such as in the name of the database, may be shown.
    let is_secret = |password: &str| password.len() >= 12 && text.matches(password).count() == 1;
    // The name of a file holds none.
    if let Some((_, password)) = password.filter(|(_, password)| is_secret(password) && !text.starts_with("sqlite")) {
        // A password may be words that the error says of any such URL.
        let is_told = |text: &str| shown(text).contains(password);
        assert!(!is_told(text) || is_told(&text.replacen(password, "", 1)), "{}", shown(text));
    }
}
