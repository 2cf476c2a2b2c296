//! Drives `uuid` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| orgd_fuzz::names::uuid(data));
