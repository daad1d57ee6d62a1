//! `rgflow rg reweight`: all samples of one lattice read as one, at any temperature and field within their reach (MBAR).

use super::{check_plot, draw, number, sampled, show};
use crate::commands::{exact::Range, work::start_threads};
use crate::output;
use rgflow::exact::square;
use rgflow::lattice::{Geometry, Lattice, Temperature};
use rgflow::rg::multi_histogram::{MbarError, Replicas, State};
use rgflow::statistics::Estimate;
use rgflow_lab::artifact::Error;
use rgflow_lab::dataset::averages::{Quantity, place};
use rgflow_lab::dataset::ensemble::{Coupled, Part, Pool, pools};
use rgflow_lab::dataset::histograms::Histograms;
use rgflow_lab::record::{Axis, Curve, Figure, Panel, Style};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Quantities in the order of the columns, with their names in the table and in JSON.
const QUANTITIES: [(Quantity, &str, &str); 6] = [
    (Quantity::Energy, "E/N", "energy"),
    (Quantity::SpecificHeat, "C", "specific_heat"),
    (Quantity::Magnetisation, "m", "magnetisation"),
    (Quantity::AbsM, "|m|", "abs_m"),
    (Quantity::Susceptibility, "chi", "susceptibility"),
    (Quantity::Binder, "U4", "binder"),
];

#[derive(clap::Args)]
pub struct Reweight {
    /// Samples of one lattice: .npz as `rgflow sample` writes them; one or several temperatures each.
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
    /// Draws C, |m|, chi and U4 with their errors.
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

/// A state with its averages.
struct Row {
    state: State,
    /// Number of the group of samples that it is read from.
    group: usize,
    n_eff: f64,
    /// In the order of [`QUANTITIES`].
    values: [Estimate; QUANTITIES.len()],
}

impl Row {
    fn new(state: State, group: usize, seen: &Replicas, n_sites: f64) -> Self {
        let values = QUANTITIES.map(|(q, ..)| q.estimate(seen, state.beta, n_sites));
        Self { state, group, n_eff: seen.n_eff, values }
    }

    fn t(&self) -> f64 {
        1.0 / self.state.beta
    }
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
        let in_field = pool.parts.iter().any(|p| p.field != 0.0) || self.y.iter().any(|y| *y != 0.0);
        let all = Histograms::new(pool, in_field, usize::MAX).map_err(|e| pool.explain(&e))?;
        all.notes.iter().for_each(|note| output::complain(note));
        let (rows, left_out) = self.rows(pool, &all, &asked)?;
        groups_note(&all, &rows).iter().for_each(|note| output::complain(note));
        let n_blocks = all.n_blocks();
        if let Some(path) = &self.plot {
            draw(path, &figure(pool, n_blocks, &rows))?;
        }
        if self.json {
            return output::print_json(&as_json(pool, &all, &coupled, &rows, &left_out, in_field));
        }
        output::print(&table(pool, n_blocks, &rows, &left_out, in_field))?;
        self.plot.as_ref().map_or(Ok(()), |path| output::print(&format!("{}\n", path.display())))
    }

    /// Averages at all states that are reached, and the states of the grid that are not.
    fn rows(&self, pool: &Pool, all: &Histograms, asked: &[Temperature]) -> Result<(Vec<Row>, Vec<State>), Error> {
        let n_sites = pool.lattice.n_sites() as f64;
        let mut fields: Vec<f64> = match self.y.as_slice() {
            [] => pool.parts.iter().map(|p| p.field).collect(),
            own => own.to_vec(),
        };
        fields.sort_by(f64::total_cmp);
        fields.dedup();
        let (mut rows, mut left_out) = (Vec::new(), Vec::new());
        for y in fields {
            if !asked.is_empty() {
                for state in asked.iter().map(|t| State { beta: t.beta(), y }) {
                    let (group, seen) = all.read(state)?;
                    rows.push(Row::new(state, group, &seen, n_sites));
                }
                continue;
            }
            let (before, mut last) = (rows.len(), None);
            for (k, group) in all.groups.iter().enumerate() {
                for beta in group.pool.grid(&group.mbar, y) {
                    let state = State { beta, y };
                    match group.pool.read(&group.mbar, state) {
                        Ok(seen) => rows.push(Row::new(state, k, &seen, n_sites)),
                        Err(e @ (MbarError::Overlap { .. } | MbarError::Support { .. })) => {
                            left_out.push(state);
                            last = Some(e);
                        }
                        Err(e) => return Err(group.pool.explain(&e)),
                    }
                }
            }
            // Nothing is left at a field that was asked for.
            if let Some(e) = last.filter(|_| rows.len() == before) {
                return Err(pool.explain(&e));
            }
            rows[before..].sort_by(|a, b| a.t().total_cmp(&b.t()));
        }
        Ok((rows, left_out))
    }
}

