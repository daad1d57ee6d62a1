//! Promises of `rgflow rbm`: what it writes and prints are the machine's own numbers, by enumeration where that can
//! be; draws say how they were made; samples that are not the machine's are refused with the remedy; the same bytes
//! for any number of threads.

use crate::common::place::Place;
use crate::common::trained::{machine, near, states};
use ndarray::{Array2, arr1, arr2, s};
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, Units};
use rgflow_lab::artifact::Model;
use serde_json::{Value, json};

#[test]
fn scores_of_all_states_are_those_of_enumeration() {
    let place = Place::new();
    let rbm = machine(6, 3, [Units::BINARY, Units::BINARY]);
    place.save("runs/a/seed-1/rbm/model.safetensors", &rbm, json!({}));
    place.archive("all.npz", |file| file.add("x", &states()).unwrap());
    // A run's folder names its machine.
    let seen = place.json("rbm score runs/a all.npz -o scores.npz");
    let (ln_p, law) = (place.column("scores.npz", "ln_p"), rbm.ln_visible_law().unwrap());
    let energies = rbm.free_energy(states().view());
    for (s, (a, b)) in ln_p.iter().zip(&law).enumerate() {
        near(*a, *b, 1e-10);
        near(place.column("scores.npz", "free_energy")[s], energies[s], 1e-12);
    }
    near(ln_p.iter().map(|x| x.exp()).sum(), 1.0, 1e-9);
    near(seen["ln_p"]["value"].as_f64().unwrap(), law.iter().sum::<f64>() / 64.0, 1e-10);
    near(seen["ln_z"].as_f64().unwrap(), rbm.ln_z().unwrap(), 1e-12);
    // sum_i ln p(v_i | others) from the law.
    let pseudo = place.column("scores.npz", "pseudo_likelihood");
    for (s, seen) in pseudo.iter().enumerate() {
        let term = |i: usize| law[s] - (law[s].exp() + law[s ^ 1 << i].exp()).ln();
        near(*seen, (0..6).map(term).sum(), 1e-9);
    }
    near(seen["pseudo_likelihood_per_unit"]["value"].as_f64().unwrap(), pseudo.mean().unwrap() / 6.0, 1e-12);
    place.done("rbm score runs/a all.npz -o scores.csv");
    assert!(place.read("scores.csv").starts_with("free_energy,ln_p,pseudo_likelihood\n"));
    // Too large for an exact ln Z, but for what is known of it: half of the hidden units have no weights. Grey levels
    // have no likelihood, bits drawn with them do.
    let part = machine(30, 20, [Units::BINARY, Units::BINARY]);
    let mut large = Rbm::random(30, 40, 0.0, &mut Streams::new(1).generator("test/init", 0));
    large.weights.slice_mut(s![.., ..20]).assign(&part.weights);
    large.hidden_bias.slice_mut(s![..20]).assign(&part.hidden_bias);
    large.visible_bias.assign(&part.visible_bias);
    let large = large.with_units(Units::BINARY, Units::BINARY).unwrap();
    let exact = part.ln_z().unwrap() + 20.0 * 2f64.ln();
    place.save("large.safetensors", &large, json!({}));
    let bits = Array2::from_shape_fn((20, 30), |(r, i)| ((r * r + i) % 3 == 0) as u8 as f32);
    place.archive("large.npz", |file| file.add("x", &bits).unwrap());
    place.archive("grey.npz", |file| file.add("x", &bits.mapv(|v| 0.25 + 0.5 * v)).unwrap());
    let seen = place.json("rbm score large.safetensors large.npz");
    let [low, high] = [0, 1].map(|end| seen["ln_z_range"][end].as_f64().unwrap());
    assert!(low < exact && exact < high && high - low < 0.5, "{seen}, {exact}");
    assert!(seen["ln_z_how"].as_str().unwrap().contains("two estimates") && seen["ln_p"]["value"].is_number());
    assert!(seen["pseudo_likelihood"]["value"].is_number());
    let seen = place.json("rbm score large.safetensors grey.npz");
    assert!(seen["pseudo_likelihood"]["reason"].as_str().unwrap().contains("grey levels are probabilities"), "{seen}");
    let seen = place.json("rbm score large.safetensors grey.npz --grey drawn");
    assert!(seen["ln_p"]["value"].is_number() && seen["pseudo_likelihood"]["value"].is_number(), "{seen}");
}

