//! Nothing: the tests of `orgd-contract` are in `tests/`, in a crate of their own. Its `Cargo.toml` says why.
