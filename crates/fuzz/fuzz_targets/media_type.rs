//! Drives `media_type` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| orgd_fuzz::bodies::media_type(data));
