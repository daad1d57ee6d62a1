//! All measured quantities with their comparisons; numbers, tables and figures are taken from here.
//!
//! Qualitative claims of the thesis are fractions with a rule, fixed before any measurement, which the thesis says are
//! 1 (or 0).

use super::block_spins::{BlockSpins, CRITICAL, distance, share, start_difference, starts};
use super::{Findings, SETS, Settings};
use crate::study::couplings::AsIsing;
use crate::study::flow_ends;
use crate::study::prelude::*;
use crate::study::readings::{Collections, p_thermal, relaxation, t_star};
use rgflow::exact::square;
use rgflow::statistics::total_variation;

/// Bayes cross-entropy of the 25 temperatures at L = 10: no network can be below it on fresh data.
const CROSS_ENTROPY_FLOOR: f64 = 2.1251;
/// Thesis's statement on a training set: value and place; `None` where there is none.
pub(super) fn thesis(set: &str) -> Option<(f64, &'static str)> {
    match set {
        "all" => Some((2.5, "thesis fig 4.6: converges to about 2.5")),
        "low" | "high" => Some((CRITICAL.0, "thesis fig 4.7: near T_c")),
        "gap" => Some((2.0, "thesis fig 4.8: near 2")),
        _ => None,
    }
}

/// Readings of collections by all thermometers.
pub(super) struct Collection<const N: usize> {
    pub t_star: Quantity<N>,
    pub t_energy: Quantity<N>,
    pub energy: Quantity<N>,
    pub abs_m: Quantity<N>,
    pub xi_over_l: Quantity<N>,
    pub kl: Quantity<N>,
    pub kl_reverse: Quantity<N>,
    pub js: Quantity<N>,
    pub p_thermal: Quantity<N>,
}

impl<const N: usize> Collection<N> {
    fn new<'a>(
        over: &Repeated<'a, Findings>,
        key: &str,
        dimensions: [&Dimension; N],
        what: &str,
        of: impl Fn(&'a Findings, [usize; N]) -> &'a Observed,
    ) -> Self {
        let seen = Collections { over, key, dimensions, what, of: &of };
        let Thermal { t_star, t_energy, energy } = seen.thermal();
        let left = "probability that thermal collections leave a larger KL with T* refitted, least over repetitions \
            times their number";
        let p_thermal = |place| p_thermal(&over.found.iter().map(|f| of(f, place).p_thermal).collect::<Vec<_>>());
        Self {
            t_star,
            t_energy,
            energy,
            abs_m: seen.mean("abs_m", "1", "|m|", |o| Some(o.abs_m)),
            xi_over_l: seen.mean("xi_over_L", "1", "second-moment correlation length over L", |o| o.xi_over_l),
            kl: seen.mean("kl", "nats", "KL(P || P_ref(T*)) that remains", |o| Some((o.kl, f64::NAN))),
            kl_reverse: seen.mean("kl_reverse", "nats", "KL(P_ref(T*) || P)", |o| Some((o.kl_reverse, f64::NAN))),
            js: seen.mean("js", "nats", "Jensen-Shannon divergence from P_ref(T*)", |o| Some((o.js, f64::NAN))),
            p_thermal: Quantity::exact(
                &over.key(&format!("{key}.p_thermal")),
                dimensions,
                "1",
                &format!("{left}: {what}"),
                p_thermal,
            ),
        }
    }

    fn numbers(&self) -> Vec<&dyn Numbers> {
        let Self { t_star, t_energy, energy, abs_m, xi_over_l, kl, kl_reverse, js, p_thermal } = self;
        vec![t_star, t_energy, energy, abs_m, xi_over_l, kl, kl_reverse, js, p_thermal]
    }
}

/// The flows of all machines.
pub(super) struct Flows {
    pub ends: Collection<2>,
    /// Numbers of distinct ends near step 100 and at the last step, fraction converged, number of attractors.
    counts: [Quantity<2>; 4],
    apart: Quantity<2>,
    pub relaxation: Quantity<2>,
    /// T* of the end of each start.
    pub from: Quantity<3>,
}

