//! Stages "flow/SET-MODE": machines iterated from every start temperature, and the reading of collections.

use super::{Observed, Settings};
use crate::study::flows::{Flow, System};
use crate::study::prelude::*;
use crate::study::rbms;
use crate::study::samples::ThermalSet;
use ndarray::{ArrayView1, ArrayView2, Axis};
use rgflow::flow::{Reading, Readout, Starts, TStar, Thermometer, Trajectory, attractors, distinct_ends};
use rgflow::lattice::{AshkinTeller, Model, Square};
use rgflow::packed::packed;
use rgflow::random::{Generator, Streams};

const REVISION: u32 = 3;

/// Readings of a collection by the thermometer and the order parameters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CollectionReadings {
    /// T*, T_E from the measured energies, energy per site; |m| is the mean of |m_s| and |m_t|.
    pub read: Observed,
    /// Mean |m_u| of the product u = s t.
    pub product: Measured,
}

/// Findings from the flow of one machine in one mode.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FlowFindings {
    pub pooled: CollectionReadings,
    /// Number of distinct ends, and the fraction of starts whose last windows agree.
    pub distinct: usize,
    /// Total variation between the P(T) of the two ends that may be farthest apart, with its 95 % interval.
    pub apart: [f64; 3],
    pub converged: f64,
    /// Number of attractors of the mean-field map.
    pub attractors: usize,
    /// T* by recorded step and start.
    pub steps: Vec<usize>,
    pub t_star: Vec<Vec<f64>>,
}

/// Start set of the flows, and the thermometer that reads collections.
pub(super) struct Reader<'a> {
    settings: &'a Settings,
    samples: &'a Artifact,
    thermometer_stage: &'a Artifact,
    thermometer: &'a Thermometer,
    square: Square,
    /// Mean energy per site of the reference set, by temperature.
    energies: Vec<f64>,
}

impl<'a> Reader<'a> {
    pub fn new(
        settings: &'a Settings,
        samples: &'a Artifact,
        thermometer_stage: &'a Artifact,
        thermometer: &'a Thermometer,
    ) -> Result<Self, Error> {
        let size = *settings.torus.lattice.size;
        let square = Square::new(size, size)?;
        let mut reader = Self { settings, samples, thermometer_stage, thermometer, square, energies: Vec::new() };
        let reference = ThermalSet::read(samples, "reference")?;
        let energies = (0..settings.torus.temperatures().len()).map(|k| Ok(reader.measure(&[reference.at(k)])?[0].0));
        reader.energies = energies.collect::<Result<_, Error>>()?;
        Ok(reader)
    }

    /// Energy per site, |m_s| (mean with |m_t|) and |m_u|, with errors over configurations within equally weighted
    /// parts.
    fn measure(&self, parts: &[ArrayView2<i8>]) -> Result<[Measured; 3], Error> {
        let model = AshkinTeller::new(&self.square, *self.settings.model.ratio)?;
        let n_sites = self.settings.torus.lattice.size.pow(2) as f64;
        let mut found = [(0.0, 0.0); 3];
        for part in parts {
            let of = |row: ArrayView1<i8>| {
                let row = row.to_vec();
                let [s, t, u] = model.magnetisations(&row);
                [model.energy(&row) / n_sites, (s.abs() + t.abs()) / 2.0, u.abs()]
            };
            let values: Vec<[f64; 3]> = part.rows().into_iter().map(of).collect();
            let n = values.len() as f64;
            for (k, (sum, variance)) in found.iter_mut().enumerate() {
                let mean = values.iter().map(|v| v[k]).sum::<f64>() / n;
                let scatter = values.iter().map(|v| (v[k] - mean).powi(2)).sum::<f64>();
                *sum += mean / parts.len() as f64;
                *variance += scatter / (n * (n - 1.0).max(1.0)) / (parts.len() as f64).powi(2);
            }
        }
        Ok(found.map(|(mean, variance)| (mean, variance.sqrt())))
    }

    /// Reads collections as one mixture; each is a stratum with an equal number of configurations.
    pub fn read(&self, parts: &[ArrayView2<i8>]) -> Result<CollectionReadings, Error> {
        let readings = parts.iter().map(|part| self.thermometer.read_spins(*part)).collect::<Result<Vec<_>, _>>()?;
        self.measured(&Reading::pooled(&readings), parts)
    }

