//! `rgflow rg collapse`: T_c, nu and exponents from samples of several sizes of the square lattice (finite-size scaling).

use super::{check_plot, draw, number, show};
use crate::commands::work::start_threads;
use crate::output;
use rgflow::lattice::{Geometry, Temperature};
use rgflow::rg::multi_histogram::{State, blocks, estimate};
use rgflow::rg::scaling::{self, Correction, Master, Point, PowerLaw, Spread};
use rgflow::statistics::Estimate;
use rgflow_lab::artifact::Error;
use rgflow_lab::dataset::averages::Quantity;
use rgflow_lab::dataset::ensemble::{Coupled, Part, Pool, pools};
use rgflow_lab::dataset::histograms::Histograms;
use rgflow_lab::record::{Axis, Curve, Figure, Panel, Style};
use rgflow_lab::report::format::significant;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Temperatures at which curves of two sizes are compared.
const GRID: usize = 41;

/// What is said where nothing but the one fit exists.
const NO_SPREAD: &str = "unknown. No other window, degree or correction gives a fit, so nothing shows that this one can be trusted, and the true values may \
                         be many errors away; more sizes, more configurations or more temperatures near T_c";

/// A quantity that is collapsed.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Of {
    /// U4 = 1 - <m^4>/(3 <m^2>^2): a = 0.
    Binder,
    /// <|m|>: a = -beta/nu.
    #[value(name = "abs_m")]
    AbsM,
    /// chi = N (<m^2> - <|m|>^2)/T: a = gamma/nu.
    Chi,
}

impl Of {
    fn quantity(self) -> Quantity {
        match self {
            Self::Binder => Quantity::Binder,
            Self::AbsM => Quantity::AbsM,
            Self::Chi => Quantity::Susceptibility,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Binder => "U4",
            Self::AbsM => "|m|",
            Self::Chi => "chi",
        }
    }

    /// Where the fit of a starts: the exponent of the square lattice.
    fn exponent(self) -> f64 {
        match self {
            Self::Binder => 0.0,
            Self::AbsM => -0.125,
            Self::Chi => 1.75,
        }
    }
}

#[derive(clap::Args)]
pub struct Collapse {
    /// Samples of square lattices of several sizes, at several temperatures each: .npz as `rgflow sample` writes them.
    #[arg(value_name = "FILE.npz")]
    files: Vec<PathBuf>,
    /// What is collapsed.
    #[arg(long, value_enum, default_value_t = Of::Binder)]
    of: Of,
    /// T_c from which the fit starts, and at which power laws are read [default: the exact one, and that of the fit].
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    tc: Option<f64>,
    /// nu from which the fit starts.
    #[arg(long, value_name = "NU", default_value_t = 1.0, allow_hyphen_values = true)]
    nu: f64,
    /// Temperatures with |t| L^{1/nu} up to this, by the start; t = T_c (1 - T_c/T).
    #[arg(long, value_name = "X", default_value_t = 2.0, allow_hyphen_values = true)]
    window: f64,
    /// Degree of the polynomial on which all data lie.
    #[arg(long, value_name = "N", default_value_t = 3)]
    degree: u8,
    /// Corrections to scaling of order L^{-omega}, with the omega given.
    #[arg(long, value_name = "OMEGA", allow_hyphen_values = true)]
    omega: Option<f64>,
    /// Draws the data as they are, and collapsed.
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Replaces the picture if it exists.
    #[arg(long, requires = "plot")]
    force: bool,
    /// Number of threads [default: all cores]; results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    threads: Option<u16>,
    /// Prints JSON with all digits.
    #[arg(long)]
    json: bool,
}

/// The samples of one size.
struct Sized<'a> {
    size: usize,
    pool: &'a Pool,
    /// The temperatures of the window as one, or why not.
    all: Result<Histograms, String>,
}

/// A result, or why there is none.
type Found<T> = Result<T, String>;

/// Errors of a collapse: T_c, nu and a with all of them, and what the choice of window, degree and omega is part of.
struct Errors {
    total: [Estimate; 3],
    spread: Spread,
}

/// What comes beside the collapse.
struct Beside {
    /// Crossings of U4 of neighbouring sizes.
    crossings: Vec<([usize; 2], Found<Estimate>)>,
    /// Where the power laws are read.
    t: f64,
    /// Those of |m| and chi.
    laws: Vec<(Of, Found<PowerLaw>)>,
}

