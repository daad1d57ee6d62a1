//! Integration tests of the laboratory: each file opens with its promise.

mod datasets;
mod formats;
mod fuzz_corpus;
mod gzip;
mod independence;
mod layouts;
mod npy;
mod progress;
mod report;
mod run_folder;
mod sampled;
mod several_files;
