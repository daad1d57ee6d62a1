//! Restricted Boltzmann machines in model files.

use super::{Error, Model};
use rgflow::rbm::{Rbm, Units};

/// The model of `rbm`; `metadata` is an object that says where it comes from.
pub fn model(rbm: &Rbm, mut metadata: serde_json::Value) -> Model {
    metadata["kind"] = "rbm".into();
    metadata["format"] = super::model::FORMAT.into();
    metadata["units"] = serde_json::json!({
        "visible": rbm.visible_units().to_string(), "hidden": rbm.hidden_units().to_string(),
    });
    Model::new(metadata)
        .with("weights", rbm.weights.clone())
        .with("visible_bias", rbm.visible_bias.clone())
        .with("hidden_bias", rbm.hidden_bias.clone())
}

/// The machine of a model file.
///
/// # Errors
/// If it holds no machine, shapes do not fit together, or a parameter is not finite.
pub fn rbm(model: &Model) -> Result<Rbm, Error> {
    let failure = |e: &dyn std::fmt::Display| Error::failure(format!("{e}; give a model that rgflow wrote"));
    if let Some(kind) = model.metadata.get("kind").filter(|kind| *kind != "rbm") {
        let kind = kind.as_str().map_or_else(|| format!("{kind} (metadata `kind`)"), str::to_string);
        return Err(Error::failure(format!(
            "the model is a {kind}, not a restricted Boltzmann machine; give one of rgflow train rbm"
        )));
    }
    let units = |layer: &str| -> Result<Units, Error> {
        // Files of the first version have no names of units: theirs are {-1, +1}.
        let Some(units) = model.metadata.get("units") else { return Ok(Units::SPIN) };
        let name = units.get(layer).and_then(|u| u.as_str());
        let name =
            name.ok_or_else(|| failure(&format!("metadata `units` is {units}: it does not name the {layer} units")))?;
        name.parse().map_err(|e| failure(&e))
    };
    let rbm = Rbm::new(
        model.tensor("weights")?,
        model.tensor("visible_bias")?,
        model.tensor("hidden_bias")?,
        units("visible")?,
        units("hidden")?,
    );
    let rbm = rbm.map_err(|e| failure(&e))?;
    if rbm.is_finite() {
        Ok(rbm)
    } else {
        Err(Error::failure("a parameter of the machine is not a finite number; train it again"))
    }
}

/// Extents of the lattice of the visible units, fastest first, if the model says that it has square cells: a ring, a square or a
/// cubic lattice, of as many sites as `n_visible`.
pub fn lattice(model: &Model, n_visible: usize) -> Option<Vec<usize>> {
    let metadata = &model.metadata;
    // Experiments write extents; `train rbm` what the samples say of theirs, with their coordination number.
    let sampled = || serde_json::from_value::<(Vec<usize>, usize)>(metadata.get("input")?.get("lattice")?.clone()).ok();
    let square_cells =
        |(extents, coordination): (Vec<usize>, usize)| (coordination == 2 * extents.len()).then_some(extents);
    let written = metadata.get("lattice").and_then(|l| serde_json::from_value::<Vec<usize>>(l.clone()).ok());
    let extents = written.or_else(|| sampled().and_then(square_cells))?;
    let sites = extents.iter().try_fold(1usize, |n, l| n.checked_mul(*l));
    (sites == Some(n_visible) && extents.iter().all(|l| *l >= 2)).then_some(extents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lattices_of_square_cells_are_found() {
        let of = |metadata, n| lattice(&Model::new(metadata), n);
        assert_eq!(of(json!({ "lattice": [10, 10] }), 100), Some(vec![10, 10]));
        assert_eq!(of(json!({ "lattice": [8] }), 8), Some(vec![8]));
        assert_eq!(of(json!({ "input": { "lattice": [[4, 6], 4] } }), 24), Some(vec![4, 6]));
        // Triangular; of another size; none; nonsense.
        assert_eq!(of(json!({ "input": { "lattice": [[4, 6], 6] } }), 24), None);
        assert_eq!(of(json!({ "lattice": [10, 10] }), 64), None);
        assert_eq!(of(json!({ "lattice": [1, 10] }), 10), None);
        assert_eq!(of(json!({ "input": { "lattice": null } }), 24), None);
        assert_eq!(of(json!({ "lattice": "ten" }), 10), None);
        assert_eq!(of(serde_json::Value::Null, 10), None);
    }
}
