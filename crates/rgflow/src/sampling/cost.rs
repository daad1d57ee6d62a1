//! Cost of a configuration: measured times of the reference core, one core with AVX2, the shortest of nine runs of
//! `cargo run --release -p rgflow --example sampler_cost`.

use crate::exact::transfer;
use crate::lattice::{Ising, Lattice, Solved};

/// ns per site to copy and diagnose a kept configuration of a chain.
pub(super) const KEEPING: f64 = 2.5;
/// Vectors of one class of the transfer matrix must fit into this many f64 (64 MiB).
const MAX_VECTORS: usize = 8 << 20;

/// Whether the exact sampler serves this system in reasonable memory.
pub(super) fn can_be_exact<L: Lattice>(model: &Ising<'_, L>) -> bool {
    match model.lattice.solved() {
        Some(Solved::Square(torus)) => {
            let (width, length) = (torus.lx().min(torus.ly()), torus.lx().max(torus.ly()));
            width <= transfer::MAX_WIDTH && length << width <= MAX_VECTORS
        }
        Some(Solved::Ring(_)) => model.field() == 0.0,
        None => false,
    }
}

/// ns per independent configuration of the exact sampler.
pub(super) fn exact_cost<L: Lattice>(model: &Ising<'_, L>, n: usize) -> f64 {
    /// ns per site of a configuration, and ms of preparation of a square torus, by width from 2 to 12.
    const PER_SITE: [f64; 11] = [11.0, 11.0, 11.0, 12.0, 14.0, 15.0, 17.0, 23.0, 34.0, 54.0, 110.0];
    const PREPARATION: [f64; 11] = [0.001, 0.001, 0.001, 0.003, 0.01, 0.03, 0.11, 0.32, 1.5, 5.4, 21.0];
    /// ns per site of the ring.
    const RING: f64 = 7.0;
    let n_sites = model.lattice.n_sites() as f64;
    let Some(Solved::Square(torus)) = model.lattice.solved() else { return RING * n_sites };
    let width = torus.lx().min(torus.ly());
    // A field doubles the classes; preparation grows as the number of rows.
    let classes = if model.field() == 0.0 { 1.0 } else { 2.0 };
    let rows = n_sites / (width * width) as f64;
    PER_SITE[width - 2] * n_sites + PREPARATION[width - 2] * 1e6 * classes * rows / n.max(1) as f64
}
