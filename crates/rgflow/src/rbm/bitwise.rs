//! Contrastive divergence where both layers are two-valued and the data are bits: products by subset sums, states as
//! bits.
//!
//! The machine lies in blocks of sixteen hidden units while it is in training: what a product leaves is drawn from,
//! averaged or climbed where it lies, while it is in the nearest cache.

use super::contrastive::{Biases, clipping};
use super::phases::{Offsets, Phases, Sums};
use super::{Levels, Rbm, Units};
use crate::cpu;
use crate::kernel::bits::{Bits, ByUnit, Fields, ROWS, RowNibbles};
use crate::kernel::lines::{Blocks, COLUMNS, Line};
use crate::kernel::subset_sums::{Pair, Product, Tables, add_product};
use crate::kernel::vector::two_valued_mean;
use crate::learning::{Descent, Optimiser};
use crate::random::Bulk;
use crate::restart::{Unfit, decode, demand, encode, put};
use ndarray::{Array1, Array2};

/// A machine in training, with what its updates need: an update allocates nothing.
pub(super) struct Bitwise {
    weights: Blocks,
    hidden_bias: Vec<Line>,
    visible_bias: Vec<Line>,
    levels: [Levels; 2],
    phases: Phases,
    /// Visible units of the data, and of the chains of the negative phase, which with `persistent` go on from update to
    /// update.
    data: Bits,
    chains: Bits,
    hidden: Bits,
    random: Bulk,
    /// Means of a narrow block, side by side.
    narrow: Vec<f32>,
    /// Hidden means of the data and, negated, of the chains, so that one product gives the difference.
    means: Blocks,
    /// The visible units in the same rows, and in how many more rows of the data than of the chains each is high.
    units: ByUnit,
    counts: Vec<i32>,
    sums: Vec<Line>,
    /// Weights of a block of visible units, a line for each hidden unit; of all blocks where there are several steps.
    transposed: Vec<Line>,
    tables: Tables,
    optimisers: Vec<Optimiser>,
    visible: Biases,
    visible_sum: Vec<f64>,
    hidden_rule: Biases,
    /// Also of units that are none, which are zero.
    hidden_sum: Vec<f64>,
    /// Part that centring takes from the gradient of the visible biases.
    visible_rest: Vec<f64>,
    offsets: Option<Offsets>,
    descent: Descent,
    /// Gradient of all weights, block by block, where it is clipped: its norm is known when all of it is.
    whole: Vec<Line>,
}

impl Bitwise {
    /// `None` unless both layers of `rbm` are two-valued.
    pub(super) fn new(rbm: &Rbm, phases: Phases, descent: &Descent, random: Bulk) -> Option<Self> {
        let levels = [rbm.visible_units().levels()?, rbm.hidden_units().levels()?];
        let (n, m) = rbm.weights.dim();
        let Phases { batch, chains, steps, .. } = phases;
        let rows = batch.max(chains).next_multiple_of(ROWS);
        let line = |bias: &Array1<f32>, b: usize| {
            Line(std::array::from_fn(|l| bias.get(b * COLUMNS + l).copied().unwrap_or(0.0)))
        };
        let lines = |bias: &Array1<f32>| (0..bias.len().div_ceil(COLUMNS)).map(|b| line(bias, b)).collect();
        // Rows of the second phase follow those of the first, four by four; a last batch may reach beyond.
        let means = Blocks::zeros(batch.next_multiple_of(4) + chains.next_multiple_of(4) + 4, m, 4);
        Some(Self {
            weights: Blocks::of(rbm.weights.view(), 4),
            hidden_bias: lines(&rbm.hidden_bias),
            visible_bias: lines(&rbm.visible_bias),
            levels,
            phases,
            data: Bits::new(batch, n),
            chains: Bits::new(chains, n),
            hidden: Bits::new(chains, m),
            random,
            narrow: vec![0.0; 8 * batch.max(chains)],
            units: ByUnit::new(n, batch.div_ceil(4) + chains.div_ceil(4)),
            counts: vec![0; n],
            offsets: phases.centred.then(|| Offsets::new(n, m.next_multiple_of(COLUMNS))),
            sums: vec![Line::ZERO; rows.max(n.next_multiple_of(ROWS))],
            transposed: vec![Line::ZERO; means.len() * COLUMNS * if steps > 1 { n.div_ceil(COLUMNS) } else { 1 }],
            tables: Tables::new(),
            optimisers: (0..means.len()).map(|_| descent.weights(n * COLUMNS)).collect(),
            visible: Biases::new(n, descent),
            visible_sum: vec![0.0; n],
            hidden_rule: Biases::new(m, descent),
            hidden_sum: vec![0.0; m.next_multiple_of(COLUMNS)],
            visible_rest: vec![0.0; if phases.centred { n } else { 0 }],
            descent: *descent,
            whole: vec![Line::ZERO; if descent.clip.is_some() { n * means.len() } else { 0 }],
            means,
        })
    }

