//! Quantities: a value with error, interval and n_eff at every place of named dimensions, defined once. Numbers, cells,
//! curves, maps, verdicts and claims are made from them.

use super::combined::{Combined, Measured, fraction, over_seeds};
use super::{Dimension, Number, Numbers};
use rgflow::statistics::{Estimate, Fraction};

/// A quantity over `N` dimensions.
#[derive(Clone, Debug)]
pub struct Quantity<const N: usize> {
    extents: [usize; N],
    /// Numbers, the last dimension fastest.
    numbers: Vec<Number>,
}

impl<const N: usize> Quantity<N> {
    /// The quantity `of` each place. In `key` and `what`, `{NAME}` stands for the place on the dimension of that name.
    /// A quantity that is only shown has an empty key: it is not listed in the results.
    ///
    /// # Panics
    /// If braces name no dimension.
    pub fn new(
        key: &str,
        dimensions: [&Dimension; N],
        unit: &str,
        what: &str,
        of: impl Fn([usize; N]) -> Combined,
    ) -> Self {
        Self::from_numbers(dimensions, |place| {
            let [key, what] = name([key, what], dimensions, place);
            of(place).number(key, unit, &what)
        })
    }

    /// A quantity that is known exactly, or a count.
    ///
    /// # Panics
    /// If braces name no dimension.
    pub fn exact(
        key: &str,
        dimensions: [&Dimension; N],
        unit: &str,
        what: &str,
        of: impl Fn([usize; N]) -> f64,
    ) -> Self {
        Self::from_numbers(dimensions, |place| {
            let [key, what] = name([key, what], dimensions, place);
            Number::new(key, of(place), None, unit, what)
        })
    }

    /// The quantity made of the number `of` each place.
    pub fn from_numbers(dimensions: [&Dimension; N], of: impl Fn([usize; N]) -> Number) -> Self {
        let numbers = places(dimensions).map(of).collect();
        Self { extents: dimensions.map(Dimension::len), numbers }
    }

    /// Replaces each number by `change` of it, such as a comparison, or a number without a key where it is not to be
    /// listed.
    pub fn map(mut self, change: impl Fn([usize; N], Number) -> Number) -> Self {
        let changed = self.numbers.into_iter().enumerate().map(|(i, number)| change(unravel(i, self.extents), number));
        self.numbers = changed.collect();
        self
    }

    /// Number at a place.
    ///
    /// # Panics
    /// If a dimension has no such place.
    pub fn at(&self, place: impl Places<N>) -> &Number {
        let place = place.places();
        let inside = place.iter().zip(self.extents).all(|(place, extent)| *place < extent);
        assert!(inside, "place {place:?} of a quantity of {:?} places", self.extents);
        &self.numbers[place.iter().zip(self.extents).fold(0, |i, (place, extent)| i * extent + place)]
    }

    /// All its numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Number> {
        self.numbers.iter()
    }
}

/// All places of the dimensions, the last fastest.
pub fn places<const N: usize>(dimensions: [&Dimension; N]) -> impl Iterator<Item = [usize; N]> {
    let extents = dimensions.map(Dimension::len);
    (0..extents.iter().product()).map(move |i| unravel(i, extents))
}

fn unravel<const N: usize>(mut i: usize, extents: [usize; N]) -> [usize; N] {
    let mut place = [0; N];
    for (at, extent) in place.iter_mut().zip(extents).rev() {
        *at = i % extent;
        i /= extent;
    }
    place
}

/// Key and description with the names and words of a place filled in.
fn name<const N: usize>([mut key, mut what]: [&str; 2], dimensions: [&Dimension; N], place: [usize; N]) -> [String; 2] {
    let (mut names, mut words) = (String::new(), String::new());
    for (rest, full, of) in [
        (&mut key, &mut names, Dimension::key as fn(&Dimension, usize) -> &str),
        (&mut what, &mut words, Dimension::word),
    ] {
        while let Some((before, (inside, after))) =
            rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
        {
            let d = dimensions.iter().position(|d| d.name == inside);
            let d = d.unwrap_or_else(|| panic!("{{{inside}}} names no dimension of the quantity"));
            full.push_str(before);
            full.push_str(of(dimensions[d], place[d]));
            *rest = after;
        }
        full.push_str(rest);
    }
    [names, words]
}

/// A place on one dimension.
pub trait Place {
    /// Index of the place.
    fn place(self) -> usize;
}

