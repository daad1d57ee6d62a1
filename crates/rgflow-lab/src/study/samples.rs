//! Stage "samples": four independent thermal sets, the calibration set between their temperatures, and blocked larger
//! lattices.

use super::settings::{Sampler, Torus};
use crate::artifact::{Artifact, Error, Repetition, Stage, StageOut, npz};
use ndarray::{Array1, Array2, Axis, concatenate};
use rayon::prelude::*;
use rgflow::exact::transfer;
use rgflow::lattice::multispin::Grid;
use rgflow::lattice::{ChainLength, Collection, Ising, Sampling, Square, Temperature, metropolis, wolff};
use rgflow::restart::Drive;
use std::cell::LazyCell;

/// Names of the four sets, in the order of their use.
pub const THERMAL: [&str; 4] = ["train", "test", "reference", "start"];

pub const REVISION: u32 = 2;

/// A set in memory: configurations of all temperatures, one temperature after the other.
pub struct ThermalSet {
    /// Shape (temperatures * per_temperature, sites).
    pub spins: Array2<i8>,
    /// Configurations per temperature.
    pub per_temperature: usize,
    /// Effective number of independent configurations, per temperature.
    pub n_eff: Vec<f64>,
    /// Largest z-score between ordered and disordered starts of its chains, over temperatures; 0 for independent draws.
    pub start_difference_z: f64,
}

impl ThermalSet {
    pub fn read(artifact: &Artifact, name: &str) -> Result<Self, Error> {
        let mut file = artifact.npz(&format!("samples/{name}.npz"))?;
        let spins: Array2<i8> = file.array("spins")?;
        let n_eff: Array1<f64> = file.array("n_eff")?;
        let z: Array1<f64> = file.array("start_difference_z")?;
        if n_eff.is_empty() || !spins.nrows().is_multiple_of(n_eff.len()) {
            let (rows, n) = (spins.nrows(), n_eff.len());
            return Err(Error::failure(format!(
                "samples/{name}.npz: {rows} samples at {n} temperatures; make it again"
            )));
        }
        Ok(Self {
            per_temperature: spins.nrows() / n_eff.len(),
            spins,
            n_eff: n_eff.to_vec(),
            start_difference_z: z.iter().copied().fold(0.0, f64::max),
        })
    }

    /// Configurations of one temperature.
    pub fn at(&self, class: usize) -> ndarray::ArrayView2<'_, i8> {
        let (from, to) = (class * self.per_temperature, (class + 1) * self.per_temperature);
        self.spins.slice(ndarray::s![from..to, ..])
    }

    /// The first `n` configurations of each of `classes`, one class after the other.
    pub fn first(&self, classes: &[usize], n: usize) -> Array2<i8> {
        let parts: Vec<_> = classes.iter().map(|c| self.at(*c).slice_move(ndarray::s![..n, ..])).collect();
        concatenate(Axis(0), &parts).expect("all configurations have one size")
    }
}

/// Makes or keeps the stage.
pub fn stage(repetition: &Repetition, settings: &Torus) -> Result<Artifact, Error> {
    let outputs = ["train", "test", "reference", "start", "calibration"].map(|n| format!("samples/{n}.npz"));
    let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
    let what = Stage {
        name: "samples",
        revision: REVISION,
        settings: (&settings.lattice, &settings.samples),
        inputs: &[],
        outputs: &outputs,
    };
    repetition.stage(what, |out| {
        let grid = settings.temperatures();
        let size = *settings.lattice.size;
        let midpoints: Vec<f64> = grid.windows(2).map(|w| (w[0] + w[1]) / 2.0).collect();
        out.add_work((grid.len() + midpoints.len()) as u64 * UNITS);
        let names: Vec<String> = THERMAL.iter().map(|n| format!("samples/{n}")).collect();
        let sampler = settings.samples.sampler;
        let thermal =
            Sets { out, sampler, size, n: *settings.samples.per_temperature, purposes: &names }.draw(&grid)?;
        for (s, name) in THERMAL.iter().enumerate() {
            let parts: Vec<&Collection> = thermal.iter().map(|sets| &sets[s]).collect();
            write(out, name, size, &grid, &parts)?;
        }
        let names = ["samples/calibration".to_string()];
        let n = *settings.samples.calibration;
        let between = Sets { out, sampler, size, n, purposes: &names }.draw(&midpoints)?;
        write(out, "calibration", size, &midpoints, &between.iter().map(|sets| &sets[0]).collect::<Vec<_>>())
    })
}

/// Makes or keeps the sets `names` at other temperatures, in files `samples/NAME.npz`.
pub fn further(
    repetition: &Repetition,
    settings: &Torus,
    stage: &str,
    names: &[&str],
    grid: &[f64],
) -> Result<Artifact, Error> {
    let files: Vec<String> = names.iter().map(|name| format!("samples/{name}.npz")).collect();
    let what = Stage {
        name: stage,
        revision: REVISION,
        settings: (&settings.lattice, &settings.samples, grid),
        inputs: &[],
        outputs: &files.iter().map(String::as_str).collect::<Vec<_>>(),
    };
    repetition.stage(what, |out| {
        let (sampler, size) = (settings.samples.sampler, *settings.lattice.size);
        out.add_work(grid.len() as u64 * UNITS);
        let purposes: Vec<String> = names.iter().map(|name| format!("samples/{name}")).collect();
        let n = *settings.samples.per_temperature;
        let sets = Sets { out, sampler, size, n, purposes: &purposes }.draw(grid)?;
        for (s, name) in names.iter().enumerate() {
            write(out, name, size, grid, &sets.iter().map(|at| &at[s]).collect::<Vec<_>>())?;
        }
        Ok(())
    })
}

