//! Finite-size scaling of samples in files: T_c, nu and exponents by data collapse, crossings of Binder's cumulant and
//! powers of L.

use super::ValueWithError;
use crate::artifact::Error;
use crate::dataset::averages::Quantity;
use crate::dataset::ensemble::{Part, Pool};
use crate::dataset::histograms::Histograms;
use crate::dataset::scaling_table::Read;
use crate::record::{Curve, Figure, Panel, Style};
use rgflow::lattice::Geometry;
use rgflow::reweighting::{State, blocks, estimate};
use rgflow::scaling::{
    Collapse, Correction, Master, Point, PowerLaw, collapse, crossing, distance, power_law, power_law_at, spread,
};
use rgflow::statistics::Estimate;
use serde::{Serialize, Serializer};
use serde_json::json;

/// Number of temperatures at which the curves of two sizes are compared.
const GRID: usize = 41;

/// Results of finite-size scaling, as `rgflow rg collapse` prints them.
#[derive(Debug, Serialize)]
pub struct FiniteSize {
    /// Symbol of the collapsed quantity.
    pub of: String,
    /// Number of jackknife blocks; `None` for a table, whose errors are given.
    pub n_blocks: Option<usize>,
    /// Readings of a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<Read>,
    /// Of a table without errors: every error is taken as this times L^a, which makes chi2/dof 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumed_error: Option<f64>,
    /// Critical temperature in J/k_B.
    pub t_c: Fitted,
    /// Exponent of the correlation length.
    pub nu: Fitted,
    /// Exponent a of y ~ L^a at T_c.
    pub a: Fitted,
    /// Number of fits with other windows, degrees and corrections.
    pub other_fits: usize,
    /// Number of such choices that gave no fit.
    pub other_fits_failed: usize,
    /// Sum of squared residuals in units of their errors.
    pub chi2: f64,
    /// Degrees of freedom: points minus parameters.
    pub dof: usize,
    /// Whether chi^2 rises only slowly in some direction.
    pub flat: bool,
    /// Coefficients of the curve, the constant first, then those of the correction.
    pub coefficients: Vec<f64>,
    /// Exponent of the correction, where there is one.
    pub omega: Option<f64>,
    /// Crossings of U4 for neighbouring sizes.
    pub crossings: Vec<Crossing>,
    /// Exponents of |m| and chi; none for a table, which holds one quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power_laws: Option<PowerLaws>,
    /// Data points of the fit.
    pub points: Vec<DataPoint>,
}

/// A fitted parameter.
#[derive(Debug, Serialize)]
pub struct Fitted {
    /// Value with its total error, statistical and systematic.
    #[serde(flatten)]
    pub total: ValueWithError,
    /// Statistical error.
    pub statistical: f64,
    /// Half the range over all fits; `None` where no other choice gives a fit.
    pub spread: Option<f64>,
}

/// Crossing of the curves of two sizes.
#[derive(Debug, Serialize)]
pub struct Crossing {
    /// The two sizes L.
    pub sizes: [usize; 2],
    /// Temperature in J/k_B, or why there is none.
    #[serde(flatten, serialize_with = "temperature")]
    pub temperature: Result<ValueWithError, String>,
}

/// Exponents of powers of L, or why there are none.
#[derive(Debug, Serialize)]
pub struct PowerLaws {
    /// Temperature at which the exponents are determined.
    pub temperature: f64,
    /// |m| ~ L^a.
    #[serde(serialize_with = "law")]
    pub abs_m: Result<PowerLaw, String>,
    /// chi ~ L^a.
    #[serde(serialize_with = "law")]
    pub chi: Result<PowerLaw, String>,
}

/// A data point of the collapse.
#[derive(Debug, Serialize)]
pub struct DataPoint {
    /// L in sites.
    pub size: usize,
    /// T in J/k_B.
    pub temperature: f64,
    /// Value of the quantity.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    /// t L^{1/nu}.
    pub x: f64,
}

fn temperature<S: Serializer>(found: &Result<ValueWithError, String>, to: S) -> Result<S::Ok, S::Error> {
    match found {
        Ok(t) => json!({ "temperature": t }),
        Err(why) => json!({ "temperature": null, "why": why }),
    }
    .serialize(to)
}