impl Place for usize {
    fn place(self) -> usize {
        self
    }
}

/// Places on `N` dimensions: `place`, `(place, place)` ... or an array.
pub trait Places<const N: usize> {
    /// Index on each dimension.
    fn places(self) -> [usize; N];
}

impl<const N: usize> Places<N> for [usize; N] {
    fn places(self) -> [usize; N] {
        self
    }
}

impl Places<0> for () {
    fn places(self) -> [usize; 0] {
        []
    }
}

impl<A: Place> Places<1> for A {
    fn places(self) -> [usize; 1] {
        [self.place()]
    }
}

impl<A: Place, B: Place> Places<2> for (A, B) {
    fn places(self) -> [usize; 2] {
        [self.0.place(), self.1.place()]
    }
}

impl<A: Place, B: Place, C: Place> Places<3> for (A, B, C) {
    fn places(self) -> [usize; 3] {
        [self.0.place(), self.1.place(), self.2.place()]
    }
}

/// Findings of the repetitions of a run: quantities are their means, with errors over repetitions.
#[derive(Debug)]
pub struct Repeated<'a, F> {
    /// Prefix of keys, such as `sizes.`.
    prefix: &'a str,
    /// Findings, one per repetition.
    pub found: &'a [F],
    n_eff: f64,
}

impl<'a, F> Repeated<'a, F> {
    /// Findings `found` whose keys begin with `PREFIX.`.
    pub fn new(prefix: &'a str, found: &'a [F]) -> Self {
        Self { prefix, found, n_eff: 1.0 }
    }

    /// Sets the number of samples behind a single repetition.
    pub fn n_eff(self, n_eff: f64) -> Self {
        Self { n_eff, ..self }
    }

    /// The key `PREFIX.key`; an empty key stays empty.
    pub fn key(&self, key: &str) -> String {
        if key.is_empty() { String::new() } else { format!("{}.{key}", self.prefix) }
    }

