//! The laboratory: run folders and artifacts, records of results, experiments, and the report that shows them.

pub mod artifact;
pub mod experiment;
pub mod record;
pub mod report;
