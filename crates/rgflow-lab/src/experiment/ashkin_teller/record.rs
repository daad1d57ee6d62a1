//! Record: ends of the flow of a system with two critical points, compared with both and with the training mixtures.

use super::{CollectionReadings, Findings, SETS, Settings};
use crate::record::over_seeds;
use crate::row;
use crate::study::flow_ends;
use crate::study::prelude::*;
use crate::study::readings::Collections;
use crate::study::values::plain;

/// Readings of collections as quantities: T*, T_E, energy and the two order parameters.
struct Readings<const N: usize> {
    t_star: Quantity<N>,
    t_energy: Quantity<N>,
    energy: Quantity<N>,
    abs_m: Quantity<N>,
    product: Quantity<N>,
}

impl<const N: usize> Readings<N> {
    fn new<'a>(
        over: &Repeated<'a, Findings>,
        key: &str,
        dimensions: [&Dimension; N],
        what: &str,
        of: impl Fn(&'a Findings, [usize; N]) -> &'a CollectionReadings,
    ) -> Self {
        let read = |f, place| &of(f, place).read;
        let seen = Collections { over, key, dimensions, what, of: &read };
        let product = |place| {
            let seen: Vec<&CollectionReadings> = over.found.iter().map(|f| of(f, place)).collect();
            let n = seen.iter().map(|s| s.read.n as f64).sum();
            over_seeds(&seen.iter().map(|s| Some(s.product)).collect::<Vec<_>>(), n)
        };
        let (of_product, words) = (format!("{key}.abs_m_product"), format!("|m| of the product s t: {what}"));
        let thermal = "temperature at which thermal samples have this energy";
        Self {
            t_star: seen.t_star(),
            t_energy: seen.mean("T_E", "J/k_B", thermal, |o| o.t_energy),
            energy: seen.mean("energy", "J per site", "energy", |o| Some(o.energy)),
            abs_m: seen.mean("abs_m", "1", "mean of |m_s| and |m_t|", |o| Some(o.abs_m)),
            product: Quantity::new(&over.key(&of_product), dimensions, "1", &words, product),
        }
    }

    fn numbers(&self) -> Vec<&dyn Numbers> {
        vec![&self.t_star, &self.t_energy, &self.energy, &self.abs_m, &self.product]
    }

    /// Cells of the summary.
    fn cells(&self, place: [usize; N]) -> Vec<Cell> {
        row![self.t_star.at(place), self.t_energy.at(place), self.abs_m.at(place), self.product.at(place)]
    }
}

/// Words for a training set.
fn trained(settings: &Settings, set: usize) -> String {
    let split = settings.model.split;
    match SETS[set] {
        "low" => format!("T <= {split}"),
        "high" => format!("T >= {split}"),
        _ => "all temperatures".into(),
    }
}

/// Distance of a collection from the nearer critical temperature. Both thermometers have to be near the same one: T*
/// alone lies near one of two by chance, and hardly sees the upper one. An energy beyond the `hottest` samples counts
/// as theirs.
fn from_critical(found: &Findings, seen: &CollectionReadings, hottest: f64) -> Option<f64> {
    let is_hotter = |thermal: &CollectionReadings| seen.read.energy.0 > thermal.read.energy.0;
    let beyond = || found.thermal.last().is_some_and(is_hotter).then_some(hottest);
    let (t_star, t_energy) = (seen.read.t_star.0, seen.read.t_energy.map(|t| t.0).or_else(beyond)?);
    let off =
        found.critical.iter().flatten().map(|critical| (t_star - critical).abs().max((t_energy - critical).abs()));
    off.min_by(f64::total_cmp)
}

pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    let over = Repeated::new("ashkin-teller", found);
    let (mode, set) = (modes(), Dimension::names("set", SETS));
    let sizes = plain(&settings.model.crossing_sizes);
    let crossing = |point: usize, name: &str, orders: &str| {
        let [small, large] = [sizes[0], sizes[1]];
        let what = format!("critical temperature of {orders}: Binder cumulants of L = {small} and {large} cross");
        over.number(name, "J/k_B", &what, |f| f.critical[point])
    };
    let (low, up) = (crossing(0, "T_low", "s and t"), crossing(1, "T_up", "the product s t"));
    let what = "the training mixture \"{set}\" itself, no machine";
    let null = Readings::new(&over, "{set}.null", [&set], what, |f, [s]| &f.sets[s].null);
    let (by, flow) = ([&set, &mode], "{mode} flow of \"{set}\"");
    let what = "ends of all starts pooled, {mode} flow of the machine trained on \"{set}\"";
    let ends = Readings::new(&over, "{set}.{mode}", by, what, |f, [s, m]| &f.sets[s].flows[m].pooled);
    let off = over.quantity(
        "{set}.{mode}.off",
        by,
        "J/k_B",
        &format!("T* less the nearer critical temperature: {what}"),
        |f, [s, m]| {
            let star = f.sets[s].flows[m].pooled.read.t_star.0;
            let off = f.critical.iter().flatten().map(|critical| star - critical);
            off.min_by(|a, b| a.abs().total_cmp(&b.abs()))
        },
    );
    let step = *settings.torus.samples.t_step;
    let off = off.map(|_, off| off.compare(0.0, 0.0, step, "near a critical temperature by T* alone"));
    let hottest = *settings.torus.samples.t_max;
    let words = "larger of the distances of T* and of T_E (at most that of the hottest samples) from one critical \
                 temperature, the one that makes it least";
    let (key, mixture) = ("{set}.null.from_critical", format!("{words}: the training mixture \"{{set}}\""));
    let of_null = over.quantity(key, [&set], "J/k_B", &mixture, |f, [s]| from_critical(f, &f.sets[s].null, hottest));
    let from = over.quantity("{set}.{mode}.from_critical", by, "J/k_B", &format!("{words}: {what}"), |f, [s, m]| {
        from_critical(f, &f.sets[s].flows[m].pooled, hottest)
    });
    let from = from.map(|[s, _], from| {
        let from = from.compare(0.0, 0.0, step, "thesis: the RBM flow ends near the critical point");
        from.against(of_null.at(s))
    });
    let what = format!("distinct ends, {flow}");
    let distinct = over.quantity("{set}.{mode}.ends", by, "1", &what, |f, [s, m]| f.sets[s].flows[m].distinct);
    let seen = |s: usize, m: usize| -> Vec<flow_ends::FlowEnds> {
        let of = |f: &Findings| {
            let flow = &f.sets[s].flows[m];
            let t_star = flow.t_star.last().cloned().unwrap_or_default();
            flow_ends::FlowEnds { count: flow.distinct, apart: flow.apart, t_star }
        };
        found.iter().map(of).collect()
    };
    let apart = flow_ends::apart(&over.key("{set}.{mode}"), by, flow, |[s, m]| seen(s, m));
    let worth = Likelihoods::new(&over, "rbm.{set}", [&set], |f, [s]| &f.sets[s].likelihood);
    let what = format!("fraction of the starts whose last windows agree, {flow}");
    let converged = over.quantity("{set}.{mode}.converged", by, "1", &what, |f, [s, m]| f.sets[s].flows[m].converged);
    let what = "attractors of the mean-field map of \"{set}\"";
    let attractors = over.quantity("{set}.{mode}.attractors", by, "1", what, |f, [s, m]| f.sets[s].flows[m].attractors);
    let attractors = attractors.map(|[_, m], number| if MODES[m] == Mode::Mean { number } else { number.unlisted() });

    let mut record = Record::new(
        "ashkin-teller",
        "A system with two critical points",
        "In the Ashkin-Teller model with K4 > K the product of two spins orders at one critical temperature and the \
         spins themselves at a lower one. The thesis's flow is said to end near the critical point: near which of \
         two?",
    );
    record.list(&[&low, &up]);
    let (mut of_mixtures, mut of_ends) = (null.numbers(), ends.numbers());
    of_mixtures.extend([&of_null, &worth.ln_p as &dyn Numbers]);
    let of_mixtures = Grouped(of_mixtures);
    of_ends.extend([&off as &dyn Numbers, &from, &distinct, &apart, &converged, &attractors]);
    record.list(&[&ByPlace(vec![&of_mixtures, &Grouped(of_ends)])]);
    record.claims = set
        .places()
        .map(|s| {
            let states = format!(
                "trained on {}: the Gibbs flow ends at a critical point (T* and T_E off)",
                trained(settings, s)
            );
            Claim::of("sec5.two-points", states, from.at((s, Mode::Gibbs))).with_null(of_null.at(s))
        })
        .collect();
    record.answers = vec![
        format!("The product of the spins orders at T = {up}, the spins at {low}."),
        format!(
            "Trained on {}: the Gibbs ends read T* = {}; the mixtures without any machine {}.",
            set.list(|s| trained(settings, s)),
            set.list(|s| ends.t_star.at((s, Mode::Gibbs))),
            set.list(|s| null.t_star.at(s))
        ),
    ];
    let mut rows = Vec::new();
    for s in set.places() {
        let head = row![trained(settings, s), "mixture, no machine"];
        rows.push([head, null.cells([s]), row![""]].concat());
        for (m, mode) in MODES.iter().enumerate() {
            let count = flow_ends::cell(&seen(s, m), distinct.at((s, m)));
            rows.push([row!["", format!("{} ends", mode.name())], ends.cells([s, m]), vec![count]].concat());
        }
    }
    let columns = ["trained on", "", "T*", "T_E", "|m| of s, t", "|m| of s t", "distinct ends"];
    record.summary = Table::new("Ends of the flow beside the training mixtures", columns).rows(rows).note(format!(
        "Critical temperatures: {up} (the product s t), {low} (s and t). r = K4/K = {}.",
        settings.model.ratio
    ));
    let far = format!(
        "The machines: ln p of a sample that they were not trained on is {} nats, trained on {}. How far that is from \
         the law of the samples (KL) is not known: that law would need ln Z of the model at each temperature.",
        set.list(|s| worth.ln_p.at(s)),
        set.list(|s| trained(settings, s))
    );
    record.summary = record.summary.note(far);
    record.sections = vec![section(settings, &over, [&low, &up]).texts(worth.remarks)];
    record
}

