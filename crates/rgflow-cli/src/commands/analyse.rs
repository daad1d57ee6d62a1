//! `rgflow analyse`: means of series of the user's own, with errors that know of autocorrelation.

use super::histograms::{check_plot, draw};
use crate::output;
use rgflow_lab::analysis::series::{Analysis, Quantity};
use rgflow_lab::artifact::Error;
use rgflow_lab::dataset::columns::ChainAxis;
use rgflow_lab::dataset::series::{Asked, read};
use rgflow_lab::record::format::{significant, value_with_error};
use serde_json::json;
use std::path::PathBuf;

/// Quantities at most whose errors by block length are printed.
const SHOWN: usize = 5;

/// Means, errors, tau_int and R-hat of series of your own.
#[derive(clap::Args)]
#[command(
    next_help_heading = "Analysis",
    after_help = "Examples:
  rgflow analyse run.csv                            columns such as sweep,E,m or chain,E,m
  rgflow analyse run1.csv run2.csv run3.csv         a file for each chain
  rgflow analyse run.csv --columns E --discard 200 --plot run.svg
  rgflow analyse scan.csv --by T --json             rows of several temperatures
  rgflow analyse chains.npy --chains-are rows       an array (chains, values)

The error of a mean is from tau_int = 1/2 + sum of rho(t), summed up to 6 tau_int (Madras and Sokal 1988) with the
correction of its bias (Wolff 2004), for all chains about their common mean. It is given from 50 tau_int on, and not
where the begin of the series or the halves of chains differ by more than chance allows (p < 1e-4): a line says what \
to do.
Beside it: errors by length of blocks, rank-normalised split R-hat and effective sample sizes (Vehtari et al. 2021)."
)]
pub struct Analyse {
    /// Series: text with or without names of columns, .npy or .npz, also packed by gzip; several files are chains of
    /// one law [required].
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Quantities, by name or by number of their columns [default: all that are nothing else].
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    columns: Vec<String>,
    /// Column of the chain that a row belongs to [default: chain and similar names].
    #[arg(long, value_name = "COLUMN")]
    chain: Option<String>,
    /// Columns (such as T) by whose values rows are separate series, or `file`: each file by itself [default: none].
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    by: Vec<String>,
    /// Axis of the chains in an array of two dimensions [default: such an array is a table, or refused if wider than
    /// long].
    #[arg(long, value_enum, value_name = "AXIS")]
    chains_are: Option<Axis>,
    /// Values to leave out at the begin of every chain.
    #[arg(long, default_value_t = 0, value_name = "N")]
    discard: usize,
    /// Updates between two values, in which tau_int is shown too [default: those of a column such as sweep].
    #[arg(long, value_name = "N")]
    spacing: Option<f64>,
    /// Draws series, autocorrelation and errors by length of blocks [default: no picture].
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Replaces the picture if it exists.
    #[arg(long, requires = "plot")]
    force: bool,
    /// Prints JSON with all digits.
    #[arg(long)]
    json: bool,
}

/// An axis of an array.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Axis {
    /// Shape (chains, values).
    Rows,
    /// Shape (values, chains).
    Columns,
}

impl Analyse {
    pub fn execute(self) -> Result<(), Error> {
        check_plot(self.plot.as_ref(), self.force)?;
        if let Some(spacing) = self.spacing.filter(|spacing| !(*spacing > 0.0 && spacing.is_finite())) {
            return Err(Error::user(format!("--spacing {spacing}: must be a finite number above 0 (updates)")));
        }
        let asked = Asked {
            chain: self.chain,
            by: self.by,
            columns: self.columns,
            chains_are: self.chains_are.map(|axis| match axis {
                Axis::Rows => ChainAxis::Rows,
                Axis::Columns => ChainAxis::Columns,
            }),
            discard: self.discard,
        };
        let found = read(&self.files, &asked)?;
        found.notes.iter().for_each(|note| output::complain(&format!("note: {note}")));
        let seen = Analysis::new(found, self.discard, self.spacing);
        for quantity in &seen.quantities {
            let title = quantity.title();
            for warning in &quantity.warnings {
                output::complain(&format!("warning: {title}: {warning}"));
            }
            if let Some(why) = quantity.why.as_ref().filter(|_| self.json) {
                output::complain(&format!("warning: {title} has no error: {why}"));
            }
        }
        if let Some(path) = &self.plot {
            draw(path, &seen.figure())?;
        }
        if self.json {
            return output::print_json(&json!(seen));
        }
        output::print(&text(&seen))?;
        self.plot.as_ref().map_or(Ok(()), |path| output::print(&format!("{}\n", path.display())))
    }
}

