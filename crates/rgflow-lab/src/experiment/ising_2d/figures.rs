//! The figures of the study, as data.

use super::Settings;
use super::matching;
use super::tables::{mode_title, set_title};
use super::{Findings, MODES, SETS};
use crate::record::{Axis, Curve, Figure, Lattice, Panel, Scale, Shades, Style};
use crate::record::{Combined, over_seeds};
use crate::study::couplings;
use crate::study::drawing::axis;
use crate::study::readings::{FlowFindings, Observed, Series, label, t_star};
use rgflow::exact::square;
use rgflow::flow::Mode;
use rgflow::lattice::Temperature;

const UNIT: &str = "T (J/k_B)";

pub(super) struct Figures<'a> {
    pub settings: &'a Settings,
    pub found: &'a [Findings],
    pub temperatures: Vec<f64>,
}

pub(super) fn steps_axis() -> Axis {
    Axis { label: "step".into(), scale: Scale::Log, limits: None }
}

impl Figures<'_> {
    pub(super) fn colour(&self, t: f64) -> Option<f64> {
        Some(t / self.temperatures[self.temperatures.len() - 1])
    }

    /// P(T) over repetitions, with errors.
    fn curve(&self, observed: &[&Observed], label: String, colour: Option<f64>, style: Style) -> Curve {
        let (mut y, mut error) = (vec![], vec![]);
        for k in 0..self.temperatures.len() {
            let values: Vec<_> = observed.iter().map(|o| Some((o.curve[k], o.curve_error[k]))).collect();
            let c = over_seeds(&values, 1.0);
            y.push(c.value.unwrap_or(f64::NAN));
            error.push(c.error.unwrap_or(f64::NAN));
        }
        Curve { label, x: self.temperatures.clone(), y, error, style, colour }
    }

    fn curves_panel(&self, title: String, of: impl Fn(&Findings, usize) -> &Observed, null: Option<usize>) -> Panel {
        let mut curves: Vec<Curve> = self
            .temperatures
            .iter()
            .enumerate()
            .map(|(k, t)| {
                let observed: Vec<&Observed> = self.found.iter().map(|f| of(f, k)).collect();
                self.curve(&observed, format!("T = {}", label(*t)), self.colour(*t), Style::Line)
            })
            .collect();
        if let Some(i) = null {
            let observed: Vec<&Observed> = self.found.iter().map(|f| &f.thermal.nulls[i]).collect();
            curves.push(self.curve(&observed, "null: mixture".into(), None, Style::Dashed));
        }
        Panel::Curves { title, x: axis(UNIT), y: axis("P(T)"), curves }
    }

    fn start_panel(&self) -> Panel {
        self.curves_panel("start of the flow".into(), |f, k| &f.thermal.start[k], None)
    }

    fn end_panel(&self, set: &'static str, mode: Mode) -> Panel {
        let i = SETS.iter().position(|(name, _)| *name == set);
        let steps = self.found[0].flow(set, mode).steps;
        let title = format!("{}: end ({}, {steps} steps)", set_title(set), mode_title(mode));
        self.curves_panel(title, move |f, k| &f.flow(set, mode).ends[k], i)
    }

    fn end_figure(&self, id: &str, title: &str, caption: &str, sets: &[&'static str]) -> Figure {
        let mut panels = vec![self.start_panel()];
        for set in sets {
            panels.extend(MODES.map(|mode| self.end_panel(set, mode)));
        }
        Figure {
            id: id.into(),
            title: title.into(),
            caption: format!(
                "{caption} Colour: temperature at which the flow starts; dashed: the training mixture itself, without any RBM."
            ),
            alt: format!("Probability curves P(T) at the start and at the end of the flow: {title}."),
            panels,
        }
    }

    /// Figs 4.5 to 4.8.
    pub fn probability(&self) -> Vec<Figure> {
        let per = *self.settings.torus.samples.per_temperature;
        vec![
            Figure {
                id: "fig4.5".into(),
                title: "Thesis fig 4.5: P(T) of thermal collections".into(),
                caption: format!("The thermometer's P(T), averaged over {per} configurations per temperature that no training saw. T_c = 2.269."),
                alt: "Probability curves of 25 thermal collections; each peaks near its own temperature, the coldest and the hottest overlap.".into(),
                panels: vec![self.curves_panel("thermal collections".into(), |f, k| &f.thermal.start[k], None)],
            },
            self.end_figure("fig4.6", "Thesis fig 4.6: RBM trained on all temperatures", "The thesis sees all curves converge to about T = 2.5.", &["all"]),
            self.end_figure("fig4.7", "Thesis fig 4.7: RBMs trained on T <= 2.5 and on T >= 2.0", "The thesis sees both end near T_c.", &["low", "high"]),
            self.end_figure("fig4.8", "Thesis fig 4.8: RBM trained without 1.75 ... 2.75", "The thesis sees the flow end near T = 2.", &["gap"]),
            self.end_figure("fig-extremes", "Control: RBM trained on only T = 0 and T = 6", "No critical configuration was ever shown to this machine.", &["extremes"]),
        ]
    }

    /// J(r) of the machines.
    pub fn couplings(&self) -> Figure {
        let curve = |set: &str| couplings::curve_of(set_title(set), &Findings::effective(self.found, set));
        Figure {
            id: "fig4.6-couplings".into(),
            title: "The machines as Ising models: J(r)".into(),
            caption: "Mean effective coupling J_ij, the Walsh coefficient of v_i v_j in ln p(v), of the pairs at the distance r on the torus, by training set. The Ising model has beta at r = 1 and 0 beyond. Values below 0 are not shown. Errors over repetitions, or of the sampling.".into(),
            alt: "Effective couplings against the distance, on a logarithmic axis, one curve for each training set.".into(),
            panels: vec![couplings::panel(SETS.iter().map(|(set, _)| curve(set)))],
        }
    }

    /// Fig 4.9: RG flow beside RBM flow.
    pub fn flows(&self) -> Figure {
        let starts: Vec<usize> = (1..self.temperatures.len()).filter(|k| k % 2 == 0).collect();
        let value = |of: &dyn Fn(&Findings) -> Option<f64>| -> Option<f64> {
            let all: Option<Vec<f64>> = self.found.iter().map(of).collect();
            all.map(|a| a.iter().sum::<f64>() / a.len() as f64)
        };
        let strip = |name: String, of: &dyn Fn(&Findings, usize) -> Option<f64>| {
            let arrows = starts.iter().filter_map(|k| Some((self.temperatures[*k], value(&|f| of(f, *k))?))).collect();
            (name, arrows)
        };
        let mut rg = vec![];
        for i in 0..self.found[0].thermal.blocked.len() {
            let name = self.found[0].thermal.blocked[i].name();
            rg.push(strip(format!("{name}, thermometer"), &|f, k| Some(f.thermal.blocked[i].observed[k].t_star.0)));
            rg.push(strip(format!("{name}, energy"), &|f, k| f.thermal.blocked[i].observed[k].t_energy.map(|t| t.0)));
        }
        let mut rbm = vec![];
        for (set, _) in SETS {
            for mode in MODES {
                let name = format!("{}, {}", set_title(set), mode_title(mode));
                rbm.push(strip(name, &|f, k| Some(f.flow(set, mode).ends[k].t_star.0)));
            }
        }
        let last = self.temperatures[self.temperatures.len() - 1];
        let x = Axis { label: UNIT.into(), scale: Scale::Linear, limits: Some([0.0, last]) };
        let marks = vec![(Temperature::CRITICAL.value(), "T_c".to_string())];
        let mut panels = vec![];
        if !rg.is_empty() {
            panels.push(Panel::Arrows {
                title: "RG flow: block-spin steps, majority rule".into(),
                x: x.clone(),
                strips: rg,
                marks: marks.clone(),
            });
        }
        panels.push(Panel::Arrows { title: "RBM flow: from start to end".into(), x, strips: rbm, marks });
        let size = *self.settings.torus.lattice.size;
        Figure {
            id: "fig4.9".into(),
            title: "Thesis fig 4.9: RG flow beside RBM flow".into(),
            caption: format!(
                "Each arrow goes from the temperature of a thermal collection to the one that is read after the step or at the end of the flow. RG: L = {} (b = 2) and L = {} (b = 3) blocked once, L = {} and L = {} twice (b2x2, b3x2), to {size}x{size}, ties broken at random, read by the same thermometer and by the energy. Values with errors: ising-2d.rg.* and ising-2d.rbm.*.from.* of results.json.",
                2 * size,
                3 * size,
                4 * size,
                9 * size
            ),
            alt: "Arrows: the block-spin flow points away from the critical temperature, the RBM flow ends where its training data put it.".into(),
            panels,
        }
    }

    /// Fig 3.4: the temperature after a block-spin step against the temperature before, where there are blocked sets.
    pub fn block_spins(&self) -> Option<Figure> {
        let curve = |label: String, combined: &dyn Fn(usize) -> Combined, style| {
            let all: Vec<Combined> = (0..self.temperatures.len()).map(combined).collect();
            Curve {
                label,
                x: self.temperatures.clone(),
                y: all.iter().map(|c| c.value.unwrap_or(f64::NAN)).collect(),
                error: all.iter().map(|c| c.error.unwrap_or(f64::NAN)).collect(),
                style,
                ..Curve::default()
            }
        };
        let size = *self.settings.torus.lattice.size;
        let panel = |i: usize| {
            let first = &self.found[0].thermal.blocked[i];
            let seen = |k: usize| self.found.iter().map(|f| &f.thermal.blocked[i].observed[k]).collect::<Vec<_>>();
            let by_energy = |k| over_seeds(&seen(k).iter().map(|o| o.t_energy).collect::<Vec<_>>(), 1.0);
            let reference = |label: &str, x: Vec<f64>, y| Curve {
                label: label.into(),
                x,
                y,
                style: Style::Dashed,
                ..Curve::default()
            };
            let (last, critical) = (self.temperatures[self.temperatures.len() - 1], Temperature::CRITICAL.value());
            let axis = |label: &str| Axis { label: label.into(), limits: Some([0.0, last]), ..Axis::default() };
            let mut curves = vec![
                curve("thermometer".into(), &|k| t_star(&seen(k)), Style::LinePoints),
                curve("energy".into(), &by_energy, Style::LinePoints),
            ];
            if first.steps == 2 {
                let matched = |k: usize| {
                    let all = self.found.iter().map(|f| matching::temperature(f, i, k, &self.temperatures));
                    over_seeds(&all.collect::<Vec<_>>(), 1.0)
                };
                curves.push(curve("matched with one step".into(), &matched, Style::Points));
            }
            curves.push(reference("no change", vec![0.0, last], vec![0.0, last]));
            curves.push(reference("T_c", vec![critical; 2], vec![0.0, last]));
            Panel::Curves {
                title: format!("{}: L = {} to {size}", first.words(), first.size_before(size)),
                x: axis("T before (J/k_B)"),
                y: axis("T after (J/k_B)"),
                curves,
            }
        };
        let blocked = self.found[0].thermal.blocked.len();
        (blocked > 0).then(|| Figure {
            id: "fig3.4".into(),
            title: "Thesis fig 3.4: block spins of the 2D Ising model".into(),
            caption: "The temperature that is read after one or two block-spin steps (majority of b x b spins, ties at random), of collections sampled at the temperature before. Matched: the temperature at which the smaller lattice, blocked once, has the energy of the larger one blocked twice: the change by one step, without the energy's relation of unblocked lattices. \
                      Below the diagonal the step cools, above it heats; an RG flow away from T_c cools on its left and heats on its right. The \
                      thermometer tells no temperatures apart below about 1 and knows none above the last. Errors over repetitions."
                .into(),
            alt: "Temperatures after a step lie below the diagonal left of the critical temperature and above it right of it.".into(),
            panels: (0..blocked).map(panel).collect(),
        })
    }

    /// Means over repetitions of a series, with the spread as error.
    pub(super) fn series(
        &self,
        set: &str,
        mode: Mode,
        name: String,
        colour: Option<f64>,
        of: impl Fn(&Series, usize) -> f64,
    ) -> Curve {
        let flows: Vec<&FlowFindings> = self.found.iter().map(|f| f.flow(set, mode)).collect();
        let steps = &flows[0].series.steps;
        let (mut y, mut error) = (vec![], vec![]);
        for r in 0..steps.len() {
            let c = over_seeds(&flows.iter().map(|f| Some((of(&f.series, r), f64::NAN))).collect::<Vec<_>>(), 1.0);
            y.push(c.value.unwrap_or(f64::NAN));
            error.push(c.error.unwrap_or(f64::NAN));
        }
        Curve { label: name, x: steps.iter().map(|s| *s as f64).collect(), y, error, style: Style::Line, colour }
    }

    pub(super) fn dashed(&self, x: &[f64], y: f64, label: String, colour: Option<f64>) -> Curve {
        let ends = [x[0], x[x.len() - 1]];
        Curve { label, x: ends.to_vec(), y: vec![y; 2], error: vec![], style: Style::Dashed, colour }
    }

    /// T*, E and |m| against the step, for some starts.
    pub fn by_step(&self) -> Vec<Figure> {
        let shown = self.found[0].flow("all", Mode::Gibbs).series.shown_starts.clone();
        let size = *self.settings.torus.lattice.size;
        type Read = fn(&Series, usize, usize) -> f64;
        let quantities: [(&str, &str, &str, Read); 3] = [
            ("t-star-by-step", "T*", "T* (J/k_B)", |s, r, k| s.t_star[r][k]),
            ("energy-by-step", "Energy", "E/N (J)", |s, r, k| s.energy[r][k].0),
            ("abs-m-by-step", "|m|", "|m|", |s, r, k| s.abs_m[r][k].0),
        ];
        quantities
            .into_iter()
            .map(|(id, name, y, read)| {
                let mut panels = vec![];
                for (i, (set, _)) in SETS.iter().enumerate().filter(|(_, s)| ["all", "extremes"].contains(&s.0)) {
                    for mode in MODES {
                        let mut curves: Vec<Curve> = shown
                            .iter()
                            .map(|k| {
                                let t = self.temperatures[*k];
                                self.series(set, mode, format!("from T = {}", label(t)), self.colour(t), |s, r| read(s, r, *k))
                            })
                            .collect();
                        let x = curves[0].x.clone();
                        let nulls = self.found.iter().map(|f| &f.thermal.nulls[i]);
                        let null: Vec<f64> = nulls.map(|o| match id { "t-star-by-step" => o.t_star.0, "energy-by-step" => o.energy.0, _ => o.abs_m.0 }).collect();
                        curves.push(self.dashed(&x, null.iter().sum::<f64>() / null.len() as f64, "null: mixture".into(), None));
                        if id != "t-star-by-step" {
                            for t in [2.0, 2.25, 2.5] {
                                if let Some(value) = self.thermal_value(id, t, size) {
                                    curves.push(self.dashed(&x, value, format!("thermal, T = {t}"), self.colour(t)));
                                }
                            }
                        }
                        let title = format!("{}, {}", set_title(set), mode_title(mode));
                        panels.push(Panel::Curves { title, x: steps_axis(), y: axis(y), curves });
                    }
                }
                Figure {
                    id: id.into(),
                    title: format!("{name} against the step of the flow"),
                    caption: "Mean over repetitions; error bars over repetitions. Dashed: the null, and thermal values (E: Kaufman, exact; |m|: measured on the reference sets). For mean-field flows E and |m| are taken on spins drawn from the expectation values.".into(),
                    alt: format!("{name} of flows from six start temperatures against the number of steps, on a logarithmic axis."),
                    panels,
                }
            })
            .collect()
    }

    fn thermal_value(&self, id: &str, t: f64, size: usize) -> Option<f64> {
        if id == "energy-by-step" {
            return square::thermodynamics(size, size, Temperature::new(t).ok()?).ok().map(|e| e.energy);
        }
        let k = self.temperatures.iter().position(|x| *x == t)?;
        Some(self.found.iter().map(|f| f.thermal.reference[k].abs_m.0).sum::<f64>() / self.found.len() as f64)
    }

    /// T* against epochs.
    pub fn by_epoch(&self) -> Option<Figure> {
        let first = &self.found[0].snapshots;
        let x: Vec<f64> = first.iter().map(|s| s.epoch as f64).collect();
        if x.is_empty() {
            return None;
        }
        let mut curves = vec![];
        for mode in MODES {
            let flow = |f: &'_ Findings, i: usize| -> Observed {
                let s = &f.snapshots[i];
                s.flows[mode].pooled.clone()
            };
            let combined: Vec<_> = (0..x.len())
                .map(|i| {
                    let observed: Vec<Observed> = self.found.iter().map(|f| flow(f, i)).collect();
                    t_star(&observed.iter().collect::<Vec<_>>())
                })
                .collect();
            curves.push(Curve {
                label: mode_title(mode).into(),
                x: x.clone(),
                y: combined.iter().map(|c| c.value.unwrap_or(f64::NAN)).collect(),
                error: combined.iter().map(|c| c.error.unwrap_or(f64::NAN)).collect(),
                style: Style::LinePoints,
                colour: None,
            });
        }
        let nulls: Vec<&Observed> = self.found.iter().map(|f| &f.thermal.nulls[0]).collect();
        let null = t_star(&nulls).value.unwrap_or(f64::NAN);
        curves.push(self.dashed(&x, null, "null: mixture".into(), None));
        curves.push(self.dashed(&x, Temperature::CRITICAL.value(), "T_c".into(), None));
        Some(Figure {
            id: "t-star-by-epoch".into(),
            title: "T* of the pooled ends against the length of the training".into(),
            caption: format!("Snapshots of one training on all temperatures (learning rate {}), {} steps each.", *self.settings.torus.rbm.learning_rate, self.settings.flow.snapshot_steps),
            alt: "T* at the end of the flow against the number of training epochs, in both modes, beside the null and T_c.".into(),
            panels: vec![Panel::Curves {
                title: "all temperatures".into(),
                x: Axis { label: "epochs".into(), scale: Scale::Log, limits: None },
                y: axis("T* (J/k_B)"),
                curves,
            }],
        })
    }

    /// Lattices along flows, and the attractors of the mean-field map.
    pub fn pictures(&self) -> Vec<Figure> {
        let width = *self.settings.torus.lattice.size;
        let mut along = vec![];
        for mode in MODES {
            let s = &self.found[0].flow("all", mode).series;
            let rows = s
                .shown_starts
                .iter()
                .zip(&s.pictures)
                .map(|(k, row)| {
                    row.iter()
                        .zip(&s.shown_records)
                        .map(|(values, r)| Lattice {
                            label: format!("T = {}, step {}", label(self.temperatures[*k]), s.steps[*r]),
                            width,
                            values: values.clone(),
                        })
                        .collect()
                })
                .collect();
            along.push(Panel::Lattices {
                title: format!("all temperatures, {}", mode_title(mode)),
                rows,
                shades: Shades::default(),
            });
        }
        let flow = self.found[0].flow("all", Mode::Mean);
        let starts = self.temperatures.len() as f64;
        let centres = flow
            .centres
            .iter()
            .zip(&flow.basins)
            .enumerate()
            .map(|(i, (values, basin))| Lattice {
                label: format!("{}: {:.1} % of all starts", i + 1, 100.0 * basin.iter().sum::<f64>() / starts),
                width,
                values: values.clone(),
            })
            .collect();
        let basins = flow
            .basins
            .iter()
            .enumerate()
            .map(|(i, basin)| Curve {
                label: format!("attractor {}", i + 1),
                x: self.temperatures.clone(),
                y: basin.clone(),
                style: Style::LinePoints,
                ..Curve::default()
            })
            .collect();
        vec![
            Figure {
                id: "lattices".into(),
                title: "Lattices along the flow".into(),
                caption: "The first chain of six starts, RBM trained on all temperatures, first repetition. Mean-field pictures show expectation values.".into(),
                alt: "Pictures of 10 by 10 spins at steps of the flow, one row per start temperature.".into(),
                panels: along,
            },
            Figure {
                id: "attractors".into(),
                title: "Attractors of the mean-field map and their basins".into(),
                caption: format!("RBM trained on all temperatures, first repetition: {} attractors were reached, the {} heaviest are shown.", flow.attractors, flow.centres.len()),
                alt: "The heaviest end states of the mean-field flow and the fraction of each start temperature that ends in them.".into(),
                panels: vec![
                    Panel::Lattices { title: "end states".into(), rows: vec![centres], shades: Shades::default() },
                    Panel::Curves { title: "weight of each basin".into(), x: axis("start T (J/k_B)"), y: axis("fraction of chains"), curves: basins },
                ],
            },
        ]
    }
}
