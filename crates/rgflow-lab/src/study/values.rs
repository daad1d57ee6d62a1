//! Types of settings that cannot be out of range: a recipe, a file or `--set` with another value is refused by its key.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_path_to_error::Segment;
use std::fmt::{Display, Formatter};
use std::ops::Deref;
use std::str::FromStr;

/// Settings of an experiment, made from the merged table of recipe, user's file and `--set`.
pub trait Settings: Sized {
    /// Parses the settings and checks the relations between them.
    ///
    /// # Errors
    /// One line that names the key, its value and the allowed values.
    fn parse(table: &toml::Table) -> Result<Self, String>;
}

/// Parses `table`, ignoring keys that `T` does not have (unknown ones have been refused against the recipe).
///
/// # Errors
/// One line that names the key, its value and the allowed values.
pub fn parse<T: DeserializeOwned>(table: &toml::Table) -> Result<T, String> {
    at(toml::Value::Table(table.clone()), "")
}

/// The table `name` of a recipe.
///
/// # Errors
/// As [`parse`].
pub fn part<T: DeserializeOwned>(table: &toml::Table, name: &str) -> Result<T, String> {
    let part = table.get(name).cloned().unwrap_or_else(|| toml::Value::Table(toml::Table::new()));
    at(part, name)
}

fn at<T: DeserializeOwned>(table: toml::Value, name: &str) -> Result<T, String> {
    serde_path_to_error::deserialize(table.clone()).map_err(|error| {
        let (mut key, mut value) = (name.to_string(), Some(&table));
        for segment in error.path().iter() {
            match segment {
                Segment::Map { key: inner } => {
                    key = if key.is_empty() { inner.clone() } else { format!("{key}.{inner}") };
                    value = value.and_then(|value| value.get(inner));
                }
                Segment::Seq { index } => {
                    key = format!("{key}[{index}]");
                    value = value.and_then(|value| value.get(*index));
                }
                _ => {}
            }
        }
        let message = error.inner().message().trim();
        // Serde's message for an unknown name of an enum.
        let allowed = message.strip_prefix("unknown variant").and_then(|rest| rest.split_once("expected "));
        let message = allowed.map_or(message.to_string(), |(_, names)| format!("must be {}", names.replace('`', "\"")));
        match value.filter(|value| !value.is_table()) {
            // Debug format, so that small and large numbers keep their exponents.
            Some(toml::Value::Float(value)) => format!("{key} = {value:?}: {message}"),
            Some(value) => format!("{key} = {value}: {message}"),
            None => format!("{key}: {message}"),
        }
    })
}

/// A whole number from `A` to `B`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Within<const A: usize, const B: usize>(usize);

impl<const A: usize, const B: usize> Deref for Within<A, B> {
    type Target = usize;

    fn deref(&self) -> &usize {
        &self.0
    }
}

impl<const A: usize, const B: usize> Display for Within<A, B> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        Display::fmt(&self.0, f)
    }
}

impl<const B: usize> Within<0, B> {
    /// Whether it is 0.
    pub fn is_zero(&self) -> bool {
        **self == 0
    }
}

impl<const A: usize, const B: usize> TryFrom<usize> for Within<A, B> {
    type Error = String;

    fn try_from(value: usize) -> Result<Self, String> {
        if (A..=B).contains(&value) { Ok(Self(value)) } else { Err(format!("must be {A} to {B}")) }
    }
}

impl<'de, const A: usize, const B: usize> Deserialize<'de> for Within<A, B> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // A negative number is out of range like any other.
        let value = usize::try_from(i64::deserialize(from)?).unwrap_or(usize::MAX);
        Self::try_from(value).map_err(D::Error::custom)
    }
}

/// Defines a bounded number: its name, its condition, and the message if it fails.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $type:ty, $read:ty, $holds:expr, $words:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name($type);

        impl std::ops::Deref for $name {
            type Target = $type;

            fn deref(&self) -> &$type {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let value = <$read>::deserialize(from)?;
                let holds: fn($read) -> bool = $holds;
                if holds(value) { Ok(Self(value as $type)) } else { Err(serde::de::Error::custom($words)) }
            }
        }
    };
}
pub(crate) use number;

