//! Stage "optima": machines by exact gradients towards the mixture, by number of hidden units and by penalty, and what
//! they say: how many units the mixture needs, and where penalties leave T* when the training has come to rest.

use super::laws::{Laws, PENALTIES, T_AXIS, T_STAR, level};
use super::quantity::{Over, values};
use super::settings::Settings;
use super::stage;
use crate::study::prelude::*;
use rgflow::flow::{RingLaw, RingThermometer};
use rgflow::learning::{Adam, Descent, Fall, Regulariser, Rule};
use rgflow::rbm::{ExactFit, ExactTraining, Objective, Rbm};

const REVISION: u32 = 1;
/// Largest |w| of a hidden unit that a penalty has taken out of the machine.
const GONE: f32 = 0.05;

/// The laws of the best machines.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Optima {
    /// By number of hidden units.
    pub by_units: Vec<RingLaw>,
    /// With L1, then L2, by strength; and the hidden units that are left.
    pub penalised: [Vec<(RingLaw, usize)>; 2],
}

/// Makes or keeps the stage.
pub(super) fn found(repetition: &Repetition, settings: &Settings, thermometer: &Artifact) -> Result<Optima, Error> {
    let Settings { chain, rbm, objectives, penalties, optima, .. } = settings;
    let (name, revision, outputs) = ("optima", REVISION, &["optima/findings.json"]);
    let key = (chain, (rbm.hidden, rbm.weight_scale), objectives.updates, penalties, optima);
    repetition.found(Stage { name, revision, settings: key, inputs: &[thermometer], outputs }, |out| {
        let ring = stage::reader(settings, thermometer)?;
        let mixture = ring.states().mixture(&stage::temperatures(&settings.temperatures())?).to_vec();
        let best = Best { out, settings, ring: &ring, mixture: &mixture };
        let strengths = &penalties.strengths;
        out.add_work((*optima.starts * (optima.units.len() + PENALTIES.len() * strengths.len())) as u64);
        let plain = Regulariser::default();
        let by_units = optima.units.iter().map(|units| Ok(best.of(&format!("units-{units}"), **units, plain)?.0));
        let penalised = |name: &str, of: fn(f32) -> Regulariser| {
            let of = |s: &Positive| best.of(&format!("{name}-{s}"), *rbm.hidden, of(**s as f32));
            strengths.iter().map(of).collect::<Result<Vec<_>, Error>>()
        };
        let by_units = by_units.collect::<Result<_, Error>>()?;
        let l1 = penalised(PENALTIES[0], |lambda_w| Regulariser { lambda_w, ..Regulariser::default() })?;
        let l2 = penalised(PENALTIES[1], |mu_w| Regulariser { mu_w, ..Regulariser::default() })?;
        Ok(Optima { by_units, penalised: [l1, l2] })
    })
}

/// Trainings towards the mixture.
struct Best<'a> {
    out: &'a StageOut<'a>,
    settings: &'a Settings,
    ring: &'a RingThermometer,
    mixture: &'a [f64],
}

impl Best<'_> {
    /// The law of the best of all starts with so many `hidden` units, and how many of these are left.
    fn of(&self, name: &str, hidden: usize, regulariser: Regulariser) -> Result<(RingLaw, usize), Error> {
        let Settings { chain, rbm, objectives, optima, .. } = self.settings;
        let rate = *optima.learning_rate as f32;
        let updates = *objectives.updates;
        let fall = Some(Fall { from: updates as u64 / 2, until: updates as u64 });
        let descent = Descent { fall, regulariser, ..Descent::new(Rule::Adam(Adam::default()), rate) };
        let training = ExactTraining { objective: Objective::Kl, updates, descent, record_every: updates };
        let mut best: Option<(f64, Rbm)> = None;
        for start in 0..*optima.starts {
            let mut random = self.out.streams().generator(&format!("optima/{name}"), start as u64);
            // Larger weights for other starts: they would all begin alike.
            let scale = *rbm.weight_scale as f32 * if start == 0 { 1.0 } else { 10.0 };
            let first = Rbm::random(*chain.spins, hidden, scale, &mut random);
            let mut fit = ExactFit::new(first, self.mixture, &training)?;
            self.out.complete(&format!("{name}/{start}"), &mut fit, &|_| 0)?;
            let (rbm, steps) = fit.finish()?;
            self.out.tick(1)?;
            let weights = rbm.weights.iter();
            let penalty = match regulariser {
                Regulariser { lambda_w, .. } if lambda_w > 0.0 => lambda_w * weights.map(|w| w.abs()).sum::<f32>(),
                Regulariser { mu_w, .. } => 0.5 * mu_w * weights.map(|w| w * w).sum::<f32>(),
            };
            let cost = steps.last().map_or(f64::INFINITY, |step| step.divergences.kl) + f64::from(penalty);
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, rbm));
            }
        }
        let (_, rbm) = best.ok_or_else(|| Error::failure("there is no start"))?;
        Ok((self.ring.law(&rbm, self.mixture)?, units_left(&rbm)))
    }
}

