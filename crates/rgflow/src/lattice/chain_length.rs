//! How long Markov chains are and how far their kept configurations lie apart.

use super::algorithm::single_spin_spacing;
use super::{Lattice, LatticeError};

/// Number and length of Markov chains, in sweeps.
///
/// A sweep is one visit of every site, one update of all clusters of Swendsen and Wang, or as many Wolff clusters as
/// have together one spin per site (in a field: spins that joined a cluster, whether it was turned or not). Samplers
/// whose sweeps are whole round up.
///
/// ```
/// use rgflow::lattice::{ChainLength, Square};
/// let short = ChainLength { chains: 4, burn_in: 100.0, spacing: 2.0 };
/// let long = ChainLength::single_spin(&Square::new(64, 64)?);
/// assert!(long.spacing > 100.0 * short.spacing);
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChainLength {
    /// Number of chains, at least 1; those of odd number begin disordered, those of even number ordered.
    pub chains: usize,
    /// Sweeps of each chain that are not kept, >= 0. Wolff's chains make whole spacings of them, at least two.
    pub burn_in: f64,
    /// Sweeps between kept configurations of a chain, > 0.
    pub spacing: f64,
}

/// A [`ChainLength`] of whole sweeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct WholeSweeps {
    pub chains: usize,
    pub burn_in: usize,
    pub spacing: usize,
}

impl ChainLength {
    /// For cluster updates of lattices of up to some hundred sites along each side, at any temperature: 16 chains,
    /// burn-in 40, spacing 2.
    pub const CLUSTERS: Self = Self { chains: 16, burn_in: 40.0, spacing: 2.0 };

    /// For single-spin updates at every temperature above the trap of stripes (about T = 1), T_c included: 64 chains;
    /// the spacing grows as `max extent`^2.17 (Osada and Ozeki 2024), about 7 tau_int of |m| at T_c; burn-in 20
    /// spacings.
    pub fn single_spin<L: Lattice + ?Sized>(lattice: &L) -> Self {
        let spacing = single_spin_spacing(lattice.longest() as f64);
        Self { chains: 64, burn_in: 20.0 * spacing, spacing }
    }

    /// With a burn-in of so many spacings.
    ///
    /// ```
    /// use rgflow::lattice::ChainLength;
    /// assert_eq!(ChainLength::in_spacings(16, 20, 2.0), ChainLength::CLUSTERS);
    /// ```
    pub fn in_spacings(chains: usize, burn_in: usize, spacing: f64) -> Self {
        Self { chains, burn_in: burn_in as f64 * spacing, spacing }
    }

    /// Refuses what cannot be run.
    ///
    /// # Errors
    /// [`LatticeError::ZeroSetting`] for no chains or no spacing, [`LatticeError::Sweeps`] for a number of sweeps that
    /// is negative, not a number or above 10^15.
    ///
    /// ```
    /// use rgflow::lattice::ChainLength;
    /// assert!(ChainLength { spacing: 0.5, ..ChainLength::CLUSTERS }.check().is_ok());
    /// assert!(ChainLength { spacing: 0.0, ..ChainLength::CLUSTERS }.check().is_err());
    /// ```
    pub fn check(&self) -> Result<(), LatticeError> {
        const MOST: f64 = 1e15;
        for (name, zero) in [("chains", self.chains == 0), ("spacing", self.spacing == 0.0)] {
            if zero {
                return Err(LatticeError::ZeroSetting(name));
            }
        }
        for (name, value) in [("burn_in", self.burn_in), ("spacing", self.spacing)] {
            if !(0.0..=MOST).contains(&value) {
                return Err(LatticeError::Sweeps { name, value });
            }
        }
        Ok(())
    }

    /// In whole sweeps, rounded up.
    ///
    /// # Errors
    /// As [`ChainLength::check`].
    pub(super) fn whole(&self) -> Result<WholeSweeps, LatticeError> {
        self.check()?;
        let up = |sweeps: f64| sweeps.ceil() as usize;
        Ok(WholeSweeps { chains: self.chains, burn_in: up(self.burn_in), spacing: up(self.spacing) })
    }

    /// Spacings that the burn-in takes, rounded up. The margin undoes the rounding of a burn-in that is spacings times
    /// their length.
    pub(super) fn burn_in_spacings(&self) -> usize {
        (self.burn_in / self.spacing - 1e-9).ceil().max(0.0) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burn_ins_in_spacings_come_back() {
        for spacing in [0.1, 0.3, 1.0 / 3.0, 1.0, 1.5, 2.0, 3.0, 999.9] {
            for spacings in (0..200).chain([999_999, 1_000_000]) {
                assert_eq!(
                    ChainLength::in_spacings(1, spacings, spacing).burn_in_spacings(),
                    spacings,
                    "spacing {spacing}"
                );
            }
        }
        for (burn_in, spacing) in [(0usize, 3usize), (1, 3), (100, 7), (101, 2), (1_000_000, 999_999)] {
            let length = ChainLength { chains: 1, burn_in: burn_in as f64, spacing: spacing as f64 };
            assert_eq!(length.burn_in_spacings(), burn_in.div_ceil(spacing));
        }
    }

    #[test]
    fn lengths_that_cannot_be_run_are_refused_by_name() {
        let good = ChainLength::CLUSTERS;
        for (length, name) in [
            (ChainLength { chains: 0, ..good }, "chains = 0"),
            (ChainLength { spacing: 0.0, ..good }, "spacing = 0"),
            (ChainLength { spacing: -1.0, ..good }, "spacing = -1"),
            (ChainLength { spacing: f64::NAN, ..good }, "spacing = NaN"),
            (ChainLength { burn_in: f64::INFINITY, ..good }, "burn_in = inf"),
            (ChainLength { burn_in: -0.5, ..good }, "burn_in = -0.5"),
        ] {
            let told = length.whole().unwrap_err().to_string();
            assert!(told.starts_with(name), "{told}");
        }
        let rounded = ChainLength { burn_in: 1.2, spacing: 0.5, ..good }.whole().unwrap();
        assert_eq!((rounded.burn_in, rounded.spacing), (2, 1));
    }
}
