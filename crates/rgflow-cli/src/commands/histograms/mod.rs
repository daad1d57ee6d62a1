//! `rgflow rg reweight` and `rgflow rg collapse`: histograms of samples in files.

mod collapse;
mod reweight;

pub use collapse::Collapse;
pub use reweight::Reweight;

use rgflow::statistics::Estimate;
use rgflow_lab::artifact::{Error, atomic};
use rgflow_lab::dataset::ensemble::Pool;
use rgflow_lab::record::Figure;
use rgflow_lab::report::{format::value_with_error, svg};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Refuses a name of a picture that cannot be drawn, and a file that exists unless `force`, before any work.
fn check_plot(path: Option<&PathBuf>, force: bool) -> Result<(), Error> {
    match path {
        Some(path) if path.extension().is_none_or(|e| !e.eq_ignore_ascii_case("svg")) => {
            Err(Error::user(format!("--plot {}: pictures are SVG; name it .svg", path.display())))
        }
        Some(path) if path.exists() && !force => Err(Error::user(format!(
            "--plot {}: exists; add --force to replace it, or choose another name",
            path.display()
        ))),
        _ => Ok(()),
    }
}

fn draw(path: &Path, figure: &Figure) -> Result<(), Error> {
    atomic::write(path, svg::figure(figure))
}

fn number(e: Estimate) -> Value {
    let finite = |v: f64| v.is_finite().then_some(v);
    json!({ "value": finite(e.value), "error": finite(e.error) })
}

fn show(e: Estimate) -> String {
    value_with_error(e.value, Some(e.error))
}

/// What was sampled: `T = 2.2, 2.3 ... 2.5`.
fn sampled(pool: &Pool) -> String {
    let mut values: Vec<f64> = pool.parts.iter().map(|p| p.temperature.value()).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    match values.as_slice() {
        [first, second, .., last] if values.len() > 4 => format!("T = {first}, {second} ... {last}"),
        few => format!("T = {}", few.iter().map(f64::to_string).collect::<Vec<_>>().join(", ")),
    }
}
