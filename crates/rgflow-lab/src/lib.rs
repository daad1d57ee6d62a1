//! The laboratory: run folders and artifacts, data sets, records of results, experiments, and the report that shows
//! them.

pub mod analysis;
pub mod artifact;
pub mod bench;
pub mod dataset;
pub mod experiment;
pub mod machine;
pub mod record;
pub mod report;
mod study;
pub mod verify;