fn section(settings: &Settings, over: &Repeated<Findings>, critical: [&Number; 2]) -> Section {
    const NAMES: [&str; 2] = ["critical: s, t", "critical: s t"];
    type Read = fn(&CollectionReadings) -> f64;
    let order: [(&str, Read); 2] = [("s, t", |s| s.read.abs_m.0), ("s t", |s| s.product.0)];
    let temperature = Dimension::new("T", &settings.torus.temperatures(), f64::to_string);
    let t = temperature.x();
    let thermal = order.map(|(name, read)| {
        let mean = over.shown([&temperature], |f, [k]| read(&f.thermal[k]));
        temperature.curve(format!("|m| of {name}"), |k| mean.at(k)).style(Style::Line)
    });
    let upright =
        [0, 1].map(|point| Curve::new(NAMES[point], [critical[point].get(); 2], [0.0, 1.0]).style(Style::Dashed));
    // Each end is a point at (T*, |m|).
    let points = (0..SETS.len()).flat_map(|s| order.map(|(name, read)| (s, name, read))).map(|(s, name, read)| {
        let mean = |of: &dyn Fn(&CollectionReadings) -> f64| {
            let ends = over.found.iter().map(|f| of(&f.sets[s].flows[Mode::Gibbs].pooled));
            ends.sum::<f64>() / over.found.len() as f64
        };
        let label = format!("{}: {name}", trained(settings, s));
        Curve::new(label, [mean(&|s| s.read.t_star.0)], [mean(&read)]).style(Style::Points)
    });
    let orders = thermal.into_iter().chain(upright).chain(points);
    let flow = &over.found[0].sets[0].flows[Mode::Gibbs];
    let steps: Vec<f64> = flow.steps.iter().map(|s| *s as f64 + 1.0).collect();
    let last = t.len() - 1;
    let along = (0..6).map(|i| i * last / 5).map(|k| {
        let stars: Vec<f64> = flow.t_star.iter().map(|t| t[k]).collect();
        Curve::new(format!("from {}", t[k]), steps.as_slice(), stars).colour(Some(k as f64 / last as f64))
    });
    let levels = critical.iter().zip(NAMES).filter_map(|(at, name)| Some(Curve::level(name, &steps, at.value?)));
    let by_set = (0..SETS.len()).map(|s| {
        let p = |label: &str, of: &dyn Fn(&Findings) -> &CollectionReadings, style| {
            let p = over.shown([&temperature], |f, [k]| of(f).read.curve.get(k).copied());
            temperature.curve(label, |k| p.at(k)).style(style)
        };
        let curves = [
            p("gibbs ends", &|f| &f.sets[s].flows[Mode::Gibbs].pooled, Style::LinePoints),
            p("mean-field ends", &|f| &f.sets[s].flows[Mode::Mean].pooled, Style::LinePoints),
            p("mixture", &|f| &f.sets[s].null, Style::Dashed),
        ];
        Panel::curves(format!("Trained on {}", trained(settings, s)), "T (J/k_B)", "P(T)", curves)
    });
    let (x, y) = ("T, or T* of the ends (J/k_B)", Axis::new("|m|").limits(0.0, 1.0));
    let flows = along.chain(levels);
    let figure = Figure::new("sec5.two-points", "The flow of a system with two critical points")
        .caption(
            "Order parameters of thermal samples with the critical temperatures; points: ends of the Gibbs flow at \
             their T*, by training set. T* along the flow from six start temperatures (first repetition). P(T) of the \
             pooled ends beside the training mixture.",
            "Two order parameters vanish at two temperatures; ends of the flow are points; P(T) of ends and mixtures \
             by training set.",
        )
        .panels([
            Panel::curves("Order of thermal samples, and of the Gibbs ends", x, y, orders),
            Panel::curves("T* along the Gibbs flow, trained on all", Axis::log("step + 1"), "T* (J/k_B)", flows),
        ])
        .panels(by_set);
    let size = *settings.torus.lattice.size;
    Section::new("Two critical points")
        .text(format!(
            "{size} x {size} sites with two spins each are {} visible units. Between its critical temperatures the \
             product s t has an order that neither spin has alone: no pair of units of one site is aligned on the \
             average with those of another, only products of pairs are.",
            2 * size.pow(2)
        ))
        .text(
            "The thermometer is a perceptron on the 2 N spins. It tells the order of s and t well and that of their \
             product hardly: above the lower transition its curves are nearly alike. So T_E and the two order \
             parameters stand beside T*, and a T* near the upper transition says little by itself.",
        )
        .figures([figure])
}

