//! Description of the samples behind a model or a file: values, scale, shape and lattice, to check that files used
//! together match.
//!
//! Models carry it in their metadata (`input`, or `lattice` in the experiments). Older files may lack it: what they do
//! say is checked, and the rest is reported as unchecked.

use super::lattice::{LATTICE_NAME, Sites};
use super::{Dataset, Kind};
use crate::artifact::Model;

/// Description of the samples that a file contains or was made for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Input {
    /// Name of the file, for messages.
    pub name: String,
    /// Kind of the values.
    pub kind: Option<Kind>,
    /// Divisor of the values.
    pub scale: Option<f64>,
    /// Shape of a sample without axes of length one; empty where it is not known.
    pub shape: Vec<usize>,
    /// The lattice.
    pub lattice: Option<Sites>,
    /// Field h in units of J.
    pub field: Option<f64>,
    /// The values of states that were coded one-hot.
    pub states: Option<Vec<i64>>,
}

/// Result of [`Input::agrees`]: the conversion of the other's values, if any, and notes on
/// what cannot be checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agreement {
    /// Factor and shift from the other's values to this one's.
    pub conversion: Option<(f32, f32)>,
    /// Notes, one sentence each.
    pub notes: Vec<String>,
}

fn sites(name: Option<&str>, (extents, coordination): (Vec<usize>, u32)) -> Sites {
    Sites { name: name.map(str::to_owned), extents, coordination }
}

impl Input {
    /// Reads the metadata of `model`, whose samples have `units` values; `name` is that of the file.
    ///
    /// # Errors
    /// A message, if they are contradictory or malformed.
    pub fn of_model(model: &Model, name: &str, units: usize) -> Result<Self, String> {
        let wrong = |key: &str, value: &serde_json::Value, rule: &str| {
            Err(format!("{name}: metadata `{key}` is {value}: {rule}; give a model that rgflow wrote"))
        };
        let mut said = Self { name: name.into(), ..Self::default() };
        let get = |of: &serde_json::Value, key: &str| of.get(key).filter(|v| !v.is_null()).cloned();
        let product = |l: &[usize]| l.iter().try_fold(1usize, |n, e| n.checked_mul(*e)) == Some(units);
        // Experiments write only extents; their lattices hold spins.
        if let Some(value) = get(&model.metadata, "lattice") {
            match serde_json::from_value::<Vec<usize>>(value.clone()) {
                Ok(l) if product(&l) => said.lattice = Some(sites(None, (l.clone(), 2 * l.len() as u32))),
                _ => return wrong("lattice", &value, &format!("expected extents of {units} sites")),
            }
            said.kind = Some(Kind::Spins);
        }
        let Some(input) = get(&model.metadata, "input") else { return Ok(said) };
        if !input.is_object() {
            return wrong("input", &input, "expected an object");
        }
        if let Some(value) = get(&input, "values") {
            said.kind = value.as_str().and_then(Kind::named);
            if said.kind.is_none() {
                return wrong("input.values", &value, "no kind of values that is known");
            }
        }
        if let Some(value) = get(&input, "scale") {
            said.scale = value.as_f64().filter(|s| *s > 0.0 && s.is_finite());
            if said.scale.is_none() {
                return wrong("input.scale", &value, "expected a positive number");
            }
        }
        if let Some(value) = get(&input, "states") {
            match serde_json::from_value::<Vec<i64>>(value.clone()) {
                Ok(states) => said.states = Some(states),
                Err(_) => return wrong("input.states", &value, "expected whole numbers"),
            }
        }
        if let Some(value) = get(&input, "field") {
            said.field = value.as_f64();
            if said.field.is_none() {
                return wrong("input.field", &value, "expected a number");
            }
        }
        if let Some(value) = get(&input, "shape") {
            match serde_json::from_value::<Vec<usize>>(value.clone()) {
                Ok(shape) if product(&shape) => said.shape = shape.into_iter().filter(|e| *e != 1).collect(),
                _ => return wrong("input.shape", &value, &format!("expected the shape of {units} values")),
            }
        }
        let named = get(&input, LATTICE_NAME);
        if let Some(value) = named.as_ref().filter(|value| !value.is_string()) {
            return wrong("input.lattice_name", value, "expected a name");
        }
        if let Some(value) = get(&input, "lattice") {
            match serde_json::from_value::<(Vec<usize>, u32)>(value.clone()) {
                Ok(numbers) if product(&numbers.0) => {
                    let name = named.as_ref().and_then(|name| name.as_str());
                    said.lattice = Some(sites(name, numbers));
                }
                _ => return wrong("input.lattice", &value, &format!("expected extents of {units} sites and a number")),
            }
        }
        Ok(said)
    }