/// All quantities of the record.
pub(super) struct Quantities {
    pub temperature: Dimension,
    pub set: Dimension,
    /// Machines of the sets, those with redrawn weights, and the untrained one: see [`Quantities::redrawn`],
    /// [`Quantities::untrained`].
    names: Vec<String>,
    /// Energy of the reference set by temperature, pooled over repetitions.
    pub energy: Quantity<1>,
    pub abs_m: Quantity<1>,
    cross_entropy: Number,
    /// Readings of the start set by temperature.
    pub start: Quantity<1>,
    /// Training mixtures, by set.
    pub null: Collection<1>,
    pub flows: Flows,
    /// Of the machines of the sets.
    pub likelihoods: Likelihoods<1>,
    pub as_ising: AsIsing<1>,
    pub epoch: Dimension,
    /// T* of the pooled ends by epoch and mode.
    pub by_epoch: Quantity<2>,
    /// By kind of blocking: readings of the blocked lattices by temperature, and the fixed point of matching.
    pub blocked: Vec<BlockSpins>,
    start_difference: Number,
    pub distinguishable: [Number; 2],
    /// Fraction of starts that move towards T_c, by set and mode.
    pub towards: Quantity<2>,
}

impl Quantities {
    /// Position of the machine with weights redrawn from those of the set `s`.
    pub fn redrawn(&self, s: usize) -> usize {
        self.set.len() + s
    }

    /// Name of a machine in the findings.
    pub fn name(&self, machine: usize) -> &str {
        &self.names[machine]
    }

    /// Position of the untrained machine.
    pub fn untrained(&self) -> usize {
        2 * self.set.len()
    }

    pub fn new(settings: &Settings, over: &Repeated<Findings>) -> Self {
        let (found, mode, sets) = (over.found, modes(), SETS.map(|(name, _)| name));
        let temperatures = settings.torus.temperatures();
        let temperature = Dimension::new("T", &temperatures, |t| format!("T{t}"));
        let set = Dimension::names("set", sets);
        let what = "the training mixture itself, no machine";
        let mut null = Collection::new(over, "rbm.{set}.null", [&set], what, |f, [s]| &f.thermal.nulls[s]);
        null.t_energy = null.t_energy.map(|[s], number| match exact_null(settings, s) {
            Some(exact) => number.compare(
                exact.value(),
                0.0,
                0.0,
                "exact: Kaufman's energies averaged over the training temperatures",
            ),
            None => number,
        });
        let names: Vec<String> = sets
            .iter()
            .map(ToString::to_string)
            .chain(sets.iter().map(|set| format!("{set}-redrawn")))
            .chain(["untrained".into()])
            .collect();
        let machine = Dimension::names("machine", names.iter().map(|name| name.replace("-redrawn", ".redrawn")));
        let words = |[the, a, an]: [&'static str; 3]| {
            machine.clone().words(|place| match (names[place].strip_suffix("-redrawn"), names[place].as_str()) {
                (Some(set), _) => format!("{a}machine with weights redrawn from those trained on \"{set}\""),
                (None, "untrained") => format!("{an}untrained machine"),
                (None, set) => format!("{the}machine trained on \"{set}\""),
            })
        };
        let as_ising =
            AsIsing::new(over, "rbm.{machine}.", [&words(["", "", ""])], "{machine}", |f, [m]| &f.effective[&names[m]]);
        let likelihoods = Likelihoods::new(over, "rbm.{set}", [&set], |f, [s]| &f.likelihoods[s]);
        let flows = Flows::new(over, [&words(["the ", "a ", "an "]), &mode], &temperature, &names, &null.t_star);
        let epochs: Vec<usize> = found[0].snapshots.iter().map(|snapshot| snapshot.epoch).collect();
        let epoch = Dimension::new("epoch", &epochs, usize::to_string);
        let what = "T* of the pooled ends, {mode} flow, after {epoch} epochs on all temperatures";
        let by_epoch =
            Quantity::new("ising-2d.rbm.all.epochs.{epoch}.{mode}.T_star", [&epoch, &mode], "J/k_B", what, |[e, m]| {
                t_star(&found.iter().map(|f| &f.snapshots[e].flows[m].pooled).collect::<Vec<_>>())
            });
        let mut flows = flows;
        flows.ends.t_star = flows.ends.t_star.map(|[machine, m], star| match machine {
            0 => by_epochs(star, epoch.places().map(|e| (epoch.word(e), by_epoch.at((e, m))))),
            _ => star,
        });
        let fraction = |f: &Findings, s: usize, m: usize| {
            let moves = temperatures.iter().zip(&f.flows[sets[s]][m].ends);
            share(moves.filter(|(t, _)| starts(**t)).map(|(t, end)| distance(end.t_star.0) < distance(*t)))
        };
        let what = "fraction of starts whose T* at the end of the {mode} flow is nearer to T_c than their \
            temperature, trained on \"{set}\"; starts as for ising-2d.rg.b2.away";
        let towards =
            over.fraction("rbm.{set}.{mode}.towards", [&set, &mode], what, |f, [s, m]| Some(fraction(f, s, m)));
        let z = found.iter().map(|f| f.thermal.start_difference_z);
        Self {
            energy: samples(over, &temperature, "energy", "J per spin", |o| o.energy)
                .map(|[k], number| beside_kaufman(settings, over, k, number)),
            abs_m: samples(over, &temperature, "abs_m", "1", |o| o.abs_m),
            cross_entropy: cross_entropy(settings, over),
            start: Quantity::new(
                "ising-2d.thermometer.{T}.T_star",
                [&temperature],
                "J/k_B",
                "T* of the start set, which no training saw",
                |[k]| t_star(&found.iter().map(|f| &f.thermal.start[k]).collect::<Vec<_>>()),
            )
            .map(|[k], number| number.compare(temperatures[k], 0.0, 0.0, "temperature at which the set was sampled")),
            blocked: (0..found[0].thermal.blocked.len())
                .map(|i| BlockSpins::new(settings, over, &temperature, i))
                .collect(),
            start_difference: start_difference(
                "ising-2d.samples.start_difference_z",
                z,
                "four sets, all temperatures and repetitions",
            ),
            distinguishable: distinguishable(&temperatures, over),
            towards: towards
                .map(|_, number| number.compare(1.0, 0.0, 0.0, "thesis fig 4.9b: the RBM flow is towards T_c")),
            temperature,
            set,
            names,
            null,
            flows,
            likelihoods,
            as_ising,
            epoch,
            by_epoch,
        }
    }

