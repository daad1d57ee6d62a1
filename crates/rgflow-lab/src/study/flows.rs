//! Stages "flow/NAME-MODE": a machine iterated from every start temperature, and what comes of it.

use super::machines;
use super::readings::{FlowFindings, Observed, Series};
use super::samples::ThermalSet;
use super::settings::Torus;
use crate::artifact::{Artifact, Error, Repetition, Stage, StageOut, npz};
use ndarray::{Array1, Array2, Array3, ArrayView2, Axis};
use rgflow::flow::{
    Mode, Reading, Readout, Relaxation, Schedule, Starts, Thermometer, Trajectory, attractors, converged,
    distinct_ends, relaxation, run_by,
};
use rgflow::kernel::spins::packed;
use rgflow::lattice::{Observables, Square};
use std::fmt::Write;

const REVISION: u32 = 9;
/// Attractors that are kept with their picture and basin.
const KEPT: usize = 6;

/// Where flows begin and how they are read.
pub struct Inputs<'a> {
    pub settings: &'a Torus,
    pub samples: &'a Artifact,
    pub thermometer_stage: &'a Artifact,
    pub thermometer: &'a Thermometer,
}

/// A flow to be made.
pub struct FlowSpec<'a> {
    /// Name of the flow's folder without the mode, such as `all` or `all-epoch-10`.
    pub name: String,
    /// The machine and its file.
    pub machine: &'a Artifact,
    pub file: String,
    pub mode: Mode,
    pub steps: usize,
    pub chains: usize,
}

/// Makes or keeps the flow and reads what it found.
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
        let thermometer = inputs.thermometer;
        let square = square(inputs.settings)?;
        let rbm = machines::load(spec.machine, &spec.file)?;
        let start = ThermalSet::read(inputs.samples, "start")?;
        let n_starts = inputs.settings.temperatures().len();
        let bits = packed(start.first(&(0..n_starts).collect::<Vec<_>>(), spec.chains).view());
        drop(start);
        let schedule = Schedule::new(spec.steps);
        out.add_work(&folder, (spec.steps * spec.chains * n_starts) as u64 / 4);
        let readout = Readout { mlp: Some(&thermometer.mlp), lattice: Some(&square) };
        let starts = Starts { values: bits.as_slice().into(), n_starts };
        let streams = (out.streams(), folder.as_str());
        let trajectory = out.drive("chains", &|done| done / 4, |drive| {
            run_by(&rbm, readout, starts, spec.mode, &schedule, streams, drive)
        })?;
        let findings = examine(&trajectory, thermometer, &square, spec.mode, n_starts)?;
        write_series(out, &npz, &csv, &trajectory, &findings, &inputs.settings.temperatures())?;
        Ok(findings)
    })
}

/// The lattice of the study.
pub fn square(settings: &Torus) -> Result<Square, Error> {
    Ok(Square::new(*settings.lattice.size, *settings.lattice.size)?)
}

