//! Exact decimation of the Ising chain: every second spin is summed over (thesis section 3.2, eqs 3.2.11-3.2.17).

use super::RgError;

/// Most sites of a ring whose states are enumerated.
const LARGEST_RING: usize = 30;

/// Couplings of a chain or ring, -beta H = sum over sites of (K s s' + h s + K0), s' the next spin. All without unit:
/// K = beta J, h beta times the field, K0 a free energy of each site over temperature.
///
/// ```
/// use rgflow::rg::decimation::Couplings;
/// let chain = Couplings { k: 1.0, h: 0.0, k0: 0.0 };
/// let next = chain.decimated();
/// assert!((next.k.tanh() - 1.0f64.tanh().powi(2)).abs() < 1e-15); // thesis eq. 3.2.17
/// assert_eq!(next.h, 0.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Couplings {
    /// K, finite; negative for antiferromagnets.
    pub k: f64,
    /// h, finite.
    pub h: f64,
    /// K0.
    pub k0: f64,
}

impl Couplings {
    /// The couplings of the survivors, twice as far apart: the law of every second spin is that of a chain with these,
    /// and the free energy is kept, N ln z(K, h, K0) = (N/2) ln z(K', h', K0').
    ///
    /// e^{4K'} = cosh(2K + h) cosh(2K - h) / cosh^2 h, e^{2(h' - h)} = cosh(2K + h) / cosh(2K - h) and
    /// e^{4(K0' - 2 K0)} = 16 cosh(2K + h) cosh(2K - h) cosh^2 h. Fixed points: K = 0 at any h, and K = inf at h = 0.
    pub fn decimated(self) -> Self {
        let Self { k, h, k0 } = self;
        let (plus, minus, none) = (ln_2_cosh(2.0 * k + h), ln_2_cosh(2.0 * k - h), ln_2_cosh(h));
        // cosh(2K + h) cosh(2K - h) = cosh^2 h + sinh^2 2K, which keeps the digits of a small K'.
        let ratio = libm::sinh(2.0 * k) / libm::cosh(h);
        Self {
            k: 0.25 * if k.abs() < 100.0 { libm::log1p(ratio * ratio) } else { plus + minus - 2.0 * none },
            h: h + 0.5 * (plus - minus),
            k0: 2.0 * k0 + 0.25 * (plus + minus + 2.0 * none),
        }
    }

    /// These couplings and those after 1, 2 ... `steps` decimations.
    pub fn flow(self, steps: usize) -> Vec<Self> {
        std::iter::successors(Some(self), |c| Some(c.decimated())).take(steps + 1).collect()
    }

    /// ln Z and <s_0 s_r> of a ring of `n` sites, by enumeration of its 2^n states.
    ///
    /// # Errors
    /// [`RgError::Ring`] for other than 1 to 30 sites.
    ///
    /// ```
    /// use rgflow::rg::decimation::Couplings;
    /// let chain = Couplings { k: 0.7, h: 0.2, k0: 0.0 };
    /// let ((ln_z, survivors), (ln_z_after, neighbours)) = (chain.of_ring(8, 2)?, chain.decimated().of_ring(4, 1)?);
    /// assert!((ln_z - ln_z_after).abs() < 1e-12 && (survivors - neighbours).abs() < 1e-12);
    /// # Ok::<(), rgflow::rg::RgError>(())
    /// ```
    pub fn of_ring(self, n: usize, r: usize) -> Result<(f64, f64), RgError> {
        if !(1..=LARGEST_RING).contains(&n) {
            return Err(RgError::Ring { n, most: LARGEST_RING });
        }
        let s = |state: usize, i: usize| if state >> (i % n) & 1 == 1 { 1.0 } else { -1.0 };
        // Of each state the weight over e^{n |K| + n |h|}, so that none is too large.
        let top = n as f64 * (self.k.abs() + self.h.abs());
        let exponent =
            |state| (0..n).map(|i| self.k * s(state, i) * s(state, i + 1) + self.h * s(state, i)).sum::<f64>();
        let (z, product) = (0..1usize << n).fold((0.0, 0.0), |(z, product), state| {
            let weight = libm::exp(exponent(state) - top);
            (z + weight, product + weight * s(state, 0) * s(state, r))
        });
        Ok((libm::log(z) + top + n as f64 * self.k0, product / z))
    }

    /// ln of the larger eigenvalue of the transfer matrix: the free energy of a site of the infinite chain over -k_B T.
    pub fn ln_z_per_site(self) -> f64 {
        let Self { k, h, k0 } = self;
        // e^K (cosh h + sqrt(sinh^2 h + e^{-4K})) with e^|h| in front.
        let shrink = libm::exp(-2.0 * h.abs());
        let (cosh, sinh) = (0.5 * (1.0 + shrink), 0.5 * (1.0 - shrink));
        let root = libm::hypot(sinh, libm::exp(-2.0 * k - h.abs()));
        k0 + k + h.abs() + libm::log(cosh + root)
    }
}

