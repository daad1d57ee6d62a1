//! `rgflow rg collapse`: T_c, nu and exponents from samples of several sizes of the square lattice (finite-size
//! scaling).

use super::{check_plot, draw};
use crate::commands::run_flags::start_threads;
use crate::output;
use rgflow::lattice::Temperature;
use rgflow::scaling::{Master, PowerLaw};
use rgflow_lab::analysis::finite_size::{Crossing, FiniteSize, Fitted, exponent};
use rgflow_lab::analysis::{TableFit, ValueWithError};
use rgflow_lab::artifact::Error;
use rgflow_lab::dataset::averages::Quantity;
use rgflow_lab::dataset::ensemble::{Coupled, pools};
use rgflow_lab::dataset::scaling_table::{Asked, is_table, read};
use rgflow_lab::record::format::significant;
use serde_json::json;
use std::path::PathBuf;

/// Error text where no second fit exists to compare with.
const NO_SPREAD: &str = "unknown. No other window, degree or correction gives a fit, so nothing shows that this one \
    can be trusted, and the true values may be many errors away; more sizes, more configurations or more temperatures \
    near T_c";

/// Default of --window for samples.
const WINDOW: f64 = 2.0;

/// A quantity that is collapsed.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Observable {
    /// U4 = 1 - <m^4>/(3 <m^2>^2): a = 0.
    Binder,
    /// <|m|>: a = -beta/nu.
    #[value(name = "abs_m")]
    AbsM,
    /// chi = N (<m^2> - <|m|>^2)/T: a = gamma/nu.
    Chi,
}

impl From<Observable> for Quantity {
    fn from(of: Observable) -> Self {
        match of {
            Observable::Binder => Self::Binder,
            Observable::AbsM => Self::AbsM,
            Observable::Chi => Self::Susceptibility,
        }
    }
}

#[derive(clap::Args)]
#[command(next_help_heading = "Analysis")]
pub struct Collapse {
    /// Samples of square lattices of several sizes, .npz as `rgflow sample` writes them, or tables with columns of L,
    /// T, a quantity and its error (text, .npy, .npz) [required].
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The observable that is collapsed [default: binder; of a table what its column is called].
    #[arg(long, value_enum)]
    of: Option<Observable>,
    /// Column of L in a table [default: L, size and similar names].
    #[arg(long, value_name = "COLUMN")]
    size: Option<String>,
    /// Column of T in a table [default: T, temperature and similar names].
    #[arg(long, value_name = "COLUMN")]
    temperatures: Option<String>,
    /// Column of 1/T in a table [default: beta].
    #[arg(long, value_name = "COLUMN")]
    beta: Option<String>,
    /// Column of the quantity in a table [default: the only one left].
    #[arg(long, value_name = "COLUMN")]
    value: Option<String>,
    /// Column of its standard error in a table [default: error, dy, dU4, U4_err and similar names; without one errors
    /// are taken from the scatter about the curve].
    #[arg(long, value_name = "COLUMN")]
    error: Option<String>,
    /// Exponent a of a table's y ~ L^a from which the fit starts; 0 is a quantity without dimension and stays
    /// [default: by the name of its column].
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    exponent: Option<f64>,
    /// T_c from which the fit starts, and at which power laws are read
    /// [default: the exact one, and that of the fit; of a table several in its range].
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    tc: Option<f64>,
    /// nu from which the fit starts.
    #[arg(long, value_name = "NU", default_value_t = 1.0, allow_hyphen_values = true)]
    nu: f64,
    /// Temperatures with |t| L^{1/nu} up to this, by the start; t = T_c (1 - T_c/T) [default: 2; all of a table].
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    window: Option<f64>,
    /// Degree of the polynomial on which all data lie.
    #[arg(long, value_name = "N", default_value_t = 3)]
    degree: u8,
    /// Corrections to scaling of order L^{-omega}, with the omega given [default: none].
    #[arg(long, value_name = "OMEGA", allow_hyphen_values = true)]
    omega: Option<f64>,
    /// Draws the data as they are, and collapsed [default: no picture].
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
        let names = self.files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        let tables: Vec<bool> = self.files.iter().map(|path| is_table(path)).collect();
        let (found, master) = match (tables.iter().all(|is| *is), tables.iter().any(|is| *is)) {
            (true, _) => self.of_table(&names)?,
            (false, true) => {
                let name = |is: bool| {
                    tables.iter().position(|own| *own == is).map_or("", |k| self.files[k].to_str().unwrap_or(""))
                };
                return Err(Error::user(format!(
                    "{} is a table and {} holds samples; give files of one kind",
                    name(true),
                    name(false)
                )));
            }
            (false, false) => self.of_samples(&names)?,
        };
        if let Some(path) = &self.plot {
            draw(path, &found.figure(&master))?;
        }
        if self.json {
            // A program may read the error without the note, so the error must not look complete.
            if found.other_fits == 0 {
                output::complain(&format!("{names}: the spread is {NO_SPREAD}"));
            }
            return output::print_json(&json!(found));
        }
        output::print(&text(&found, &master))?;
        self.plot.as_ref().map_or(Ok(()), |path| output::print(&format!("{}\n", path.display())))
    }

    fn of_samples(&self, names: &str) -> Result<(FiniteSize, Master), Error> {
        let Self { size, temperatures, beta, value, error, .. } = self;
        let of_tables =
            [("size", size), ("temperatures", temperatures), ("beta", beta), ("value", value), ("error", error)];
        let given = of_tables.iter().find(|(_, name)| name.is_some()).map(|(flag, _)| *flag);
        if let Some(flag) = given.or(self.exponent.map(|_| "exponent")) {
            return Err(Error::user(format!("--{flag}: is for tables; {names}: samples name their own arrays")));
        }
        let pools = pools(&self.files, &Coupled::M)?;
        pools.iter().flat_map(|pool| &pool.notes).for_each(|note| output::complain(note));
        let of = Quantity::from(self.of.unwrap_or(Observable::Binder));
        let master = Master {
            degree: self.degree.into(),
            window: self.window.unwrap_or(WINDOW),
            // The exponents of the fit start at the exact ones of the square lattice.
            start: [self.tc.unwrap_or(Temperature::CRITICAL.value()), self.nu, exponent(of)],
            fit_a: of != Quantity::Binder,
            omega: self.omega,
        };
        Ok((FiniteSize::new(pools, of, &master, self.tc, names)?, master))
    }

    fn of_table(&self, names: &str) -> Result<(FiniteSize, Master), Error> {
        let asked = Asked {
            size: self.size.clone(),
            temperatures: self.temperatures.clone(),
            beta: self.beta.clone(),
            value: self.value.clone(),
            error: self.error.clone(),
        };
        let table = read(&self.files, &asked)?;
        table.notes.iter().for_each(|note| output::complain(&format!("note: {note}")));
        let fit = TableFit {
            t_c: self.tc,
            nu: self.nu,
            window: self.window,
            degree: self.degree.into(),
            omega: self.omega,
            exponent: self.exponent,
            of: self.of.map(Quantity::from),
        };
        let (found, master, notes) = FiniteSize::of_table(&table, &fit, names)?;
        notes.iter().for_each(|note| output::complain(&format!("note: {note}")));
        if found.assumed_error.is_some() {
            output::complain(
                "warning: the table has no errors: they are taken from the scatter about the curve, so chi2/dof is 1 \
                 and tests nothing",
            );
        }
        Ok((found, master))
    }

    fn check(&self) -> Result<(), Error> {
        let positive = [("tc", self.tc), ("nu", Some(self.nu)), ("window", self.window), ("omega", self.omega)];
        if let Some(a) = self.exponent.filter(|a| !a.is_finite()) {
            return Err(Error::user(format!("--exponent {a}: must be a finite number")));
        }
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
}

