//! Record of `ladder`: deviations of the machines' laws from their mixtures, and machines by their distance from the
//! data.

use super::machines::Machine;
use super::rules::{Answer, Deviation};
use super::stage::{BINS, Findings as Found, OwnLaw};
use super::{Findings, Settings, Side};
use crate::study::memory::Memory;
use crate::study::optimum::Optimum;
use crate::study::prelude::*;
use rgflow::exact::square;
use rgflow::rbm::Method;

/// Autocorrelation times after which a flow is at its end.
const END: f64 = 20.0;

/// Place of a machine in the findings.
#[derive(Clone, Copy)]
enum At {
    Torus(usize),
    /// A smaller lattice, and its machine.
    Small(usize, usize),
}

impl At {
    fn found(self, f: &Findings) -> &Found {
        match self {
            Self::Torus(k) => &f.machines[k],
            Self::Small(lattice, k) => &f.small[lattice][k],
        }
    }

    fn machine(self, settings: &Settings) -> &Machine {
        match self {
            Self::Torus(k) => &settings.machines[k],
            Self::Small(lattice, k) => &settings.small[lattice].machines[k],
        }
    }
}

pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    let over = Repeated::new("ladder", found);
    let critical = critical(settings);
    let deviations = Deviations::new(settings, &over);
    let rungs = Machines::new(settings, &over);
    let mixture = seen(&over, "mixture", "fresh samples of the mixture of all temperatures", |f| &f.mixture);
    let what = "cross-entropy of the thermometer less that of the best possible one, P(T | E) by Bayes: paired mean over \
        the test set";
    let excess = over.number("thermometer.excess", "nats", what, |f| f.excess);

    let question = "A Gibbs flow of an ergodic machine ends at the machine's own law, and the better the machine, the nearer \
        that is to its training mixture, whatever T_c is. Is what a machine of finite capacity adds drawn to T_c?";
    let mut record = Record::new("ladder", "Does the RBM flow know T_c?", question);
    record.list(&[
        &deviations.side,
        &deviations.towards,
        &ByPlace(vec![&deviations.exact, &deviations.t_energy, &deviations.kl, &deviations.d, &deviations.gradient]),
    ]);
    record.list(&[&ByPlace(vec![&deviations.cd, &deviations.cd_kl])]);
    record.list(&[&rungs.worth.ln_p, &rungs.worth.kl, &rungs.t_energy, &rungs.abs_m, &rungs.tau]);
    record.list(&[&rungs.t_star, &rungs.bayes, &rungs.xi, &rungs.ends]);
    mixture.iter().for_each(|number| record.list(&[number]));
    record.list(&[&excess]);

    let answer = deviations.answer(found.len());
    record.answers = vec![answer.sentence(found.len())];
    record.answers.extend(deviations.sentences());
    record.answers.extend(rungs.sentence(&mixture[0]));
    record
        .answers
        .push(format!("The thermometer costs {excess} nats more than the best possible one, P(T | E) by Bayes."));
    let states = format!("drawn to T_c from below and from above (H_c, {} hidden units)", deviations.most());
    let towards = deviations.towards.at(deviations.units.len() - 1);
    record.claims.push(Claim::of("sec4.ladder", states, towards));
    record.summary = deviations.table(settings, critical);
    let figure = Figure::new("sec4.ladder", "Machines of finite capacity against their mixtures").caption(
        format!(
            "Left: temperature of the energy of the machine's own law against that of its training mixture, one line per \
             number of hidden units (PCD with tempering), and CD-1 with {}; dashed: the mixture, level: T_c = {critical:.3}. Middle: all \
             temperatures, by distance from the data. Right, first repetition: the energies of the mixture and of the \
             laws of two machines.",
            deviations.most()
        ),
        "T_E of the machines against T_E of the mixtures, with the diagonal and a level line at T_c; T_E against KL; \
         distributions of the energy.",
    );
    let figure = figure.panels([
        deviations.panel(settings, critical),
        rungs.panel(&mixture[0], critical),
        energies(settings, &found[0]),
    ]);
    let text = "D is the temperature of the energy of the machine's own law less that of its training mixture: from exact \
        draws of the machine, and exactly for the mixture. Three mixtures lie well below the peak of the specific heat, three \
        well above; the window of all temperatures and the control of the two outermost decide nothing.";
    record.sections = vec![
        Section::new("Below and above T_c").text(text).figures([figure]).tables([deviations.gradients()]),
        Section::new("Machines by their distance from the data").tables(rungs.tables(settings, found)),
    ];
    record
}