fn law<S: Serializer>(found: &Result<PowerLaw, String>, to: S) -> Result<S::Ok, S::Error> {
    match found {
        Ok(law) => json!({ "a": ValueWithError::from(law.a), "chi2": law.chi2, "dof": law.dof }),
        Err(why) => json!({ "a": null, "why": why }),
    }
    .serialize(to)
}

/// Exponent a on the square lattice.
pub fn exponent(of: Quantity) -> f64 {
    match of {
        Quantity::AbsM => -0.125,
        Quantity::Susceptibility => 1.75,
        _ => 0.0,
    }
}

/// The samples of one size.
struct Sized<'a> {
    size: usize,
    pool: &'a Pool,
    /// Series of all temperatures in the window combined, or why that failed.
    all: Result<Histograms, String>,
}

impl FiniteSize {
    /// Analyses samples of several sizes of the square lattice, read from `files`. Power laws are evaluated at `t_c`,
    /// or else at the fitted T_c.
    ///
    /// # Errors
    /// Other lattices or fields, fewer than two sizes with samples in the window, samples that are too short, and those
    /// of [`collapse`].
    pub fn new(pools: Vec<Pool>, of: Quantity, master: &Master, t_c: Option<f64>, files: &str) -> Result<Self, Error> {
        let sizes = in_window(pools, master, files)?;
        // All points use the same number of blocks.
        let own = sizes.iter().map(|(_, pool)| blocks(&pool.series(false)).map_err(|e| pool.explain(&e)));
        let n_blocks = own.collect::<Result<Vec<_>, _>>()?.into_iter().min().unwrap_or(0);
        let point = |size: usize, pool: &Pool, part: &Part| {
            let (beta, n) = (part.temperature.beta(), (size * size) as f64);
            let seen = pool.alone(part, n_blocks).map_err(|e| pool.explain(&e))?;
            Ok(Point { size, t: part.temperature.value(), values: seen.map(|m| of.of(m, beta, n)) })
        };
        let points = sizes.iter().flat_map(|(size, pool)| pool.parts.iter().map(move |part| point(*size, pool, part)));
        let points = points.collect::<Result<Vec<Point>, Error>>()?;
        let (mut found, fit) = Self::fitted(of.symbol().to_owned(), &points, master, files)?;
        let all = |pool: &Pool| Histograms::new(pool, false, n_blocks).map_err(|e| pool.explain(&e).to_string());
        let by_size: Vec<Sized> =
            sizes.iter().map(|(size, pool)| Sized { size: *size, pool, all: all(pool) }).collect();
        // A fitted T_c has an error of its own.
        let at = t_c.map_or((fit.t_c.value, found.t_c.total.error), |t| (t, 0.0));
        let lengths: Vec<usize> = sizes.iter().map(|(size, _)| *size).collect();
        let law = |of: Quantity| {
            power_law_at(at.0, at.1, |t| {
                let all = by_size.iter().map(|s| s.read(t, of)).collect::<Result<Vec<_>, String>>()?;
                let correction = master.omega.map_or(Correction::None, Correction::Fixed);
                power_law(&lengths, &all, correction).map_err(|e| e.to_string())
            })
        };
        let crossing_between = |two: &[Sized]| Crossing {
            sizes: [two[0].size, two[1].size],
            temperature: crossing_of(&two[0], &two[1], &fit),
        };
        found.n_blocks = Some(n_blocks);
        found.crossings = by_size.windows(2).map(crossing_between).collect();
        found.power_laws =
            Some(PowerLaws { temperature: at.0, abs_m: law(Quantity::AbsM), chi: law(Quantity::Susceptibility) });
        Ok(found)
    }