/// All that is printed.
struct Results {
    points: Vec<Point>,
    seen: scaling::Collapse,
    errors: Errors,
    beside: Beside,
    n_blocks: usize,
}

impl Collapse {
    pub fn execute(self) -> Result<(), Error> {
        check_plot(self.plot.as_ref(), self.force)?;
        self.check()?;
        if self.files.is_empty() {
            return Err(Error::user(
                "rgflow rg collapse: give files of several sizes, as in `rgflow rg collapse L8.npz L16.npz`; \
                 `rgflow run finite-size-scaling` draws its own samples, L = 8 to 128, and reads them by networks too",
            ));
        }
        start_threads(self.threads)?;
        let found = pools(&self.files, &Coupled::M)?;
        found.iter().flat_map(|pool| &pool.notes).for_each(|note| output::complain(note));
        let start = [self.tc.unwrap_or(Temperature::CRITICAL.value()), self.nu, self.of.exponent()];
        let inside = |size: usize, p: &Part| {
            (scaling::distance(p.temperature.value(), start[0]) * (size as f64).powf(1.0 / self.nu)).abs()
                <= self.window
        };
        let mut sizes: Vec<(usize, Pool)> = Vec::new();
        for mut pool in found {
            let size = side(&pool)?;
            pool.parts.retain(|p| inside(size, p));
            sizes.push((size, pool));
        }
        self.enough(&sizes, start[0])?;
        sizes.retain(|(_, pool)| !pool.parts.is_empty());
        // As many blocks at every point.
        let own = sizes.iter().map(|(_, pool)| blocks(&pool.series(false)).map_err(|e| pool.explain(&e)));
        let n_blocks = own.collect::<Result<Vec<_>, _>>()?.into_iter().min().unwrap_or(0);
        let points = self.points(&sizes, n_blocks)?;
        let master = Master {
            degree: self.degree.into(),
            window: self.window,
            start,
            fit_a: self.of != Of::Binder,
            omega: self.omega,
        };
        let wrong = |e: scaling::ScalingError| Error::user(format!("{}: {e}", self.names()));
        let seen = scaling::collapse(&points, &master).map_err(wrong)?;
        let by_size: Vec<Sized> = sizes
            .iter()
            .map(|(size, pool)| {
                let all = Histograms::new(pool, false, n_blocks).map_err(|e| pool.explain(&e).to_string());
                Sized { size: *size, pool, all }
            })
            .collect();
        let spread = scaling::spread(&points, &master, &seen);
        let errors = Errors { total: spread.total(&seen), spread };
        let beside = self.beside(&by_size, &seen, errors.total[0].error);
        if let Some(path) = &self.plot {
            draw(path, &self.figure(&points, &seen, &errors))?;
        }
        let results = Results { points, seen, errors, beside, n_blocks };
        if self.json {
            // A program may read the error alone.
            if results.errors.spread.fits == 0 {
                output::complain(&format!("{}: the spread is {NO_SPREAD}", self.names()));
            }
            return output::print_json(&self.as_json(&results));
        }
        output::print(&self.text(&results))?;
        self.plot.as_ref().map_or(Ok(()), |path| output::print(&format!("{}\n", path.display())))
    }

    fn check(&self) -> Result<(), Error> {
        let positive = [("tc", self.tc), ("nu", Some(self.nu)), ("window", Some(self.window)), ("omega", self.omega)];
        for (name, value) in positive {
            if let Some(v) = value.filter(|v| !(*v > 0.0 && v.is_finite())) {
                return Err(Error::user(format!("--{name} {v}: must be a finite number above 0")));
            }
        }
        if self.degree == 0 {
            return Err(Error::user("--degree 0: a constant says nothing of T_c; give 1 or more"));
        }
        Ok(())
    }

    fn names(&self) -> String {
        self.files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    }

    /// Refuses less than two sizes with points in the window.
    fn enough(&self, sizes: &[(usize, Pool)], t_c: f64) -> Result<(), Error> {
        let used = sizes.iter().filter(|(_, pool)| !pool.parts.is_empty()).count();
        if used >= 2 {
            return Ok(());
        }
        let all: Vec<String> = sizes.iter().map(|(size, _)| size.to_string()).collect();
        Err(Error::user(if sizes.len() < 2 {
            format!("{}: all of L = {}; give files of several sizes", self.names(), all.join(", "))
        } else {
            format!(
                "{}: only {used} of the sizes L = {} have temperatures with |T - T_c| L^(1/nu) <= {} (T_c = {t_c:.4}); sample nearer to T_c, \
                 or give a wider --window",
                self.names(),
                all.join(", "),
                self.window
            )
        }))
    }