/// The peak of the exact specific heat.
fn critical(settings: &Settings) -> f64 {
    let size = *settings.torus.lattice.size;
    square::specific_heat_peak(size, size).map_or(f64::NAN, |(t, _)| t.value())
}

/// T_E, E, |m|, T* by both thermometers, and xi/L of a law.
fn seen<'a>(
    over: &Repeated<'a, Findings>,
    key: &str,
    what: &str,
    of: impl Fn(&'a Findings) -> &'a OwnLaw,
) -> Vec<Number> {
    let number = |name: &str, unit, read: &dyn Fn(&'a OwnLaw) -> Option<Measured>| {
        over.number(&format!("{key}.{name}"), unit, what, |f| read(of(f)))
    };
    vec![
        number("T_E", "J/k_B", &|law| law.t_energy),
        number("energy", "J per spin", &|law| Some(law.energy)),
        number("abs_m", "1", &|law| Some(law.abs_m)),
        number("T_star", "J/k_B", &|law| law.read.as_ref().map(|read| read.t_star)),
        number("bayes.T_star", "J/k_B", &|law| law.bayes.map(|t| (t, f64::NAN))),
        number("xi_over_L", "1", &|law| law.read.as_ref().and_then(|read| read.xi_over_l)),
    ]
}

/// What machines of finite capacity add to their mixtures.
struct Deviations {
    law: Dimension,
    units: Dimension,
    /// T_E of the mixtures, exact.
    exact: Quantity<1>,
    /// By law and hidden units, by PCD with tempering.
    t_energy: Quantity<2>,
    kl: Quantity<2>,
    d: Quantity<2>,
    /// By law, by CD-1 with the most hidden units.
    cd: Quantity<1>,
    cd_kl: Quantity<1>,
    /// Mean of D over the mixtures of a side, by hidden units.
    side: Quantity<2>,
    /// The smaller of D below T_c and -D above it: positive if drawn to T_c from both sides.
    towards: Quantity<1>,
    /// Mean z^2 of the gradient of ln p on training samples, by law and hidden units.
    gradient: Quantity<2>,
}

