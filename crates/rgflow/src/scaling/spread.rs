//! How a collapse moves with what is chosen: window, degree and correction.

use super::{Collapse, Master, Point, collapse};
use crate::statistics::Estimate;

/// Factors of the window that are tried.
const WINDOWS: [f64; 2] = [0.75, 0.87];
/// Factors of omega that are tried.
const OMEGAS: [f64; 2] = [0.75, 1.33];
/// The omega that is tried where none is given; of the Ising model in two dimensions 7/4 and 2 are the lowest.
const USUAL_OMEGA: f64 = 2.0;

/// Half the range of each number over all fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Of T_c.
    pub t_c: f64,
    /// Of nu.
    pub nu: f64,
    /// Of a.
    pub a: f64,
    /// Number of other fits, and of those that failed.
    pub fits: usize,
    /// Choices with which there is no fit.
    pub failed: usize,
}

impl Spread {
    /// Statistical error and spread in quadrature: of T_c, nu and a.
    pub fn total(&self, seen: &Collapse) -> [Estimate; 3] {
        [(seen.t_c, self.t_c), (seen.nu, self.nu), (seen.a, self.a)]
            .map(|(e, spread)| Estimate { error: e.error.hypot(spread), ..e })
    }
}

/// Fits again with narrower windows, a degree more and less, and other corrections.
pub fn spread(points: &[Point], master: &Master, seen: &Collapse) -> Spread {
    let start = [seen.t_c.value, seen.nu.value, if master.fit_a { seen.a.value } else { master.start[2] }];
    let widest = points.iter().map(|p| seen.x(p.size, p.t).abs()).fold(0.0, f64::max);
    let window = master.window.min(widest);
    let base = Master { start, ..*master };
    let mut others: Vec<Master> = WINDOWS.map(|f| Master { window: f * window, ..base }).into();
    others.push(Master { degree: master.degree + 1, ..base });
    if master.degree > 2 {
        others.push(Master { degree: master.degree - 1, ..base });
    }
    match master.omega {
        Some(omega) => others.extend(OMEGAS.map(|f| Master { omega: Some(f * omega), ..base })),
        None => others.push(Master { omega: Some(USUAL_OMEGA), ..base }),
    }
    let fits: Vec<Collapse> = others.iter().filter_map(|m| collapse(points, m).ok()).collect();
    let half = |of: fn(&Collapse) -> f64| {
        let all = || fits.iter().chain([seen]).map(of);
        0.5 * (all().fold(f64::NEG_INFINITY, f64::max) - all().fold(f64::INFINITY, f64::min))
    };
    Spread {
        t_c: half(|c| c.t_c.value),
        nu: half(|c| c.nu.value),
        a: half(|c| c.a.value),
        fits: fits.len(),
        failed: others.len() - fits.len(),
    }
}
