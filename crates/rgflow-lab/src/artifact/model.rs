//! Trained models in the `safetensors` format: named f32 tensors and one metadata key, `rgflow`, that holds sorted JSON
//! (the format's map of metadata has no order, so more keys would not give the same bytes).

use super::npz::Description;
use super::{Error, atomic, canonical_json};
use ndarray::{Array, ArrayD, Dimension, IxDyn};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Metadata key that holds the JSON.
const KEY: &str = "rgflow";

/// Newest version of the format that this version reads; a file without `format` in its metadata has version 1.
pub const FORMAT: u64 = 1;

fn unreadable(error: &dyn std::fmt::Display) -> String {
    format!("not a whole safetensors file ({error}); copy or write it again")
}

/// Named tensors and the metadata needed to use them.
///
/// ```
/// use rgflow_lab::artifact::Model;
/// let path = std::env::temp_dir().join("rgflow-doc-model/model.safetensors");
/// let model = Model::new(serde_json::json!({ "kind": "rbm", "units": "spin" }));
/// let model = model.with("weights", ndarray::arr2(&[[0.5_f32, -1.0]]));
/// model.save(&path)?;
/// let weights: ndarray::Array2<f32> = Model::load(&path)?.tensor("weights")?;
/// assert_eq!(weights[(0, 1)], -1.0);
/// # Ok::<(), rgflow_lab::artifact::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Meaning of the tensors: kind of model, unit kinds, temperatures, curves.
    pub metadata: serde_json::Value,
    /// The tensors by name.
    pub tensors: BTreeMap<String, ArrayD<f32>>,
}

impl Model {
    /// A model without tensors.
    pub fn new(metadata: serde_json::Value) -> Self {
        Self { metadata, tensors: BTreeMap::new() }
    }

    /// Adds a tensor.
    pub fn with<D: Dimension>(mut self, name: &str, tensor: Array<f32, D>) -> Self {
        self.tensors.insert(name.to_string(), tensor.into_dyn());
        self
    }

    /// Copy of the tensor `name` with the number of dimensions of `D`.
    ///
    /// # Errors
    /// If it does not exist or has another number of dimensions.
    pub fn tensor<D: Dimension>(&self, name: &str) -> Result<Array<f32, D>, Error> {
        let tensor = self.tensors.get(name).ok_or_else(|| {
            let cut = |name: &String| name.chars().take(80).collect::<String>();
            let names = self.tensors.keys().take(20).map(cut).collect::<Vec<_>>().join(", ");
            Error::failure(format!("the model has no tensor `{name}` (it has {names}); give a model that rgflow wrote"))
        })?;
        tensor.clone().into_dimensionality().map_err(|_| {
            Error::failure(format!(
                "tensor `{name}` has shape {:?}: another number of dimensions is needed; give a model that rgflow \
                 wrote",
                tensor.shape()
            ))
        })
    }

    /// Bytes of the file.
    ///
    /// # Errors
    /// If the format cannot represent the tensors.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let data: BTreeMap<&str, (Vec<usize>, Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(name, t)| (name.as_str(), (t.shape().to_vec(), t.iter().flat_map(|x| x.to_le_bytes()).collect())))
            .collect();
        let mut views = Vec::with_capacity(data.len());
        for (name, (shape, bytes)) in &data {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
            views.push((*name, view.map_err(|e| Error::failure(format!("tensor `{name}`: {e}")))?));
        }
        let metadata = HashMap::from([(KEY.to_string(), canonical_json(&self.metadata))]);
        safetensors::serialize(views, Some(metadata)).map_err(|e| Error::failure(format!("safetensors: {e}")))
    }

    /// Reads a model from `bytes`; `name` of the file is for messages.
    ///
    /// # Errors
    /// If they are no safetensors file, sizes do not fit, or a tensor is not f32.
    pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Self, Error> {
        let bad = |what: String| Error::failure(format!("{name}: {what}"));
        let file = SafeTensors::deserialize(bytes).map_err(|e| bad(unreadable(&e)))?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| bad(e.to_string()))?;
        let metadata = match header.metadata().as_ref().and_then(|map| map.get(KEY)) {
            Some(text) => serde_json::from_str(text)
                .map_err(|e| bad(format!("metadata `{KEY}` is no JSON ({e}); write the model again with rgflow")))?,
            None => serde_json::Value::Null,
        };
        match metadata.get("format").map(|format| format.as_u64().ok_or(format)) {
            Some(Ok(found)) if found > FORMAT => {
                return Err(Error::user(format!(
                    "{name}: has the format {found} of a newer rgflow, this version reads up to {FORMAT}; update rgflow"
                )));
            }
            Some(Err(found)) => {
                return Err(bad(format!(
                    "metadata `format` is {found}, no whole number; write the model again with rgflow"
                )));
            }
            _ => {}
        }
        let mut model = Model::new(metadata);
        for (name, view) in file.tensors() {
            if view.dtype() != Dtype::F32 {
                return Err(bad(format!(
                    "tensor `{name}` has the type {:?}: only F32 can be read; convert it",
                    view.dtype()
                )));
            }
            let (words, _) = view.data().as_chunks::<4>();
            let values = words.iter().map(|b| f32::from_le_bytes(*b)).collect();
            let tensor = ArrayD::from_shape_vec(IxDyn(view.shape()), values)
                .map_err(|e| bad(format!("tensor `{name}` of shape {:?}: {e}", view.shape())))?;
            model.tensors.insert(name, tensor);
        }
        Ok(model)
    }

    /// Metadata, and name, type and shape of every tensor of a file, also of types that [`Model`] does not hold.
    ///
    /// # Errors
    /// If the file cannot be read or its sizes do not fit.
    pub fn describe(path: &Path) -> Result<(serde_json::Value, Vec<Description>), Error> {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let bad = |e| Error::failure(format!("{}: {}", path.display(), unreadable(&e)));
        let file = SafeTensors::deserialize(&bytes).map_err(bad)?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(bad)?;
        // Values of the map are texts; those that are JSON are shown as JSON.
        let map = header.metadata().iter().flatten();
        let values = map.map(|(k, v)| (k.clone(), serde_json::from_str(v).unwrap_or_else(|_| v.clone().into())));
        let metadata = serde_json::Value::Object(values.collect());
        let mut tensors: Vec<_> = file
            .tensors()
            .into_iter()
            .map(|(name, t)| Description { name, dtype: format!("{:?}", t.dtype()), shape: t.shape().to_vec() })
            .collect();
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        Ok((metadata, tensors))
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// As [`atomic::write`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        atomic::write(path, self.to_bytes()?)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, or as [`Model::from_bytes`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        Self::from_bytes(&bytes, &path.display().to_string())
    }
}
