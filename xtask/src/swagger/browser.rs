//! Owns what the driver of Swagger UI is told and what it reports.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::browser;
use crate::served::Served;

/// The folder of the driver.
const DRIVER: &str = "swagger";

/// What the driver saw.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    /// The versions beside the title.
    pub(super) badge: String,
    /// The operations that the page offers.
    pub(super) operations: Vec<String>,
    /// What came of the operations that were executed, by operation id.
    pub(super) executed: Map<String, Value>,
    /// Requests to other hosts. They were not let through.
    pub(super) foreign: Vec<String>,
    /// Errors that scripts threw or wrote to the console.
    pub(super) errors: Vec<String>,
}

/// Installs what is missing.
///
/// # Errors
/// It cannot be installed from here; the message says how to do it by hand.
pub(super) fn prepare() -> anyhow::Result<()> {
    browser::prepare(DRIVER)
}

/// Opens the page, authorizes and executes the operations in this order.
///
/// # Errors
/// The browser does not start, or the page does not do what it is told.
pub(super) fn drive(served: &Served, operations: &[&str], screenshot: Option<Value>) -> anyhow::Result<Report> {
    let request = json!({
        "url": format!("{}/swagger/", served.url),
        "token": served.token,
        "operations": operations,
        "screenshot": screenshot,
    });
    browser::drive(DRIVER, request)
}
