//! Kinds of units. A new kind is a file with its [`Kind`] and a line in the list below.
//!
//! A unit a in the field z has the weight exp(z a - e(a)): e = 0 for discrete units, e = a^2 / (2 sigma^2) for Gaussian
//! ones.

mod categorical;
mod gaussian;
mod noise;
mod sites;
mod two_valued;

pub(super) use noise::Noise;
pub use sites::Sites;

use super::RbmError;
use crate::kernel::lines::Line;
use crate::random::Bulk;
use ndarray::ArrayView1;
use std::fmt;
use std::str::FromStr;

/// A kind of units, as the layers of a machine use it. A field z is the bias and what the other layer adds; rows are of
/// `n` units.
trait Kind: Sized + Clone + fmt::Display {
    /// Name of the kind in messages.
    const NAME: &'static str;
    /// The texts that [`Kind::parse`] takes, for messages.
    const TEXTS: &'static str;
    /// Texts of several units of the kind, of any number in a layer that [`Kind::fits`] takes: tests run over them.
    const EXAMPLES: &'static [&'static str];

    /// The units that `text` names, if it is of this kind.
    fn parse(text: &str) -> Option<Result<Self, RbmError>>;

    /// Refuses a layer ("visible" or "hidden") of another number of units than it can have.
    fn fits(&self, _layer: &'static str, _n: usize) -> Result<(), RbmError> {
        Ok(())
    }

    /// The two values of a unit: where both layers have them, states are held as bits.
    fn levels(&self) -> Option<Levels> {
        None
    }

    /// The states of discrete units.
    fn sites(&self) -> Option<Sites> {
        None
    }

    /// The variances of units that are normal at fixed other layer.
    fn variances(&self, _n: usize) -> Option<Vec<f64>> {
        None
    }

    /// The first unit of a row of data with a value that such units cannot learn from.
    fn misfit(&self, row: ArrayView1<f32>) -> Option<usize>;

    /// Replaces the fields `z` of rows by the means of the units.
    fn mean(&self, n: usize, z: &mut [f32]);

    /// Replaces the fields of the units of a layer, of a group of samples, by their means.
    fn mean_of_lanes(&self, z: &mut [Line]);

    /// The means of the units of a layer in the fields `z`, in f64.
    fn mean_wide(&self, z: &[f64], means: &mut [f64]);

    /// Sum over the sites of a layer of ln (sum over their states of exp(z a - e(a))), or the integral over a.
    fn ln_sum(&self, z: &[f64]) -> f64;

    /// Sum of the units' own energies e(a).
    fn own_energy(&self, _values: impl Iterator<Item = f32>) -> f64 {
        0.0
    }

    /// The probabilities of the states of a site of discrete units in the fields `z`. What is no probability stays.
    fn site_law(&self, _z: &[f64], _p: &mut [f64]) {}

    /// Replaces the fields `z` of rows by draws of the units.
    fn draw(&self, n: usize, z: &mut [f32], noise: &mut Noise, random: &mut Bulk);

    /// The term that [`Kind::biases`] sums: a value on the unit's own scale.
    fn share(&self, value: f32) -> f64 {
        value.into()
    }

    /// The biases that give each unit the mean it has in `samples` samples with these sums of [`Kind::share`], without
    /// weights.
    fn biases(&self, shares: &[f64], samples: usize) -> Vec<f32>;

    /// Laws of independent units of the means and sums of squared deviations of `n` samples.
    fn laws(&self, n: f64, means: &[f64], squares: &[f64]) -> Vec<(f64, f64)>;

    /// ln p of the value of a unit under one of [`Kind::laws`]: those of a row add up.
    fn ln_p(&self, value: f32, law: (f64, f64)) -> f64;

    /// The kind of a layer of the units `units` of a layer of this kind.
    fn select(&self, _units: &[usize]) -> Self {
        self.clone()
    }

    /// How values of these units are those of the units `to`, if each state has one that corresponds.
    fn map_to(&self, to: &Self, n: usize) -> Option<Map>;
}

