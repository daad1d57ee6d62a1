//! What all learning machines share: optimisers, mini-batches and early stopping.

mod early_stopping;
mod minibatch;
mod optimiser;

pub use early_stopping::EarlyStopping;
pub use minibatch::permutation;
pub use optimiser::{Adam, Optimiser, Sgd};
