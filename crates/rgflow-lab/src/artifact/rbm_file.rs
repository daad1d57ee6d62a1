//! Restricted Boltzmann machines in model files: weights, biases and kinds of units.

use super::{Error, Model};
use rgflow::rbm::{Rbm, Units};

/// Model of `rbm`; `metadata` is an object that says where it comes from.
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

/// RBM of a model file.
///
/// # Errors
/// If it holds no RBM, shapes do not fit together, or a parameter is not finite.
pub fn rbm(model: &Model) -> Result<Rbm, Error> {
    let failure = |e: &dyn std::fmt::Display| Error::failure(format!("{e}; give a model that rgflow wrote"));
    if let Some(kind) = model.metadata.get("kind").filter(|kind| *kind != "rbm") {
        let kind = kind.as_str().map_or_else(|| format!("{kind} (metadata `kind`)"), str::to_string);
        return Err(Error::failure(format!(
            "the model is a {kind}, not a restricted Boltzmann machine; give one of rgflow train rbm"
        )));
    }
    let units = |layer: &str| -> Result<Units, Error> {
        // Files of the first version do not name the kinds of units, which are {-1, +1}.
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
