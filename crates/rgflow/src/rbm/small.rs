//! Contrastive divergence on bits where both layers are two-valued and so small that a state is a byte: at most eight
//! visible and four hidden units, as in the thesis's one-dimensional experiments (section 4.1).

use super::contrastive::{Biases, clipping};
use super::phases::Phases;
use super::{Levels, Rbm, Units};
use crate::cpu;
use crate::kernel::lines::{COLUMNS, Line};
use crate::kernel::spins::packed_len;
use crate::kernel::states::{
    NARROW, Narrow, SAMPLES, WIDE, Weights, Wide, add_outer, count_bits, draw_narrow, draw_wide, narrow_fields,
};
use crate::kernel::subset_sums::Pair;
use crate::kernel::vector::two_valued_mean;
use crate::learning::{Descent, Optimiser};
use crate::random::Bulk;
use crate::restart::{Unfit, decode, encode, put};
use ndarray::Array2;

/// A machine in training, with what its updates need: an update allocates nothing.
pub(super) struct Small {
    weights: Weights,
    visible_bias: [f32; WIDE],
    hidden_bias: [f32; NARROW],
    levels: [Levels; 2],
    /// Values of four visible units in each state, each four times.
    values: [Line; 16],
    phases: Phases,
    /// States of the visible units of the data, and of the chains of the negative phase, which if persistent go on from
    /// update to update; of the hidden units of the chains. Padded to whole lines.
    data: Vec<u8>,
    chains: Vec<u8>,
    hidden: Vec<u8>,
    random: Bulk,
    words: Vec<u32>,
    /// Fields of the hidden units, then their means.
    means: Vec<Line>,
    weight_rule: Optimiser,
    visible_rule: Biases,
    hidden_rule: Biases,
    descent: Descent,
}

impl Small {
    /// `None` if `rbm` is larger, or not two-valued in both layers, for another number of chains than samples, and for
    /// the centred gradient.
    pub(super) fn new(rbm: &Rbm, phases: Phases, descent: &Descent, random: Bulk) -> Option<Self> {
        let batch = phases.batch;
        let levels = [rbm.visible_units().levels()?, rbm.hidden_units().levels()?];
        let (n, m) = rbm.weights.dim();
        if n > WIDE || m > NARROW || phases.chains != batch || phases.centred {
            return None;
        }
        let mut weights = [Line::ZERO; WIDE / SAMPLES];
        for ((i, j), w) in rbm.weights.indexed_iter() {
            weights[i / SAMPLES].0[i % SAMPLES * NARROW + j] = *w;
        }
        let rows = batch.next_multiple_of(SAMPLES);
        Some(Self {
            weights,
            visible_bias: std::array::from_fn(|i| rbm.visible_bias.get(i).copied().unwrap_or(0.0)),
            hidden_bias: std::array::from_fn(|j| rbm.hidden_bias.get(j).copied().unwrap_or(0.0)),
            levels,
            values: std::array::from_fn(|s| Line(std::array::from_fn(|l| levels[0].value(s >> (l / NARROW) & 1 == 1)))),
            phases,
            data: vec![0; rows],
            chains: vec![0; rows],
            hidden: vec![0; rows],
            random,
            words: vec![0; rows * WIDE],
            means: vec![Line::ZERO; rows / SAMPLES],
            weight_rule: descent.weights(WIDE * NARROW),
            visible_rule: Biases::new(n, descent),
            hidden_rule: Biases::new(m, descent),
            descent: *descent,
        })
    }

    /// The machine as it is now.
    pub(super) fn rbm(&self) -> Rbm {
        let (n, m) = (self.visible_rule.len(), self.hidden_rule.len());
        let weights = Array2::from_shape_fn((n, m), |(i, j)| self.weights[i / SAMPLES].0[i % SAMPLES * NARROW + j]);
        let (visible, hidden) = (self.visible_bias[..n].to_vec(), self.hidden_bias[..m].to_vec());
        let [visible_units, hidden_units] = self.levels.map(Units::TwoValued);
        Rbm::new(weights, visible.into(), hidden.into(), visible_units, hidden_units).expect("the shapes it began with")
    }

    /// All that updates go on from.
    pub(super) fn save(&self) -> Vec<u8> {
        let parameters: [&[f32]; 3] = [bytemuck::cast_slice(&self.weights), &self.visible_bias, &self.hidden_bias];
        let rules = [self.weight_rule.state(), self.visible_rule.state(), self.hidden_rule.state()];
        encode(&(parameters, rules, &self.chains, &self.random))
    }

