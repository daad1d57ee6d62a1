//! Record of the user's flow, by mode and start, compared with the starts themselves.

use super::figures::couplings_of;
use super::likelihood::OfStarts;
use super::stage::{ModeFindings, Star};
use super::{Findings, OwnFlow, Settings, Starts, starts};
use crate::artifact::network_file::{self, Outputs};
use crate::dataset::{Dataset, Meaning};
use crate::record::format::counted;
use crate::row;
use crate::study::couplings::{AsIsing, Effective};
use crate::study::prelude::*;
use crate::study::readings::{p_thermal, star};
use crate::study::user_files::name;
use rgflow::flow::Ends;

/// A quantity along the flow: name, unit, heading, values by record and start.
type Series = (&'static str, &'static str, &'static str, fn(&ModeFindings) -> &Vec<Vec<Measured>>);

const SERIES: [Series; 3] = [
    ("energy", "J per spin", "E/N (J)", |f| &f.energy),
    ("abs_m", "1", "|m|", |f| &f.abs_m),
    ("distance", "1", "distance from the start", |f| &f.distance),
];

/// Numbers of the flow in one mode.
struct ModeNumbers {
    /// Name of the mode: `Gibbs` or `Mean-field`.
    title: &'static str,
    star: Option<Number>,
    p_thermal: Option<Number>,
    /// Whether the end is thermal in every repetition, at 1 %.
    is_thermal: bool,
    /// T* of the end of each start; only with a thermometer.
    from: Quantity<1>,
    /// Means over starts at the end, of each of [`RecordBuilder::series`].
    series: Vec<Number>,
    /// Distinct ends near step 100 and at the last step, converged, attractors, at rest: those that are known.
    counts: Vec<Number>,
    apart: Option<Number>,
    /// P(class) of the end of each start; only with a classifier.
    classes: Option<Quantity<2>>,
    /// Distance between the ends, unless all pairs are shown to be equal.
    spread: Option<String>,
}

/// Numbers of the starts, of the machine, and of the flow by mode.
struct FlowNumbers {
    /// T* of the starts.
    null: Option<Number>,
    /// Means over starts at the start, of each of [`RecordBuilder::series`].
    starts: Vec<Number>,
    as_ising: Option<AsIsing<0>>,
    modes: Vec<ModeNumbers>,
}

pub(super) struct RecordBuilder<'a> {
    pub data: &'a Dataset,
    pub starts: &'a Starts,
    pub outputs: Option<Outputs>,
    pub over: Repeated<'a, Findings>,
    n: f64,
    /// Names of starts in keys.
    pub start: Dimension,
}

pub(super) fn record(flow: &OwnFlow, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
    let data = flow.read(settings)?;
    let starts = starts(data, *settings.flow.chains).map_err(Error::user)?;
    let outputs = flow.network.as_ref().map(|read| network_file::outputs(&read.model, &read.mlp)).transpose()?;
    let n = starts.rows.len() as f64;
    let names: Vec<String> = match starts.meaning {
        None => vec!["all".into()],
        Some(Meaning::Temperature) => starts.names.iter().map(|t| format!("T{t}")).collect(),
        Some(_) => starts.names.clone(),
    };
    let (over, start) = (Repeated::new("flow", found).n_eff(n), Dimension::names("start", names));
    let builder = RecordBuilder { data, starts: &starts, outputs, over, n, start };
    Ok(builder.record(flow, settings))
}

