//! Drives `query_string` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| orgd_fuzz::queries::query_string(data));