impl Deviations {
    fn new(settings: &Settings, over: &Repeated<Findings>) -> Self {
        let law = Dimension::names("law", settings.laws.iter().map(|law| &law.name));
        let units = values::plain(&settings.ladder.units);
        let units = Dimension::new("N", &units, |n| format!("N{n}"));
        let all: Vec<Option<usize>> = law
            .places()
            .flat_map(|l| units.places().map(move |n| (l, n)))
            .map(|(l, n)| settings.place(l, *settings.ladder.units[n], Method::Tempering))
            .collect();
        let n_units = units.len();
        let at = move |l: usize, n: usize| all[l * n_units + n];
        let most = *settings.ladder.units.last();
        let cds: Vec<Option<usize>> = law.places().map(|l| settings.place(l, most, Method::Cd)).collect();
        let t_of = |f: &Findings, k: Option<usize>| f.machines[k?].own.as_ref()?.t_energy;
        let d_of = |f: &Findings, l: usize, k| t_of(f, k).map(|(t, e)| (t - settings.laws[l].t_energy, e));
        let kl_of = |f: &Findings, k: Option<usize>| f.machines[k?].likelihood.kl;
        let what = "temperature of the exact mean energy of the training mixture {law}";
        let exact = Quantity::exact("ladder.{law}.mixture.T_E", [&law], "J/k_B", what, |[l]| settings.laws[l].t_energy);
        let own = "the machine's own law (exact draws), {N} hidden units, PCD with tempering on the mixture {law}";
        let t_energy =
            over.quantity("{law}.{N}.tempering.T_E", [&law, &units], "J/k_B", &format!("T_E of {own}"), |f, [l, n]| {
                t_of(f, at(l, n))
            });
        let d = over.quantity(
            "{law}.{N}.tempering.D",
            [&law, &units],
            "J/k_B",
            &format!("T_E of {own}, less that of the mixture"),
            |f, [l, n]| d_of(f, l, at(l, n)),
        );
        let what = "KL of the mixture {law} from the machine of {N} hidden units by PCD with tempering: paired mean over fresh samples";
        let kl = over.quantity("{law}.{N}.tempering.kl", [&law, &units], "nats", what, |f, [l, n]| kl_of(f, at(l, n)));
        let what = "T_E of the own law of the machine by CD-1 on the mixture {law}, less that of the mixture";
        let cd = over.quantity("{law}.cd1.D", [&law], "J/k_B", what, |f, [l]| d_of(f, l, cds[l]));
        let what = "KL of the mixture {law} from the machine by CD-1: paired mean over fresh samples";
        let cd_kl = over.quantity("{law}.cd1.kl", [&law], "nats", what, |f, [l]| kl_of(f, cds[l]));
        let sides = Dimension::names("side", ["below", "above"]);
        let what = "mean of D over the three mixtures {side} T_c, {N} hidden units, PCD with tempering";
        let side_of = |f: &Findings, side: Side, n: usize| {
            let of_side = law.places().filter(|l| settings.laws[*l].side == side);
            let all = of_side.map(|l| d_of(f, l, at(l, n))).collect::<Option<Vec<Measured>>>()?;
            let count = all.len() as f64;
            let error = all.iter().map(|(_, e)| e * e).sum::<f64>().sqrt() / count;
            Some((all.iter().map(|(d, _)| d).sum::<f64>() / count, error))
        };
        let side = over.quantity("{side}.{N}.D", [&sides, &units], "J/k_B", what, |f, [s, n]| {
            side_of(f, [Side::Below, Side::Above][s], n)
        });
        let what = "the smaller of the mean D below T_c and the mean -D above it, {N} hidden units";
        let towards = over.quantity("towards.{N}.D", [&units], "J/k_B", what, |f, [n]| {
            let (below, (above, error)) = (side_of(f, Side::Below, n)?, side_of(f, Side::Above, n)?);
            Some(if below.0 < -above { below } else { (-above, error) })
        });
        let zero = Number::new("", 0.0, None, "", "");
        let towards = towards.map(|_, d| d.above(&zero, "H_c: drawn to T_c from both sides"));
        let what = "mean z^2 of the gradient of ln p on the training samples, {N} hidden units, mixture {law}";
        let gradient = over.quantity("{law}.{N}.tempering.gradient", [&law, &units], "1", what, |f, [l, n]| {
            f.machines[at(l, n)?].gradient.map(|[square, _]| square)
        });
        Self { law, units, exact, t_energy, kl, d, cd, cd_kl, side, towards, gradient }
    }

    fn most(&self) -> &str {
        self.units.word(self.units.len() - 1)
    }

    fn answer(&self, repetitions: usize) -> Answer {
        let of = |s: usize| -> Vec<Deviation> {
            let number = |n| self.side.at((s, n));
            self.units
                .places()
                .map(|n| Deviation { value: number(n).get(), error: number(n).error.unwrap_or(f64::NAN) })
                .collect()
        };
        Answer::of(repetitions, &of(0), &of(1))
    }

    fn sentences(&self) -> Vec<String> {
        let of = |s: usize| self.units.list(|n| self.side.at((s, n)));
        vec![format!(
            "D, the temperature of the machine's energy less that of its mixture, at {} hidden units: {} for mixtures below T_c, \
             {} for those above; drawn to T_c would be positive below and negative above.",
            self.units.list(|n| self.units.word(n)),
            of(0),
            of(1)
        )]
    }