    fn points(&self, sizes: &[(usize, Pool)], n_blocks: usize) -> Result<Vec<Point>, Error> {
        let one = |size: usize, pool: &Pool, part: &Part| {
            let (beta, n) = (part.temperature.beta(), (size * size) as f64);
            let seen = pool.alone(part, n_blocks).map_err(|e| pool.explain(&e))?;
            let values = seen.map(|m| self.of.quantity().of(m, beta, n));
            Ok(Point { size, t: part.temperature.value(), values })
        };
        sizes.iter().flat_map(|(size, pool)| pool.parts.iter().map(move |part| one(*size, pool, part))).collect()
    }

    fn beside(&self, sizes: &[Sized], seen: &scaling::Collapse, error: f64) -> Beside {
        let pairs = sizes.windows(2).map(|two| ([two[0].size, two[1].size], crossing(&two[0], &two[1], seen)));
        let t = self.tc.unwrap_or(seen.t_c.value);
        // T_c of the fit has an error of its own.
        let dt = if self.tc.is_some() { 0.0 } else { error };
        let correction = self.omega.map_or(Correction::None, Correction::Fixed);
        let law = |of: Of| -> Found<PowerLaw> {
            let at = |t: f64| -> Found<PowerLaw> {
                let all = sizes.iter().map(|s| s.read(t, of.quantity())).collect::<Result<Vec<_>, _>>()?;
                let lengths: Vec<usize> = sizes.iter().map(|s| s.size).collect();
                scaling::power_law(&lengths, &all, correction).map_err(|e| e.to_string())
            };
            let mut law = at(t)?;
            if dt > 0.0 {
                law.a.error = law.a.error.hypot(0.5 * (at(t + dt)?.a.value - at(t - dt)?.a.value));
            }
            Ok(law)
        };
        Beside { crossings: pairs.collect(), t, laws: [Of::AbsM, Of::Chi].map(|of| (of, law(of))).into() }
    }

    fn as_json(&self, Results { points, seen, errors, beside, n_blocks }: &Results) -> Value {
        let fitted = |k: usize, statistical: Estimate, spread: f64| {
            let mut value = number(errors.total[k]);
            (value["statistical"], value["spread"]) =
                (json!(statistical.error), json!((errors.spread.fits > 0).then_some(spread)));
            value
        };
        let own = &errors.spread;
        let crossing = |(sizes, found): &([usize; 2], Found<Estimate>)| match found {
            Ok(t) => json!({ "sizes": sizes, "temperature": number(*t) }),
            Err(why) => json!({ "sizes": sizes, "temperature": null, "why": why }),
        };
        let mut laws = json!({ "temperature": beside.t });
        for (of, found) in &beside.laws {
            let key = if *of == Of::AbsM { "abs_m" } else { "chi" };
            laws[key] = match found {
                Ok(law) => json!({ "a": number(law.a), "chi2": law.chi2, "dof": law.dof }),
                Err(why) => json!({ "a": null, "why": why }),
            };
        }
        let point = |p: &Point| {
            let e = estimate(&p.values);
            json!({ "size": p.size, "temperature": p.t, "value": p.values[0], "error": e.error, "x": seen.x(p.size, p.t) })
        };
        json!({
            "of": self.of.name(), "n_blocks": n_blocks, "t_c": fitted(0, seen.t_c, own.t_c),
            "nu": fitted(1, seen.nu, own.nu), "a": fitted(2, seen.a, own.a), "other_fits": own.fits, "other_fits_failed": own.failed,
            "chi2": seen.chi2, "dof": seen.dof, "flat": seen.flat, "coefficients": seen.coefficients, "omega": self.omega,
            "crossings": beside.crossings.iter().map(crossing).collect::<Vec<_>>(), "power_laws": laws,
            "points": points.iter().map(point).collect::<Vec<_>>(),
        })
    }