impl RecordBuilder<'_> {
    /// T* over repetitions, with the union of intervals where there are any.
    fn star<'f>(&'f self, mode: usize, of: impl Fn(&'f ModeFindings) -> Option<&'f Star>) -> Combined {
        let stars = self.over.found.iter().map(|f| of(&f.flows[mode]).map(|s| (s.t_star, s.interval)));
        star(&stars.collect::<Vec<_>>(), self.n)
    }

    /// Series that are available.
    pub fn series(&self) -> impl Iterator<Item = &'static Series> {
        let first = &self.over.found[0].flows[0];
        SERIES.iter().filter(|(.., of)| of(first).first().is_some_and(|row| !row.is_empty()))
    }

    /// Mean over starts of a series at the end of its flow in the mode `end`; `None`: at the start, which modes share.
    fn mean(&self, end: Option<usize>, key: &str, series: &Series, what: &str) -> Number {
        let (_, unit, _, of) = series;
        self.over.number(key, unit, what, |f| {
            let values = of(&f.flows[end.unwrap_or(0)]);
            let row = if end.is_none() { values.first() } else { values.last() }?;
            let n = row.len() as f64;
            Some((row.iter().map(|v| v.0).sum::<f64>() / n, row.iter().map(|v| v.1 * v.1).sum::<f64>().sqrt() / n))
        })
    }

    fn record(&self, flow: &OwnFlow, settings: &Settings) -> Record {
        let (machine, rbm) = (name(&flow.machine.path), &flow.machine.rbm);
        let mut record = Record::new(
            OwnFlow::NAME,
            format!("The flow of {machine} from {}", self.data.name()),
            format!(
                "A machine of {} visible ({}) and {} hidden units ({}) is iterated {} steps from {} samples. Where \
                 does it go?",
                rbm.n_visible(),
                rbm.visible_units(),
                rbm.n_hidden(),
                rbm.hidden_units(),
                *settings.flow.steps,
                self.starts.rows.len()
            ),
        );
        let is_read = self.over.found[0].flows[0].pooled.is_some();
        let what = "T* of the starts themselves, pooled, without any machine: the null";
        let null = is_read.then(|| {
            self.star(0, |f| f.pooled.as_ref().map(|p| &p[0])).number(self.over.key("start.T_star"), "J/k_B", what)
        });
        let of_starts = self.series().map(|series| {
            let what = format!("{} of the starts themselves, without any machine", series.0);
            // The distance at the start is 0: it is shown, but not listed as a number.
            let key = if series.0 == "distance" { String::new() } else { format!("start.{}", series.0) };
            self.mean(None, &key, series, &what)
        });
        let starts = of_starts.collect();
        let effective = self.effective();
        let as_ising = effective.as_ref().map(|effective| {
            AsIsing::new(&Repeated::new("flow", effective), "", [], "the machine itself, without any flow", |e, []| *e)
        });
        let modes = settings.modes().into_iter().enumerate().map(|(m, mode)| self.mode(m, mode, null.as_ref()));
        let numbers = FlowNumbers { modes: modes.collect(), null, starts, as_ising };
        let FlowNumbers { null, starts, as_ising, modes } = &numbers;
        let worth = OfStarts::new(flow, self.data, self.over.found, self.n);
        record.list(&[null, starts, &worth.numbers, as_ising]);
        for ModeNumbers { star, p_thermal, from, series, counts, apart, classes, .. } in modes {
            record.list(&[star, p_thermal, from, series, counts, apart, classes]);
        }
        record.answers = modes.iter().map(|mode| self.answer(mode, null.as_ref())).collect();
        record.summary = worth.shown(self.summary(settings, &numbers), modes.len());
        record.sections = modes
            .iter()
            .zip(settings.modes())
            .enumerate()
            .map(|(m, (numbers, mode))| {
                let section = Section::new(format!("{} flow", numbers.title));
                section.figures(self.figures(m, mode, numbers.title, flow)).tables(self.table(m, numbers))
            })
            .chain(effective.zip(as_ising.as_ref()).map(|(effective, as_ising)| couplings_of(&effective, as_ising)))
            .collect();
        record
    }

    /// The machine as an Ising model in each repetition, where it is one.
    fn effective(&self) -> Option<Vec<&Effective>> {
        self.over.found.iter().map(|f| f.effective.as_ref()).collect()
    }

    fn mode(&self, m: usize, mode: Mode, null: Option<&Number>) -> ModeNumbers {
        let (over, key, first) = (&self.over, mode.name(), &self.over.found[0].flows[m]);
        let what = format!("{key} flow, last step");
        let star = null.map(|null| {
            let star = self.star(m, |f| f.pooled.as_ref().map(|p| &p[1]));
            let star =
                star.number(over.key(&format!("{key}.T_star")), "J/k_B", &format!("T* of all ends pooled, {what}"));
            star.against(null).compare(Temperature::CRITICAL.value(), 0.0, 0.0, "T_c of the square Ising lattice")
        });
        let p: Vec<f64> = over.found.iter().filter_map(|f| Some(f.flows[m].pooled.as_ref()?[1].p_thermal)).collect();
        let words = "probability that a thermal collection is as far from every reference curve (least over \
            repetitions times their number)";
        let p_thermal =
            null.map(|_| Number::new(over.key(&format!("{key}.p_thermal")), p_thermal(&p), None, "1", words));
        let read = if first.ends.is_empty() { Dimension::names("start", [""; 0]) } else { self.start.clone() };
        let words = format!("T* of the end of this start, {what}");
        let from_key = over.key(&format!("{key}.from.{{start}}.T_star"));
        let from = Quantity::new(&from_key, [&read], "J/k_B", &words, |[k]| self.star(m, |f| f.ends.get(k)));
        let series = self.series().map(|series| {
            let what = format!("{}, mean over starts, {what}", series.0);
            self.mean(Some(m), &format!("{key}.{}", series.0), series, &what)
        });
        let count = |name: &str, what: &str, get: fn(&ModeFindings) -> Option<f64>| {
            over.number(&format!("{key}.{name}"), "1", what, |f| get(&f.flows[m]))
        };
        let ends = "distinct ends of the starts";
        let counts = [
            count("ends_100", &format!("{ends} near step 100"), |f| f.distinct.map(|d| d[0] as f64)),
            count("ends", &format!("{ends} at the last step"), |f| f.distinct.map(|d| d[1] as f64)),
            count("converged", "fraction of starts whose last two windows agree", |f| Some(f.converged)),
            count("attractors", "attractors of the mean-field map", |f| f.attractors.map(|a| a as f64)),
            count("at_rest", "fraction of chains at rest", |f| f.at_rest),
        ];
        let widest = over.found.iter().filter_map(|f| f.flows[m].apart).max_by(|a, b| a[2].total_cmp(&b[2]));
        let words = "total variation of P between the two ends that may be farthest apart, 95 % interval";
        let apart = widest.map(|[tv, low, high]| {
            let apart = Number::new(over.key(&format!("{key}.ends_apart")), tv, None, "1", words);
            apart.interval(Some([Some(low), Some(high)]))
        });
        let spread = widest.filter(|apart| !Ends::is_one(*apart)).map(|[_, low, high]| {
            let by_value = |a: &&Number, b: &&Number| a.get().total_cmp(&b.get());
            let ends = from.iter().min_by(by_value).zip(from.iter().max_by(by_value)).filter(|_| read.len() > 1);
            let range = ends.map_or(String::new(), |(least, most)| format!("T* from {least} to {most}, "));
            format!("{range}total variation up to {low:.3} ... {high:.3}")
        });
        let classes = self.outputs.as_ref().filter(|outputs| !outputs.temperatures).map(|outputs| {
            let class = Dimension::names("class", &outputs.names);
            let key = format!("{key}.from.{{start}}.P.{{class}}");
            let what = format!("P(class) of the end of this start, {what}");
            over.quantity(&key, [&self.start, &class], "1", &what, |f, [k, c]| f.flows[m].probability[1][k][c])
        });
        ModeNumbers {
            title: if mode == Mode::Mean { "Mean-field" } else { "Gibbs" },
            star,
            p_thermal,
            is_thermal: over.found.iter().all(|f| f.flows[m].pooled.as_ref().is_none_or(|p| p[1].p_thermal > 0.01)),
            series: series.collect(),
            counts: counts.into_iter().filter(|number| number.value.is_some()).collect(),
            apart,
            classes,
            spread,
            from,
        }
    }

    fn summary(&self, settings: &Settings, numbers: &FlowNumbers) -> Table {
        let (modes, n_starts) = (&numbers.modes, self.start.len());
        let columns = ["".to_string(), "starts (no machine)".into()];
        let columns = columns.into_iter().chain(modes.iter().map(|mode| format!("{} flow", mode.title)));
        let line = |head: Vec<Cell>, of: &dyn Fn(&ModeNumbers) -> Cell| -> Vec<Cell> {
            head.into_iter().chain(modes.iter().map(of)).collect()
        };
        let mut rows = Vec::new();
        rows.extend(numbers.null.as_ref().map(|null| {
            line(row!["T*", null], &|mode| {
                let remark = (!mode.is_thermal).then_some("not thermal");
                mode.star.as_ref().map_or("".into(), |star| Cell::from(star).remark(remark))
            })
        }));
        rows.extend(
            numbers
                .as_ising
                .as_ref()
                .map(|as_ising| line(row!["T_eff = 1/K_eff of the machine", "-"], &|_| as_ising.t_eff.at(()).into())),
        );
        let of_starts = self.series().zip(&numbers.starts).enumerate();
        rows.extend(
            of_starts.map(|(place, (series, start))| line(row![series.2, start], &|mode| (&mode.series[place]).into())),
        );
        rows.extend(self.outputs.as_ref().map(|_| {
            line(row!["distinct ends", n_starts.to_string()], &|mode| match &mode.spread {
                Some(spread) => format!("not shown to be one: {spread}").into(),
                None => Cell::from(&mode.counts[1]),
            })
        }));
        Table::new(format!("after {} steps from {}", *settings.flow.steps, counted(n_starts, "start")), columns).rows(rows).note(
            "Distance: mean over units of ((v - v_0)/(high - low))^2. Two states of units that are high half of the \
             time are 1/2 apart if they know nothing of each other; grey levels and expectation values are nearer.",
        )
    }

    fn answer(&self, mode: &ModeNumbers, null: Option<&Number>) -> String {
        let mut text = format!("{} flow: ", mode.title);
        if let (Some(null), Some(star)) = (null, &mode.star) {
            text += &format!("the starts read T* = {null}, the ends {star}; ");
        }
        let starts = self.starts.labels.len();
        if let Some([_, Some(high)]) = mode.apart.as_ref().and_then(|apart| apart.interval).filter(|_| starts > 1) {
            text += &match &mode.spread {
                None => {
                    format!("{starts} starts have one end (no two differ by more than {high:.3} in total variation); ")
                }
                Some(spread) => format!("the ends of {starts} starts are not shown to be one: {spread}; "),
            };
        }
        // The distance is always known, and the last.
        text + &mode
            .series
            .last()
            .map_or(String::new(), |distance| format!("the distance from the start is {distance}."))
    }

    fn table(&self, m: usize, mode: &ModeNumbers) -> Option<Table> {
        let found = self.over.found;
        if !found[0].flows[m].ends.is_empty() && !self.starts.labels.is_empty() {
            let rows = self.start.places().map(|k| {
                let thermal = found.iter().all(|f| f.flows[m].ends[k].p_thermal > 0.01);
                let star = Cell::from(mode.from.at(k)).remark((!thermal).then_some("not thermal"));
                row![format!("from {}", self.start.word(k)), star]
            });
            let table = Table::new("T* of the end of each start", ["start", "T*"]).rows(rows);
            return Some(table.note("\"not thermal\": p < 0.01 for this start alone."));
        }
        let (classes, outputs) = (mode.classes.as_ref()?, self.outputs.as_ref()?);
        let rows = self.start.places().map(|k| {
            let head = row![format!("from {}", self.start.word(k))];
            head.into_iter().chain((0..outputs.names.len()).map(|c| classes.at((k, c)).into())).collect()
        });
        let columns = std::iter::once("start").chain(outputs.names.iter().map(String::as_str));
        Some(Table::new("P(class) at the end of each start", columns).rows(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::rbm_file;
    use rgflow::random::Streams;
    use rgflow::rbm::Rbm;

    /// A flow whose values identify mode, start and record.
    fn flow(mode: Mode, end: f64) -> ModeFindings {
        let star = |t: f64, p_thermal| Star { t_star: (t, 0.0625), interval: None, kl: 0.0, p_thermal };
        let rows = |start: f64, end: f64| vec![vec![(start, 0.25); 2], vec![(end, 0.5), (end + 1.0, 0.5)]];
        ModeFindings {
            mode: mode.name().into(),
            steps: vec![0, 8],
            probability: [vec![], vec![]],
            pooled: Some([star(2.0, 1.0), star(end, 0.5)]),
            ends: vec![star(end - 0.5, 0.5), star(end + 0.5, 0.005)],
            t_star: vec![vec![1.0, 3.0], vec![end; 2]],
            energy: rows(-1.0, -end),
            abs_m: rows(0.5, 0.125 * end),
            distance: rows(0.0, 0.25),
            distinct: Some([2, 1]),
            apart: Some([0.125, 0.0625, 0.25]),
            converged: 0.5,
            attractors: (mode == Mode::Mean).then_some(3),
            at_rest: (mode == Mode::Mean).then_some(0.75),
            shown: (vec![0, 1], vec![0, 1]),
            pictures: vec![vec![vec![1.0; 4]; 2]; 2],
        }
    }

    #[test]
    fn a_record_says_each_number_once() {
        let folder = tempfile::tempdir().unwrap();
        let [model, data] = ["rbm.safetensors", "data.csv"].map(|name| folder.path().join(name));
        let rbm = Rbm::random(4, 2, 0.1, &mut Streams::new(1).generator("test/rbm", 0));
        let text = rbm_file::model(&rbm, serde_json::json!({ "lattice": [2, 2] })).to_bytes().unwrap();
        std::fs::write(&model, text).unwrap();
        let rows = |t: f64| format!("{t},1,1,-1,1\n{t},-1,-1,-1,1\n");
        std::fs::write(&data, format!("T,a,b,c,d\n{}{}", rows(1.0), rows(3.0))).unwrap();
        let own = OwnFlow::new(&model, std::slice::from_ref(&data), None).unwrap();
        let settings = changed::<OwnFlow>(&[]).unwrap();
        let flows = vec![flow(Mode::Gibbs, 2.25), flow(Mode::Mean, 4.0)];
        let output = record(
            &own,
            &settings,
            &[Findings { flows, effective: None, likelihood: fabricated::likelihood(-2.5, 0.75) }],
        )
        .unwrap();
        let value = |key: &str| output.numbers.iter().find(|n| n.key == key).unwrap_or_else(|| panic!("no {key}"));
        for (key, expected) in [
            ("flow.start.T_star", 2.0),
            ("flow.start.energy", -1.0),
            ("flow.start.abs_m", 0.5),
            ("flow.rbm.start.log_likelihood", -2.5),
            ("flow.rbm.start.kl", 0.75),
            ("flow.gibbs.T_star", 2.25),
            ("flow.mean.T_star", 4.0),
            ("flow.gibbs.from.T1.T_star", 1.75),
            ("flow.gibbs.from.T3.T_star", 2.75),
            ("flow.mean.from.T3.T_star", 4.5),
            ("flow.gibbs.energy", -1.75),
            ("flow.mean.abs_m", 1.0),
            ("flow.gibbs.ends_100", 2.0),
            ("flow.gibbs.ends", 1.0),
            ("flow.gibbs.converged", 0.5),
            ("flow.mean.attractors", 3.0),
            ("flow.mean.at_rest", 0.75),
            ("flow.mean.ends_apart", 0.125),
        ] {
            assert_eq!(value(key).value, Some(expected), "{key}");
        }
        assert!(output.numbers.iter().all(|n| n.key != "flow.gibbs.attractors" && n.key != "flow.start.distance"));
        let verdicts = ["gibbs", "mean"].map(|mode| {
            let star = value(&format!("flow.{mode}.T_star"));
            (star.compare[0].verdict, star.compare[1].verdict, star.compare[0].source.clone())
        });
        let null = "null: flow.start.T_star".to_string();
        assert_eq!(verdicts[0], (Verdict::Differs, Verdict::Agrees, null.clone()));
        assert_eq!(verdicts[1], (Verdict::Differs, Verdict::Differs, null));
        let ids: Vec<&str> = output.figures().map(|f| f.id.as_str()).collect();
        assert_eq!(ids, ["gibbs-by-step", "gibbs-pictures", "mean-by-step", "mean-pictures"]);
        assert!(output.answers[0].contains("not shown to be one"), "{}", output.answers[0]);
    }
}
