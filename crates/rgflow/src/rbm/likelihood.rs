//! Free energy, and exact results for machines small enough to enumerate.

use super::Rbm;
use ndarray::{ArrayView1, ArrayView2};

/// Largest layer that is enumerated.
const MOST_UNITS: usize = 25;

impl Rbm {
    /// Free energy F(v) = -ln sum_h exp(-H(v, h)) = -b.v - sum_a ln 2 cosh(c_a + sum_i v_i w_ia) of each row, in k_B T.
    ///
    /// `v`: shape (n, n_visible), values -1 and +1 (real values extend it). Returns length n. Thesis eq. 2.4.16 summed over h.
    pub fn free_energy(&self, v: ArrayView2<f32>) -> Vec<f64> {
        v.rows().into_iter().map(|row| self.free_energy_of(row)).collect()
    }

    fn free_energy_of(&self, v: ArrayView1<f32>) -> f64 {
        let linear: f64 = v.iter().zip(&self.visible_bias).map(|(v, b)| *v as f64 * *b as f64).sum();
        let soft: f64 = (0..self.n_hidden())
            .map(|a| {
                let z: f64 = v.iter().zip(self.weights.column(a)).map(|(v, w)| *v as f64 * *w as f64).sum();
                ln_two_cosh(z + self.hidden_bias[a] as f64)
            })
            .sum();
        -linear - soft
    }

    /// Exact ln Z by enumerating the smaller layer.
    ///
    /// # Errors
    /// A sentence, if both layers have more than 25 units.
    pub fn ln_z(&self) -> Result<f64, String> {
        let (n, swap) =
            if self.n_visible() <= self.n_hidden() { (self.n_visible(), true) } else { (self.n_hidden(), false) };
        if n > MOST_UNITS {
            return Err(format!(
                "ln Z by enumeration needs a layer of at most {MOST_UNITS} units, the smaller one has {n}"
            ));
        }
        let mirrored;
        // -H is symmetric under exchange of the layers, so summing over v is summing over h of the mirrored machine.
        let machine = if swap {
            self
        } else {
            mirrored = Rbm {
                weights: self.weights.t().as_standard_layout().into_owned(),
                visible_bias: self.hidden_bias.clone(),
                hidden_bias: self.visible_bias.clone(),
            };
            &mirrored
        };
        let mut sum = LogSum::default();
        let mut v = ndarray::Array1::<f32>::zeros(n);
        for state in 0u64..1 << n {
            fill(&mut v, state);
            sum.add(-machine.free_energy_of(v.view()));
        }
        Ok(sum.value())
    }
}

/// ln(2 cosh z) without overflow.
fn ln_two_cosh(z: f64) -> f64 {
    z.abs() + libm::log1p(libm::exp(-2.0 * z.abs()))
}

/// Spins of the bits of `state`: bit i set = unit i up.
fn fill(v: &mut ndarray::Array1<f32>, state: u64) {
    for (i, v) in v.iter_mut().enumerate() {
        *v = if state >> i & 1 == 1 { 1.0 } else { -1.0 };
    }
}

/// Running log-sum-exp.
#[derive(Default)]
struct LogSum {
    top: Option<f64>,
    sum: f64,
}

impl LogSum {
    fn add(&mut self, x: f64) {
        match self.top {
            Some(top) if x <= top => self.sum += libm::exp(x - top),
            Some(top) => (self.sum, self.top) = (self.sum * libm::exp(top - x) + 1.0, Some(x)),
            None => (self.sum, self.top) = (1.0, Some(x)),
        }
    }

