//! Exact sums of machines of two-valued units, one layer of which has at most 25: ln Z and moments.
//!
//! The states of the smaller layer are enumerated, those of the other are summed over in closed form. The fields of the
//! other layer are sums of what the two halves of the smaller one give, so their exponentials are products of two
//! tables (`kernel::half_layers`).

use super::enumeration::{MOST_UNITS, VisibleStates};
use super::{Layer, Levels, Rbm, RbmError};
use crate::kernel::half_layers::{Half, LANES, Moments as Sums, ROWS, RowSums, Tables};
use crate::kernel::log_weights::LogSum;
use ndarray::Array2;
use rayon::prelude::*;
use std::f64::consts::LN_2;

/// Exact expectation values under p(v, h): what the negative phase of the likelihood's gradient needs (thesis eq.
/// 2.4.11).
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// ln Z.
    pub ln_z: f64,
    /// \<v_i>, length n_visible.
    pub visible: Vec<f64>,
    /// \<h_a>, length n_hidden.
    pub hidden: Vec<f64>,
    /// \<v_i h_a>, shape (n_visible, n_hidden).
    pub products: Array2<f64>,
}

impl Moments {
    /// Of the machine with its layers exchanged.
    fn mirrored(self) -> Self {
        let products = self.products.t().as_standard_layout().into_owned();
        Self { visible: self.hidden, hidden: self.visible, products, ..self }
    }
}

/// A machine of two-valued units with the tables of its hidden layer, which is the smaller one.
pub(super) struct SmallLayer {
    pub(super) tables: Tables,
    /// Hidden units whose states are those of the first half of the tables.
    pub(super) first: usize,
    pub(super) levels: [Levels; 2],
    /// Whether a visible unit's factor is that of its low value to which its high one adds, not the other way round.
    from_low: Vec<bool>,
    pub(super) n_hidden: usize,
}

impl SmallLayer {
    /// `None` if a layer is not two-valued, the hidden one has fewer than 5 units or more than 25, or its fields are
    /// too large.
    pub(super) fn new(rbm: &Rbm) -> Option<Self> {
        let levels = [rbm.visible_units().levels()?, rbm.hidden_units().levels()?];
        let (n, m) = rbm.weights.dim();
        if !(LEAST..=MOST_UNITS).contains(&m) || !rbm.is_finite() {
            return None;
        }
        let second = (m / 2).max(LANES.ilog2() as usize);
        let first = m - second;
        let wide = |x: f32| f64::from(x);
        let [visible, hidden] = levels;
        let (delta, low, step) = (visible.wide_delta(), wide(hidden.low()), hidden.wide_delta());
        // The field of a unit where all hidden ones are low, and what each adds when it is high.
        let base: Vec<f64> = (0..n)
            .map(|i| wide(rbm.visible_bias[i]) + low * rbm.weights.row(i).iter().map(|w| wide(*w)).sum::<f64>())
            .collect();
        let add = |i: usize, a: usize| step * wide(rbm.weights[[i, a]]);
        let range = |i: usize| {
            let ends = (0..m).map(|a| add(i, a));
            ends.fold((base[i], base[i]), |(least, most), x| (least + x.min(0.0), most + x.max(0.0)))
        };
        // The smaller factor of the two: 1 + e^x with x counted from the value that is the likelier one over all
        // states.
        let (mut from_low, mut largest) = (vec![true; n], vec![0.0; n]);
        for i in 0..n {
            let (least, most) = range(i);
            from_low[i] = most <= -least;
            let x = delta * if from_low[i] { most } else { -least };
            largest[i] = x.max(0.0) + libm::log1p(libm::exp(-x.abs()));
        }
        // ln of the factor of the value that is counted from, and of the ratio of the other to it, at each field.
        let value = |i: usize| wide(if from_low[i] { visible.low() } else { visible.high() });
        let of = |own: f64, field: &dyn Fn(usize) -> f64| {
            let fields: Vec<f64> = (0..n).map(field).collect();
            let own = own + fields.iter().enumerate().map(|(i, z)| value(i) * z).sum::<f64>();
            (own, fields.iter().zip(&from_low).map(|(z, low)| if *low { delta * z } else { -delta * z }).collect())
        };
        let bit = |a: usize| of(step * wide(rbm.hidden_bias[a]), &|i| add(i, a));
        let all_low = low * rbm.hidden_bias.iter().map(|c| wide(*c)).sum::<f64>();
        let zero = of(all_low, &|i| base[i]);
        let one = Half { zero, bits: (0..first).map(bit).collect() };
        let other = Half { zero: (0.0, vec![0.0; n]), bits: (first..m).map(bit).collect() };
        let tables = Tables::new(&one, &other, &largest)?;
        Some(Self { tables, first, levels, from_low, n_hidden: m })
    }

