//! The machines between independent units and an RBM: the family through which annealing and tempering go.
//!
//! At beta in \[0, 1] a machine has the weights beta W, the hidden biases beta c and the visible biases (1 - beta) b' +
//! beta b: at 0 its visible units are independent with the biases b', at 1 it is the RBM (Salakhutdinov and Murray
//! 2008). Own energies of Gaussian units are not scaled. With f_beta(v) = sum_h exp(-H_beta(v, h)) the ratio of two
//! machines at one v is
//!
//! ln f_to - ln f_from = (to - from) (b - b').v + sum_a \[L(to z_a) - L(from z_a)], z = c + v W,
//!
//! L being ln of the sum over the states of a hidden unit. So the fields z, found once, serve the ratio and the next
//! draw.

use super::{Chains, IndependentUnits, Kernel, Rbm, RbmError};
use crate::kernel::bits::ROWS;
use crate::kernel::lines::{COLUMNS, Line};
use crate::kernel::ln_ratios::{Fields, ln_ratios, ln_ratios_f32};
use crate::random::Bulk;
use crate::restart::Unfit;
use ndarray::{Array1, ArrayView1};

/// The law of independent visible units from which annealing starts, and which is the hottest of tempering.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Reference {
    /// Units in the fields that those of the machine have while its hidden units are at the mean they have without any
    /// field (0 of spins, 1/2 of bits): for hidden spins the machine's own visible biases. It is the same law in
    /// whatever units a machine is written.
    #[default]
    Own,
    /// Units with the means of data, such as that a machine was trained on. Gaussian units keep the machine's sigma.
    Data(IndependentUnits),
}

impl Reference {
    /// The visible biases of the reference for `rbm`, in f64.
    fn biases(&self, rbm: &Rbm) -> Result<Vec<f64>, RbmError> {
        let n = rbm.n_visible();
        let Self::Data(data) = self else {
            let mut h = vec![0.0; rbm.n_hidden()];
            rbm.hidden_units().mean_wide(&vec![0.0; rbm.n_hidden()], &mut h);
            let field = |(b, row): (&f32, ArrayView1<f32>)| {
                f64::from(*b) + row.iter().zip(&h).map(|(w, h)| f64::from(*w) * h).sum::<f64>()
            };
            // As single floats, which the chains take them for.
            let fields = rbm.visible_bias.iter().zip(rbm.weights.rows()).map(field);
            return Ok(fields.map(|b| f64::from(b as f32)).collect());
        };
        let biases = data.biases();
        if biases.len() != n {
            let what = "independent units of the reference";
            return Err(RbmError::Shape { what, expected: n, found: biases.len() });
        }
        if data.units() != rbm.visible_units() {
            let demand = format!("the reference has {} units; fit it to data of the machine's kind", data.units());
            return Err(RbmError::Layer { layer: "visible", n, units: rbm.visible_units().to_string(), demand });
        }
        Ok(biases.iter().map(|b| f64::from(*b)).collect())
    }

    /// The machine at `beta` between the reference (0) and `rbm` (1): weights beta W, hidden biases beta c, visible
    /// biases (1 - beta) b' + beta b.
    ///
    /// # Errors
    /// [`RbmError::Shape`] or [`RbmError::Layer`] if the reference is of other units than the machine's.
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::{Rbm, Reference}};
    /// let rbm = Rbm::random(6, 3, 0.5, &mut Streams::new(1).generator("example", 0));
    /// let half = Reference::Own.intermediate(&rbm, 0.5)?;
    /// assert_eq!((half.weights[[2, 1]], half.visible_bias[4]), (0.5 * rbm.weights[[2, 1]], rbm.visible_bias[4]));
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn intermediate(&self, rbm: &Rbm, beta: f64) -> Result<Rbm, RbmError> {
        let base = self.biases(rbm)?;
        let mut machine = rbm.clone();
        machine.weights.mapv_inplace(|w| (beta * f64::from(w)) as f32);
        machine.hidden_bias.mapv_inplace(|c| (beta * f64::from(c)) as f32);
        let between = |(b, base): (&mut f32, f64)| *b = (base + beta * (f64::from(*b) - base)) as f32;
        machine.visible_bias.iter_mut().zip(base).for_each(between);
        Ok(machine)
    }
}

/// The family, prepared for sampling.
pub(super) struct Family {
    /// Of the machine with the visible biases b - b'.
    kernel: Kernel,
    /// b', by blocks of sixteen.
    base: Vec<Line>,
    change: Change,
    /// ln Z at beta = 0.
    pub(super) ln_z: f64,
}

