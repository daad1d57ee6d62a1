//! MBAR for the samples of one lattice: averages at any temperature and field within their reach.

use super::{ValueWithError, finite_or_name};
use crate::artifact::Error;
use crate::dataset::averages::{Quantity, place_at};
use crate::dataset::ensemble::{Coupled, Part, Pool};
use crate::dataset::histograms::Histograms;
use crate::record::{Curve, Figure, Panel, Style};
use rgflow::exact::square;
use rgflow::lattice::{Geometry, Lattice, Temperature};
use rgflow::reweighting::{MbarError, Replicas, State};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Averages at all requested states, as `rgflow rg reweight` prints them.
#[derive(Debug, Serialize)]
pub struct Reweighted {
    /// Files of samples, sorted by name.
    pub files: BTreeSet<PathBuf>,
    /// Name of the lattice.
    pub lattice: String,
    /// Its extents.
    pub extents: Vec<usize>,
    /// Operator X that the field Y couples to.
    pub operator: String,
    /// Blocks of the jackknife.
    pub n_blocks: usize,
    /// The sampled series.
    pub sampled: Vec<Sampled>,
    /// Averages, one row per state.
    pub rows: Vec<Row>,
    /// States of the grid that the samples do not reach.
    pub left_out: Vec<At>,
}

/// A state: a temperature and a field.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct At {
    /// T in J/k_B.
    #[serde(serialize_with = "finite_or_name")]
    pub temperature: f64,
    /// Y in J per unit of X.
    pub y: f64,
}

/// A sampled series of configurations.
#[derive(Debug, Serialize)]
pub struct Sampled {
    /// File that holds the series.
    pub file: PathBuf,
    /// State at which it was sampled.
    #[serde(flatten)]
    pub at: At,
    /// Number of configurations.
    pub n: usize,
    /// Integrated autocorrelation time.
    pub tau_int: f64,
    /// Number of its group of samples; `None` if it is left out.
    pub group: Option<usize>,
}

/// Averages at one state.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The state.
    #[serde(flatten)]
    pub at: At,
    /// Number of the group of samples that the averages come from.
    pub group: usize,
    /// Kish's effective number of configurations.
    pub n_eff: f64,
    /// All quantities with their errors.
    #[serde(flatten)]
    pub values: BTreeMap<Quantity, ValueWithError>,
}

impl From<&State> for At {
    fn from(state: &State) -> Self {
        Self { temperature: 1.0 / state.beta, y: state.y }
    }
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&place_at(self.temperature, self.y))
    }
}

impl Row {
    fn new(state: &State, group: usize, seen: &Replicas, n_sites: f64) -> Self {
        let values = Quantity::ALL.map(|q| (q, q.estimate(seen, state.beta, n_sites).into()));
        Self { at: state.into(), group, n_eff: seen.n_eff, values: values.into() }
    }
}

impl Reweighted {
    /// Averages from the samples `all` of `pool` at the temperatures `asked` (default: those of a grid) in the `fields`
    /// (default: the sampled ones).
    ///
    /// # Errors
    /// If a requested state is not reached, or no state of the grid is reached in a field.
    pub fn new(
        pool: &Pool,
        all: &Histograms,
        coupled: &Coupled,
        asked: &[Temperature],
        fields: &[f64],
    ) -> Result<Self, Error> {
        let in_field = pool.is_in_field(fields);
        let mut fields = if fields.is_empty() { pool.parts.iter().map(|p| p.field).collect() } else { fields.to_vec() };
        fields.sort_by(f64::total_cmp);
        fields.dedup();
        let (mut rows, mut left_out) = (Vec::new(), Vec::new());
        for y in fields {
            if asked.is_empty() {
                let (reached, beyond) = on_grid(pool, all, y)?;
                rows.extend(reached);
                left_out.extend(beyond);
            }
            for state in asked.iter().map(|t| State { beta: t.beta(), y }) {
                let (group, seen) = all.read(state)?;
                rows.push(Row::new(&state, group, &seen, pool.lattice.n_sites() as f64));
            }
        }
        let group = |p: &Part| all.groups.iter().position(|g| g.pool.parts.iter().any(|own| own.state() == p.state()));
        let sampled = |p: &Part| Sampled {
            file: p.path.clone(),
            at: At { temperature: p.temperature.value(), y: p.field },
            n: p.energy.len(),
            tau_int: if in_field { p.tau_int_x } else { p.tau_int },
            group: group(p),
        };
        Ok(Self {
            files: pool.parts.iter().map(|p| p.path.clone()).collect(),
            lattice: pool.lattice.name().to_owned(),
            extents: pool.lattice.extents(),
            operator: coupled.to_string(),
            n_blocks: all.n_blocks(),
            sampled: pool.parts.iter().map(sampled).collect(),
            rows,
            left_out,
        })
    }

