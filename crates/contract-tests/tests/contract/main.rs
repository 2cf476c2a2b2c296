//! Tests of the documented contract as data, most of them against the real files of `openapi/`.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, helpers included"
)]
#![expect(clippy::too_many_lines, reason = "the tables of drifts are long, not complicated")]

mod advice;
mod change;
mod changes;
mod docs;
mod drift;
mod every_value;
mod form;
mod judge;
mod lint;
mod load;
mod openapi_30;
mod operations;
mod same_meaning;
mod two_versions;

use std::path::{Path, PathBuf};

use orgd_contract::Contract;
use serde_json::Value;

/// The folder of the documented contract.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi")
}

/// The documented contract, merged.
fn documented() -> Value {
    Contract::load(&folder()).expect("the contract loads").document().clone()
}