    fn blocks(&self) -> usize {
        self.tables.states()[0] / self.tables.block()
    }

    pub(super) fn row_sums(&self) -> Vec<RowSums> {
        (0..self.blocks()).into_par_iter().map(|block| self.tables.sums(block)).collect()
    }

    pub(super) fn ln_z(&self) -> f64 {
        let mut total = LogSum::default();
        for block in self.row_sums() {
            total.add(libm::log(block.sums.iter().sum()) + block.exponent as f64 * LN_2);
        }
        total.value()
    }

    fn moments(&self) -> Moments {
        let blocks: Vec<Sums> = (0..self.blocks()).into_par_iter().map(|block| self.tables.moments(block)).collect();
        let sums = blocks.into_iter().reduce(|mut all, block| {
            all.merge(block);
            all
        });
        let sums = sums.expect("at least one block");
        let (n, m) = (self.from_low.len(), self.n_hidden);
        let [visible, hidden] = self.levels.map(|levels| (f64::from(levels.low()), levels.wide_delta()));
        let share: Vec<f64> = sums.bits.iter().map(|x| x / sums.weight).collect();
        let mut products = Array2::zeros((n, m));
        let mut means = Vec::with_capacity(n);
        for i in 0..n {
            // The value from which the factor counts, and the difference to the other.
            let (from, to) = match self.from_low[i] {
                true => (visible.0, visible.0 + visible.1),
                false => (visible.0 + visible.1, visible.0),
            };
            let mean = to + (from - to) * sums.units[i] / sums.weight;
            means.push(mean);
            for a in 0..m {
                let joint = sums.joint[i * m + a] / sums.weight;
                products[[i, a]] = hidden.0 * mean + hidden.1 * (to * share[a] + (from - to) * joint);
            }
        }
        let ln_z = libm::log(sums.weight) + sums.exponent as f64 * LN_2;
        Moments { ln_z, visible: means, hidden: share.iter().map(|p| hidden.0 + hidden.1 * p).collect(), products }
    }
}

/// Units below which a layer is cheaper state by state.
pub(super) const LEAST: usize = (ROWS.ilog2() + LANES.ilog2()) as usize;

impl Rbm {
    /// The machine as it is or mirrored, so that its hidden layer is the smaller one, and whether it is mirrored.
    pub(super) fn with_small_hidden(&self) -> (std::borrow::Cow<'_, Self>, bool) {
        if self.n_visible() < self.n_hidden() {
            (std::borrow::Cow::Owned(self.mirrored()), true)
        } else {
            (std::borrow::Cow::Borrowed(self), false)
        }
    }

    /// Exact \<v>, \<h>, \<v h> and ln Z, by enumeration of the layer of fewer states: at most those of 25 two-valued
    /// units.
    ///
    /// O(states times the size of the other layer), in parallel; the same bits for any number of threads and on every
    /// CPU.
    ///
    /// # Errors
    /// As [`Rbm::ln_z`], but that machines with Gaussian units in both layers are refused.
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// let rbm = Rbm::random(12, 6, 0.5, &mut Streams::new(1).generator("example", 0));
    /// let moments = rbm.moments()?;
    /// assert!((moments.ln_z - rbm.ln_z()?).abs() < 1e-10);
    /// // Without biases p(v, h) = p(-v, -h).
    /// assert!(moments.visible.iter().all(|v| v.abs() < 1e-12));
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn moments(&self) -> Result<Moments, RbmError> {
        let (machine, mirrored) = self.with_small_hidden();
        if let Some(layer) = SmallLayer::new(&machine) {
            let moments = layer.moments();
            return Ok(if mirrored { moments.mirrored() } else { moments });
        }
        match self.layer_of_fewer_states() {
            Some(Layer::Hidden) => self.mirrored().moments_by_visible_states().map(Moments::mirrored),
            _ => self.moments_by_visible_states(),
        }
    }

