//! The law of samples where it is known exactly: Ising configurations on the square torus or a ring at known
//! temperatures.

use super::user_files::UserData;
use crate::dataset::Meaning;
use crate::dataset::{Dataset, Kind, Options};
use crate::record::Measured;
use ndarray::ArrayView2;
use rgflow::exact::Mixture;
use rgflow::lattice::Temperature;
use rgflow::random::Bulk;
use rgflow::rbm::{ExactDraws, Rbm};
use rgflow::statistics::mean_error;
use std::collections::BTreeMap;

/// Extents of the square torus or the ring of the spins in `data`, if they are such without a field.
fn extents(data: &Dataset) -> Option<&[usize]> {
    let sites = data.lattice.as_ref()?;
    let (name, extents) = (sites.name.as_deref()?, sites.extents.as_slice());
    let is_such = matches!((name, extents), ("square", [_, _]) | ("ring", [_]));
    (is_such && data.kind == Kind::Spins && data.field == Some(0.0)).then_some(extents)
}

/// Thermal mixture of the temperatures of samples that rgflow drew on a square torus or a ring without field.
pub struct KnownLaw(Mixture);

impl KnownLaw {
    /// Of the `lx` x `ly` torus, each temperature with its weight; `None` where q cannot be computed.
    pub fn of(extents: [usize; 2], temperatures: &[(Temperature, f64)]) -> Option<Self> {
        Mixture::square(extents[0], extents[1], temperatures).ok().map(Self)
    }

    /// Of the samples `data` in the user's files, which are read again with their temperatures.
    pub fn of_samples(files: &UserData, data: &Dataset) -> Option<Self> {
        extents(data)?;
        let labels = Dataset::read_all(&files.paths(), &Options::default()).ok()?.labels?;
        let mut counts = BTreeMap::<u64, f64>::new();
        labels.values.iter().for_each(|t| *counts.entry(t.to_bits()).or_default() += 1.0);
        let parts = counts.into_iter().map(|(t, n)| Some((Temperature::new(f64::from_bits(t)).ok()?, n)));
        let parts: Option<Vec<_>> = parts.collect();
        if labels.meaning != Meaning::Temperature {
            return None;
        }
        Self::at(data, &parts?)
    }

    /// Of samples as those in `data` at `temperatures`, each with its weight.
    pub fn at(data: &Dataset, temperatures: &[(Temperature, f64)]) -> Option<Self> {
        let mixture = match *extents(data)? {
            [lx, ly] => Mixture::square(lx, ly, temperatures),
            [n] => Mixture::ring(n, temperatures),
            _ => return None,
        };
        mixture.ok().map(Self)
    }

    /// KL in nats of the law from that of `rbm` with this ln Z, from independent samples `v` of the law: the paired
    /// mean of ln q - ln p.
    pub fn kl(&self, rbm: &Rbm, v: ArrayView2<f32>, ln_z: f64) -> Measured {
        let kl = rbm.kl_from(&self.0.ln_q_of(v), v, ln_z);
        (kl.value, kl.error)
    }

    /// Mean energy per spin in J of independent draws from the law of `rbm`, where they can be had; `n` of them.
    pub fn energy_of(&self, rbm: &Rbm, n: usize, random: &mut Bulk) -> Option<Measured> {
        let v = ExactDraws::new(rbm).ok()?.draw(n, random);
        let energies: Vec<f64> = self.0.energies_of(v.view()).iter().map(|e| e / v.ncols() as f64).collect();
        let mean = mean_error(&energies);
        Some((mean.value, mean.error))
    }

    /// Mean of ln q over its own samples in nats: what ln p of a perfect machine would be, where it is known.
    pub fn best(&self) -> Option<f64> {
        self.0.entropy().ok().map(|entropy| -entropy)
    }
}
