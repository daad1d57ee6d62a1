//! Figures of `sparse`: P(T) and P(m) of the ends, and their change with epochs and noise.

use super::sets::{COLD, COLD_HOT, GROUND, PURE, Set, mean};
use super::{Findings, Machine, SETS, Settings};
use crate::study::curves::p_of_t;
use crate::study::prelude::*;

/// The values m = -1, -0.9 ... 1.
fn magnetisations() -> Vec<f64> {
    (0..21).map(|i| f64::from(i - 10) / 10.0).collect()
}

/// Panels of the figures, over start temperatures, m, epoch caps or noise.
struct Panels<'a> {
    over: &'a Repeated<'a, Findings>,
    sets: &'a [Set],
    temperature: Dimension,
    m: Dimension,
    caps: Vec<f64>,
    noises: Vec<f64>,
}

impl Panels<'_> {
    /// P(T) by start temperature.
    fn p_of_t(&self, title: &str, of: impl Fn(&Findings) -> &FlowFindings) -> Panel {
        let t = &self.temperature;
        let curves = p_of_t(self.over, t, t, |f, [k, i]| of(f).ends[k].curve.get(i).copied());
        Panel::curves(title, "T (J/k_B)", "P(T)", curves)
    }

    fn p_of_m(&self, title: &str, curves: impl IntoIterator<Item = Curve>) -> Panel {
        Panel::curves(title, "m", "P(m)", curves)
    }

    fn curve_of_m(&self, label: impl Into<String>, of: impl Fn(&Findings, usize) -> Option<f64>) -> Curve {
        let p = self.over.shown([&self.m], |f, [i]| of(f, i));
        self.m.curve(label, |i| p.at(i))
    }

    /// P(m) of the ends of some starts.
    fn m_by_start(&self, title: &str, of: impl Fn(&Findings) -> &FlowFindings) -> Panel {
        let last = self.temperature.len() - 1;
        let one = |k: usize| {
            let label = format!("T = {}", self.temperature.word(k));
            let curve = self.curve_of_m(label, |f, i| of(f).magnetisation.get(k)?.get(i).copied());
            curve.colour(Some(k as f64 / last as f64))
        };
        self.p_of_m(title, (0..=4).map(|i| one(i * last / 4)))
    }

    /// One curve per set and mode of the quantity that `of` takes from a set.
    fn by_set<'s>(&'s self, x: &'s [f64], of: fn(&Set) -> &Quantity<2>) -> impl Iterator<Item = Curve> + 's {
        let places = self.sets.iter().zip(SETS).flat_map(|(set, name)| MODES.map(|mode| (set, name, mode)));
        places.map(move |(set, name, mode)| {
            let numbers = (0..x.len()).map(|place| of(set).at((place, mode)));
            Curve::through(format!("{name}, {}", mode.name()), x, numbers)
        })
    }

    /// A quantity of the snapshots against epochs.
    fn along(&self, title: &str, y: &str, of: fn(&Set) -> &Quantity<2>, level: Option<Curve>) -> Panel {
        Panel::curves(title, Axis::log("epochs"), y, self.by_set(&self.caps, of).chain(level))
    }

    fn by_noise(&self, title: &str, y: &str, of: fn(&Set) -> &Quantity<2>) -> Panel {
        Panel::curves(title, "noise up to", y, self.by_set(&self.noises, of))
    }
}