    fn gradients(&self) -> Table {
        let rows = self.law.table("Mean z^2 of the gradient", "mixture");
        let rows = self
            .units
            .places()
            .fold(rows, |rows, n| rows.column(format!("N{}", self.units.word(n)), |l| self.gradient.at((l, n))));
        rows.note(
            "The gradient of ln p on the training samples in units of their errors. Far above 1: the training has not come to \
             a stationary point. Below 1: it has, to a maximum or to a saddle.",
        )
    }

    fn table(&self, settings: &Settings, critical: f64) -> Table {
        let rows = self.law.table("D by mixture", "mixture").column("T_E", |l| self.exact.at(l));
        let rows = self
            .units
            .places()
            .fold(rows, |rows, n| rows.column(format!("D, N{}", self.units.word(n)), |l| self.d.at((l, n))));
        let rows = rows.column("D, CD-1", |l| self.cd.at(l)).column("KL, CD-1", |l| self.cd_kl.at(l));
        let rows = rows.column(format!("KL, N{}", self.most()), |l| self.kl.at((l, self.units.len() - 1)));
        rows.note(format!(
            "D: temperature of the energy of the machine's own law less that of the mixture (T_E). T_c of L = {} is {critical:.3}.",
            *settings.torus.lattice.size
        ))
        .note(format!("N: hidden units, by PCD with tempering; CD-1: {}. KL in nats per sample.", self.most()))
        .note(match *settings.ladder.starts {
            1 => "One start each: lower bounds on the optimum of the likelihood.".to_string(),
            n => format!("The best of {n} starts each."),
        })
    }

    fn panel(&self, settings: &Settings, critical: f64) -> Panel {
        // The control of two temperatures is no neighbour of other mixtures.
        let mut order: Vec<usize> = self.law.places().filter(|l| *l != super::CONTROL).collect();
        order.sort_by(|a, b| settings.laws[*a].t_energy.total_cmp(&settings.laws[*b].t_energy));
        let x: Vec<f64> = order.iter().map(|l| settings.laws[*l].t_energy).collect();
        let of = |n: usize| {
            Curve::through(
                format!("{} hidden", self.units.word(n)),
                &x,
                order.iter().map(|l| self.t_energy.at((*l, n))),
            )
        };
        let cd: Vec<Number> = order
            .iter()
            .map(|l| {
                let d = self.cd.at(*l);
                Number::new("", d.get() + settings.laws[*l].t_energy, d.error, "J/k_B", "")
            })
            .collect();
        let curves = self.units.places().map(of).chain([
            Curve::through(format!("{} hidden, CD-1", self.most()), &x, cd.iter()),
            Curve::new("the mixture", x.as_slice(), x.as_slice()).style(Style::Dashed),
            Curve::level("T_c", &x, critical),
        ]);
        let (x, y) = (Axis::log("T_E of the mixture (J/k_B)"), Axis::log("T_E of the machine's law (J/k_B)"));
        Panel::curves("Below and above T_c", x, y, curves)
    }
}

/// Machines of all temperatures, by training and lattice.
struct Machines {
    at: Vec<At>,
    row: Dimension,
    worth: Likelihoods<1>,
    t_energy: Quantity<1>,
    abs_m: Quantity<1>,
    tau: Quantity<1>,
    /// Those of the torus, which have thermometers and flows.
    torus: Dimension,
    t_star: Quantity<1>,
    bayes: Quantity<1>,
    xi: Quantity<1>,
    ends: Thermal<2>,
}

