#![no_main]
//! Tries the reader `targets::npy_header`.

#[path = "../src/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::npy_header(bytes));
