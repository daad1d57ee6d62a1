//! Samples of which some values are unknown, completed by the machine.

use super::{BURN_IN_TIMES, How, Machine, Table, Watch};
use crate::artifact::Error;
use crate::artifact::memory::{self, Need};
use crate::dataset::{Dataset, Options, Unknown, read_marks};
use ndarray::{Array2, ArrayView2};
use rgflow::random::Streams;
use rgflow::rbm::{ClampedSteps, Fill, Incomplete, RbmError, Units};
use std::path::{Path, PathBuf};

/// Multiplications up to which laws of unknown units are enumerated: some seconds.
const MOST_COST: f64 = 1e10;
/// R-hat, the largest of many samples, of chains that agree.
const MOST_R_HAT: f64 = 1.2;

/// Which values are unknown.
pub enum Gaps {
    /// Those that the file of marks says, 1 for unknown.
    Mask(PathBuf),
    /// Those of this value, which may be NaN.
    Value(f64),
}

/// A completion to be made.
#[derive(Clone, Copy, Debug)]
pub struct Complete {
    /// Draws or expectations.
    pub fill: Fill,
    /// The way.
    pub solve: How,
    /// Steps of chains.
    pub lengths: ClampedSteps,
    /// Seed.
    pub seed: u64,
}

/// Completed samples.
pub struct Completed {
    /// Array `spins` of states of {-1, +1} units, else `samples`.
    pub table: Table,
    /// Numbers of unknown values, and of all.
    pub unknown: [usize; 2],
    /// Samples with unknown values.
    pub rows: usize,
    /// Whether unknown units were found by enumeration.
    pub exact: bool,
    /// Why not.
    pub reason: Option<String>,
    /// Largest tau_int of clamped chains in steps; `None` without chains or where they are too short to tell.
    pub tau: Option<f64>,
    /// Largest split R-hat of two chains of a sample from different starts; `None` where it is not known.
    pub r_hat: Option<f64>,
    /// Notes, one sentence each.
    pub notes: Vec<String>,
    /// Warnings with the remedy.
    pub warnings: Vec<String>,
}

impl Machine {
    /// The samples in the files `paths` with marks of their unknown values, shape (samples, n_visible); unknown ones
    /// hold any value of the units.
    ///
    /// # Errors
    /// As [`Machine::samples`], and where marks do not fit.
    pub fn incomplete(
        &self,
        paths: &[PathBuf],
        options: &Options,
        gaps: &Gaps,
    ) -> Result<(Dataset, Array2<bool>), Error> {
        let low = self.rbm.visible_units().range().map_or(0.0, |(low, _)| low);
        let unknown = match gaps {
            Gaps::Value(value) => Unknown::Value { value: *value, low },
            Gaps::Mask(path) => Unknown::Marked { marks: read_marks(path)?, of: path.display().to_string(), low },
        };
        let mut data = self.samples(paths, &Options { unknown: Some(unknown), ..options.clone() })?;
        let marks = data.unknown.take().unwrap_or_else(|| Array2::default(data.values.dim()));
        Ok((data, marks))
    }
}

impl Complete {
    /// Seconds on one core that the chains are expected to take, where there are any.
    pub fn seconds(&self, machine: &Machine, data: &Dataset) -> f64 {
        let steps = data.n_samples() * (self.lengths.burn_in + self.lengths.steps);
        steps as f64 * (1e-7 + 5e-11 * machine.rbm.weights.len() as f64)
    }