    fn moments_by_visible_states(&self) -> Result<Moments, RbmError> {
        let states = VisibleStates::new(self, "exact moments", MOST_UNITS)?;
        let (n, m) = self.weights.dim();
        let blocks: Vec<(LogSum, Vec<f64>)> = (0..states.blocks())
            .into_par_iter()
            .map(|block| {
                let mut sum = LogSum::default();
                states.walk(block, &mut |visit| sum.add(visit.ln_weight));
                let top = sum.value();
                // Of v, of h, of v h.
                let (mut parts, mut h) = (vec![0.0; n + m + n * m], vec![0.0; m]);
                states.walk(block, &mut |visit| {
                    let p = libm::exp(visit.ln_weight - top);
                    self.hidden_units().mean_wide(visit.fields, &mut h);
                    h.iter_mut().for_each(|h| *h *= p);
                    let (of_v, rest) = parts.split_at_mut(n);
                    let (of_h, products) = rest.split_at_mut(m);
                    of_h.iter_mut().zip(&h).for_each(|(sum, h)| *sum += h);
                    for (i, v) in visit.values.iter().enumerate() {
                        of_v[i] += p * v;
                        products[i * m..(i + 1) * m].iter_mut().zip(&h).for_each(|(sum, h)| *sum += v * h);
                    }
                });
                (sum, parts)
            })
            .collect();
        let mut total = LogSum::default();
        blocks.iter().for_each(|(sum, _)| total.merge(sum));
        let ln_z = total.value();
        let mut sums = vec![0.0; n + m + n * m];
        for (sum, parts) in &blocks {
            let share = libm::exp(sum.value() - ln_z);
            sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += share * part);
        }
        let products = Array2::from_shape_vec((n, m), sums.split_off(n + m)).expect("n x m products");
        let hidden = sums.split_off(n);
        Ok(Moments { ln_z, visible: sums, hidden, products })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::random::Streams;

    pub(in crate::rbm) fn machine(n: usize, m: usize, scale: f32, [visible, hidden]: [&str; 2]) -> Rbm {
        let random = &mut Streams::new(7).generator("test/machine", (n * 100 + m) as u64);
        let mut rbm = Rbm::random(n, m, scale, random);
        let biases = Rbm::random(n, m, scale, random);
        rbm.visible_bias.iter_mut().zip(biases.weights.column(0)).for_each(|(b, x)| *b = 2.0 * x);
        rbm.hidden_bias.iter_mut().zip(biases.weights.row(0)).for_each(|(c, x)| *c = *x);
        rbm.with_units(visible.parse().unwrap(), hidden.parse().unwrap()).unwrap()
    }