#[test]
fn hidden_expectations_and_reconstructions_are_those_of_the_formula() {
    let place = Place::new();
    let rbm = machine(6, 3, [Units::SPIN, Units::SPIN]);
    place.save("m.safetensors", &rbm, json!({}));
    // Bits become the machine's spins, with a note.
    place.archive("bits.npz", |file| file.add("x", &states()).unwrap());
    let said = place.done("rbm transform m.safetensors bits.npz -o h.npz");
    assert!(said.contains("converted") && said.contains("exact"), "{said}");
    let v = states().mapv(|b| f64::from(2.0 * b - 1.0));
    let (w, c) = (rbm.weights.mapv(f64::from), rbm.hidden_bias.mapv(f64::from));
    let h = (v.dot(&w) + &c).mapv(f64::tanh);
    assert!((&place.array("h.npz", "hidden") - &h).iter().all(|d| d.abs() < 1e-6));
    let back = (h.dot(&w.t()) + rbm.visible_bias.mapv(f64::from)).mapv(f64::tanh);
    let seen = place.json("rbm reconstruct m.safetensors bits.npz -o v.npz");
    assert!((&place.array("v.npz", "reconstruction") - &back).iter().all(|d| d.abs() < 1e-5));
    let cost = (&v - &back).mapv(|d| 0.5 * d * d).sum() / 64.0;
    near(seen["cost"]["value"].as_f64().unwrap(), cost, 1e-5);
    near(place.column("v.npz", "cost").mean().unwrap(), cost, 1e-5);
    place.done("rbm transform m.safetensors bits.npz -o h.csv");
    assert!(place.read("h.csv").starts_with("h0,h1,h2\n") && place.read("h.csv").lines().count() == 65);
}

/// Null: draws follow p(v): means of 4000 draws against the exact ones, |z| < 5 for each of 6 units (p < 4e-6), drawn
/// exactly and by chains.
#[test]
fn draws_have_the_exact_means_and_say_how_they_were_made() {
    let place = Place::new();
    let rbm = machine(6, 3, [Units::SPIN, Units::SPIN]);
    place.save(
        "m.safetensors",
        &rbm,
        json!({ "input": {
            "values": "spins (-1, +1)", "lattice": [[3, 2], 4], "lattice_name": "square", "shape": [2, 3],
        } }),
    );
    let exact = rbm.moments().unwrap().visible;
    for (line, sampler) in [("", "exact"), ("--sampler gibbs --steps 20 --chains 400", "gibbs")] {
        let seen = place.json(&format!("rbm draw m.safetensors -n 4000 -o {sampler}.npz {line}"));
        assert_eq!(seen["way"]["sampler"], sampler);
        let spins = place.array(&format!("{sampler}.npz"), "spins");
        for (column, exact) in spins.columns().into_iter().zip(&exact) {
            let (mean, deviation) = (column.mean().unwrap(), (1.0 - exact * exact).sqrt());
            assert!(((mean - exact) / deviation * 4000f64.sqrt()).abs() < 5.0, "{sampler}: {mean} for {exact}");
        }
        assert_eq!(spins.nrows(), 4000);
    }
    // They are samples on the lattice of the machine's own.
    let said = String::from_utf8(place.run("inspect exact.npz").stdout).unwrap();
    assert!(said.contains("lattice            square 3 x 2"), "{said}");
    place.done("rbm score m.safetensors exact.npz");
    place.done("rbm draw m.safetensors -n 7 -o a.csv");
    assert!(place.read("a.csv").starts_with("# lattice: square 3 x 2\ns0,s1,s2,s3,s4,s5\n"), "{}", place.read("a.csv"));
    place.done("rbm score m.safetensors a.csv");
    let said = place.done("rbm draw m.safetensors -n 7 -o b.npy --steps 5");
    assert!(said.contains("--steps not used"), "{said}");
    // The same bytes for any number of threads, by chains as well.
    for sampler in ["exact", "gibbs"] {
        for threads in [1, 2] {
            place.done(&format!(
                "rbm draw m.safetensors -n 300 --sampler {sampler} --threads {threads} -o t{threads}.npz --force"
            ));
        }
        assert!(std::fs::read(place.path("t1.npz")).unwrap() == std::fs::read(place.path("t2.npz")).unwrap());
    }
}

