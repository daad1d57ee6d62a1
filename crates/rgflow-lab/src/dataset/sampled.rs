//! Samples of the Ising model: drawn at several temperatures, summarised, compared with exact values, and written to
//! files.

mod needs;
pub mod until;

use super::FORMAT;
use super::bonds::{BONDS, COUPLINGS, OwnBonds};
use super::lattice::LATTICE_NAME;
use crate::artifact::progress::{At, Event, Plan};
use crate::artifact::restart::{Restarts, Watch, driven};
use crate::artifact::{Error, Progress, memory, npy, npz};
use ndarray::{Array1, arr0};
pub use needs::lattice;
use rayon::prelude::*;
use rgflow::exact::{chain_in_field, enumeration, square};
use rgflow::lattice::{Geometry, Ising, Lattice, LatticeError, Summary, Temperature};
use rgflow::random::Streams;
use rgflow::restart::{Drive, Resumable};
use rgflow::sampling::{Drawn, Method, Sampler};
use std::io::{Seek, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use until::{Outcome, Target};

/// Sites up to which averages of own bonds are summed over all states: some milliseconds.
const MOST_ENUMERATED: usize = 16;

/// Samples to be drawn.
#[derive(Clone, Debug)]
pub struct Request {
    /// The lattice.
    pub lattice: Geometry,
    /// Field h in units of J.
    pub field: f64,
    /// Temperatures, in the order of the file.
    pub temperatures: Vec<Temperature>,
    /// Configurations at each temperature, at least 1.
    pub n: usize,
    /// The method.
    pub method: Method,
    /// Number of chains, where it is given.
    pub chains: Option<usize>,
    /// Burn-in of each chain in sweeps, where it is given.
    pub burn_in: Option<usize>,
    /// Sweeps between kept configurations, where they are given.
    pub spacing: Option<usize>,
    /// Seed.
    pub seed: u64,
}

/// Progress reports and interruption of the drawing.
struct Watching<'a> {
    progress: &'a dyn Progress,
    interrupt: &'a AtomicBool,
    /// Name of the temperature, as in the plan.
    stage: &'a str,
    seed: u64,
}

impl Watching<'_> {
    fn at(&self) -> At<'_> {
        At { seed: Some(self.seed), stage: self.stage }
    }

    fn check(&self) -> Result<(), Error> {
        if self.interrupt.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}

impl Watch for Watching<'_> {
    fn tick(&self, units: u64) -> Result<(), Error> {
        self.progress.report(Event::Advance(self.at(), units));
        self.check()
    }

    fn restored(&self, units: u64) -> Result<(), Error> {
        self.progress.report(Event::Restored(self.at(), units));
        self.check()
    }

    fn goes_on(&self, what: &str) {
        self.progress.report(Event::Message(&format!("the drawing {what}")));
    }
}

/// Samples of one temperature.
#[derive(Clone, Debug)]
pub struct Sampled {
    /// The temperature.
    pub temperature: Temperature,
    /// The configurations, and how they were drawn.
    pub drawn: Drawn,
    /// Averages with errors.
    pub summary: Summary,
    /// Exact energy per spin and specific heat, where they are known.
    pub exact: Option<(f64, f64)>,
    /// How the draw ended, where it went on until a target.
    pub until: Option<Outcome>,
}

/// The model that is drawn, and what watches and saves the chains.
struct Work<'a> {
    model: &'a Ising<'a, Geometry>,
    watch: &'a Watching<'a>,
    restarts: &'a Restarts,
}

/// Exact energy per spin and specific heat of the Ising model on `lattice` in the `field` h, where they are known:
/// square tori and rings, and the sum over all states of few spins.
pub fn exact(lattice: &Geometry, field: f64, temperature: Temperature) -> Option<(f64, f64)> {
    let of_torus = |bonds| square::of_bonds(bonds, temperature).filter(|_| field == 0.0);
    let exact = match lattice {
        Geometry::Bonds(bonds) if of_torus(bonds).is_some() => of_torus(bonds),
        Geometry::Square(s) if field == 0.0 => square::thermodynamics(s.lx(), s.ly(), temperature).ok(),
        Geometry::Ring(r) => chain_in_field::thermodynamics(r.n_sites(), temperature, field).ok(),
        lattice if lattice.n_sites() <= MOST_ENUMERATED => {
            let model = Ising::in_field(lattice, field).ok()?;
            let exact = enumeration::averages(&model, temperature).ok()?;
            return Some((exact.energy, exact.specific_heat));
        }
        _ => None,
    };
    exact.map(|e| (e.energy, e.specific_heat))
}

impl Request {
    /// Refuses a request that does not fit into memory.
    ///
    /// # Errors
    /// [`Error::User`] that names the cause, the need and the free memory.
    pub fn check(&self) -> Result<(), Error> {
        memory::need(&self.needs())
    }