/// x = scale x' + shift for each unit of a layer, and ln of the product of the scales where they are of densities.
pub(super) struct Map {
    pub(super) scale: Vec<f64>,
    pub(super) shift: Vec<f64>,
    pub(super) ln_volume: f64,
}

/// A number of a list in a text.
fn number(text: &str) -> Option<f32> {
    text.trim().parse().ok()
}

macro_rules! kinds {
    ($($name:ident($kind:ident) of $file:ident: $what:literal),* $(,)?) => {
        $(pub use $file::$kind;)*

        /// The kind of the units of a layer.
        ///
        /// ```
        /// use rgflow::rbm::Units;
        /// let units: Units = "binary".parse()?;
        /// assert_eq!(units, Units::BINARY);
        /// assert_eq!(Units::two_valued(-1.0, 1.0)?, Units::SPIN);
        /// assert_eq!(Units::gaussian(0.5)?.to_string(), "gaussian:0.5");
        /// assert!("1,0".parse::<Units>().is_err());
        /// # Ok::<(), rgflow::rbm::RbmError>(())
        /// ```
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Units {
            $(#[doc = $what] $name($kind)),*
        }

        /// The texts of all kinds.
        const TEXTS: &[&str] = &[$($kind::TEXTS),*];

        impl Units {
            /// Some units of every kind, which any layer of a multiple of a site's units can have.
            ///
            /// ```
            /// use rgflow::rbm::Units;
            /// assert!(Units::examples().contains(&Units::SPIN));
            /// ```
            pub fn examples() -> Vec<Self> {
                [$($kind::EXAMPLES),*].concat().iter().filter_map(|text| text.parse().ok()).collect()
            }

            /// The name of the kind, such as "Gaussian".
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$name(_) => $kind::NAME),* }
            }

            /// The two values, if the units are two-valued.
            pub fn levels(&self) -> Option<Levels> {
                match self { $(Self::$name(kind) => kind.levels()),* }
            }

            /// The states, if the units are discrete.
            pub fn sites(&self) -> Option<Sites> {
                match self { $(Self::$name(kind) => kind.sites()),* }
            }

            /// The first unit of a row of data with a value that such units cannot learn from. Of discrete units,
            /// values between states may be means.
            pub fn misfit(&self, row: ArrayView1<f32>) -> Option<usize> {
                match self { $(Self::$name(kind) => kind.misfit(row)),* }
            }

            pub(super) fn variances(&self, n: usize) -> Option<Vec<f64>> {
                match self { $(Self::$name(kind) => kind.variances(n)),* }
            }

            pub(super) fn fits(&self, layer: &'static str, n: usize) -> Result<(), RbmError> {
                match self { $(Self::$name(kind) => kind.fits(layer, n)),* }
            }

            pub(super) fn mean(&self, n: usize, z: &mut [f32]) {
                match self { $(Self::$name(kind) => kind.mean(n, z)),* }
            }

            pub(super) fn mean_of_lanes(&self, z: &mut [Line]) {
                match self { $(Self::$name(kind) => kind.mean_of_lanes(z)),* }
            }

            pub(super) fn mean_wide(&self, z: &[f64], means: &mut [f64]) {
                match self { $(Self::$name(kind) => kind.mean_wide(z, means)),* }
            }

            pub(super) fn ln_sum(&self, z: &[f64]) -> f64 {
                match self { $(Self::$name(kind) => kind.ln_sum(z)),* }
            }

            pub(super) fn own_energy(&self, values: impl Iterator<Item = f32>) -> f64 {
                match self { $(Self::$name(kind) => kind.own_energy(values)),* }
            }

            pub(super) fn site_law(&self, z: &[f64], p: &mut [f64]) {
                match self { $(Self::$name(kind) => kind.site_law(z, p)),* }
            }

            pub(super) fn draw(&self, n: usize, z: &mut [f32], noise: &mut Noise, random: &mut Bulk) {
                match self { $(Self::$name(kind) => kind.draw(n, z, noise, random)),* }
            }

            /// The kind of a layer of the units `units` of a layer of this kind.
            pub(super) fn select(&self, units: &[usize]) -> Self {
                match self { $(Self::$name(kind) => Self::$name(kind.select(units))),* }
            }

            pub(super) fn share(&self, value: f32) -> f64 {
                match self { $(Self::$name(kind) => kind.share(value)),* }
            }

            pub(super) fn biases(&self, shares: &[f64], samples: usize) -> Vec<f32> {
                match self { $(Self::$name(kind) => kind.biases(shares, samples)),* }
            }

            pub(super) fn laws(&self, n: f64, means: &[f64], squares: &[f64]) -> Vec<(f64, f64)> {
                match self { $(Self::$name(kind) => kind.laws(n, means, squares)),* }
            }

            pub(super) fn ln_p(&self, value: f32, law: (f64, f64)) -> f64 {
                match self { $(Self::$name(kind) => kind.ln_p(value, law)),* }
            }

            pub(super) fn map_to(&self, to: &Self, n: usize) -> Option<Map> {
                match (self, to) {
                    $((Self::$name(from), Self::$name(to)) => from.map_to(to, n),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for Units {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                match self { $(Self::$name(kind) => kind.fmt(f)),* }
            }
        }

        impl FromStr for Units {
            type Err = RbmError;

            /// "spin", "binary", "LOW,HIGH", "gaussian" (sigma = 1), "gaussian:SIGMA", "gaussian:SIGMA,SIGMA,...",
            /// "categorical:STATES"; the error for any other names all.
            fn from_str(text: &str) -> Result<Self, RbmError> {
                $(if let Some(kind) = $kind::parse(text.trim()) {
                    return kind.map(Self::$name);
                })*
                Err(RbmError::UnitsText(text.to_owned()))
            }
        }
    };
}

kinds! {
    TwoValued(Levels) of two_valued: "Two values; P(high) = sigmoid(delta z) in the field z.",
    Gaussian(Widths) of gaussian: "Real values; normal of mean sigma^2 z and standard deviation sigma in the field z.",
    Categorical(Categories) of categorical: "Sites of q states, as q units of which one is 1: softmax of their fields.",
}

/// The texts that name units, for messages.
pub(super) fn texts() -> String {
    TEXTS.join(", ")
}

impl Units {
    /// Lowest and highest value of a unit; `None` where any real number is one.
    pub fn range(&self) -> Option<(f32, f32)> {
        self.sites().map(|sites| sites.range())
    }

    /// Refuses a row of data, number `sample`, that such units cannot learn from.
    ///
    /// # Errors
    /// [`RbmError::Data`], or [`RbmError::Site`] where a state takes several units.
    ///
    /// ```
    /// use rgflow::rbm::Units;
    /// let error = Units::BINARY.check(3, ndarray::array![0.0f32, 2.0].view()).unwrap_err().to_string();
    /// assert!(error.starts_with("sample 3, unit 1 = 2"), "{error}");
    /// ```
    pub fn check(&self, sample: usize, row: ArrayView1<f32>) -> Result<(), RbmError> {
        self.misfit(row).map_or(Ok(()), |unit| Err(self.refusal(sample, unit, row)))
    }

    /// Why the value of `unit` in the row `sample` cannot be.
    pub(super) fn refusal(&self, sample: usize, unit: usize, row: ArrayView1<f32>) -> RbmError {
        let (low, high) = self.range().unwrap_or((f32::MIN, f32::MAX));
        let (value, units) = (row[unit], self.to_string());
        match self.sites().map_or(1, |sites| sites.width()) {
            1 => RbmError::Data { sample, unit, value, units, low, high },
            width => {
                let values = row.iter().skip(unit / width * width).take(width).copied().collect();
                RbmError::Site { sample, site: unit / width, values, units }
            }
        }
    }

    /// The difference of the extreme values of discrete units, two standard deviations of the widest of normal ones.
    pub(super) fn span(&self, n: usize) -> f64 {
        match (self.range(), self.variances(n)) {
            (Some((low, high)), _) => f64::from(high - low),
            (None, variances) => 2.0 * variances.into_iter().flatten().fold(0.0, f64::max).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use ndarray::Array2;

    #[test]
    fn kinds_are_parsed_and_printed() {
        let examples = Units::examples();
        for text in [Levels::EXAMPLES, Widths::EXAMPLES, Categories::EXAMPLES].concat() {
            let units: Units = text.parse().unwrap();
            assert!(units.to_string() == text && examples.contains(&units), "{text}");
        }
        for text in ["", "spins", "0,1,2", "0", "gaussian:", "gaussian:x"] {
            let error = text.parse::<Units>().unwrap_err();
            assert!(matches!(error, RbmError::UnitsText(_)) && error.to_string().contains("LOW,HIGH"), "{text}");
        }
    }

    /// Null: draws have the means that the kind says, and discrete ones are states with the probabilities it says.
    /// 40,000 draws of each of six units or more of every kind, seed 1: |z| < 5.5 (p < 4e-8 each).
    #[test]
    fn draws_have_the_means_of_their_kind() {
        let rows = 40_000;
        for units in Units::examples() {
            let sites = units.sites();
            let n = 6usize.next_multiple_of(sites.as_ref().map_or(1, Sites::width));
            let fields: Vec<f32> = (0..n).map(|i| (i as f32 * 1.7).sin()).collect();
            let mut drawn = Array2::from_shape_fn((rows, n), |(_, i)| fields[i]);
            let mut random = Streams::new(1).bulk("test/draws", 0);
            units.draw(n, drawn.as_slice_mut().unwrap(), &mut Noise::default(), &mut random);
            let (mut mean, mut wide) = (fields.clone(), vec![0.0; n]);
            units.mean(n, &mut mean);
            let z: Vec<f64> = fields.iter().map(|z| f64::from(*z)).collect();
            units.mean_wide(&z, &mut wide);
            let mut lanes: Vec<Line> = fields.iter().map(|z| Line([*z; 16])).collect();
            units.mean_of_lanes(&mut lanes);
            for i in 0..n {
                let column = drawn.column(i);
                let seen = column.iter().map(|v| f64::from(*v)).sum::<f64>() / rows as f64;
                let variance = column.iter().map(|v| (f64::from(*v) - seen).powi(2)).sum::<f64>() / rows as f64;
                let z = (seen - wide[i]) / (variance / rows as f64).sqrt();
                assert!(z.abs() < 5.5, "{units}, unit {i}: {seen} against {}", wide[i]);
                for narrow in [mean[i], lanes[i].0[5]] {
                    assert!((f64::from(narrow) - wide[i]).abs() < 1e-5 * (1.0 + wide[i].abs()), "{units}, unit {i}");
                }
            }
            let Some(sites) = sites else { continue };
            assert!(drawn.rows().into_iter().all(|row| sites.misfit(row).is_none()), "{units}");
            let (width, mut p) = (sites.width(), vec![0.0; sites.states()]);
            units.site_law(&z[..width], &mut p);
            for (state, p) in p.iter().enumerate() {
                let values = sites.values(state);
                let seen = drawn.rows().into_iter().filter(|row| row.iter().zip(values).all(|(a, b)| a == b)).count();
                let error = (p * (1.0 - p) / rows as f64).sqrt();
                assert!((seen as f64 / rows as f64 - p).abs() < 5.5 * error, "{units}, state {state}");
            }
        }
    }

    #[test]
    fn states_are_numbered_site_by_site() {
        for sites in Units::examples().iter().filter_map(Units::sites) {
            let n = 3 * sites.width();
            let count = sites.count(n).unwrap();
            assert!((sites.ln_count(n) - (count as f64).ln()).abs() < 1e-12);
            for index in 0..count {
                let row = sites.layer(index, n);
                assert_eq!((row.len(), sites.index(&row)), (n, Some(index)));
            }
            for bits in [1usize, 2, 3, 12, 20, 25] {
                let most = sites.most_units(bits);
                assert!(sites.count(most).unwrap() <= 1 << bits);
                assert!(sites.count(most + sites.width()).unwrap() > 1 << bits);
            }
        }
        assert_eq!(Units::BINARY.sites().unwrap().most_units(2048), 2048);
    }
}