/// Hidden units with a weight above [`GONE`].
pub(super) fn units_left(rbm: &Rbm) -> usize {
    rbm.weights.columns().into_iter().filter(|w| w.iter().any(|w| w.abs() > GONE)).count()
}

/// Section on the number of hidden units.
pub(super) fn by_units(record: &mut Record, settings: &Settings, over: &Over, mixture: &Number) {
    let units = Dimension::new("units", &values::plain(&settings.optima.units), usize::to_string);
    let what = "{units} hidden units, KL(q, p) minimised by exact gradients, the best of several starts";
    let laws = Laws::new(over, "units.{units}", [&units], what, |f, [n]| &f.optima.by_units[n]);
    record.list(&[&laws.listed()]);
    let t_star = values(&laws.t_star);
    let [first, last] = [0, units.len() - 1].map(|n| (units.word(n), laws.mixture_js.at(n)));
    record.answers.push(format!(
        "The best machine of {} hidden units is {} nats (Jensen-Shannon) from the mixture, of {} units {}.",
        first.0, first.1, last.0, last.1
    ));
    let columns = [&t_star, &laws.mixture_kl, &laws.mixture_js, &laws.thermal_js, &laws.relaxation];
    let heads = ["T*", "KL(q, p)", "JS from mixture", "JS from nearest thermal", "relaxation, steps"];
    let caption = "The best machines by exact gradients towards the mixture q, by number of hidden units";
    let table = units.table(caption, "hidden units").columns(&heads, |n, c| columns[c].at(n)).note(format!(
        "Best of {} starts. Divergences in nats. What training makes of the mixture with few units is bounded by what \
         they can hold.",
        settings.optima.starts
    ));
    let far = [("mixture", &laws.mixture_js, Style::LinePoints), ("nearest thermal", &laws.thermal_js, Style::Dashed)];
    let far = far.map(|(label, of, style)| units.curve(label, |n| of.at(n)).style(style));
    let read = units.curve("T*", |n| t_star.at(n)).style(Style::LinePoints);
    let figure = Figure::new("sec5.units", "How many hidden units the mixture needs").caption(
        "Jensen-Shannon divergence of the best machine from the training mixture and from the nearest thermal law, and \
         its T*, dashed that of the mixture. Error bars over repetitions.",
        "Divergences and T* against the number of hidden units.",
    );
    let figure = figure.panels([
        Panel::curves("Divergences", "hidden units", "Jensen-Shannon (nats)", far),
        Panel::curves(T_STAR, "hidden units", T_AXIS, [read, level("mixture", units.x(), mixture)]),
    ]);
    record.sections.push(Section::new("How many hidden units").figures([figure]).tables([table]));
}

/// Table of penalties on machines of the training of the figures, whose T* is `t_star`, and on machines at rest.
pub(super) fn penalties(record: &mut Record, settings: &Settings, over: &Over, t_star: &Quantity<2>) -> Table {
    let penalty = Dimension::names("penalty", PENALTIES);
    let strength = Dimension::new("strength", &values::plain(&settings.penalties.strengths), f64::to_string);
    let by = [&penalty, &strength];
    let what = "{penalty} = {strength} on the weights, KL(q, p) minimised by exact gradients";
    let key = "optima.{penalty}.{strength}";
    let laws = Laws::new(over, key, by, what, |f, [p, s]| &f.optima.penalised[p][s].0);
    let units = format!("hidden units with a weight above {GONE}: {what}");
    let left = over
        .quantity(&format!("{key}.units"), by, "units", &units, |f, [p, s]| Some(f.optima.penalised[p][s].1 as f64));
    let units = format!("hidden units with a weight above {GONE}, {{penalty}} = {{strength}}");
    let key = "penalty.{penalty}.{strength}.units";
    let trained = over.quantity(key, by, "units", &units, |f, [p, s]| Some(f.stage.left[p][s] as f64));
    record.list(&[&trained, &laws.listed(), &left]);
    let at_rest = values(&laws.t_star);
    let columns = ["penalty", "strength", "T*", "units left", "T* at rest", "units left at rest", "KL(q, p) at rest"];
    let places = penalty.places().flat_map(|p| strength.places().map(move |s| (p, s)));
    let rows = places.map(|at| {
        let mut row = vec![Cell::text(penalty.word(at.0).to_uppercase()), Cell::from(strength.x()[at.1])];
        row.extend([t_star, &trained, &at_rest, &left, &laws.mixture_kl].map(|of| Cell::from(of.at(at))));
        row
    });
    Table::new("Penalties, with the hidden units that they leave", columns).rows(rows).note(format!(
        "Left: hidden units with a weight above {GONE}. At rest: exact gradients towards the mixture, the best of {} \
         starts; else trained as the machines of the figures, {} epochs.",
        settings.optima.starts, settings.rbm.epochs
    ))
}