#[test]
fn chains_that_are_too_short_are_told() {
    let place = Place::new();
    // Two modes that no chain leaves.
    let rbm =
        Rbm::new(arr2(&[[3.0f32, 3.0]; 30]), arr1(&[0.0; 30]), arr1(&[0.0; 2]), Units::SPIN, Units::SPIN).unwrap();
    place.save("m.safetensors", &rbm, json!({}));
    let said = place.done("rbm draw m.safetensors -n 500 --sampler gibbs --steps 5 -o a.npz");
    assert!(said.contains("--steps 5 is below tau_int") && said.contains("out of equilibrium"), "{said}");
    place.refused("rbm draw m.safetensors -n 5 --sampler magic -o b.npz", &["--sampler", "auto, exact or gibbs"]);
    let large = machine(40, 40, [Units::SPIN, Units::SPIN]);
    place.save("large.safetensors", &large, json!({}));
    place.refused("rbm draw large.safetensors --sampler exact -o b.npz", &["at most 25 units", "take --sampler gibbs"]);
    let seen = place.json("rbm draw large.safetensors -n 200 --steps 10 -o b.npz");
    assert!(seen["way"]["reason"].as_str().unwrap().contains("at most 25 units"), "{seen}");
}

/// A Gaussian machine whose weights are too large has no law: chains run away, and it is said.
#[test]
fn a_machine_without_a_law_is_named() {
    let place = Place::new();
    let gaussian = Units::gaussian(1.0).unwrap();
    let rbm = Rbm::new(arr2(&[[2.0f32]]), arr1(&[0.1f32]), arr1(&[0.1f32]), gaussian.clone(), gaussian).unwrap();
    place.save("m.safetensors", &rbm, json!({}));
    let out = place.run("rbm draw m.safetensors -n 5 -o a.npz");
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.code() == Some(1) && said.contains("cannot be normalised"), "{said}");
    place.archive("real.npz", |file| file.add("x", &arr2(&[[0.3f32], [0.5]])).unwrap());
    let seen = place.json("rbm score m.safetensors real.npz");
    assert!(seen["ln_p"]["reason"].as_str().unwrap().contains("cannot be normalised"), "{seen}");
}

#[test]
fn a_flow_takes_the_folders_of_runs() {
    let place = Place::new();
    place.save("run/seed-1/rbm/model.safetensors", &machine(6, 3, [Units::SPIN, Units::SPIN]), json!({}));
    place.archive("spins.npz", |file| file.add("spins", &states().mapv(|v| 2.0 * v - 1.0)).unwrap());
    place.done("flow run spins.npz --steps 8 --out by-folder");
    place.done("flow run/seed-1/rbm/model.safetensors spins.npz --steps 8 --out by-file");
    assert!(place.read("by-folder/results.json") == place.read("by-file/results.json"));
    place.refused(
        "flow run spins.npz --read run --out no",
        &["run: is a folder without a model of the stage thermometer"],
    );
}

#[test]
fn samples_that_are_not_the_machines_are_refused_with_the_remedy() {
    let place = Place::new();
    let rbm = machine(6, 3, [Units::SPIN, Units::SPIN]);
    place.save("m.safetensors", &rbm, json!({}));
    place.archive("grey.npz", |file| file.add("x", &states().mapv(|v| 0.3 + 0.2 * v)).unwrap());
    place.archive("wide.npz", |file| file.add("x", &Array2::<f32>::ones((5, 7))).unwrap());
    place.archive("spins.npz", |file| file.add("x", &states().mapv(|v| 2.0 * v - 1.0)).unwrap());
    for verb in ["transform", "reconstruct", "score"] {
        let line = |data: &str| format!("rbm {verb} m.safetensors {data} -o out.npz");
        place.refused(&line("grey.npz"), &["grey.npz: ", "grey levels", ";"]);
        place.refused(&line("wide.npz"), &["samples of 7 values for a machine of 6 visible units"]);
        place.refused(&line("none.npz"), &["none.npz: does not exist"]);
        place.refused(&format!("rbm {verb} spins.npz m.safetensors -o out.npz"), &["give the model first"]);
    }
    place.refused("rbm transform m.safetensors spins.npz -o out.txt", &["name it .npz, .npy or .csv"]);
    place.refused("rbm score m.safetensors spins.npz -o out.npy", &["write .npz or .csv"]);
    place.done("rbm transform m.safetensors spins.npz -o out.npz");
    place.refused("rbm transform m.safetensors spins.npz -o out.npz", &["exists; add --force"]);
    // Another kind of model.
    let other = Model::new(json!({ "kind": "thermometer" })).with("x", arr1(&[1.0f32]));
    std::fs::write(place.path("t.safetensors"), other.to_bytes().unwrap()).unwrap();
    place.refused("rbm score t.safetensors spins.npz", &["the model is a thermometer"]);
}

