//! See `bluegate_fuzz::guard`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bluegate_fuzz::guard::run(input));