/// Units of progress per temperature, of about one microsecond.
pub const UNITS: u64 = 40_000;

/// Independent sets of configurations, one for each purpose.
struct Sets<'a> {
    out: &'a StageOut<'a>,
    sampler: Sampler,
    /// Extent of the lattice.
    size: usize,
    /// Configurations of each set at each temperature.
    n: usize,
    purposes: &'a [String],
}

impl Sets<'_> {
    /// By temperature and purpose.
    fn draw(&self, grid: &[f64]) -> Result<Vec<Vec<Collection>>, Error> {
        let Self { out, purposes, .. } = *self;
        let square = Square::new(self.size, self.size)?;
        let temperatures: Vec<_> = grid.iter().map(|t| Temperature::new(*t)).collect::<Result<_, _>>()?;
        let together: Vec<Temperature> = match self.sampler {
            Sampler::Metropolis => {
                let fits = |t: &Temperature| metropolis::is_bit_parallel(&Ising::new(&square), *t);
                temperatures.iter().copied().filter(fits).collect()
            }
            _ => Vec::new(),
        };
        let words = Grid { square: &square, temperatures: &together, length: ChainLength::single_spin(&square) };
        let grids = |purpose: &String| {
            let sample = |drive: &Drive| words.draw_by(self.n, out.streams().of(purpose), drive);
            out.drive(&format!("{purpose}/words"), &|_| 0, sample)
        };
        let mut grids: Vec<_> = if together.is_empty() {
            Vec::new()
        } else {
            let one = |purpose| {
                out.tick(0)?;
                grids(purpose).map(Vec::into_iter)
            };
            purposes.iter().map(one).collect::<Result<_, Error>>()?
        };
        let alone = |(k, t): (usize, &Temperature)| {
            if together.contains(t) { out.tick(UNITS).map(|()| Vec::new()) } else { self.at(*t, k as u64) }
        };
        let mut all: Vec<Vec<Collection>> =
            temperatures.par_iter().enumerate().map(alone).collect::<Result<_, Error>>()?;
        for (sets, _) in all.iter_mut().zip(&temperatures).filter(|(_, t)| together.contains(t)) {
            sets.extend(grids.iter_mut().filter_map(Iterator::next));
        }
        Ok(all)
    }

    /// At one temperature, from the stream `index` of each purpose: parts of the stage, of [`UNITS`] in total.
    fn at(&self, temperature: Temperature, index: u64) -> Result<Vec<Collection>, Error> {
        let Self { out, sampler, size, n, purposes } = *self;
        let square = Square::new(size, size)?;
        let (model, share) = (Ising::new(&square), UNITS / purposes.len() as u64);
        // T = 0 has exactly two states: single-spin updates cannot reach the second from the first.
        let is_cold = temperature == Temperature::ZERO;
        let is_exact = sampler == Sampler::Exact || is_cold && sampler == Sampler::Metropolis && size <= 12;
        let exact = LazyCell::new(|| transfer::Sampler::new(size, size, temperature));
        let one = |purpose: &String| {
            let part = format!("{purpose}/{index}");
            let stream = out.streams().of(purpose);
            if is_exact {
                return out.keep(&part, share, || {
                    let exact = exact.as_ref().map_err(Clone::clone)?;
                    out.tick(share)?;
                    Ok(exact.sample(n, &mut stream.generator(index)))
                });
            }
            let (mut rng, mut bulk) = (stream.generator(index), stream.bulk(index));
            let sampling = match sampler {
                Sampler::Metropolis if !is_cold => {
                    metropolis::sampling(&model, temperature, n, &ChainLength::single_spin(&square), &mut bulk)
                }
                _ => wolff::sampling(&model, temperature, n, &ChainLength::CLUSTERS, &mut rng),
            };
            sampled(out, &part, sampling?, share)
        };
        purposes.iter().map(one).collect()
    }
}

/// Collections of `sampling` as the part `part` of a stage, resumed if a run was stopped; worth `units` of the work.
pub fn sampled(out: &StageOut, part: &str, mut sampling: Sampling, units: u64) -> Result<Collection, Error> {
    let steps = sampling.steps().max(1);
    let reported = out.complete(part, &mut sampling, &|step| units * step / steps)?;
    out.tick(units - reported)?;
    Ok(sampling.finish())
}

/// Writes the collections of a set, one per temperature; `size` is the extent of the lattice.
pub fn write(out: &StageOut, name: &str, size: usize, grid: &[f64], parts: &[&Collection]) -> Result<(), Error> {
    let spins: Vec<_> = parts.iter().map(|c| c.spins.view()).collect();
    let spins = concatenate(Axis(0), &spins)?;
    let per = |f: fn(&Collection) -> f64| Array1::from_iter(parts.iter().map(|c| f(c)));
    let mut file = npz::Writer::new();
    file.add("spins", &spins)?;
    file.add("temperatures", &Array1::from(grid.to_vec()))?;
    file.add("lattice", &Array1::from(vec![size as u32, size as u32]))?;
    file.add("n_eff", &per(|c| c.n_eff))?;
    file.add("tau_int_energy", &per(|c| c.tau_int_energy))?;
    file.add("tau_int_abs_m", &per(|c| c.tau_int_abs_m))?;
    file.add("start_difference_z", &per(|c| c.start_difference_z))?;
    out.write(&format!("samples/{name}.npz"), file.finish()?)
}
