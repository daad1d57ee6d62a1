//! Parameters of other programs as a machine: scikit-learn's BernoulliRBM, the package rbms, and arrays of usual names.
//!
//! Energies are of one form in all of them, H = -(v.W h + b.v + c.h), so that parameters are taken as they are;
//! weights are turned where they are stored as (hidden, visible). What an array is follows from its name; how weights
//! lie follows from their name, else from the lengths of the biases.

use crate::artifact::{Error, Model, npz, rbm_file, user_file};
use crate::dataset::Kind;
use ndarray::{Array1, Array2, Ix2};
use rgflow::rbm::{Rbm, Units};
use std::path::Path;
use std::str::FromStr;

/// How weights lie in their array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Shape (visible, hidden).
    VisibleHidden,
    /// Shape (hidden, visible).
    HiddenVisible,
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "visible-hidden" => Ok(Self::VisibleHidden),
            "hidden-visible" => Ok(Self::HiddenVisible),
            other => Err(format!("\"{other}\": must be visible-hidden or hidden-visible")),
        }
    }
}

/// A program that names its arrays so, and what is known of them.
struct Peer {
    program: &'static str,
    weights: &'static str,
    layout: Layout,
    visible: &'static str,
    hidden: &'static str,
}

const PEERS: [Peer; 2] = [
    Peer {
        program: "scikit-learn's BernoulliRBM",
        weights: "components_",
        layout: Layout::HiddenVisible,
        visible: "intercept_visible_",
        hidden: "intercept_hidden_",
    },
    Peer {
        program: "rbms",
        weights: "weight_matrix",
        layout: Layout::VisibleHidden,
        visible: "vbias",
        hidden: "hbias",
    },
];

/// Usual names of weights, in small letters.
const WEIGHTS: [&str; 6] = ["w", "weights", "weight", "weight_matrix", "components_", "w_vh"];
/// Usual names of visible and of hidden biases, pair by pair, in small letters: `a`, `b` as Hinton (2010) has them,
/// `b`, `c` as Bengio (2009).
const BIASES: [[&str; 2]; 12] = [
    ["visible_bias", "hidden_bias"],
    ["visible_biases", "hidden_biases"],
    ["intercept_visible_", "intercept_hidden_"],
    ["vbias", "hbias"],
    ["v_bias", "h_bias"],
    ["bias_v", "bias_h"],
    ["bv", "bh"],
    ["b_v", "b_h"],
    ["vb", "hb"],
    ["bias_visible", "bias_hidden"],
    ["a", "b"],
    ["b", "c"],
];

/// Facts about the parameters that the user gives.
#[derive(Clone, Debug, Default)]
pub struct Import {
    /// How weights lie; by name and shape where not said.
    pub layout: Option<Layout>,
    /// Units of both layers; binary where not said.
    pub units: [Option<Units>; 2],
}

/// A machine of another program.
pub struct Imported {
    /// The model, to be saved.
    pub model: Model,
    /// The machine.
    pub rbm: Rbm,
    /// Assumptions about arrays, one sentence each.
    pub notes: Vec<String>,
}

impl Import {
    /// The machine whose parameters are in the `.npz` file `path`.
    ///
    /// # Errors
    /// [`Error::User`] of one line that names what is missing, contradictory or ambiguous, with the remedy.
    pub fn read(&self, path: &Path) -> Result<Imported, Error> {
        let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
        let bytes = user_file::read(path, ".npz")?;
        if !bytes.starts_with(b"PK") {
            return Err(wrong(
                "is no .npz file; write one: import numpy; numpy.savez(\"rbm.npz\", W=weights, visible_bias=b, \
                 hidden_bias=c)"
                    .into(),
            ));
        }
        let hash = blake3::hash(&bytes).to_hex().to_string();
        let mut file = npz::Reader::of(path, std::io::Cursor::new(bytes)).map_err(user_file::blame)?;
        let names = file.names();
        let Found { weights, biases, peer } = find(&names).map_err(wrong)?;
        let mut notes = Vec::new();
        if let Some(peer) = peer {
            notes.push(format!("read as {}", peer.program));
        } else {
            notes.push(format!(
                "`{weights}` is taken for the weights, `{}` for the visible and `{}` for the hidden biases",
                biases[0], biases[1]
            ));
        }
        let found = file.numbers(&weights, |v| v as f32).map_err(user_file::blame)?;
        let shape = found.shape().to_vec();
        let found: Array2<f32> = found
            .into_dimensionality::<Ix2>()
            .map_err(|_| wrong(format!("`{weights}` has the shape {shape:?}; weights have two axes")))?;
        let mut bias = |name: &String| -> Result<Array1<f32>, Error> {
            let values = file.numbers(name, |v| v as f32).map_err(user_file::blame)?;
            let shape = values.shape().to_vec();
            if shape.iter().filter(|extent| **extent != 1).count() > 1 {
                return Err(wrong(format!("`{name}` has the shape {shape:?}; biases have one axis")));
            }
            Ok(values.into_iter().collect())
        };
        let [visible, hidden] = [bias(&biases[0])?, bias(&biases[1])?];
        let said = self.layout.or(peer.map(|peer| peer.layout));
        let turned =
            layout(&weights, found.dim(), [visible.len(), hidden.len()], said).map_err(wrong)? == Layout::HiddenVisible;
        if turned && said.is_none() {
            notes.push(format!("`{weights}` has the shape (hidden, visible) and is turned"));
        }
        let weights = if turned { found.t().as_standard_layout().into_owned() } else { found };
        let units = |k: usize| self.units[k].clone().unwrap_or(Units::BINARY);
        if self.units.iter().any(Option::is_none) {
            notes.push(match peer {
                Some(peer) => format!("units are bits (0, 1), as those of {}", peer.program),
                None => "units are taken for bits (0, 1), as the file does not say them; others are said by --units \
                    and --hidden-units"
                    .into(),
            });
        }
        let rbm = Rbm::new(weights, visible, hidden, units(0), units(1)).map_err(|e| wrong(e.to_string()))?;
        if !rbm.is_finite() {
            return Err(wrong(
                "a parameter is not a finite number of single precision; train the machine again".into(),
            ));
        }
        let kind = match rbm.visible_units().range() {
            None => Some(Kind::Real),
            Some((-1.0, 1.0)) => Some(Kind::Spins),
            Some((0.0, 1.0)) => Some(Kind::Bits),
            _ => None,
        };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let mut metadata = serde_json::json!({
            "imported": { "file": name, "blake3": hash, "program": peer.map(|peer| peer.program) },
        });
        if let Some(kind) = kind {
            metadata["input"] = serde_json::json!({ "values": kind.name() });
        }
        Ok(Imported { model: rbm_file::model(&rbm, metadata), rbm, notes })
    }
}