    /// Mean over repetitions of the value `of` each.
    pub fn mean<S: Sample>(&self, of: impl Fn(&'a F) -> S) -> Combined {
        over_seeds(&self.found.iter().map(|found| of(found).sample()).collect::<Vec<_>>(), self.n_eff)
    }

    /// The quantity PREFIX.`key`: the mean over repetitions of the value `of` each at a place.
    ///
    /// # Panics
    /// As [`Quantity::new`].
    #[expect(clippy::too_many_arguments, reason = "the five of `Quantity::new`, with the findings")]
    pub fn quantity<S: Sample, const N: usize>(
        &self,
        key: &str,
        dimensions: [&Dimension; N],
        unit: &str,
        what: &str,
        of: impl Fn(&'a F, [usize; N]) -> S,
    ) -> Quantity<N> {
        Quantity::new(&self.key(key), dimensions, unit, what, |place| self.mean(|found| of(found, place)))
    }

    /// Fraction of the trials `of` all repetitions together; undefined if a repetition counts none.
    ///
    /// # Panics
    /// As [`Quantity::new`].
    pub fn fraction<const N: usize>(
        &self,
        key: &str,
        dimensions: [&Dimension; N],
        what: &str,
        of: impl Fn(&'a F, [usize; N]) -> Option<Fraction>,
    ) -> Quantity<N> {
        Quantity::new(&self.key(key), dimensions, "1", what, |place| {
            let counted: Option<Vec<Fraction>> = self.found.iter().map(|found| of(found, place)).collect();
            let sum = |read: fn(&Fraction) -> u64| counted.iter().flatten().map(read).sum();
            fraction(Fraction { yes: sum(|f| f.yes), of: sum(|f| f.of) })
        })
    }

    /// A quantity that is only shown.
    pub fn shown<S: Sample, const N: usize>(
        &self,
        dimensions: [&Dimension; N],
        of: impl Fn(&'a F, [usize; N]) -> S,
    ) -> Quantity<N> {
        self.quantity("", dimensions, "", "", of)
    }

    /// The number PREFIX.`key`: the mean over repetitions of the value `of` each.
    pub fn number<S: Sample>(&self, key: &str, unit: &str, what: &str, of: impl Fn(&'a F) -> S) -> Number {
        self.mean(of).number(self.key(key), unit, what)
    }
}

/// Contribution of one repetition to a quantity: a value, with its own error where it has one, or nothing.
pub trait Sample {
    /// Value and error (NaN if it has none).
    fn sample(self) -> Option<Measured>;
}

impl Sample for f64 {
    fn sample(self) -> Option<Measured> {
        Some((self, f64::NAN))
    }
}

impl Sample for usize {
    fn sample(self) -> Option<Measured> {
        (self as f64).sample()
    }
}

impl Sample for Measured {
    fn sample(self) -> Option<Measured> {
        Some(self)
    }
}

impl Sample for Estimate {
    fn sample(self) -> Option<Measured> {
        Some((self.value, self.error))
    }
}

impl<S: Sample> Sample for Option<S> {
    fn sample(self) -> Option<Measured> {
        self.and_then(S::sample)
    }
}

impl<const N: usize> Numbers for Quantity<N> {
    fn extent(&self, place: &[usize]) -> Option<usize> {
        self.extents.get(place.len()).copied()
    }

    fn list<'a>(&'a self, place: &[usize], to: &mut Vec<&'a Number>) {
        let begins = |i: &usize| unravel(*i, self.extents).starts_with(place);
        (0..self.numbers.len()).filter(begins).for_each(|i| self.numbers[i].list(&[], to));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ByPlace, Record};
    use super::*;

    fn dimensions() -> [Dimension; 2] {
        [Dimension::new("L", &[8usize, 16], |l| format!("L{l}")), Dimension::names("mode", ["gibbs", "mean"])]
    }

    #[test]
    fn a_quantity_is_said_once() {
        let [size, mode] = &dimensions();
        let over = Repeated::new("test", &[1.0, 3.0]);
        let at = |f: &f64, [l, m]: [usize; 2]| f + 10.0 * l as f64 + 100.0 * m as f64;
        let ends = over.quantity("{L}.{mode}.T_star", [size, mode], "J/k_B", "the {mode} flow at L = {L}", at);
        let number = ends.at((1, 0));
        assert_eq!((number.key.as_str(), number.value), ("test.L16.gibbs.T_star", Some(12.0)));
        assert!(number.how.starts_with("the gibbs flow at L = 16; mean over repetitions"), "{}", number.how);
        assert_eq!(size.curve("ends", |l| ends.at((l, 1))).y, [102.0, 112.0]);
        assert_eq!((size.curve("ends", |l| ends.at((l, 1))).x), [8.0, 16.0]);
        assert_eq!(size.list(|l| ends.at((l, 0)).value.unwrap_or(0.0)), "2, 12");
    }

    #[test]
    fn trials_of_all_repetitions_make_one_fraction() {
        let over = Repeated::new("test", &[1u64, 2]);
        let of = |yes: &u64| Some(Fraction { yes: *yes, of: 2 });
        let told = over.fraction("told", [], "told apart", |yes, []| of(yes));
        let number = told.at(());
        let [low, high] = number.confidence.unwrap();
        assert_eq!((number.value, number.n_eff, number.error), (Some(0.75), Some(4.0), Some(0.25 * (high - low))));
        let none = over.fraction("none", [], "", |yes, []| of(yes).filter(|f| f.yes > 1));
        assert_eq!(none.at(()).value, None);
    }

    #[test]
    fn numbers_are_listed_place_by_place() {
        let [size, mode] = &dimensions();
        let peak = Quantity::exact("{L}.peak", [size], "", "", |_| 0.0);
        let [t, e] =
            ["T", "E"].map(|of| Quantity::exact(&format!("{{L}}.{{mode}}.{of}"), [size, mode], "", "", |_| 0.0));
        // Numbers that are only shown are not listed.
        let e = e.map(|[_, m], number| if m == 1 { number.unlisted() } else { number });
        let ends = ByPlace(vec![&t, &e]);
        let mut record = Record::default();
        record.list(&[&ByPlace(vec![&peak, &ends])]);
        let keys: Vec<&str> = record.numbers.iter().map(|n| n.key.as_str()).collect();
        assert_eq!(keys[..5], ["L8.peak", "L8.gibbs.T", "L8.gibbs.E", "L8.mean.T", "L16.peak"]);
        assert_eq!(keys.len(), 8);
    }

    #[test]
    #[should_panic(expected = "{M} names no dimension")]
    fn a_key_of_an_unknown_dimension_is_a_bug() {
        Quantity::exact("{M}", [&dimensions()[0]], "", "", |_| 0.0);
    }
}
