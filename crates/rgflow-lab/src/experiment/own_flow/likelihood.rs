//! Stage "likelihood": how likely the starts of the flow are under the machine; its numbers, and its rows of the
//! summary.

use super::stage::Inputs;
use super::{Findings, OwnFlow};
use crate::dataset::{Dataset, Meaning};
use crate::row;
use crate::study::known_law::KnownLaw;
use crate::study::likelihood;
use crate::study::prelude::*;

const REVISION: u32 = 1;
/// Name of the stage.
pub(super) const NAME: &str = "likelihood";

/// Makes or keeps the likelihood of the starts.
pub(super) fn find(repetition: &Repetition, inputs: &Inputs) -> Result<Likelihood, Error> {
    let (flow, settings) = (inputs.flow, inputs.settings);
    let files = [flow.machine.artifact(), flow.data.artifact()];
    let what = Stage {
        name: NAME,
        revision: REVISION,
        settings: (&settings.data, settings.flow.chains),
        inputs: &files.iter().collect::<Vec<_>>(),
        outputs: &["likelihood/findings.json"],
    };
    repetition.found(what, |out| {
        let v = inputs.data.values.rows(&inputs.starts.rows);
        let law = law(inputs);
        let samples = likelihood::Samples { v: v.view(), law: law.as_ref() };
        Likelihood::of(&flow.machine.rbm, &samples, out.streams().of("flow/likelihood"), out)
    })
}

/// The law of the starts, of each temperature as many, where it is known; temperatures in bins are not.
fn law(inputs: &Inputs) -> Option<KnownLaw> {
    let (starts, data) = (inputs.starts, inputs.data);
    if starts.meaning != Some(Meaning::Temperature) || inputs.settings.data.bins > 0 {
        return None;
    }
    let parts = starts.labels.iter().map(|t| Some((Temperature::new(*t).ok()?, 1.0)));
    KnownLaw::at(data, &parts.collect::<Option<Vec<_>>>()?)
}

/// Likelihood of the starts: that of the first repetition, as machine and starts are the same in all.
pub(super) struct OfStarts {
    /// Of each start, and the KL of their law from the machine's: those that are known.
    pub numbers: Vec<Number>,
    notes: Vec<String>,
}

impl OfStarts {
    /// Of `n` starts.
    pub fn new(flow: &OwnFlow, data: &Dataset, found: &[Findings], n: f64) -> Self {
        let first = &found[0].likelihood;
        let over = Repeated::new(OwnFlow::NAME, &found[..1]).n_eff(n);
        let number = |key: &str, what: &str, value: Option<Measured>| {
            over.number(&format!("rbm.start.{key}"), "nats", what, |_| value)
        };
        let what = "ln p of a start under the machine (of real numbers its density)";
        let ln_p = number("log_likelihood", what, first.ln_p);
        let kl = number("kl", "KL of the exact law of the starts from the machine's: paired mean", first.kl);
        let numbers: Vec<Number> = [ln_p, kl].into_iter().filter(|number| number.value.is_some()).collect();
        let why = first.why.as_ref().map(|why| format!("The starts have no likelihood: {why}."));
        let how = first.how.as_ref().map(|how| format!("ln Z of the machine {how}."));
        let is_known = flow.machine.knows(data).is_some() && !numbers.is_empty();
        let known = is_known.then(|| "The machine was trained on samples of this file, most of which it knows.".into());
        Self { numbers, notes: [why, how, known].into_iter().flatten().collect() }
    }

    /// The summary of so many `modes` with rows of its numbers.
    pub fn shown(self, summary: Table, modes: usize) -> Table {
        const HEADS: [&str; 2] = ["ln p under the machine (nats)", "KL from the machine (nats)"];
        let row = |(head, number): (&str, &Number)| [row![head, number], vec!["-".into(); modes]].concat();
        let rows: Vec<Vec<Cell>> = HEADS.into_iter().zip(&self.numbers).map(row).collect();
        self.notes.into_iter().fold(summary.rows(rows), Table::note)
    }
}