    fn measured(&self, reading: &Reading, parts: &[ArrayView2<i8>]) -> Result<CollectionReadings, Error> {
        let TStar { value, error, interval, kl, kl_reverse, js, p_thermal, n } = self.thermometer.read(reading);
        let [energy, abs_m, product] = self.measure(parts)?;
        let read = Observed {
            t_star: (value, error),
            interval,
            kl,
            kl_reverse,
            js,
            p_thermal,
            n,
            energy,
            t_energy: self.t_energy(energy),
            abs_m,
            xi_over_l: None,
            curve: reading.mean(),
            curve_error: reading.error(),
        };
        Ok(CollectionReadings { read, product })
    }

    /// Temperature at which thermal collections have this energy, by linear interpolation; `None` outside their range.
    fn t_energy(&self, (energy, error): Measured) -> Option<Measured> {
        let temperatures = self.settings.torus.temperatures();
        let k = self.energies.windows(2).position(|pair| pair[0] <= energy && energy <= pair[1])?;
        let (low, high) = (self.energies[k], self.energies[k + 1]);
        let slope = (temperatures[k + 1] - temperatures[k]) / (high - low);
        slope.is_finite().then(|| (temperatures[k] + (energy - low) * slope, error * slope))
    }
}

impl System for Reader<'_> {
    type Findings = FlowFindings;

    fn readout(&self) -> Readout<'_> {
        Readout::network(&self.thermometer.mlp)
    }

    fn examine(&self, flow: &Flow, trajectory: &Trajectory, streams: Streams) -> Result<FlowFindings, Error> {
        let n_starts = flow.starts.n_starts;
        // Expectation values are read as spins drawn from them.
        let mut random = streams.generator(&format!("{}/spins", flow.purpose), 0);
        let spins = trajectory.values.mapv(|v| draw(v, &mut random));
        let parts: Vec<_> = spins.axis_chunks_iter(Axis(0), spins.nrows() / n_starts).collect();
        let last = distinct_ends(trajectory.last());
        Ok(FlowFindings {
            pooled: self.measured(&Reading::pooled(&trajectory.end), &parts)?,
            distinct: last.count,
            apart: last.widest,
            converged: trajectory.converged(),
            attractors: match flow.mode {
                Mode::Mean => attractors(trajectory.values.view(), n_starts).centres.nrows(),
                Mode::Gibbs => 0,
            },
            steps: trajectory.steps(),
            t_star: trajectory.t_star(&self.thermometer.reference),
        })
    }
}

/// Makes or keeps the flow of the machine trained on `set`.
pub(super) fn stage(
    repetition: &Repetition,
    reader: &Reader,
    machine: &Artifact,
    set: &str,
    mode: Mode,
) -> Result<FlowFindings, Error> {
    let folder = format!("flow/{set}-{}", mode.name());
    let json = format!("{folder}/findings.json");
    let torus = &reader.settings.torus;
    let (steps, chains) = (*torus.flow.steps, *torus.flow.chains);
    let what = Stage {
        name: &folder,
        revision: REVISION,
        settings: (mode.name(), steps, chains, reader.settings.model.ratio),
        inputs: &[reader.samples, reader.thermometer_stage, machine],
        outputs: &[&json],
    };
    repetition.found(what, |out| {
        let rbm = rbms::load(machine, &rbms::file(set, None))?;
        let start = ThermalSet::read(reader.samples, "start")?;
        let bits = packed(start.first(&torus.all(), chains).view());
        drop(start);
        let n_starts = torus.temperatures().len();
        out.add_work((steps * chains * n_starts) as u64 / 4);
        let starts = Starts { values: bits.as_slice().into(), n_starts };
        let flow = Flow { purpose: &folder, part: "chains", rbm: &rbm, mode, steps, starts };
        Ok(flow.run(out, reader, &|done| done / 4)?.1)
    })
}

/// A spin drawn with this expectation value.
fn draw(value: f32, random: &mut Generator) -> i8 {
    let uniform: f32 = rand::RngExt::random(random);
    if 2.0 * uniform < 1.0 + value { 1 } else { -1 }
}
