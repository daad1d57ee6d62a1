//! Artifacts: run folders, stages, formats, atomic writes. To be filled.

/// A run folder. To be filled.
pub struct Run;

/// What can go wrong in the laboratory. To be filled.
#[derive(Debug, thiserror::Error)]
pub enum Error {}
