//! Ends of the flow by training set, noise and epoch cap: how many distributions, at which T and m.

use super::{Found, Machine, SETS, Settings};
use crate::row;
use crate::study::ends;
use crate::study::prelude::*;
use crate::study::values::plain;

/// What "at T = 0" and "half" allow.
const NEAR: f64 = 0.05;
/// A fraction of repetitions is right if no repetition is otherwise: less than one of any number of them.
const A_REPETITION: f64 = 1e-3;
/// Energy per spin of a ground state.
const GROUND: f64 = -2.0;
/// Places in [`SETS`], and without noise.
const COLD: usize = 0;
const COLD_HOT: usize = 1;
const PURE: usize = 0;

/// The quantities of one training set.
struct Set {
    null: Thermal<0>,
    /// By noise.
    epoch: Quantity<1>,
    /// By noise and mode.
    ends: Thermal<2>,
    count: Quantity<2>,
    several: Quantity<2>,
    apart: Quantity<2>,
    /// By cap and mode.
    copies: Thermal<2>,
    copies_count: Quantity<2>,
}

impl Set {
    fn new(settings: &Settings, over: &Repeated<Found>, s: usize) -> Self {
        let (set, mode, noises) = (SETS[s], modes(), settings.noises());
        let noise = Dimension::new("noise", &noises, |a| match a {
            0.0 => set.to_string(),
            a => format!("noise.{set}.{a}"),
        });
        let cap = Dimension::new("cap", &plain(&settings.data.caps), |cap| format!("{set}.cap{cap}"));
        let last = noises.len() - 1;
        let what = "the training set itself, no machine";
        let null = Thermal::new(over, &format!("{set}.null"), [], what, |f, []| &f.nulls[s].0);
        let epoch =
            over.quantity("{noise}.epoch", [&noise], "1", "epoch of the least reconstruction cost", |f, [n]| {
                f.machines[s][n].epoch
            });
        let compared = |mut ends: Thermal<2>, is_cold: &dyn Fn(usize) -> bool| {
            ends.t_star = ends.t_star.map(|_, star| star.against(null.t_star.at(())));
            ends.energy = ends.energy.map(|[place, _], energy| match is_cold(place) {
                true => energy.compare(GROUND, 0.0, NEAR, "thesis fig 4.16: ends at T = 0"),
                false => energy,
            });
            ends
        };
        let (by, trained) =
            ([&noise, &mode], format!("{{mode}} flow, trained on \"{set}\" with noise up to {{noise}}"));
        let what = format!("ends of all starts pooled, {trained}");
        let ends = Thermal::new(over, "{noise}.{mode}", by, &what, |f, [n, m]| &f.machines[s][n].flows[m].pooled);
        let what = format!("distinct ends of the start temperatures, {trained}");
        let count =
            over.quantity("{noise}.{mode}.ends", by, "1", &what, |f, [n, m]| f.machines[s][n].flows[m].distinct);
        let what = format!(
            "fraction of repetitions in which the ends of the starts are not one distribution: from those in which a pair differs by 0.05 in \
             total variation beyond three sigma to those in which a pair may, {trained}"
        );
        let key = over.key("{noise}.{mode}.several");
        let several = Quantity::new(&key, by, "1", &what, |[n, m]| several(over, |f| &f.machines[s][n].flows[m]));
        let several = several.map(|[n, _], several| match (s, n) {
            (COLD_HOT, PURE) => several.compare(1.0, 0.0, A_REPETITION, "thesis fig 4.18: several"),
            _ if n == last => several.compare(0.0, 0.0, A_REPETITION, "chapter 5: noise leaves one"),
            _ => several,
        });
        let apart =
            ends::apart(&over.key("{noise}.{mode}"), by, &trained, |[n, m]| seen(over, |f| &f.machines[s][n].flows[m]));
        let (by, trained) = ([&cap, &mode], format!("{{mode}} flow of the copy after {{cap}} epochs on \"{set}\""));
        let what = format!("ends of all starts pooled, {trained}");
        let what_count = format!("distinct ends of the start temperatures, {trained}");
        Self {
            ends: compared(ends, &|n| s == COLD && n == PURE),
            copies: compared(
                Thermal::new(over, "{cap}.{mode}", by, &what, |f, [c, m]| &f.machines[s][PURE].copies[c][m].pooled),
                &|_| s == COLD,
            ),
            copies_count: over.quantity("{cap}.{mode}.ends", by, "1", &what_count, |f, [c, m]| {
                f.machines[s][PURE].copies[c][m].distinct
            }),
            null,
            epoch,
            count,
            several,
            apart,
        }
    }
}

