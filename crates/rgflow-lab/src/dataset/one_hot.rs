//! Whole numbers as states of sites: spin 1, vacancies, Potts states, coded one-hot for categorical units.

use super::{Dataset, Kind, Values};
use crate::artifact::memory::{self, Need};
use ndarray::Array2;
use std::collections::BTreeSet;

/// Most distinct values that are listed or can be states.
const MOST: usize = 1000;

/// Distinct whole numbers of `values`, ascending.
///
/// # Errors
/// A sentence with the first value that is no whole number, or if there are more than 1000.
fn distinct(values: &Values) -> Result<Vec<i64>, String> {
    let mut found = BTreeSet::new();
    let mut take = |v: f32| {
        let whole = v.fract() == 0.0 && v.abs() <= 1e9;
        if whole && found.len() <= MOST {
            found.insert(v as i64);
        }
        whole
    };
    let odd = match values {
        Values::States(states) => states.iter().copied().map(f32::from).find(|v| !take(*v)),
        Values::Real(values) => values.iter().copied().find(|v| !take(*v)),
    };
    match odd {
        Some(v) => Err(format!("holds {v}, which is no state")),
        None if found.len() > MOST => Err(format!("holds more than {MOST} distinct whole numbers")),
        None => Ok(found.into_iter().collect()),
    }
}

/// The values of `q` states of which `found` occur: all of them, else 0 to q-1, 1 to q, or symmetric about 0.
fn states(found: &[i64], q: usize) -> Option<Vec<i64>> {
    let (n, half) = (q as i64, (q as i64 - 1) / 2);
    if found.len() == q {
        return Some(found.to_vec());
    }
    let ranges = [(0, n - 1), (1, n), (-half, if q % 2 == 1 { half } else { half - 1 })];
    let holds = |(a, b): &(i64, i64)| found.iter().all(|v| (a..=b).contains(&v));
    // Values that begin at 1 are counted from 1.
    let from_one = found.first() == Some(&1) && holds(&ranges[1]);
    let range = if from_one { Some(ranges[1]) } else { ranges.into_iter().find(holds) };
    range.filter(|(a, b)| b - a + 1 == n).map(|(a, b)| (a..=b).collect())
}

impl Dataset {
    /// Codes whole numbers one-hot for sites of `q` states, those of `known` where a machine has them; a note says
    /// which value is which state. Samples that are one-hot already stay as they are.
    ///
    /// # Errors
    /// A sentence with the remedy, if there are more values than states, or others than whole numbers.
    pub fn code_states(&mut self, q: usize, known: Option<&[i64]>) -> Result<(), String> {
        let one_hot = || rgflow::rbm::Units::categorical(q).is_ok_and(|units| self.check(&units).is_ok());
        if self.kind == Kind::Bits && (known.is_none() && q > 2 || one_hot()) {
            return Ok(());
        }
        let remedy = format!("categorical:{q} units take one-hot rows, or whole numbers of {q} values");
        let found = distinct(&self.values).map_err(|why| format!("{why}; {remedy}"))?;
        let states = match known {
            Some(known) => known.to_vec(),
            None => states(&found, q).ok_or_else(|| {
                let list = found.iter().take(10).map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let more = if found.len() > 10 { " ..." } else { "" };
                let units = if found.len() > q {
                    format!(", such as --units categorical:{}", found.len())
                } else {
                    String::new()
                };
                format!("holds {} distinct values ({list}{more}); {remedy}{units}", found.len())
            })?,
        };
        if let Some(other) = found.iter().find(|v| !states.contains(v)) {
            return Err(format!(
                "holds {other}, and the states are {states:?}; give samples like those of the machine"
            ));
        }
        let (n, sites) = self.values.dim();
        let what = format!("{}: one-hot states of {n} samples of {sites} sites", self.title());
        memory::need(&[Need::new(&[n, sites, q], what, "give fewer samples at a time")]).map_err(|e| e.to_string())?;
        let mut coded = Array2::<i8>::zeros((n, sites * q));
        for row in 0..n {
            for site in 0..sites {
                let value = self.values.at(row, site) as i64;
                let state = states.iter().position(|s| *s == value).unwrap_or(0);
                coded[(row, site * q + state)] = 1;
            }
        }
        self.values = Values::States(coded);
        self.kind = Kind::Bits;
        self.unknown = self
            .unknown
            .take()
            .map(|unknown| Array2::from_shape_fn((n, sites * q), |(row, unit)| unknown[(row, unit / q)]));
        self.shape.push(q);
        // A lattice of sites is none of units.
        (self.lattice, self.field) = (None, None);
        let list = states.iter().enumerate().map(|(k, v)| format!("{v} is state {}", k + 1));
        self.notes
            .push(format!("whole numbers are coded one-hot for {q} states: {}", list.collect::<Vec<_>>().join(", ")));
        self.states = Some(states);
        Ok(())
    }

    /// Gives unknown sites of one-hot rows of `units` their first state, so that all rows are states.
    ///
    /// # Errors
    /// A sentence with the remedy, if a site is known in part.
    pub fn first_states(&mut self, units: &rgflow::rbm::Units) -> Result<(), String> {
        let (Some(unknown), Some(sites)) = (&self.unknown, units.sites()) else { return Ok(()) };
        let width = sites.width();
        if width < 2 || !unknown.iter().any(|u| *u) {
            return Ok(());
        }
        let mut values = self.values.rows(&(0..self.n_samples()).collect::<Vec<_>>());
        for (row, (mut values, unknown)) in values.rows_mut().into_iter().zip(unknown.rows()).enumerate() {
            for (site, marks) in unknown.to_vec().chunks(width).enumerate() {
                if marks.iter().any(|u| *u != marks[0]) {
                    let (sample, site) = (row + 1, site + 1);
                    return Err(format!(
                        "site {site} of sample {sample} is known in part; mark all {width} values of a site of \
                         {units} units, or none"
                    ));
                }
                let units = values.iter_mut().skip(site * width).zip(sites.values(0)).filter(|_| marks[0]);
                units.for_each(|(to, v)| *to = *v);
            }
        }
        (self.values, self.kind) = (values.into(), Kind::Bits);
        Ok(())
    }

    /// Number of distinct values, if they are few whole numbers other than those of spins or bits.
    pub(super) fn few_states(values: &Values) -> Option<usize> {
        distinct(values).ok().map(|found| found.len()).filter(|n| (3..=10).contains(n))
    }
}

#[cfg(test)]
mod tests {
    use super::states;

    #[test]
    fn values_are_states_by_their_range() {
        assert_eq!(states(&[-1, 0, 1], 3), Some(vec![-1, 0, 1]));
        assert_eq!(states(&[2, 5, 9], 3), Some(vec![2, 5, 9]));
        assert_eq!(states(&[0, 2], 3), Some(vec![0, 1, 2]));
        assert_eq!(states(&[1, 2], 3), Some(vec![1, 2, 3]));
        assert_eq!(states(&[2, 3], 3), Some(vec![1, 2, 3]));
        assert_eq!(states(&[-1, 1], 3), Some(vec![-1, 0, 1]));
        assert_eq!(states(&[0, 7], 3), None);
        assert_eq!(states(&[-1, 0], 2), Some(vec![-1, 0]));
        assert_eq!(states(&[0, 1, 2, 3], 3), None);
    }
}