    /// Description of `data`, whose values were divided by `scale`.
    pub fn of_data(data: &Dataset, scale: f64) -> Self {
        Self {
            name: data.path.display().to_string(),
            kind: Some(data.kind),
            scale: Some(scale),
            shape: data.shape.iter().copied().filter(|e| *e != 1).collect(),
            lattice: data.lattice.clone(),
            field: data.field,
            states: data.states.clone(),
        }
    }

    /// Extents of the lattice, fastest first, if it is hypercubic: a ring, a square or a cubic lattice.
    pub fn square_cells(&self) -> Option<Vec<usize>> {
        self.lattice.as_ref().and_then(Sites::square_cells)
    }

    /// The lattice as text, such as `square 6 x 6`.
    pub fn lattice_name(&self) -> Option<String> {
        self.lattice.as_ref().map(Sites::title)
    }

    /// Checks that the values of `other` are of the same kind.
    ///
    /// # Errors
    /// A message that names both files, their difference and the remedy.
    pub fn agrees(&self, other: &Self) -> Result<Agreement, String> {
        let mut agreement = Agreement::default();
        self.same_place(other, &mut agreement.notes)?;
        self.same_field(other, &mut agreement.notes)?;
        if let (Some(a), Some(b)) = (&self.states, &other.states)
            && a != b
        {
            return Err(format!(
                "{} codes the states {a:?}, {} the states {b:?}; give files of the same states",
                self.name, other.name
            ));
        }
        let (Some(own), Some(others)) = (self.kind, other.kind) else {
            let open = if self.kind.is_none() { self } else { other };
            agreement.notes.push(format!("{} does not say which values it is made for: not checked", open.name));
            return Ok(agreement);
        };
        let differ = |remedy: &str| {
            let (a, b) = (own.name(), others.name());
            Err(format!("{} is made of {a}, {} of {b}; {remedy}", self.name, other.name))
        };
        match (own, others) {
            (Kind::Spins, Kind::Spins) => return Ok(agreement),
            // (v + 1)/2 and 2 v - 1 are exact.
            (Kind::Bits, Kind::Spins) => agreement.conversion = Some((0.5, 0.5)),
            (Kind::Spins, Kind::Bits) => agreement.conversion = Some((2.0, -1.0)),
            (Kind::Spins, Kind::Grey) | (Kind::Grey, Kind::Spins) => return differ("give files of the same values"),
            (Kind::Real, Kind::Real) | (Kind::Bits | Kind::Grey, Kind::Bits | Kind::Grey) => {}
            (Kind::Real, _) | (_, Kind::Real) => {
                let (a, b) = (own.name(), others.name());
                agreement.notes.push(format!("{} is made of {a}, {} of {b}", self.name, other.name));
            }
        }
        let levels = |kind| matches!(kind, Kind::Grey | Kind::Real);
        if let (Some(a), Some(b)) = (self.scale, other.scale)
            && a != b
            && (levels(own) || levels(others))
        {
            let difference = format!("values of {} were divided by {a}, those of {} by {b}", self.name, other.name);
            // Grey levels not divided here were divided before.
            if own == Kind::Real || others == Kind::Real || (a != 1.0 && b != 1.0) {
                return Err(format!("{difference}; give files of one scale (--scale)"));
            }
            agreement.notes.push(difference);
        }
        if agreement.conversion.is_some() {
            let (a, b) = (own.name(), others.name());
            agreement
                .notes
                .push(format!("{} is made of {a}, {} of {b}: converted, which is exact", self.name, other.name));
        }
        Ok(agreement)
    }

