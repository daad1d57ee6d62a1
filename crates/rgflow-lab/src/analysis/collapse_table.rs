//! Data collapse of a table of the user's own: starts for the fit, errors where the table has none, crossings.

use super::ValueWithError;
use super::finite_size::{Crossing, FiniteSize, exponent};
use crate::artifact::Error;
use crate::dataset::averages::Quantity;
use crate::dataset::scaling_table::{Row, ScalingTable};
use rgflow::scaling::{Collapse, Master, Measured, Point, collapse, crossing, distance, points};
use std::collections::BTreeSet;

/// How a table is fitted, as far as the user says it.
#[derive(Clone, Copy, Debug)]
pub struct TableFit {
    /// T_c from which the fit starts; `None`: several in the range of the table.
    pub t_c: Option<f64>,
    /// nu from which it starts.
    pub nu: f64,
    /// Points with |t| L^{1/nu} up to this, by the first fit; `None`: all.
    pub window: Option<f64>,
    /// Degree of the polynomial.
    pub degree: usize,
    /// omega of corrections.
    pub omega: Option<f64>,
    /// Exponent a from which the fit starts; 0 stays.
    pub exponent: Option<f64>,
    /// Which quantity it is, if the user says so; else its name does.
    pub of: Option<Quantity>,
}

/// Starts of T_c in the range of the table.
const STARTS: usize = 9;
/// Scatter of a table without errors before it is known, in units of its values.
const FIRST: f64 = 1e-3;
/// Least degrees of freedom that tell the scatter of a table without errors.
const LEAST_DOF: usize = 4;
/// chi2/dof up to which one curve describes the points.
const WELL: f64 = 2.0;
/// Factor from one window that is tried to the next, and how many are.
const NARROWER: f64 = 0.8;
const MOST_NARROW: i32 = 12;
/// chi^2 in units of chi2/dof, where that is above 1, within which another fit is as good: three standard errors.
const POSSIBLE: f64 = 9.0;

/// The quantity that a column of this name usually holds.
fn usual_quantity(name: &str) -> Option<Quantity> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "u4" | "u" | "ul" | "u_l" | "binder" | "binder_cumulant" | "cumulant" => Some(Quantity::Binder),
        "abs_m" | "|m|" | "m" | "absm" | "m_abs" | "mag" | "magnetisation" | "magnetization" => Some(Quantity::AbsM),
        "chi" | "susceptibility" | "sus" => Some(Quantity::Susceptibility),
        _ => None,
    }
}