#[cfg(test)]
mod tests {
    use super::super::SetFindings;
    use super::super::flows::FlowFindings;
    use super::*;
    use crate::study::readings::fabricated::{check, likelihood, observed, settings, verdicts};

    #[test]
    fn an_end_beyond_the_hottest_samples_is_far_off() {
        let seen = |t: f64, t_energy| CollectionReadings {
            read: crate::study::readings::Observed { t_energy, ..observed(t) },
            product: (0.0, 0.0),
        };
        let found = Findings { critical: [Some(4.5), Some(7.25)], thermal: vec![seen(-1.0, None)], sets: vec![] };
        let at = |t: f64, t_energy| from_critical(&found, &seen(t, t_energy), 10.0);
        // T* is near a critical temperature each time; energies are -T*, above and below that of the hottest, 1.
        assert_eq!(at(7.0, Some((7.5, 0.0))), Some(0.25));
        assert_eq!((at(7.0, None), at(-2.0, None)), (None, Some(6.5)));
    }

    #[test]
    fn a_record_says_each_number_once() {
        let settings: Settings = settings(super::super::RECIPE, &["samples.t_max=6.0"]);
        let seen = |t: f64| CollectionReadings { read: observed(t), product: (t / 8.0, 0.0625) };
        let flow = |t: f64| FlowFindings {
            pooled: seen(t),
            distinct: 2,
            apart: [0.25, 0.125, 0.5],
            converged: 0.5,
            attractors: 3,
            steps: vec![0, 8],
            t_star: vec![vec![1.0, 2.0, 3.0, 4.0, 5.0], vec![t; 5]],
        };
        let set = |t: f64| SetFindings {
            null: seen(t + 0.5),
            likelihood: likelihood(-10.0 * t, f64::NAN),
            flows: ByMode::of(flow(t), flow(t + 8.0)),
        };
        let found = Findings {
            critical: [Some(4.5), Some(7.25)],
            thermal: (0..5).map(|k| seen(1.5 * f64::from(k))).collect(),
            sets: vec![set(4.75), set(2.0), set(9.0)],
        };
        let output = record(&settings, &[found]);
        let values = [
            ("ashkin-teller.T_low", 4.5),
            ("ashkin-teller.T_up", 7.25),
            ("ashkin-teller.low.null.T_star", 2.5),
            ("ashkin-teller.all.gibbs.T_star", 4.75),
            ("ashkin-teller.high.mean.T_E", 17.125),
            ("ashkin-teller.low.gibbs.abs_m", 0.125),
            ("ashkin-teller.low.gibbs.abs_m_product", 0.25),
            ("ashkin-teller.all.gibbs.off", 0.25),
            ("ashkin-teller.high.gibbs.off", 1.75),
            ("ashkin-teller.low.mean.off", 2.75),
            // T_E is higher than T* by 0.125.
            ("ashkin-teller.all.gibbs.from_critical", 0.375),
            ("ashkin-teller.all.null.from_critical", 0.875),
            ("ashkin-teller.high.gibbs.from_critical", 1.875),
            ("ashkin-teller.low.mean.from_critical", 2.875),
            ("ashkin-teller.all.mean.attractors", 3.0),
            ("ashkin-teller.all.gibbs.ends_apart", 0.25),
            ("ashkin-teller.rbm.low.log_likelihood", -20.0),
        ];
        check(&output, &values, &["sec5.two-points"]);
        assert!(output.numbers.iter().all(|n| n.key != "ashkin-teller.all.gibbs.attractors"));
        assert_eq!(verdicts(&output), ["agrees", "differs", "differs"]);
    }
}