fn text(found: &FiniteSize, master: &Master) -> String {
    let sizes: Vec<String> = found.sizes().iter().map(usize::to_string).collect();
    let correction = found.omega.map_or(String::new(), |w| format!(", corrections L^-{w}"));
    let mut text = format!(
        "Collapse of {}: {} L = {}, {} points, polynomial of degree {}{correction}{}\n",
        found.of,
        if found.read.is_some() { "sizes" } else { "square lattices" },
        sizes.join(", "),
        found.points.len(),
        master.degree,
        found.n_blocks.map_or(String::new(), |n| format!(", {n} blocks"))
    );
    if let Some(error) = found.assumed_error {
        text +=
            &format!("No errors in the table: {} L^a each, from the scatter about the curve\n", significant(error, 2));
    }
    let per_dof = |chi2: f64, dof: usize| format!("{chi2:.1}/{dof}");
    let row = |name: String, fitted: &Fitted| {
        let spread = fitted.spread.map_or("-".into(), |spread| significant(spread, 2));
        vec![name, fitted.total.to_string(), significant(fitted.statistical, 2), spread]
    };
    let mut rows = vec![["", "value", "statistical", "spread"].map(String::from).to_vec()];
    rows.extend([row("T_c".into(), &found.t_c), row("nu".into(), &found.nu)]);
    rows.extend(master.fit_a.then(|| row(format!("a of {}", found.of), &found.a)));
    rows.push(vec!["chi2/dof".into(), per_dof(found.chi2, found.dof)]);
    text += &output::columns(&rows);
    text += &match (found.other_fits, found.other_fits_failed) {
        (0, _) => format!("Spread: {NO_SPREAD}\n"),
        (fits, failed) => {
            let failed = if failed > 0 { format!(" ({failed} more have no fit)") } else { String::new() };
            format!(
                "Spread: over {fits} fits with narrower windows, other degrees and corrections{failed}; errors in \
                 brackets have both\n"
            )
        }
    };
    if found.dof > 0 && found.chi2 > 2.0 * found.dof as f64 {
        text += "chi2/dof is above 2: one curve does not describe the data, and errors are widened; larger sizes, a \
            narrower --window, a higher --degree or --omega\n";
    }
    if found.flat {
        text += "The valley of the fit is flat or lopsided: the data tell little, and values beyond two errors may \
            fit nearly as well; more sizes, more configurations, a lower --degree or no --omega\n";
    }
    if !found.crossings.is_empty() {
        text +=
            &format!("\n{} of neighbouring sizes crosses at\n", if found.read.is_some() { &found.of } else { "U4" });
    }
    for Crossing { sizes: [small, large], temperature } in &found.crossings {
        let line = temperature.as_ref().map_or_else(|why| format!("none: {why}"), |t| format!("T = {t}"));
        text += &format!("L = {small}, {large}: {line}\n");
    }
    let Some(laws) = &found.power_laws else { return text };
    text += &format!("\nPower laws at T = {:.5}{correction}\n", laws.temperature);
    for (of, law) in [(Quantity::AbsM, &laws.abs_m), (Quantity::Susceptibility, &laws.chi)] {
        let line = match law {
            Ok(PowerLaw { a, chi2, dof, .. }) => {
                let a = ValueWithError::from(*a);
                format!("a = {a}, chi2/dof = {} (exact: {})", per_dof(*chi2, *dof), exponent(of))
            }
            Err(why) => format!("none: {why}"),
        };
        text += &format!("{} ~ L^a: {line}\n", of.symbol());
    }
    text
}
