#![no_main]
//! Tries the reader `targets::several`.

#[path = "../src/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::several(bytes));
