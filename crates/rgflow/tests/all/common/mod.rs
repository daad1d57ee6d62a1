//! Helpers of several tests.

pub mod laws;
pub mod machine;