    /// Lists all numbers in the record, in a fixed order.
    pub fn list(&self, record: &mut Record) {
        record.list(&[&ByPlace(vec![&self.energy, &self.abs_m]), &self.cross_entropy, &self.start]);
        let mut listed = Vec::new();
        let null = Grouped(self.null.numbers());
        for s in self.set.places() {
            null.list(&[s], &mut listed);
            [&self.likelihoods.ln_p, &self.likelihoods.kl].iter().for_each(|one| one.list(&[s], &mut listed));
            for m in 0..MODES.len() {
                self.flows.list(&[s, m], &mut listed);
                self.flows.list(&[self.redrawn(s), m], &mut listed);
            }
            self.as_ising.list(&[s], &mut listed);
            self.as_ising.list(&[self.redrawn(s)], &mut listed);
        }
        (0..MODES.len()).for_each(|m| self.flows.list(&[self.untrained(), m], &mut listed));
        self.as_ising.list(&[self.untrained()], &mut listed);
        record.numbers.extend(listed.into_iter().cloned());
        record.list(&[&self.by_epoch]);
        for blocked in &self.blocked {
            record.list(&[&blocked.start_difference, &ByPlace(vec![&blocked.t_star, &blocked.t_energy])]);
            blocked.fixed_point.iter().for_each(|number| record.list(&[number]));
        }
        record.list(&[&self.start_difference, &self.distinguishable[0], &self.distinguishable[1]]);
        self.blocked.iter().for_each(|blocked| record.list(&[&blocked.away]));
        record.list(&[&self.towards]);
    }
}

