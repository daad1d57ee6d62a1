//! Numbers, tables and figures of a flow from the user's own samples.

use super::findings::{Findings, Star};
use super::settings::Settings;
use super::{OwnFlow, Starts};
use crate::artifact::network::{self, Outputs};
use crate::dataset::{Dataset, Meaning};
use crate::record::{Axis, Cell, Curve, Figure, Map, Number, Panel, Record, Scale, Section, Style, Table};
use crate::record::{Combined, Measured, around, over_seeds, union};
use crate::study::couplings::{self, Effective};
use crate::study::drawing::axis;
use crate::study::drawing::cell;
use crate::study::pictures::{picture, shades};
use rgflow::flow::Ends;
use rgflow::lattice::Temperature;

const KEY: &str = "flow";

/// A quantity that was read along the flow: name, unit, values by record and start.
type Series = (&'static str, &'static str, fn(&Findings) -> &Vec<Vec<Measured>>);

struct Story<'a> {
    data: &'a Dataset,
    starts: &'a Starts,
    outputs: Option<Outputs>,
    /// By repetition and mode.
    found: &'a [Vec<Findings>],
    /// The machine as an Ising model, by repetition; none without a lattice.
    effective: Vec<&'a Effective>,
    n: f64,
}

pub(super) fn record(
    flow: &OwnFlow,
    settings: &Settings,
    data: &Dataset,
    starts: &Starts,
    outputs: Option<Outputs>,
    (found, effective): (&[Vec<Findings>], &[Effective]),
) -> Record {
    let effective = effective.iter().collect();
    let story = Story { data, starts, outputs, found, effective, n: starts.rows.len() as f64 };
    let file = |path: &std::path::Path| path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let (machine, rbm) = (file(&flow.machine.0), &flow.machine.2);
    let n_modes = found[0].len();
    let mut sections = Vec::new();
    for mode in 0..n_modes {
        sections.push(Section {
            title: format!("{} flow", story.title(mode)),
            text: vec![],
            figures: story.figures(mode, flow),
            tables: story.table(mode).into_iter().collect(),
        });
    }
    sections.extend(story.couplings());
    Record {
        experiment: OwnFlow::NAME.into(),
        title: format!("The flow of {machine} from {}", file(&flow.data_path.0)),
        question: format!(
            "A machine of {} visible ({}) and {} hidden units ({}) is iterated {} steps from {} samples. Where does it go?",
            rbm.n_visible(),
            rbm.visible_units(),
            rbm.n_hidden(),
            rbm.hidden_units(),
            settings.flow.steps,
            starts.rows.len()
        ),
        answers: (0..n_modes).map(|mode| story.answer(mode)).collect(),
        summary: story.summary(settings),
        sections,
        numbers: story.numbers(),
        claims: Vec::new(),
    }
}

fn show(c: &Combined) -> String {
    crate::report::format::value(c.value, c.error, c.interval)
}

