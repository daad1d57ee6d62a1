//! Figures of the experiment.

use super::record::{PENALTIES, decimated};
use super::settings::Settings;
use super::stage::{Findings, LawFound, OBJECTIVES, sets};
use crate::record::{Axis, Curve, Figure, Panel, Style};
use crate::study::drawing::over;
use crate::study::drawing::{axis, log_axis};

const UNIT: &str = "T (J/k_B)";

pub(super) struct Figures<'a> {
    pub settings: &'a Settings,
    pub found: &'a [Findings],
}

impl Figures<'_> {
    /// A curve over `x` of a quantity over repetitions, with errors.
    fn curve(&self, label: String, x: &[f64], of: impl Fn(&Findings, usize) -> Option<f64>, style: Style) -> Curve {
        let all: Vec<_> = (0..x.len()).map(|i| over(self.found, |f| of(f, i))).collect();
        Curve {
            label,
            x: x.to_vec(),
            y: all.iter().map(|c| c.value.unwrap_or(f64::NAN)).collect(),
            error: all.iter().map(|c| c.error.unwrap_or(f64::NAN)).collect(),
            style,
            colour: None,
        }
    }

    /// P(T) curves, one by each of `temperatures`, coloured by it.
    fn p_of_t(&self, title: &str, temperatures: &[f64], of: impl Fn(&Findings, usize, usize) -> Option<f64>) -> Panel {
        let grid = self.settings.temperatures();
        let last = grid[grid.len() - 1];
        let curves = temperatures.iter().enumerate().map(|(k, t)| {
            let curve = self.curve(format!("T = {t}"), &grid, |f, j| of(f, k, j), Style::Line);
            Curve { colour: Some((t / last).clamp(0.0, 1.0)), ..curve }
        });
        Panel::Curves { title: title.into(), x: axis(UNIT), y: axis("P(T)"), curves: curves.collect() }
    }

    pub fn thermal(&self) -> Figure {
        let temperatures = self.settings.temperatures();
        Figure {
            id: "fig4.1".into(),
            title: "Thesis fig 4.1: P(T) of thermal collections, 1D".into(),
            caption: "Reference curves: the thermometer's P(T) averaged over the exact thermal law of each temperature; error bars over repetitions.".into(),
            alt: "Curves P(T), one by temperature.".into(),
            panels: vec![self.p_of_t("thermal laws", &temperatures, |f, k, j| f.reference.get(k)?.get(j).copied())],
        }
    }

    /// P(T) of the drawn starts after the first or the last step, of a machine and a mode.
    fn starts(&self, title: &str, set: usize, mode: usize, end: bool) -> Panel {
        let grid = self.settings.temperatures().len();
        self.p_of_t(title, &self.settings.flow.starts, |f, k, j| {
            let steps = f.flows[set][mode].starts.get(grid + k)?;
            let reading = if end { steps.last()? } else { steps.first()? };
            reading.curve.get(j).copied()
        })
    }

    fn caption(&self) -> String {
        format!(
            "Colours are start temperatures; the ends are those after {} steps.",
            1u64 << self.settings.flow.doublings
        )
    }

    pub fn trained_on_all(&self) -> Figure {
        Figure {
            id: "fig4.2".into(),
            title: "Thesis fig 4.2: start and end of the flow, trained on all T".into(),
            caption: self.caption(),
            alt: "P(T) of the starts, and of the ends of the flow in both modes.".into(),
            panels: vec![
                self.starts("start", 0, 0, false),
                self.starts("end, Gibbs", 0, 0, true),
                self.starts("end, mean field", 0, 1, true),
            ],
        }
    }

    pub fn trained_on_one(&self) -> Figure {
        Figure {
            id: "fig4.3".into(),
            title: "Thesis fig 4.3: end of the flow, trained at T = 0 and at the highest T".into(),
            caption: self.caption(),
            alt: "Ends of machines trained at one temperature: P(T) by start temperature, in both modes.".into(),
            panels: vec![
                self.starts("trained at T = 0, Gibbs", 1, 0, true),
                self.starts("trained at T = 0, mean field", 1, 1, true),
                self.starts(&format!("trained at T = {}, Gibbs", self.settings.chain.t_max), 2, 0, true),
                self.starts(&format!("trained at T = {}, mean field", self.settings.chain.t_max), 2, 1, true),
            ],
        }
    }

    pub fn diagrams(&self) -> Figure {
        let grid = self.settings.temperatures();
        let last = grid[grid.len() - 1];
        let x = Axis { limits: Some([0.0, 2.0 * last]), ..axis(UNIT) };
        let rg = grid.iter().map(|t| (*t, decimated(*t).unwrap_or(0.0).min(2.0 * last))).collect();
        let mut strips = Vec::new();
        for (i, (name, _)) in sets(self.settings).iter().enumerate() {
            for (m, mode) in ["Gibbs", "mean"].iter().enumerate() {
                let arrows = grid.iter().enumerate().filter_map(|(k, t)| {
                    let end = over(self.found, |f| Some(f.flows[i][m].starts.get(k)?.last()?.t_star)).value?;
                    Some((*t, end.min(2.0 * last)))
                });
                strips.push((format!("{name}, {mode}"), arrows.collect()));
            }
        }
        let panel = |title: &str, strips| Panel::Arrows { title: title.into(), x: x.clone(), strips, marks: vec![] };
        Figure {
            id: "fig4.4".into(),
            title: "Thesis fig 4.4: exact RG beside the machines, 1D".into(),
            caption: format!(
                "Arrows from the start temperature to that after one exact decimation (above), to that of the end of the flow (below); those beyond {} are cut there. all, cold, warm, hot: trained on all T, T = 0, T = {last}, T = {}.",
                2.0 * last,
                self.settings.rbm.hot
            ),
            alt: "Arrows from start temperatures: by decimation, and by each machine in both modes.".into(),
            panels: vec![
                panel("RG: every second spin summed over", vec![("decimation".into(), rg)]),
                panel("RBM flow: from start to end", strips),
            ],
        }
    }

    pub fn along(&self) -> Figure {
        let x: Vec<f64> = self.settings.rbm.snapshots.iter().map(|e| *e as f64).collect();
        let rates = self.settings.rates();
        type Of = fn(&LawFound) -> Option<f64>;
        let of = |label: &str, r: usize, value: Of, style| {
            self.curve(format!("{label}, rate {}", rates[r]), &x, |f, e| value(f.along.get(r)?.get(e)?), style)
        };
        let panel = |title: &str, y: &str, all: &[(&str, Of, Style)]| {
            let curves =
                (0..rates.len()).flat_map(|r| all.iter().map(move |(label, value, style)| (r, label, value, style)));
            let curves = curves.map(|(r, label, value, style)| of(label, r, *value, *style)).collect();
            Panel::Curves { title: title.into(), x: log_axis("epochs"), y: axis(y), curves }
        };
        let mut t_star =
            panel("T* of the stationary law", UNIT, &[("T*", |l| Some(l.reading.t_star), Style::LinePoints)]);
        if let Panel::Curves { curves, .. } = &mut t_star {
            let null = self.curve("training mixture".into(), &x, |f, _| Some(f.null[0].t_star), Style::Dashed);
            curves.push(null);
        }
        let broken: Vec<f64> = (0..=self.settings.chain.spins / 2).map(|k| 2.0 * k as f64).collect();
        let last = self.settings.rbm.snapshots.len() - 1;
        let law = |r: usize, e: usize| {
            let label = format!("rate {}, {} epochs", rates[r], self.settings.rbm.snapshots[e]);
            self.curve(label, &broken, |f, k| f.along.get(r)?.get(e)?.walls.get(k).copied(), Style::LinePoints)
        };
        let temperatures = self.settings.temperatures();
        let mixture = super::laws::mixture(self.settings.chain.spins, &temperatures);
        let mut walls = vec![0.0; broken.len()];
        mixture.iter().enumerate().for_each(|(s, p)| walls[super::laws::walls(self.settings.chain.spins, s) / 2] += p);
        let mut curves: Vec<Curve> = (0..rates.len()).flat_map(|r| [law(r, 0), law(r, last)]).collect();
        curves.push(Curve {
            label: "mixture".into(),
            x: broken.clone(),
            y: walls,
            style: Style::Dashed,
            ..Curve::default()
        });
        Figure {
            id: "sec5.thermal".into(),
            title: "The machine's law along the training: thermal or mixture?".into(),
            caption: "Exact over all states: Jensen-Shannon divergence of p(v) from the nearest thermal law and from the training mixture; T* of p(v), dashed that of the mixture; relaxation time of the Gibbs kernel; p(v) by number of unlike neighbours. Error bars over repetitions.".into(),
            alt: "Divergences, T*, relaxation time and the law of the number of unlike neighbours against epochs, by learning rate.".into(),
            panels: vec![
                panel(
                    "Divergences",
                    "Jensen-Shannon (nats)",
                    &[
                        ("nearest thermal", |l| Some(l.thermal.1.jensen_shannon), Style::LinePoints),
                        ("mixture", |l| Some(l.mixture.jensen_shannon), Style::Dashed),
                    ],
                ),
                t_star,
                panel("Relaxation", "steps v -> h -> v", &[("tau", |l| l.relaxation, Style::LinePoints)]),
                Panel::Curves {
                    title: "p(v) by unlike neighbours".into(),
                    x: axis("unlike neighbours"),
                    y: axis("probability"),
                    curves,
                },
            ],
        }
    }

    pub fn objectives(&self) -> Figure {
        let broken: Vec<f64> = (0..=self.settings.chain.spins / 2).map(|k| 2.0 * k as f64).collect();
        let law = |o: usize| {
            let label = OBJECTIVES[o].to_string();
            self.curve(label, &broken, |f, k| f.objectives.get(o)?.walls.get(k).copied(), Style::LinePoints)
        };
        let x: Vec<f64> = (0..OBJECTIVES.len()).map(|o| o as f64 + 1.0).collect();
        type Of = fn(&LawFound) -> Option<f64>;
        let of =
            |label: &str, value: Of, style| self.curve(label.into(), &x, |f, o| value(f.objectives.get(o)?), style);
        Figure {
            id: "sec5.divergences".into(),
            title: "Minimising KL(q, p), KL(p, q) or Jensen-Shannon".into(),
            caption: "Left: p(v) by number of unlike neighbours after exact training towards the mixture. Right: T* of the stationary law; 1 = KL(q, p), 2 = KL(p, q), 3 = Jensen-Shannon; dashed that of the mixture.".into(),
            alt: "The laws of the three machines, and the temperature that each reads.".into(),
            panels: vec![
                Panel::Curves {
                    title: "p(v)".into(),
                    x: axis("unlike neighbours"),
                    y: axis("probability"),
                    curves: (0..OBJECTIVES.len()).map(law).collect(),
                },
                Panel::Curves {
                    title: "T* of the stationary law".into(),
                    x: axis("divergence"),
                    y: axis(UNIT),
                    curves: vec![
                        of("T*", |l| Some(l.reading.t_star), Style::Points),
                        self.curve("mixture".into(), &x, |f, _| Some(f.null[0].t_star), Style::Dashed),
                    ],
                },
            ],
        }
    }

    pub fn penalties(&self) -> Figure {
        let settings = self.settings;
        let plain = settings.rbm.snapshots.iter().position(|e| *e == settings.rbm.epochs).unwrap_or(0);
        let x: Vec<f64> = std::iter::once(0.0).chain(settings.penalties.strengths.iter().copied()).collect();
        let curve = |p: usize| {
            let law = move |f: &Findings, i: usize| {
                let law = if i == 0 { f.along.first()?.get(plain)? } else { f.penalties[p].get(i - 1)? };
                Some(law.reading.t_star)
            };
            self.curve(PENALTIES[p].to_uppercase(), &x, law, Style::LinePoints)
        };
        let null = self.curve("training mixture".into(), &x, |f, _| Some(f.null[0].t_star), Style::Dashed);
        Figure {
            id: "sec5.penalties".into(),
            title: "L1 and L2 penalties on the weights".into(),
            caption: "T* of the stationary law, which the Gibbs flow ends at, against the strength of the penalty; 0 at the left end.".into(),
            alt: "T* against the strength of the penalty, beside that of the mixture.".into(),
            panels: vec![Panel::Curves {
                title: "T* of the stationary law".into(),
                x: log_axis("strength"),
                y: axis(UNIT),
                curves: vec![curve(0), curve(1), null],
            }],
        }
    }
}
