//! How far T_c, 1/nu and a can go: the profile of chi^2 about its minimum.
//!
//! With one of the three held the others are fitted again. Where chi^2 is a parabola it is higher by 1 at one standard
//! error and by 4 at two; in a flat or lopsided valley the distances to these heights say more than the curvature at
//! the bottom or a jackknife.

use super::projection::{Fit, Minimum};

/// Heights over the minimum, of one and two standard errors.
const HEIGHTS: [f64; 2] = [1.0, 4.0];
/// A valley is flat if the second height is farther away than this many times the first; of a parabola: two.
const FLAT: f64 = 3.0;
/// First step in standard errors by curvature, and how much longer each is than the one before.
const FIRST: f64 = 0.5;
const GROWTH: f64 = 1.25;
/// Steps on one side; they span four hundred errors by curvature.
const STEPS: usize = 24;

/// Where the profile of one number reaches [`HEIGHTS`], below and above the minimum.
pub(super) struct Profile {
    ends: [[Option<f64>; 2]; 2],
    /// Where the minimum lies.
    at: f64,
}

/// The number that is held, and how far.
#[derive(Clone, Copy)]
pub(super) struct Along {
    /// Its position in [`Minimum::p`].
    pub k: usize,
    pub bounds: [f64; 2],
    /// Unit of the heights.
    pub unit: f64,
}

impl Profile {
    /// The profile of a number about the minimum `best` of the fit to `y`; `Err`: a lower minimum. `None` where the
    /// minimum lies beyond the bounds or has no curvature.
    pub fn new(fit: &Fit, y: &[f64], best: &Minimum, along: Along) -> Result<Option<Self>, Minimum> {
        let Along { k, bounds, unit } = along;
        if !(bounds[0]..=bounds[1]).contains(&best.p[k]) {
            return Ok(None);
        }
        let Some(error) = fit.errors(y, &best.p).map(|e| e[k]).filter(|e| e.is_finite() && *e > 0.0) else {
            return Ok(None);
        };
        let mut ends = [[None; 2]; 2];
        for (side, sign) in [-1.0, 1.0].into_iter().enumerate() {
            let (mut at, mut step) = (best.clone(), sign * FIRST * error);
            for _ in 0..STEPS {
                let mut start = at.p;
                start[k] = (start[k] + step).clamp(bounds[0], bounds[1]);
                let Some(next) = fit.least_squares(y, start, Some(k)) else { break };
                if next.chi2 < best.chi2 - 0.01 * unit {
                    return Err(next);
                }
                let height = |m: &Minimum| ((m.chi2 - best.chi2).max(0.0) / unit).sqrt();
                let (low, high) = (height(&at), height(&next));
                for (end, wanted) in ends[side].iter_mut().zip(HEIGHTS.map(f64::sqrt)) {
                    if end.is_none() && high >= wanted {
                        *end = Some(at.p[k] + (next.p[k] - at.p[k]) * (wanted - low) / (high - low));
                    }
                }
                if ends[side][1].is_some() || bounds.contains(&start[k]) {
                    break;
                }
                (at, step) = (next, GROWTH * step);
            }
        }
        Ok(Some(Self { ends, at: best.p[k] }))
    }

    /// Whether chi^2 is higher by 1 somewhere on both sides.
    pub fn is_closed(&self) -> bool {
        self.ends.iter().all(|side| side[0].is_some())
    }

    /// Whether two errors reach much farther than twice one error does.
    pub fn is_flat(&self) -> bool {
        let flat = |[near, far]: &[Option<f64>; 2]| match (near, far) {
            (Some(near), Some(far)) => (far - self.at).abs() > FLAT * (near - self.at).abs(),
            _ => true,
        };
        self.ends.iter().any(flat)
    }

    /// The standard error of f of the number: the longer of the distances to the two places where chi^2 is higher by 1.
    pub fn error(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.ends.iter().filter_map(|side| side[0]).map(|end| (f(end) - f(self.at)).abs()).fold(0.0, f64::max)
    }
}