fn text(seen: &Analysis) -> String {
    let first = &seen.quantities[0];
    let files = match seen.files.as_slice() {
        [one] => one.path.display().to_string(),
        all => format!("{} files", all.len()),
    };
    let of = |q: &Quantity| match q.n_chains {
        1 => format!("{} values", q.n),
        chains => format!("{} values of {chains} chains", q.n),
    };
    let same = seen.quantities.iter().all(|q| of(q) == of(first));
    let values = if same { format!(", {}", of(first)) } else { String::new() };
    let discarded =
        if seen.discard > 0 { format!(" ({} at the begin of each left out)", seen.discard) } else { String::new() };
    let in_updates = |q: &Quantity| q.spacing.filter(|spacing| *spacing != 1.0);
    let updates = seen.quantities.iter().any(|q| in_updates(q).is_some());
    let mut head = vec!["", "mean", "n_eff", "tau_int"];
    head.extend(updates.then_some("in updates"));
    head.extend(["R-hat", "ESS bulk", "tail"]);
    let mut rows = vec![head.into_iter().map(String::from).collect::<Vec<_>>()];
    let whole = |v: f64| if v.is_finite() { format!("{v:.0}") } else { "-".into() };
    for q in &seen.quantities {
        let error = Some(q.mean.error).filter(|error| error.is_finite());
        let tau = |unit: f64| match q.why {
            None => value_with_error(unit * q.tau_int.value, Some(unit * q.tau_int.error)),
            Some(_) => "-".into(),
        };
        let mean = value_with_error(q.mean.value, error);
        let mut row =
            vec![q.title(), if error.is_some() { mean } else { format!("{mean}*") }, whole(q.n_eff), tau(1.0)];
        if updates {
            row.push(in_updates(q).map_or("-".into(), tau));
        }
        row.push(q.r_hat.map_or("-".into(), |r| format!("{r:.3}")));
        row.extend([q.ess_bulk, q.ess_tail].map(|ess| ess.map_or("-".into(), whole)));
        rows.push(row);
    }
    let mut text = format!("Series of {files}{values}{discarded}\n{}", output::columns(&rows));
    for q in &seen.quantities {
        if let Some(why) = &q.why {
            text += &format!("* {} has no error: {why}.\n", q.title());
        }
    }
    text + &blocks(seen)
}

/// Errors by length of the blocks, and where they rise no more.
fn blocks(seen: &Analysis) -> String {
    let shown: Vec<&Quantity> = seen.quantities.iter().filter(|q| q.deviation > 0.0).take(SHOWN).collect();
    let Some(longest) = shown.iter().map(|q| q.binning.len()).max() else { return String::new() };
    let mut rows =
        vec![std::iter::once("block".to_string()).chain(shown.iter().map(|q| q.title())).collect::<Vec<_>>()];
    for k in 0..longest {
        let cell = |q: &&Quantity| {
            let level = q.binning.get(k).filter(|level| level.blocks >= 4);
            level.map_or("-".into(), |level| {
                let mark = if q.plateau == Some(level.length) { "*" } else { " " };
                value_with_error(level.error, Some(level.uncertainty)) + mark
            })
        };
        let cells: Vec<String> = shown.iter().map(cell).collect();
        if cells.iter().any(|cell| cell != "-") {
            rows.push(std::iter::once((1u64 << k).to_string()).chain(cells).collect());
        }
    }
    let mut text = format!("\nError of the mean by length of blocks (* plateau)\n{}", output::columns(&rows));
    for q in shown.iter().filter(|q| q.plateau.is_none()) {
        text += &format!("{}: no plateau: the series is too short\n", q.title());
    }
    match seen.quantities.len().saturating_sub(SHOWN) {
        0 => text,
        more => text + &format!("--json has those of {} more\n", significant(more as f64, 9)),
    }
}
