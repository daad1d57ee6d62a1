//! Numbers, claims, figures and tables.

use super::{Findings, Machine, SETS, Settings};
use crate::record::{Axis, Cell, Claim, Curve, Figure, Number, Panel, Record, Section, Style, Table};
use crate::record::{Combined, over_seeds};
use crate::study::drawing::{axis, curve, level, log_axis};
use crate::study::drawing::{cell, over};
use crate::study::ends;
use crate::study::modes::MODES;
use crate::study::readings::{FlowFindings, Observed};
use crate::study::readings::{label, t_star};
use crate::study::torus;

/// What "at T = 0" and "half" allow.
const NEAR: f64 = 0.05;
/// A fraction of repetitions is right if no repetition is otherwise: less than one of any number of them.
const A_REPETITION: f64 = 1e-3;
/// Energy per spin of a ground state.
const GROUND: f64 = -2.0;

pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    let story = Story { settings, found };
    Record {
        experiment: "sparse".into(),
        title: "Machines trained on sparse data".into(),
        question: "Trained on the two ground states alone, and on these with configurations of m = 0: where does the flow end, in how many \
                   distributions, and does noise on the data leave one?"
            .into(),
        answers: story.answers(),
        summary: story.summary(),
        sections: story.sections(),
        numbers: story.numbers(),
        claims: story.claims(),
    }
}

struct Story<'a> {
    settings: &'a Settings,
    found: &'a [Findings],
}

/// Distinct ends of the start temperatures.
fn distinct(flows: &[&FlowFindings]) -> Combined {
    over(flows, |f| Some(f.distinct as f64))
}

fn show(c: &Combined) -> String {
    crate::report::format::value(c.value, c.error, c.interval)
}

/// m = -1, -0.9 ... 1.
fn magnetisations() -> Vec<f64> {
    (0..21).map(|i| f64::from(i - 10) / 10.0).collect()
}

fn mean(rows: &[Vec<f64>], i: usize) -> Option<f64> {
    let values: Option<Vec<f64>> = rows.iter().map(|row| row.get(i).copied()).collect();
    values.filter(|v| !v.is_empty()).map(|v| v.iter().sum::<f64>() / v.len() as f64)
}

