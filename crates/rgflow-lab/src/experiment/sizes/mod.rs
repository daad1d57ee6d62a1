//! Does the end of the RBM flow follow the pseudo-critical temperature of the finite lattice?

mod record;

use crate::artifact::memory::Need;
use crate::artifact::{Error, Repetition, Stage};
use crate::record::Record;
use crate::study::modes::ByMode;
use crate::study::readings::{FlowFindings, Observed};
use crate::study::samples::sampled;
use crate::study::settings::{Sampler, Torus};
use crate::study::torus::Study;
use crate::study::values::{self, Rising, Within, whole};
use crate::study::{About, Experiment};
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

/// Extents that the exact sampler draws.
const EXACT: usize = 12;

/// The table `sizes`.
#[derive(Clone, Debug, Deserialize)]
struct Sizing {
    sizes: Rising<Even>,
    peak: Within<1000, 1_000_000>,
}

whole!(
    /// Spins along a side of a lattice of (L/2)^2 hidden units.
    Even,
    |l| (4..=64).contains(&l) && l % 2 == 0,
    "must be even, 4 to 64"
);

/// The recipe's values.
pub struct Settings {
    sizing: Sizing,
    /// By size.
    tori: Vec<Torus>,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let sizing: Sizing = values::part(table, "sizes")?;
        let torus = Torus::parse(table)?;
        let of = |size: &Even| -> Result<Torus, String> {
            let mut torus = torus.clone();
            torus.lattice.size = (**size).try_into()?;
            torus.rbm.hidden = (**size / 2).pow(2).try_into()?;
            if **size > EXACT && torus.samples.sampler == Sampler::Exact {
                torus.samples.sampler = Sampler::Wolff;
            }
            torus.check().map(|()| torus)
        };
        Ok(Self { tori: sizing.sizes.iter().map(of).collect::<Result<_, _>>()?, sizing })
    }
}

/// What one size gave in one repetition.
pub struct Found {
    null: Observed,
    flows: ByMode<FlowFindings>,
    peaks: Peaks,
}

/// Pseudo-critical temperatures: of the specific heat, exact, and of the susceptibility of |m|, with its error.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Peaks {
    specific_heat: f64,
    susceptibility: Option<(f64, f64)>,
}

impl Experiment for Sizes {
    type Settings = Settings;
    type Found = Vec<Found>;

    const ABOUT: About = About {
        name: "sizes",
        summary: "RBM flows of the 2D Ising model on lattices of several sizes, against the peaks of C and chi",
        recipe: RECIPE,
        ..About::DEFAULT
    };

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        let (n, largest) = (*settings.sizing.peak, *settings.sizing.sizes.last());
        let what = format!("sizes.peak = {n} of {largest} x {largest} spins");
        let peak = Need::new(&[n, largest, largest], what, "take a smaller sizes.peak");
        settings.tori.iter().flat_map(|torus| torus.needs()).chain([peak]).collect()
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Vec<Found>, Error> {
        let one = |torus: &Torus| {
            of_size(&repetition.part(&format!("L{}", *torus.lattice.size)), torus, *settings.sizing.peak)
        };
        // The largest takes longest: it begins first.
        let mut found = settings.tori.par_iter().rev().map(one).collect::<Result<Vec<_>, Error>>()?;
        found.reverse();
        Ok(found)
    }

    fn record(&self, settings: &Settings, found: &[Vec<Found>]) -> Result<Record, Error> {
        Ok(record::record(settings, found))
    }
}

fn of_size(part: &Repetition, torus: &Torus, n_peak: usize) -> Result<Found, Error> {
    let machine = || -> Result<_, Error> {
        let (study, all) = (Study::new(part, torus)?, torus.all());
        let machine = study.machine("all", &torus.rbm, (&all, "all"), &[])?;
        Ok((study.mixture(&all)?, study.flows(&machine, "all", None)?))
    };
    let (peaks, found) = rayon::join(|| peaks(part, *torus.lattice.size, n_peak), machine);
    let (null, flows) = found?;
    Ok(Found { null, flows, peaks: peaks? })
}

/// Stage "peaks".
fn peaks(part: &Repetition, size: usize, n: usize) -> Result<Peaks, Error> {
    let what = Stage { name: "peaks", revision: 2, settings: (size, n), inputs: &[], outputs: &["peaks.json"] };
    part.found(what, |out| {
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
        Ok(Peaks { specific_heat: heat.value(), susceptibility: chi.map(|chi| (chi.value, chi.error)) })
    })
}
