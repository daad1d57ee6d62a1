//! Stages "flow/NAME-MODE": a machine iterated from every start temperature, and the readings of its flow.

use super::rbms;
use super::readings::{FlowFindings, Observed, Series};
use super::samples::ThermalSet;
use super::settings::Torus;
use crate::artifact::{Artifact, Error, Repetition, Stage, StageOut, npz};
use ndarray::{Array1, Array2, Array3, ArrayView2, Axis};
use rgflow::flow::{
    Attractors, Mode, Moment, Reading, Readout, Relaxation, Schedule, Starts, Thermometer, Trajectory, attractors,
    distinct_ends, relaxation, run_by,
};
use rgflow::lattice::{Observables, Square};
use rgflow::packed::packed;
use rgflow::random::Streams;
use rgflow::rbm::Rbm;
use std::fmt::Write;

const REVISION: u32 = 9;
/// Number of attractors kept with their picture and basin.
const KEPT: usize = 6;

/// Start set of the flows, and the thermometer that reads them.
pub struct Inputs<'a> {
    pub settings: &'a Torus,
    pub samples: &'a Artifact,
    pub thermometer_stage: &'a Artifact,
    pub thermometer: &'a Thermometer,
}

/// Specification of a flow.
pub struct FlowSpec<'a> {
    /// Name of the flow's folder without the mode, such as `all` or `all-epoch-10`.
    pub name: String,
    /// The artifact of the machine and the file in it.
    pub machine: &'a Artifact,
    pub file: String,
    pub mode: Mode,
    pub steps: usize,
    pub chains: usize,
}

/// A system whose flow is read: its readout, and the findings to keep from a trajectory.
pub trait System: Sync {
    /// Findings from a trajectory.
    type Findings;

    /// Network and lattice for the readings, where they exist; E and |m| are measured on the lattice.
    fn readout(&self) -> Readout<'_>;

    /// Findings from the trajectory of a `flow`.
    ///
    /// # Errors
    /// If the configurations do not fit the system.
    fn examine(&self, flow: &Flow, trajectory: &Trajectory, streams: Streams) -> Result<Self::Findings, Error>;
}

/// One flow of one machine.
pub struct Flow<'a> {
    /// Purpose of the random streams.
    pub purpose: &'a str,
    /// Name of the parts under which interrupted chains are saved, unique in the stage.
    pub part: &'a str,
    pub rbm: &'a Rbm,
    pub mode: Mode,
    pub steps: usize,
    pub starts: Starts<'a>,
}

impl Flow<'_> {
    /// Runs the flow and reads it with `system`; progress is reported as `units` of chain-steps.
    ///
    /// # Errors
    /// [`Error::Interrupted`] after a signal, and those of [`System::examine`].
    pub fn run<S: System>(
        &self,
        out: &StageOut,
        system: &S,
        units: &(dyn Fn(u64) -> u64 + Sync),
    ) -> Result<(Trajectory, S::Findings), Error> {
        let trajectory = self.trajectory(out, system.readout(), units)?;
        let found = system.examine(self, &trajectory, out.streams())?;
        Ok((trajectory, found))
    }

    /// Runs the flow; progress is reported as `units` of chain-steps.
    ///
    /// # Errors
    /// [`Error::Interrupted`] after a signal.
    pub fn trajectory(
        &self,
        out: &StageOut,
        readout: Readout,
        units: &(dyn Fn(u64) -> u64 + Sync),
    ) -> Result<Trajectory, Error> {
        let (schedule, streams) = (Schedule::new(self.steps), out.streams());
        let flow = rgflow::flow::Flow { rbm: self.rbm, mode: self.mode, schedule: &schedule };
        out.drive(self.part, units, |drive| run_by(flow, readout, self.starts, streams.of(self.purpose), drive))
    }
}