    /// The machine as it is now.
    pub(super) fn rbm(&self) -> Rbm {
        let mut weights = Array2::zeros(self.weights.dim());
        self.weights.write(weights.view_mut());
        let bias = |lines: &[Line], n: usize| lines.iter().flat_map(|line| line.0).take(n).collect();
        let (n, m) = weights.dim();
        let (visible, hidden) = (bias(&self.visible_bias, n), bias(&self.hidden_bias, m));
        let [visible_units, hidden_units] = self.levels.map(Units::TwoValued);
        Rbm::new(weights, visible, hidden, visible_units, hidden_units).expect("the shapes it began with")
    }

    /// All that updates go on from.
    pub(super) fn save(&self) -> Vec<u8> {
        let parameters = [self.weights.lines(), &self.visible_bias, &self.hidden_bias];
        let parameters = parameters.map(bytemuck::cast_slice::<Line, f32>);
        let rules: Vec<_> = self.optimisers.iter().map(Optimiser::state).collect();
        let biases = [self.visible.state(), self.hidden_rule.state()];
        encode(&(parameters, rules, biases, self.chains.nibbles(), &self.offsets, &self.random))
    }

    /// Goes on from what [`Bitwise::save`] gave.
    pub(super) fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type Rule = (u64, Vec<f32>);
        type State = ([Vec<f32>; 3], Vec<Rule>, [Rule; 2], Vec<RowNibbles>, Option<Offsets>, Bulk);
        let (parameters, rules, [visible, hidden], chains, offsets, random): State = decode(state)?;
        let lines = [self.weights.lines_mut(), &mut self.visible_bias, &mut self.hidden_bias];
        for (to, from) in lines.into_iter().zip(&parameters) {
            put(bytemuck::cast_slice_mut(to), from)?;
        }
        demand(rules.len() == self.optimisers.len())?;
        self.optimisers.iter_mut().zip(rules).try_for_each(|(optimiser, rule)| optimiser.restore(rule.0, &rule.1))?;
        self.visible.restore(visible.0, &visible.1)?;
        self.hidden_rule.restore(hidden.0, &hidden.1)?;
        self.chains.restore(&chains)?;
        (self.offsets, self.random) = (Offsets::fitting(&self.offsets, offsets)?, random);
        Ok(())
    }

    /// Writes the visible units of the chains.
    #[cfg(test)]
    pub(super) fn write_chains(&self, out: &mut [f32]) {
        self.chains.unpack(self.levels[0].low(), self.levels[0].high(), out);
    }

    /// Sets the chains of the negative phase to samples of `packed` data.
    pub(super) fn begin(&mut self, packed: &[u8], rows: &[usize]) {
        let bytes = self.data.groups();
        self.chains.gather(rows.iter().map(|row| &packed[row * bytes..(row + 1) * bytes]));
    }

    /// Changes the machine by the samples `rows` of `packed` data, as many as a batch.
    pub(super) fn update(&mut self, packed: &[u8], rows: &[usize]) {
        let bytes = self.data.groups();
        self.data.gather(rows.iter().map(|row| &packed[row * bytes..(row + 1) * bytes]));
        let (half, persistent) = (self.phases.batch.next_multiple_of(4), self.phases.persistent);
        self.counts.fill(0);
        self.units.put(&self.data, 0, Some(|unit: usize, high| self.counts[unit] += high));
        self.visible_sum.iter_mut().zip(&self.counts).for_each(|(sum, count)| *sum = f64::from(*count));
        // Chains that start at the data are drawn from the same fields that give the means.
        self.average(0, !persistent);
        for step in 0..self.phases.steps {
            if persistent || step > 0 {
                self.draw_hidden();
            }
            self.draw_visible(step);
        }
        self.counts.fill(0);
        self.units.put(&self.chains, half / 4, Some(|unit: usize, high| self.counts[unit] += high));
        self.average(half, false);
        self.climb(half);
    }

    /// Fills the rows of `means` from `first` on, of the data if that is 0, else of the chains; draws the hidden units
    /// if asked to.
    fn average(&mut self, first: usize, draw: bool) {
        let levels = self.levels[1];
        let (bits, samples, sign) = match first {
            0 => (&self.data, self.phases.batch, 1.0),
            _ => (&self.chains, self.phases.chains, -self.phases.ratio() as f32),
        };
        let rows = samples.next_multiple_of(ROWS);
        let rest = self.hidden_bias.len() * COLUMNS - self.hidden_rule.len();
        for b in 0..self.hidden_bias.len() {
            let lines = &mut self.means.block_mut(b)[first..first + rows];
            let fields = lines.as_chunks_mut().0;
            let product = Product {
                nibbles: bits.nibbles(),
                pair: pair(self.levels[0]),
                factor: self.weights.block(b).as_chunks().0,
                columns: self.hidden.lanes(b),
                start: Some(&self.hidden_bias[b]),
            };
            add_product(product, fields, &mut self.tables);
            if draw {
                self.hidden.draw(
                    cpu::path(),
                    Fields { block: b, lines: fields, delta: levels.delta() },
                    &mut self.random,
                );
            }
            let (of, beyond) = lines.split_at_mut(samples);
            match self.hidden.lanes(b) {
                4 => narrow_means::<4>(of, levels, &mut self.narrow),
                8 => narrow_means::<8>(of, levels, &mut self.narrow),
                _ => two_valued_mean(bytemuck::cast_slice_mut(of), levels.low(), levels.high()),
            }
            if first > 0 {
                bytemuck::cast_slice_mut(of).iter_mut().for_each(|h: &mut f32| *h *= sign);
            }
            // No samples and no units: no weight.
            beyond.fill(Line::ZERO);
            // Lanes beyond those that are drawn are zero already.
            if b + 1 == self.hidden_bias.len() && COLUMNS - rest < self.hidden.lanes(b) {
                // Lane by lane: a fill of a few lanes would be a call for each line.
                for line in of.iter_mut() {
                    for (l, h) in line.0.iter_mut().enumerate() {
                        *h = if l < COLUMNS - rest { *h } else { 0.0 };
                    }
                }
            }
        }
    }

    /// Draws the hidden units given the visible ones of the chains.
    fn draw_hidden(&mut self) {
        let rows = self.phases.chains.next_multiple_of(ROWS);
        for b in 0..self.hidden_bias.len() {
            let fields = self.sums[..rows].as_chunks_mut().0;
            let product = Product {
                nibbles: self.chains.nibbles(),
                pair: pair(self.levels[0]),
                factor: self.weights.block(b).as_chunks().0,
                columns: self.hidden.lanes(b),
                start: Some(&self.hidden_bias[b]),
            };
            add_product(product, fields, &mut self.tables);
            let fields = Fields { block: b, lines: fields, delta: self.levels[1].delta() };
            self.hidden.draw(cpu::path(), fields, &mut self.random);
        }
    }

    /// Draws the visible units of the chains given the hidden ones. Weights are transposed at the first step.
    fn draw_visible(&mut self, step: usize) {
        let (rows, steps) = (self.phases.chains.next_multiple_of(ROWS), self.phases.steps);
        for b in 0..self.visible_bias.len() {
            let fields = self.sums[..rows].as_chunks_mut().0;
            let lines = self.means.len() * COLUMNS;
            let transposed = &mut self.transposed[if steps > 1 { b * lines } else { 0 }..][..lines];
            if step == 0 {
                self.weights.write_transposed(cpu::path(), b, transposed);
            }
            let product = Product {
                nibbles: self.hidden.nibbles(),
                pair: pair(self.levels[1]),
                factor: &transposed.as_chunks().0[..self.hidden.groups()],
                columns: self.chains.lanes(b),
                start: Some(&self.visible_bias[b]),
            };
            add_product(product, fields, &mut self.tables);
            let fields = Fields { block: b, lines: fields, delta: self.levels[0].delta() };
            self.chains.draw(cpu::path(), fields, &mut self.random);
        }
    }

    /// Climbs the gradient (thesis eqs 2.4.26 with the opposite sign): the sums of both phases over the batch.
    fn climb(&mut self, half: usize) {
        let Phases { batch, chains, .. } = self.phases;
        let (scale, ratio) = (-1.0 / batch as f64, self.phases.ratio());
        let n = self.visible.len();
        let delta = f64::from(self.levels[0].delta());
        let low = f64::from(self.levels[0].low());
        let mut offsets = self.offsets.take();
        let data_means: Option<Vec<f64>> =
            offsets.as_ref().map(|_| self.visible_sum.iter().map(|c| low + delta * c / batch as f64).collect());
        // Of as many chains as samples the difference of two counts is exact; low cancels.
        let counts = self.visible_sum.iter_mut().zip(&self.counts);
        counts.for_each(|(sum, count)| *sum = delta * (*sum - ratio * f64::from(*count)));
        let rows = half + chains.next_multiple_of(4);
        for (b, optimiser) in self.optimisers.iter_mut().enumerate() {
            let means = &self.means.block(b)[..rows];
            let hidden = &mut self.hidden_sum[b * COLUMNS..][..COLUMNS];
            let gradient = &mut self.sums[..n.next_multiple_of(ROWS)];
            if self.hidden.lanes(b) < COLUMNS {
                // Lanes that no product reaches: padding stays zero.
                gradient.fill(Line::ZERO);
            }
            let product = Product {
                nibbles: self.units.nibbles(),
                pair: pair(self.levels[0]),
                factor: means.as_chunks().0,
                columns: self.hidden.lanes(b),
                start: Some(&Line::ZERO),
            };
            add_product(product, gradient.as_chunks_mut().0, &mut self.tables);
            add_lines(means, hidden);
            let gradient = &mut gradient[..n];
            if let Some(offsets) = &mut offsets {
                let flat = bytemuck::cast_slice_mut(gradient);
                let sums = Sums { first: b * COLUMNS, weights: flat, visible: &self.visible_sum, hidden };
                offsets.centre(sums, &mut self.visible_rest);
                let mut data = [0.0; COLUMNS];
                add_lines(&means[..half], &mut data);
                offsets.observe_hidden(b * COLUMNS, data.iter().map(|sum| sum / batch as f64));
            }
            if self.whole.is_empty() {
                let weights = &mut self.weights.block_mut(b)[..n];
                optimiser.update(bytemuck::cast_slice_mut(weights), bytemuck::cast_slice(gradient), scale);
            } else {
                self.whole[b * n..(b + 1) * n].copy_from_slice(gradient);
            }
        }
        if let (Some(offsets), Some(means)) = (&mut offsets, data_means) {
            offsets.observe_visible(means.into_iter());
            self.visible_sum
                .iter_mut()
                .zip(&mut self.visible_rest)
                .for_each(|(sum, rest)| *sum += std::mem::take(rest));
        }
        self.offsets = offsets;
        let sums = [&self.visible_sum[..], &self.hidden_sum[..self.hidden_rule.len()]];
        let scale = scale * clipping(&self.descent, bytemuck::cast_slice(&self.whole), sums, scale);
        for (b, (gradient, optimiser)) in self.whole.chunks_exact(n).zip(&mut self.optimisers).enumerate() {
            let weights = &mut self.weights.block_mut(b)[..n];
            optimiser.update(bytemuck::cast_slice_mut(weights), bytemuck::cast_slice(gradient), scale);
        }
        self.visible.update(bytemuck::cast_slice_mut(&mut self.visible_bias), &self.visible_sum, scale);
        let hidden = &self.hidden_sum[..self.hidden_rule.len()];
        self.hidden_rule.update(bytemuck::cast_slice_mut(&mut self.hidden_bias), hidden, scale);
    }
}

