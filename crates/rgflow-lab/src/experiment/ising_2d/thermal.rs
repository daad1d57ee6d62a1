//! Stage "thermal": what the thermometers read where there is no machine: thermal sets, training mixtures, block spins.

use super::SETS;
use super::blocked::{BLOCKS, block_name};
use super::findings::{Blocked, ThermalFindings};
use crate::artifact::{Artifact, Error, Repetition, Stage};
use crate::study::flows::{Bench, read_json, square};
use crate::study::readings::Observed;
use crate::study::samples::{THERMAL, ThermalSet};
use crate::study::thermometer::load;
use ndarray::ArrayView2;
use rayon::prelude::*;
use rgflow::flow::Reading;
use rgflow::lattice::Observables;

const REVISION: u32 = 4;
const FILE: &str = "thermal/findings.json";

/// Makes or keeps the stage and reads what it found; `blocked`: the sets by number of block-spin steps.
pub(super) fn stage(
    repetition: &Repetition,
    bench: &Bench,
    blocked: &[(usize, Artifact)],
) -> Result<ThermalFindings, Error> {
    let mut inputs = vec![bench.samples, bench.thermometer_stage];
    inputs.extend(blocked.iter().map(|(_, artifact)| artifact));
    let what = Stage { name: "thermal", revision: REVISION, settings: (), inputs: &inputs, outputs: &[FILE] };
    let artifact = repetition.stage(what, |out| {
        let square = square(bench.settings)?;
        let observe = |spins: ArrayView2<i8>| -> Result<Observed, Error> {
            let reading = bench.thermometer.read_spins(spins);
            Ok(Observed::of(bench.thermometer, &reading, &Observables::measure(&square, spins)?, &square))
        };
        let n = bench.settings.temperatures().len();
        let each = |set: &ThermalSet| {
            let one = |k: usize| Ok(Observed::widened(observe(set.at(k))?, set.n_eff[k]));
            (0..n).into_par_iter().map(one).collect::<Result<Vec<_>, Error>>()
        };
        let (reference, start) =
            (ThermalSet::read(bench.samples, "reference")?, ThermalSet::read(bench.samples, "start")?);
        let nulls = SETS
            .iter()
            .map(|(_, member)| {
                let classes = bench.settings.training_classes(*member);
                let readings: Vec<Reading> =
                    classes.iter().map(|k| bench.thermometer.read_spins(start.at(*k))).collect();
                let spins = start.first(&classes, start.per_temperature);
                let pooled = Reading::pooled(&readings);
                Ok(Observed::of(bench.thermometer, &pooled, &Observables::measure(&square, spins.view())?, &square))
            })
            .collect::<Result<_, Error>>()?;
        let read = |b: usize, steps: usize, artifact: &Artifact| -> Result<Blocked, Error> {
            let set = ThermalSet::read(artifact, &format!("blocked-{}", block_name(b, steps)))?;
            let (observed, z) = (each(&set)?, set.start_difference_z);
            Ok(Blocked { b, steps, observed, n_eff: set.n_eff, start_difference_z: z })
        };
        let mut found = Vec::new();
        for (steps, artifact) in blocked {
            for (b, _) in BLOCKS.iter().filter(|(_, of)| of == steps) {
                found.push(read(*b, *steps, artifact)?);
            }
        }
        let mut start_difference_z = 0.0f64;
        for name in THERMAL {
            start_difference_z = start_difference_z.max(ThermalSet::read(bench.samples, name)?.start_difference_z);
        }
        let (_, metadata) = load(bench.thermometer_stage)?;
        let findings = ThermalFindings {
            test_cross_entropy: (
                metadata["test_cross_entropy"].as_f64().unwrap_or(f64::NAN),
                metadata["test_cross_entropy_error"].as_f64().unwrap_or(f64::NAN),
            ),
            best_epoch: metadata["best_epoch"].as_u64().unwrap_or(0) as usize,
            reference: each(&reference)?,
            reference_n_eff: reference.n_eff.clone(),
            start: each(&start)?,
            nulls,
            blocked: found,
            start_difference_z,
        };
        out.write(FILE, serde_json::to_string(&findings).map_err(|e| Error::failure(e.to_string()))?)
    })?;
    read_json(&artifact, FILE)
}
