#![no_main]
//! Tries the reader `targets::words`.

#[path = "../src/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::words(bytes));