    /// The fit of `points` of the quantity `of` alone.
    ///
    /// # Errors
    /// Those of [`collapse`].
    pub(super) fn fitted(
        of: String,
        points: &[Point],
        master: &Master,
        files: &str,
    ) -> Result<(Self, Collapse), Error> {
        let fit = collapse(points, master).map_err(|e| Error::user(format!("{files}: {e}")))?;
        let spread = spread(points, master, &fit);
        let fitted = |total: Estimate, statistical: Estimate, over_fits: f64| Fitted {
            total: total.into(),
            statistical: statistical.error,
            spread: (spread.fits > 0).then_some(over_fits),
        };
        let [t_c, nu, a] = spread.total(&fit);
        let data = |p: &Point| DataPoint {
            size: p.size,
            temperature: p.t,
            value: p.values[0],
            error: estimate(&p.values).error,
            x: fit.x(p.size, p.t),
        };
        let found = Self {
            of,
            n_blocks: None,
            read: None,
            assumed_error: None,
            t_c: fitted(t_c, fit.t_c, spread.t_c),
            nu: fitted(nu, fit.nu, spread.nu),
            a: fitted(a, fit.a, spread.a),
            other_fits: spread.fits,
            other_fits_failed: spread.failed,
            chi2: fit.chi2,
            dof: fit.dof,
            flat: fit.flat,
            crossings: Vec::new(),
            power_laws: None,
            points: points.iter().map(data).collect(),
            coefficients: fit.coefficients.clone(),
            omega: master.omega,
        };
        Ok((found, fit))
    }

    /// Sizes in the fit.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<usize> = self.points.iter().map(|p| p.size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// Figure with the raw data over T and the collapsed data.
    pub fn figure(&self, master: &Master) -> Figure {
        let raw = |size: usize| {
            let mut own: Vec<&DataPoint> = self.points.iter().filter(|p| p.size == size).collect();
            own.sort_by(|a, b| a.temperature.total_cmp(&b.temperature));
            let column = |of: fn(&DataPoint) -> f64| own.iter().map(|p| of(p)).collect::<Vec<f64>>();
            Curve {
                error: column(|p| p.error),
                ..Curve::new(format!("L = {size}"), column(|p| p.temperature), column(|p| p.value))
            }
            .style(Style::LinePoints)
        };
        let scales = [&self.t_c, &self.nu, &self.a].map(|fitted| fitted.total.value);
        let on_one_curve = |size: usize| {
            let mut curve = collapsed(raw(size), size, scales);
            let points = curve.x.iter().zip(&mut curve.y);
            points.for_each(|(x, y)| *y -= master.correction(&self.coefficients, size, *x));
            curve
        };
        let (low, high) =
            self.points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| (l.min(p.x), h.max(p.x)));
        let grid: Vec<f64> = (0..=100).map(|i| low + (high - low) * f64::from(i) / 100.0).collect();
        let f: Vec<f64> = grid.iter().map(|x| master.curve(&self.coefficients, *x)).collect();
        let fit = Curve::new("fit", grid, f).style(Style::Dashed);
        let scaled = if master.fit_a { format!("{} L^({:.3})", self.of, -scales[2]) } else { self.of.clone() };
        let scaled = if self.omega.is_some() { format!("{scaled}, without correction") } else { scaled };
        let (t_c, nu) = (self.t_c.total, self.nu.total);
        let fitted = format!("T_c = {t_c}, nu = {nu}, chi2/dof = {:.1}/{}", self.chi2, self.dof);
        let alt = format!("{} of several sizes over temperature, and collapsed on one curve: {fitted}.", self.of);
        let sizes = self.sizes();
        Figure::new(
            "collapse",
            if self.read.is_some() { self.of.clone() } else { format!("{} of square lattices", self.of) },
        )
        .caption("", alt)
        .panels([
            Panel::curves("as sampled", "T (J/k_B)", self.of.as_str(), sizes.iter().map(|l| raw(*l))),
            Panel::curves(
                fitted,
                "t L^(1/nu), t = T_c (1 - T_c/T)",
                scaled.as_str(),
                std::iter::once(fit).chain(sizes.iter().map(|l| on_one_curve(*l))),
            ),
        ])
    }
}

/// Rescales a `curve` over T for one size to y L^{-a} over t L^{1/nu}, given T_c, nu and a.
pub fn collapsed(mut curve: Curve, size: usize, [t_c, nu, a]: [f64; 3]) -> Curve {
    let power = |a: f64| libm::pow(size as f64, a);
    curve.x.iter_mut().for_each(|t| *t = distance(*t, t_c) * power(1.0 / nu));
    curve.y.iter_mut().chain(&mut curve.error).for_each(|y| *y *= power(-a));
    curve.style(Style::Points)
}