/// Where samples fall into groups, which of them are not used.
fn groups_note(all: &Histograms, rows: &[Row]) -> Option<String> {
    let names: Vec<String> = all.groups.iter().map(|g| sampled(&g.pool)).collect();
    let out: Vec<&str> =
        (0..names.len()).filter(|k| rows.iter().all(|row| row.group != *k)).map(|k| names[k].as_str()).collect();
    let out = if out.is_empty() { String::new() } else { format!("; left out: {}", out.join(" and ")) };
    (names.len() > 1).then(|| {
        format!(
            "samples at {} do not overlap: each point is read from one of these groups alone{out}",
            names.join(" and at ")
        )
    })
}

fn temperature(t: f64) -> Value {
    if t.is_finite() { json!(t) } else { json!("Tinf") }
}

fn as_json(
    pool: &Pool,
    all: &Histograms,
    coupled: &Coupled,
    rows: &[Row],
    left_out: &[State],
    in_field: bool,
) -> Value {
    let files: Vec<_> =
        pool.parts.iter().map(|p| &p.path).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    let group = |p: &Part| all.groups.iter().position(|g| g.pool.parts.iter().any(|own| own.state() == p.state()));
    let part = |p: &Part| {
        let tau_int = if in_field { p.tau_int_x } else { p.tau_int };
        json!({ "file": p.path, "temperature": temperature(p.temperature.value()), "y": p.field, "n": p.energy.len(),
            "tau_int": tau_int, "group": group(p) })
    };
    let row = |row: &Row| {
        let mut value = json!({ "temperature": temperature(row.t()), "y": row.state.y, "group": row.group,
            "n_eff": row.n_eff });
        QUANTITIES.iter().zip(&row.values).for_each(|((_, _, key), e)| value[*key] = number(*e));
        value
    };
    let out = |s: &State| json!({ "temperature": temperature(1.0 / s.beta), "y": s.y });
    json!({
        "files": files, "lattice": pool.lattice.name(), "extents": pool.lattice.extents(), "operator": coupled.to_string(),
        "n_blocks": all.n_blocks(), "sampled": pool.parts.iter().map(part).collect::<Vec<_>>(),
        "rows": rows.iter().map(row).collect::<Vec<_>>(), "left_out": left_out.iter().map(out).collect::<Vec<_>>(),
    })
}

fn table(pool: &Pool, n_blocks: usize, rows: &[Row], left_out: &[State], in_field: bool) -> String {
    let shown = |q: Quantity| in_field || q != Quantity::Magnetisation;
    let mut head = vec!["T".to_string()];
    head.extend(in_field.then(|| "Y".to_string()));
    head.extend(QUANTITIES.iter().filter(|(q, ..)| shown(*q)).map(|(_, name, _)| name.to_string()));
    head.push("n_eff".into());
    let mut cells = vec![head];
    for row in rows {
        let mut line = vec![temperature_text(row.t())];
        line.extend(in_field.then(|| row.state.y.to_string()));
        line.extend(QUANTITIES.iter().zip(&row.values).filter(|((q, ..), _)| shown(*q)).map(|(_, e)| show_or_zero(*e)));
        line.push(format!("{:.0}", row.n_eff));
        cells.push(line);
    }
    let n: usize = pool.parts.iter().map(|p| p.energy.len()).sum();
    let tau = pool.parts.iter().map(|p| if in_field { p.tau_int_x } else { p.tau_int }).fold(0.5, f64::max);
    let mut text = format!(
        "Ising model, {}: {n} configurations at {}, tau_int up to {tau:.1}, {n_blocks} blocks\n{}",
        pool.lattice,
        sampled(pool),
        output::columns(&cells)
    );
    if let [first, ..] = left_out {
        text += &format!(
            "{} of the grid are left out, the first {}: the samples do not reach so far; sample nearer\n",
            left_out.len(),
            place(first)
        );
    }
    text
}