impl Flows {
    fn new<'a>(
        over: &Repeated<'a, Findings>,
        by: [&Dimension; 2],
        temperature: &Dimension,
        names: &[String],
        null: &Quantity<1>,
    ) -> Self {
        let flow = |f: &'a Findings, [machine, m]: [usize; 2]| &f.flows[&names[machine]][m];
        let flows = |place| over.found.iter().map(|f| flow(f, place)).collect::<Vec<_>>();
        let (key, what) = ("rbm.{machine}.{mode}", "{mode} flow of {machine}");
        let words = format!("ends of all starts pooled, {what}");
        let mut ends = Collection::new(over, key, by, &words, |f, place| &flow(f, place).pooled);
        ends.t_star = ends.t_star.map(|[machine, _], star| {
            let Some((set, _)) = SETS.get(machine) else { return star };
            let star = match thesis(set) {
                Some((value, source)) => star.compare(value, 0.0, ABOUT, source),
                None => star,
            };
            star.compare(CRITICAL.0, 0.0, 0.0, CRITICAL.1).against(null.at(machine))
        });
        let count = |name: &str, words: &str, read: fn(&FlowFindings) -> f64| {
            over.quantity(&format!("{key}.{name}"), by, "1", &format!("{words}, {what}"), |f, place| {
                read(flow(f, place))
            })
        };
        let attractors =
            count("attractors", "attractors of the mean-field map seen from all starts", |f| f.attractors as f64);
        let starts = "distinct ends of the start temperatures at";
        let counts = [
            count("ends_100", &format!("{starts} about step 100"), |f| f.distinct_100 as f64),
            count("ends", &format!("{starts} the last step"), |f| f.distinct as f64),
            count("converged", "fraction of starts whose windows [t/2, 3t/4) and [3t/4, t] agree", |f| f.converged),
            // Gibbs sampling has no attractors, as it is not a map.
            attractors.map(|_, number| if number.get() > 0.0 { number } else { number.unlisted() }),
        ];
        let words = format!("relaxation time of the energy difference of hottest and coldest start, {what}");
        let relaxation_key = over.key(&format!("{key}.relaxation"));
        let from = format!("T*, end of the start T = {{T}}, {what}");
        let from_key = over.key(&format!("{key}.from.{{T}}.T_star"));
        Self {
            ends,
            counts,
            apart: flow_ends::apart(&over.key(key), by, what, |place| {
                flows(place).iter().map(|flow| flow.flow_ends()).collect()
            }),
            relaxation: Quantity::new(&relaxation_key, by, "steps", &words, |place| relaxation(&flows(place))),
            from: Quantity::new(&from_key, [by[0], by[1], temperature], "J/k_B", &from, |[machine, m, k]| {
                t_star(&flows([machine, m]).iter().map(|flow| &flow.ends[k]).collect::<Vec<_>>())
            }),
        }
    }

    /// Lists the numbers of a machine and a mode.
    fn list<'a>(&'a self, place: &[usize; 2], to: &mut Vec<&'a Number>) {
        let all = self.ends.numbers().into_iter().chain(self.counts.iter().map(|count| count as &dyn Numbers));
        all.chain([&self.apart as &dyn Numbers, &self.relaxation, &self.from]).for_each(|one| one.list(place, to));
    }
}

/// The end of the flow with the verdict of the thesis's statement `depends` if other numbers of epochs, whose ends are
/// `along`, would decide otherwise.
fn by_epochs<'a>(end: Number, along: impl Iterator<Item = (&'a str, &'a Number)>) -> Number {
    let Some(stated) = end.compare.first().cloned() else { return end };
    let at = |number: &Number| number.verdict_at(stated.value.unwrap_or(f64::NAN), 0.0, ABOUT);
    let along: Vec<(&str, Verdict)> = along.map(|(epochs, number)| (epochs, at(number))).collect();
    let epochs_of = |verdict: Verdict| {
        let of = along.iter().filter(|one| one.1 == verdict).map(|one| one.0).collect::<Vec<_>>();
        if of.is_empty() { "none".into() } else { of.join(", ") }
    };
    let changes = along.iter().any(|(_, verdict)| {
        matches!((stated.verdict, verdict), (Verdict::Agrees, Verdict::Differs) | (Verdict::Differs, Verdict::Agrees))
    });
    let setting = format!(
        "rbm.epochs: it would agree after {} and differ after {}",
        epochs_of(Verdict::Agrees),
        epochs_of(Verdict::Differs)
    );
    end.depending_on(&setting, changes)
}

/// A quantity of the reference sets. All repetitions sample the same law: their configurations are pooled, and the
/// error is over configurations.
fn samples(
    over: &Repeated<Findings>,
    temperature: &Dimension,
    name: &str,
    unit: &str,
    read: fn(&Observed) -> Measured,
) -> Quantity<1> {
    Quantity::from_numbers([temperature], |[k]| {
        let seen: Vec<Measured> = over.found.iter().map(|f| read(&f.thermal.reference[k])).collect();
        let n = seen.len() as f64;
        let value = seen.iter().map(|e| e.0).sum::<f64>() / n;
        let error = seen.iter().map(|e| e.1 * e.1).sum::<f64>().sqrt() / n;
        let how = "reference sets of all repetitions pooled, error over configurations";
        let key = format!("ising-2d.samples.{}.{name}", temperature.key(k));
        let n_eff = over.found.iter().map(|f| f.thermal.reference_n_eff[k]).sum();
        Number::new(key, value, Some(error), unit, how).n_eff(n_eff)
    })
}