impl Story<'_> {
    fn flows(&self, of: impl Fn(&Findings) -> &FlowFindings) -> Vec<&FlowFindings> {
        self.found.iter().map(of).collect()
    }

    /// A quantity of the machine of a set and a noise.
    fn over(&self, s: usize, n: usize, of: impl Fn(&Machine) -> f64) -> Combined {
        over(self.found, |f| Some(of(&f.machines[s][n])))
    }

    /// The ends of each repetition at the last step.
    fn ends_seen(&self, s: usize, n: usize, m: usize) -> Vec<ends::Seen> {
        self.found.iter().map(|f| f.machines[s][n].flows[m].ends_seen()).collect()
    }

    /// Fraction of the repetitions with more than one end: from those in which a pair differs beyond its noise to those in which a pair
    /// may differ.
    fn several(&self, s: usize, n: usize, m: usize) -> Combined {
        let sure = self.over(s, n, |one| f64::from(u8::from(one.flows[m].distinct > 1)));
        let perhaps = self.over(s, n, |one| f64::from(u8::from(!one.flows[m].ends_seen().is_one())));
        let interval = (sure.value != perhaps.value).then_some([sure.value, perhaps.value]);
        Combined { interval, ..sure }
    }

    fn end(&self, s: usize, n: usize, m: usize) -> Combined {
        t_star(&self.flows(|f| &f.machines[s][n].flows[m]).iter().map(|f| &f.pooled).collect::<Vec<_>>())
    }

    fn key(&self, s: usize, n: usize) -> String {
        match self.settings.noises()[n] {
            0.0 => format!("sparse.{}", SETS[s]),
            a => format!("sparse.noise.{}.{a}", SETS[s]),
        }
    }

    fn energies(&self, flows: &[&FlowFindings]) -> Combined {
        over_seeds(&flows.iter().map(|f| Some(f.pooled.energy)).collect::<Vec<_>>(), 1.0)
    }

    fn numbers(&self) -> Vec<Number> {
        let mut numbers = Vec::new();
        for (s, set) in SETS.iter().enumerate() {
            let nulls: Vec<&Observed> = self.found.iter().map(|f| &f.nulls[s].0).collect();
            let null = t_star(&nulls);
            let null_key = format!("sparse.{set}.null");
            numbers.extend(torus::read(&null_key, &nulls, "the training set itself, no machine"));
            let ends = |key: &str, flows: &[&FlowFindings], what: &str| {
                let pooled: Vec<&Observed> = flows.iter().map(|f| &f.pooled).collect();
                let [star, t_energy, energy] = torus::read(key, &pooled, &format!("ends of all starts pooled, {what}"));
                let star = match null.reference(star.value) {
                    Some((value, error)) => star.compare(value, error, 0.0, format!("null: {null_key}.T_star")),
                    None => star,
                };
                let cold = *set == "cold" && !key.contains("noise");
                let energy =
                    if cold { energy.compare(GROUND, 0.0, NEAR, "thesis fig 4.16: ends at T = 0") } else { energy };
                [star, t_energy, energy]
            };
            for (n, noise) in self.settings.noises().iter().enumerate() {
                let key = self.key(s, n);
                let chosen = self.over(s, n, |one| one.epoch);
                numbers.push(chosen.number(format!("{key}.epoch"), "1", "epoch of the least reconstruction cost"));
                for (m, mode) in MODES.iter().enumerate() {
                    let key = format!("{key}.{}", mode.name());
                    let what = format!("{} flow, trained on \"{set}\" with noise up to {noise}", mode.name());
                    numbers.extend(ends(&key, &self.flows(|f| &f.machines[s][n].flows[m]), &what));
                    let count = self.over(s, n, |one| one.flows[m].distinct as f64);
                    numbers.push(count.number(
                        format!("{key}.ends"),
                        "1",
                        &format!("distinct ends of the start temperatures, {what}"),
                    ));
                    let number = self.several(s, n, m).number(
                        format!("{key}.several"),
                        "1",
                        &format!(
                            "fraction of repetitions in which the ends of the starts are not one distribution: from those in which a pair differs by 0.05 in \
                             total variation beyond three sigma to those in which a pair may, {what}"
                        ),
                    );
                    numbers.push(if *noise == 0.0 && *set == "cold-hot" {
                        number.compare(1.0, 0.0, A_REPETITION, "thesis fig 4.18: several")
                    } else if n + 1 == self.settings.noises().len() {
                        number.compare(0.0, 0.0, A_REPETITION, "chapter 5: noise leaves one")
                    } else {
                        number
                    });
                    numbers.push(ends::apart(&key, &self.ends_seen(s, n, m), &what));
                }
            }
            for (c, cap) in self.settings.own.caps.iter().enumerate() {
                for (m, mode) in MODES.iter().enumerate() {
                    let key = format!("sparse.{set}.cap{cap}.{}", mode.name());
                    let what = format!("{} flow of the copy after {cap} epochs on \"{set}\"", mode.name());
                    let flows = self.flows(|f| &f.machines[s][0].copies[c][m]);
                    numbers.extend(ends(&key, &flows, &what));
                    let what = format!("distinct ends of the start temperatures, {what}");
                    numbers.push(distinct(&flows).number(format!("{key}.ends"), "1", &what));
                }
            }
        }
        for (m, mode) in MODES.iter().enumerate() {
            let at =
                |of: fn(&[Vec<f64>]) -> Option<f64>| over(self.found, |f| of(&f.machines[0][0].flows[m].magnetisation));
            let key = format!("sparse.cold.m.{}", mode.name());
            let plus = at(|rows| mean(rows, 20));
            let what =
                format!("fraction of the pooled ends with m rounded to +1, {} flow, trained at T = 0", mode.name());
            let number = plus.number(format!("{key}.plus"), "1", &what);
            numbers.push(number.compare(0.5, 0.0, NEAR, "thesis fig 4.17: half of them"));
            let one = at(|rows| Some(mean(rows, 20)? + mean(rows, 0)?));
            let what =
                format!("fraction of the pooled ends with |m| rounded to 1, {} flow, trained at T = 0", mode.name());
            let number = one.number(format!("{key}.one"), "1", &what);
            numbers.push(number.compare(1.0, 0.0, NEAR, "thesis fig 4.17: all of them"));
        }
        numbers
    }

    fn claims(&self) -> Vec<Claim> {
        let mut claims = Vec::new();
        let last = self.settings.noises().len() - 1;
        for mode in MODES.map(|mode| mode.name()) {
            let cold = |text: &str| format!("trained at T = 0: {text} ({mode})");
            claims.extend([
                Claim::new("fig4.16", cold("ends at T = 0: E/N = -2"), format!("sparse.cold.{mode}.energy"))
                    .null("sparse.cold.null.energy"),
                Claim::new("fig4.17", cold("half the ends have m = +1"), format!("sparse.cold.m.{mode}.plus")),
                Claim::new("fig4.17", cold("the others m = -1"), format!("sparse.cold.m.{mode}.one")),
                Claim::new(
                    "fig4.18",
                    format!("T = 0 and m = 0: several fixed distributions ({mode})"),
                    format!("sparse.cold-hot.{mode}.several"),
                ),
            ]);
            claims.extend((0..SETS.len()).map(|s| {
                let states = format!("(proposed) noise leaves one fixed distribution: {} ({mode})", SETS[s]);
                Claim::new("sec5.noise", states, format!("{}.{mode}.several", self.key(s, last)))
            }));
        }
        claims
    }

    fn answers(&self) -> Vec<String> {
        let energy = |m: usize| show(&self.energies(&self.flows(|f| &f.machines[0][0].flows[m])));
        let several = |n: usize, m: usize| show(&self.several(1, n, m));
        let last = self.settings.noises().len() - 1;
        vec![
            format!("Trained at T = 0 the flow ends with E/N = {} (Gibbs) and {} (mean field).", energy(0), energy(1)),
            format!(
                "Trained on T = 0 and m = 0 the ends of the starts are several distributions in a fraction {} (Gibbs) and {} (mean field) of the repetitions.",
                several(0, 0),
                several(0, 1)
            ),
            format!(
                "With noise up to {}: in {} and {}; the ends then read T* = {} and {}.",
                self.settings.noises()[last],
                several(last, 0),
                several(last, 1),
                show(&self.end(1, last, 0)),
                show(&self.end(1, last, 1))
            ),
        ]
    }

    fn summary(&self) -> Table {
        let columns = [
            "training set",
            "noise up to",
            "stopped at epoch",
            "Gibbs: T*",
            "E/N",
            "ends",
            "mean field: T*",
            "E/N",
            "ends",
        ];
        let mut rows = Vec::new();
        for (s, set) in SETS.iter().enumerate() {
            for (n, noise) in self.settings.noises().iter().enumerate() {
                let mut row = vec![
                    Cell::text(*set),
                    Cell::text(noise.to_string()),
                    cell(&self.over(s, n, |one| one.epoch), None),
                ];
                for m in 0..MODES.len() {
                    row.push(cell(&self.end(s, n, m), None));
                    row.push(cell(&self.energies(&self.flows(|f| &f.machines[s][n].flows[m])), None));
                    let count = self.over(s, n, |one| one.flows[m].distinct as f64);
                    row.push(ends::cell(&self.ends_seen(s, n, m), &count));
                }
                rows.push(row);
            }
        }
        Table {
            caption: "Where the flow ends, and in how many distributions".into(),
            columns: columns.map(String::from).into(),
            rows,
            notes: vec![
                "cold: the two ground states. cold-hot: these and configurations of m = 0 from T = infinity. Ends: distinct P(T) over start temperatures; they \
                 are one where no pair may differ by 0.05 in total variation, else their range is given."
                    .into(),
            ],
        }
    }

    /// P(T) by start temperature.
    fn p_of_t(&self, title: &str, of: impl Fn(&Findings) -> &FlowFindings) -> Panel {
        let temperatures = self.settings.base.temperatures();
        let hottest = temperatures[temperatures.len() - 1];
        let one = |(k, t): (usize, &f64)| {
            let values: Vec<Combined> =
                (0..temperatures.len()).map(|i| over(self.found, |f| of(f).ends[k].curve.get(i).copied())).collect();
            Curve {
                colour: Some(t / hottest),
                ..curve(format!("T = {}", label(*t)), &temperatures, &values, Style::Line)
            }
        };
        Panel::Curves {
            title: title.into(),
            x: axis("T (J/k_B)"),
            y: axis("P(T)"),
            curves: temperatures.iter().enumerate().map(one).collect(),
        }
    }

    fn p_of_m(&self, title: &str, all: Vec<(String, Vec<Combined>, Option<f64>)>) -> Panel {
        let m = magnetisations();
        let curves = all
            .into_iter()
            .map(|(label, values, colour)| Curve { colour, ..curve(label, &m, &values, Style::LinePoints) });
        Panel::Curves { title: title.into(), x: axis("m"), y: axis("P(m)"), curves: curves.collect() }
    }

    /// P(m) over all starts.
    fn pooled_m(&self, of: impl Fn(&Findings) -> &[Vec<f64>]) -> Vec<Combined> {
        (0..21).map(|i| over(self.found, |f| mean(of(f), i))).collect()
    }

    /// P(m) of the ends of some starts.
    fn m_by_start(&self, title: &str, s: usize, n: usize, m: usize) -> Panel {
        let temperatures = self.settings.base.temperatures();
        let last = temperatures.len() - 1;
        let starts: Vec<usize> = (0..=4).map(|i| i * last / 4).collect();
        let one = |k: usize| {
            let values = (0..21)
                .map(|i| over(self.found, |f| f.machines[s][n].flows[m].magnetisation.get(k)?.get(i).copied()))
                .collect();
            (format!("T = {}", label(temperatures[k])), values, Some(k as f64 / last as f64))
        };
        self.p_of_m(title, starts.into_iter().map(one).collect())
    }

    /// A quantity of the copies against epochs, for both sets and modes.
    fn along(&self, title: &str, y: &str, of: &dyn Fn(&[&FlowFindings]) -> Combined) -> Panel {
        let x: Vec<f64> = self.settings.own.caps.iter().map(|c| *c as f64).collect();
        let places = (0..SETS.len()).flat_map(|s| (0..MODES.len()).map(move |m| (s, m)));
        let curves = places.map(|(s, m)| {
            let values: Vec<Combined> =
                (0..x.len()).map(|c| of(&self.flows(|f| &f.machines[s][0].copies[c][m]))).collect();
            curve(format!("{}, {}", SETS[s], MODES[m].name()), &x, &values, Style::LinePoints)
        });
        Panel::Curves { title: title.into(), x: log_axis("epochs"), y: axis(y), curves: curves.collect() }
    }

    fn by_noise(&self, title: &str, y: Axis, of: &dyn Fn(usize, usize, usize) -> Combined) -> Panel {
        let x = self.settings.noises();
        let places = (0..SETS.len()).flat_map(|s| (0..MODES.len()).map(move |m| (s, m)));
        let curves = places.map(|(s, m)| {
            let values: Vec<Combined> = (0..x.len()).map(|n| of(s, n, m)).collect();
            curve(format!("{}, {}", SETS[s], MODES[m].name()), &x, &values, Style::LinePoints)
        });
        Panel::Curves { title: title.into(), x: axis("noise up to"), y, curves: curves.collect() }
    }

    fn sections(&self) -> Vec<Section> {
        let stars = |flows: &[&FlowFindings]| t_star(&flows.iter().map(|f| &f.pooled).collect::<Vec<_>>());
        let mut energy = self.along("Energy against the epoch cap", "E/N (J)", &|flows| self.energies(flows));
        let caps: Vec<f64> = self.settings.own.caps.iter().map(|c| *c as f64).collect();
        if let Panel::Curves { curves, .. } = &mut energy {
            curves.push(level("T = 0", &caps, GROUND));
        }
        let last = self.settings.noises().len() - 1;
        let noise = self.settings.noises()[last];
        let caption = "Colours are start temperatures. Errors over repetitions.";
        let cold = Figure {
            id: "fig4.16".into(),
            title: "Thesis fig 4.16: trained at T = 0".into(),
            caption: format!(
                "P(T) of the ends, stopped on the reconstruction cost; below, copies of longer and shorter trainings. {caption}"
            ),
            alt: "P(T) at the end of the flow by start temperature in both modes; T* and energy against epochs.".into(),
            panels: vec![
                self.p_of_t("end, Gibbs", |f| &f.machines[0][0].flows[0]),
                self.p_of_t("end, mean field", |f| &f.machines[0][0].flows[1]),
                self.along("T* against the epoch cap", "T* of the ends (J/k_B)", &stars),
                energy,
            ],
        };
        let magnetisation = Figure {
            id: "fig4.17".into(),
            title: "Thesis fig 4.17: P(m) at start and end, trained at T = 0".into(),
            caption: "m rounded to one decimal, all starts pooled. Errors over repetitions.".into(),
            alt: "P(m): broad at the start, at -1 and +1 at the end.".into(),
            panels: vec![self.p_of_m(
                "",
                vec![
                    ("start".into(), self.pooled_m(|f| &f.start), None),
                    ("Gibbs ends".into(), self.pooled_m(|f| &f.machines[0][0].flows[0].magnetisation), None),
                    ("mean-field ends".into(), self.pooled_m(|f| &f.machines[0][0].flows[1].magnetisation), None),
                    (
                        "training set".into(),
                        (0..21).map(|i| over(self.found, |f| f.nulls[0].1.get(i).copied())).collect(),
                        None,
                    ),
                ],
            )],
        };
        let both = Figure {
            id: "fig4.18".into(),
            title: "Thesis fig 4.18: trained on T = 0 and m = 0".into(),
            caption: format!("P(T) of the ends of all starts, and P(m) of some. {caption}"),
            alt: "Ends by start temperature: P(T) and P(m) in both modes.".into(),
            panels: vec![
                self.p_of_t("end, Gibbs", |f| &f.machines[1][0].flows[0]),
                self.p_of_t("end, mean field", |f| &f.machines[1][0].flows[1]),
                self.m_by_start("P(m), Gibbs", 1, 0, 0),
                self.m_by_start("P(m), mean field", 1, 0, 1),
                self.along("Distinct ends of copies", "ends", &distinct),
            ],
        };
        let cure = Figure {
            id: "sec5.noise".into(),
            title: "Noise on the training data".into(),
            caption: format!(
                "Distinct ends and T* against the strongest noise in the training set; P(T) and P(m) of the ends with noise up to {noise} on T = 0 and m = 0. {caption}"
            ),
            alt: "Number of distinct ends and T* against noise; the ends at the strongest noise.".into(),
            panels: vec![
                self.by_noise("Distinct ends", axis("ends"), &|s, n, m| {
                    self.over(s, n, |one| one.flows[m].distinct as f64)
                }),
                self.by_noise("T*", axis("T* of the ends (J/k_B)"), &|s, n, m| self.end(s, n, m)),
                self.p_of_t("end, Gibbs", |f| &f.machines[1][last].flows[0]),
                self.m_by_start("P(m), Gibbs", 1, last, 0),
            ],
        };
        let section = |title: &str, text: &str, figures| Section {
            title: title.into(),
            text: vec![text.into()],
            figures,
            tables: vec![],
        };
        vec![
            section(
                "Ground states",
                "The test set holds nothing that the training has not seen, so the reconstruction cost falls until it is zero: the epochs are capped, \
                 and copies show what the cap does.",
                vec![cold, magnetisation],
            ),
            section(
                "Ground states and m = 0",
                "Configurations of m = 0 from infinite temperature: half of the spins up, in random order.",
                vec![both],
            ),
            section(
                "Noise",
                "The thesis proposes noise where data are sparse: n' = (1 - a) n + a eta. For spins it is the probability a that a spin is replaced by a random one.",
                vec![cure],
            ),
        ]
    }
}