    /// Goes on from what [`Small::save`] gave.
    pub(super) fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type State = ([Vec<f32>; 3], [(u64, Vec<f32>); 3], Vec<u8>, Bulk);
        let ([weights, visible, hidden], [a, b, c], chains, random): State = decode(state)?;
        put(bytemuck::cast_slice_mut(&mut self.weights), &weights)?;
        put(&mut self.visible_bias, &visible)?;
        put(&mut self.hidden_bias, &hidden)?;
        self.weight_rule.restore(a.0, &a.1)?;
        self.visible_rule.restore(b.0, &b.1)?;
        self.hidden_rule.restore(c.0, &c.1)?;
        put(&mut self.chains, &chains)?;
        self.random = random;
        Ok(())
    }

    /// Sets the chains of the negative phase to samples of `packed` data.
    pub(super) fn begin(&mut self, packed: &[u8], rows: &[usize]) {
        self.clamp(packed, rows);
        self.chains.copy_from_slice(&self.data);
    }

    /// Sets the states of the data to the samples `rows`.
    fn clamp(&mut self, packed: &[u8], rows: &[usize]) {
        // The upper half of a byte holds no units.
        if packed_len(self.visible_rule.len()) == 1 {
            self.data.iter_mut().zip(rows).for_each(|(state, row)| *state = packed[*row] & 15);
        } else {
            let bytes = packed.as_chunks::<2>().0;
            let state = |[first, last]: [u8; 2]| first & 15 | last << 4;
            self.data.iter_mut().zip(rows).for_each(|(to, row)| *to = state(bytes[*row]));
        }
    }

    /// Changes the machine by the samples `rows` of `packed` data, as many as a batch.
    pub(super) fn update(&mut self, packed: &[u8], rows: &[usize]) {
        self.clamp(packed, rows);
        let Phases { batch, persistent, .. } = self.phases;
        let mut counts = count_bits(&self.data[..batch]);
        let (mut data, mut model) = ([Line::ZERO; 2], [Line::ZERO; 2]);
        let mut hidden = [0.0; NARROW];
        self.fields(false);
        if !persistent {
            // Chains that start at the data are drawn from the same fields that give the means.
            self.draw_hidden();
        }
        self.average(false, &mut data, 1.0, &mut hidden);
        for step in 0..self.phases.steps {
            if persistent || step > 0 {
                self.fields(true);
                self.draw_hidden();
            }
            self.draw_visible();
        }
        self.fields(true);
        self.average(true, &mut model, -1.0, &mut hidden);
        counts.iter_mut().zip(count_bits(&self.chains[..batch])).for_each(|(count, high)| *count -= high);
        self.climb(&data, &model, &counts, &hidden);
    }

    /// Fields of the hidden units given the visible ones of the data or of the chains.
    fn fields(&mut self, of_chains: bool) {
        let states = if of_chains { &self.chains } else { &self.data };
        // Wider vectors would become gathers, slower here.
        let path = cpu::path().at_most_avx2();
        let of = Narrow { weights: &self.weights, bias: self.hidden_bias, pair: pair(self.levels[0]) };
        narrow_fields(path, of, states, &mut self.means);
    }

    /// Draws the hidden units from their fields.
    fn draw_hidden(&mut self) {
        let words = &mut self.words[..self.hidden.len() * NARROW];
        self.random.fill(words);
        draw_narrow(cpu::path(), &self.means, words, self.levels[1].delta(), &mut self.hidden);
    }

    /// Draws the visible units of the chains given the hidden ones.
    fn draw_visible(&mut self) {
        self.random.fill(&mut self.words);
        let wide = Wide {
            weights: &self.weights,
            bias: self.visible_bias,
            narrow: pair(self.levels[1]),
            delta: self.levels[0].delta(),
            units: u8::MAX >> (WIDE - self.visible_rule.len()),
        };
        draw_wide(cpu::path(), wide, &self.hidden, &self.words, &mut self.chains);
    }

    /// Turns the fields into means and adds their products with the visible units to `sums`, and themselves to
    /// `hidden`.
    fn average(&mut self, of_chains: bool, sums: &mut Weights, sign: f64, hidden: &mut [f64; NARROW]) {
        let [_, levels] = self.levels;
        let flat: &mut [f32] = bytemuck::cast_slice_mut(&mut self.means);
        two_valued_mean(flat, levels.low(), levels.high());
        // No sample: no weight.
        flat[self.phases.batch * NARROW..].fill(0.0);
        for part in self.means.chunks(COLUMNS) {
            let line = part.iter().fold([0.0f32; COLUMNS], |sum, line| std::array::from_fn(|l| sum[l] + line.0[l]));
            line.iter().enumerate().for_each(|(l, h)| hidden[l % NARROW] += sign * f64::from(*h));
        }
        let states = if of_chains { &self.chains } else { &self.data };
        add_outer(cpu::path(), &self.values, states, &self.means, sums);
    }

    /// Climbs the gradient (thesis eqs 2.4.26 with the opposite sign): the sums of both phases over the batch.
    fn climb(&mut self, data: &Weights, model: &Weights, counts: &[i32; WIDE], hidden: &[f64; NARROW]) {
        let scale = -1.0 / self.phases.batch as f64;
        let (n, m) = (self.visible_rule.len(), self.hidden_rule.len());
        let mut gradient = *data;
        for (i, row) in gradient.iter_mut().flat_map(|line| line.0.as_chunks_mut::<NARROW>().0).enumerate() {
            for (j, g) in row.iter_mut().enumerate() {
                // Weights of units that are none stay zero.
                *g = if i < n && j < m { *g - model[i / SAMPLES].0[i % SAMPLES * NARROW + j] } else { 0.0 };
            }
        }
        // The difference of two counts is exact, and low cancels.
        let delta = self.levels[0].delta();
        let visible = counts.map(|count| f64::from(delta) * f64::from(count));
        let gradient = bytemuck::cast_slice(&gradient);
        let scale = scale * clipping(&self.descent, gradient, [&visible[..n], &hidden[..m]], scale);
        self.weight_rule.update(bytemuck::cast_slice_mut(&mut self.weights), gradient, scale);
        self.visible_rule.update(&mut self.visible_bias, &visible[..n], scale);
        self.hidden_rule.update(&mut self.hidden_bias, &hidden[..m], scale);
    }
}

fn pair(levels: Levels) -> Pair {
    Pair { low: levels.low(), delta: levels.delta() }
}
