//! Values that a shell completes but that are not the only ones: names of experiments and of items of the thesis.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use rgflow_lab::experiment::{ALL, Item};
use std::ffi::OsStr;

/// Any text; the names are offered to the shell.
#[derive(Clone)]
pub struct Names(fn() -> Vec<&'static str>);

/// Names of experiments.
pub fn experiments() -> Names {
    Names(|| ALL.iter().map(|experiment| experiment.about().name).collect())
}

/// Numbers of figures and tables, and `all`.
pub fn items() -> Names {
    Names(|| ["all"].into_iter().chain(Item::all().map(|item| item.id.as_str())).collect())
}

impl TypedValueParser for Names {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter().map(PossibleValue::new)))
    }
}