/// ln(2 cosh x) without overflow.
fn ln_2_cosh(x: f64) -> f64 {
    x.abs() + libm::log1p(libm::exp(-2.0 * x.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 10;

    fn weight(c: Couplings, n: usize, state: usize) -> f64 {
        let s = |i: usize| if state >> (i % n) & 1 == 1 { 1.0 } else { -1.0 };
        (0..n).map(|i| c.k * s(i) * s(i + 1) + c.h * s(i) + c.k0).sum::<f64>().exp()
    }

    fn cases() -> impl Iterator<Item = Couplings> {
        let fields = [0.0, 0.3, -1.1, 2.5];
        [0.0, 0.2, 1.0, -0.7, 2.0].into_iter().flat_map(move |k| fields.map(|h| Couplings { k, h, k0: 0.1 }))
    }

    /// By enumeration: the weights of the survivors of a ring of 10 are those of the ring of 5, term by term, so the
    /// free energy and all correlations of the survivors are kept.
    #[test]
    fn survivors_keep_their_law() {
        for c in cases() {
            let next = c.decimated();
            for survivors in 0..1usize << (N / 2) {
                let spread = (0..N / 2).map(|i| (survivors >> i & 1) << (2 * i)).sum::<usize>();
                let summed: f64 = (0..1usize << (N / 2))
                    .map(|others| {
                        let others = (0..N / 2).map(|i| (others >> i & 1) << (2 * i + 1)).sum::<usize>();
                        weight(c, N, spread | others)
                    })
                    .sum();
                let kept = weight(next, N / 2, survivors);
                assert!((summed / kept - 1.0).abs() < 1e-12, "{c:?}, {survivors:b}: {summed} and {kept}");
            }
        }
    }

    /// Of a ring without a field: Z = (2 cosh K)^n + (2 sinh K)^n, <s_0 s_r> = (t^r + t^{n-r})/(1 + t^n), t = tanh K.
    #[test]
    fn rings_are_enumerated() {
        let (k, n) = (0.6f64, 7);
        let (ln_z, correlation) = Couplings { k, h: 0.0, k0: 0.1 }.of_ring(n, 2).unwrap();
        let z = (2.0 * k.cosh()).powi(7) + (2.0 * k.sinh()).powi(7);
        assert!((ln_z - z.ln() - 0.7).abs() < 1e-13);
        let t = k.tanh();
        assert!((correlation - (t.powi(2) + t.powi(5)) / (1.0 + t.powi(7))).abs() < 1e-14);
        let flow = Couplings { k, h: 0.3, k0: 0.1 }.flow(2);
        assert_eq!((flow.len(), flow[2]), (3, flow[0].decimated().decimated()));
    }

    #[test]
    fn the_free_energy_of_the_infinite_chain_is_kept() {
        for c in cases().chain([Couplings { k: 30.0, h: 1e-9, k0: 0.0 }, Couplings { k: 300.0, h: -400.0, k0: 0.0 }]) {
            let (before, after) = (c.ln_z_per_site(), c.decimated().ln_z_per_site());
            assert!((2.0 * before - after).abs() < 1e-12 * before.abs().max(1.0), "{c:?}: {before}, {after}");
        }
        // Without a field: ln(2 cosh K) (thesis section 3.2; Ising 1925).
        let free = Couplings { k: 0.8, h: 0.0, k0: 0.0 }.ln_z_per_site();
        assert!((free - (2.0 * 0.8f64.cosh()).ln()).abs() < 1e-15);
    }

    #[test]
    fn fixed_points_and_limits() {
        for h in [0.0, 0.4, -3.0] {
            let line = Couplings { k: 0.0, h, k0: 0.0 }.decimated();
            assert!(line.k == 0.0 && line.h == h, "{line:?}");
        }
        // tanh K' = tanh^2 K down to the last digits of small K, and K' = K - ln(2)/2 for large ones.
        let small = Couplings { k: 1e-9, h: 0.0, k0: 0.0 }.decimated();
        assert!((small.k / 1e-18 - 1.0).abs() < 1e-12);
        for k in [15.0, 25.0, 1e6] {
            let cold = Couplings { k, h: 0.0, k0: 0.0 }.decimated();
            assert!((cold.k - (k - 0.5 * std::f64::consts::LN_2)).abs() < 1e-15 * k + libm::exp(-4.0 * k), "{cold:?}");
        }
        // The field grows by the factor 2 near the zero-temperature fixed point, where all spins of a pair turn
        // together.
        let cold = Couplings { k: 12.0, h: 1e-6, k0: 0.0 }.decimated();
        assert!((cold.h / 1e-6 - 2.0).abs() < 1e-6, "{cold:?}");
    }
}