    /// Note on samples that are not used because samples fall into groups without overlap.
    pub fn groups_note(&self, all: &Histograms) -> Option<String> {
        let names: Vec<String> = all.groups.iter().map(|g| sampled(&g.pool)).collect();
        let is_used = |k: usize| self.rows.iter().any(|row| row.group == k);
        let out: Vec<&str> = (0..names.len()).filter(|k| !is_used(*k)).map(|k| names[k].as_str()).collect();
        let out = if out.is_empty() { String::new() } else { format!("; left out: {}", out.join(" and ")) };
        (names.len() > 1).then(|| {
            format!(
                "samples at {} do not overlap: each point is read from one of these groups alone{out}",
                names.join(" and at ")
            )
        })
    }

    /// C, |m|, chi and U4 over T: lines from all samples, points from each temperature alone, and Kaufman's exact C.
    pub fn figure(&self, pool: &Pool) -> Figure {
        let n_sites = pool.lattice.n_sites() as f64;
        let mut fields: Vec<f64> = self.rows.iter().map(|row| row.at.y).collect();
        fields.dedup();
        // A series too short for errors gives no point.
        let alone = |p: &Part| Some(Row::new(&p.state(), 0, &pool.alone(p, self.n_blocks).ok()?, n_sites));
        let alone: Vec<Row> = pool.parts.iter().filter_map(alone).collect();
        let panel = |(quantity, label): (Quantity, &str)| {
            let curve = |label: String, rows: &[&Row]| {
                let column = |of: &dyn Fn(&Row) -> f64| rows.iter().map(|row| of(row)).collect::<Vec<f64>>();
                let error = column(&|row| row.values[&quantity].error);
                let y = column(&|row| row.values[&quantity].value);
                Curve { error, ..Curve::new(label, column(&|row| row.at.temperature), y) }
            };
            let mut curves = Vec::new();
            for y in &fields {
                let here = |row: &&Row| row.at.y == *y && row.at.temperature.is_finite();
                let line: Vec<&Row> = self.rows.iter().filter(here).collect();
                let points: Vec<&Row> = alone.iter().filter(here).collect();
                let at = if fields.len() > 1 { format!("Y = {y}, ") } else { String::new() };
                let line = curve(format!("{at}reweighted"), &line);
                if let (Geometry::Square(s), Quantity::SpecificHeat, true) = (&pool.lattice, quantity, *y == 0.0) {
                    let exact = |t: &f64| {
                        let exact = |t| square::thermodynamics(s.lx(), s.ly(), t).ok();
                        Temperature::new(*t).ok().and_then(exact).map_or(f64::NAN, |e| e.specific_heat)
                    };
                    let y: Vec<f64> = line.x.iter().map(exact).collect();
                    curves.push(Curve::new("exact (Kaufman)", line.x.clone(), y).style(Style::Dashed));
                }
                curves.push(line);
                if !points.is_empty() {
                    curves.push(curve(format!("{at}sampled there"), &points).style(Style::Points));
                }
            }
            Panel::curves("", "T (J/k_B)", label, curves)
        };
        let shown = [
            (Quantity::SpecificHeat, "C (k_B per spin)"),
            (Quantity::AbsM, "|m|"),
            (Quantity::Susceptibility, "chi (1/J per spin)"),
            (Quantity::Binder, "U4"),
        ];
        let alt = "Specific heat, |m|, susceptibility and Binder cumulant over temperature, reweighted from all \
            samples, with errors; points where it was sampled.";
        let title = format!("{}, sampled at {}", pool.lattice, sampled(pool));
        Figure::new("reweight", title).caption("", alt).panels(shown.map(panel))
    }
}

/// Averages in the field `y` on the grid of each group, by temperature, and the states that are not reached.
fn on_grid(pool: &Pool, all: &Histograms, y: f64) -> Result<(Vec<Row>, Vec<At>), Error> {
    let (mut rows, mut left_out, mut last) = (Vec::new(), Vec::new(), None);
    for (k, group) in all.groups.iter().enumerate() {
        for beta in group.pool.grid(&group.mbar, y) {
            let state = State { beta, y };
            match group.pool.read(&group.mbar, state) {
                Ok(seen) => rows.push(Row::new(&state, k, &seen, pool.lattice.n_sites() as f64)),
                Err(e @ (MbarError::Overlap { .. } | MbarError::Support { .. })) => {
                    left_out.push(At::from(&state));
                    last = Some(e);
                }
                Err(e) => return Err(group.pool.explain(&e)),
            }
        }
    }
    // No state is left in a requested field.
    if let Some(e) = last.filter(|_| rows.is_empty()) {
        return Err(pool.explain(&e));
    }
    rows.sort_by(|a, b| a.at.temperature.total_cmp(&b.at.temperature));
    Ok((rows, left_out))
}

/// Sampled temperatures as text: `T = 2.2, 2.3 ... 2.5`.
pub fn sampled(pool: &Pool) -> String {
    let mut values: Vec<f64> = pool.parts.iter().map(|p| p.temperature.value()).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    match values.as_slice() {
        [first, second, .., last] if values.len() > 4 => format!("T = {first}, {second} ... {last}"),
        few => format!("T = {}", few.iter().map(f64::to_string).collect::<Vec<_>>().join(", ")),
    }
}
