//! Integration tests of the library: each file opens with its promise.

mod allocations;
mod common;
mod errors;
mod flow;
mod multispin;
mod networks;
mod rbm_couplings;
mod rbm_exact;
mod rbm_methods;
mod rbm_sampling;
mod rbm_training;
mod rbm_unknown;
mod rbm_updates;
mod sampling;
mod sampling_couplings;
mod sampling_laws;
mod sampling_observables;
mod sampling_starts;
mod thermometer;
