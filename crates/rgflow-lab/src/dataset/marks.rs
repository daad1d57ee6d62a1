//! Marks of unknown values: a file of their own, or a value that stands for them.

use super::content::{Content, Format};
use super::{Dataset, Options, Values};
use crate::artifact::{Error, npy, npz, user_file};
use ndarray::Array2;
use std::path::Path;

/// Which values of samples are unknown. They are replaced by a known value of the file, `low` if it has none, so that
/// the rest is read as if they were not there.
#[derive(Clone, Debug)]
pub enum Unknown {
    /// Those equal to `value` before the scale divides them; NaN also stands for empty cells of text.
    Value {
        /// The value.
        value: f64,
        /// Value where all are unknown.
        low: f32,
    },
    /// Those that `marks` says: one for each value, or for each value of a sample.
    Marked {
        /// The marks, in the order of the values.
        marks: Vec<bool>,
        /// Name of their file, for messages.
        of: String,
        /// Value where all are unknown.
        low: f32,
    },
}

impl Unknown {
    /// Whether empty cells of text are unknown values.
    pub(super) fn is_nan(&self) -> bool {
        matches!(self, Self::Value { value, .. } if value.is_nan())
    }

    /// Replaces the unknown ones among `values`, which were divided by `scale`, and returns their marks.
    pub(super) fn take(&self, values: &mut Values, scale: f64) -> Result<Array2<bool>, String> {
        let (n, units) = values.dim();
        let (marks, low) = match self {
            Self::Value { value, low } => {
                let wanted = if scale == 1.0 { *value as f32 } else { *value as f32 / scale as f32 };
                let is = |v: f32| v == wanted || v.is_nan() && wanted.is_nan();
                (Array2::from_shape_fn((n, units), |(row, unit)| is(values.at(row, unit))), *low)
            }
            Self::Marked { marks, of, low } if marks.len() == n * units || marks.len() == units => {
                let at = |(row, unit): (usize, usize)| marks[(row * units + unit) % marks.len()];
                (Array2::from_shape_fn((n, units), at), *low)
            }
            Self::Marked { marks, of, .. } => {
                return Err(format!(
                    "{n} samples of {units} values, but {of} holds {} marks; give one for each value, or one for each \
                     of the {units} values of a sample",
                    marks.len()
                ));
            }
        };
        if !marks.iter().any(|u| *u) {
            return Ok(marks);
        }
        let mut real = values.rows(&(0..n).collect::<Vec<_>>());
        let known = real.iter().zip(&marks).find(|(v, u)| !**u && v.is_finite()).map_or(low, |(v, _)| *v);
        real.iter_mut().zip(&marks).filter(|(_, u)| **u).for_each(|(v, _)| *v = known);
        *values = real.into();
        Ok(marks)
    }
}

/// Marks in the file `path`, in the order of its values: 1 or true for unknown, 0 or false for known.
///
/// # Errors
/// [`Error::User`] if it cannot be read or holds other values.
pub fn read_marks(path: &Path) -> Result<Vec<bool>, Error> {
    let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
    let content = Content::open(path)?;
    let values: Vec<f32> = match content.format {
        Format::Npy => {
            let mut from = content.reader()?;
            let header = npy::Header::read(&mut from).map_err(wrong)?;
            npy::numbers(&header, &mut from, content.len(), |v| v as f32).map_err(wrong)?.into_iter().collect()
        }
        Format::Npz => {
            let mut file = npz::Reader::of(path, content.reader()?).map_err(user_file::blame)?;
            let names = file.names();
            let name = match &names[..] {
                [one] => one,
                names => names.iter().find(|name| ["mask", "unknown"].contains(&name.as_str())).ok_or_else(|| {
                    wrong(format!("holds {} arrays and none called mask; write the marks alone", names.len()))
                })?,
            };
            file.numbers(name, |v| v as f32).map_err(user_file::blame)?.into_iter().collect()
        }
        Format::Text | Format::Idx => {
            drop(content);
            let data = Dataset::read(path, &Options { real: true, reads_labels: false, ..Options::default() })?;
            let all: Vec<usize> = (0..data.n_samples()).collect();
            data.values.rows(&all).into_iter().collect()
        }
    };
    match values.iter().find(|v| **v != 0.0 && **v != 1.0) {
        Some(v) => Err(wrong(format!(
            "holds {v}: marks are 1 (or true) where a value is unknown and 0 (or false) where it is known"
        ))),
        None => Ok(values.into_iter().map(|v| v == 1.0).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    #[test]
    fn unknown_values_are_marked_and_replaced_by_known_ones() {
        let read = |values: Array2<f32>, unknown: Unknown, scale: f64| {
            let mut values = Values::from(values);
            let marks = unknown.take(&mut values, scale).unwrap();
            (values, marks)
        };
        let nan = f32::NAN;
        let (values, marks) =
            read(arr2(&[[nan, 1.0], [-1.0, nan]]), Unknown::Value { value: f64::NAN, low: -1.0 }, 1.0);
        assert_eq!(marks, arr2(&[[true, false], [false, true]]));
        assert_eq!(values, Values::States(arr2(&[[1, 1], [-1, 1]])));
        // 255 of bytes of grey, divided by 255; all unknown.
        let (values, marks) = read(arr2(&[[1.0, 0.2]]), Unknown::Value { value: 255.0, low: 0.0 }, 255.0);
        assert!(marks == arr2(&[[true, false]]) && values == Values::Real(arr2(&[[0.2, 0.2]])));
        let (values, _) = read(arr2(&[[9.0, 9.0]]), Unknown::Value { value: 9.0, low: -1.0 }, 1.0);
        assert_eq!(values, Values::States(arr2(&[[-1, -1]])));
        // A row of marks is that of every sample.
        let of = |marks: &[bool]| Unknown::Marked { marks: marks.to_vec(), of: "m.npy".into(), low: 0.0 };
        let (values, marks) = read(arr2(&[[0.0, 7.0], [1.0, 8.0]]), of(&[false, true]), 1.0);
        assert!(marks == arr2(&[[false, true], [false, true]]) && values == Values::States(arr2(&[[0, 0], [1, 0]])));
        let error = of(&[true; 3]).take(&mut Values::from(arr2(&[[0.0f32, 1.0]])), 1.0).unwrap_err();
        assert!(error.contains("m.npy holds 3 marks"), "{error}");
    }
}
