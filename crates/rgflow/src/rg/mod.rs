//! Renormalization-group transformations of configurations (thesis section 3.2).

pub mod block_spin;
