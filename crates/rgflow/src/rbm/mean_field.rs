//! Expectation values iterated, v -> h -> v with means in the place of states (thesis eqs 4.1.1-4.1.2), until they
//! rest.

use super::{Rbm, RbmError, Units};
use crate::kernel::lines::Line;
use crate::kernel::panels::{Dense, Panels, SAMPLES, largest_differences};
use crate::restart::{Unfit, decode, demand, encode};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};

/// The ratio of moves still grows while faster modes die out: the way that is left is taken as this much longer.
const CAUTION: f32 = 10.0;

/// When the expectation values of a chain have come to rest and are kept as they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rest {
    /// Never: each step is made.
    Never,
    /// Once the way that is left is shorter than this in every unit. After a step whose largest move is d it is taken
    /// as ten times d r/(1 - r), r the ratio of d to the move before: moves that shrink geometrically. A chain that
    /// lingers at a saddle is taken for one at rest.
    Within(f32),
}

impl Default for Rest {
    /// Within 1e-5, some twenty times the rounding of a step.
    fn default() -> Self {
        Self::Within(1e-5)
    }
}

/// A machine prepared for steps of expectation values.
#[derive(Clone, Debug)]
pub struct MeanField {
    to_hidden: Dense,
    to_visible: Dense,
    visible: Units,
    hidden: Units,
}

impl MeanField {
    /// The map of `rbm`.
    pub fn new(rbm: &Rbm) -> Self {
        let [hidden, visible] = [&rbm.hidden_bias, &rbm.visible_bias].map(|b| b.as_slice().expect("contiguous"));
        Self {
            to_hidden: Dense::of(rbm.weights.view(), hidden),
            to_visible: Dense::of(rbm.weights.t(), visible),
            visible: rbm.visible_units().clone(),
            hidden: rbm.hidden_units().clone(),
        }
    }
}

/// Chains of expectation values side by side.
///
/// ```
/// use ndarray::Array2;
/// use rgflow::{random::Streams, rbm::{Expectations, MeanField, Rbm, Rest}};
/// let rbm = Rbm::random(10, 4, 0.3, &mut Streams::new(1).generator("example/init", 0));
/// let map = MeanField::new(&rbm);
/// let mut chains = Expectations::new(&map, Array2::ones((50, 10)).view())?;
/// for _ in 0..1000 {
///     chains.step(&map, Rest::default());
/// }
/// let mut v = Array2::zeros((50, 10));
/// chains.write(v.view_mut());
/// assert!(chains.moving().is_empty() && v.iter().all(|v: &f32| v.abs() < 1.0));
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Expectations {
    visible: Panels,
    next: Panels,
    /// Hidden units of a group.
    hidden: Vec<Line>,
    /// The chain in each place of the panels.
    moving: Vec<usize>,
    /// The largest move of each in the last step.
    moves: Vec<f32>,
    /// Values of the chains at rest.
    rested: Array2<f32>,
}

impl Expectations {
    /// Chains that start from `values`, shape (chains, n_visible), of any real numbers.
    ///
    /// # Errors
    /// [`RbmError::Shape`] for another width than the machine's.
    pub fn new(map: &MeanField, values: ArrayView2<f32>) -> Result<Self, RbmError> {
        let (expected, found) = (map.to_visible.n_out(), values.ncols());
        if expected != found {
            return Err(RbmError::Shape { what: "columns of the states", expected, found });
        }
        let chains = values.nrows();
        let visible = Panels::of(values);
        Ok(Self {
            next: visible.clone(),
            visible,
            hidden: vec![Line::ZERO; map.to_hidden.n_out()],
            moving: (0..chains).collect(),
            moves: vec![0.0; chains],
            rested: Array2::zeros((chains, found)),
        })
    }

    /// All that steps go on from.
    pub(crate) fn save(&self) -> Vec<u8> {
        encode(&(self.visible.state(), &self.moving, &self.moves, &self.rested))
    }

    /// Goes on from what [`Expectations::save`] of as many chains gave.
    pub(crate) fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type State = ((usize, Vec<f32>), Vec<usize>, Vec<f32>, Array2<f32>);
        let (visible, moving, moves, rested): State = decode(state)?;
        demand(rested.dim() == self.rested.dim() && moves.len() == moving.len() && visible.0 == moving.len())?;
        demand(moving.iter().all(|chain| *chain < rested.nrows()))?;
        self.visible.restore(visible.0, &visible.1)?;
        self.next.truncate(moving.len());
        (self.moving, self.moves, self.rested) = (moving, moves, rested);
        Ok(())
    }

    /// The chains that are not at rest, in no particular order.
    pub fn moving(&self) -> &[usize] {
        &self.moving
    }

    /// One step of the chains that move.
    pub fn step(&mut self, map: &MeanField, rest: Rest) {
        // Group by group, so that each is in the nearest cache while it goes through both layers.
        for (visible, next) in self.visible.groups_mut().zip(self.next.groups_mut()) {
            map.to_hidden.fields(visible, &mut self.hidden);
            map.hidden.mean_of_lanes(&mut self.hidden);
            map.to_visible.fields(&self.hidden, next);
            map.visible.mean_of_lanes(next);
        }
        std::mem::swap(&mut self.visible, &mut self.next);
        if let Rest::Within(tolerance) = rest {
            self.lay_to_rest(tolerance);
        }
    }

    fn lay_to_rest(&mut self, tolerance: f32) {
        // From the last place on, so that a chain that takes a free one was looked at before.
        let groups = self.visible.groups().len();
        for group in (0..groups).rev() {
            let both = self.visible.groups().nth(group).zip(self.next.groups().nth(group));
            let differences = both.map_or([0.0; SAMPLES], |(now, before)| largest_differences(now, before));
            let places = group * SAMPLES..((group + 1) * SAMPLES).min(self.moving.len());
            for (place, move_now) in places.zip(differences).rev() {
                let move_before = std::mem::replace(&mut self.moves[place], move_now);
                let shrinks = move_now < move_before;
                let left = if shrinks { move_now * move_now / (move_before - move_now) } else { f32::INFINITY };
                if move_now == 0.0 || CAUTION * left < tolerance {
                    let mut row = self.rested.row_mut(self.moving[place]);
                    row.iter_mut().zip(self.visible.sample(place)).for_each(|(to, value)| *to = value);
                    self.visible.copy_sample(self.moving.len() - 1, place);
                    self.moving.swap_remove(place);
                    self.moves.swap_remove(place);
                }
            }
        }
        self.visible.truncate(self.moving.len());
        self.next.truncate(self.moving.len());
    }

    /// Writes the values of all chains to `out`, shape (chains, n_visible).
    ///
    /// # Panics
    /// If `out` has another shape, which is an error of the caller.
    pub fn write(&self, mut out: ArrayViewMut2<f32>) {
        assert_eq!(out.dim(), self.rested.dim(), "space for the states");
        out.assign(&self.rested);
        self.visible.write_rows(&self.moving, out);
    }
}
