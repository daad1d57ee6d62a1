//! The bonds of named lattices, from the steps of their directions.

use super::{Boundary, Named};

/// A bond of a named lattice.
pub(super) struct Step {
    pub from: usize,
    pub to: usize,
    pub direction: usize,
    /// Whether it goes around the axis, by axis.
    around: Vec<bool>,
}

impl Step {
    /// Whether it goes around an open axis.
    pub fn crosses(&self, boundaries: &[Boundary]) -> bool {
        self.around.iter().zip(boundaries).any(|(around, boundary)| *around && *boundary == Boundary::Open)
    }
}

/// All bonds of the periodic lattice of these extents.
pub(super) fn steps<L: Named>(extents: &[usize]) -> impl Iterator<Item = Step> + '_ {
    let n_sites = extents.iter().product::<usize>();
    let place = |mut site: usize| {
        let split = |extent: &usize| {
            let at = site % extent;
            site /= extent;
            at
        };
        extents.iter().map(split).collect::<Vec<usize>>()
    };
    let begins = move |place: &[usize]| !L::ALTERNATES || place.iter().sum::<usize>().is_multiple_of(2);
    let each = move |(direction, step): (usize, &'static &'static [isize])| {
        let bond = move |from: usize| {
            let here = place(from);
            begins(&here).then(|| {
                let (mut to, mut stride, mut around) = (0, 1, Vec::with_capacity(extents.len()));
                for ((&at, &extent), &by) in here.iter().zip(extents).zip(step.iter()) {
                    let moved = at as isize + by;
                    around.push(moved < 0 || moved >= extent as isize);
                    to += moved.rem_euclid(extent as isize) as usize * stride;
                    stride *= extent;
                }
                Step { from, to, direction, around }
            })
        };
        (0..n_sites).filter_map(bond)
    };
    L::STEPS.iter().enumerate().flat_map(each)
}
