//! Sampling of the recipe's lattices, and readings of all networks on them.

use super::networks::{Kind, Networks};
use super::settings::Lattices;
use crate::study::prelude::*;
use rgflow::lattice::ChainLength;
use rgflow::rg::neural::{Level, Plan, Readings};
use std::collections::BTreeMap;

/// Block extent for a lattice, then numbers of block-spin steps with the networks and read-outs applied after them:
/// P(ordered) of the resulting extent first.
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

/// Configurations to be sampled and read.
#[derive(Clone, Copy)]
pub struct Sample<'a> {
    /// Spins along each side.
    pub size: usize,
    /// Inverse temperature.
    pub beta: f64,
    /// Number of configurations, rounded up to whole chains.
    pub n: usize,
    /// Purpose of the random streams, and name of the parts of the stage.
    pub purpose: &'a str,
    /// Units of progress per configuration.
    pub cost: u64,
}

impl Sample<'_> {
    /// Samples and reads, chain by chain: each is a part of the stage.
    pub fn read(&self, lattices: &Lattices, networks: &Networks, out: &StageOut) -> Result<LatticeReadings, Error> {
        let Self { size, beta, n, purpose, cost } = *self;
        let (b, levels) = levels(size);
        let is_local = levels.iter().any(|(_, kinds)| kinds.contains(&Kind::Odd));
        let tables = [Kind::Odd, Kind::Even].into_iter().filter(|_| is_local).flat_map(|kind| &networks.tables[&kind]);
        let observables = |kinds: &[Kind]| kinds.iter().flat_map(|kind| networks.observables(*kind)).collect();
        let plan = Plan {
            size,
            temperature: Temperature::new(1.0 / beta)?,
            b,
            levels: levels
                .iter()
                .map(|(steps, kinds)| Level { steps: *steps, observables: observables(kinds) })
                .collect(),
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
}