/// The ends of each repetition at the last step.
fn seen<'a>(over: &Repeated<'a, Found>, of: impl Fn(&'a Found) -> &'a FlowFindings) -> Vec<ends::Seen> {
    over.found.iter().map(|f| of(f).ends_seen()).collect()
}

/// Fraction of the repetitions with more than one end: from those in which a pair differs beyond its noise to those in which a pair
/// may differ.
fn several<'a>(over: &Repeated<'a, Found>, of: impl Fn(&'a Found) -> &'a FlowFindings) -> Combined {
    let sure = over.mean(|f| usize::from(of(f).distinct > 1));
    let perhaps = over.mean(|f| usize::from(!of(f).ends_seen().is_one()));
    let interval = (sure.value != perhaps.value).then_some([sure.value, perhaps.value]);
    sure.within(interval)
}

/// m = -1, -0.9 ... 1.
fn magnetisations() -> Vec<f64> {
    (0..21).map(|i| f64::from(i - 10) / 10.0).collect()
}

fn mean(rows: &[Vec<f64>], i: usize) -> Option<f64> {
    let values: Option<Vec<f64>> = rows.iter().map(|row| row.get(i).copied()).collect();
    values.filter(|v| !v.is_empty()).map(|v| v.iter().sum::<f64>() / v.len() as f64)
}

pub(super) fn record(settings: &Settings, found: &[Found]) -> Record {
    let over = Repeated::new("sparse", found);
    let sets: Vec<Set> = (0..SETS.len()).map(|s| Set::new(settings, &over, s)).collect();
    let (mode, noises) = (modes(), settings.noises());
    let last = noises.len() - 1;
    let at_m = |f: &Found, m: usize, i| mean(&f.machines[COLD][PURE].flows[m].magnetisation, i);
    let what = "fraction of the pooled ends with m rounded to +1, {mode} flow, trained at T = 0";
    let plus = over.quantity("cold.m.{mode}.plus", [&mode], "1", what, |f, [m]| at_m(f, m, 20));
    let plus = plus.map(|_, plus| plus.compare(0.5, 0.0, NEAR, "thesis fig 4.17: half of them"));
    let what = "fraction of the pooled ends with |m| rounded to 1, {mode} flow, trained at T = 0";
    let one = over.quantity("cold.m.{mode}.one", [&mode], "1", what, |f, [m]| Some(at_m(f, m, 20)? + at_m(f, m, 0)?));
    let one = one.map(|_, one| one.compare(1.0, 0.0, NEAR, "thesis fig 4.17: all of them"));

    let mut record = Record::new(
        "sparse",
        "Machines trained on sparse data",
        "Trained on the two ground states alone, and on these with configurations of m = 0: where does the flow end, in how many \
         distributions, and does noise on the data leave one?",
    );
    for set in &sets {
        let by_mode = Together(vec![
            &set.ends.t_star,
            &set.ends.t_energy,
            &set.ends.energy,
            &set.count,
            &set.several,
            &set.apart,
        ]);
        let copies = Together(vec![&set.copies.t_star, &set.copies.t_energy, &set.copies.energy, &set.copies_count]);
        record.list(&[&set.null, &ByPlace(vec![&set.epoch, &by_mode]), &copies]);
    }
    record.list(&[&Together(vec![&plus, &one])]);
    for mode in MODES {
        let cold = |text: &str| format!("trained at T = 0: {text} ({})", mode.name());
        let energy = Claim::of("fig4.16", cold("ends at T = 0: E/N = -2"), sets[COLD].ends.energy.at((PURE, mode)));
        let several = format!("T = 0 and m = 0: several fixed distributions ({})", mode.name());
        record.claims.extend([
            energy.beside(sets[COLD].null.energy.at(())),
            Claim::of("fig4.17", cold("half the ends have m = +1"), plus.at(mode)),
            Claim::of("fig4.17", cold("the others m = -1"), one.at(mode)),
            Claim::of("fig4.18", several, sets[COLD_HOT].several.at((PURE, mode))),
        ]);
        record.claims.extend(SETS.iter().zip(&sets).map(|(name, set)| {
            let states = format!("(proposed) noise leaves one fixed distribution: {name} ({})", mode.name());
            Claim::of("sec5.noise", states, set.several.at((last, mode)))
        }));
    }
    record.answers = answers(&sets, &noises);
    record.summary = summary(&sets, &over, &noises);
    record.sections = sections(settings, &sets, &over);
    record
}

