//! Sampling of the recipe's lattices, and readings of all networks on them.

use super::networks::{Kind, Networks};
use super::settings::Lattices;
use crate::study::prelude::*;
use rgflow::lattice::ChainLength;
use rgflow::rg::neural::{Plan, Readings};
use std::collections::BTreeMap;

/// Block extent for a lattice, then numbers of block-spin steps with the networks and read-outs applied after them: P(ordered) of
/// the resulting extent first.
fn levels(size: usize) -> (usize, &'static [(usize, &'static [Kind])]) {
    use Kind::*;
    match size {
        16 => (2, &[(0, &[On16])]),
        32 => (2, &[(0, &[On32, Few32]), (1, &[On16, Odd, Even])]),
        64 => (2, &[(1, &[On32, Blocked, Few32, FewBlocked]), (2, &[Odd, Even])]),
        128 => (2, &[(2, &[On32])]),
        96 => (3, &[(1, &[On32])]),
        _ => (3, &[(1, &[On16])]),
    }
}

/// Readings of a sampled lattice.
pub struct LatticeReadings {
    /// Readings except those by level.
    pub all: Readings,
    /// Readings by level, kind and training.
    by_kind: Vec<BTreeMap<Kind, Vec<Vec<f32>>>>,
}

impl LatticeReadings {
    /// Outputs of a kind of networks or means of read-outs at a level, by training.
    pub fn of(&self, level: usize, kind: Kind) -> &[Vec<f32>] {
        self.by_kind[level].get(&kind).map_or(&[], Vec::as_slice)
    }

    /// P(ordered) from the networks for the extent of a level.
    pub fn ordered(&self, level: usize) -> &[Vec<f32>] {
        [Kind::On32, Kind::On16].map(|kind| self.of(level, kind)).into_iter().find(|f| !f.is_empty()).unwrap_or(&[])
    }

    /// Sums of odd or even read-outs over the sampled lattice, by training.
    pub fn local(&self, kind: Kind) -> &[Vec<f64>] {
        let (odd, even) = self.all.local.split_at(self.all.local.len() / 2);
        if kind == Kind::Odd { odd } else { even }
    }
}

/// Samples `n` configurations of `size` x `size` spins at `beta` (rounded up to whole chains) and reads them: each
/// chain is a part of the stage. `cost`: units of progress per configuration.
pub fn read(
    (size, beta, n): (usize, f64, usize),
    lattices: &Lattices,
    networks: &Networks,
    purpose: &str,
    (out, cost): (&StageOut, u64),
) -> Result<LatticeReadings, Error> {
    let (b, levels) = levels(size);
    let is_local = levels.iter().any(|(_, kinds)| kinds.contains(&Kind::Odd));
    let tables = [Kind::Odd, Kind::Even].into_iter().filter(|_| is_local).flat_map(|kind| &networks.tables[&kind]);
    let observables = |kinds: &[Kind]| kinds.iter().flat_map(|kind| networks.observables(*kind)).collect();
    let plan = Plan {
        size,
        temperature: Temperature::new(1.0 / beta)?,
        b,
        levels: levels.iter().map(|(steps, kinds)| (*steps, observables(kinds))).collect(),
        local: tables.map(Vec::as_slice).collect(),
        length: ChainLength::in_spacings(*lattices.chains, *lattices.burn_in, *lattices.spacing),
        per_chain: n.div_ceil(*lattices.chains),
    };
    let mut all = out.drive(purpose, &|done| done * cost, |drive| plan.read(out.streams().of(purpose), drive))?;
    let by_kind = levels.iter().zip(&mut all.levels).map(|((_, kinds), level)| {
        let mut f = std::mem::take(&mut level.f).into_iter();
        kinds.iter().map(|kind| (*kind, f.by_ref().take(networks.observables(*kind).len()).collect())).collect()
    });
    let by_kind = by_kind.collect();
    Ok(LatticeReadings { all, by_kind })
}