impl Machines {
    fn new(settings: &Settings, over: &Repeated<Findings>) -> Self {
        let of_all = |k: &usize| settings.machines[*k].law == 0;
        let torus: Vec<usize> = (0..settings.machines.len()).filter(of_all).collect();
        let small =
            (0..settings.small.len()).flat_map(|s| (0..settings.small[s].machines.len()).map(move |k| At::Small(s, k)));
        let at: Vec<At> = torus.iter().map(|k| At::Torus(*k)).chain(small).collect();
        let size = *settings.torus.lattice.size;
        let lattice = |at: &At| match at {
            At::Torus(_) => format!("L{size}"),
            At::Small(s, _) => settings.small[*s].name.to_string(),
        };
        let names = |of: &[At]| {
            of.iter().map(|at| format!("{}.{}", lattice(at), at.machine(settings).name())).collect::<Vec<_>>()
        };
        let words = |at: &At| {
            let machine = at.machine(settings);
            format!("{}, {} hidden, {}", lattice(at), machine.hidden, machine.words())
        };
        let dimension = |of: &[At]| Dimension::names("machine", names(of)).words(|k| words(&of[k]));
        let (row, torus_row) = (dimension(&at), dimension(&at[..torus.len()]));
        let worth = Likelihoods::new(over, "{machine}", [&row], |f, [k]| &at[k].found(f).likelihood);
        let own = |f, k: usize| at[k].found(f).own.as_ref();
        let what = |of: &str| format!("{of} of the machine's own law (exact draws): {{machine}}");
        let t_energy = over
            .quantity("{machine}.T_E", [&row], "J/k_B", &what("T_E"), |f, [k]| own(f, k).and_then(|own| own.t_energy));
        let abs_m =
            over.quantity("{machine}.abs_m", [&row], "1", &what("|m|"), |f, [k]| own(f, k).map(|own| own.abs_m));
        let tau =
            over.quantity("{machine}.tau", [&row], "steps", "tau_int of the machine's chains: {machine}", |f, [k]| {
                let Memory { tau, error } = at[k].found(f).memory;
                error.map(|error| (tau, error))
            });
        let read = |f, k: usize| own(f, k).and_then(|own| own.read.as_ref());
        let t_star = over.quantity("{machine}.T_star", [&torus_row], "J/k_B", &what("T*"), |f, [k]| {
            read(f, k).map(|read| read.t_star)
        });
        let bayes =
            over.quantity("{machine}.bayes.T_star", [&torus_row], "J/k_B", &what("T* by P(T | E)"), |f, [k]| {
                own(f, k).and_then(|own| own.bayes)
            });
        let xi = over.quantity("{machine}.xi_over_L", [&torus_row], "1", &what("xi/L"), |f, [k]| {
            read(f, k).and_then(|read| read.xi_over_l)
        });
        let what = "ends of all starts pooled, {mode} flow of {machine}";
        let ends = Thermal::new(over, "{machine}.{mode}", [&torus_row, &modes()], what, |f, [k, m]| {
            &f.flows[torus[k]].as_ref().expect("flows of all temperatures")[m].pooled
        });
        Self { at, row, worth, t_energy, abs_m, tau, torus: torus_row, t_star, bayes, xi, ends }
    }

    /// From the machine farthest from its data to the nearest.
    fn sentence(&self, mixture: &Number) -> Option<String> {
        let known = self.torus.places().filter(|k| self.worth.kl.at(*k).value.is_some());
        let by_kl = |a: &usize, b: &usize| self.worth.kl.at(*a).get().total_cmp(&self.worth.kl.at(*b).get());
        let (near, far) = (known.clone().min_by(by_kl)?, known.max_by(by_kl)?);
        let told = |k: usize| {
            format!(
                "{} ({}): T_E = {} of its law, T* = {} of the Gibbs ends and {} of the mean-field ends",
                self.torus.word(k),
                self.worth.kl.at(k),
                self.t_energy.at(k),
                self.ends.t_star.at((k, Mode::Gibbs)),
                self.ends.t_star.at((k, Mode::Mean))
            )
        };
        Some(format!(
            "All temperatures, with KL in nats: from {} to {}; the mixture has T_E = {mixture}.",
            told(far),
            told(near)
        ))
    }

