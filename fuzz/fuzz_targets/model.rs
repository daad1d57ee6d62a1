#![no_main]
//! Tries the reader `targets::model`.

#[path = "../src/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::model(bytes));