/// Defines a bounded real number, as [`number`].
macro_rules! real {
    ($(#[$doc:meta])* $name:ident, $holds:expr, $words:expr) => {
        $crate::study::values::number!($(#[$doc])* $name, f64, f64, $holds, $words);
    };
}
pub(crate) use real;

/// Defines a whole number with a condition that [`Within`] cannot express, as [`number`].
macro_rules! whole {
    ($(#[$doc:meta])* $name:ident, $holds:expr, $words:expr) => {
        $crate::study::values::number!($(#[$doc])* $name, usize, i64, $holds, $words);
    };
}
pub(crate) use whole;

real!(
    /// A number above 0, also after rounding to f32.
    Positive,
    |x| x as f32 > 0.0 && (x as f32).is_finite(),
    "must be a positive number"
);
real!(
    /// A number of at least 0.
    NotNegative,
    |x| x >= 0.0 && (x as f32).is_finite(),
    "must be 0 or a positive number"
);

impl NotNegative {
    /// Whether it is 0.
    pub fn is_nothing(&self) -> bool {
        self.0 == 0.0
    }
}

real!(
    /// Spins flipped per site between configurations by clusters.
    Spacing,
    |spacing| spacing > 0.0 && spacing <= 1000.0,
    "must be above 0 and at most 1000"
);

/// One or more rising values.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Rising<T>(Vec<T>);

impl<T> Deref for Rising<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Clone> Rising<T> {
    /// The largest value.
    pub fn last(&self) -> T {
        self.0[self.0.len() - 1].clone()
    }
}

impl<'de, T: Deserialize<'de> + PartialOrd> Deserialize<'de> for Rising<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let values = Vec::<T>::deserialize(from)?;
        if !values.is_empty() && values.windows(2).all(|pair| pair[0] < pair[1]) {
            return Ok(Self(values));
        }
        Err(D::Error::custom("must be one or more numbers that rise"))
    }
}

/// A list of `A` to `B` values.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct List<T, const A: usize, const B: usize>(Vec<T>);

impl<T, const A: usize, const B: usize> Deref for List<T, A, B> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>, const A: usize, const B: usize> Deserialize<'de> for List<T, A, B> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let values = Vec::<T>::deserialize(from)?;
        if (A..=B).contains(&values.len()) {
            return Ok(Self(values));
        }
        Err(D::Error::custom(format!("must be {A} to {B} values, there are {}", values.len())))
    }
}

impl<T, const B: usize> Default for List<T, 0, B> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Value named by a text, such as `"gaussian:0.5"`; it is written as it was read.
#[derive(Clone, Debug)]
pub struct Named<T> {
    text: String,
    value: T,
}

impl<T> Named<T> {
    /// Text as written in the settings.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl<T: FromStr> Named<T> {
    /// The value that `text` names.
    ///
    /// # Errors
    /// As that of the type.
    pub fn of(text: String) -> Result<Self, T::Err> {
        Ok(Self { value: text.parse()?, text })
    }
}

impl<T> Deref for Named<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(to)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let value = text.parse().map_err(|error: T::Err| {
            // The library's message names the value, and so does the refusal of the setting: `rule "x": must be ...`.
            let error = error.to_string();
            D::Error::custom(error.split_once(&format!("\"{text}\": ")).map_or(error.as_str(), |(_, why)| why))
        })?;
        Ok(Self { text, value })
    }
}

/// A setting whose value `"auto"` leaves the choice to the program.
#[derive(Clone, Debug)]
pub enum Auto<T> {
    Auto,
    Is(T),
}

impl<T: FromStr> FromStr for Auto<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text == "auto" { Ok(Self::Auto) } else { text.parse().map(Self::Is) }
    }
}

/// Plain values of validated ones.
pub fn plain<T: Deref<Target: Clone>>(values: &[T]) -> Vec<T::Target> {
    values.iter().map(|value| (**value).clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rgflow::rg::block_spin::Rule;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct All {
        part: Part,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Part {
        n: Within<2, 5>,
        layers: List<Within<1, 9>, 0, 2>,
        rates: Rising<Positive>,
        kind: Kind,
        rules: List<Named<Rule>, 1, 2>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Exact,
        Wolff,
    }

    fn refused(change: &str) -> String {
        let mut table: toml::Table =
            "[part]\nn = 3\nlayers = [4]\nrates = [0.1, 0.5]\nkind = \"exact\"\nrules = [\"majority\"]\n"
                .parse()
                .unwrap();
        assert_eq!(*parse::<All>(&table).unwrap().part.n, 3);
        let change: toml::Table = change.parse().unwrap();
        table["part"].as_table_mut().unwrap().extend(change);
        let (all, one) = (parse::<All>(&table).unwrap_err(), part::<Part>(&table, "part").unwrap_err());
        assert_eq!(all, one);
        all
    }

    #[test]
    fn refusals_name_key_value_and_what_is_allowed() {
        assert_eq!(refused("n = 6"), "part.n = 6: must be 2 to 5");
        assert_eq!(refused("n = -1"), "part.n = -1: must be 2 to 5");
        assert_eq!(refused("layers = [4, 0]"), "part.layers[1] = 0: must be 1 to 9");
        assert_eq!(refused("layers = [4, 4, 4]"), "part.layers = [4, 4, 4]: must be 0 to 2 values, there are 3");
        assert_eq!(refused("rates = [0.5, 0.1]"), "part.rates = [0.5, 0.1]: must be one or more numbers that rise");
        assert_eq!(refused("rates = [-0.5]"), "part.rates[0] = -0.5: must be a positive number");
        assert_eq!(refused("kind = \"heat\""), "part.kind = \"heat\": must be \"exact\" or \"wolff\"");
        assert_eq!(
            refused("rules = [\"majority\", \"hard\"]"),
            "part.rules[1] = \"hard\": must be majority, decimation, or soft:K with K above 0 such as soft:0.5"
        );
    }

    #[test]
    fn values_serialise_as_they_are() {
        let part: Part =
            toml::from_str("n = 3\nlayers = []\nrates = [1.5]\nkind = \"wolff\"\nrules = [\"soft:0.50\"]\n").unwrap();
        let json = serde_json::to_string(&(part.n, &part.layers, &part.rates, &part.rules)).unwrap();
        assert_eq!(json, "[3,[],[1.5],[\"soft:0.50\"]]");
        assert_eq!(*part.rules[0], Rule::Soft(0.5));
    }
}