    /// Everything that the samples depend on, as text.
    pub fn text(&self) -> String {
        let Self { lattice, field, temperatures, n, method, chains, burn_in, spacing, seed } = self;
        let (name, extents, length) = (lattice.name(), lattice.extents(), (chains, burn_in, spacing));
        format!("{name} {extents:?}, {field:?}, {temperatures:?}, {n}, {method:?}, {length:?}, {seed}")
    }

    /// Names of the temperatures in lines of progress: `T = 2.5`, with `again` where one is there twice.
    fn names(&self) -> Vec<String> {
        let before = |k: usize| self.temperatures[..k].iter().filter(|t| **t == self.temperatures[k]).count();
        let name = |k: usize| format!("T = {}{}", self.temperatures[k], " again".repeat(before(k)));
        (0..self.temperatures.len()).map(name).collect()
    }

    /// The temperatures as stages, each expected to take as long as any other.
    pub fn plan(&self) -> Plan {
        let seconds = 0.02 + 2.5e-6 * (self.n * self.lattice.n_sites()) as f64;
        self.names().into_iter().fold(Plan::new(), |plan, name| plan.stage("temperature", name, seconds))
    }

    /// Draws at all temperatures, with the streams of [`Sampler::draw`]: a temperature gives the same
    /// configurations alone and in a list; if it occurs twice in the list, the two sets are independent. Goes on from
    /// `restarts`, where an interrupted draw saves everything done.
    ///
    /// # Errors
    /// [`Error::User`] if the sampler does not apply, [`Error::Interrupted`] once `interrupt` is set.
    pub fn draw(
        &self,
        progress: &dyn Progress,
        interrupt: &AtomicBool,
        restarts: &Restarts,
    ) -> Result<Vec<Sampled>, Error> {
        self.until(&[], progress, interrupt, restarts)
    }

    /// As [`Request::draw`]; with `targets` each temperature goes on until all of them are reached, with at most
    /// [`Request::n`] configurations, as [`until`] says. Temperatures may then have different numbers of
    /// configurations, and [`Sampled::until`] tells of each how it ended.
    ///
    /// # Errors
    /// As [`Request::draw`]; [`Error::User`] if a temperature that goes on until a target occurs twice.
    pub fn until(
        &self,
        targets: &[Target],
        progress: &dyn Progress,
        interrupt: &AtomicBool,
        restarts: &Restarts,
    ) -> Result<Vec<Sampled>, Error> {
        self.check()?;
        let user = |e: LatticeError| Error::user(e.to_string());
        let twice = (1..self.temperatures.len()).find(|k| self.temperatures[..*k].contains(&self.temperatures[*k]));
        if let Some(k) = twice.filter(|_| !targets.is_empty()) {
            let t = self.temperatures[k];
            return Err(Error::user(format!("T = {t} occurs twice; with --until give each temperature once")));
        }
        let model = Ising::in_field(&self.lattice, self.field).map_err(user)?;
        let names = self.names();
        let one = |k: usize| {
            let watch = Watching { progress, interrupt, stage: &names[k], seed: self.seed };
            watch.check()?;
            progress.report(Event::Begins(watch.at()));
            let work = Work { model: &model, watch: &watch, restarts };
            let sampled = match targets {
                [] => self.draw_one(k, self.n, &k.to_string(), &work),
                _ => self.draw_until(k, targets, &work),
            }?;
            progress.report(Event::Ends(watch.at()));
            Ok(sampled)
        };
        let drawn = (0..self.temperatures.len()).into_par_iter().map(one).collect();
        if matches!(drawn, Err(Error::Interrupted)) {
            restarts.flush();
        }
        drawn
    }

    /// The temperature number `k` of [`Request::draw`] by itself, for who keeps what is finished when the others are
    /// stopped; memory is checked by [`Request::check`]. Nothing is saved on the way.
    ///
    /// # Errors
    /// As [`Request::draw`].
    ///
    /// # Panics
    /// If there is no such temperature.
    pub fn draw_alone(&self, k: usize, progress: &dyn Progress, interrupt: &AtomicBool) -> Result<Sampled, Error> {
        let model = Ising::in_field(&self.lattice, self.field).map_err(|e| Error::user(e.to_string()))?;
        let name = &self.names()[k];
        let watch = Watching { progress, interrupt, stage: name, seed: self.seed };
        watch.check()?;
        let work = Work { model: &model, watch: &watch, restarts: &Restarts::none() };
        let sampled = self.draw_one(k, self.n, &k.to_string(), &work)?;
        progress.report(Event::Ends(watch.at()));
        Ok(sampled)
    }

