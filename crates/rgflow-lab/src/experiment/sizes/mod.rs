//! Does the end of the RBM flow follow the pseudo-critical temperature of the finite lattice?

mod record;

use super::{Experiment, Item};
use crate::artifact::memory::Need;
use crate::artifact::{Error, Repetition, Run, Stage};
use crate::record::Record;
use crate::study::flows::read_json;
use crate::study::machines::Fit;
use crate::study::modes::MODES;
use crate::study::readings::{FlowFindings, Observed};
use crate::study::samples::sampled;
use crate::study::settings::{Sampler, Settings as Base};
use crate::study::torus::{self, Study};
use rayon::prelude::*;
use rgflow::exact::square;
use rgflow::lattice::{Ising, Observables, Square, Temperature, wolff};
use rgflow::rg::histogram;
use serde::{Deserialize, Serialize};

/// The experiment.
pub struct Sizes;

const RECIPE: &str = concat!(
    "# The end of the RBM flow against the size of the lattice. Temperatures are in J/k_B.\n",
    "# The values are those of the recipe of ising-2d, but for sizes and hidden units.\n",
    include_str!("../../study/torus.toml"),
    include_str!("recipe.toml")
);

const ITEMS: &[Item] = &[Item {
    id: "sec4.sizes",
    title: "Sizes of the lattice",
    claim: "the RBM flow ends near the critical temperature (one size: L = 10)",
    keys: &["sizes."],
}];

/// Extents that the exact sampler draws.
const EXACT: usize = 12;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    sizes: Vec<usize>,
    peak: usize,
}

struct Settings {
    own: Own,
    /// By size.
    bases: Vec<Base>,
}

impl Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let own: Own = crate::study::checks::own(table, "sizes")?;
        crate::study::checks::check_rising("sizes.sizes", &own.sizes, 64)?;
        if let Some(size) = own.sizes.iter().find(|size| **size < 4 || **size % 2 == 1) {
            return Err(format!("sizes.sizes = {size}: must be even and at least 4"));
        }
        if !(1000..=1_000_000).contains(&own.peak) {
            return Err(format!("sizes.peak = {}: must be 1000 to 1000000", own.peak));
        }
        let base = torus::settings(table)?;
        let of = |size: &usize| {
            let mut base = base.clone();
            base.lattice.size = *size;
            base.rbm.hidden = (size / 2).pow(2);
            if *size > EXACT && base.samples.sampler == Sampler::Exact {
                base.samples.sampler = Sampler::Wolff;
            }
            base
        };
        let bases: Vec<Base> = own.sizes.iter().map(of).collect();
        bases.iter().try_for_each(Base::check)?;
        Ok(Self { own, bases })
    }
}

/// What one size gave in one repetition.
struct Found {
    null: Observed,
    flows: [FlowFindings; 2],
    peaks: Peaks,
}

/// Pseudo-critical temperatures: of the specific heat, exact, and of the susceptibility of |m|, with its error.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Peaks {
    specific_heat: f64,
    susceptibility: Option<(f64, f64)>,
}

impl Experiment for Sizes {
    fn name(&self) -> &'static str {
        "sizes"
    }

    fn summary(&self) -> &'static str {
        "RBM flows of the 2D Ising model on lattices of several sizes, against the peaks of C and chi"
    }

    fn recipe(&self) -> &'static str {
        RECIPE
    }

    fn items(&self) -> &'static [Item] {
        ITEMS
    }

    fn check(&self, table: &toml::Table) -> Result<(), String> {
        Settings::parse(table).map(|_| ())
    }

    fn needs(&self, table: &toml::Table) -> Vec<Need> {
        Settings::parse(table).map_or(vec![], |s| {
            let largest = s.own.sizes.last().copied().unwrap_or(0);
            let peak = Need::new(
                &[s.own.peak, largest, largest],
                format!("sizes.peak = {} of {largest} x {largest} spins", s.own.peak),
                "take a smaller sizes.peak",
            );
            s.bases.iter().flat_map(|base| base.needs()).chain([peak]).collect()
        })
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        let sizes = |r: &Repetition| {
            let one = |base: &Base| of_size(&r.part(&format!("L{}", base.lattice.size)), base, settings.own.peak);
            // The largest takes longest: it begins first.
            let mut found = settings.bases.par_iter().rev().map(one).collect::<Result<Vec<_>, Error>>()?;
            found.reverse();
            Ok(found)
        };
        let found = run.repetitions().par_iter().map(sizes).collect::<Result<Vec<_>, Error>>()?;
        Ok(record::record(&settings, &found))
    }
}

fn of_size(part: &Repetition, base: &Base, n_peak: usize) -> Result<Found, Error> {
    let (peaks, found) = rayon::join(|| peaks(part, base.lattice.size, n_peak), || flows(part, base));
    let (null, flows) = found?;
    Ok(Found { null, flows, peaks: peaks? })
}

fn flows(part: &Repetition, base: &Base) -> Result<(Observed, [FlowFindings; 2]), Error> {
    let study = Study::new(part, base)?;
    let all: Vec<usize> = (0..base.temperatures().len()).collect();
    let fit = Fit {
        name: "all",
        shape: [base.lattice.size; 2],
        rbm: &base.rbm,
        updates: base.updates(1),
        snapshots: &[],
        inputs: &[&study.samples],
        choice: "all",
    };
    let machine = study.fitted(&fit, || {
        let (data, test) = (study.set("train")?, study.set("test")?);
        Ok((data.spins, test.first(&all, test.per_temperature.min(200))))
    })?;
    let flow = |mode| study.flow(&machine, "rbm/all/model.safetensors", "all", mode);
    let (gibbs, mean) = rayon::join(|| flow(MODES[0]), || flow(MODES[1]));
    let start = study.set("start")?;
    let parts: Vec<_> = all.iter().map(|t| start.at(*t)).collect();
    Ok((study.observe(&parts)?, [gibbs?, mean?]))
}

/// Stage "peaks".
fn peaks(part: &Repetition, size: usize, n: usize) -> Result<Peaks, Error> {
    let file = "peaks.json";
    let what = Stage { name: "peaks", revision: 2, settings: (size, n), inputs: &[], outputs: &[file] };
    let artifact = part.stage(what, |out| {
        out.add_work("peaks", 1);
        let (heat, _) = square::specific_heat_peak(size, size)?;
        // The susceptibility peaks above the specific heat: by 0.135 at L = 10, and as 1/L.
        let shift = 1.35 / size as f64;
        let at = Temperature::new(heat.value() + shift)?;
        let square = Square::new(size, size)?;
        let mut random = out.streams().generator("peaks", 0);
        let model = Ising::new(&square);
        let chains = wolff::sampling(&model, at, n, &Default::default(), &mut random)?;
        let seen = sampled(out, "chains", chains, 1)?;
        let seen = Observables::measure(&square, seen.spins.view())?;
        let chi = histogram::susceptibility_peak(&seen.energy, &seen.abs_m, size * size, at, 1.2 * shift);
        let peaks = Peaks { specific_heat: heat.value(), susceptibility: chi.map(|chi| (chi.value, chi.error)) };
        out.write_json(file, &peaks)
    })?;
    read_json(&artifact, file)
}
