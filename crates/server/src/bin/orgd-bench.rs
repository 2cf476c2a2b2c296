//! The `orgd-bench` executable: the server as it is released, with what `cargo xtask bench` needs beside it.

use std::process::ExitCode;

/// The same allocator as the server's own executable.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    orgd::cli::bench::run()
}
