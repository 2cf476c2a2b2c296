//! Drives `list_query` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| orgd_fuzz::queries::list_query(data));
