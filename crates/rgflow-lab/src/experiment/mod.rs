//! Experiments: one file or folder each, one line each in [`ALL`].

mod ashkin_teller;
pub mod catalogue;
mod exact_rg;
mod finite_size;
mod ising_1d;
mod ising_2d;
mod ladder;
mod maps;
mod mcrg;
mod mnist;
mod neural_rg;
mod overview;
mod own_flow;
pub mod scan;
mod sizes;
mod sparse;
mod toolbox;
mod train_rbm;
mod train_thermometer;
mod windows;

use crate::artifact::{Error, memory, settings};

pub use crate::study::user_files::{InputFile, input};
pub use crate::study::{About, AnyExperiment, Experiment, Item};
pub use finite_size::FiniteSize;
pub use mcrg::Mcrg;
pub use neural_rg::NeuralRg;
pub use overview::{ItemRecord, overview};
pub use own_flow::OwnFlow;
pub use train_rbm::{RbmFit, RbmInMemory, TrainRbm};
pub use train_thermometer::{ThermometerInMemory, TrainThermometer};

/// All experiments.
pub static ALL: &[&dyn AnyExperiment] = &[
    &ladder::Ladder,
    &toolbox::Toolbox,
    &exact_rg::ExactRg,
    &ising_1d::Ising1d,
    &ising_2d::Ising2d,
    &windows::Windows,
    &sizes::Sizes,
    &sparse::Sparse,
    &mnist::Mnist,
    &ashkin_teller::AshkinTeller,
    &mcrg::Mcrg,
    &finite_size::FiniteSize,
    &neural_rg::NeuralRg::new(),
    &maps::Maps,
    &mnist::MnistMaps,
];

/// The experiment called `name`.
///
/// # Errors
/// [`Error::User`] that names the nearest experiment, or all of them.
pub fn find(name: &str) -> Result<&'static dyn AnyExperiment, Error> {
    if let Some(found) = ALL.iter().find(|experiment| experiment.about().name == name) {
        return Ok(*found);
    }
    let own =
        [("train-rbm", "train rbm DATA"), ("train-thermometer", "train thermometer DATA"), ("flow", "flow MODEL DATA")];
    if let Some((_, command)) = own.iter().find(|(own, _)| *own == name) {
        return Err(Error::user(format!(
            "{name} needs files of yours; it is run by `rgflow {command}`, with settings by --config or --set"
        )));
    }
    let names = || ALL.iter().map(|experiment| experiment.about().name);
    let remedy = match settings::nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if ALL.is_empty() => "this build has none".into(),
        None => format!("there are: {}", names().collect::<Vec<_>>().join(", ")),
    };
    Err(Error::user(format!("unknown experiment `{name}`; {remedy}")))
}

/// Name and recipe of the experiment called `name`, those on the user's own data included.
pub fn about(name: &str) -> Option<&'static About> {
    let own = [&TrainRbm::ABOUT, &TrainThermometer::ABOUT, &OwnFlow::ABOUT];
    ALL.iter().map(|experiment| experiment.about()).chain(own).find(|about| about.name == name)
}

/// Refuses settings of `experiment` that do not fit into memory.
///
/// # Errors
/// [`Error::User`] that names the setting, the need and the free memory.
pub fn fits(experiment: &dyn AnyExperiment, settings: &toml::Table) -> Result<(), Error> {
    experiment.needs(settings).iter().try_for_each(|one| memory::need(std::slice::from_ref(one)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_item_has_an_experiment_that_makes_it() {
        let made: BTreeSet<&str> = Item::all().map(|item| item.experiment.as_str()).collect();
        let names: BTreeSet<&str> = ALL.iter().map(|experiment| experiment.about().name).collect();
        assert_eq!(made, names);
    }

    /// Every experiment that trains RBMs by chains takes their method, and refuses an unknown one with the list.
    #[test]
    fn rbms_are_trained_by_any_method() {
        let mut tried = Vec::new();
        for experiment in ALL.iter().filter(|experiment| experiment.about().recipe.contains("\n[rbm]\n")) {
            let about = experiment.about();
            let settings = crate::artifact::settings::resolve(about.recipe, None, &["rbm.method=newton".into()]);
            let settings = settings.unwrap_or_else(|e| panic!("{}: {e}", about.name));
            let refused = experiment.check(&settings).unwrap_err();
            let list = "rbm.method = \"newton\": must be one of \"cd\", \"pcd\", \"mean-field\", \"exact\", \
                \"tempering\", \"trajectory\"";
            assert!(refused.starts_with(list), "{}: {refused}", about.name);
            tried.push(about.name);
        }
        for name in ["ising-1d", "ising-2d", "windows", "sparse", "maps", "ashkin-teller", "mnist", "mnist-maps"] {
            assert!(tried.contains(&name), "{name} has no rbm.method: {tried:?}");
        }
    }
}
