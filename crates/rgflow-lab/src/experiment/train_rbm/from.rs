//! The machine that a training begins with, where one is given.

use super::TrainRbm;
use super::settings::Settings;
use crate::artifact::Error;
use crate::machine::Machine;
use crate::study::values::Named;
use rgflow::rbm::Rbm;

impl TrainRbm {
    /// As [`of_given`], with its machine.
    pub(super) fn of_given(&self, settings: &Settings) -> Result<Settings, Error> {
        of_given(self.from.as_ref(), settings)
    }
}

/// The settings with the units of the machine to begin with, where none are chosen.
///
/// # Errors
/// [`Error::User`] for settings of another machine.
pub(super) fn of_given(from: Option<&Machine>, settings: &Settings) -> Result<Settings, Error> {
    let mut settings = settings.clone();
    let Some(machine) = from else { return Ok(settings) };
    let name = machine.path.display();
    let (own, asked) = (machine.rbm.n_hidden(), *settings.machine.hidden);
    if asked < own || (asked > own && settings.training.divergence.grow.is_zero()) {
        let remedy = if asked > own { ", or add units a few at a time by training.grow" } else { "" };
        return Err(Error::user(format!(
            "machine.hidden = {asked}: the machine in {name} has {own} hidden units; leave --hidden out{remedy}"
        )));
    }
    let [visible, hidden] = units(machine);
    for (key, text, asked) in
        [("units", visible, &mut settings.machine.units), ("hidden_units", hidden, &mut settings.machine.hidden_units)]
    {
        match asked.text() {
            "auto" => *asked = Named::of(text).map_err(|e| Error::failure(format!("units of {name}: {e}")))?,
            other if other == text => {}
            other => {
                return Err(Error::user(format!(
                    "machine.{key} = \"{other}\": those of the machine in {name} are {text}; leave machine.{key} \
                     out"
                )));
            }
        }
    }
    Ok(settings)
}

/// Units of both layers, of a machine that was trained on standardised samples those of that training.
fn units(machine: &Machine) -> [String; 2] {
    let visible = match machine.standard() {
        Some(_) => "gaussian".into(),
        None => machine.rbm.visible_units().to_string(),
    };
    [visible, machine.rbm.hidden_units().to_string()]
}

/// The machine as its training left it: of standardised values where it was trained on these.
///
/// # Errors
/// [`Error::User`] if a deviation is out of the range of single precision.
pub(super) fn first(machine: &Machine) -> Result<Rbm, Error> {
    match machine.standard() {
        Some(standard) => standard.of_standardised(&machine.rbm),
        None => Ok(machine.rbm.clone()),
    }
}
