//! Build script of `crates/server`.
fn main() {}
