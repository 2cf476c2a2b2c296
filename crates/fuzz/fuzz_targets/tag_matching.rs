//! Drives `tag_matching` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| orgd_fuzz::tags::tag_matching(data));