/// Makes or keeps the flow and returns its findings.
pub fn stage(repetition: &Repetition, inputs: &Inputs, spec: &FlowSpec) -> Result<FlowFindings, Error> {
    let folder = format!("flow/{}-{}", spec.name, spec.mode.name());
    let [npz, csv, json] = ["series.npz", "series.csv", "findings.json"].map(|f| format!("{folder}/{f}"));
    let what = Stage {
        name: &folder,
        revision: REVISION,
        settings: (spec.mode.name(), spec.steps, spec.chains, &spec.file),
        inputs: &[inputs.samples, inputs.thermometer_stage, spec.machine],
        outputs: &[&npz, &csv, &json],
    };
    repetition.found_compact(what, |out| {
        let (rbm, temperatures) = (rbms::load(spec.machine, &spec.file)?, inputs.settings.temperatures());
        let start = ThermalSet::read(inputs.samples, "start")?;
        let bits = packed(start.first(&inputs.settings.all(), spec.chains).view());
        drop(start);
        let n_starts = temperatures.len();
        out.add_work((spec.steps * spec.chains * n_starts) as u64 / 4);
        let starts = Starts { values: bits.as_slice().into(), n_starts };
        let (mode, steps) = (spec.mode, spec.steps);
        let flow = Flow { purpose: &folder, part: "chains", rbm: &rbm, mode, steps, starts };
        let torus = TorusReader { thermometer: inputs.thermometer, square: square(inputs.settings)? };
        let (trajectory, findings) = flow.run(out, &torus, &|done| done / 4)?;
        write_series(out, (&npz, &csv), &trajectory, &findings.series, &temperatures)?;
        Ok(findings)
    })
}

/// The lattice of the study.
pub fn square(settings: &Torus) -> Result<Square, Error> {
    Ok(Square::new(*settings.lattice.size, *settings.lattice.size)?)
}

/// The 2D Ising model on a torus, read by a network and by its energy.
struct TorusReader<'a> {
    thermometer: &'a Thermometer,
    square: Square,
}

/// Steps at which pictures are shown, if they are recorded.
pub const SHOWN: [usize; 8] = [0, 1, 2, 4, 10, 40, 100, usize::MAX];

/// Values with their errors.
pub fn pairs(values: &[f64], errors: &[f64]) -> Vec<(f64, f64)> {
    values.iter().copied().zip(errors.iter().copied()).collect()
}

impl System for TorusReader<'_> {
    type Findings = FlowFindings;

    fn readout(&self) -> Readout<'_> {
        Readout { mlp: Some(&self.thermometer.mlp), lattice: Some(&self.square) }
    }

    fn examine(&self, flow: &Flow, trajectory: &Trajectory, _: Streams) -> Result<FlowFindings, Error> {
        let n_starts = flow.starts.n_starts;
        let observe = |reading: &Reading, spins: ArrayView2<i8>| -> Result<Observed, Error> {
            let observables = Observables::measure(&self.square, spins)?;
            Ok(Observed::of(self.thermometer, reading, &observables, &self.square))
        };
        let per_start = trajectory.spins.nrows() / n_starts;
        let by_start = || trajectory.spins.axis_chunks_iter(Axis(0), per_start);
        let ends = trajectory.end.iter().zip(by_start()).map(|(reading, spins)| observe(reading, spins));
        let last = distinct_ends(trajectory.last());
        let (relaxation, relaxation_interval) = match relaxation(trajectory) {
            Relaxation::Steps(tau) => (Some(tau), None),
            Relaxation::Longer(t) => (None, Some([Some(t), None])),
            Relaxation::Within(t) => (None, Some([None, Some(t)])),
        };
        let found = (flow.mode == Mode::Mean).then(|| attractors(trajectory.values.view(), n_starts));
        let heaviest = |n: usize| 0..n.min(KEPT);
        let centres = |a: &Attractors| heaviest(a.centres.nrows()).map(|k| a.centres.row(k).to_vec()).collect();
        let basins = |a: &Attractors| heaviest(a.weight.nrows()).map(|k| a.weight.row(k).to_vec()).collect();
        let shown_starts: Vec<usize> = (0..6).map(|i| i * (n_starts - 1) / 5).collect();
        let shown_records = trajectory.records_before(&SHOWN);
        let moments = &trajectory.moments;
        Ok(FlowFindings {
            steps: trajectory.last().step,
            ends: ends.collect::<Result<_, _>>()?,
            pooled: observe(&Reading::pooled(&trajectory.end), trajectory.spins.view())?,
            distinct_100: distinct_ends(trajectory.nearest(100)).count,
            distinct: last.count,
            apart: last.widest,
            hot_meets_cold: last.hot_meets_cold,
            converged: trajectory.converged(),
            relaxation,
            relaxation_interval,
            at_rest: trajectory.at_rest,
            attractors: found.as_ref().map_or(0, |a| a.centres.nrows()),
            centres: found.as_ref().map_or(vec![], centres),
            basins: found.as_ref().map_or(vec![], basins),
            magnetisation: by_start().map(magnetisation).collect(),
            series: Series {
                steps: trajectory.steps(),
                t_star: trajectory.t_star(&self.thermometer.reference),
                energy: moments.iter().map(|m| pairs(&m.energy, &m.energy_error)).collect(),
                abs_m: moments.iter().map(|m| pairs(&m.abs_m, &m.abs_m_error)).collect(),
                pictures: trajectory.pictures(&shown_starts, &shown_records),
                shown_starts,
                shown_records,
            },
        })
    }
}

