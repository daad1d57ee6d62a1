//! What several tests use.

pub mod laws;
pub mod machine;
