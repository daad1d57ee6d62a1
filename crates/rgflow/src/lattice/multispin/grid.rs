//! Configurations at several temperatures from groups of 512 replicas.

use ndarray::{Array2, ArrayViewMut1, Axis};
use rayon::prelude::*;

use super::{Group, REPLICAS, STOCK, Site};
use crate::lattice::chain_length::WholeSweeps;
use crate::lattice::{ChainLength, Chains, Collection, Ising, LatticeError, Square, Temperature};
use crate::random::{Bulk, Stream};
use crate::restart::{Drive, Resumable, Unfit, decode, demand, encode, put, steps_per_advance, through};

/// Chains at several temperatures, side by side in groups of 512: where temperatures x chains is a multiple of 512 or
/// far above, five times as fast as [`metropolis::sample`](crate::lattice::metropolis::sample).
///
/// ```
/// use rgflow::{lattice::{ChainLength, Square, Temperature, multispin::Grid}, random::Streams};
/// let square = Square::new(10, 10)?;
/// let temperatures = [Temperature::new(1.5)?, Temperature::CRITICAL];
/// let length = ChainLength { chains: 100, burn_in: 1000.0, spacing: 50.0 };
/// let grid = Grid { square: &square, temperatures: &temperatures, length };
/// let drawn = grid.draw(250, Streams::new(1).of("example"))?;
/// assert_eq!((drawn.len(), drawn[1].spins.dim()), (2, (250, 100)));
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Grid<'a> {
    /// The lattice, of even extents.
    pub square: &'a Square,
    /// Temperatures in (0, 10].
    pub temperatures: &'a [Temperature],
    /// Chains of each temperature and their length in whole sweeps. The first configuration of a chain is kept right
    /// after its burn-in.
    pub length: ChainLength,
}

impl Grid<'_> {
    /// `n` configurations at each temperature, with their diagnosis.
    ///
    /// Row i is from chain i mod `chains`. Groups run on all threads; the result does not depend on their number. The
    /// random streams are PURPOSE with the number of the group.
    ///
    /// # Errors
    /// As [`Group::new`], and those of [`ChainLength::check`].
    pub fn draw(&self, n: usize, stream: Stream) -> Result<Vec<Collection>, LatticeError> {
        self.draw_by(n, stream, &through)
    }

    /// As [`Grid::draw`], group by group: `drive` is given the number of each, from several threads, and brings it to
    /// its end. Its work is counted in sweeps.
    ///
    /// # Errors
    /// As [`Grid::draw`], and those of `drive`.
    pub fn draw_by(&self, n: usize, stream: Stream, drive: &Drive) -> Result<Vec<Collection>, LatticeError> {
        let WholeSweeps { chains, burn_in, spacing } = self.length.whole()?;
        let spins = self.spins_by(n, stream, drive)?;
        let model = Ising::new(self.square);
        let diagnose = |spins| {
            let burn_in = burn_in as f64 / spacing as f64;
            let mut seen = Chains { spins, n_chains: chains.min(n.max(1)), burn_in }.diagnose(&model);
            seen.sampler = "metropolis, bit-parallel".to_owned();
            seen
        };
        Ok(spins.into_par_iter().map(diagnose).collect())
    }

    /// The spins of [`Grid::draw`] alone: for each temperature an array of shape (n, sites), values -1 and +1.
    ///
    /// # Errors
    /// As [`Grid::draw`].
    ///
    /// ```
    /// use rgflow::{lattice::{ChainLength, Square, Temperature, multispin::Grid}, random::Streams};
    /// let (square, temperatures) = (Square::new(4, 6)?, [Temperature::new(2.0)?]);
    /// let length = ChainLength { chains: 512, burn_in: 100.0, spacing: 1.0 };
    /// let grid = Grid { square: &square, temperatures: &temperatures, length };
    /// let spins = grid.spins(512, Streams::new(1).of("example"))?;
    /// assert_eq!(spins[0].dim(), (512, 24));
    /// # Ok::<(), rgflow::lattice::LatticeError>(())
    /// ```
    pub fn spins(&self, n: usize, stream: Stream) -> Result<Vec<Array2<i8>>, LatticeError> {
        self.spins_by(n, stream, &through)
    }

    /// [`Grid::spins`] with the `drive` of [`Grid::draw_by`].
    ///
    /// # Errors
    /// As [`Grid::draw_by`].
    pub fn spins_by(&self, n: usize, stream: Stream, drive: &Drive) -> Result<Vec<Array2<i8>>, LatticeError> {
        let WholeSweeps { chains, burn_in, spacing } = self.length.whole()?;
        let (lx, ly, temperatures) = (self.square.lx(), self.square.ly(), self.temperatures);
        let (lanes, kept) = (chains * temperatures.len(), n.div_ceil(chains));
        let mut spins: Vec<Array2<i8>> = temperatures.iter().map(|_| Array2::ones((n, lx * ly))).collect();
        // The rows that each lane fills, one after the other.
        let mut rows: Vec<Vec<ArrayViewMut1<i8>>> = (0..lanes).map(|_| Vec::with_capacity(kept)).collect();
        for (t, spins) in spins.iter_mut().enumerate() {
            for (i, row) in spins.axis_iter_mut(Axis(0)).enumerate() {
                rows[t * chains + i % chains].push(row);
            }
        }
        let groups: Vec<_> = rows.chunks_mut(REPLICAS).enumerate().collect();
        groups.into_par_iter().try_for_each(|(g, rows)| {
            // Lanes that nobody asked for repeat the last temperature.
            let at = |r: usize| temperatures[((g * REPLICAS + r) / chains).min(temperatures.len() - 1)];
            let group = Group::new(lx, ly, &std::array::from_fn(at), stream.bulk(g as u64))?;
            let mut work = Sweeps { group, rows, burn_in, spacing, kept, done: 0, written: 0 };
            drive(g, &mut work).map_err(LatticeError::from)
        })?;
        Ok(spins)
    }
}