    /// Refuses another field; a field given by only one of the files is noted unless it is 0.
    fn same_field(&self, other: &Self, notes: &mut Vec<String>) -> Result<(), String> {
        match (self.field, other.field) {
            (Some(a), Some(b)) if a != b => {
                Err(format!("{} is of the field {a}, {} of {b}; give files of one field", self.name, other.name))
            }
            (Some(h), None) | (None, Some(h)) if h != 0.0 => {
                let (known, open) = if self.field.is_some() { (self, other) } else { (other, self) };
                let text =
                    format!("{} does not say its field: that it is {h} as of {} is not checked", open.name, known.name);
                notes.push(text);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Refuses another lattice, or another shape where there is none.
    fn same_place(&self, other: &Self, notes: &mut Vec<String>) -> Result<(), String> {
        let refuse = |a: String, b: String| {
            Err(format!("{} is of {a}, {} of {b}; give files of one lattice", self.name, other.name))
        };
        let show = |shape: &[usize]| {
            format!("{} values", shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x "))
        };
        match (self.lattice_name(), other.lattice_name()) {
            (Some(a), Some(b)) if a != b => refuse(a, b),
            (Some(_), Some(_)) => Ok(()),
            (None, None) => match self.shape.len() >= 2 && other.shape.len() >= 2 && self.shape != other.shape {
                true => refuse(show(&self.shape), show(&other.shape)),
                false => Ok(()),
            },
            (Some(name), None) | (None, Some(name)) => {
                let (known, open) = if self.lattice.is_some() { (self, other) } else { (other, self) };
                let extents = known.lattice.iter().flat_map(|l| l.extents.iter().rev()).copied().filter(|e| *e != 1);
                if open.shape.len() >= 2 && open.shape != extents.collect::<Vec<_>>() {
                    return match self.lattice.is_some() {
                        true => refuse(name, show(&open.shape)),
                        false => refuse(show(&open.shape), name),
                    };
                }
                let text = format!(
                    "{} does not say its lattice: that it is {name} as of {} is not checked",
                    open.name, known.name
                );
                notes.push(text);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(metadata: serde_json::Value, units: usize) -> Result<Input, String> {
        Input::of_model(&Model::new(metadata), "m.safetensors", units)
    }

    #[test]
    fn lattices_of_square_cells_are_found() {
        let cells = |metadata, units| of(metadata, units).unwrap().square_cells();
        assert_eq!(cells(json!({ "lattice": [10, 10] }), 100), Some(vec![10, 10]));
        assert_eq!(cells(json!({ "lattice": [8] }), 8), Some(vec![8]));
        assert_eq!(cells(json!({ "input": { "lattice": [[4, 6], 4] } }), 24), Some(vec![4, 6]));
        // A triangular lattice, no lattice, and a lattice of one row.
        assert_eq!(cells(json!({ "input": { "lattice": [[4, 6], 6] } }), 24), None);
        assert_eq!(cells(json!({ "input": { "lattice": null } }), 24), None);
        assert_eq!(cells(json!({ "lattice": [1, 10] }), 10), None);
        assert_eq!(cells(serde_json::Value::Null, 10), None);
    }

    /// Issue row A6: metadata that contradict the model or are malformed are refused by name.
    #[test]
    fn odd_metadata_are_refused() {
        for (metadata, key) in [
            (json!({ "lattice": [10, 10] }), "`lattice`"),
            (json!({ "lattice": "ten" }), "`lattice`"),
            (json!({ "input": 7 }), "`input`"),
            (json!({ "input": { "values": "quarks" } }), "`input.values`"),
            (json!({ "input": { "values": 7 } }), "`input.values`"),
            (json!({ "input": { "scale": -1 } }), "`input.scale`"),
            (json!({ "input": { "field": "none" } }), "`input.field`"),
            (json!({ "input": { "shape": [5, 5] } }), "`input.shape`"),
            (json!({ "input": { "states": [0.5] } }), "`input.states`"),
            (json!({ "input": { "lattice": [[4, 4]] } }), "`input.lattice`"),
            (json!({ "input": { "lattice": [[1u64 << 40, 1u64 << 40], 4] } }), "`input.lattice`"),
        ] {
            let error = of(metadata.clone(), 24).unwrap_err();
            assert!(error.contains(key) && error.contains("m.safetensors"), "{metadata}: {error}");
        }
    }

    /// Issue row B4: pairs of files agree, are converted, noted or refused.
    #[test]
    fn files_of_one_kind_agree() {
        let input = |kind, scale, shape: &[usize], lattice: Option<(&[usize], u32)>| Input {
            name: format!("{kind:?}"),
            kind: Some(kind),
            scale: Some(scale),
            shape: shape.to_vec(),
            lattice: lattice.map(|(l, c)| sites(None, (l.to_vec(), c))),
            field: None,
            states: None,
        };
        let square = Some((&[6, 6][..], 4));
        let spins = input(Kind::Spins, 1.0, &[6, 6], square);
        assert_eq!(spins.agrees(&spins), Ok(Agreement::default()));
        let refused = |a: &Input, b: &Input, parts: &[&str]| {
            for (a, b) in [(a, b), (b, a)] {
                let error = a.agrees(b).unwrap_err();
                assert!(parts.iter().all(|part| error.contains(part)), "{error}");
            }
        };
        for other in [(&[4, 9][..], 4), (&[9, 4], 4), (&[36], 2), (&[6, 6], 6)] {
            refused(&spins, &input(Kind::Spins, 1.0, &[], Some(other)), &["square 6 x 6", "one lattice"]);
        }
        refused(&spins, &input(Kind::Spins, 1.0, &[4, 9], None), &["square 6 x 6", "4 x 9"]);
        let open = spins.agrees(&input(Kind::Spins, 1.0, &[36], None)).unwrap();
        assert!(open.notes[0].contains("does not say its lattice"), "{open:?}");
        // Conversions of values are exact in both directions, or refused.
        let flat = |kind, scale| input(kind, scale, &[36], None);
        assert_eq!(flat(Kind::Bits, 1.0).agrees(&flat(Kind::Spins, 1.0)).unwrap().conversion, Some((0.5, 0.5)));
        assert_eq!(flat(Kind::Spins, 1.0).agrees(&flat(Kind::Bits, 1.0)).unwrap().conversion, Some((2.0, -1.0)));
        refused(&flat(Kind::Spins, 1.0), &flat(Kind::Grey, 1.0), &["spins", "grey"]);
        // Scales.
        refused(&flat(Kind::Grey, 255.0), &flat(Kind::Grey, 16.0), &["255", "16", "--scale"]);
        refused(&flat(Kind::Real, 1.0), &flat(Kind::Real, 10.0), &["10", "--scale"]);
        assert_eq!(flat(Kind::Grey, 255.0).agrees(&flat(Kind::Grey, 1.0)).unwrap().notes.len(), 1);
        assert_eq!(flat(Kind::Bits, 255.0).agrees(&flat(Kind::Bits, 1.0)), Ok(Agreement::default()));
        // States that were coded one-hot.
        let coded = |states: &[i64]| Input { states: Some(states.to_vec()), ..flat(Kind::Bits, 1.0) };
        refused(&coded(&[0, 1, 2]), &coded(&[1, 2, 3]), &["[0, 1, 2]", "[1, 2, 3]"]);
        assert_eq!(coded(&[0, 1, 2]).agrees(&flat(Kind::Bits, 1.0)), Ok(Agreement::default()));
        // Fields.
        let of = |h: Option<f64>| Input { field: h, name: format!("{h:?}"), ..spins.clone() };
        refused(&of(Some(0.3)), &of(Some(0.0)), &["Some(0.3)", "Some(0.0)", "one field"]);
        assert_eq!(of(Some(0.3)).agrees(&of(Some(0.3))), Ok(Agreement::default()));
        assert_eq!(of(Some(0.0)).agrees(&of(None)), Ok(Agreement::default()));
        assert!(of(None).agrees(&of(Some(0.3))).unwrap().notes[0].contains("does not say its field"));
        let unknown = Input { kind: None, ..flat(Kind::Grey, 1.0) };
        assert!(unknown.agrees(&spins).unwrap().notes.iter().any(|n| n.contains("not checked")));
    }
}
