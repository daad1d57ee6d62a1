//! Order in which numbers are listed in the results.

use super::Number;

/// Source of listed numbers: a quantity, or several that are listed together.
pub trait Numbers {
    /// Length of the dimension after those of `place`, if there is one.
    fn extent(&self, place: &[usize]) -> Option<usize>;

    /// The numbers at the places that begin with `place`, in order.
    fn list<'a>(&'a self, place: &[usize], to: &mut Vec<&'a Number>);
}

impl Numbers for Number {
    fn extent(&self, _: &[usize]) -> Option<usize> {
        None
    }

    fn list<'a>(&'a self, _: &[usize], to: &mut Vec<&'a Number>) {
        to.extend((!self.key.is_empty()).then_some(self));
    }
}

impl<T: Numbers> Numbers for Vec<T> {
    fn extent(&self, _: &[usize]) -> Option<usize> {
        None
    }

    fn list<'a>(&'a self, place: &[usize], to: &mut Vec<&'a Number>) {
        self.iter().for_each(|one| one.list(place, to));
    }
}

impl<T: Numbers> Numbers for Option<T> {
    fn extent(&self, place: &[usize]) -> Option<usize> {
        self.as_ref().and_then(|one| one.extent(place))
    }

    fn list<'a>(&'a self, place: &[usize], to: &mut Vec<&'a Number>) {
        self.iter().for_each(|one| one.list(place, to));
    }
}

/// Numbers interleaved by the next dimension, which all of them have.
pub struct ByPlace<'a>(pub Vec<&'a dyn Numbers>);

impl Numbers for ByPlace<'_> {
    fn extent(&self, place: &[usize]) -> Option<usize> {
        self.0.first()?.extent(place)
    }

    fn list<'a>(&'a self, place: &[usize], to: &mut Vec<&'a Number>) {
        for next in 0..self.extent(place).unwrap_or(0) {
            let place = [place, &[next]].concat();
            self.0.iter().for_each(|one| one.list(&place, to));
        }
    }
}

/// Numbers of the same dimensions, listed together at every place.
pub struct Grouped<'a>(pub Vec<&'a dyn Numbers>);

impl Numbers for Grouped<'_> {
    fn extent(&self, place: &[usize]) -> Option<usize> {
        self.0.first()?.extent(place)
    }

    fn list<'a>(&'a self, place: &[usize], to: &mut Vec<&'a Number>) {
        list_together(&self.0, place, to);
    }
}

/// Lists numbers of the same dimensions together at every place that begins with `place`.
pub fn list_together<'a>(all: &[&'a dyn Numbers], place: &[usize], to: &mut Vec<&'a Number>) {
    match all.first().and_then(|one| one.extent(place)) {
        None => all.iter().for_each(|one| one.list(place, to)),
        Some(n) => (0..n).for_each(|next| list_together(all, &[place, &[next]].concat(), to)),
    }
}
