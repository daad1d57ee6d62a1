//! Stage "peaks": pseudo-critical temperatures of a finite torus.

use super::samples::sampled;
use crate::artifact::{Error, Repetition, Stage};
use crate::record::Measured;
use rgflow::exact::square;
use rgflow::lattice::{ChainLength, Ising, Observables, Square, Temperature, wolff};
use rgflow::reweighting::histogram;
use serde::{Deserialize, Serialize};

/// Units of progress of the chains.
const UNITS: u64 = 1000;

/// Temperatures at which the specific heat (exact) and the susceptibility of |m| (with its error) are largest.
#[derive(Serialize, Deserialize)]
pub struct Peaks {
    pub specific_heat: f64,
    pub susceptibility: Option<Measured>,
}

/// Peaks of the torus of `size` x `size` spins; the susceptibility is reweighted from `n` configurations.
pub fn stage(part: &Repetition, size: usize, n: usize) -> Result<Peaks, Error> {
    let what = Stage { name: "peaks", revision: 2, settings: (size, n), inputs: &[], outputs: &["peaks.json"] };
    part.found(what, |out| {
        out.add_work(UNITS);
        let (heat, _) = square::specific_heat_peak(size, size)?;
        // The susceptibility peaks above the specific heat: by 0.135 at L = 10, and as 1/L.
        let shift = 1.35 / size as f64;
        let at = Temperature::new(heat.value() + shift)?;
        let square = Square::new(size, size)?;
        let mut random = out.streams().generator("peaks", 0);
        let model = Ising::new(&square);
        let chains = wolff::sampling(&model, at, n, &ChainLength::CLUSTERS, &mut random)?;
        let seen = sampled(out, "chains", chains, UNITS)?;
        let seen = Observables::measure(&square, seen.spins.view())?;
        let chi = histogram::susceptibility_peak(&seen.energy, &seen.abs_m, size * size, at, 1.2 * shift);
        Ok(Peaks { specific_heat: heat.value(), susceptibility: chi.map(|chi| (chi.value, chi.error)) })
    })
}
