//! Stage "samples": the thermometer's sets, as those of the 2D Ising model but with two spins per site.

use super::Settings;
use crate::study::prelude::*;
use crate::study::samples::{THERMAL, sampled, write};
use rgflow::lattice::{AshkinTeller, ChainLength, Collection, Sampling, Square, ashkin_teller};
use rgflow::random::Bulk;

const REVISION: u32 = 1;
/// Units of progress per set and temperature, of about one microsecond.
const UNITS: u64 = 20_000;

/// Makes or keeps the stage.
pub(super) fn stage(repetition: &Repetition, settings: &Settings) -> Result<Artifact, Error> {
    let torus = &settings.torus;
    let files = ["train", "test", "reference", "start", "calibration"].map(|n| format!("samples/{n}.npz"));
    let what = Stage {
        name: "samples",
        revision: REVISION,
        settings: (&torus.lattice, &torus.samples, *settings.model.ratio),
        inputs: &[],
        outputs: &files.iter().map(String::as_str).collect::<Vec<_>>(),
    };
    repetition.stage(what, |out| {
        let grid = torus.temperatures();
        let midpoints: Vec<f64> = grid.windows(2).map(|w| (w[0] + w[1]) / 2.0).collect();
        let streams = out.streams();
        out.add_work((THERMAL.len() * grid.len() + midpoints.len()) as u64 * UNITS);
        let draw_all = |name: &str, grid: &[f64], n: usize| -> Result<(), Error> {
            let one = |(k, t): (usize, &f64)| {
                let mut bulk = streams.bulk(&format!("samples/{name}"), k as u64);
                let part = format!("{name}/{k}");
                let point = Point { ratio: *settings.model.ratio, t: *t, n };
                draw(*torus.lattice.size, point, &mut bulk, &|of| sampled(out, &part, of, UNITS))
            };
            let drawn: Vec<Collection> = grid.par_iter().enumerate().map(one).collect::<Result<_, Error>>()?;
            write(out, name, *torus.lattice.size, grid, &drawn.iter().collect::<Vec<_>>())
        };
        THERMAL.iter().try_for_each(|name| draw_all(name, &grid, *torus.samples.per_temperature))?;
        draw_all("calibration", &midpoints, *torus.samples.calibration)
    })
}

/// A model at a temperature.
#[derive(Clone, Copy)]
pub(super) struct Point {
    /// r = K4/K.
    pub ratio: f64,
    /// Temperature in J/k_B.
    pub t: f64,
    /// Number of configurations to draw.
    pub n: usize,
}

/// Configurations of `size` x `size` sites; `complete` carries out their sampling.
pub(super) fn draw(
    size: usize,
    Point { ratio, t, n }: Point,
    bulk: &mut Bulk,
    complete: &dyn Fn(Sampling) -> Result<Collection, Error>,
) -> Result<Collection, Error> {
    let square = Square::new(size, size)?;
    let model = AshkinTeller::new(&square, ratio)?;
    let temperature = Temperature::new(t)?;
    let length = ChainLength { chains: 16, burn_in: 100.0, spacing: 4.0 };
    complete(ashkin_teller::sampling(&model, temperature, n, &length, bulk)?)
}