    fn panel(&self, mixture: &Number, critical: f64) -> Panel {
        let mut order: Vec<usize> =
            self.torus.places().filter(|k| self.worth.kl.at(*k).value.is_some_and(|kl| kl > 0.0)).collect();
        order.sort_by(|a, b| self.worth.kl.at(*a).get().total_cmp(&self.worth.kl.at(*b).get()));
        let x: Vec<f64> = order.iter().map(|k| self.worth.kl.at(*k).get()).collect();
        let curves = [
            Curve::through("own law", &x, order.iter().map(|k| self.t_energy.at(*k))).style(Style::Points),
            Curve::through("Gibbs ends", &x, order.iter().map(|k| self.ends.t_energy.at((*k, Mode::Gibbs))))
                .style(Style::Points),
            Curve::through("mean-field ends", &x, order.iter().map(|k| self.ends.t_energy.at((*k, Mode::Mean))))
                .style(Style::Points),
            Curve::level("the mixture", &x, mixture.get()).style(Style::Dashed),
            Curve::level("T_c", &x, critical),
        ];
        Panel::curves("All temperatures", Axis::log("KL of the mixture from the machine (nats)"), "T_E (J/k_B)", curves)
    }

    fn tables(&self, settings: &Settings, found: &[Findings]) -> [Table; 2] {
        let steps = *settings.torus.flow.steps as f64;
        let ended = |k: usize| match self.tau.at(k).get() * END <= steps {
            true => "at its end",
            false => "not at its end",
        };
        let optimum = |k: usize| {
            let (at, machine) = (self.at[k], self.at[k].machine(settings));
            let one = |f: &Findings| {
                let found = at.found(f);
                found.starts.as_ref().is_some_and(|starts| {
                    Optimum::of(&machine.ascent(settings), starts, found.gradient).missing.is_empty()
                })
            };
            match found.iter().all(one) {
                true => "at its optimum",
                false => "lower bound",
            }
        };
        let worth = self.row.table("Machines of all temperatures", "machine")
            .column("ln p", |k| self.worth.ln_p.at(k))
            .column("KL", |k| self.worth.kl.at(k))
            .column("T_E of its law", |k| self.t_energy.at(k))
            .column("|m|", |k| self.abs_m.at(k))
            .column("tau_int", |k| self.tau.at(k))
            .column("likelihood", |k| optimum(k).to_string())
            .note("ln p of fresh samples and KL of the mixture from the machine in nats per sample. All have the same number of updates, and a rate that falls to 0.")
            .note("At its optimum: by the tests of starts, length and gradient; else ln p is a lower bound on that of the optimum.");
        let flows = self
            .torus
            .table("The flows of the same machines", "machine")
            .column("T*, its law", |k| self.t_star.at(k))
            .column("T* by P(T | E)", |k| self.bayes.at(k))
            .column("xi/L", |k| self.xi.at(k))
            .columns(&["Gibbs T*", "mean-field T*"], |k, m| self.ends.t_star.at((k, m)))
            .columns(&["Gibbs T_E", "mean-field T_E"], |k, m| self.ends.t_energy.at((k, m)))
            .column("Gibbs flow", |k| ended(k).to_string())
            .note(format!("At its end: {steps} steps are {END} tau_int or more. A mean-field flow has no law."));
        [worth, flows]
    }
}