pub(super) fn sections(settings: &Settings, sets: &[Set], over: &Repeated<Findings>) -> Vec<Section> {
    let temperature = Dimension::new("T", &settings.torus.temperatures(), f64::to_string);
    let m = Dimension::new("m", &magnetisations(), f64::to_string);
    let caps = settings.data.caps.iter().map(|cap| **cap as f64).collect();
    let p = Panels { over, sets, temperature, m, caps, noises: settings.noises() };
    let last = p.noises.len() - 1;
    fn flow(f: &Findings, s: usize, n: usize, mode: Mode) -> &FlowFindings {
        let machine: &Machine = &f.machines[s][n];
        &machine.flows[mode]
    }
    let [gibbs, mean_field] = MODES;
    let caption = "Colours are start temperatures. Errors over repetitions.";
    let cold = Figure::new("fig4.16", "Thesis fig 4.16: trained at T = 0").caption(
        format!(
            "P(T) of the ends, stopped on the reconstruction cost; below, copies of longer and shorter trainings. \
            {caption}"
        ),
        "P(T) at the end of the flow by start temperature in both modes; T* and energy against epochs.",
    );
    let ground = Curve::level("T = 0", &p.caps, GROUND);
    let cold = cold.panels([
        p.p_of_t("end, Gibbs", |f| flow(f, COLD, PURE, gibbs)),
        p.p_of_t("end, mean field", |f| flow(f, COLD, PURE, mean_field)),
        p.along("T* against the epoch cap", "T* of the ends (J/k_B)", |set| &set.copies.t_star, None),
        p.along("Energy against the epoch cap", "E/N (J)", |set| &set.copies.energy, Some(ground)),
    ]);
    let magnetisation = Figure::new("fig4.17", "Thesis fig 4.17: P(m) at start and end, trained at T = 0").caption(
        "m rounded to one decimal, all starts pooled. Errors over repetitions.",
        "P(m): broad at the start, at -1 and +1 at the end.",
    );
    let pooled = |mode| move |f: &Findings, i| mean(&flow(f, COLD, PURE, mode).magnetisation, i);
    let magnetisation = magnetisation.panels([p.p_of_m(
        "",
        [
            p.curve_of_m("start", |f, i| mean(&f.start, i)),
            p.curve_of_m("Gibbs ends", pooled(gibbs)),
            p.curve_of_m("mean-field ends", pooled(mean_field)),
            p.curve_of_m("training set", |f, i| f.nulls[COLD].1.get(i).copied()),
        ],
    )]);
    let both = Figure::new("fig4.18", "Thesis fig 4.18: trained on T = 0 and m = 0").caption(
        format!("P(T) of the ends of all starts, and P(m) of some. {caption}"),
        "Ends by start temperature: P(T) and P(m) in both modes.",
    );
    let both = both.panels([
        p.p_of_t("end, Gibbs", |f| flow(f, COLD_HOT, PURE, gibbs)),
        p.p_of_t("end, mean field", |f| flow(f, COLD_HOT, PURE, mean_field)),
        p.m_by_start("P(m), Gibbs", |f| flow(f, COLD_HOT, PURE, gibbs)),
        p.m_by_start("P(m), mean field", |f| flow(f, COLD_HOT, PURE, mean_field)),
        p.along("Distinct ends of copies", "ends", |set| &set.copies_count, None),
    ]);
    let cure = Figure::new("sec5.noise", "Noise on the training data").caption(
        format!(
            "Distinct ends and T* against the strongest noise in the training set; P(T) and P(m) of the ends with \
             noise up to {} on T = 0 and m = 0. {caption}",
            p.noises[last]
        ),
        "Number of distinct ends and T* against noise; the ends at the strongest noise.",
    );
    let cure = cure.panels([
        p.by_noise("Distinct ends", "ends", |set| &set.count),
        p.by_noise("T*", "T* of the ends (J/k_B)", |set| &set.ends.t_star),
        p.p_of_t("end, Gibbs", |f| flow(f, COLD_HOT, last, gibbs)),
        p.m_by_start("P(m), Gibbs", |f| flow(f, COLD_HOT, last, gibbs)),
    ]);
    let text = "The test set holds nothing that the training has not seen, so the reconstruction cost falls until it \
        is zero: the epochs are capped, and copies show what the cap does.";
    let ground_states = Section::new("Ground states").text(text).figures([cold, magnetisation]);
    let text = "Configurations of m = 0 from infinite temperature: half of the spins up, in random order.";
    let mixed = Section::new("Ground states and m = 0").text(text).figures([both]);
    let text = "The thesis proposes noise where data are sparse: n' = (1 - a) n + a eta. For spins it is the \
        probability a that a spin is replaced by a random one.";
    vec![ground_states, mixed, Section::new("Noise").text(text).figures([cure])]
}
