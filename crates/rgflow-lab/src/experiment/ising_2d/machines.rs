//! The machines of the record: trained by the settings of `rbm`, the second ones, those with redrawn weights, and the
//! untrained one.

use super::{SETS, Settings};
use crate::study::optimum::Ascent;
use crate::study::prelude::*;
use std::ops::Range;

/// The machines, in this order.
pub(super) struct Machines {
    /// By machine, with its name in keys.
    pub dimension: Dimension,
    /// Names in the findings.
    names: Vec<String>,
    /// Words without an article.
    words: Vec<String>,
    /// Trainings in words, by trained machine.
    by: Vec<String>,
    /// Settings of each that the tests of the optimum ask for.
    ascents: Vec<Ascent>,
}

impl Machines {
    pub fn new(settings: &Settings) -> Self {
        let (mut keys, mut names, mut words) = (Vec::new(), Vec::new(), Vec::new());
        let (mut by, mut ascents) = (Vec::new(), Vec::new());
        let mut add = |key: String, name: String, text: String| {
            keys.push(key);
            names.push(name);
            words.push(text);
        };
        for trained in settings.trained() {
            let (set, training) = (SETS[trained.set].0, settings.by(trained.course));
            let (key, second) = match trained.course {
                None => (set.to_string(), String::new()),
                Some(course) => (format!("{set}.{}", course.method), format!(" by {training}")),
            };
            add(key, trained.name, format!("machine trained on \"{set}\"{second}"));
            by.push(training);
            ascents.push(trained.course.map_or(settings.torus.rbm.ascent(), |course| course.ascent()));
        }
        for (set, _) in SETS {
            let text = format!("machine with weights redrawn from those trained on \"{set}\"");
            add(format!("{set}.redrawn"), format!("{set}-redrawn"), text);
        }
        add("untrained".into(), "untrained".into(), "untrained machine".into());
        Self { dimension: Dimension::names("machine", keys), names, words, by, ascents }
    }

    /// The dimension with words that begin with an article: for trained machines, those with redrawn weights, and the
    /// untrained one.
    pub fn words(&self, [trained, redrawn, untrained]: [&str; 3]) -> Dimension {
        self.dimension.clone().words(|m| {
            let article = match m {
                m if m < self.by.len() => trained,
                m if m < self.untrained() => redrawn,
                _ => untrained,
            };
            format!("{article}{}", self.words[m])
        })
    }

    /// The trained machines as a dimension `set`, in words what they are trained on and how.
    pub fn trained(&self) -> Dimension {
        let keys = (0..self.by.len()).map(|m| self.dimension.key(m));
        Dimension::names("set", keys).words(|m| self.words[m].replace("machine trained on ", ""))
    }

    /// Name of a machine in the findings.
    pub fn name(&self, machine: usize) -> &str {
        &self.names[machine]
    }

    /// Position of the training set of a trained machine.
    pub fn set_of(&self, machine: usize) -> Option<usize> {
        (machine < self.by.len()).then_some(machine % SETS.len())
    }

    /// The machines trained on the set `s`: the first by the settings of `rbm`.
    pub fn of_set(&self, s: usize) -> impl Iterator<Item = usize> + use<> {
        (s..self.by.len()).step_by(SETS.len())
    }

    /// The machines of each training.
    pub fn trainings(&self) -> impl Iterator<Item = Range<usize>> {
        [0..SETS.len(), self.second()].into_iter().filter(|machines| !machines.is_empty())
    }

    /// The second machines.
    pub fn second(&self) -> Range<usize> {
        SETS.len()..self.by.len()
    }

    /// The machine with weights redrawn from those of the first machine of the set `s`.
    pub fn redrawn(&self, s: usize) -> usize {
        self.by.len() + s
    }

    /// The untrained machine.
    pub fn untrained(&self) -> usize {
        self.by.len() + SETS.len()
    }

    /// Training of a trained machine in words: `CD-1`.
    pub fn by(&self, machine: usize) -> &str {
        &self.by[machine]
    }

    /// Whether a trained machine is shown to be at its optimum, in words.
    pub fn standing(&self, machine: usize) -> &'static str {
        if self.ascents[machine].lacks(STARTS).is_empty() { "at its optimum" } else { "lower bound" }
    }

    /// A sentence for each training on why its likelihood is a lower bound.
    pub fn standings(&self) -> Vec<String> {
        let of = |m: usize| {
            let lacks = self.ascents[m].lacks(STARTS);
            (!lacks.is_empty()).then(|| format!("{}: a lower bound on the optimum ({}).", self.by(m), lacks.join("; ")))
        };
        self.of_set(0).filter_map(of).collect()
    }
}

/// Starts of each training.
const STARTS: usize = 1;