/// A group at work: its configurations come after the burn-in and then a spacing apart.
struct Sweeps<'r, 'a> {
    group: Group,
    /// By lane, the rows that it fills.
    rows: &'r mut [Vec<ArrayViewMut1<'a, i8>>],
    burn_in: usize,
    spacing: usize,
    /// Configurations of each lane.
    kept: usize,
    /// Sweeps and configurations so far.
    done: usize,
    written: usize,
}

impl Resumable for Sweeps<'_, '_> {
    fn advance(&mut self) -> bool {
        // A visit of 512 spins takes about as long as 300 operations.
        let mut left = steps_per_advance(300 * self.group.spins.len());
        while self.written < self.kept {
            let next = self.burn_in + self.written * self.spacing;
            let sweeps = left.min(next - self.done);
            self.group.sweeps(sweeps);
            (left, self.done) = (left - sweeps, self.done + sweeps);
            if self.done < next {
                return true;
            }
            for (r, rows) in self.rows.iter_mut().enumerate() {
                if let Some(out) = rows.get_mut(self.written).and_then(ArrayViewMut1::as_slice_mut) {
                    self.group.write(r, out);
                }
            }
            self.written += 1;
        }
        false
    }

    fn done(&self) -> u64 {
        self.done as u64
    }

    fn save(&self) -> Vec<u8> {
        let Group { spins, stock, .. } = &self.group;
        let rows: Vec<i8> =
            self.rows.iter().flat_map(|rows| rows.iter().take(self.written).flatten()).copied().collect();
        encode(&((self.done, self.written), spins, &stock.random, &stock.words[stock.used..], rows))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type Saved = ((usize, usize), Vec<Site>, Bulk, Vec<Site>, Vec<i8>);
        let ((done, written), spins, random, words, rows): Saved = decode(state)?;
        demand(written <= self.kept && done <= self.burn_in + written * self.spacing)?;
        put(&mut self.group.spins, &spins)?;
        let stock = &mut self.group.stock;
        stock.used = STOCK.checked_sub(words.len()).ok_or(Unfit)?;
        stock.words[stock.used..].copy_from_slice(&words);
        (stock.random, self.done, self.written) = (random, done, written);
        let to: Vec<&mut i8> = self.rows.iter_mut().flat_map(|rows| rows.iter_mut().take(written).flatten()).collect();
        demand(to.len() == rows.len())?;
        to.into_iter().zip(rows).for_each(|(to, s)| *to = s);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    /// Left after any advance and taken up by other groups, a grid ends with the same spins: in the burn-in, without
    /// one, between configurations and at the end. Two groups, the last one not full.
    #[test]
    fn a_grid_left_anywhere_ends_with_the_same_spins() {
        let square = Square::new(64, 64).expect("extents of at least 2");
        let temperatures = [1.5, 2.3, 4.0].map(|t| Temperature::new(t).expect("positive"));
        for (burn_in, n) in [(50, 700), (0, 201), (3, 1), (7, 0)] {
            let length = ChainLength { chains: 200, burn_in: f64::from(burn_in), spacing: 9.0 };
            let grid = Grid { square: &square, temperatures: &temperatures, length };
            let stream = Streams::new(1).of("test/left");
            let by = |drive: &Drive| grid.spins_by(n, stream, drive).expect("even extents");
            let whole = grid.spins(n, stream).expect("even extents");
            for leave in [0, 1, 2, 5, 9] {
                let states = std::sync::Mutex::new(std::collections::BTreeMap::new());
                by(&|g, work| {
                    (0..leave).for_each(|_| {
                        work.advance();
                    });
                    states.lock().expect("no panic").insert(g, (work.done(), work.save()));
                    Ok(())
                });
                let again = by(&|g, work| {
                    let states = states.lock().expect("no panic");
                    work.restore(&states[&g].1).expect("of the same description");
                    assert_eq!(work.done(), states[&g].0);
                    drop(states);
                    through(g, work)
                });
                assert_eq!(again, whole, "burn-in {burn_in}, {n} each, left after {leave}");
            }
        }
    }
}
