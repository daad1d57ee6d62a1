//! Some ladders of replicas, side by side in one batch of chains.

use crate::random::Bulk;
use crate::rbm::intermediate::{Family, Replicas};
use crate::restart::{Unfit, decode, demand, encode};

/// Ladders of replicas. A replica is a row; an exchange moves the temperatures, not the states.
pub(super) struct Block {
    replicas: Replicas,
    levels: usize,
    /// Row at each level of each ladder.
    rows: Vec<usize>,
    /// Of each row: which end of the ladder it was at last.
    last: Vec<End>,
    /// Whether the next exchanges are of the pairs (1, 2), (3, 4) ...
    odd: bool,
    random: Bulk,
    words: Vec<u32>,
    /// Beta of each row and of the one it may exchange with, and ln of the ratio of its weights there.
    from: Vec<f64>,
    to: Vec<f64>,
    ln_ratios: Vec<f64>,
    /// Of each pair of levels: sum of the probabilities of exchanges, and their number.
    accepted: Vec<(f64, u64)>,
    round_trips: u64,
}

/// An end of the ladder.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Neither,
    /// beta = 1.
    Cold,
    /// beta = 0, after beta = 1.
    Hot,
}

impl Block {
    /// `copies` ladders of `levels` replicas, drawn at beta = 0.
    pub(super) fn new(family: &Family, levels: usize, copies: usize, [steps, swaps]: [Bulk; 2]) -> Self {
        let rows = copies * levels;
        let mut replicas = Replicas::new(family, rows, steps);
        replicas.draw_reference(family);
        Self {
            replicas,
            levels,
            rows: (0..rows).collect(),
            last: vec![End::Neither; rows],
            odd: false,
            random: swaps,
            words: vec![0; copies * (levels / 2)],
            from: vec![0.0; rows],
            to: vec![0.0; rows],
            ln_ratios: vec![0.0; rows],
            accepted: vec![(0.0, 0); levels - 1],
            round_trips: 0,
        }
    }

    pub(super) fn copies(&self) -> usize {
        self.rows.len() / self.levels
    }

    /// The visible units of a ladder at beta = 1.
    pub(super) fn write_visible(&self, copy: usize, out: &mut [f32]) {
        self.replicas.chains.write_visible_row(self.rows[copy * self.levels], out);
    }

    /// Exchanges, and a Gibbs step of every replica.
    pub(super) fn sweep(&mut self, family: &Family, betas: &[f64]) {
        self.replicas.look(family);
        self.exchange(family, betas);
        for (place, row) in self.rows.iter().enumerate() {
            self.replicas.set_beta_of(*row, betas[place % self.levels]);
        }
        self.replicas.step(family);
    }

    fn exchange(&mut self, family: &Family, betas: &[f64]) {
        let first = usize::from(self.odd);
        self.odd = !self.odd;
        for (place, row) in self.rows.iter().enumerate() {
            let level = place % self.levels;
            let partner = if level < first { level } else { ((level - first) ^ 1) + first };
            self.from[*row] = betas[level];
            self.to[*row] = betas[if partner < self.levels { partner } else { level }];
        }
        self.replicas.ln_ratios(family, false, [&self.from, &self.to], &mut self.ln_ratios);
        self.random.fill(&mut self.words);
        let mut words = self.words.iter();
        for ladder in self.rows.chunks_exact_mut(self.levels) {
            for (pair, rows) in ladder[first..].chunks_exact_mut(2).enumerate() {
                let p = libm::exp((self.ln_ratios[rows[0]] + self.ln_ratios[rows[1]]).min(0.0));
                let (sum, n) = &mut self.accepted[first + 2 * pair];
                (*sum, *n) = (*sum + p, *n + 1);
                let word = words.next().expect("a word for each pair");
                if (f64::from(*word) + 0.5) / 4_294_967_296.0 < p {
                    rows.swap(0, 1);
                }
            }
            let (cold, hot) = (ladder[0], ladder[self.levels - 1]);
            if self.last[cold] == End::Hot {
                self.round_trips += 1;
            }
            self.last[cold] = End::Cold;
            if self.last[hot] == End::Cold {
                self.last[hot] = End::Hot;
            }
        }
    }

    /// Sum of the probabilities of exchanges between the levels `pair` and `pair` + 1, and their number.
    pub(super) fn accepted(&self, pair: usize) -> (f64, u64) {
        self.accepted[pair]
    }

    pub(super) fn round_trips(&self) -> u64 {
        self.round_trips
    }

    /// All that sweeps go on from but the machine and its temperatures.
    pub(super) fn save(&self) -> Vec<u8> {
        let (chains, random) = self.replicas.save();
        encode(&(chains, random, &self.rows, self.odd, &self.random, &self.accepted))
    }

    /// Goes on from what [`Block::save`] gave; round trips are counted anew.
    pub(super) fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type State = (Vec<u8>, Bulk, Vec<usize>, bool, Bulk, Vec<(f64, u64)>);
        let (chains, random, rows, odd, swaps, accepted): State = decode(state)?;
        let mut known = rows.clone();
        known.sort_unstable();
        demand(known.into_iter().eq(0..self.rows.len()) && accepted.len() == self.accepted.len())?;
        self.replicas.restore(&chains, random)?;
        (self.rows, self.odd, self.random, self.accepted) = (rows, odd, swaps, accepted);
        Ok(())
    }

    /// Forgets what was counted.
    pub(super) fn forget(&mut self) {
        self.accepted.fill((0.0, 0));
        self.round_trips = 0;
    }

    /// Visible states of all levels of the ladder `copy`, from beta = 1 on, and ln of the exchange probability that the
    /// present ones have for the level `pair`.
    #[cfg(test)]
    pub(super) fn seen(&mut self, family: &Family, betas: &[f64], copy: usize, pair: usize) -> (Vec<Vec<f32>>, f64) {
        self.replicas.look(family);
        let rows = &self.rows[copy * self.levels..(copy + 1) * self.levels];
        let state = |row: &usize| {
            let mut v = vec![0.0; family.n_visible()];
            self.replicas.chains.write_visible_row(*row, &mut v);
            v
        };
        let states = rows.iter().map(state).collect();
        let (i, j) = (rows[pair], rows[pair + 1]);
        let (mut from, mut to, mut ratios) = (self.from.clone(), self.to.clone(), self.ln_ratios.clone());
        (from[i], to[i], from[j], to[j]) = (betas[pair], betas[pair + 1], betas[pair + 1], betas[pair]);
        self.replicas.ln_ratios(family, false, [&from, &to], &mut ratios);
        (states, ratios[i] + ratios[j])
    }
}
