//! Configurations drawn directly: ground states at T = 0 and independent spins at T = inf.

use ndarray::Array2;
use rand::RngExt;

use super::{Collection, GroundStates, Ising, Lattice, LatticeError, bonds, title};
use crate::random::Generator;

/// `n` ground states: along the field, else those of the couplings, each part of the lattice turned with probability
/// 1/2.
///
/// # Errors
/// [`LatticeError::NoGroundState`] where frustration, or a field against couplings below 0, leaves them unknown.
pub(super) fn ground_states<L: Lattice + ?Sized>(
    model: &Ising<'_, L>,
    n: usize,
    rng: &mut Generator,
) -> Result<Collection, LatticeError> {
    let (lattice, field) = (model.lattice, model.field());
    let unknown = |why: String| LatticeError::NoGroundState { lattice: title(lattice), why };
    let mut spins = Array2::<i8>::ones((n, lattice.n_sites()));
    if field != 0.0 {
        if let Some((i, j, coupling)) = bonds(lattice).find(|bond| bond.2 < 0.0) {
            return Err(unknown(format!("in the field h = {field} with J = {coupling} between the sites {i} and {j}")));
        }
        spins.fill(if field > 0.0 { 1 } else { -1 });
        return Ok(Collection::independent("ground states", spins));
    }
    let ground = GroundStates::of(lattice).map_err(|e| match e {
        LatticeError::Frustrated { around, .. } => unknown(format!("frustrated around the sites {around}")),
        other => other,
    })?;
    let n_parts = ground.parts.iter().max().map_or(0, |last| *last as usize + 1);
    let mut turns = vec![1i8; n_parts];
    for mut row in spins.rows_mut() {
        turns.iter_mut().for_each(|turn| *turn = if rng.random() { 1 } else { -1 });
        let state = ground.signs.iter().zip(&ground.parts).map(|(sign, part)| sign * turns[*part as usize]);
        row.iter_mut().zip(state).for_each(|(out, spin)| *out = spin);
    }
    Ok(Collection::independent("ground states", spins))
}

/// `n` configurations at T = inf, where neither bonds nor field matter.
pub(super) fn free_spins<L: Lattice + ?Sized>(lattice: &L, n: usize, rng: &mut Generator) -> Collection {
    let mut spins = Array2::<i8>::ones((n, lattice.n_sites()));
    spins.iter_mut().for_each(|s| *s = if rng.random() { 1 } else { -1 });
    Collection::independent("independent spins", spins)
}
