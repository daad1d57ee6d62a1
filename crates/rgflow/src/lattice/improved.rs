//! Improved (cluster) estimators: averages over all orientations of the clusters of a configuration at once
//! (Wolff 1990).
//!
//! Given the bonds, every cluster c is turned or not with probability 1/2 on its own, so E[M^2] is sum_c M_c^2, M_c the
//! sum of its spins (its number of sites, up to the sign, where no coupling is below 0), and E[|sum_j s_j e^{ikr_j}|^2]
//! is sum_c |sum_{j in c} s_j e^{ikr_j}|^2. Clusters that hold to the ghost spin of a field stay: they count as one.

use super::Lattice;
use serde::{Deserialize, Serialize};

/// Improved estimators of each kept configuration, from the clusters of its last update.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Improved {
    /// Expected m^2 given the clusters, length n, in `[0, 1]`.
    pub m2: Vec<f64>,
    /// Expected structure factor at the smallest wave vector given the clusters, length n: the mean over the
    /// [axes of waves](Lattice::wave_axes); empty where there are none.
    pub structure: Vec<f64>,
}

/// Work space that measures clusters.
pub(super) struct Meter {
    axes: Vec<Axis>,
    sizes: Vec<f64>,
    waves: Vec<(f64, f64)>,
}

impl Meter {
    pub fn new<L: Lattice + ?Sized>(lattice: &L) -> Self {
        let n_sites = lattice.n_sites();
        let axes = wave_axes(lattice);
        Self { axes, sizes: vec![0.0; n_sites], waves: vec![(0.0, 0.0); n_sites] }
    }

    /// Whether there are axes of waves.
    pub fn has_waves(&self) -> bool {
        !self.axes.is_empty()
    }

    /// (E[m^2], E[S(k_min)]) given the clusters: `labels` and `spins` by site, `held` by label. S = 0 without axes of
    /// waves.
    pub fn measure(&mut self, labels: &[u32], spins: &[i8], held: impl Fn(usize) -> bool) -> (f64, f64) {
        let n = labels.len() as f64;
        self.sizes.fill(0.0);
        labels.iter().zip(spins).for_each(|(&label, &s)| self.sizes[label as usize] += f64::from(s));
        let (mut held_sum, mut squares) = (0.0, 0.0);
        for (label, &size) in self.sizes.iter().enumerate() {
            if held(label) { held_sum += size } else { squares += size * size }
        }
        let m2 = (held_sum * held_sum + squares) / (n * n);
        let mut structure = 0.0;
        for Axis { stride, phases } in &self.axes {
            self.waves.fill((0.0, 0.0));
            for (line, (labels, spins)) in labels.chunks_exact(*stride).zip(spins.chunks_exact(*stride)).enumerate() {
                let (cos, sin) = phases[line % phases.len()];
                for (&label, &s) in labels.iter().zip(spins) {
                    let (wave, s) = (&mut self.waves[label as usize], f64::from(s));
                    *wave = (wave.0 + s * cos, wave.1 + s * sin);
                }
            }
            let mut ghost = (0.0, 0.0);
            for (label, &(re, im)) in self.waves.iter().enumerate() {
                if held(label) { ghost = (ghost.0 + re, ghost.1 + im) } else { structure += re * re + im * im }
            }
            structure += ghost.0 * ghost.0 + ghost.1 * ghost.1;
        }
        (m2, structure / (n * self.axes.len().max(1) as f64))
    }
}

/// An axis along which the structure factor is taken.
pub(super) struct Axis {
    /// Distance of the numbers of neighbouring sites.
    pub stride: usize,
    /// e^{2 pi i x/L} for x = 0 .. L-1.
    pub phases: Vec<(f64, f64)>,
}

/// The [axes of waves](Lattice::wave_axes).
pub(super) fn wave_axes<L: Lattice + ?Sized>(lattice: &L) -> Vec<Axis> {
    let extents = lattice.extents();
    let axis = |axis: usize| {
        let k = std::f64::consts::TAU / extents[axis] as f64;
        let phase = |x: usize| (libm::cos(k * x as f64), libm::sin(k * x as f64));
        Axis { stride: extents[..axis].iter().product(), phases: (0..extents[axis]).map(phase).collect() }
    };
    lattice.wave_axes().into_iter().map(axis).collect()
}
