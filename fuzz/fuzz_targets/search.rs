//! See `bluegate_fuzz::search`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bluegate_fuzz::search::run(input));
