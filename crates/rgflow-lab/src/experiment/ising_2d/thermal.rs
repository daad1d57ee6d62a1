//! Stage "thermal": readings by the thermometers without any machine: thermal sets, training mixtures, block spins.

use super::blocked::{BLOCKS, block_name};
use super::findings::{Blocked, ThermalFindings};
use super::{SETS, Settings};
use crate::study::prelude::*;
use crate::study::samples::{THERMAL, ThermalSet};
use crate::study::thermometer::load;

const REVISION: u32 = 4;
const FILE: &str = "thermal/findings.json";

/// Makes or keeps the stage and returns its findings; `blocked`: the sets by number of block-spin steps.
pub(super) fn stage(
    study: &Study,
    settings: &Settings,
    blocked: &[(usize, Artifact)],
) -> Result<ThermalFindings, Error> {
    let mut inputs = vec![&study.samples, &study.thermometer_stage];
    inputs.extend(blocked.iter().map(|(_, artifact)| artifact));
    let what = Stage { name: "thermal", revision: REVISION, settings: (), inputs: &inputs, outputs: &[FILE] };
    study.repetition.found_compact(what, |_| {
        let each = |set: &ThermalSet| {
            let one = |k| Ok(study.observe(&[set.at(k)])?.widened(set.n_eff[k]));
            settings.torus.all().into_par_iter().map(one).collect::<Result<Vec<_>, Error>>()
        };
        let (reference, start) = (study.set("reference")?, study.set("start")?);
        let nulls = SETS.iter().map(|(_, member)| study.mixture(&settings.classes(*member)));
        let nulls = nulls.collect::<Result<_, Error>>()?;
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
            start_difference_z = start_difference_z.max(study.set(name)?.start_difference_z);
        }
        let (_, metadata) = load(&study.thermometer_stage)?;
        Ok(ThermalFindings {
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
        })
    })
}
