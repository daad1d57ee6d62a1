//! Samples of one lattice combined by MBAR, in several groups where they do not overlap; a state is read from the group
//! that covers it.

use super::averages::place;
use super::ensemble::{Part, Pool};
use crate::artifact::Error;
use rgflow::reweighting::{Mbar, MbarError, Replicas, State};

/// Overlapping samples, combined.
pub struct Group {
    /// The samples of this group.
    pub pool: Pool,
    /// MBAR of these samples.
    pub mbar: Mbar,
}

/// Groups of a pool; at least one.
pub struct Histograms {
    /// Groups, in the order of their first parts.
    pub groups: Vec<Group>,
    /// Notes on groups left out because they are too short for errors.
    pub notes: Vec<String>,
}

impl Histograms {
    /// Groups the samples of `pool`, with at most `most` blocks; with the autocorrelation of X if `in_field`.
    ///
    /// # Errors
    /// As [`Mbar::new`] if no group can be read, but never because series do not overlap.
    pub fn new(pool: &Pool, in_field: bool, most: usize) -> Result<Self, MbarError> {
        let (mut groups, mut notes, mut failed) = (Vec::new(), Vec::new(), None);
        for own in Mbar::groups(&pool.series(in_field), pool.odd)? {
            let parts: Vec<Part> = own.into_iter().map(|k| pool.parts[k].clone()).collect();
            let pool = Pool { lattice: pool.lattice.clone(), odd: pool.odd, parts, notes: Vec::new() };
            match pool.histograms(in_field, most) {
                Ok(mbar) => groups.push(Group { pool, mbar }),
                Err(e) => {
                    notes.push(format!("{}; left out, since no other samples overlap with these", pool.explain(&e)));
                    failed = failed.or(Some(e));
                }
            }
        }
        match failed {
            Some(e) if groups.is_empty() => Err(e),
            _ => Ok(Self { groups, notes }),
        }
    }

    /// Number of jackknife blocks, the least of all groups.
    pub fn n_blocks(&self) -> usize {
        self.groups.iter().map(|g| g.mbar.n_blocks()).min().unwrap_or(0)
    }

    /// Moments at `state`, and the number of the group they come from: the one with most effective configurations
    /// there.
    ///
    /// # Errors
    /// [`Error::User`] if no group reaches the state; between two groups it names both.
    pub fn read(&self, state: State) -> Result<(usize, Replicas), Error> {
        let mut best: Option<(usize, Replicas)> = None;
        let mut failed: Vec<(f64, usize, MbarError)> = Vec::new();
        for (k, group) in self.groups.iter().enumerate() {
            match group.pool.read(&group.mbar, state) {
                Ok(seen) if best.as_ref().is_none_or(|(_, best)| seen.n_eff > best.n_eff) => best = Some((k, seen)),
                Ok(_) => {}
                Err(e) => failed.push((distance(&group.pool, state), k, e)),
            }
        }
        best.ok_or_else(|| {
            failed.sort_by(|a, b| a.0.total_cmp(&b.0));
            match failed.as_slice() {
                [(_, near, _), (_, far, _), ..] if self.is_between(state) => {
                    let nearest = |k: &usize| self.groups[*k].pool.nearest(state);
                    let (a, b) = (nearest(near), nearest(far));
                    let (lies, of_both) = (place(&state), [a, b].map(|part| place(&part.state())));
                    Error::user(format!(
                        "{}: {lies} is in reach of neither {} nor {}, which do not overlap; sample between them",
                        a.path.display(),
                        of_both[0],
                        of_both[1]
                    ))
                }
                [(_, near, e), ..] => self.groups[*near].pool.explain(e),
                [] => Error::failure("samples fall into no group"),
            }
        })
    }

    /// Whether `state` lies between sampled states of different groups.
    fn is_between(&self, state: State) -> bool {
        let parts = || self.groups.iter().flat_map(|g| &g.pool.parts).map(Part::state);
        let within = |of: fn(&State) -> f64| {
            let (low, high) = parts()
                .map(|s| of(&s))
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high): (f64, f64), v| (low.min(v), high.max(v)));
            (low..=high).contains(&of(&state))
        };
        self.groups.len() > 1 && within(|s| s.beta) && within(|s| s.y)
    }
}

impl Pool {
    fn nearest(&self, state: State) -> &Part {
        let by = |a: &&Part, b: &&Part| apart(a.state(), state).total_cmp(&apart(b.state(), state));
        self.parts.iter().min_by(by).expect("a pool has parts")
    }
}

fn distance(pool: &Pool, state: State) -> f64 {
    apart(pool.nearest(state).state(), state)
}

/// Euclidean distance in (beta, beta Y).
fn apart(a: State, b: State) -> f64 {
    (a.beta - b.beta).abs().max((a.beta * a.y - b.beta * b.y).abs())
}