/// Compares an energy with Kaufman's exact one.
fn beside_kaufman(settings: &Settings, over: &Repeated<Findings>, k: usize, number: Number) -> Number {
    let (size, t) = (*settings.torus.lattice.size, settings.torus.temperatures()[k]);
    let exact = |t| square::thermodynamics(size, size, t).ok();
    let Some(exact) = Temperature::new(t).ok().and_then(exact) else { return number };
    // A cold set may consist of ground states only; without an error of its own it gets the error of the exact law.
    let n_eff: f64 = over.found.iter().map(|f| f.thermal.reference_n_eff[k]).sum();
    let unseen = t * (exact.specific_heat.max(0.0) / (n_eff * (size * size) as f64)).sqrt();
    let unseen = if number.error.is_some_and(|error| error > 0.0) { 0.0 } else { unseen };
    number.compare(exact.energy, unseen, 0.0, "exact: Kaufman 1949")
}

/// T_E of the null is known exactly: the temperature whose energy is the mean of Kaufman's over the training
/// temperatures.
fn exact_null(settings: &Settings, s: usize) -> Option<Temperature> {
    let (size, grid) = (*settings.torus.lattice.size, settings.torus.temperatures());
    let energies: Option<Vec<f64>> = settings
        .classes(SETS[s].1)
        .iter()
        .map(|k| Some(square::thermodynamics(size, size, Temperature::new(grid[*k]).ok()?).ok()?.energy))
        .collect();
    let energies = energies?;
    square::temperature_of_energy(size, size, energies.iter().sum::<f64>() / energies.len() as f64)
}

fn cross_entropy(settings: &Settings, over: &Repeated<Findings>) -> Number {
    let (key, what) = ("thermometer.test_cross_entropy", "least mean cross-entropy of the test set");
    let number = over.number(key, "nats", what, |f| f.thermal.test_cross_entropy);
    let torus = &settings.torus;
    if *torus.lattice.size != 10 || torus.temperatures().len() != 25 || *torus.samples.t_max != 6.0 {
        return number;
    }
    number
        .compare(CROSS_ENTROPY_FLOOR, 0.0, 0.0, "floor: exact Bayes cross-entropy at L = 10 (energy is sufficient)")
        .compare(2.439, 0.0, 0.05, "prototype in NumPy, 100-64-25")
}

/// Fractions of neighbouring temperatures with distinguishable curves: in the middle, and for the lowest.
fn distinguishable(temperatures: &[f64], over: &Repeated<Findings>) -> [Number; 2] {
    [("middle", 1.25..=4.0, 1.0), ("low", 0.0..=0.75, 0.0)].map(|(name, range, says)| {
        let inside = |k: &usize| range.contains(&temperatures[k - 1]) && range.contains(&temperatures[*k]);
        let pairs: Vec<usize> = (1..temperatures.len()).filter(inside).collect();
        let told = |f: &Findings| share(pairs.iter().map(|k| apart(&f.thermal.start[k - 1], &f.thermal.start[*k])));
        let what = format!(
            "fraction of neighbouring temperatures from {} to {} whose P(T) differ by more than 3 sigma in total \
             variation",
            range.start(),
            range.end()
        );
        let told = over.fraction(&format!("thermometer.told_apart.{name}"), [], &what, |f, []| Some(told(f)));
        told.at(()).clone().compare(says, 0.0, 0.0, "thesis fig 4.5: told apart, but for the lowest temperatures")
    })
}

/// Whether two curves differ by more than three times the average total variation due to their noise.
fn apart(a: &Observed, b: &Observed) -> bool {
    let noise: f64 = a.curve_error.iter().zip(&b.curve_error).map(|(a, b)| 0.5 * a.hypot(*b)).sum();
    total_variation(&a.curve, &b.curve) > 3.0 * noise * (2.0 / std::f64::consts::PI).sqrt()
}
