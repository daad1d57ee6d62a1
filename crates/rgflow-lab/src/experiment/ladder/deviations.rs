//! D, the temperature of the energy of a machine's own law less that of its training mixture.

use super::rules::{Answer, Deviation};
use super::{CONTROL, Findings, Settings, Side};
use crate::study::prelude::*;

/// Deviations of machines of finite capacity from their mixtures.
pub(super) struct Deviations {
    pub law: Dimension,
    pub units: Dimension,
    /// Places of the numbers of hidden units that decide.
    decide: Vec<usize>,
    /// T_E of the mixtures, exact.
    pub exact: Quantity<1>,
    /// By law and hidden units, of the grown machines.
    pub t_energy: Quantity<2>,
    pub kl: Quantity<2>,
    pub d: Quantity<2>,
    /// By law, by CD-1 with the most hidden units.
    pub cd: Quantity<1>,
    pub cd_kl: Quantity<1>,
    /// Mean of D over the mixtures of a side, by hidden units.
    pub side: Quantity<2>,
    /// The smaller of D below T_c and -D above it: positive if drawn to T_c from both sides.
    pub towards: Quantity<1>,
    /// Mean z^2 of the gradient of ln p on training samples, by law and hidden units.
    pub gradient: Quantity<2>,
}

impl Deviations {
    pub fn new(settings: &Settings, over: &Repeated<Findings>) -> Self {
        let law = Dimension::names("law", settings.laws.iter().map(|law| &law.name));
        let units = values::plain(&settings.ladder.units);
        let decide = (0..units.len()).filter(|n| units[*n] > 1).collect();
        let units = Dimension::new("N", &units, |n| format!("N{n}"));
        let all: Vec<Option<usize>> = law
            .places()
            .flat_map(|l| units.places().map(move |n| (l, n)))
            .map(|(l, n)| settings.grown(l, *settings.ladder.units[n]))
            .collect();
        let n_units = units.len();
        let at = move |l: usize, n: usize| all[l * n_units + n];
        let cds: Vec<Option<usize>> = law.places().map(|l| settings.by_cd1(l)).collect();
        let t_of = |f: &Findings, k: Option<usize>| f.machines[k?].own.as_ref()?.t_energy;
        let d_of = |f: &Findings, l: usize, k| t_of(f, k).map(|(t, e)| (t - settings.laws[l].t_energy, e));
        let kl_of = |f: &Findings, k: Option<usize>| f.machines[k?].likelihood.kl;
        let what = "temperature of the exact mean energy of the training mixture {law}";
        let exact = Quantity::exact("ladder.{law}.mixture.T_E", [&law], "J/k_B", what, |[l]| settings.laws[l].t_energy);
        let own = "the machine's own law (exact draws), {N} hidden units, grown, mixture {law}";
        let t_energy =
            over.quantity("{law}.{N}.T_E", [&law, &units], "J/k_B", &format!("T_E of {own}"), |f, [l, n]| {
                t_of(f, at(l, n))
            });
        let d = over.quantity(
            "{law}.{N}.D",
            [&law, &units],
            "J/k_B",
            &format!("T_E of {own}, less that of the mixture"),
            |f, [l, n]| d_of(f, l, at(l, n)),
        );
        let what = "KL of the mixture {law} from the grown machine of {N} hidden units: paired mean over fresh samples";
        let kl = over.quantity("{law}.{N}.kl", [&law, &units], "nats", what, |f, [l, n]| kl_of(f, at(l, n)));
        let what = "T_E of the own law of the machine by CD-1 on the mixture {law}, less that of the mixture";
        let cd = over.quantity("{law}.cd1.D", [&law], "J/k_B", what, |f, [l]| d_of(f, l, cds[l]));
        let what = "KL of the mixture {law} from the machine by CD-1: paired mean over fresh samples";
        let cd_kl = over.quantity("{law}.cd1.kl", [&law], "nats", what, |f, [l]| kl_of(f, cds[l]));
        let sides = Dimension::names("side", ["below", "above"]);
        let what = "mean of D over the three mixtures {side} T_c, {N} hidden units, grown";
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
        let gradient = over.quantity("{law}.{N}.gradient", [&law, &units], "1", what, |f, [l, n]| {
            f.machines[at(l, n)?].gradient.map(|[square, _]| square)
        });
        Self { law, units, decide, exact, t_energy, kl, d, cd, cd_kl, side, towards, gradient }
    }

    pub fn most(&self) -> &str {
        self.units.word(self.units.len() - 1)
    }

    /// By the machines of more than one hidden unit: with one the law is two products of independent spins, without any
    /// correlation at given magnetisation, and says what no capacity at all adds.
    pub fn answer(&self, repetitions: usize) -> Answer {
        let of = |s: usize| -> Vec<Deviation> {
            let number = |n: &usize| self.side.at((s, *n));
            self.decide
                .iter()
                .map(|n| Deviation { value: number(n).get(), error: number(n).error.unwrap_or(f64::NAN) })
                .collect()
        };
        Answer::of(repetitions, &of(0), &of(1))
    }

    pub fn sentences(&self) -> Vec<String> {
        let of = |s: usize| self.units.list(|n| self.side.at((s, n)));
        vec![format!(
            "D, the temperature of the machine's energy less that of its mixture, at {} hidden units: {} for mixtures \
             below T_c, {} for those above; drawn to T_c would be positive below and negative above.",
            self.units.list(|n| self.units.word(n)),
            of(0),
            of(1)
        )]
    }

    /// Heads of columns by hidden units.
    fn heads(&self, of: &str) -> Vec<String> {
        self.units.places().map(|n| format!("{of}N{}", self.units.word(n))).collect()
    }

    pub fn gradients(&self) -> Table {
        let rows = self.law.table("Mean z^2 of the gradient", "mixture");
        let rows = rows.columns(&self.heads(""), |l, n| self.gradient.at((l, n)));
        rows.note(
            "The gradient of ln p on the training samples in units of their errors. Far above 1: the training has not \
             come to a stationary point. Below 1: it has, to a maximum or to a saddle.",
        )
    }

    pub fn table(&self, settings: &Settings, critical: f64) -> Table {
        let rows = self.law.table("D by mixture", "mixture").column("T_E", |l| self.exact.at(l));
        let rows = rows.columns(&self.heads("D, "), |l, n| self.d.at((l, n)));
        let rows = rows.column("D, CD-1", |l| self.cd.at(l)).column("KL, CD-1", |l| self.cd_kl.at(l));
        let rows = rows.column(format!("KL, N{}", self.most()), |l| self.kl.at((l, self.units.len() - 1)));
        rows.note(format!(
            "D: temperature of the energy of the machine's own law less that of the mixture (T_E). T_c of L = {} is \
             {critical:.3}.",
            *settings.torus.lattice.size
        ))
        .note(format!(
            "N: hidden units. Machines are grown, each from that of fewer units: by the exact gradient up to {} units, then \
             by PCD whose chains exchange states with the earlier ones; CD-1: {}. KL in nats per sample.",
            *settings.ladder.exact,
            self.most()
        ))
        .note("One row of machines for each mixture, the two smallest from several starts: lower bounds on the optimum of the \
               likelihood.")
    }

    pub fn panel(&self, settings: &Settings, critical: f64) -> Panel {
        // The control of two temperatures is no neighbour of other mixtures.
        let mut order: Vec<usize> = self.law.places().filter(|l| *l != CONTROL).collect();
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
