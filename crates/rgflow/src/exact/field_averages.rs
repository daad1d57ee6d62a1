//! Averages over all states of a small system in a field.

/// Most sites that are enumerated: 3e7 states.
pub(super) const MAX_SITES: usize = 25;

/// Exact averages in a field h, per spin where not said otherwise: H = - sum over bonds of J s s' - h sum of s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldAverages {
    /// ln Z of the whole system relative to its ground state: ln sum over states of e^{-(E - E_0)/T}.
    pub log_z_above_ground: f64,
    /// Lowest energy of the whole system in J.
    pub ground: f64,
    /// Energy in J, with its part in the field.
    pub energy: f64,
    /// Specific heat in k_B.
    pub specific_heat: f64,
    /// \<m>, m = sum of s / N.
    pub magnetisation: f64,
    /// <|m|>.
    pub abs_magnetisation: f64,
    /// <m^2>.
    pub m2: f64,
    /// <m^4>.
    pub m4: f64,
}