/// How the weights `name` of `shape` lie, given the lengths of the visible and the hidden biases, and the layout that
/// is `said`.
fn layout(name: &str, shape: (usize, usize), [n, m]: [usize; 2], said: Option<Layout>) -> Result<Layout, String> {
    let fits = |layout: Layout| shape == if layout == Layout::VisibleHidden { (n, m) } else { (m, n) };
    let both = [Layout::VisibleHidden, Layout::HiddenVisible].map(fits);
    match (said, both) {
        (Some(layout), _) if fits(layout) => Ok(layout),
        (None, [true, true]) => Err(format!(
            "`{name}` is square, {n} by {m}, and its name does not say which axis is that of the visible units; \
             say --weights visible-hidden or --weights hidden-visible"
        )),
        (None, [true, false]) => Ok(Layout::VisibleHidden),
        (None, [false, true]) => Ok(Layout::HiddenVisible),
        (said, _) => {
            let axes = match said {
                Some(Layout::VisibleHidden) => "(visible, hidden)",
                Some(Layout::HiddenVisible) => "(hidden, visible)",
                None => "(visible, hidden) or (hidden, visible)",
            };
            Err(format!(
                "`{name}` has the shape {shape:?}, but there are {n} visible and {m} hidden biases; weights of \
                 the shape {axes} are needed"
            ))
        }
    }
}

/// The arrays that are parameters.
struct Found {
    weights: String,
    biases: [String; 2],
    peer: Option<&'static Peer>,
}

/// Finds parameters among the `names` of the arrays of a file.
fn find(names: &[String]) -> Result<Found, String> {
    let has = |name: &str| names.iter().any(|n| n == name);
    let peer = PEERS.iter().find(|peer| has(peer.weights) && has(peer.visible) && has(peer.hidden));
    if let Some(peer) = peer {
        let biases = [peer.visible, peer.hidden].map(String::from);
        return Ok(Found { weights: peer.weights.into(), biases, peer: Some(peer) });
    }
    let list = names.join(", ");
    let like = |wanted: &str| names.iter().find(|name| name.to_ascii_lowercase() == wanted).cloned();
    let weights: Vec<String> = WEIGHTS.iter().filter_map(|name| like(name)).collect();
    let weights = match &weights[..] {
        [one] => one.clone(),
        [] => return Err(format!("has no array of weights (W, weights, components_, weight_matrix); it has {list}")),
        several => return Err(format!("has several arrays of weights ({}); keep one", several.join(", "))),
    };
    let pairs = BIASES.iter().filter_map(|[visible, hidden]| Some([like(visible)?, like(hidden)?]));
    let pairs: Vec<[String; 2]> = pairs.collect();
    match &pairs[..] {
        [one] => Ok(Found { weights, biases: one.clone(), peer: None }),
        [] => Err(format!(
            "has no pair of biases (visible_bias and hidden_bias, vbias and hbias, a and b, b and c); name them so; \
             it has {list}"
        )),
        several => {
            let pairs: Vec<String> = several.iter().map(|[a, b]| format!("{a} and {b}")).collect();
            Err(format!(
                "has several pairs of biases ({}); keep one, such as visible_bias and hidden_bias",
                pairs.join("; ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_by_their_names() {
        let of = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            find(&names).map(|found| (found.weights, found.biases, found.peer.map(|peer| peer.program)))
        };
        let sklearn = of(&["components_", "intercept_hidden_", "intercept_visible_", "h_samples_"]).unwrap();
        assert_eq!(sklearn.2, Some("scikit-learn's BernoulliRBM"));
        assert_eq!(of(&["vbias", "hbias", "weight_matrix"]).unwrap().2, Some("rbms"));
        let plain = of(&["W", "a", "b"]).unwrap();
        assert_eq!((plain.0.as_str(), plain.1.each_ref().map(String::as_str), plain.2), ("W", ["a", "b"], None));
        assert_eq!(of(&["w", "b", "c"]).unwrap().1, ["b", "c"]);
        for (names, part) in [
            (&["a", "b"][..], "no array of weights"),
            (&["W", "weights", "a", "b"], "several arrays of weights"),
            (&["W", "x"], "no pair of biases"),
            (&["W", "a", "b", "c"], "several pairs of biases (a and b; b and c)"),
        ] {
            let error = of(names).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