fn examine(
    trajectory: &Trajectory,
    thermometer: &Thermometer,
    square: &Square,
    mode: Mode,
    n_starts: usize,
) -> Result<FlowFindings, Error> {
    let per_start = trajectory.spins.nrows() / n_starts;
    let ends = trajectory
        .end
        .iter()
        .zip(trajectory.spins.axis_chunks_iter(Axis(0), per_start))
        .map(|(reading, spins)| Ok(Observed::of(thermometer, reading, &Observables::measure(square, spins)?, square)))
        .collect::<Result<Vec<_>, Error>>()?;
    let pooled = Reading::pooled(&trajectory.end);
    let pooled = Observed::of(thermometer, &pooled, &Observables::measure(square, trajectory.spins.view())?, square);
    let moments = &trajectory.moments;
    let last = &moments[moments.len() - 1];
    let hundred = moments.iter().min_by_key(|m| m.step.abs_diff(100)).unwrap_or(last);
    let ends_now = distinct_ends(last);
    let (relaxation, relaxation_interval) = match relaxation(trajectory) {
        Relaxation::Steps(tau) => (Some(tau), None),
        Relaxation::Longer(t) => (None, Some([Some(t), None])),
        Relaxation::Within(t) => (None, Some([None, Some(t)])),
    };
    let found = (mode == Mode::Mean).then(|| attractors(trajectory.values.view(), n_starts));
    let kept = |n: usize| 0..n.min(KEPT);
    let shown_starts: Vec<usize> = (0..6).map(|i| i * (n_starts - 1) / 5).collect();
    let shown_records: Vec<usize> = [0, 1, 2, 4, 10, 40, 100, usize::MAX]
        .iter()
        .map(|s| moments.iter().rposition(|m| m.step <= *s).unwrap_or(0))
        .collect();
    let pairs = |v: &[f64], e: &[f64]| v.iter().copied().zip(e.iter().copied()).collect();
    Ok(FlowFindings {
        steps: last.step,
        pooled,
        ends,
        distinct_100: distinct_ends(hundred).count,
        distinct: ends_now.count,
        apart: ends_now.widest,
        hot_meets_cold: ends_now.hot_meets_cold,
        converged: trajectory.windows.iter().filter(|w| converged(w)).count() as f64 / n_starts as f64,
        relaxation,
        relaxation_interval,
        at_rest: trajectory.at_rest,
        attractors: found.as_ref().map_or(0, |a| a.centres.nrows()),
        centres: found
            .as_ref()
            .map_or(vec![], |a| kept(a.centres.nrows()).map(|k| a.centres.row(k).to_vec()).collect()),
        basins: found.as_ref().map_or(vec![], |a| kept(a.weight.nrows()).map(|k| a.weight.row(k).to_vec()).collect()),
        magnetisation: trajectory.spins.axis_chunks_iter(Axis(0), per_start).map(magnetisation).collect(),
        series: Series {
            steps: moments.iter().map(|m| m.step).collect(),
            t_star: moments
                .iter()
                .map(|m| {
                    m.probability.rows().into_iter().map(|p| thermometer.reference.t_star(&p.to_vec()).0).collect()
                })
                .collect(),
            energy: moments.iter().map(|m| pairs(&m.energy, &m.energy_error)).collect(),
            abs_m: moments.iter().map(|m| pairs(&m.abs_m, &m.abs_m_error)).collect(),
            pictures: shown_starts
                .iter()
                .map(|s| shown_records.iter().map(|r| moments[*r].example.row(*s).to_vec()).collect())
                .collect(),
            shown_starts,
            shown_records,
        },
    })
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
    npz_name: &str,
    csv_name: &str,
    trajectory: &Trajectory,
    findings: &FlowFindings,
    temperatures: &[f64],
) -> Result<(), Error> {
    let moments = &trajectory.moments;
    let (records, starts) = (moments.len(), temperatures.len());
    let mut p = Array3::<f64>::zeros((records, starts, temperatures.len()));
    let mut p_error = p.clone();
    for (r, m) in moments.iter().enumerate() {
        p.index_axis_mut(Axis(0), r).assign(&m.probability);
        p_error.index_axis_mut(Axis(0), r).assign(&m.probability_error);
    }
    let grid = |f: &dyn Fn(usize, usize) -> f64| Array2::from_shape_fn((records, starts), |(r, s)| f(r, s));
    let series = &findings.series;
    let mut file = npz::Writer::new();
    file.add("step", &Array1::from_iter(moments.iter().map(|m| m.step as u32)))?;
    file.add("start_temperature", &Array1::from(temperatures.to_vec()))?;
    file.add("probability", &p)?;
    file.add("probability_error", &p_error)?;
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
        // m = 1, -1, 0.25 (0.3 with halves away from zero), -0.25.
        let up = |n: usize| (0..8).map(move |i| if i < n { 1i8 } else { -1 });
        let rows = Array2::from_shape_vec((4, 8), [8, 0, 5, 3].into_iter().flat_map(up).collect()).unwrap();
        let p = magnetisation(rows.view());
        let seen: Vec<usize> = (0..21).filter(|i| p[*i] > 0.0).collect();
        assert_eq!((seen, p.iter().sum::<f64>()), (vec![0, 7, 13, 20], 1.0));
    }
}