    /// Completes `data`, whose unknown values `unknown` marks; the same for any number of threads.
    ///
    /// # Errors
    /// [`Error::User`] if it does not fit into memory, or enumeration was asked for and cannot be;
    /// [`Error::Interrupted`].
    pub fn of(
        &self,
        machine: &Machine,
        data: &Dataset,
        unknown: ArrayView2<bool>,
        watch: &Watch,
    ) -> Result<Completed, Error> {
        let (n, units) = data.values.dim();
        let what = format!("{n} samples of {units} units");
        memory::need(&[Need::new(&[13, n, units], what, "give fewer samples at a time")])?;
        let user = |e: RbmError| Error::user(format!("{}: {e}", data.title()));
        let values = data.values.rows(&(0..n).collect::<Vec<_>>());
        let rows = Incomplete::new(&machine.rbm, values.view(), unknown).map_err(user)?;
        let cost = rows.cost();
        let stream = Streams::new(self.seed);
        let mut notes = Vec::new();
        let mut warnings = Vec::new();
        let (mut reason, mut tau, mut r_hat) = (None, None, None);
        let exactly = match self.solve {
            How::Gibbs => None,
            How::Auto if cost > MOST_COST => {
                reason = Some(match cost.is_finite() {
                    true => format!("enumeration takes {cost:.0e} multiplications (--solve exact does them)"),
                    false => "more states than can be enumerated in both the unknown and the hidden units".into(),
                });
                None
            }
            _ => Some(rows.exactly(self.fill, stream.of("machine/complete"))),
        };
        let (completed, exact) = match exactly {
            Some(Ok(completed)) => (completed, true),
            Some(Err(e)) if self.solve == How::Exact => {
                return Err(Error::user(format!("{}: {e}; take --solve gibbs", data.title())));
            }
            other => {
                if let Some(Err(e)) = other {
                    reason = Some(e.to_string());
                }
                let stream = stream.of("machine/complete-chains");
                let made = watch.work(rows.work(self.fill, self.lengths), |tick| {
                    rows.by_chains_watched(self.fill, self.lengths, stream, tick)
                })?;
                tau = Some(made.tau).filter(|tau| tau.is_finite());
                r_hat = made.r_hat;
                warnings.extend(self.warning(made.tau));
                warnings.extend(made.r_hat.filter(|r_hat| *r_hat > MOST_R_HAT).map(|r_hat| {
                    format!(
                        "two chains of a sample from different starts disagree (R-hat {r_hat:.3}, 1 where they \
                         agree): out of equilibrium; take a longer --burn-in, or --solve exact where it can be"
                    )
                }));
                (made.values, false)
            }
        };
        let marked = unknown.iter().filter(|u| **u).count();
        let partly = unknown.rows().into_iter().filter(|row| row.iter().any(|u| *u)).count();
        if marked == 0 {
            notes.push("no value is unknown: the samples are written as they are".into());
        } else if marked == n * units {
            notes.push("every value is unknown: these are draws or expectations of the machine alone".into());
        }
        Ok(Completed {
            table: self.table(machine, data, completed, &mut notes),
            unknown: [marked, n * units],
            rows: partly,
            exact,
            reason,
            tau,
            r_hat,
            notes,
            warnings,
        })
    }

    /// Of chains whose largest tau_int is `tau`.
    fn warning(&self, tau: f64) -> Option<String> {
        let ClampedSteps { burn_in, .. } = self.lengths;
        let said = if tau.is_finite() { format!("{tau:.3} steps") } else { "more than these chains can show".into() };
        let steps = if tau.is_finite() { (BURN_IN_TIMES * tau).ceil() as usize } else { 10 * burn_in.max(1) };
        (BURN_IN_TIMES * tau > burn_in as f64).then(|| {
            format!(
                "--burn-in {burn_in} is below 20 tau_int of the free energy with known units held (tau_int = {said}): \
                 out of equilibrium; take --burn-in {steps}"
            )
        })
    }

    /// The values as they were given: states of sites that were whole numbers are such again.
    fn table(&self, machine: &Machine, data: &Dataset, values: Array2<f32>, notes: &mut Vec<String>) -> Table {
        let spins = *machine.rbm.visible_units() == Units::SPIN && self.fill == Fill::Draw;
        let name = if spins { "spins" } else { "samples" };
        let states = data.states.as_ref().zip(machine.rbm.visible_units().sites());
        let table = match states {
            Some((states, sites)) if self.fill == Fill::Draw => {
                let width = sites.width();
                let state = |(row, site): (usize, usize)| {
                    let row = values.row(row);
                    let one = row.iter().skip(site * width).take(width).position(|v| *v == 1.0);
                    states[one.unwrap_or(0)] as f32
                };
                Table::new().states(name, "s", Array2::from_shape_fn((values.nrows(), values.ncols() / width), state))
            }
            Some(_) => {
                notes.push("expectations of states are one-hot: the probability of each state of each site".into());
                Table::new().real(name, "s", values)
            }
            None => Table::new().states(name, "s", values),
        };
        match &data.lattice {
            Some(sites) if spins => table.on_lattice(sites),
            _ => table,
        }
    }
}

/// Which values are unknown, from the options of a command: a file of marks, or a value.
///
/// # Errors
/// [`Error::User`] for a text that is no number.
pub fn gaps(mask: Option<&Path>, unknown: Option<&str>) -> Result<Gaps, Error> {
    match (mask, unknown) {
        (Some(path), _) => Ok(Gaps::Mask(path.into())),
        (None, Some(text)) => text
            .trim()
            .parse()
            .map(Gaps::Value)
            .map_err(|_| Error::user(format!("--unknown {text}: must be a number, or nan"))),
        (None, None) => Err(Error::user("which values are unknown is not said; give --mask FILE or --unknown VALUE")),
    }
}