    fn text(&self, Results { points, seen, errors, beside, n_blocks }: &Results) -> String {
        let mut sizes: Vec<String> = points.iter().map(|p| p.size.to_string()).collect();
        sizes.dedup();
        let correction = self.omega.map_or(String::new(), |w| format!(", corrections L^-{w}"));
        let mut text = format!(
            "Collapse of {}: square lattices L = {}, {} points, polynomial of degree {}{correction}, {n_blocks} blocks\n",
            self.of.name(),
            sizes.join(", "),
            points.len(),
            self.degree
        );
        let dof = |chi2: f64, dof: usize| format!("{chi2:.1}/{dof}");
        let row = |name: String, k: usize, statistical: Estimate, spread: f64| {
            vec![
                name,
                show(errors.total[k]),
                significant(statistical.error, 2),
                if errors.spread.fits > 0 { significant(spread, 2) } else { "-".into() },
            ]
        };
        let own = &errors.spread;
        let mut rows = vec![["", "value", "statistical", "spread"].map(String::from).to_vec()];
        rows.push(row("T_c".into(), 0, seen.t_c, own.t_c));
        rows.push(row("nu".into(), 1, seen.nu, own.nu));
        if self.of != Of::Binder {
            rows.push(row(format!("a of {}", self.of.name()), 2, seen.a, own.a));
        }
        rows.push(vec!["chi2/dof".into(), dof(seen.chi2, seen.dof)]);
        text += &output::columns(&rows);
        let failed = if own.failed > 0 { format!(" ({} more have no fit)", own.failed) } else { String::new() };
        if own.fits == 0 {
            text += &format!("Spread: {NO_SPREAD}\n");
        } else {
            text += &format!(
                "Spread: over {} fits with narrower windows, other degrees and corrections{failed}; errors in brackets have both\n",
                own.fits
            );
        }
        if seen.dof > 0 && seen.chi2 > 2.0 * seen.dof as f64 {
            text += "chi2/dof is above 2: one curve does not describe the data, and errors are widened; larger sizes, a narrower --window, a higher \
                     --degree or --omega\n";
        }
        if seen.flat {
            text += "The valley of the fit is flat or lopsided: the data tell little, and values beyond two errors may fit nearly as well; more sizes, more \
                     configurations, a lower --degree or no --omega\n";
        }
        text += "\nU4 of neighbouring sizes crosses at\n";
        for ([small, large], found) in &beside.crossings {
            text += &format!(
                "L = {small}, {large}: {}\n",
                found.as_ref().map_or_else(|why| format!("none: {why}"), |t| format!("T = {}", show(*t)))
            );
        }
        text += &format!("\nPower laws at T = {:.5}{correction}\n", beside.t);
        for (of, found) in &beside.laws {
            let line = match found {
                Ok(law) => {
                    format!("a = {}, chi2/dof = {} (exact: {})", show(law.a), dof(law.chi2, law.dof), of.exponent())
                }
                Err(why) => format!("none: {why}"),
            };
            text += &format!("{} ~ L^a: {line}\n", of.name());
        }
        text
    }