/// Sizes with samples in the window, with these samples; at least two.
fn in_window(pools: Vec<Pool>, master: &Master, files: &str) -> Result<Vec<(usize, Pool)>, Error> {
    let mut sizes = pools.into_iter().map(|pool| Ok((side(&pool)?, pool))).collect::<Result<Vec<_>, Error>>()?;
    let all: Vec<String> = sizes.iter().map(|(size, _)| size.to_string()).collect();
    for (size, pool) in &mut sizes {
        pool.parts.retain(|p| master.holds(*size, p.temperature.value()));
    }
    sizes.retain(|(_, pool)| !pool.parts.is_empty());
    if sizes.len() >= 2 {
        return Ok(sizes);
    }
    Err(Error::user(match all.as_slice() {
        [only] => format!("{files}: all of L = {only}; give files of several sizes"),
        all => format!(
            "{files}: only {} of the sizes L = {} have temperatures with |T - T_c| L^(1/nu) <= {} (T_c = {:.4}); \
             sample nearer to T_c, or give a wider --window",
            sizes.len(),
            all.join(", "),
            master.window,
            master.start[0]
        ),
    }))
}

/// Side L of a square lattice without a field.
fn side(pool: &Pool) -> Result<usize, Error> {
    let wrong = |p: &Part, what: String| Error::user(format!("{}: {what}", p.path.display()));
    if let Some(p) = pool.parts.iter().find(|p| p.field != 0.0) {
        return Err(wrong(
            p,
            format!("was sampled in the field h = {}, where nothing is critical; sample without --field", p.field),
        ));
    }
    match &pool.lattice {
        Geometry::Square(s) if s.lx() == s.ly() => Ok(s.lx()),
        other => Err(wrong(&pool.parts[0], format!("is of the lattice {other}; collapse reads square lattices L x L"))),
    }
}

/// Crossing of U4 near the fitted T_c: |T - T_c| L^{1/nu} <= 1 for the smaller lattice, where both have samples.
fn crossing_of(small: &Sized, large: &Sized, fit: &Collapse) -> Result<ValueWithError, String> {
    let half = (small.size as f64).powf(-1.0 / fit.nu.value);
    let ((a, b), (c, d)) = (small.range(), large.range());
    let (low, high) = (a.max(c).max(fit.t_c.value - half), b.min(d).min(fit.t_c.value + half));
    if low >= high {
        return Err("no range of temperatures about T_c is common to both; sample both on either side of it".into());
    }
    let grid: Vec<f64> = (0..GRID).map(|i| low + (high - low) * i as f64 / (GRID - 1) as f64).collect();
    let curve = |s: &Sized| grid.iter().map(|t| s.read(*t, Quantity::Binder)).collect::<Result<Vec<_>, _>>();
    crossing(&grid, &curve(small)?, &curve(large)?).map(ValueWithError::from).map_err(|e| e.to_string())
}

impl Sized<'_> {
    /// A quantity at T from all samples, then with each block left out.
    fn read(&self, t: f64, quantity: Quantity) -> Result<Vec<f64>, String> {
        let all = self.all.as_ref().map_err(String::clone)?;
        let (_, seen) = all.read(State::at(1.0 / t)).map_err(|e| e.to_string())?;
        Ok(seen.map(|m| quantity.of(m, 1.0 / t, (self.size * self.size) as f64)))
    }

    /// Lowest and highest temperature of the samples.
    fn range(&self) -> (f64, f64) {
        let t = || self.pool.parts.iter().map(|p| p.temperature.value());
        (t().fold(f64::INFINITY, f64::min), t().fold(0.0, f64::max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_scaled_as_its_formula_says() {
        // t = 2 (1 - 2/4) = 1 and L = 4: x = 4^{1/2}, y 4^{1.5}.
        let raw = Curve { error: vec![0.5], ..Curve::new("L = 4", [4.0], [3.0]) };
        let seen = collapsed(raw, 4, [2.0, 2.0, -1.5]);
        assert_eq!((seen.x, seen.y, seen.error, seen.style), (vec![2.0], vec![24.0], vec![4.0], Style::Points));
    }
}
