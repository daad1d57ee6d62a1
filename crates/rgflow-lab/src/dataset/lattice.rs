//! Which lattice the samples of a file are on: by its name, else the only one of so many extents and neighbours.

use rgflow::lattice::{Family, Geometry};

/// Name of the array, and of the key in metadata, that names the lattice.
pub const LATTICE_NAME: &str = "lattice_name";

/// The lattice of samples, as their file says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sites {
    /// Its name where the file has it.
    pub name: Option<String>,
    /// Extents, fastest first.
    pub extents: Vec<usize>,
    /// Number of neighbours of a site.
    pub coordination: u32,
}

/// As files of every version have it in metadata: `[extents, coordination]`; the name has a key of its own.
impl serde::Serialize for Sites {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.extents, self.coordination).serialize(serializer)
    }
}

impl Sites {
    /// The lattice of the library's list that this is, if it is one.
    pub fn family(&self) -> Option<Family> {
        let coordination = Some(f64::from(self.coordination));
        family(self.name.as_deref(), self.extents.len(), coordination).ok().map(|(family, _)| family)
    }

    /// Extents, fastest first, if its cells are square: a ring, a square or a cubic lattice.
    pub fn square_cells(&self) -> Option<Vec<usize>> {
        let square = self.family().is_some_and(|family| family.is_hypercubic);
        (square && self.extents.iter().all(|l| *l >= 2)).then(|| self.extents.clone())
    }

    /// In words, such as `square 6 x 6`.
    pub fn title(&self) -> String {
        let list = self.extents.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ");
        match (self.family(), &self.name) {
            (Some(family), _) => format!("{} {list}", family.name),
            (None, Some(name)) => format!("{name} {list}"),
            (None, None) => format!("lattice {list} of {} neighbours", self.coordination),
        }
    }
}

/// The lattice that a file means by its `name`, the number of its extents and its `coordination` (2 d where it does not
/// say), with a note where it has no name.
///
/// # Errors
/// A sentence with the remedy, if the name is unknown or contradicts the numbers, or if without a name no lattice or
/// several have them.
pub fn family(
    name: Option<&str>,
    dimension: usize,
    coordination: Option<f64>,
) -> Result<(Family, Option<String>), String> {
    let neighbours = coordination.unwrap_or(2.0 * dimension as f64);
    let fits = |family: &Family| family.dimension == dimension && family.coordination as f64 == neighbours;
    if let Some(name) = name {
        let known = Geometry::family(name).map_err(|e| format!("`{LATTICE_NAME}`: {e}"))?;
        if known.dimension != dimension || coordination.is_some() && !fits(&known) {
            return Err(format!(
                "`{LATTICE_NAME}` is {name}, of {} extents and {} neighbours, but `lattice` has {dimension} and \
                 `coordination` is {neighbours}; correct one of them",
                known.dimension, known.coordination
            ));
        }
        return Ok((known, None));
    }
    let candidates: Vec<&Family> = Geometry::ALL.iter().filter(|family| fits(family)).collect();
    match candidates[..] {
        [one] => {
            let note = format!(
                "names no lattice: the {} lattice is taken, the only one of {dimension} extent(s) and {neighbours} \
                 neighbours; another is said by {LATTICE_NAME}",
                one.name
            );
            Ok((*one, Some(note)))
        }
        [] => Err(format!(
            "`lattice` has {dimension} extents and {neighbours} neighbours: no lattice that is known; there are {}",
            Geometry::names()
        )),
        [..] => {
            let names: Vec<&str> = candidates.iter().map(|family| family.name).collect();
            Err(format!(
                "`lattice` has {dimension} extents and {neighbours} neighbours, as {} have; say which by an array \
                 {LATTICE_NAME}",
                names.join(" and ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_believed_and_numbers_taken_where_they_say_enough() {
        assert_eq!(family(Some("triangular"), 2, Some(6.0)).unwrap(), (Geometry::family("triangular").unwrap(), None));
        assert_eq!(family(Some("triangular"), 2, None).unwrap().0.name, "triangular");
        for (name, dimension, coordination, part) in [
            (Some("kagome"), 2, None, "kagome"),
            (Some("cubic"), 2, None, "3 extents"),
            (Some("square"), 2, Some(6.0), "4 neighbours"),
            (None, 2, Some(5.0), "no lattice that is known"),
            (None, 4, None, "no lattice that is known"),
        ] {
            let error = family(name, dimension, coordination).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let (old, note) = family(None, 2, None).unwrap();
        assert!(old.name == "square" && note.is_some_and(|note| note.contains("the square lattice is taken")));
    }
}