    /// Draws `n` configurations of the temperature number `k` as the part `part` of the restarts.
    fn draw_one(
        &self,
        k: usize,
        n: usize,
        part: &str,
        &Work { model, watch, restarts }: &Work<'_>,
    ) -> Result<Sampled, Error> {
        let user = |e: LatticeError| Error::user(e.to_string());
        let temperature = self.temperatures[k];
        let before = self.temperatures[..k].iter().filter(|t| **t == temperature).count() as u64;
        let sampler = Sampler::new(self.method, model, temperature).index(before);
        let sampler = sampler.chains(self.chains).burn_in(self.burn_in).spacing(self.spacing);
        let stream = Streams::new(self.seed).of("sample");
        let drawn = restarts.keep(part, 0, watch, || {
            let complete = |number: usize, work: &mut dyn Resumable| {
                restarts.complete(&format!("{part}/{number}"), work, &|_| 0, watch).map(|_| ())
            };
            let sample = |drive: &Drive| sampler.draw_by(n, stream, drive).map_err(|e| Error::user(e.to_string()));
            driven(complete, sample)
        })?;
        let summary = Summary::measure(model, temperature, &drawn.collection).map_err(user)?;
        Ok(Sampled { temperature, drawn, summary, exact: exact(&self.lattice, self.field, temperature), until: None })
    }

    /// The samples as an `.npz` file: `spins` int8 (temperatures x n, sites), one temperature after the other, and for
    /// each temperature (for each row, where temperatures have different numbers of them) its value, n_eff, tau_int,
    /// the number of chains and the difference of starts; `lattice`, `coordination`, `field`, `format`, `lattice_name`.
    /// A lattice with bonds of its own has `bonds` and `couplings` in place of `coordination`.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn npz(&self, sampled: &[Sampled], to: impl Write + Seek) -> Result<(), Error> {
        let extents: Vec<u32> = self.lattice.extents().iter().map(|e| *e as u32).collect();
        let rows = |s: &Sampled| s.drawn.collection.spins.nrows();
        // Readers know equal blocks of rows, or a value for each row.
        let times = |s: &Sampled| if sampled.iter().all(|other| rows(other) == rows(s)) { 1 } else { rows(s) };
        let per = |of: &dyn Fn(&Sampled) -> f64| -> Array1<f64> {
            sampled.iter().flat_map(|s| std::iter::repeat_n(of(s), times(s))).collect()
        };
        let spins: Vec<_> = sampled.iter().map(|s| s.drawn.collection.spins.view()).collect();
        let mut file = npz::Writer::to(to);
        file.add_rows("spins", &spins)?;
        file.add("temperatures", &per(&|s| s.temperature.value()))?;
        file.add("lattice", &Array1::from(extents))?;
        match OwnBonds::of(&self.lattice) {
            Some((ends, couplings)) => {
                file.add(BONDS, &ends)?;
                file.add(COUPLINGS, &couplings)?;
            }
            None => file.add("coordination", &arr0(self.lattice.neighbours(0).len() as u32))?,
        }
        file.add("field", &arr0(self.field))?;
        file.add("n_eff", &per(&|s| s.drawn.collection.n_eff))?;
        file.add("tau_int_energy", &per(&|s| s.drawn.collection.tau_int_energy))?;
        file.add("tau_int_abs_m", &per(&|s| s.drawn.collection.tau_int_abs_m))?;
        file.add("n_chains", &per(&|s| s.drawn.collection.n_chains as f64).mapv(|n| n as u32))?;
        file.add("start_difference_z", &per(&|s| s.drawn.collection.start_difference_z))?;
        file.add("format", &arr0(FORMAT))?;
        file.add_word(LATTICE_NAME, self.lattice.name())?;
        file.close()?.flush().map_err(|e| Error::failure(format!("npz: {e}")))
    }

    /// The spins of one temperature as an `.npy` file.
    ///
    /// # Errors
    /// [`Error::User`] for several temperatures, which the format cannot distinguish.
    pub fn npy(&self, sampled: &[Sampled], mut to: impl Write) -> Result<(), Error> {
        if sampled.len() != 1 {
            return Err(Error::user(format!(
                "an .npy file holds no temperatures, and there are {}; write .npz or .csv",
                sampled.len()
            )));
        }
        npy::write(&mut to, &sampled[0].drawn.collection.spins).map_err(|e| Error::failure(format!("npy: {e}")))
    }

    /// The samples as a table of text with the columns `T`, `s0`, `s1` ..., below a remark that names the lattice.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn csv(&self, sampled: &[Sampled], to: impl Write) -> Result<(), Error> {
        self.table(sampled, std::io::BufWriter::new(to)).map_err(|e| Error::failure(format!("csv: {e}")))
    }

    fn table(&self, sampled: &[Sampled], mut to: impl Write) -> std::io::Result<()> {
        writeln!(to, "# lattice: {}", self.lattice)?;
        to.write_all(b"T")?;
        (0..self.lattice.n_sites()).try_for_each(|i| write!(to, ",s{i}"))?;
        to.write_all(b"\n")?;
        for s in sampled {
            for row in s.drawn.collection.spins.rows() {
                write!(to, "{}", s.temperature)?;
                row.iter().try_for_each(|spin| write!(to, ",{spin}"))?;
                to.write_all(b"\n")?;
            }
        }
        to.flush()
    }
}
