//! `rgflow rg reweight` and `rgflow rg collapse`: histograms of samples in files.

mod collapse;
mod reweight;

pub use collapse::Collapse;
pub use reweight::Reweight;

use rgflow_lab::artifact::{Error, atomic};
use rgflow_lab::record::Figure;
use rgflow_lab::report::svg;
use std::path::{Path, PathBuf};

/// Refuses, before any work, a file name that no picture can have, and an existing file unless `force`.
pub(super) fn check_plot(path: Option<&PathBuf>, force: bool) -> Result<(), Error> {
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

pub(super) fn draw(path: &Path, figure: &Figure) -> Result<(), Error> {
    atomic::write(path, svg::figure(figure))
}
