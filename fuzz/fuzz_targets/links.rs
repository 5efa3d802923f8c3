//! See `bluegate_fuzz::links`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bluegate_fuzz::links::run(input));