fn answers(sets: &[Set], noises: &[f64]) -> Vec<String> {
    let [cold, hot] = [&sets[COLD], &sets[COLD_HOT]];
    let (last, [gibbs, mean]) = (noises.len() - 1, MODES);
    vec![
        format!(
            "Trained at T = 0 the flow ends with E/N = {} (Gibbs) and {} (mean field).",
            cold.ends.energy.at((PURE, gibbs)),
            cold.ends.energy.at((PURE, mean))
        ),
        format!(
            "Trained on T = 0 and m = 0 the ends of the starts are several distributions in a fraction {} (Gibbs) and {} (mean field) of the repetitions.",
            hot.several.at((PURE, gibbs)),
            hot.several.at((PURE, mean))
        ),
        format!(
            "With noise up to {}: in {} and {}; the ends then read T* = {} and {}.",
            noises[last],
            hot.several.at((last, gibbs)),
            hot.several.at((last, mean)),
            hot.ends.t_star.at((last, gibbs)),
            hot.ends.t_star.at((last, mean))
        ),
    ]
}

fn summary(sets: &[Set], over: &Repeated<Found>, noises: &[f64]) -> Table {
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
    let row = |(s, n): (usize, usize)| {
        let (set, mut row) = (&sets[s], row![SETS[s], noises[n].to_string(), sets[s].epoch.at(n)]);
        for mode in MODES {
            let ends = ends::cell(&seen(over, |f| &f.machines[s][n].flows[mode]), set.count.at((n, mode)));
            row.extend(row![set.ends.t_star.at((n, mode)), set.ends.energy.at((n, mode)), ends]);
        }
        row
    };
    let places = (0..sets.len()).flat_map(|s| (0..noises.len()).map(move |n| (s, n)));
    Table::new("Where the flow ends, and in how many distributions", columns).rows(places.map(row)).note(
        "cold: the two ground states. cold-hot: these and configurations of m = 0 from T = infinity. Ends: distinct P(T) over start temperatures; they \
         are one where no pair may differ by 0.05 in total variation, else their range is given.",
    )
}

/// Panels of the figures, each over the start temperatures, m, epoch caps or noises.
struct Panels<'a> {
    over: &'a Repeated<'a, Found>,
    sets: &'a [Set],
    temperature: Dimension,
    m: Dimension,
    caps: Vec<f64>,
    noises: Vec<f64>,
}

impl Panels<'_> {
    /// P(T) by start temperature.
    fn p_of_t(&self, title: &str, of: impl Fn(&Found) -> &FlowFindings) -> Panel {
        let (t, hottest) = (&self.temperature, self.temperature.x()[self.temperature.len() - 1]);
        let p = self.over.shown([t, t], |f, [k, i]| of(f).ends[k].curve.get(i).copied());
        let one = |k: usize| {
            let curve = t.curve(format!("T = {}", t.word(k)), |i| p.at((k, i)));
            curve.style(Style::Line).colour(Some(t.x()[k] / hottest))
        };
        Panel::curves(title, "T (J/k_B)", "P(T)", t.places().map(one))
    }

    fn p_of_m(&self, title: &str, curves: impl IntoIterator<Item = Curve>) -> Panel {
        Panel::curves(title, "m", "P(m)", curves)
    }

    fn curve_of_m(&self, label: impl Into<String>, of: impl Fn(&Found, usize) -> Option<f64>) -> Curve {
        let p = self.over.shown([&self.m], |f, [i]| of(f, i));
        self.m.curve(label, |i| p.at(i))
    }

    /// P(m) of the ends of some starts.
    fn m_by_start(&self, title: &str, of: impl Fn(&Found) -> &FlowFindings) -> Panel {
        let last = self.temperature.len() - 1;
        let one = |k: usize| {
            let label = format!("T = {}", self.temperature.word(k));
            let curve = self.curve_of_m(label, |f, i| of(f).magnetisation.get(k)?.get(i).copied());
            curve.colour(Some(k as f64 / last as f64))
        };
        self.p_of_m(title, (0..=4).map(|i| one(i * last / 4)))
    }

    /// One curve for each set and mode of the quantity that `of` takes from a set.
    fn by_set<'s>(&'s self, x: &'s [f64], of: fn(&Set) -> &Quantity<2>) -> impl Iterator<Item = Curve> + 's {
        let places = self.sets.iter().zip(SETS).flat_map(|(set, name)| MODES.map(|mode| (set, name, mode)));
        places.map(move |(set, name, mode)| {
            let numbers = (0..x.len()).map(|place| of(set).at((place, mode)));
            Curve::through(format!("{name}, {}", mode.name()), x, numbers)
        })
    }

    /// A quantity of the copies against epochs.
    fn along(&self, title: &str, y: &str, of: fn(&Set) -> &Quantity<2>, level: Option<Curve>) -> Panel {
        Panel::curves(title, Axis::log("epochs"), y, self.by_set(&self.caps, of).chain(level))
    }

    fn by_noise(&self, title: &str, y: &str, of: fn(&Set) -> &Quantity<2>) -> Panel {
        Panel::curves(title, "noise up to", y, self.by_set(&self.noises, of))
    }
}