    /// Sizes on both sides of every limit, all kinds of values, weak to very strong weights: ln Z and moments against
    /// the walk through the states of the other layer or of the same one.
    #[test]
    fn tables_give_what_the_walk_through_all_states_gives() {
        for (n, m) in [(7, 5), (5, 9), (12, 8), (9, 12), (40, 6)] {
            for units in [["spin", "spin"], ["binary", "binary"], ["spin", "binary"], ["-3,0.5", "0.25,0.75"]] {
                for scale in [0.01, 0.5, 3.0, 12.0] {
                    let rbm = machine(n, m, scale, units);
                    let (small, mirrored) = rbm.with_small_hidden();
                    let Some(layer) = SmallLayer::new(&small) else {
                        assert!(scale > 5.0, "{n} x {m}, {units:?}, {scale}");
                        continue;
                    };
                    let small_layer = if mirrored { Layer::Visible } else { Layer::Hidden };
                    let ln_z = rbm.ln_z_over(small_layer).unwrap();
                    let name = format!("{n} x {m}, {units:?}, {scale}");
                    assert!(
                        (layer.ln_z() - ln_z).abs() < 1e-12 * (10.0 + ln_z.abs()),
                        "{name}: {}",
                        layer.ln_z() - ln_z
                    );
                    let exact = if mirrored {
                        rbm.moments_by_visible_states().unwrap()
                    } else {
                        rbm.mirrored().moments_by_visible_states().unwrap().mirrored()
                    };
                    let ours = rbm.moments().unwrap();
                    assert!((ours.ln_z - ln_z).abs() < 1e-12 * (10.0 + ln_z.abs()), "{name}");
                    let pairs = ours.visible.iter().zip(&exact.visible).chain(ours.hidden.iter().zip(&exact.hidden));
                    for (a, b) in pairs.chain(ours.products.iter().zip(&exact.products)) {
                        assert!((a - b).abs() < 1e-11, "{name}: {a} against {b}");
                    }
                }
            }
        }
    }

    /// Fields whose exponentials leave the range of f64 are summed state by state.
    #[test]
    fn fields_beyond_the_tables_are_summed_state_by_state() {
        let rbm = machine(10, 6, 120.0, ["spin", "spin"]);
        assert!(SmallLayer::new(&rbm).is_none());
        let moments = rbm.moments().unwrap();
        assert!((moments.ln_z - rbm.ln_z_over(Layer::Visible).unwrap()).abs() < 1e-9 * moments.ln_z.abs());
        // Exact draws list the states of such a layer.
        let draws = crate::rbm::ExactDraws::new(&rbm).unwrap();
        assert!((draws.ln_z() - moments.ln_z).abs() < 1e-9 * moments.ln_z.abs());
        let large = crate::rbm::ExactDraws::new(&machine(30, 21, 120.0, ["spin", "spin"]));
        assert!(matches!(large, Err(RbmError::NoExactDraws { units: 21, most: 20 })));
    }

    #[test]
    fn categorical_and_gaussian_layers_have_moments_too() {
        for units in [["categorical:3", "spin"], ["gaussian:0.7", "spin"], ["spin", "gaussian:0.5"]] {
            let mut rbm = Rbm::random(6, 3, 0.4, &mut Streams::new(1).generator("test/init", 0));
            rbm = rbm.with_units(units[0].parse().unwrap(), units[1].parse().unwrap()).unwrap();
            let moments = rbm.moments().unwrap();
            assert!((moments.ln_z - rbm.ln_z().unwrap()).abs() < 1e-10);
            // d ln Z / d parameter, by central differences in f32 parameters.
            let step = 1.0 / 64.0;
            let ln_z = |change: &dyn Fn(&mut Rbm, f32)| {
                let at = |sign: f32| {
                    let mut moved = rbm.clone();
                    change(&mut moved, sign * step);
                    moved.ln_z().unwrap()
                };
                (at(1.0) - at(-1.0)) / f64::from(2.0 * step)
            };
            for (got, want) in [
                (moments.visible[1], ln_z(&|rbm, x| rbm.visible_bias[1] += x)),
                (moments.hidden[2], ln_z(&|rbm, x| rbm.hidden_bias[2] += x)),
                (moments.products[[3, 1]], ln_z(&|rbm, x| rbm.weights[[3, 1]] += x)),
            ] {
                assert!((got - want).abs() < 2e-3, "{units:?}: {got} against {want}");
            }
        }
    }

    #[test]
    fn every_path_gives_the_same_bits() {
        let rbm = machine(30, 10, 0.7, ["spin", "spin"]);
        let layer = SmallLayer::new(&rbm).unwrap();
        let all = || {
            let sums = layer.row_sums();
            let moments = layer.moments();
            let bits = sums.iter().flat_map(|s| s.sums.iter().map(|x| x.to_bits()));
            (bits.collect::<Vec<_>>(), moments)
        };
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(all);
        let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap().install(all);
        assert!(one == three);
    }
}
