//! What an answer promised is kept, whatever happens to the process or to the power. Writers note what was acknowledged, refused or
//! left open; after each crash all of it is asked for again and compared.
//!
//! `ORGD_CRASHES` says how many crashes of each kind; `cargo xtask soak` asks for 200.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, helpers included"
)]
#![expect(clippy::print_stderr, reason = "a failing test shows the log of its server, and a skipped one says why")]

#[path = "../support/harness.rs"]
#[expect(dead_code, unused_imports, reason = "the black-box tests use the rest")]
mod harness;

#[path = "../support/cluster.rs"]
mod cluster;
mod cuts;
mod disk;
mod failing;
mod failing_disk;
mod faults;
mod history;
mod kills;
mod operations;
mod primary;
#[path = "../support/soak.rs"]
mod soak;
#[path = "../support/world.rs"]
#[expect(dead_code, reason = "hostile requests use the rest")]
mod world;
mod writers;

use harness::{Answer, Client, eventually};
use serde_json::json;

/// Asks for an organization; the answer is held against the document.
fn create(client: &Client, name: &str) -> Answer {
    client.post("/organizations", json!({ "name": name }))
}

/// Asks until one is created, and gives its name: a new one each time, since one that was not confirmed may be there.
#[track_caller]
fn create_one(client: &Client, prefix: &str) -> String {
    let mut names = (0..).map(|number: u32| format!("{prefix}-{number}"));
    let mut name = String::new();
    eventually(|| {
        name = names.next().unwrap();
        create(client, &name).status == 201
    });
    name
}

/// How many crashes of each kind.
fn crashes() -> usize {
    std::env::var("ORGD_CRASHES").map_or(3, |text| text.parse().expect("ORGD_CRASHES is a number"))
}

/// How many crashes one database goes through; then comes a new one, since all that ever happened is looked at after each.
const CRASHES_OF_ONE: usize = 10;

/// When each crash comes, in groups of those of one database.
fn groups() -> Vec<Vec<u64>> {
    let all: Vec<u64> = moments().take(crashes()).collect();
    all.chunks(CRASHES_OF_ONE).map(<[u64]>::to_vec).collect()
}

/// When a crash comes after the writers began, in milliseconds: other moments each time, and the same ones in each run.
fn moments() -> impl Iterator<Item = u64> {
    let mut state = 0x2545_f491_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        50 + (state >> 33) % 700
    })
}
