//! Drives `idempotency_key` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| orgd_fuzz::names::idempotency_key(data));
