//! All measured quantities with their comparisons; numbers, tables and figures are taken from here.
//!
//! Qualitative claims of the thesis are fractions with a rule, fixed before any measurement, which the thesis says are
//! 1 (or 0).

use super::block_spins::{BlockSpins, CRITICAL, distance, share, start_difference, starts};
use super::machines::Machines;
use super::tables::set_title;
use super::thermometer::{beside_kaufman, cross_entropy, distinguishable, exact_null, samples};
use super::{Findings, SETS, Settings};
use crate::study::couplings::AsIsing;
use crate::study::flow_ends;
use crate::study::memory::Memory;
use crate::study::prelude::*;
use crate::study::readings::{Collections, p_thermal, relaxation, t_star};

/// Autocorrelation times after which a Gibbs flow is at its end.
const END: f64 = 20.0;
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
    pub machines: Machines,
    /// Energy of the reference set by temperature, pooled over repetitions.
    pub energy: Quantity<1>,
    pub abs_m: Quantity<1>,
    cross_entropy: Number,
    /// Readings of the start set by temperature.
    pub start: Quantity<1>,
    /// Training mixtures, by set.
    pub null: Collection<1>,
    pub flows: Flows,
    /// Of the trained machines.
    pub likelihoods: Likelihoods<1>,
    /// tau_int of their chains.
    pub tau: Quantity<1>,
    pub as_ising: AsIsing<1>,
    pub epoch: Dimension,
    /// T* of the pooled ends by epoch and mode.
    pub by_epoch: Quantity<2>,
    /// By kind of blocking: readings of the blocked lattices by temperature, and the fixed point of matching.
    pub blocked: Vec<BlockSpins>,
    start_difference: Number,
    pub distinguishable: [Number; 2],
    /// Fraction of starts that move towards T_c, by trained machine and mode.
    pub towards: Quantity<2>,
}

impl Quantities {
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
        let machines = Machines::new(settings);
        let as_ising = AsIsing::new(over, "rbm.{machine}.", [&machines.words(["", "", ""])], "{machine}", |f, [m]| {
            &f.effective[machines.name(m)]
        });
        let trained = machines.trained();
        let likelihoods = Likelihoods::new(over, "rbm.{set}", [&trained], |f, [m]| &f.likelihoods[m]);
        let what = "tau_int of the Gibbs chains of the machine trained on {set}";
        let tau = over.quantity("rbm.{set}.tau", [&trained], "steps", what, |f, [m]| {
            let Memory { tau, error } = f.memories[m];
            error.map(|error| (tau, error))
        });
        let flows = Flows::new(over, &machines, &mode, &temperature, &null.t_star);
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
        let fraction = |f: &Findings, machine: usize, m: usize| {
            let moves = temperatures.iter().zip(&f.flows[machines.name(machine)][m].ends);
            share(moves.filter(|(t, _)| starts(**t)).map(|(t, end)| distance(end.t_star.0) < distance(*t)))
        };
        let what = "fraction of starts whose T* at the end of the {mode} flow is nearer to T_c than their \
            temperature, trained on {set}; starts as for ising-2d.rg.b2.away";
        let towards =
            over.fraction("rbm.{set}.{mode}.towards", [&trained, &mode], what, |f, [s, m]| Some(fraction(f, s, m)));
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
            machines,
            null,
            flows,
            likelihoods,
            tau,
            as_ising,
            epoch,
            by_epoch,
        }
    }

    /// The trained machines by training set: positions of set and machine.
    pub fn by_set(&self) -> impl Iterator<Item = (usize, usize)> {
        self.set.places().flat_map(|s| self.machines.of_set(s).map(move |machine| (s, machine)))
    }

    /// A trained machine for people: `all temperatures, CD-1`.
    pub fn title(&self, machine: usize) -> String {
        let set = SETS[machine % SETS.len()].0;
        format!("{}, {}", set_title(set), self.machines.by(machine))
    }

    /// Whether a flow of so many `steps` is at the machine's own law, in words.
    pub fn end(&self, machine: usize, mode: Mode, steps: usize) -> &'static str {
        if mode == Mode::Mean || self.machines.set_of(machine).is_none() {
            return "-";
        }
        match self.tau.at(machine).value {
            Some(tau) if END * tau <= steps as f64 => "at its end",
            _ => "not at its end",
        }
    }

    /// Lists all numbers in the record, in a fixed order.
    pub fn list(&self, record: &mut Record) {
        record.list(&[&ByPlace(vec![&self.energy, &self.abs_m]), &self.cross_entropy, &self.start]);
        let mut listed = Vec::new();
        let (null, machines) = (Grouped(self.null.numbers()), &self.machines);
        for s in self.set.places() {
            null.list(&[s], &mut listed);
            [&self.likelihoods.ln_p, &self.likelihoods.kl].iter().for_each(|one| one.list(&[s], &mut listed));
            for m in 0..MODES.len() {
                self.flows.list(&[s, m], &mut listed);
                self.flows.list(&[machines.redrawn(s), m], &mut listed);
            }
            self.as_ising.list(&[s], &mut listed);
            self.as_ising.list(&[machines.redrawn(s)], &mut listed);
        }
        (0..MODES.len()).for_each(|m| self.flows.list(&[machines.untrained(), m], &mut listed));
        self.as_ising.list(&[machines.untrained()], &mut listed);
        for second in machines.second() {
            [&self.likelihoods.ln_p, &self.likelihoods.kl].iter().for_each(|one| one.list(&[second], &mut listed));
            (0..MODES.len()).for_each(|m| self.flows.list(&[second, m], &mut listed));
            self.as_ising.list(&[second], &mut listed);
        }
        record.numbers.extend(listed.into_iter().cloned());
        record.list(&[&self.tau, &self.by_epoch]);
        for blocked in &self.blocked {
            let by_temperature = ByPlace(vec![&blocked.t_star, &blocked.t_energy]);
            record.list(&[&blocked.start_difference, &by_temperature, &blocked.fixed_point]);
        }
        record.list(&[&self.start_difference, &self.distinguishable[0], &self.distinguishable[1]]);
        self.blocked.iter().for_each(|blocked| record.list(&[&blocked.away]));
        record.list(&[&self.towards]);
    }
}

impl Flows {
    fn new<'a>(
        over: &Repeated<'a, Findings>,
        machines: &Machines,
        mode: &Dimension,
        temperature: &Dimension,
        null: &Quantity<1>,
    ) -> Self {
        let by = [&machines.words(["the ", "a ", "an "]), mode];
        let flow = |f: &'a Findings, [machine, m]: [usize; 2]| &f.flows[machines.name(machine)][m];
        let flows = |place| over.found.iter().map(|f| flow(f, place)).collect::<Vec<_>>();
        let (key, what) = ("rbm.{machine}.{mode}", "{mode} flow of {machine}");
        let words = format!("ends of all starts pooled, {what}");
        let mut ends = Collection::new(over, key, by, &words, |f, place| &flow(f, place).pooled);
        ends.t_star = ends.t_star.map(|[machine, _], star| {
            let Some(set) = machines.set_of(machine) else { return star };
            let star = match thesis(SETS[set].0) {
                Some((value, source)) => star.compare(value, 0.0, ABOUT, source),
                None => star,
            };
            star.compare(CRITICAL.0, 0.0, 0.0, CRITICAL.1).against(null.at(set))
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