/// Whether a column of this name has no dimension: a = 0.
fn is_dimensionless(name: &str) -> bool {
    ["xi_over_l", "xi/l", "xi_l", "r_xi", "p", "p_ordered", "crossing"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

impl FiniteSize {
    /// Fits the `table`, read from `files`; also returns the curve that was fitted, and notes on what was chosen.
    ///
    /// # Errors
    /// [`Error::User`] as [`collapse`], where several fits are as good, or where a table without errors has too few
    /// points.
    pub fn of_table(table: &ScalingTable, fit: &TableFit, files: &str) -> Result<(Self, Master, Vec<String>), Error> {
        let wrong = |what: String| Error::user(format!("{files}: {what}"));
        let name = table.read.value.as_str();
        let quantity = fit.of.or_else(|| usual_quantity(name));
        let mut notes = Vec::new();
        let known = match (fit.exponent, quantity) {
            (Some(a), _) => Some((a, a != 0.0)),
            (None, Some(of)) => Some((exponent(of), of != Quantity::Binder)),
            (None, None) if is_dimensionless(name) => Some((0.0, false)),
            (None, None) => None,
        };
        match (known, fit.exponent) {
            (_, Some(_)) => {}
            (Some((a, true)), _) => notes.push(format!(
                "`{name}` is fitted as y ~ L^a, from a = {a}; --exponent A starts elsewhere, --exponent 0 is a \
                quantity without dimension"
            )),
            (Some((_, false)), _) => notes.push(format!(
                "`{name}` is taken for a quantity without dimension, a = 0; --exponent A fits a, from A"
            )),
            (None, _) => notes.push(format!(
                "`{name}` is fitted as y ~ L^a, from the slope of the table; --exponent 0 says that it has no \
                dimension"
            )),
        }
        let mut rows = table.rows.clone();
        let has_errors = table.read.error.is_some();
        let starts: Vec<Master> = starts(&rows, fit, known);
        let first = FIRST * scale(&rows, starts[0].start[2]);
        if !has_errors {
            set_errors(&mut rows, first, starts[0].start[2]);
        }
        let base = &starts[0];
        let (mut best, mut window) = match (search(&rows, &starts), fit.t_c, fit.window) {
            // The window is about the start that the user gives.
            (_, Some(_), Some(window)) => (search(&rows, &[Master { window, ..*base }]).map_err(wrong)?, window),
            (Ok(best), _, window) => (best, window.unwrap_or(f64::INFINITY)),
            (Err(why), Some(t), None) => {
                let (window, best) = if has_errors { narrowed(&rows, base, [t, fit.nu, base.start[2]]) } else { None }
                    .ok_or_else(|| wrong(why))?;
                notes.push(narrow_note(fit.degree, "the fit to all fails", window));
                (best, window)
            }
            (Err(why), None, _) => {
                return Err(wrong(format!("{why}; or say where T_c is with --tc, and how far to go with --window")));
            }
        };
        if fit.window.is_none()
            && has_errors
            && window.is_infinite()
            && !is_well(&best)
            && let Some((narrow, fitted)) = narrowed(&rows, base, [best.t_c.value, best.nu.value, best.a.value])
        {
            notes.push(narrow_note(fit.degree, &format!("chi2/dof = {:.1}/{}", best.chi2, best.dof), narrow));
            (best, window) = (fitted, narrow);
        }
        let mut assumed = None;
        if !has_errors {
            if best.dof < LEAST_DOF {
                return Err(wrong(format!(
                    "has no errors, and {} degrees of freedom are too few to take them from the scatter about the \
                     curve ({LEAST_DOF} at least); give a column of errors, more temperatures, or a lower --degree",
                    best.dof
                )));
            }
            let a = best.a.value;
            let error = first * (best.chi2 / best.dof as f64).sqrt();
            set_errors(&mut rows, error, a);
            assumed = Some(error);
        }
        let master = Master { start: [best.t_c.value, best.nu.value, best.a.value], window, ..starts[0] };
        let all = points(&measured(&rows));
        let (mut found, seen) = Self::fitted(name.to_owned(), &all, &master, files)?;
        found.assumed_error = assumed;
        found.points.retain(|p| master.holds(p.size, p.temperature));
        found.crossings = if master.fit_a || master.start[2] != 0.0 { Vec::new() } else { crossings(&all, &seen) };
        found.read = Some(table.read.clone());
        Ok((found, master, notes))
    }
}

fn measured(rows: &[Row]) -> Vec<Measured> {
    rows.iter().map(|r| Measured { size: r.size, t: r.t, value: r.value, error: r.error }).collect()
}

/// Root mean square of y L^{-a}.
fn scale(rows: &[Row], a: f64) -> f64 {
    let squares = rows.iter().map(|r| (r.value * libm::pow(r.size as f64, -a)).powi(2)).sum::<f64>();
    (squares / rows.len() as f64).sqrt()
}

/// Errors that are the same on the curve: `error` L^a.
fn set_errors(rows: &mut [Row], error: f64, a: f64) {
    rows.iter_mut().for_each(|r| r.error = error * libm::pow(r.size as f64, a));
}

/// Curves from which the fit starts; all points count.
fn starts(rows: &[Row], fit: &TableFit, known: Option<(f64, bool)>) -> Vec<Master> {
    let (low, high) = rows.iter().fold((f64::INFINITY, 0.0), |(l, h): (f64, f64), r| (l.min(r.t), h.max(r.t)));
    let t_c = match fit.t_c {
        Some(t) => vec![t],
        None => (0..STARTS).map(|k| low + (high - low) * (k as f64 + 0.5) / STARTS as f64).collect(),
    };
    let master = |t: f64| {
        let (a, fit_a) = known.unwrap_or_else(|| (slope(rows, t), true));
        Master { degree: fit.degree, window: f64::INFINITY, start: [t, fit.nu, a], fit_a, omega: fit.omega }
    };
    t_c.into_iter().map(master).collect()
}

/// Slope of ln |y| over ln L at the temperatures nearest to `t`; 0 where y changes its sign.
fn slope(rows: &[Row], t: f64) -> f64 {
    let sizes: BTreeSet<usize> = rows.iter().map(|r| r.size).collect();
    let nearest = |size: &usize| {
        let own = rows.iter().filter(|r| r.size == *size);
        own.min_by(|a, b| (a.t - t).abs().total_cmp(&(b.t - t).abs())).map(|r| (libm::log(r.size as f64), r.value))
    };
    let at: Vec<(f64, f64)> = sizes.iter().filter_map(nearest).collect();
    if at.iter().any(|(_, y)| *y * at[0].1 <= 0.0) {
        return 0.0;
    }
    let n = at.len() as f64;
    let logs = || at.iter().map(|(x, y)| (*x, libm::log(y.abs())));
    let (x, y) = logs().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
    let (above, below) = logs().fold((0.0, 0.0), |(a, b), (lx, ly)| (a + (lx - x) * (ly - y), b + (lx - x) * (lx - x)));
    if below > 0.0 { above / below } else { 0.0 }
}

/// The fit of the lowest chi^2 from all `starts`.
fn search(rows: &[Row], starts: &[Master]) -> Result<Collapse, String> {
    // Two replicas give weights, which is all that a search needs.
    let point = |r: &Row| Point { size: r.size, t: r.t, values: vec![r.value, r.value + r.error, r.value - r.error] };
    let rough: Vec<Point> = rows.iter().map(point).collect();
    let fits: Vec<_> = starts.iter().map(|master| collapse(&rough, master)).collect();
    let mut good: Vec<&Collapse> = fits.iter().filter_map(|fit| fit.as_ref().ok()).collect();
    good.sort_by(|a, b| a.chi2.total_cmp(&b.chi2));
    let Some(best) = good.first() else {
        let why = fits.into_iter().find_map(Result::err).map_or(String::new(), |e| e.to_string());
        return Err(why);
    };
    let unit = if best.dof > 0 { (best.chi2 / best.dof as f64).max(1.0) } else { 1.0 };
    let far = |other: &&&Collapse| {
        let apart = |a: f64, b: f64, error: f64| (a - b).abs() > 3.0 * error + 1e-3 * a.abs();
        other.chi2 - best.chi2 < POSSIBLE * unit
            && (apart(best.t_c.value, other.t_c.value, best.t_c.error)
                || apart(best.nu.value, other.nu.value, best.nu.error))
    };
    match good.iter().find(far) {
        None => Ok((*best).clone()),
        Some(other) => Err(format!(
            "two fits are as good: T_c = {:.4}, nu = {:.3} (chi2 = {:.1}) and T_c = {:.4}, nu = {:.3} (chi2 = {:.1}); \
             say where it starts with --tc, or give more points",
            best.t_c.value, best.nu.value, best.chi2, other.t_c.value, other.nu.value, other.chi2
        )),
    }
}

/// Whether one curve describes the points.
fn is_well(fit: &Collapse) -> bool {
    fit.chi2 <= WELL * fit.dof as f64
}

fn narrow_note(degree: usize, why: &str, window: f64) -> String {
    format!(
        "a polynomial of degree {degree} does not describe all points ({why}): those with |t| L^(1/nu) up to \
         {window:.3} are fitted; --window chooses others, --degree another curve"
    )
}

/// The widest window about `start` (T_c, nu, a) in which one curve describes the points, and the fit there; none if no
/// window holds enough of them.
fn narrowed(rows: &[Row], base: &Master, start: [f64; 3]) -> Option<(f64, Collapse)> {
    let far = |r: &Row| (distance(r.t, start[0]) * libm::pow(r.size as f64, 1.0 / start[1])).abs();
    let widest = rows.iter().map(far).fold(0.0, f64::max);
    let within = |k: i32| {
        let master = Master { window: widest * NARROWER.powi(k), start, ..*base };
        let fit = search(rows, &[master]).ok()?;
        (fit.dof >= LEAST_DOF && is_well(&fit)).then_some((master.window, fit))
    };
    (1..=MOST_NARROW).find_map(within)
}

/// Crossings of neighbouring sizes at temperatures that both have, within |t| L^{1/nu} <= 1 of the smaller or next to
/// it.
fn crossings(points: &[Point], fit: &Collapse) -> Vec<Crossing> {
    let sizes: Vec<usize> = points.iter().map(|p| p.size).collect::<BTreeSet<_>>().into_iter().collect();
    let one = |two: &[usize]| {
        let at = |size: usize, t: f64| points.iter().find(|p| p.size == size && p.t == t);
        let mut common: Vec<f64> = points.iter().filter(|p| p.size == two[0]).map(|p| p.t).collect();
        common.sort_by(f64::total_cmp);
        common.dedup();
        common.retain(|t| at(two[1], *t).is_some());
        let near: Vec<usize> = (0..common.len()).filter(|k| fit.x(two[0], common[*k]).abs() <= 1.0).collect();
        let below = common.iter().filter(|t| **t < fit.t_c.value).count();
        // Two temperatures on either side at least: the nearest may lie on the wrong one by noise.
        let first = near.first().copied().unwrap_or(below).min(below.saturating_sub(2));
        let last = near.last().copied().unwrap_or(below).max(below + 1).min(common.len().saturating_sub(1));
        let grid = common.get(first..=last).filter(|grid| grid.len() >= 2);
        let temperature = match grid {
            None => Err("the two sizes have no two temperatures about T_c in common".to_string()),
            Some(grid) => {
                let curve = |size: usize| {
                    grid.iter().filter_map(|t| at(size, *t)).map(|p| p.values.clone()).collect::<Vec<_>>()
                };
                crossing(grid, &curve(two[0]), &curve(two[1])).map(ValueWithError::from).map_err(|e| e.to_string())
            }
        };
        Crossing { sizes: [two[0], two[1]], temperature }
    };
    sizes.windows(2).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::scaling_table::Read;
    use rand::RngExt;
    use rgflow::random::Streams;

    /// T_c = 4.5, nu = 0.63, y = L^a f(x) with normal noise of the relative size `noise` of the first value.
    fn table(a: f64, noise: f64, seed: u64, f: impl Fn(f64) -> f64) -> ScalingTable {
        spaced(0.05, (a, noise, seed), f)
    }

    /// The same with temperatures `step` apart.
    fn spaced(step: f64, (a, noise, seed): (f64, f64, u64), f: impl Fn(f64) -> f64) -> ScalingTable {
        let mut rng = Streams::new(seed).generator("test/table", 0);
        let mut rows = Vec::new();
        for size in [8, 12, 16, 24] {
            let most = (0.2 / step).round() as i32;
            for k in -most..=most {
                let l = size as f64;
                let t = 4.5 + step * f64::from(k);
                let scale = l.powf(a);
                let error = noise * scale * f(0.0);
                let normal = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
                let value = scale * f(4.5 * (1.0 - 4.5 / t) * l.powf(1.0 / 0.63)) + error * normal;
                rows.push(Row { size, t, value, error });
            }
        }
        let read = Read {
            files: Vec::new(),
            size: Some("L".into()),
            temperature: "T".into(),
            is_beta: false,
            value: "y".into(),
            error: Some("dy".into()),
        };
        ScalingTable { read, rows, notes: Vec::new() }
    }

    const FIT: TableFit =
        TableFit { t_c: None, nu: 1.0, window: None, degree: 3, omega: None, exponent: None, of: None };

    /// Null: pulls of T_c, nu and a from their truth are normal or smaller (errors hold the spread of other fits too):
    /// of 24 their squares sum to at most 64, p < 1e-5. With errors in the table, and with those from its scatter.
    /// Seeds 0 to 23.
    #[test]
    fn tables_give_the_truth_within_their_errors() {
        for (a, exponent, with_errors) in [(0.0, Some(0.0), true), (0.0, Some(0.0), false), (1.9, None, true)] {
            let mut squares = [0.0; 3];
            for seed in 0..24 {
                let mut table = table(a, 0.003, seed, |x| 0.5 - 0.03 * x + 4e-4 * x * x);
                if !with_errors {
                    table.read.error = None;
                }
                let (seen, ..) = FiniteSize::of_table(&table, &TableFit { exponent, ..FIT }, "t").unwrap();
                let of = |fitted: &super::super::finite_size::Fitted| fitted.total;
                for (k, (e, truth)) in
                    [(of(&seen.t_c), 4.5), (of(&seen.nu), 0.63), (of(&seen.a), a)].into_iter().enumerate()
                {
                    if k < 2 || exponent.is_none() {
                        squares[k] += ((e.value - truth) / e.error).powi(2);
                    }
                }
                assert!(seen.nu.total.error < 0.05 && seen.assumed_error.is_some() != with_errors, "{seen:?}");
            }
            assert!(squares.iter().all(|s| *s < 64.0) && squares[0] > 3.0, "{a} {with_errors}: {squares:?}");
        }
    }

    /// Far from T_c f is no polynomial of degree 3: the window is narrowed, and the truth is within 4.5 errors.
    #[test]
    fn windows_are_narrowed_where_one_curve_does_not_hold() {
        let table = spaced(0.0125, (0.0, 0.001, 1), |x| 0.6 / (1.0 + (0.25 * x).exp()));
        let (seen, master, notes) =
            FiniteSize::of_table(&table, &TableFit { exponent: Some(0.0), ..FIT }, "t").unwrap();
        assert!(
            master.window.is_finite() && notes.iter().any(|note| note.contains("does not describe all points")),
            "{notes:?}"
        );
        assert!(seen.points.len() < 132 && seen.chi2 < 2.0 * seen.dof as f64, "{seen:?}");
        assert!((seen.t_c.total.value - 4.5).abs() < 4.5 * seen.t_c.total.error, "{seen:?}");
        assert!((seen.nu.total.value - 0.63).abs() < 4.5 * seen.nu.total.error, "{seen:?}");
    }

    #[test]
    fn tables_that_do_not_tell_are_refused() {
        let of = |table: &ScalingTable, fit: &TableFit| FiniteSize::of_table(table, fit, "t").unwrap_err().to_string();
        let mut one = table(0.0, 0.003, 1, |x| 0.5 - 0.03 * x);
        one.rows.retain(|r| r.size == 8);
        assert!(of(&one, &FIT).contains("one size"));
        let mut few = table(0.0, 0.003, 1, |x| 0.5 - 0.03 * x);
        few.read.error = None;
        few.rows.truncate(11);
        let said = of(&few, &TableFit { exponent: Some(0.0), ..FIT });
        assert!(
            said.contains("degrees of freedom") || said.contains("parameters") || said.contains("do not tell"),
            "{said}"
        );
    }
}