impl Story<'_> {
    fn mode(&self, mode: usize) -> &str {
        &self.found[0][mode].mode
    }

    fn title(&self, mode: usize) -> &'static str {
        if self.mode(mode) == "mean" { "Mean-field" } else { "Gibbs" }
    }

    /// Name of a start, for keys.
    fn start(&self, k: usize) -> String {
        match (self.starts.names.get(k), self.starts.meaning) {
            (Some(t), Some(Meaning::Temperature)) => format!("T{t}"),
            (Some(label), _) => label.clone(),
            (None, _) => "all".into(),
        }
    }

    fn over(&self, mode: usize, of: impl Fn(&Findings) -> Option<Measured>) -> Combined {
        over_seeds(&self.found.iter().map(|f| of(&f[mode])).collect::<Vec<_>>(), self.n)
    }

    /// T* over repetitions, with the union of intervals where there are any.
    fn star<'a>(&'a self, mode: usize, of: impl Fn(&'a Findings) -> Option<&'a Star>) -> Combined {
        let stars: Vec<Option<&Star>> = self.found.iter().map(|f| of(&f[mode])).collect();
        let mut combined = over_seeds(&stars.iter().map(|s| s.map(|s| s.t_star)).collect::<Vec<_>>(), self.n);
        if stars.iter().flatten().any(|s| s.interval.is_some()) {
            let ends: Vec<_> = stars.iter().flatten().map(|s| s.interval.unwrap_or_else(|| around(s.t_star))).collect();
            combined.interval = Some(union(&ends));
        }
        combined
    }

    fn end(values: &[Vec<Measured>], at_start: bool) -> Option<&Vec<Measured>> {
        if at_start { values.first() } else { values.last() }
    }

    /// Mean over starts of a series at its start or end.
    fn mean(&self, mode: usize, at_start: bool, of: fn(&Findings) -> &Vec<Vec<Measured>>) -> Combined {
        self.over(mode, |f| {
            let row = Self::end(of(f), at_start).filter(|row| !row.is_empty())?;
            let n = row.len() as f64;
            Some((row.iter().map(|v| v.0).sum::<f64>() / n, row.iter().map(|v| v.1 * v.1).sum::<f64>().sqrt() / n))
        })
    }

    fn numbers(&self) -> Vec<Number> {
        let mut numbers = Vec::new();
        if self.found[0][0].pooled.is_some() {
            let star = self.star(0, |f| f.pooled.as_ref().map(|p| &p[0]));
            let what = "T* of the starts themselves, pooled, without any machine: the null";
            numbers.push(star.number(format!("{KEY}.start.T_star"), "J/k_B", what));
        }
        for (name, unit, of) in self.series() {
            if name != "distance" {
                let what = format!("{name} of the starts themselves, without any machine");
                numbers.push(self.mean(0, true, of).number(format!("{KEY}.start.{name}"), unit, &what));
            }
        }
        if !self.effective.is_empty() {
            numbers.extend(couplings::numbers(KEY, &self.effective, "the machine itself, without any flow"));
        }
        for mode in 0..self.found[0].len() {
            let key = format!("{KEY}.{}", self.mode(mode));
            let what = format!("{} flow, last step", self.mode(mode));
            if self.found[0][mode].pooled.is_some() {
                let null = self.star(mode, |f| f.pooled.as_ref().map(|p| &p[0]));
                let star = self.star(mode, |f| f.pooled.as_ref().map(|p| &p[1]));
                let mut number =
                    star.number(format!("{key}.T_star"), "J/k_B", &format!("T* of all ends pooled, {what}"));
                if let Some((value, error)) = null.reference(star.value) {
                    number = number.compare(value, error, 0.0, format!("null: {KEY}.start.T_star"));
                }
                numbers.push(number.compare(
                    Temperature::CRITICAL.value(),
                    0.0,
                    0.0,
                    "T_c of the square Ising lattice",
                ));
                let p = self.found.iter().filter_map(|f| f[mode].pooled.as_ref().map(|p| p[1].p_thermal));
                let p = (p.fold(1.0, f64::min) * self.found.len() as f64).min(1.0);
                let what = "probability that a thermal collection is as far from every reference curve (least over repetitions times their number)";
                numbers.push(Number::new(format!("{key}.p_thermal"), p, None, "1", what));
                for k in 0..self.found[0][mode].ends.len() {
                    let star = self.star(mode, move |f| f.ends.get(k));
                    let key = format!("{key}.from.{}.T_star", self.start(k));
                    numbers.push(star.number(key, "J/k_B", &format!("T* of the end of this start, {what}")));
                }
            }
            for (name, unit, of) in self.series() {
                let what = format!("{name}, mean over starts, {what}");
                numbers.push(self.mean(mode, false, of).number(format!("{key}.{name}"), unit, &what));
            }
            let count = |get: &dyn Fn(&Findings) -> Option<f64>| self.over(mode, |f| get(f).map(|v| (v, f64::NAN)));
            for (name, value, what) in [
                ("ends_100", count(&|f| f.distinct.map(|d| d[0] as f64)), "distinct ends of the starts near step 100"),
                ("ends", count(&|f| f.distinct.map(|d| d[1] as f64)), "distinct ends of the starts at the last step"),
                ("converged", count(&|f| Some(f.converged)), "fraction of starts whose last two windows agree"),
                ("attractors", count(&|f| f.attractors.map(|a| a as f64)), "attractors of the mean-field map"),
                ("at_rest", count(&|f| f.at_rest), "fraction of chains at rest"),
            ] {
                if value.value.is_some() {
                    numbers.push(value.number(format!("{key}.{name}"), "1", what));
                }
            }
            if let Some([tv, low, high]) = self.apart(mode) {
                let what = "total variation of P between the two ends that may be farthest apart, 95 % interval";
                let interval = Some([Some(low), Some(high)]);
                numbers.push(Number::new(format!("{key}.ends_apart"), tv, None, "1", what).interval(interval));
            }
            if let Some(Outputs { temperatures: false, names, .. }) = &self.outputs {
                for k in 0..self.found[0][mode].probability[1].len() {
                    for (c, class) in names.iter().enumerate() {
                        let p = self.over(mode, |f| Some(f.probability[1][k][c]));
                        let key = format!("{key}.from.{}.P.{class}", self.start(k));
                        numbers.push(p.number(key, "1", &format!("P(class) of the end of this start, {what}")));
                    }
                }
            }
        }
        numbers
    }

    /// Total variation of the two ends that may be farthest apart, the widest of all repetitions.
    fn apart(&self, mode: usize) -> Option<[f64; 3]> {
        self.found.iter().filter_map(|f| f[mode].apart).max_by(|a, b| a[2].total_cmp(&b[2]))
    }

    /// How far the ends are apart, unless all pairs are shown to be one.
    fn spread_of_ends(&self, mode: usize) -> Option<String> {
        let [_, low, high] = self.apart(mode).filter(|apart| !Ends::is_one(*apart))?;
        let stars: Vec<Combined> =
            (0..self.found[0][mode].ends.len()).map(|k| self.star(mode, move |f| f.ends.get(k))).collect();
        let by_value =
            |a: &&Combined, b: &&Combined| a.value.unwrap_or(f64::NAN).total_cmp(&b.value.unwrap_or(f64::NAN));
        let ends = stars.iter().min_by(by_value).zip(stars.iter().max_by(by_value)).filter(|_| stars.len() > 1);
        let range = ends.map_or(String::new(), |(least, most)| format!("T* from {} to {}, ", show(least), show(most)));
        Some(format!("{range}total variation up to {low:.3} ... {high:.3}"))
    }

    /// Series that were read: name, unit, values.
    fn series(&self) -> Vec<Series> {
        let all: [Series; 3] =
            [("energy", "J per spin", |f| &f.energy), ("abs_m", "1", |f| &f.abs_m), ("distance", "1", |f| &f.distance)];
        all.into_iter().filter(|(.., of)| of(&self.found[0][0]).first().is_some_and(|row| !row.is_empty())).collect()
    }

    fn summary(&self, settings: &Settings) -> Table {
        let mut columns = vec!["".to_string(), "starts (no machine)".into()];
        columns.extend((0..self.found[0].len()).map(|mode| format!("{} flow", self.title(mode))));
        let modes = 0..self.found[0].len();
        let mut rows = Vec::new();
        if self.found[0][0].pooled.is_some() {
            let mut row = vec![Cell::text("T*"), cell(&self.star(0, |f| f.pooled.as_ref().map(|p| &p[0])), None)];
            row.extend(modes.clone().map(|mode| {
                let thermal = self.found.iter().all(|f| f[mode].pooled.as_ref().is_none_or(|p| p[1].p_thermal > 0.01));
                cell(&self.star(mode, |f| f.pooled.as_ref().map(|p| &p[1])), (!thermal).then_some("not thermal"))
            }));
            rows.push(row);
        }
        if !self.effective.is_empty() {
            let t_eff = cell(&couplings::t_eff(&self.effective), None);
            let mut row = vec![Cell::text("T_eff = 1/K_eff of the machine"), Cell::text("-")];
            row.extend(modes.clone().map(|_| t_eff.clone()));
            rows.push(row);
        }
        for (name, _, of) in self.series() {
            let head = match name {
                "energy" => "E/N (J)",
                "abs_m" => "|m|",
                _ => "distance from the start",
            };
            let mut row = vec![Cell::text(head), cell(&self.mean(0, true, of), None)];
            row.extend(modes.clone().map(|mode| cell(&self.mean(mode, false, of), None)));
            rows.push(row);
        }
        if self.found[0][0].distinct.is_some() {
            let mut row = vec![Cell::text("distinct ends"), Cell::text(self.starts.labels.len().max(1).to_string())];
            row.extend(modes.map(|mode| {
                let count = self.over(mode, |f| f.distinct.map(|d| (d[1] as f64, f64::NAN)));
                match self.spread_of_ends(mode) {
                    Some(spread) => Cell::text(format!("not shown to be one: {spread}")),
                    None => cell(&count, None),
                }
            }));
            rows.push(row);
        }
        Table {
            caption: format!("after {} steps from {} starts", settings.flow.steps, self.starts.labels.len().max(1)),
            columns,
            rows,
            notes: vec![
                "Distance: mean over units of ((v - v_0)/(high - low))^2. Two states of units that are high half of the time are 1/2 apart \
                 if they know nothing of each other; grey levels and expectation values are nearer."
                    .into(),
            ],
        }
    }

    fn answer(&self, mode: usize) -> String {
        let distance = self.mean(mode, false, |f| &f.distance);
        let mut text = format!("{} flow: ", self.title(mode));
        if self.found[0][mode].pooled.is_some() {
            let star = |i: usize| show(&self.star(mode, move |f| f.pooled.as_ref().map(|p| &p[i])));
            text += &format!("the starts read T* = {}, the ends {}; ", star(0), star(1));
        }
        let starts = self.starts.labels.len();
        if let Some([_, _, high]) = self.apart(mode).filter(|_| starts > 1) {
            text += &match self.spread_of_ends(mode) {
                None => {
                    format!("{starts} starts have one end (no two differ by more than {high:.3} in total variation); ")
                }
                Some(spread) => format!("the ends of {starts} starts are not shown to be one: {spread}; "),
            };
        }
        text + &format!("the distance from the start is {}.", show(&distance))
    }

    fn table(&self, mode: usize) -> Option<Table> {
        let first = &self.found[0][mode];
        let head = |name: &str| format!("from {name}");
        if !first.ends.is_empty() && !self.starts.labels.is_empty() {
            let rows = (0..first.ends.len())
                .map(|k| {
                    let thermal = self.found.iter().all(|f| f[mode].ends[k].p_thermal > 0.01);
                    let remark = (!thermal).then_some("not thermal");
                    vec![Cell::text(head(&self.start(k))), cell(&self.star(mode, move |f| f.ends.get(k)), remark)]
                })
                .collect();
            return Some(Table {
                caption: "T* of the end of each start".into(),
                columns: vec!["start".into(), "T*".into()],
                rows,
                notes: vec!["\"not thermal\": p < 0.01 for this start alone.".into()],
            });
        }
        let Outputs { temperatures: false, names: classes, .. } = self.outputs.as_ref()? else { return None };
        let rows = (0..first.probability[1].len())
            .map(|k| {
                let mut row = vec![Cell::text(head(&self.start(k)))];
                row.extend((0..classes.len()).map(|c| cell(&self.over(mode, |f| Some(f.probability[1][k][c])), None)));
                row
            })
            .collect();
        Some(Table {
            caption: "P(class) at the end of each start".into(),
            columns: [String::from("start")].into_iter().chain(classes.iter().cloned()).collect(),
            rows,
            notes: vec![],
        })
    }

    /// J(r) of the machine.
    fn couplings(&self) -> Option<Section> {
        let more = couplings::more(&self.effective);
        (!self.effective.is_empty()).then(|| Section {
            title: "The machine as an Ising model".into(),
            text: vec![format!(
                "Effective couplings J_ij = 2^-N sum over v of v_i v_j ln p(v), spins v; K_eff is their mean over nearest neighbours. Share of terms of three and more spins in the variance of ln p over uniform spins: {}.",
                show(&more)
            )],
            figures: vec![Figure {
                id: "couplings".into(),
                title: "Effective couplings by distance".into(),
                caption: "J(r): mean of J_ij over the pairs at the distance r on the torus. The Ising model has beta at r = 1 and 0 beyond. Values below 0 are not shown.".into(),
                alt: "Effective couplings of the machine against the distance, on a logarithmic axis.".into(),
                panels: vec![couplings::panel(vec![couplings::curve_of("", &self.effective)])],
            }],
            tables: vec![],
        })
    }

    fn colour(&self, k: usize) -> Option<f64> {
        let n = self.starts.labels.len();
        (n > 1).then(|| k as f64 / (n - 1) as f64)
    }

    fn figures(&self, mode: usize, flow: &OwnFlow) -> Vec<Figure> {
        let first = &self.found[0][mode];
        let name = self.mode(mode);
        let title = self.title(mode);
        let mut figures = Vec::new();
        if let Some(outputs) = &self.outputs {
            let panels = ["start", "end"].iter().enumerate().map(|(i, at)| self.probability(first, i, at, outputs));
            figures.push(Figure {
                id: format!("{name}-probability"),
                title: format!("{title} flow: what the network reads"),
                caption:
                    "Mean output of the network at the start and at the end of the flow, by start. First repetition."
                        .into(),
                alt: "Probabilities at start and end.".into(),
                panels: panels.collect(),
            });
        }
        let x = Axis { label: "step".into(), scale: Scale::Log, limits: None };
        let steps: Vec<f64> = first.steps.iter().map(|s| *s as f64).collect();
        let panel = |title: &str, label: &str, of: &dyn Fn(usize, usize) -> Measured| Panel::Curves {
            title: title.into(),
            x: x.clone(),
            y: axis(label),
            curves: (0..first.distance[0].len())
                .map(|k| Curve {
                    label: self.start(k),
                    x: steps.clone(),
                    y: (0..steps.len()).map(|r| of(r, k).0).collect(),
                    error: (0..steps.len()).map(|r| of(r, k).1).collect(),
                    style: Style::Line,
                    colour: self.colour(k),
                })
                .collect(),
        };
        let mut panels = Vec::new();
        if !first.t_star.is_empty() {
            panels.push(panel("T*", "T* (J/k_B)", &|r, k| (first.t_star[r][k], f64::NAN)));
        }
        for (series, _, of) in self.series() {
            let label = if series == "energy" { "E/N (J)" } else { series };
            panels.push(panel(series, label, &|r, k| of(first)[r][k]));
        }
        figures.push(Figure {
            id: format!("{name}-by-step"),
            title: format!("{title} flow by step"),
            caption: "One curve for each start, errors over chains. First repetition.".into(),
            alt: "What is read of the flow against the step, on a logarithmic axis.".into(),
            panels,
        });
        let units = flow.machine.2.visible_units();
        let rows = first.shown.0.iter().zip(&first.pictures).map(|(start, row)| {
            let pictures = row.iter().zip(&first.shown.1).map(|(values, record)| {
                let label = format!("{}, step {}", self.start(*start), first.steps[*record]);
                picture(self.data, values, label)
            });
            pictures.collect()
        });
        let rows: Vec<Vec<_>> = rows.collect();
        let n = self.starts.labels.len().max(1);
        let shown = if rows.len() < n { format!("{} of {n} starts are shown. ", rows.len()) } else { String::new() };
        figures.push(Figure {
            id: format!("{name}-pictures"),
            title: format!("{title} flow in pictures"),
            caption: format!("{shown}The first chain of each start along the flow, in the units of the data."),
            alt: "Pictures of the visible units by start and step.".into(),
            panels: vec![Panel::Lattices { title: String::new(), shades: shades(self.data, units, &rows), rows }],
        });
        figures
    }

    fn probability(&self, first: &Findings, i: usize, at: &str, outputs: &Outputs) -> Panel {
        let rows = &first.probability[i];
        if outputs.temperatures {
            let curve = |(k, row): (usize, &Vec<Measured>)| Curve {
                label: self.start(k),
                x: outputs.values.clone(),
                y: row.iter().map(|p| p.0).collect(),
                error: row.iter().map(|p| p.1).collect(),
                style: Style::Line,
                colour: self.colour(k),
            };
            let curves = rows.iter().enumerate().map(curve).collect();
            return Panel::Curves { title: at.into(), x: axis("T (J/k_B)"), y: axis("P(T)"), curves };
        }
        let labels = if self.starts.labels.is_empty() { vec![0.0] } else { self.starts.labels.clone() };
        Panel::Map(Map {
            title: at.into(),
            x: axis(&format!("class that is read{}", outputs.legend())),
            y: axis(&format!("start{}", network::legend(&self.starts.names, &self.starts.labels))),
            value: axis("P"),
            columns: outputs.values.clone(),
            rows: labels,
            values: rows.iter().map(|row| row.iter().map(|p| (Some(p.0), Some(p.1))).collect()).collect(),
        })
    }
}