/// Means of the units in the first `W` lanes of the lines, side by side so that all lanes of a vector work; the other
/// lanes become 0.
fn narrow_means<const W: usize>(lines: &mut [Line], levels: Levels, means: &mut [f32]) {
    let means = &mut means[..W * lines.len()];
    for (to, line) in means.as_chunks_mut::<W>().0.iter_mut().zip(lines.iter()) {
        to.iter_mut().zip(line.0).for_each(|(to, z)| *to = z);
    }
    two_valued_mean(means, levels.low(), levels.high());
    for (from, line) in means.as_chunks::<W>().0.iter().zip(lines) {
        *line = Line::ZERO;
        line.0[..W].copy_from_slice(from);
    }
}

fn pair(levels: Levels) -> Pair {
    Pair { low: levels.low(), delta: levels.delta() }
}

/// The sums over `lines`, in f64 of parts in f32.
fn add_lines(lines: &[Line], sums: &mut [f64]) {
    sums.fill(0.0);
    for part in lines.chunks(64) {
        let mut local = [0.0f32; COLUMNS];
        for line in part {
            local.iter_mut().zip(line.0).for_each(|(sum, value)| *sum += value);
        }
        sums.iter_mut().zip(local).for_each(|(sum, part)| *sum += f64::from(part));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::{Rule, Sgd};
    use crate::random::Streams;

    /// Hidden units that are no units have no weights, whatever the levels: they would pull at the visible units with
    /// `low`.
    #[test]
    fn padding_stays_zero() {
        let streams = Streams::new(1);
        let units: Units = "0.25,2".parse().unwrap();
        for m in [2, 6, 17] {
            let rbm = Rbm::random(5, m, 0.3, &mut streams.generator("test/init", 0));
            let rbm = rbm.with_units(Units::BINARY, units.clone()).unwrap();
            let descent = Descent::new(Rule::Sgd(Sgd), 0.5);
            let mut machine =
                Bitwise::new(&rbm, Phases::divergence(7, 1), &descent, streams.bulk("test/gibbs", 0)).unwrap();
            let packed: Vec<u8> = (0..20).map(|i| i * 5 % 16).collect();
            for _ in 0..20 {
                machine.update(&packed, &[0, 1, 2, 3, 4, 5, 6]);
            }
            let last = machine.weights.block(machine.weights.len() - 1);
            assert!(machine.rbm().weights.iter().zip(&rbm.weights).all(|(now, before)| now != before));
            assert!(last.iter().all(|line| line.0[(m - 1) % COLUMNS + 1..].iter().all(|w| *w == 0.0)), "{m} units");
        }
    }
}
