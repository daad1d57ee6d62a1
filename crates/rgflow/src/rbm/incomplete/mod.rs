//! Visible states of which some units are unknown, completed by the machine: by enumeration or by clamped Gibbs chains.

#[cfg(test)]
mod tests;

use super::clamped::Walk;
use super::{ExactDraws, Kernel, Rbm, RbmError};
use crate::learning::demand;
use crate::random::{Bulk, Stream};
use crate::restart::{Stopped, Tick, Ticks, unwatched};
use crate::statistics::{convergence, tau_int};
use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;
use std::collections::HashMap;

/// Rows that run side by side. Fixed, so that results do not depend on the threads.
const GROUP: usize = 64;
/// Rows of a group that are followed, each by a second chain from another start too.
const FOLLOWED: usize = 4;
/// Fewest steps of which R-hat tells something.
const LEAST: usize = 100;
/// Streams of second chains are those of the groups plus this.
const SECOND: u64 = 1 << 32;

/// Values given to unknown units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// A draw from their law given the known units.
    Draw,
    /// Their expectation given the known units.
    Mean,
}

/// Lengths of clamped chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClampedSteps {
    /// Steps v -> h -> v before a draw, or before the first that an average takes.
    pub burn_in: usize,
    /// Steps that are averaged, at least 1; draws need none.
    pub steps: usize,
}

impl ClampedSteps {
    /// Those that are made: none are averaged for a draw, which takes at least one step.
    fn of(self, fill: Fill) -> Self {
        match fill {
            Fill::Draw => Self { burn_in: self.burn_in.max(1), steps: 0 },
            Fill::Mean => self,
        }
    }
}

/// Visible units at the end, and of the rows followed the series of the free energy and of the sum of the units.
type Followed = (Array2<f32>, [Vec<Vec<f64>>; 2]);

/// States completed by clamped chains.
#[derive(Clone, Debug)]
pub struct CompletedByChains {
    /// The states, shape (n, n_visible): known units as they were.
    pub values: Array2<f32>,
    /// Largest integrated autocorrelation time of the free energy of the rows followed, over the second half of the
    /// steps; infinite where it exceeds what so many steps show.
    pub tau: f64,
    /// Largest split R-hat of the mean of the units of the rows followed, over the second half of the steps, of two
    /// chains from different starts: 1 where they agree. `None` for fewer than 200 steps, and where nothing varies.
    pub r_hat: Option<f64>,
}

/// Visible states of which some units are unknown.
///
/// ```
/// use ndarray::array;
/// use rgflow::{random::Streams, rbm::{Fill, Incomplete, Rbm}};
/// let streams = Streams::new(1);
/// let rbm = Rbm::random(4, 3, 0.5, &mut streams.generator("example/init", 0));
/// let v = array![[1.0, -1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]];
/// let unknown = array![[false, false, true, true], [false; 4]];
/// let rows = Incomplete::new(&rbm, v.view(), unknown.view())?;
/// let mean = rows.exactly(Fill::Mean, streams.of("example"))?;
/// assert_eq!(mean.row(1), v.row(1));
/// assert!(mean[[0, 0]] == 1.0 && mean[[0, 2]].abs() < 1.0);
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
pub struct Incomplete<'a> {
    rbm: &'a Rbm,
    values: ArrayView2<'a, f32>,
    unknown: ArrayView2<'a, bool>,
}

impl<'a> Incomplete<'a> {
    /// The rows of `values`, shape (n, n_visible), where `unknown`, of the same shape, marks the units to complete;
    /// their values are not read. Known values between those of two-valued units act on the hidden units as means do.
    ///
    /// # Errors
    /// [`RbmError::Shape`] for other shapes, [`RbmError::PartlyKnown`] where a site of several units is known in
    /// part, [`RbmError::Data`] or [`RbmError::Site`] for known values that the units cannot have.
    pub fn new(rbm: &'a Rbm, values: ArrayView2<'a, f32>, unknown: ArrayView2<'a, bool>) -> Result<Self, RbmError> {
        let fits = |what, expected, found| {
            if expected == found { Ok(()) } else { Err(RbmError::Shape { what, expected, found }) }
        };
        fits("columns of the data", rbm.n_visible(), values.ncols())?;
        fits("columns of the marks of unknown units", rbm.n_visible(), unknown.ncols())?;
        fits("rows of the marks of unknown units", values.nrows(), unknown.nrows())?;
        let first = rbm.visible_units().sites().map_or(vec![0.0; rbm.n_visible()], |s| s.layer(0, rbm.n_visible()));
        for (sample, (row, unknown)) in values.rows().into_iter().zip(unknown.rows()).enumerate() {
            rbm.check_sites(sample, &unknown.to_vec())?;
            let known = row.iter().zip(unknown).zip(&first).map(|((v, u), first)| if *u { *first } else { *v });
            rbm.visible_units().check(sample, known.collect::<ndarray::Array1<f32>>().view())?;
        }
        Ok(Self { rbm, values, unknown })
    }