    fn value(&self) -> f64 {
        self.top.map_or(f64::NEG_INFINITY, |top| top + libm::log(self.sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::spins::{pack, packed_len, unpack};
    use crate::random::Streams;
    use crate::rbm::{Chains, Kernel, Trained, Training, train};
    use ndarray::{Array1, Array2};
    use rand::RngExt;

    fn machine(n_visible: usize, n_hidden: usize) -> Rbm {
        let mut random = Streams::new(1).generator("test/rbm", 0);
        let mut rbm = Rbm::random(n_visible, n_hidden, 0.7, &mut random);
        rbm.visible_bias.mapv_inplace(|_| random.random::<f32>() - 0.3);
        rbm.hidden_bias.mapv_inplace(|_| random.random::<f32>() - 0.6);
        rbm
    }

    /// exp(-H(v, h)) written from eq. 2.4.16 itself.
    fn weight(rbm: &Rbm, v: u64, h: u64) -> f64 {
        let s = |state: u64, i: usize| if state >> i & 1 == 1 { 1.0f64 } else { -1.0 };
        let mut sum = 0.0;
        for i in 0..rbm.n_visible() {
            sum += rbm.visible_bias[i] as f64 * s(v, i);
            for a in 0..rbm.n_hidden() {
                sum += rbm.weights[[i, a]] as f64 * s(v, i) * s(h, a);
            }
        }
        (sum + (0..rbm.n_hidden()).map(|a| rbm.hidden_bias[a] as f64 * s(h, a)).sum::<f64>()).exp()
    }

    #[test]
    fn free_energy_and_ln_z_are_sums_over_states() {
        for (nv, nh) in [(3, 2), (2, 4), (6, 5)] {
            let rbm = machine(nv, nh);
            let mut z = 0.0;
            for v in 0..1u64 << nv {
                let sum: f64 = (0..1u64 << nh).map(|h| weight(&rbm, v, h)).sum();
                let mut row = Array1::zeros(nv);
                fill(&mut row, v);
                assert!((rbm.free_energy_of(row.view()) + sum.ln()).abs() < 1e-9);
                z += sum;
            }
            assert!((rbm.ln_z().expect("small") - z.ln()).abs() < 1e-9, "{nv} + {nh}");
        }
        assert!(machine(30, 26).ln_z().is_err());
    }

    /// p(v) is stationary under the exact kernel, and the sampler's one-step frequencies are those of the kernel: chi-square over
    /// the 16 next states from each of 16 starts, 4000 draws each, seed 1; null: the exact kernel; p > 1e-4 / 16 each.
    #[test]
    fn the_gibbs_kernel_is_stationary_and_sampled_right() {
        let (nv, nh) = (4, 3);
        let rbm = machine(nv, nh);
        let (n, m) = (1usize << nv, 1usize << nh);
        let joint = Array2::from_shape_fn((n, m), |(v, h)| weight(&rbm, v as u64, h as u64));
        let of_v: Vec<f64> = joint.rows().into_iter().map(|r| r.sum()).collect();
        let of_h: Vec<f64> = joint.columns().into_iter().map(|c| c.sum()).collect();
        let kernel = Array2::from_shape_fn((n, n), |(v, w)| {
            (0..m).map(|h| joint[[v, h]] / of_v[v] * joint[[w, h]] / of_h[h]).sum::<f64>()
        });
        let z: f64 = of_v.iter().sum();
        for w in 0..n {
            let next: f64 = (0..n).map(|v| of_v[v] / z * kernel[[v, w]]).sum();
            assert!((next - of_v[w] / z).abs() < 1e-12);
        }
        let prepared = Kernel::new(&rbm);
        let rows = 4000;
        let mut chains = Chains::new(&prepared, rows);
        let mut random = Streams::new(1).bulk("test/gibbs", 0);
        for start in 0..n {
            chains.visible.fill(start as u8);
            chains.step(&prepared, &mut random);
            let mut counts = vec![0.0; n];
            chains.visible.iter().for_each(|v| counts[*v as usize] += 1.0);
            // Merge rare states so that each bin expects at least 5.
            let (mut chi2, mut bins, mut seen, mut expected) = (0.0, 0, 0.0, 0.0);
            for w in 0..n {
                seen += counts[w];
                expected += rows as f64 * kernel[[start, w]];
                if expected >= 5.0 {
                    chi2 += (seen - expected) * (seen - expected) / expected;
                    (bins, seen, expected) = (bins + 1, 0.0, 0.0);
                }
            }
            use statrs::distribution::{ChiSquared, ContinuousCDF};
            let p = ChiSquared::new((bins - 1).max(1) as f64).expect("positive").sf(chi2);
            assert!(p > 1e-4 / 16.0, "from {start}: chi2 = {chi2} with {bins} bins");
        }
    }

    /// CD-1's mean update is the exact expectation of thesis eq. 2.4.26 over the one-step kernel. One update with batch 200,000 from
    /// two data states; each component's z-score < 5 (30 components: p < 2e-5), seed 1.
    #[test]
    fn cd_gradient_is_the_expectation_over_the_kernel() {
        let (nv, nh) = (4, 3);
        let rbm = machine(nv, nh);
        let (n, m) = (1u64 << nv, 1u64 << nh);
        let batch = 200_000;
        let states = [0b0101u64, 0b1110];
        let mut data = vec![0u8; batch * packed_len(nv)];
        data.iter_mut().enumerate().for_each(|(i, d)| *d = states[i % 2] as u8);
        let mut test = Array2::zeros((2, nv));
        for (r, s) in states.iter().enumerate() {
            let mut row = Array1::zeros(nv);
            fill(&mut row, *s);
            test.row_mut(r).assign(&row);
        }
        let training = Training {
            updates: 1,
            batch,
            learning_rate: 1.0,
            cd_steps: 1,
            evaluate_every: 1,
            patience: 0,
            snapshots: vec![],
        };
        let after = train(rbm.clone(), &data, test.view(), &training, Streams::new(1), "test/cd", &mut |_| true)
            .expect("finite")
            .rbm;
        let s = |state: u64, i: usize| if state >> i & 1 == 1 { 1.0f64 } else { -1.0 };
        let p_h = |v: u64| -> Vec<f64> {
            let w: Vec<f64> = (0..m).map(|h| weight(&rbm, v, h)).collect();
            let z: f64 = w.iter().sum();
            w.iter().map(|w| w / z).collect()
        };
        let p_v = |h: u64| -> Vec<f64> {
            let w: Vec<f64> = (0..n).map(|v| weight(&rbm, v, h)).collect();
            let z: f64 = w.iter().sum();
            w.iter().map(|w| w / z).collect()
        };
        let mean_h = |v: u64, a: usize| p_h(v).iter().enumerate().map(|(h, p)| p * s(h as u64, a)).sum::<f64>();
        let mut model_v = vec![0.0; n as usize];
        for start in states {
            for (h, ph) in p_h(start).iter().enumerate() {
                for (v, pv) in p_v(h as u64).iter().enumerate() {
                    model_v[v] += 0.5 * ph * pv;
                }
            }
        }
        // Each negative term is bounded by 1, so its standard error is at most 1 / sqrt(batch).
        let bound = 5.0 / (batch as f64).sqrt() + 1e-5;
        for a in 0..nh {
            for i in 0..=nv {
                let value = |v: u64| if i < nv { s(v, i) } else { 1.0 } * mean_h(v, a);
                let exact = states.iter().map(|v| 0.5 * value(*v)).sum::<f64>()
                    - (0..n).map(|v| model_v[v as usize] * value(v)).sum::<f64>();
                let ours = if i < nv {
                    after.weights[[i, a]] - rbm.weights[[i, a]]
                } else {
                    after.hidden_bias[a] - rbm.hidden_bias[a]
                };
                assert!((ours as f64 - exact).abs() < bound, "({i}, {a}): {ours} against {exact}");
            }
        }
        for i in 0..nv {
            let exact = states.iter().map(|v| 0.5 * s(*v, i)).sum::<f64>()
                - (0..n).map(|v| model_v[v as usize] * s(v, i)).sum::<f64>();
            assert!(((after.visible_bias[i] - rbm.visible_bias[i]) as f64 - exact).abs() < bound);
        }
    }

    /// Training raises the exact likelihood of a small machine: the mean of ln p over the data grows by more than 1 nat.
    #[test]
    fn training_raises_the_likelihood() {
        let (nv, nh) = (8, 4);
        let mut random = Streams::new(1).generator("test/likelihood", 0);
        let mut spins = vec![0i8; 1000 * nv];
        for row in spins.chunks_exact_mut(nv) {
            let s = if random.random::<bool>() { 1 } else { -1 };
            row.iter_mut().for_each(|x| *x = if random.random::<f32>() < 0.9 { s } else { -s });
        }
        let mut data = vec![0u8; 1000 * packed_len(nv)];
        pack(&spins, nv, &mut data);
        let mut v = Array2::<f32>::zeros((1000, nv));
        unpack(&data, nv, v.as_slice_mut().expect("contiguous"));
        let ln_p = |rbm: &Rbm| -rbm.free_energy(v.view()).iter().sum::<f64>() / 1000.0 - rbm.ln_z().expect("small");
        let start = Rbm::random(nv, nh, 0.01, &mut random);
        let training = Training {
            updates: 1000,
            batch: 100,
            learning_rate: 0.05,
            cd_steps: 1,
            evaluate_every: 1000,
            patience: 0,
            snapshots: vec![0, 1000],
        };
        let before = ln_p(&start);
        let Trained { rbm: after, snapshots, .. } =
            train(start, &data, v.view(), &training, Streams::new(1), "test", &mut |_| true).expect("finite");
        assert!(ln_p(&after) > before + 1.0, "{before} -> {}", ln_p(&after));
        assert_eq!((snapshots.len(), &snapshots[1].rbm), (2, &after));
    }

    /// Early stopping returns the machine of the least test cost and its update; snapshots beyond the stop are still made, and do not
    /// change the machine.
    #[test]
    fn early_stopping_and_snapshots_do_not_disturb_each_other() {
        let data: Vec<u8> = (0..400u32).map(|i| if i % 3 == 0 { 0b1111 } else { 0 }).collect();
        let test = Array2::from_shape_fn((40, 4), |(i, _)| if i % 3 == 0 { 1.0 } else { -1.0 });
        let start = machine(4, 3);
        let of = |patience: usize, snapshots: Vec<usize>| {
            let training = Training {
                updates: 40,
                batch: 20,
                learning_rate: 0.9,
                cd_steps: 1,
                evaluate_every: 2,
                patience,
                snapshots,
            };
            train(start.clone(), &data, test.view(), &training, Streams::new(1), "test", &mut |_| true).expect("finite")
        };
        let (plain, longer) = (of(0, vec![]), of(0, vec![10, 60]));
        assert_eq!((plain.update, &plain.rbm), (40, &longer.rbm));
        assert_eq!(longer.snapshots.iter().map(|s| s.update).collect::<Vec<_>>(), [10, 60]);
        let stopped = of(2, vec![60]);
        let best = stopped.metrics.iter().min_by(|a, b| a.test_reconstruction.total_cmp(&b.test_reconstruction));
        assert!(stopped.update <= 40 && stopped.snapshots.len() == 1);
        let first = of(2, vec![]);
        assert_eq!((first.update, &first.rbm), (stopped.update, &stopped.rbm));
        assert!(first.rbm.reconstruction_cost(test.view()) >= best.expect("evaluated").test_reconstruction);
        let seen = first.metrics.iter().map(|m| m.test_reconstruction).fold(f64::INFINITY, f64::min);
        assert_eq!(first.rbm.reconstruction_cost(test.view()), seen);
    }
}
