//! Usual names of arrays and columns of labels, and how the user says what labels mean.

use serde::{Deserialize, Serialize};

/// Meaning of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Temperatures in J/k_B: labels with an order and a distance.
    Temperature,
    /// Names without order, such as digits.
    Class,
}

/// How the labels of a file are to be understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Labelling {
    /// By the name of their array or column: `T` holds temperatures, `beta` inverse temperatures, any other classes.
    #[default]
    Auto,
    /// Temperatures in J/k_B.
    Temperatures,
    /// Inverse temperatures in k_B/J: T = 1/beta.
    Beta,
    /// Classes, as numbers or words.
    Classes,
}

impl Labelling {
    /// Whether the name of the labels decides.
    pub fn is_auto(&self) -> bool {
        *self == Labelling::Auto
    }

    /// The option of the command that says it.
    pub(super) fn flag(self) -> &'static str {
        match self {
            Labelling::Auto | Labelling::Classes => "--labels",
            Labelling::Temperatures => "--temperatures",
            Labelling::Beta => "--beta",
        }
    }

    /// The understanding of an array called `name`, never [`Labelling::Auto`].
    pub(super) fn of(self, name: &str) -> Self {
        match self {
            Labelling::Auto => usual(name).unwrap_or(Labelling::Classes),
            asked => asked,
        }
    }

    /// Meaning of such labels.
    pub(super) fn meaning(self) -> Meaning {
        if self == Labelling::Classes { Meaning::Class } else { Meaning::Temperature }
    }
}

/// Usual names of temperatures.
pub(super) const TEMPERATURES: [&str; 5] = ["temperatures", "temperature", "T", "temp", "temps"];
/// Usual names of inverse temperatures.
pub(super) const BETAS: [&str; 5] = ["beta", "betas", "inverse_temperatures", "inverse_temperature", "\u{3b2}"];
/// Usual names of classes.
const CLASSES: [&str; 8] = ["labels", "label", "targets", "target", "classes", "class", "y", "y_train"];
/// Units that may follow the name of a temperature, as in `T_K`, `T [K]` or `temperature (J/k_B)`.
const UNITS: [&str; 3] = ["_k", "_kelvin", "_j"];

/// Whether `name` is one of `known`: single letters as they stand, longer names in any case.
fn is_one_of(known: &[&str], name: &str) -> bool {
    known.iter().any(|k| if k.chars().count() == 1 { *k == name } else { k.eq_ignore_ascii_case(name) })
}

/// The name without a unit behind it.
fn without_unit(name: &str) -> &str {
    let name = name.trim();
    if name.ends_with([')', ']'])
        && let Some(open) = name.find(['(', '['])
    {
        return name[..open].trim_end();
    }
    let lower = name.to_ascii_lowercase();
    // The lower case has the same length in bytes.
    UNITS.iter().find(|unit| lower.ends_with(*unit)).map_or(name, |unit| &name[..name.len() - unit.len()])
}

/// The usual content of an array or a column of this name; `None` where it need not hold labels.
pub(super) fn usual(name: &str) -> Option<Labelling> {
    let bare = without_unit(name);
    if is_one_of(&TEMPERATURES, bare) {
        Some(Labelling::Temperatures)
    } else if is_one_of(&BETAS, bare) {
        Some(Labelling::Beta)
    } else {
        is_one_of(&CLASSES, name).then_some(Labelling::Classes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_labels_are() {
        for name in ["T", "Temp", "temps", "TEMPERATURE", "T_K", "T [K]", "temperature (J/k_B)", "Temp_K"] {
            assert_eq!(usual(name), Some(Labelling::Temperatures), "{name}");
        }
        for name in ["beta", "Betas", "BETA", "inverse_temperature", "\u{3b2}"] {
            assert_eq!(usual(name), Some(Labelling::Beta), "{name}");
        }
        for name in ["Label", "Class", "targets", "y"] {
            assert_eq!(usual(name), Some(Labelling::Classes), "{name}");
        }
        for name in ["t", "Y", "", "spins", "_K", "(T)", "tau", "temperament", "\u{e9}_k"] {
            assert_eq!(usual(name), None, "{name}");
        }
        assert_eq!(Labelling::Auto.of("theta"), Labelling::Classes);
        assert_eq!(Labelling::Beta.of("T"), Labelling::Beta);
    }
}
