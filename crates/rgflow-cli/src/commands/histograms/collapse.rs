//! `rgflow rg collapse`: T_c, nu and exponents from samples of several sizes of the square lattice (finite-size scaling).

use super::{check_plot, draw};
use crate::commands::run_flags::start_threads;
use crate::output;
use rgflow::lattice::Temperature;
use rgflow::scaling::{Master, PowerLaw};
use rgflow_lab::analysis::ValueWithError;
use rgflow_lab::analysis::finite_size::{Crossing, FiniteSize, Fitted, exponent};
use rgflow_lab::artifact::Error;
use rgflow_lab::dataset::averages::Quantity;
use rgflow_lab::dataset::ensemble::{Coupled, pools};
use rgflow_lab::record::format::significant;
use serde_json::json;
use std::path::PathBuf;

/// Error text where no second fit exists to compare with.
const NO_SPREAD: &str = "unknown. No other window, degree or correction gives a fit, so nothing shows that this one can be trusted, and the true values may \
                         be many errors away; more sizes, more configurations or more temperatures near T_c";

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
    /// Samples of square lattices of several sizes, at several temperatures each: .npz as `rgflow sample` writes them [required].
    #[arg(value_name = "FILE.npz")]
    files: Vec<PathBuf>,
    /// The observable that is collapsed.
    #[arg(long, value_enum, default_value_t = Observable::Binder)]
    of: Observable,
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
        let pools = pools(&self.files, &Coupled::M)?;
        pools.iter().flat_map(|pool| &pool.notes).for_each(|note| output::complain(note));
        let of = Quantity::from(self.of);
        let master = Master {
            degree: self.degree.into(),
            window: self.window,
            // The exponents of the fit start at the exact ones of the square lattice.
            start: [self.tc.unwrap_or(Temperature::CRITICAL.value()), self.nu, exponent(of)],
            fit_a: of != Quantity::Binder,
            omega: self.omega,
        };
        let names = self.files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        let found = FiniteSize::new(pools, of, &master, self.tc, &names)?;
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
}

fn text(found: &FiniteSize, master: &Master) -> String {
    let sizes: Vec<String> = found.sizes().iter().map(usize::to_string).collect();
    let correction = found.omega.map_or(String::new(), |w| format!(", corrections L^-{w}"));
    let mut text = format!(
        "Collapse of {}: square lattices L = {}, {} points, polynomial of degree {}{correction}, {} blocks\n",
        found.of,
        sizes.join(", "),
        found.points.len(),
        master.degree,
        found.n_blocks
    );
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
                "Spread: over {fits} fits with narrower windows, other degrees and corrections{failed}; errors in brackets have both\n"
            )
        }
    };
    if found.dof > 0 && found.chi2 > 2.0 * found.dof as f64 {
        text += "chi2/dof is above 2: one curve does not describe the data, and errors are widened; larger sizes, a narrower --window, a higher \
                 --degree or --omega\n";
    }
    if found.flat {
        text += "The valley of the fit is flat or lopsided: the data tell little, and values beyond two errors may fit nearly as well; more sizes, more \
                 configurations, a lower --degree or no --omega\n";
    }
    text += "\nU4 of neighbouring sizes crosses at\n";
    for Crossing { sizes: [small, large], temperature } in &found.crossings {
        let line = temperature.as_ref().map_or_else(|why| format!("none: {why}"), |t| format!("T = {t}"));
        text += &format!("L = {small}, {large}: {line}\n");
    }
    let laws = &found.power_laws;
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