    /// The data over T, and on one curve.
    fn figure(&self, points: &[Point], seen: &scaling::Collapse, errors: &Errors) -> Figure {
        let mut sizes: Vec<usize> = points.iter().map(|p| p.size).collect();
        sizes.dedup();
        let degree = usize::from(self.degree);
        // What the correction adds at x.
        let correction = |size: usize, x: f64| match self.omega {
            Some(w) => (size as f64).powf(-w) * (seen.coefficients[degree + 1] + seen.coefficients[degree + 2] * x),
            None => 0.0,
        };
        let curve = |size: usize, collapsed: bool| {
            let mut own: Vec<&Point> = points.iter().filter(|p| p.size == size).collect();
            own.sort_by(|a, b| a.t.total_cmp(&b.t));
            let scale = if collapsed { (size as f64).powf(-seen.a.value) } else { 1.0 };
            let x = |p: &&Point| if collapsed { seen.x(p.size, p.t) } else { p.t };
            let y = |p: &&Point| p.values[0] * scale - if collapsed { correction(size, x(p)) } else { 0.0 };
            Curve {
                label: format!("L = {size}"),
                x: own.iter().map(x).collect(),
                y: own.iter().map(y).collect(),
                error: own.iter().map(|p| scale * estimate(&p.values).error).collect(),
                style: if collapsed { Style::Points } else { Style::LinePoints },
                colour: None,
            }
        };
        let xs: Vec<f64> = points.iter().map(|p| seen.x(p.size, p.t)).collect();
        let (low, high) = xs.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
        let grid: Vec<f64> = (0..=100).map(|i| low + (high - low) * f64::from(i) / 100.0).collect();
        let f = |x: &f64| seen.coefficients[..=degree].iter().rev().fold(0.0, |sum, c| sum * x + c);
        let fit = Curve {
            label: "fit".into(),
            y: grid.iter().map(f).collect(),
            x: grid,
            style: Style::Dashed,
            ..Curve::default()
        };
        let axis = |label: String| Axis { label, ..Axis::default() };
        let name = self.of.name();
        let scaled = if self.of == Of::Binder { name.to_string() } else { format!("{name} L^({:.3})", -seen.a.value) };
        let scaled = if self.omega.is_some() { format!("{scaled}, without correction") } else { scaled };
        let panel = |title: String, x: &str, y: String, curves: Vec<Curve>| Panel::Curves {
            title,
            x: axis(x.into()),
            y: axis(y),
            curves,
        };
        let fitted = {
            let [t_c, nu, _] = errors.total.map(show);
            format!("T_c = {t_c}, nu = {nu}, chi2/dof = {:.1}/{}", seen.chi2, seen.dof)
        };
        Figure {
            id: "collapse".into(),
            title: format!("{name} of square lattices"),
            caption: String::new(),
            alt: format!("{name} of several sizes over temperature, and collapsed on one curve: {fitted}."),
            panels: vec![
                panel("as sampled".into(), "T (J/k_B)", name.into(), sizes.iter().map(|l| curve(*l, false)).collect()),
                panel(
                    fitted,
                    "t L^(1/nu), t = T_c (1 - T_c/T)",
                    scaled,
                    std::iter::once(fit).chain(sizes.iter().map(|l| curve(*l, true))).collect(),
                ),
            ],
        }
    }
}

impl Sized<'_> {
    /// A quantity at T and without each block.
    fn read(&self, t: f64, quantity: Quantity) -> Found<Vec<f64>> {
        let all = self.all.as_ref().map_err(String::clone)?;
        let (_, seen) = all.read(State::at(1.0 / t)).map_err(|e| e.to_string())?;
        Ok(seen.map(|m| quantity.of(m, 1.0 / t, (self.size * self.size) as f64)))
    }
}

/// Where U4 of two sizes crosses, near T_c as it was fitted: |T - T_c| L^{1/nu} <= 1 of the smaller one, where both have samples.
fn crossing(small: &Sized, large: &Sized, seen: &scaling::Collapse) -> Found<Estimate> {
    let range = |s: &Sized| {
        let t = || s.pool.parts.iter().map(|p| p.temperature.value());
        (t().fold(f64::INFINITY, f64::min), t().fold(0.0, f64::max))
    };
    let half = (small.size as f64).powf(-1.0 / seen.nu.value);
    let ((a, b), (c, d)) = (range(small), range(large));
    let (low, high) = (a.max(c).max(seen.t_c.value - half), b.min(d).min(seen.t_c.value + half));
    if low >= high {
        return Err("no range of temperatures about T_c is common to both; sample both on either side of it".into());
    }
    let grid: Vec<f64> = (0..GRID).map(|i| low + (high - low) * i as f64 / (GRID - 1) as f64).collect();
    // Replicas of curves from curves of replicas.
    let curves = |s: &Sized| -> Found<Vec<Vec<f64>>> {
        let columns = grid.iter().map(|t| s.read(*t, Quantity::Binder)).collect::<Result<Vec<_>, _>>()?;
        Ok((0..columns[0].len()).map(|row| columns.iter().map(|c| c[row]).collect()).collect())
    };
    scaling::crossing(&grid, &curves(small)?, &curves(large)?).map_err(|e| e.to_string())
}

/// L of a square lattice without field.
fn side(pool: &Pool) -> Result<usize, Error> {
    let wrong = |p: &Part, what: String| Error::user(format!("{}: {what}", p.path.display()));
    let first = &pool.parts[0];
    if let Some(p) = pool.parts.iter().find(|p| p.field != 0.0) {
        return Err(wrong(
            p,
            format!("was sampled in the field h = {}, where nothing is critical; sample without --field", p.field),
        ));
    }
    match &pool.lattice {
        Geometry::Square(s) if s.lx() == s.ly() => Ok(s.lx()),
        other => Err(wrong(first, format!("is of the lattice {other}; collapse reads square lattices L x L"))),
    }
}