/// Fractions of configurations with m = -1, -0.9 ... 1, rounded to one decimal.
pub fn magnetisation(rows: ArrayView2<i8>) -> Vec<f64> {
    let mut counts = vec![0.0; 21];
    for row in rows.rows() {
        let m = row.iter().map(|s| f64::from(*s)).sum::<f64>() / row.len() as f64;
        counts[((10.0 * m).round() + 10.0) as usize] += 1.0 / rows.nrows() as f64;
    }
    counts
}

fn write_series(
    out: &StageOut,
    (npz_name, csv_name): (&str, &str),
    trajectory: &Trajectory,
    series: &Series,
    temperatures: &[f64],
) -> Result<(), Error> {
    let moments = &trajectory.moments;
    let (records, starts) = (moments.len(), temperatures.len());
    let by_record = |of: fn(&Moment) -> &Array2<f64>| {
        Array3::from_shape_fn((records, starts, starts), |(r, s, t)| of(&moments[r])[[s, t]])
    };
    let grid = |f: &dyn Fn(usize, usize) -> f64| Array2::from_shape_fn((records, starts), |(r, s)| f(r, s));
    let mut file = npz::Writer::new();
    file.add("step", &Array1::from_iter(moments.iter().map(|m| m.step as u32)))?;
    file.add("start_temperature", &Array1::from(temperatures.to_vec()))?;
    file.add("probability", &by_record(|m| &m.probability))?;
    file.add("probability_error", &by_record(|m| &m.probability_error))?;
    file.add("t_star", &grid(&|r, s| series.t_star[r][s]))?;
    file.add("energy", &grid(&|r, s| moments[r].energy[s]))?;
    file.add("energy_error", &grid(&|r, s| moments[r].energy_error[s]))?;
    file.add("abs_m", &grid(&|r, s| moments[r].abs_m[s]))?;
    file.add("abs_m_error", &grid(&|r, s| moments[r].abs_m_error[s]))?;
    out.write(npz_name, file.finish()?)?;
    let mut csv = String::from("step,start_temperature,t_star,energy,energy_error,abs_m,abs_m_error\n");
    for (r, m) in moments.iter().enumerate() {
        for (s, t) in temperatures.iter().enumerate() {
            let (e, ee, a, ae) = (m.energy[s], m.energy_error[s], m.abs_m[s], m.abs_m_error[s]);
            let _ = writeln!(csv, "{},{t},{},{e},{ee},{a},{ae}", m.step, series.t_star[r][s]);
        }
    }
    out.write(csv_name, csv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magnetisations_are_rounded_to_one_decimal() {
        // m = 1, -1, 0.25 (0.3 with halves rounded away from zero), -0.25.
        let up = |n: usize| (0..8).map(move |i| if i < n { 1i8 } else { -1 });
        let rows = Array2::from_shape_vec((4, 8), [8, 0, 5, 3].into_iter().flat_map(up).collect()).unwrap();
        let p = magnetisation(rows.view());
        let seen: Vec<usize> = (0..21).filter(|i| p[*i] > 0.0).collect();
        assert_eq!((seen, p.iter().sum::<f64>()), (vec![0, 7, 13, 20], 1.0));
    }
}