/// A thermometer of 2 spins by hand: P(T | s) from the product of the spins, so that everything is known.
#[test]
fn networks_read_samples() {
    use rgflow::nn::{Activation, Layer, Mlp};
    use rgflow_lab::artifact::network_file;
    let place = Place::new();
    // P(first) = sigmoid(2 s_1): logits (s_1, -s_1).
    let layer = Layer { weights: arr2(&[[1.0f32, -1.0], [0.0, 0.0]]), bias: arr1(&[0.0f32, 0.0]) };
    let mut mlp = Mlp::classifier(vec![layer]);
    mlp.output = Activation::Softmax;
    let save = |name: &str, metadata: Value, blocks: Option<ndarray::Array3<f32>>| {
        let model = network_file::with_layers(Model::new(metadata), &mlp);
        let model = match blocks {
            Some(blocks) => model.with("reference_blocks", blocks),
            None => model,
        };
        std::fs::write(place.path(name), model.to_bytes().unwrap()).unwrap();
    };
    save(
        "words.safetensors",
        json!({ "kind": "classifier", "classes": ["cat", "dog"], "input": { "values": "spins (-1, +1)" } }),
        None,
    );
    std::fs::write(place.path("a.csv"), "a,b,label\n1,1,cat\n1,-1,dog\n-1,1,dog\n-1,-1,bird\n").unwrap();
    let seen = place.json("thermometer predict words.safetensors a.csv -o p.csv");
    let p = 1.0 / (1.0 + (-2.0f64).exp());
    assert_eq!((&seen["accuracy"]["samples"], &seen["accuracy"]["other_labels"]), (&json!(3), &json!(1)));
    near(seen["accuracy"]["accuracy"]["value"].as_f64().unwrap(), 2.0 / 3.0, 1e-12);
    near(seen["accuracy"]["cross_entropy"]["value"].as_f64().unwrap(), -(2.0 * p.ln() + (1.0 - p).ln()) / 3.0, 1e-6);
    assert!(place.read("p.csv").starts_with("P(class=cat),P(class=dog),predicted\n0.8807"), "{}", place.read("p.csv"));
    place.done("thermometer predict words.safetensors a.csv -o p.npz");
    near(place.array("p.npz", "probabilities")[(3, 1)], p, 1e-6);
    assert_eq!(place.column("p.npz", "predicted").to_vec(), [0.0, 0.0, 1.0, 1.0]);
    // A thermometer whose reference at T = 1 and 2 reads 0.8 and 0.3: T* of a collection is where ln P_ref, linear
    // between them, agrees.
    let blocks = ndarray::Array3::from_shape_fn((2, 4, 2), |(t, _, k)| [[0.8, 0.2], [0.3, 0.7]][t][k]);
    save(
        "t.safetensors",
        json!({ "kind": "thermometer", "temperatures": [1.0, 2.0], "input": { "values": "spins (-1, +1)" } }),
        Some(blocks),
    );
    let of = |up: usize| Array2::from_shape_fn((40, 2), |(r, _)| if r % 40 < up { 1.0f32 } else { -1.0 });
    place.archive("b.npz", |file| {
        file.add("spins", &ndarray::concatenate![ndarray::Axis(0), of(20), of(36)]).unwrap();
        file.add("temperatures", &arr1(&[2.0, 1.0])).unwrap();
    });
    let seen = place.json("thermometer predict t.safetensors b.npz");
    assert_eq!(seen["t_star"].as_array().unwrap().len(), 2);
    // 36 of 40 up reads P = 0.9 p + 0.1 (1 - p) = 0.8046, colder than T = 1 by less than a step; 20 of 40 reads 0.5.
    assert_eq!(seen["t_star"][0]["label"], "1");
    near(seen["t_star"][0]["t_star"]["value"].as_f64().unwrap(), 1.0, 0.02);
    // ln(P/(1 - P)) is linear in T too: from ln 4 at 1 to ln(3/7) at 2, zero at 1 + ln 4/(ln 4 - ln(3/7)).
    let at = 1.0 + 4f64.ln() / (4f64.ln() - (3.0f64 / 7.0).ln());
    near(seen["t_star"][1]["t_star"]["value"].as_f64().unwrap(), at, 0.01);
    near(seen["accuracy"]["accuracy"]["value"].as_f64().unwrap(), (36.0 + 20.0) / 80.0, 1e-12);
    place.refused("thermometer predict t.safetensors wide.npz", &["wide.npz: does not exist"]);
    place.archive("wide.npz", |file| file.add("x", &Array2::<f32>::ones((5, 7))).unwrap());
    place.refused("thermometer predict t.safetensors wide.npz", &["the network reads 2 values, the samples have 7"]);
    place.save("m.safetensors", &machine(2, 2, [Units::SPIN, Units::SPIN]), json!({}));
    place.refused("thermometer predict m.safetensors b.npz", &["it is no network"]);
}