impl Family {
    /// # Errors
    /// [`RbmError::NotFinite`], [`RbmError::NotNormalisable`]; as [`Reference::intermediate`].
    pub(super) fn new(rbm: &Rbm, reference: &Reference) -> Result<Self, RbmError> {
        if !rbm.is_finite() {
            return Err(RbmError::NotFinite);
        }
        if rbm.layer_of_fewer_states().is_none() {
            // Gaussian units in both layers: the determinant says whether there is a Z at all.
            rbm.ln_z()?;
        }
        let base = reference.biases(rbm)?;
        let change: Vec<f64> = rbm.visible_bias.iter().zip(&base).map(|(b, base)| f64::from(*b) - base).collect();
        let lines = base
            .chunks(COLUMNS)
            .map(|chunk| Line(std::array::from_fn(|l| chunk.get(l).copied().unwrap_or(0.0) as f32)));
        let mut machine = rbm.clone();
        machine.visible_bias = change.iter().map(|x| *x as f32).collect::<Array1<f32>>();
        Ok(Self {
            base: lines.collect(),
            ln_z: rbm.visible_units().ln_sum(&base) + rbm.hidden_units().ln_sum(&vec![0.0; rbm.n_hidden()]),
            kernel: Kernel::new(&machine),
            change: Change::of(rbm, change),
        })
    }

    pub(super) fn n_visible(&self) -> usize {
        self.kernel.rbm().n_visible()
    }

    /// Number of weights: multiplications of a step of one chain.
    pub(super) fn n_weights(&self) -> usize {
        self.kernel.rbm().weights.len()
    }
}

/// b - b', for (b - b').v.
enum Change {
    /// 0 for all units.
    Nothing,
    /// Sums over the units of each nibble, in each of its sixteen states.
    Bits(Vec<[f64; 16]>),
    /// Of each unit, for real values.
    Values(Vec<f64>),
}

impl Change {
    fn of(rbm: &Rbm, change: Vec<f64>) -> Self {
        if change.iter().all(|x| *x == 0.0) {
            return Self::Nothing;
        }
        let Some(levels) = rbm.visible_units().levels() else { return Self::Values(change) };
        let value = |state: usize, j: usize| f64::from(levels.value(state >> j & 1 == 1));
        let sums =
            |four: &[f64]| std::array::from_fn(|state| four.iter().enumerate().map(|(j, x)| x * value(state, j)).sum());
        Self::Bits(change.chunks(4).map(sums).collect())
    }

    /// (b - b').v of each row of `chains`, whose states are bits where units are two-valued. `values`: space for the
    /// states.
    fn products(&self, chains: &Chains, values: &mut Vec<f32>, out: &mut [f64]) {
        out.fill(0.0);
        match (self, chains.visible_bits()) {
            (Self::Nothing, _) => {}
            (Self::Bits(sums), Some(bits)) => {
                for (out, nibbles) in out.chunks_mut(ROWS).zip(bits.nibbles().chunks_exact(sums.len())) {
                    for (sums, nibbles) in sums.iter().zip(nibbles) {
                        out.iter_mut().zip(nibbles).for_each(|(out, nibble)| *out += sums[usize::from(nibble >> 3)]);
                    }
                }
            }
            (Self::Bits(_), None) => unreachable!("states of two-valued units are bits"),
            (Self::Values(change), _) => {
                values.resize(out.len() * change.len(), 0.0);
                chains.write_visible(values);
                for (out, v) in out.iter_mut().zip(values.chunks_exact(change.len())) {
                    *out = change.iter().zip(v).map(|(x, v)| x * f64::from(*v)).sum();
                }
            }
        }
    }
}

/// Chains of machines of a family, each row at its own beta, with what ratios of weights need.
pub(super) struct Replicas {
    pub(super) chains: Chains,
    random: Bulk,
    /// Of each row, eight together.
    pub(super) betas: Vec<[f32; ROWS]>,
    /// (b - b').v of each row.
    linear: Vec<f64>,
    values: Vec<f32>,
    /// Fields of the hidden units of a row, times a beta.
    scaled: Vec<f64>,
}

impl Replicas {
    /// `rows` replicas at beta = 0, all in the lowest state.
    pub(super) fn new(family: &Family, rows: usize, random: Bulk) -> Self {
        Self {
            chains: Chains::new(&family.kernel, rows),
            random,
            betas: vec![[0.0; ROWS]; rows.div_ceil(ROWS)],
            linear: vec![0.0; rows],
            values: Vec::new(),
            scaled: vec![0.0; family.kernel.rbm().n_hidden()],
        }
    }

    /// Visible states and random numbers, for a restart.
    pub(super) fn save(&self) -> (Vec<u8>, &Bulk) {
        (self.chains.save(), &self.random)
    }

    /// Goes on from what [`Replicas::save`] gave.
    pub(super) fn restore(&mut self, chains: &[u8], random: Bulk) -> Result<(), Unfit> {
        self.random = random;
        self.chains.restore(chains)
    }

