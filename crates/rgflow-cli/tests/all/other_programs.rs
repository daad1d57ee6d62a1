//! Promise of `rgflow rbm import`: machines of other programs say what these programs say, and parameters that can be
//! read in two ways are refused.

use crate::common::place::Place;
use crate::common::trained::{machine, near};
use ndarray::{Array1, Array2};
use rgflow::rbm::Units;
use rgflow_lab::artifact::{Model, npz, rbm_file};

/// Machines of scikit-learn and rbms say what these programs say (tests/data/peers.py): free energies, ln p of all 64
/// states and hidden means; 1e-5: parameters are kept in single precision.
#[test]
fn machines_of_other_programs_say_what_these_say() {
    let data = |name: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    let place = Place::new();
    for (name, title) in [("sklearn", "scikit-learn's BernoulliRBM"), ("rbms", "rbms")] {
        let file = data(&format!("{name}-rbm.npz"));
        let file = file.to_str().unwrap();
        let seen = place.json(&format!("rbm import {file} -o {name}.safetensors"));
        assert!(seen["notes"][0].as_str().unwrap().contains(title) && seen["visible"] == 6, "{seen}");
        place.done(&format!("rbm score {name}.safetensors {file} --array v -o {name}.npz"));
        for key in ["free_energy", "ln_p"] {
            let theirs = npz::Reader::open(file).unwrap().numbers(key, |v| v).unwrap();
            let ours = place.column(&format!("{name}.npz"), key);
            assert_eq!(ours.len(), 64);
            ours.iter().zip(&theirs).for_each(|(a, b)| near(*a, *b, 1e-5));
        }
        place.refused(&format!("rbm import {file} -o {name}.safetensors"), &["exists; add --force"]);
    }
    let file = data("sklearn-rbm.npz");
    place.done(&format!("rbm transform sklearn.safetensors {} --array v -o h.npz", file.display()));
    let theirs = npz::Reader::open(&file).unwrap().numbers("hidden", |v| v).unwrap();
    place.array("h.npz", "hidden").iter().zip(&theirs).for_each(|(a, b)| near(*a, *b, 1e-5));
    place.done("verify sklearn.safetensors");
}

#[test]
fn plain_parameters_are_read_by_name_and_shape_or_refused() {
    let place = Place::new();
    let rbm = machine(6, 3, [Units::SPIN, Units::SPIN]);
    let save = |name: &str, weights: Array2<f32>, a: &Array1<f32>, b: &Array1<f32>| {
        place.archive(name, |file| {
            file.add("W", &weights).unwrap();
            file.add("a", a).unwrap();
            file.add("b", b).unwrap();
        });
    };
    let (w, a, b) = (&rbm.weights, &rbm.visible_bias, &rbm.hidden_bias);
    save("as-is.npz", w.clone(), a, b);
    save("turned.npz", w.t().as_standard_layout().into_owned(), a, b);
    for name in ["as-is", "turned"] {
        let seen = place.json(&format!("rbm import {name}.npz -o {name}.safetensors --units spin --hidden-units spin"));
        assert_eq!(seen["notes"].to_string().contains("is turned"), name == "turned", "{seen}");
        let model = Model::load(place.path(&format!("{name}.safetensors"))).unwrap();
        assert!(rbm_file::rbm(&model).unwrap() == rbm);
    }
    assert!(place.json("rbm import as-is.npz -o bits.safetensors")["notes"].to_string().contains("taken for bits"));
    let square = machine(3, 3, [Units::SPIN, Units::SPIN]);
    save("square.npz", square.weights.clone(), &square.visible_bias, &square.hidden_bias);
    place.refused(
        "rbm import square.npz -o no.safetensors",
        &["is square", "--weights visible-hidden or --weights hidden-visible"],
    );
    place.done("rbm import square.npz -o square.safetensors --weights hidden-visible");
    let model = Model::load(place.path("square.safetensors")).unwrap();
    assert!(rbm_file::rbm(&model).unwrap().weights == square.weights.t());
    save("odd.npz", Array2::ones((6, 4)), a, b);
    place.refused("rbm import odd.npz -o no.safetensors", &["the shape (6, 4)", "6 visible and 3 hidden biases"]);
    save("nan.npz", Array2::from_elem((6, 3), f32::NAN), a, b);
    place.refused("rbm import nan.npz -o no.safetensors", &["not a finite number"]);
    place.refused("rbm import as-is.npz -o no.npz", &["name it .safetensors"]);
    place.refused("rbm import as-is.npz -o no.safetensors --units magic", &["--units", "magic"]);
    place.refused("rbm import as-is.safetensors -o no.safetensors", &["is no .npz file", "numpy.savez"]);
    place.refused("rbm import none.npz -o no.safetensors", &["does not exist"]);
}