/// What is 0 by symmetry without digits.
fn show_or_zero(e: Estimate) -> String {
    if e.value == 0.0 && e.error < 1e-9 { "0".into() } else { show(e) }
}

fn temperature_text(t: f64) -> String {
    if t.is_finite() { ((t * 1e6).round() / 1e6).to_string() } else { "inf".into() }
}

/// C, |m|, chi and U4 over T: lines from all samples, points from each temperature alone, C beside Kaufman's.
fn figure(pool: &Pool, n_blocks: usize, rows: &[Row]) -> Figure {
    let n_sites = pool.lattice.n_sites() as f64;
    let mut fields: Vec<f64> = rows.iter().map(|row| row.state.y).collect();
    fields.dedup();
    // A part that is too short for errors has no points.
    let alone = pool.parts.iter().filter_map(|p| Some(Row::new(p.state(), 0, &pool.alone(p, n_blocks).ok()?, n_sites)));
    let alone: Vec<Row> = alone.collect();
    let curve = |label: String, rows: &[&Row], column: usize, style: Style| Curve {
        label,
        x: rows.iter().map(|row| row.t()).collect(),
        y: rows.iter().map(|row| row.values[column].value).collect(),
        error: rows.iter().map(|row| row.values[column].error).collect(),
        style,
        colour: None,
    };
    let panel = |(column, (quantity, label)): (usize, (Quantity, &str))| {
        let mut curves = Vec::new();
        for y in &fields {
            let here = |row: &&Row| row.state.y == *y && row.t().is_finite();
            let line: Vec<&Row> = rows.iter().filter(here).collect();
            let points: Vec<&Row> = alone.iter().filter(here).collect();
            let at = if fields.len() > 1 { format!("Y = {y}, ") } else { String::new() };
            if let (Geometry::Square(s), Quantity::SpecificHeat, true) = (&pool.lattice, quantity, *y == 0.0) {
                let exact = |row: &&Row| {
                    let exact = Temperature::new(row.t()).and_then(|t| square::thermodynamics(s.lx(), s.ly(), t));
                    exact.map_or(f64::NAN, |e| e.specific_heat)
                };
                let y = line.iter().map(exact).collect();
                curves.push(Curve {
                    label: "exact (Kaufman)".into(),
                    y,
                    error: Vec::new(),
                    ..curve(String::new(), &line, column, Style::Dashed)
                });
            }
            curves.push(curve(format!("{at}reweighted"), &line, column, Style::Line));
            if !points.is_empty() {
                curves.push(curve(format!("{at}sampled there"), &points, column, Style::Points));
            }
        }
        let axis = |label: &str| Axis { label: label.into(), ..Axis::default() };
        Panel::Curves { title: String::new(), x: axis("T (J/k_B)"), y: axis(label), curves }
    };
    let shown = [
        (Quantity::SpecificHeat, "C (k_B per spin)"),
        (Quantity::AbsM, "|m|"),
        (Quantity::Susceptibility, "chi (1/J per spin)"),
        (Quantity::Binder, "U4"),
    ];
    let with_column = shown.into_iter().filter_map(|(q, label)| {
        let column = QUANTITIES.iter().position(|(own, ..)| *own == q)?;
        Some((column, (q, label)))
    });
    Figure {
        id: "reweight".into(),
        title: format!("{}, sampled at {}", pool.lattice, sampled(pool)),
        caption: String::new(),
        alt: "Specific heat, |m|, susceptibility and Binder cumulant over temperature, reweighted from all samples, with \
              errors; points where it was sampled."
            .into(),
        panels: with_column.map(panel).collect(),
    }
}