    /// The rows, grouped where marks and known values are the same.
    fn groups(&self) -> Vec<Vec<usize>> {
        let mut places: HashMap<Vec<Option<u32>>, usize> = HashMap::new();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (row, (v, unknown)) in self.values.rows().into_iter().zip(self.unknown.rows()).enumerate() {
            let key = v.iter().zip(unknown).map(|(v, u)| (!u).then_some((v + 0.0).to_bits())).collect();
            let place = *places.entry(key).or_insert(groups.len());
            if place == groups.len() {
                groups.push(Vec::new());
            }
            groups[place].push(row);
        }
        groups
    }

    /// Multiplications that [`Incomplete::exactly`] takes, about: states of the smaller layer, of unknown and hidden
    /// units, times the size of the other, for each different row. Infinite where a row has no exact solution.
    pub fn cost(&self) -> f64 {
        let hidden = self.rbm.hidden_units().sites().map(|sites| sites.ln_count(self.rbm.n_hidden()));
        let visible = self.rbm.visible_units().sites();
        let two_valued = self.rbm.visible_units().levels().is_some() && self.rbm.hidden_units().levels().is_some();
        // Tables of halves reach further than lists.
        let most = if two_valued { 25.0 } else { 20.0 } * std::f64::consts::LN_2 + 1e-9;
        let one = |row: &Vec<usize>| {
            let n = self.unknown.row(row[0]).iter().filter(|u| **u).count();
            let states =
                [visible.as_ref().map(|sites| (sites.ln_count(n), self.rbm.n_hidden())), hidden.map(|h| (h, n))];
            let least = states.into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0));
            match least {
                _ if n == 0 => 0.0,
                Some((ln, other)) if ln <= most => libm::exp(ln) * other as f64,
                _ => f64::INFINITY,
            }
        };
        self.groups().iter().map(one).sum()
    }

    /// The rows completed exactly: for each different one the law of its unknown units ([`Rbm::clamped`]) is
    /// enumerated. Rows that begin a group of equal ones draw by the stream of `stream` of their number.
    ///
    /// # Errors
    /// As [`ExactDraws::new`] for draws, as [`Rbm::moments`] for means.
    pub fn exactly(&self, fill: Fill, stream: Stream) -> Result<Array2<f32>, RbmError> {
        let groups = self.groups();
        let one = |rows: &Vec<usize>| -> Result<Array2<f32>, RbmError> {
            let unknown = self.unknown.row(rows[0]).to_vec();
            if !unknown.contains(&true) {
                return Ok(Array2::zeros((rows.len(), 0)));
            }
            let left = self.rbm.clamped(self.values.row(rows[0]), &unknown)?;
            Ok(match fill {
                Fill::Draw => ExactDraws::new(&left)?.draw(rows.len(), &mut stream.bulk(rows[0] as u64)),
                Fill::Mean => {
                    let means = left.moments()?.visible;
                    Array2::from_shape_fn((rows.len(), left.n_visible()), |(_, i)| means[i] as f32)
                }
            })
        };
        let found = groups.par_iter().map(one).collect::<Result<Vec<_>, _>>()?;
        let mut all = self.values.to_owned();
        for (rows, found) in groups.iter().zip(found) {
            for (row, values) in rows.iter().zip(found.rows()) {
                let units = all.row_mut(*row).into_iter().zip(self.unknown.row(*row)).filter(|(_, u)| **u);
                units.zip(values).for_each(|((to, _), v)| *to = *v);
            }
        }
        Ok(all)
    }

    /// The rows completed by a Gibbs chain each, in which known units are set back after every step; it starts from
    /// unknown units at the means of their biases alone. Group k of 64 rows uses the stream k of `stream`; the same
    /// for any number of threads. Four rows of a group are followed, by a second chain from the first state of all
    /// units too. A draw takes at least one step.
    ///
    /// # Errors
    /// [`RbmError::Learning`] for a mean over no steps.
    pub fn by_chains(&self, fill: Fill, lengths: ClampedSteps, stream: Stream) -> Result<CompletedByChains, RbmError> {
        self.by_chains_watched(fill, lengths, stream, &unwatched)
    }

    /// Steps of all chains together, second ones included.
    pub fn work(&self, fill: Fill, lengths: ClampedSteps) -> u64 {
        let ClampedSteps { burn_in, steps } = lengths.of(fill);
        let (rows, whole) = (self.values.nrows(), self.values.nrows() / GROUP);
        let seconds = whole * FOLLOWED + (rows % GROUP).min(FOLLOWED);
        ((rows + seconds) * (burn_in + steps)) as u64
    }

    /// As [`Incomplete::by_chains`]; `tick` is told of the steps of all chains together, [`Incomplete::work`] in the
    /// end.
    ///
    /// # Errors
    /// As [`Incomplete::by_chains`]; [`RbmError::Stopped`] where `tick` breaks.
    pub fn by_chains_watched(
        &self,
        fill: Fill,
        lengths: ClampedSteps,
        stream: Stream,
        tick: &Tick,
    ) -> Result<CompletedByChains, RbmError> {
        let enough = fill == Fill::Draw || lengths.steps > 0;
        demand(enough, "steps that are averaged", lengths.steps as f64, "at least 1")?;
        let lengths = lengths.of(fill);
        let kernel = Kernel::new(self.rbm);
        let mut all = self.values.to_owned();
        let groups: Vec<_> = all.axis_chunks_iter_mut(Axis(0), GROUP).enumerate().collect();
        let seen: Vec<[f64; 2]> = groups
            .into_par_iter()
            .map(|(group, mut to)| {
                let rows = group * GROUP..group * GROUP + to.nrows();
                let (known, unknown) = (self.values.slice(s![rows.clone(), ..]), self.unknown.slice(s![rows, ..]));
                let mut walk = Walk::new(&kernel, known, unknown);
                let random = &mut stream.bulk(group as u64);
                let (values, [energies, means]) = self.follow(&mut walk, lengths, random, tick)?;
                ndarray::Zip::from(&mut to)
                    .and(&values)
                    .and(unknown)
                    .for_each(|to, v, u| *to = if *u { *v } else { *to });
                let some = ..to.nrows().min(FOLLOWED);
                let mut second = Walk::new(&kernel, known.slice(s![some, ..]), unknown.slice(s![some, ..]));
                second.start_low(self.rbm);
                let random = &mut stream.bulk(SECOND + group as u64);
                let (_, [_, others]) = self.follow(&mut second, lengths, random, tick)?;
                let tau = energies.iter().map(|series| tau_int(series));
                let tau = tau.map(|tau| if tau.error.is_finite() { tau.tau } else { f64::INFINITY });
                let pairs = means.into_iter().zip(others).filter(|(series, _)| series.len() >= LEAST);
                let r_hat = pairs.filter_map(|(a, b)| convergence(&[a, b])).map(|seen| seen.r_hat);
                Ok([tau.fold(0.0, f64::max), r_hat.fold(0.0, f64::max)])
            })
            .collect::<Result<_, Stopped>>()?;
        let [tau, r_hat] = seen.into_iter().fold([0.0f64; 2], |[t, r], [tau, r_hat]| [t.max(tau), r.max(r_hat)]);
        Ok(CompletedByChains { values: all, tau, r_hat: (r_hat > 0.0).then_some(r_hat) })
    }

    /// The visible units after the steps of `lengths`, or their mean over those that are averaged; and of the rows
    /// followed the free energy and the sum of the units, over the second half of the steps.
    fn follow(
        &self,
        walk: &mut Walk,
        lengths: ClampedSteps,
        random: &mut Bulk,
        tick: &Tick,
    ) -> Result<Followed, Stopped> {
        let mut ticks = Ticks::new(tick, walk.v.nrows(), walk.v.nrows() * self.rbm.weights.len());
        let ClampedSteps { burn_in, steps } = lengths;
        let mut sum = Array2::<f64>::zeros(if steps > 0 { walk.v.dim() } else { (0, 0) });
        let count = walk.v.nrows().min(FOLLOWED);
        let mut series = [vec![Vec::new(); count], vec![Vec::new(); count]];
        for step in 0..burn_in + steps {
            walk.step(random);
            ticks.step()?;
            if step >= burn_in {
                walk.add_means(&mut sum);
            }
            if 2 * step >= burn_in + steps {
                let v = walk.v.slice(s![..count, ..]);
                let sums = v.rows().into_iter().map(|row| row.iter().map(|v| f64::from(*v)).sum::<f64>());
                series[1].iter_mut().zip(sums).for_each(|(series, m)| series.push(m));
                series[0].iter_mut().zip(self.rbm.free_energy(v)).for_each(|(series, f)| series.push(f));
            }
        }
        ticks.tell()?;
        let values = if steps > 0 { sum.mapv(|x| (x / steps as f64) as f32) } else { walk.v.clone() };
        Ok((values, series))
    }
}