fn sections(settings: &Settings, sets: &[Set], over: &Repeated<Found>) -> Vec<Section> {
    let temperature = Dimension::new("T", &settings.torus.temperatures(), f64::to_string);
    let m = Dimension::new("m", &magnetisations(), f64::to_string);
    let caps = settings.data.caps.iter().map(|cap| **cap as f64).collect();
    let p = Panels { over, sets, temperature, m, caps, noises: settings.noises() };
    let last = p.noises.len() - 1;
    fn flow(f: &Found, s: usize, n: usize, mode: Mode) -> &FlowFindings {
        let machine: &Machine = &f.machines[s][n];
        &machine.flows[mode]
    }
    let [gibbs, mean_field] = MODES;
    let caption = "Colours are start temperatures. Errors over repetitions.";
    let cold = Figure::new("fig4.16", "Thesis fig 4.16: trained at T = 0").caption(
        format!("P(T) of the ends, stopped on the reconstruction cost; below, copies of longer and shorter trainings. {caption}"),
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
    let pooled = |mode| move |f: &Found, i| mean(&flow(f, COLD, PURE, mode).magnetisation, i);
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
            "Distinct ends and T* against the strongest noise in the training set; P(T) and P(m) of the ends with noise up to {} on T = 0 and m = 0. {caption}",
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
    let text = "The test set holds nothing that the training has not seen, so the reconstruction cost falls until it is zero: the epochs are capped, \
                and copies show what the cap does.";
    let ground_states = Section::new("Ground states").text(text).figures([cold, magnetisation]);
    let text = "Configurations of m = 0 from infinite temperature: half of the spins up, in random order.";
    let mixed = Section::new("Ground states and m = 0").text(text).figures([both]);
    let text = "The thesis proposes noise where data are sparse: n' = (1 - a) n + a eta. For spins it is the probability a that a spin is replaced by a random one.";
    vec![ground_states, mixed, Section::new("Noise").text(text).figures([cure])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::readings::fabricated::{check, flow, observed, settings, verdicts};

    #[test]
    fn a_record_says_each_number_once() {
        let settings: Settings = settings(super::super::RECIPE, &["sparse.caps=[1, 2]", "sparse.noise=[0.5]"]);
        // T* is the set, with an eighth for noise and a quarter for the mean field; copies are 8 and 16 above.
        let machine = |s: usize, n: usize| {
            let t = 2.0 + s as f64 + 0.125 * n as f64;
            let copies = if n == 0 { vec![8.0, 16.0] } else { vec![] };
            Machine {
                epoch: t,
                flows: ByMode::of(flow(t), flow(t + 0.25)),
                copies: copies.into_iter().map(|c| ByMode::of(flow(t + c), flow(t + c + 0.25))).collect(),
            }
        };
        let found = Found {
            nulls: vec![(observed(1.5), vec![0.0; 21]), (observed(2.5), vec![0.0; 21])],
            machines: (0..2).map(|s| (0..2).map(|n| machine(s, n)).collect()).collect(),
            start: vec![vec![0.0; 21]; 5],
        };
        let told = record(&settings, &[found]);
        let values = [
            ("sparse.cold.null.T_star", 1.5),
            ("sparse.cold-hot.null.energy", -2.5),
            ("sparse.cold.epoch", 2.0),
            ("sparse.noise.cold.0.5.epoch", 2.125),
            ("sparse.cold.gibbs.energy", -2.0),
            ("sparse.cold-hot.mean.T_star", 3.25),
            ("sparse.noise.cold-hot.0.5.gibbs.T_star", 3.125),
            ("sparse.cold.gibbs.ends", 2.0),
            ("sparse.cold-hot.gibbs.several", 1.0),
            ("sparse.cold.mean.ends_apart", 0.25),
            ("sparse.cold-hot.cap2.gibbs.T_star", 19.0),
            ("sparse.cold.cap1.mean.T_star", 10.25),
            ("sparse.cold.m.gibbs.plus", 0.75),
            ("sparse.cold.m.mean.one", 1.0),
        ];
        check(&told, &values, &["fig4.16", "fig4.17", "fig4.18", "sec5.noise"]);
        let by_mode = |energy| [energy, "differs", "agrees", "agrees", "differs", "differs"];
        assert_eq!(verdicts(&told), [by_mode("agrees"), by_mode("differs")].concat());
    }
}
