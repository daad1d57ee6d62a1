//! `rgflow rg reweight`: all samples of one lattice read as one, at any temperature and field within their reach
//! (MBAR).

use super::{check_plot, draw};
use crate::commands::{exact::Range, run_flags::start_threads};
use crate::output;
use rgflow::lattice::Temperature;
use rgflow_lab::analysis::ValueWithError;
use rgflow_lab::analysis::reweighting::{Reweighted, sampled};
use rgflow_lab::artifact::Error;
use rgflow_lab::dataset::averages::Quantity;
use rgflow_lab::dataset::ensemble::{Coupled, Pool, pools};
use rgflow_lab::dataset::histograms::Histograms;
use serde_json::json;
use std::path::PathBuf;

#[derive(clap::Args)]
#[command(next_help_heading = "Analysis")]
pub struct Reweight {
    /// Samples of one lattice: .npz as `rgflow sample` writes them; one or several temperatures each [required].
    #[arg(required = true, value_name = "FILE.npz")]
    files: Vec<PathBuf>,
    /// Temperatures: a value, a list, a range FROM..TO:STEP or Tc [default: 41 within the reach of the samples].
    #[arg(long, value_delimiter = ',', value_name = "T", allow_hyphen_values = true)]
    temperatures: Vec<Range>,
    /// Fields Y, as in H = E - Y X, in J per unit of X [default: the fields that were sampled].
    #[arg(long, value_delimiter = ',', value_name = "Y", allow_hyphen_values = true)]
    y: Vec<f64>,
    /// X: m (sum of spins), abs_m, or on the square lattice nn, nnn, plaquette, (2,0), (2,1), corner, line.
    #[arg(long, default_value = "m", value_name = "NAME")]
    operator: String,
    /// Draws C, |m|, chi and U4 with their errors [default: no picture].
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

impl Reweight {
    pub fn execute(self) -> Result<(), Error> {
        check_plot(self.plot.as_ref(), self.force)?;
        let coupled: Coupled =
            self.operator.parse().map_err(|e| Error::user(format!("--operator {}: {e}", self.operator)))?;
        if let Some(y) = self.y.iter().find(|y| !y.is_finite()) {
            return Err(Error::user(format!("--y {y}: must be a finite number (J per unit of X)")));
        }
        let asked: Vec<Temperature> = self.temperatures.iter().flat_map(|range| range.0.iter().copied()).collect();
        if asked.contains(&Temperature::ZERO) {
            return Err(Error::user("--temperatures 0: samples at T > 0 do not reach T = 0; ask for T > 0"));
        }
        start_threads(self.threads)?;
        let found = pools(&self.files, &coupled)?;
        let [pool] = found.as_slice() else {
            let name = |p: &Pool| format!("{} ({})", p.parts[0].path.display(), p.lattice);
            return Err(Error::user(format!(
                "{} and {} are not one lattice; give files of one (rgflow rg collapse reads several)",
                name(&found[0]),
                name(&found[1])
            )));
        };
        pool.notes.iter().for_each(|note| output::complain(note));
        let in_field = pool.is_in_field(&self.y);
        let all = Histograms::new(pool, in_field, usize::MAX).map_err(|e| pool.explain(&e))?;
        all.notes.iter().for_each(|note| output::complain(note));
        let found = Reweighted::new(pool, &all, &coupled, &asked, &self.y)?;
        found.groups_note(&all).iter().for_each(|note| output::complain(note));
        if let Some(path) = &self.plot {
            draw(path, &found.figure(pool))?;
        }
        if self.json {
            return output::print_json(&json!(found));
        }
        output::print(&table(pool, &found, in_field))?;
        self.plot.as_ref().map_or(Ok(()), |path| output::print(&format!("{}\n", path.display())))
    }
}

fn table(pool: &Pool, found: &Reweighted, in_field: bool) -> String {
    let shown = |q: &Quantity| in_field || *q != Quantity::Magnetisation;
    let mut head = vec!["T".to_string()];
    head.extend(in_field.then(|| "Y".to_string()));
    head.extend(Quantity::ALL.iter().filter(|q| shown(q)).map(|q| q.symbol().to_string()));
    head.push("n_eff".into());
    let mut cells = vec![head];
    for row in &found.rows {
        let mut line = vec![temperature(row.at.temperature)];
        line.extend(in_field.then(|| row.at.y.to_string()));
        line.extend(row.values.iter().filter(|(q, _)| shown(q)).map(|(_, value)| value_or_zero(value)));
        line.push(format!("{:.0}", row.n_eff));
        cells.push(line);
    }
    let n: usize = found.sampled.iter().map(|series| series.n).sum();
    let tau = found.sampled.iter().map(|series| series.tau_int).fold(0.5, f64::max);
    let mut text = format!(
        "Ising model, {}: {n} configurations at {}, tau_int up to {tau:.1}, {} blocks\n{}",
        pool.lattice,
        sampled(pool),
        found.n_blocks,
        output::columns(&cells)
    );
    if let [first, ..] = found.left_out.as_slice() {
        text += &format!(
            "{} of the grid are left out, the first {first}: the samples do not reach so far; sample nearer\n",
            found.left_out.len()
        );
    }
    text
}

/// The value as text; without digits where it is 0 by symmetry.
fn value_or_zero(e: &ValueWithError) -> String {
    if e.value == 0.0 && e.error < 1e-9 { "0".into() } else { e.to_string() }
}

fn temperature(t: f64) -> String {
    if t.is_finite() { ((t * 1e6).round() / 1e6).to_string() } else { "inf".into() }
}
