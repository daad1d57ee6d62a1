//! Figures 3.4 and 4.5 to 4.9, and the figures along steps and epochs.

use super::quantities::Quantities;
use super::tables::mode_title;
use super::{Findings, SETS, Settings, matching};
use crate::study::couplings;
use crate::study::curves::p_of_t;
use crate::study::prelude::*;
use crate::study::readings::Series;
use rgflow::exact::square;

const UNIT: &str = "T (J/k_B)";

pub(super) struct Figures<'a> {
    pub settings: &'a Settings,
    pub over: &'a Repeated<'a, Findings>,
    pub q: &'a Quantities,
    pub temperatures: Vec<f64>,
}

impl<'a> Figures<'a> {
    pub(super) fn found(&self) -> &'a [Findings] {
        self.over.found
    }

    pub(super) fn last(&self) -> f64 {
        self.temperatures[self.temperatures.len() - 1]
    }

    pub(super) fn colour(&self, t: f64) -> Option<f64> {
        Some(t / self.last())
    }

    /// P(T) by start temperature, with errors, and of the mixture of a training set.
    fn by_start(&self, title: String, of: impl Fn(&'a Findings, usize) -> &'a Observed, null: Option<usize>) -> Panel {
        let (t, read) = (&self.q.temperature, |o: &Observed, j: usize| (o.curve[j], o.curve_error[j]));
        let curves = p_of_t(self.over, t, t, |f, [k, j]| read(of(f, k), j));
        let null = null.map(|s| {
            let p = self.over.shown([t], |f, [j]| read(&f.thermal.nulls[s], j));
            t.curve("null: mixture", |j| p.at(j)).style(Style::Dashed)
        });
        Panel::curves(title, UNIT, "P(T)", curves.into_iter().chain(null))
    }

    fn starts(&self, title: &str) -> Panel {
        self.by_start(title.into(), |f, k| &f.thermal.start[k], None)
    }

    /// Fig 4.5.
    pub fn thermal(&self) -> Figure {
        let per = self.settings.torus.samples.per_temperature;
        Figure::new("fig4.5", "Thesis fig 4.5: P(T) of thermal collections")
            .caption(
                format!(
                    "The thermometer's P(T), averaged over {per} configurations per temperature that no training saw. \
                    T_c = 2.269."
                ),
                "Probability curves of 25 thermal collections; each peaks near its own temperature, the coldest and \
                 the hottest overlap.",
            )
            .panels([self.starts("thermal collections")])
    }

    /// P(T) at start and end of the flows of the machines of `sets`: figs 4.6 to 4.8.
    pub fn ends(&self, id: &str, title: &str, caption: &str, sets: &[&'static str]) -> Figure {
        let end = |(s, machine): (usize, usize), mode: Mode| {
            let name = self.q.machines.name(machine);
            let steps = self.found()[0].flow(name, mode).steps;
            let title = format!("{}: end ({}, {steps} steps)", self.q.title(machine), mode_title(mode));
            self.by_start(title, move |f, k| &f.flow(name, mode).ends[k], Some(s))
        };
        let machines = self.q.by_set().filter(|(s, _)| sets.contains(&SETS[*s].0));
        Figure::new(id, title)
            .caption(
                format!(
                    "{caption} Colour: temperature at which the flow starts; dashed: the training mixture itself, \
                     without any RBM."
                ),
                format!("Probability curves P(T) at the start and at the end of the flow: {title}."),
            )
            .panels([self.starts("start of the flow")])
            .panels(machines.flat_map(|at| MODES.map(|mode| end(at, mode))))
    }

    /// J(r) of the machines.
    pub fn couplings(&self) -> Figure {
        let curve = |(_, m)| couplings::curve(self.q.title(m), self.over, |f| &f.effective[self.q.machines.name(m)]);
        Figure::new("fig4.6-couplings", "The machines as Ising models: J(r)")
            .caption(
                "Mean effective coupling J_ij, the Walsh coefficient of v_i v_j in ln p(v), of the pairs at the \
                 distance r on the torus, by training set. The Ising model has beta at r = 1 and 0 beyond. Values \
                 below 0 are not shown. Errors over repetitions, or of the sampling.",
                "Effective couplings against the distance, on a logarithmic axis, one curve for each training set.",
            )
            .panels([couplings::panel(self.q.by_set().map(curve))])
    }

    /// Fig 4.9: RG flow next to RBM flow.
    pub fn flows(&self) -> Figure {
        let starts = || (1..self.temperatures.len()).filter(|k| k % 2 == 0);
        let strip = |name: String, of: &dyn Fn(usize) -> &'a Number| -> (String, Vec<(f64, f64)>) {
            // A bound is drawn at its value.
            let arrows = starts().filter_map(|k| Some((self.temperatures[k], of(k).value?)));
            (name, arrows.collect())
        };
        let mut rg = vec![];
        for (found, blocked) in self.found()[0].thermal.blocked.iter().zip(&self.q.blocked) {
            rg.push(strip(format!("{}, thermometer", found.name()), &|k| blocked.t_star.at(k)));
            rg.push(strip(format!("{}, energy", found.name()), &|k| blocked.t_energy.at(k)));
        }
        let machines = self.q.by_set().flat_map(|(_, m)| MODES.map(|mode| (m, mode)));
        let rbm = machines.map(|(m, mode)| {
            strip(format!("{}, {}", self.q.title(m), mode_title(mode)), &|k| self.q.flows.from.at((m, mode, k)))
        });
        let marks = vec![(Temperature::CRITICAL.value(), "T_c".to_string())];
        let arrows = |title: &str, strips: Vec<(String, Vec<(f64, f64)>)>| Panel::Arrows {
            title: title.into(),
            x: Axis::new(UNIT).limits(0.0, self.last()),
            strips,
            marks: marks.clone(),
        };
        let size = *self.settings.torus.lattice.size;
        let blocked = (!rg.is_empty()).then(|| arrows("RG flow: block-spin steps, majority rule", rg));
        Figure::new("fig4.9", "Thesis fig 4.9: RG flow beside RBM flow")
            .caption(
                format!(
                    "Each arrow goes from the temperature of a thermal collection to the one that is read after the \
                     step or at the end of the flow. RG: L = {} (b = 2) and L = {} (b = 3) blocked once, L = {} and L \
                     = {} twice (b2x2, b3x2), to {size}x{size}, ties broken at random, read by the same thermometer \
                     and by the energy. Values with errors: ising-2d.rg.* and ising-2d.rbm.*.from.* of results.json.",
                    2 * size,
                    3 * size,
                    4 * size,
                    9 * size
                ),
                "Arrows: the block-spin flow points away from the critical temperature, the RBM flow ends where its \
                 training data put it.",
            )
            .panels(blocked)
            .panels([arrows("RBM flow: from start to end", rbm.collect())])
    }

    /// Fig 3.4: temperature after a block-spin step against the temperature before, where there are blocked sets.
    pub fn block_spins(&self) -> Option<Figure> {
        let (size, last, t) = (*self.settings.torus.lattice.size, self.last(), &self.q.temperature);
        let panel = |i: usize| {
            let (first, blocked) = (&self.found()[0].thermal.blocked[i], &self.q.blocked[i]);
            let plain = |label: &str, quantity: &Quantity<1>| {
                let curve = t.curve(label, |k| quantity.at(k));
                Curve { y: quantity.iter().map(Number::get).collect(), ..curve }
            };
            let by_energy = self.over.shown([t], |f, [k]| f.thermal.blocked[i].observed[k].t_energy);
            let thermometer = Curve {
                error: blocked.t_star.iter().map(|n| n.error.unwrap_or(f64::NAN)).collect(),
                ..plain("thermometer", &blocked.t_star)
            };
            let matched = (first.steps == 2).then(|| {
                let matched = self.over.shown([t], |f, [k]| matching::temperature(f, i, k, &self.temperatures));
                plain("matched with one step", &matched).style(Style::Points)
            });
            let critical = Temperature::CRITICAL.value();
            let dashed = |label: &str, x: [f64; 2]| Curve::new(label, x, [0.0, last]).style(Style::Dashed);
            let references = [dashed("no change", [0.0, last]), dashed("T_c", [critical; 2])];
            let curves = [thermometer, plain("energy", &by_energy)].into_iter().chain(matched).chain(references);
            let title = format!("{}: L = {} to {size}", first.words(), first.size_before(size));
            let axis = |label: &str| Axis::new(label).limits(0.0, last);
            Panel::curves(title, axis("T before (J/k_B)"), axis("T after (J/k_B)"), curves)
        };
        let figure = Figure::new("fig3.4", "Thesis fig 3.4: block spins of the 2D Ising model").caption(
            "The temperature that is read after one or two block-spin steps (majority of b x b spins, ties at \
             random), of collections sampled at the temperature before. Matched: the temperature at which the smaller \
             lattice, blocked once, has the energy of the larger one blocked twice: the change by one step, without \
             the energy's relation of unblocked lattices. Below the diagonal the step cools, above it heats; an RG \
             flow away from T_c cools on its left and heats on its right. The thermometer tells no temperatures apart \
             below about 1 and knows none above the last. Errors over repetitions.",
            "Temperatures after a step lie below the diagonal left of the critical temperature and above it right of \
             it.",
        );
        let blocked = self.q.blocked.len();
        (blocked > 0).then(|| figure.panels((0..blocked).map(panel)))
    }

    /// Means over repetitions of a series of a machine.
    pub(super) fn series(&self, machine: usize, mode: Mode, name: String, of: impl Fn(&Series, usize) -> f64) -> Curve {
        let machine = self.q.machines.name(machine);
        let steps = Dimension::new("step", &self.found()[0].flow(machine, mode).series.steps, usize::to_string);
        let mean = self.over.shown([&steps], |f, [r]| of(&f.flow(machine, mode).series, r));
        steps.curve(name, |r| mean.at(r)).style(Style::Line)
    }

    /// T*, E and |m| against the step, for some starts.
    pub fn by_step(&self) -> [Figure; 3] {
        type Read = fn(&Series, usize, usize) -> f64;
        type OfNull = fn(&Observed) -> f64;
        let read: [(&str, &str, &str, Read, OfNull); 3] = [
            ("t-star-by-step", "T*", "T* (J/k_B)", |s, r, k| s.t_star[r][k], |o| o.t_star.0),
            ("energy-by-step", "Energy", "E/N (J)", |s, r, k| s.energy[r][k].0, |o| o.energy.0),
            ("abs-m-by-step", "|m|", "|m|", |s, r, k| s.abs_m[r][k].0, |o| o.abs_m.0),
        ];
        read.map(|(id, name, label, read, of_null)| {
            let shown = self.q.by_set().filter(|(s, _)| ["all", "extremes"].contains(&SETS[*s].0));
            let panels = shown.flat_map(|(s, m)| MODES.map(|mode| (s, m, mode))).map(|(s, m, mode)| {
                let starts = &self.found()[0].flow("all", Mode::Gibbs).series.shown_starts;
                let mut curves: Vec<Curve> = starts
                    .iter()
                    .map(|k| {
                        let t = self.temperatures[*k];
                        self.series(m, mode, format!("from T = {t}"), |s, r| read(s, r, *k)).colour(self.colour(t))
                    })
                    .collect();
                let x = curves[0].x.clone();
                let nulls = self.found().iter().map(|f| of_null(&f.thermal.nulls[s])).sum::<f64>();
                curves.push(Curve::level("null: mixture", &x, nulls / self.found().len() as f64));
                let thermal = |t: f64| {
                    let value = if id == "t-star-by-step" { None } else { self.thermal_value(id, t) };
                    value.map(|value| Curve::level(format!("thermal, T = {t}"), &x, value).colour(self.colour(t)))
                };
                curves.extend([2.0, 2.25, 2.5].into_iter().filter_map(thermal));
                Panel::curves(format!("{}, {}", self.q.title(m), mode_title(mode)), Axis::log("step"), label, curves)
            });
            Figure::new(id, format!("{name} against the step of the flow"))
                .caption(
                    "Mean over repetitions; error bars over repetitions. Dashed: the null, and thermal values (E: \
                     Kaufman, exact; |m|: measured on the reference sets). For mean-field flows E and |m| are taken \
                     on spins drawn from the expectation values.",
                    format!(
                        "{name} of flows from six start temperatures against the number of steps, on a logarithmic \
                        axis."
                    ),
                )
                .panels(panels)
        })
    }

    fn thermal_value(&self, id: &str, t: f64) -> Option<f64> {
        let size = *self.settings.torus.lattice.size;
        if id == "energy-by-step" {
            return square::thermodynamics(size, size, Temperature::new(t).ok()?).ok().map(|e| e.energy);
        }
        let k = self.temperatures.iter().position(|x| *x == t)?;
        Some(self.found().iter().map(|f| f.thermal.reference[k].abs_m.0).sum::<f64>() / self.found().len() as f64)
    }

    /// T* against epochs.
    pub fn by_epoch(&self) -> Option<Figure> {
        let epoch = &self.q.epoch;
        let curve = |mode: Mode| {
            let numbers = || epoch.places().map(|e| self.q.by_epoch.at((e, mode)));
            let error = numbers().map(|n| n.error.unwrap_or(f64::NAN)).collect();
            let y: Vec<f64> = numbers().map(Number::get).collect();
            Curve { error, ..Curve::new(mode_title(mode), epoch.x(), y).style(Style::LinePoints) }
        };
        let null = Curve::level("null: mixture", epoch.x(), self.q.null.t_star.at(0).get());
        let critical = Curve::level("T_c", epoch.x(), Temperature::CRITICAL.value());
        let curves = MODES.map(curve).into_iter().chain([null, critical]);
        let panel = Panel::curves("all temperatures", Axis::log("epochs"), "T* (J/k_B)", curves);
        let figure = Figure::new("t-star-by-epoch", "T* of the pooled ends against the length of the training").caption(
            format!(
                "Snapshots of one training on all temperatures ({}, learning rate {}), {} steps each.",
                self.q.machines.by(0),
                self.settings.torus.rbm.learning_rate,
                self.settings.flow.snapshot_steps
            ),
            "T* at the end of the flow against the number of training epochs, in both modes, beside the null and T_c.",
        );
        (!epoch.is_empty()).then(|| figure.panels([panel]))
    }

    /// Lattices along flows.
    pub fn lattices(&self) -> Figure {
        let width = *self.settings.torus.lattice.size;
        let along = MODES.map(|mode| {
            let s = &self.found()[0].flow("all", mode).series;
            let rows = s.shown_starts.iter().zip(&s.pictures).map(|(k, row)| {
                let pictures = row.iter().zip(&s.shown_records).map(|(values, r)| Lattice {
                    label: format!("T = {}, step {}", self.temperatures[*k], s.steps[*r]),
                    width,
                    values: values.clone(),
                });
                pictures.collect()
            });
            Panel::lattices(format!("all temperatures, {}", mode_title(mode)), rows.collect(), Shades::default())
        });
        Figure::new("lattices", "Lattices along the flow")
            .caption(
                format!(
                    "The first chain of six starts, RBM trained on all temperatures by {}, first repetition. \
                     Mean-field pictures show expectation values.",
                    self.q.machines.by(0)
                ),
                "Pictures of 10 by 10 spins at steps of the flow, one row per start temperature.",
            )
            .panels(along)
    }

    /// The attractors of the mean-field map.
    pub fn attractors(&self) -> Figure {
        let flow = self.found()[0].flow("all", Mode::Mean);
        let starts = self.temperatures.len() as f64;
        let centres = flow.centres.iter().zip(&flow.basins).enumerate().map(|(i, (values, basin))| Lattice {
            label: format!("{}: {:.1} % of all starts", i + 1, 100.0 * basin.iter().sum::<f64>() / starts),
            width: *self.settings.torus.lattice.size,
            values: values.clone(),
        });
        let basins = flow.basins.iter().enumerate().map(|(i, basin)| {
            let label = format!("attractor {}", i + 1);
            Curve::new(label, self.temperatures.as_slice(), basin.as_slice()).style(Style::LinePoints)
        });
        Figure::new("attractors", "Attractors of the mean-field map and their basins")
            .caption(
                format!(
                    "RBM trained on all temperatures by {}, first repetition: {} attractors were reached, the {} \
                     heaviest are shown.",
                    self.q.machines.by(0),
                    flow.attractors,
                    flow.centres.len()
                ),
                "The heaviest end states of the mean-field flow and the fraction of each start temperature that ends \
                 in them.",
            )
            .panels([
                Panel::lattices("end states", vec![centres.collect()], Shades::default()),
                Panel::curves("weight of each basin", "start T (J/k_B)", "fraction of chains", basins),
            ])
    }
}