    /// Brings every row to one beta.
    pub(super) fn set_beta(&mut self, beta: f64) {
        self.betas.as_flattened_mut().fill(beta as f32);
    }

    /// Sets the beta of a row.
    pub(super) fn set_beta_of(&mut self, row: usize, beta: f64) {
        self.betas.as_flattened_mut()[row] = beta as f32;
    }

    /// Finds the fields at the present v: before ratios and steps.
    pub(super) fn look(&mut self, family: &Family) {
        self.chains.hidden_fields(&family.kernel);
        family.change.products(&self.chains, &mut self.values, &mut self.linear);
    }

    /// ln f_to(v) - ln f_from(v) of each row, with its own two values of beta: `exact` to rounding of f64, or as
    /// exactly as units are drawn, which is enough unless many are summed.
    pub(super) fn ln_ratios(&mut self, family: &Family, exact: bool, [from, to]: [&[f64]; 2], out: &mut [f64]) {
        let units = family.kernel.rbm().hidden_units();
        let (fields, padded) = self.chains.fields();
        if let Some(levels) = units.levels() {
            let of = if exact { ln_ratios } else { ln_ratios_f32 };
            let levels = [levels.low(), levels.high()].map(f64::from);
            of(Fields { lines: fields, padded }, levels, [from, to], out);
        } else {
            for (row, out) in out.iter_mut().enumerate() {
                let mut ln_sum = |beta: f64| {
                    for (b, scaled) in self.scaled.chunks_mut(COLUMNS).enumerate() {
                        let line = fields[b * padded + row].0;
                        scaled.iter_mut().zip(line).for_each(|(to, z)| *to = beta * f64::from(z));
                    }
                    units.ln_sum(&self.scaled)
                };
                *out = ln_sum(to[row]) - ln_sum(from[row]);
            }
        }
        for (row, out) in out.iter_mut().enumerate() {
            *out += (to[row] - from[row]) * self.linear[row];
        }
    }

    /// A Gibbs step v -> h -> v of every row at its beta, from the fields that [`Replicas::look`] found.
    pub(super) fn step(&mut self, family: &Family) {
        self.chains.draw_hidden_scaled(&family.kernel, &self.betas, &mut self.random);
        self.chains.draw_visible_scaled(&family.kernel, &family.base, &self.betas, &mut self.random);
    }

    /// Draws every row from the independent units.
    pub(super) fn draw_reference(&mut self, family: &Family) {
        self.set_beta(0.0);
        self.look(family);
        self.step(family);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use crate::rbm::Units;
    use ndarray::Array2;

    /// The ratio of two intermediate machines is the difference of their free energies, for every kind of units, and ln
    /// Z at beta = 0 is that of the machine there.
    #[test]
    fn ratios_are_differences_of_free_energies() {
        let streams = Streams::new(3);
        let pairs =
            Units::examples().into_iter().flat_map(|v| Units::examples().into_iter().map(move |h| (v.clone(), h)));
        for (visible, hidden) in pairs {
            let mut rbm = Rbm::random(6, 6, 0.1, &mut streams.generator("test/init", 0));
            rbm.visible_bias = rbm.weights.column(1).to_owned();
            rbm.hidden_bias = rbm.weights.row(2).to_owned();
            let rbm = rbm.with_units(visible.clone(), hidden.clone()).unwrap();
            let mut data = Array2::zeros((5, 6));
            let mut random = streams.bulk("test/data", 0);
            visible.draw(6, data.as_slice_mut().unwrap(), &mut Default::default(), &mut random);
            let law = IndependentUnits::fit(&visible, 6, |take| data.rows().into_iter().for_each(take));
            for reference in [Reference::Own, Reference::Data(law)] {
                let family = Family::new(&rbm, &reference).unwrap();
                let at = |beta: f64| reference.intermediate(&rbm, beta).unwrap();
                if let Ok(exact) = at(0.0).ln_z() {
                    assert!((family.ln_z - exact).abs() < 1e-5, "{visible}, {hidden}: {} {exact}", family.ln_z);
                }
                let mut replicas = Replicas::new(&family, 5, random.clone());
                replicas.draw_reference(&family);
                replicas.look(&family);
                let mut v = Array2::zeros((5, 6));
                replicas.chains.write_visible(v.as_slice_mut().unwrap());
                let (from, to) = (at(0.25).free_energy(v.view()), at(0.75).free_energy(v.view()));
                let mut ratios = [0.0; 5];
                replicas.ln_ratios(&family, true, [&[0.25; 5], &[0.75; 5]], &mut ratios);
                for (row, ours) in ratios.into_iter().enumerate() {
                    let exact = from[row] - to[row];
                    assert!((ours - exact).abs() < 1e-5 * (1.0 + exact.abs()), "{visible}, {hidden}: {ours} {exact}");
                }
            }
        }
    }
}