/// The energies of the mixture and of the laws of the machines by CD-1 and by PCD with tempering with most hidden units.
fn energies(settings: &Settings, first: &Findings) -> Panel {
    let most = *settings.ladder.units.last();
    let x: Vec<f64> = (0..BINS).map(|bin| -2.0 + 4.0 * (bin as f64 + 0.5) / BINS as f64).collect();
    let of = |words: &str, method| {
        let own = first.machines[settings.place(0, most, method)?].own.as_ref()?;
        Some(Curve::new(format!("{most} hidden, {words}"), x.as_slice(), own.energies.as_slice()))
    };
    let mixture = Curve::new("the mixture", x.as_slice(), first.mixture.energies.as_slice()).style(Style::Dashed);
    let curves = [of("CD-1", Method::Cd), of("tempering", Method::Tempering)].into_iter().flatten().chain([mixture]);
    Panel::curves("All temperatures: energies", "E per spin (J)", "fraction", curves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::readings::fabricated::{check, flow, likelihood, observed, settings, verdicts};

    fn law(t: f64) -> OwnLaw {
        OwnLaw {
            energy: (-t, 0.03125),
            t_energy: Some((t, 0.0625)),
            abs_m: (0.25, 0.03125),
            energies: vec![1.0 / BINS as f64; BINS],
            read: Some(observed(t + 0.5)),
            bayes: Some(t + 0.25),
        }
    }

    #[test]
    fn a_record_says_each_number_once() {
        let changes = [
            "ladder.units=[4, 8]",
            "ladder.exact=[4]",
            "ladder.cd_steps=[1, 3]",
            "ladder.small=[4]",
            "ladder.ring=[2]",
            "lattice.size=5",
            "ladder.below_t=1.5",
            "ladder.below_top=1.5",
            "ladder.below_scale=0.4",
            "ladder.above_t=4.5",
            "ladder.above_from=4.5",
        ];
        let settings: Settings = settings(super::super::RECIPE, &changes);
        // Machines are hotter than their mixture by 1/N, and those of CD-1 by 1; KL is their number.
        let found = |shift: f64| {
            let one = |(k, machine): (usize, &Machine)| {
                let hotter = if machine.method == Method::Cd { 1.0 } else { 1.0 / machine.hidden as f64 };
                Found {
                    likelihood: likelihood(-1.0 - k as f64, 1.0 + k as f64),
                    own: Some(law(settings.laws[machine.law].t_energy + hotter + shift)),
                    memory: Memory { tau: 5.0, error: Some(0.5) },
                    gradient: Some([0.5, 2.0]),
                    starts: None,
                }
            };
            let machines: Vec<Found> = settings.machines.iter().enumerate().map(one).collect();
            let flows =
                settings.machines.iter().map(|m| (m.law == 0).then(|| ByMode::of(flow(2.25), flow(3.0)))).collect();
            let small = vec![vec![machines[0].clone()], vec![machines[1].clone()]];
            Findings { machines, flows, small, mixture: law(2.5), excess: (0.125, 0.0625) }
        };
        let output = record(&settings, &[found(-0.015625), found(0.0), found(0.015625)]);
        let t = settings.laws[0].t_energy;
        let values = [
            ("ladder.0-6.mixture.T_E", t),
            ("ladder.0-6.N4.tempering.T_E", t + 0.25),
            ("ladder.L5.N4.tempering.kl", 1.0),
            ("ladder.L5.N8.cd1.kl", 3.0),
            ("ladder.ring.N2.exact.log_likelihood", -1.0),
            ("ladder.L4.N4.exact.kl", 2.0),
            ("ladder.L5.N4.tempering.gibbs.T_star", 2.25),
            ("ladder.L5.N4.tempering.mean.T_E", 3.125),
            ("ladder.L5.N4.tempering.bayes.T_star", t + 0.5),
            ("ladder.mixture.T_E", 2.5),
            ("ladder.thermometer.excess", 0.125),
        ];
        check(&output, &values, &["sec4.ladder"]);
        let differences = [
            ("ladder.T1.5.N4.tempering.D", 0.25),
            ("ladder.rising.cd1.D", 1.0),
            ("ladder.below.N8.D", 0.125),
            ("ladder.above.N4.D", 0.25),
            ("ladder.towards.N4.D", -0.25),
            ("ladder.rising.N8.tempering.gradient", 0.5),
        ];
        for (key, value) in differences {
            let found = output.number(key).unwrap();
            assert!((found.get() - value).abs() < 1e-12, "{found:?}");
        }
        assert!(
            output.answers[0].starts_with("No: machines trained towards the likelihood are hotter"),
            "{}",
            output.answers[0]
        );
        assert_eq!(verdicts(&output), ["differs"]);
        let one = record(&settings, &[found(0.0)]);
        assert!(one.answers[0].starts_with("No verdict yet, so No"), "{}", one.answers[0]);
    }
}
