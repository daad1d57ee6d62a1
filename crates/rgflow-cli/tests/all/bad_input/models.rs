//! Files that are no machine or no network, or whose content is wrong.

use super::*;
use ndarray::Array3;

#[test]
fn files_that_are_no_models() {
    let folder = Folder::new();
    for commands in [AS_MACHINE, AS_NETWORK] {
        let folder = Folder::new();
        no_file(&folder, commands, "safetensors");
    }
    let all: Vec<&[&str]> = AS_MACHINE.iter().chain(AS_NETWORK).copied().collect();
    let good = rbm_file::model(&rbm(4), json!({})).to_bytes().unwrap();
    let newer = |mut model: Model| {
        model.metadata["format"] = 99.into();
        model.to_bytes().unwrap()
    };
    folder.put("nonsense.safetensors", b"these are no tensors");
    folder.put("truncated.safetensors", &good[..good.len() - 3]);
    folder.put("header.safetensors", &good[..30]);
    folder.put("huge.safetensors", &[&[0xff; 8][..], &good[8..]].concat());
    for name in ["nonsense", "truncated", "header", "huge"] {
        folder.refused(&all, &format!("{name}.safetensors"), &["safetensors file"]);
    }
    folder.put("newer.safetensors", &newer(rbm_file::model(&rbm(4), json!({}))));
    folder.refused(AS_MACHINE, "newer.safetensors", &["99", "update rgflow"]);
    folder.put("newer-network.safetensors", &newer(network_of(4)));
    folder.refused(AS_NETWORK, "newer-network.safetensors", &["99", "update rgflow"]);
    folder.put("others.safetensors", &Model::new(json!({})).with("x", arr1(&[1.0f32])).to_bytes().unwrap());
    folder.refused(AS_MACHINE, "others.safetensors", &["`weights`"]);
    folder.refused(AS_NETWORK, "others.safetensors", &["no layers"]);
    // One kind where the other is needed.
    folder.refused(AS_MACHINE, "good-network.safetensors", &["is a thermometer", "train rbm"]);
    folder.refused(AS_NETWORK, "good-rbm.safetensors", &["no network", "train thermometer"]);
    let in_rg: &[&[&str]] = &[&["rg", "neural", "--seeds", "1", "--network", "BAD"]];
    folder.refused(in_rg, "good-rbm.safetensors", &["no network"]);
    folder.refused(in_rg, "good-network.safetensors", &["reads 4 values", "32 x 32"]);
}

#[test]
fn models_whose_content_is_wrong() {
    let folder = Folder::new();
    let broken = |name: &str, mut model: Model, tensor: &str, to: &dyn Fn(&mut ndarray::ArrayD<f32>)| {
        to(model.tensors.get_mut(tensor).expect("there"));
        folder.put(name, &model.to_bytes().unwrap());
    };
    let machine_of = |n: usize| rbm_file::model(&rbm(n), json!({}));
    let nan = |t: &mut ndarray::ArrayD<f32>| *t.iter_mut().next().expect("not empty") = f32::NAN;
    let longer = |t: &mut ndarray::ArrayD<f32>| *t = arr1(&[0.0f32; 9]).into_dyn();
    let cube = |t: &mut ndarray::ArrayD<f32>| *t = ndarray::Array3::zeros((2, 2, 3)).into_dyn();
    broken("nan.safetensors", machine_of(4), "weights", &nan);
    folder.refused(AS_MACHINE, "nan.safetensors", &["finite"]);
    broken("shape.safetensors", machine_of(4), "visible_bias", &longer);
    folder.refused(AS_MACHINE, "shape.safetensors", &[]);
    broken("cube.safetensors", machine_of(4), "weights", &cube);
    folder.refused(AS_MACHINE, "cube.safetensors", &["`weights`", "dimensions"]);
    let mut odd = machine_of(4);
    odd.metadata["units"]["visible"] = "quark".into();
    folder.put("units.safetensors", &odd.to_bytes().unwrap());
    folder.refused(AS_MACHINE, "units.safetensors", &["quark"]);
    folder.put("wide.safetensors", &machine_of(6).to_bytes().unwrap());
    let out = folder.run(AS_MACHINE[0], "wide.safetensors");
    let line = String::from_utf8(out.stderr).unwrap();
    // The samples are named: they do not fit the machine that was given.
    assert!(out.status.code() == Some(2) && line.contains("good.npz") && line.contains("6 visible units"), "{line}");
    broken("nan-network.safetensors", network_of(4), "layers.1.weights", &nan);
    folder.refused(AS_NETWORK, "nan-network.safetensors", &["layers.1", "finite"]);
    broken("shape-network.safetensors", network_of(4), "layers.0.bias", &longer);
    folder.refused(AS_NETWORK, "shape-network.safetensors", &["layers.0", "do not fit"]);
    folder.put("wide-network.safetensors", &network_of(6).to_bytes().unwrap());
    folder.refused(AS_NETWORK, "wide-network.safetensors", &["6 values", "4 visible units"]);
    let mut odd = network_of(4);
    odd.metadata["activation"] = "magic".into();
    folder.put("activation.safetensors", &odd.to_bytes().unwrap());
    folder.refused(AS_NETWORK, "activation.safetensors", &["magic"]);
}

/// Curves and temperatures of a thermometer are checked where the file is read: shapes, probabilities, rising
/// temperatures.
#[test]
fn thermometers_whose_curves_are_wrong() {
    let folder = Folder::new();
    let with = |name: &str, temperatures: serde_json::Value, tensor: &str, blocks: Array3<f32>| {
        let mut model = network_of(4).with("reference_blocks", curve()).with(tensor, blocks);
        model.metadata["temperatures"] = temperatures;
        folder.put(name, &model.to_bytes().unwrap());
    };
    let one = |value: f32| {
        let mut blocks = curve();
        blocks[(1, 2, 0)] = value;
        blocks
    };
    let zeros = Array3::<f32>::zeros;
    let blocks = [
        (zeros((2, 0, 2)), "at least one block"),
        (zeros((0, 8, 2)), "expected (2, blocks, 2)"),
        (zeros((2, 8, 3)), "expected (2, blocks, 2)"),
        (zeros((3, 8, 2)), "expected (2, blocks, 2)"),
        (zeros((2, 8, 2)), "no probability"),
        (one(f32::NAN), "no probability"),
        (one(f32::INFINITY), "no probability"),
        (one(-0.5), "no probability"),
        (one(7.0), "no probability"),
        (Array3::from_elem((2, 8, 2), 0.5), "the same at all temperatures"),
    ];
    for (k, (blocks, part)) in blocks.into_iter().enumerate() {
        let name = format!("blocks-{k}.safetensors");
        with(&name, json!([1.0, 3.0]), "reference_blocks", blocks);
        folder.refused(AS_NETWORK, &name, &["reference_blocks", part]);
    }
    for (k, blocks) in [zeros((1, 0, 2)), zeros((2, 8, 2)), zeros((1, 8, 2))].into_iter().enumerate() {
        let name = format!("midpoints-{k}.safetensors");
        with(&name, json!([1.0, 3.0]), "midpoint_blocks", blocks);
        folder.refused(AS_NETWORK, &name, &["midpoint_blocks"]);
    }
    let temperatures = [
        (json!([3.0, 1.0]), "rise"),
        (json!([1.0, 1.0]), "rise"),
        (json!([-1.0, 3.0]), "at least 0"),
        (json!([1e308, 1.7e308]), "finite"),
        (json!([1.0, 2.0, 3.0]), "one for each output"),
        (json!("hot"), "one for each output"),
    ];
    for (k, (temperatures, part)) in temperatures.into_iter().enumerate() {
        let name = format!("temperatures-{k}.safetensors");
        with(&name, temperatures, "reference_blocks", curve());
        folder.refused(AS_NETWORK, &name, &["temperatures", part]);
    }
    // The table could fail: the good one is taken.
    let midpoint = curve().slice(ndarray::s![..1, .., ..]).to_owned();
    with("right.safetensors", json!([1.0, 3.0]), "midpoint_blocks", midpoint);
    let out =
        folder.run(&["flow", "good-rbm.safetensors", "good.npz", "--read", "BAD", "--print"], "right.safetensors");
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
}

/// Block means of P(T) at two temperatures.
fn curve() -> Array3<f32> {
    Array3::from_shape_fn((2, 8, 2), |(t, _, k)| if t == k { 0.75 } else { 0.25 })
}

/// Metadata that do not say what they should are no metadata that say nothing.
#[test]
fn machines_whose_metadata_are_odd() {
    let folder = Folder::new();
    let odd = [
        ("kind", json!([1])),
        ("kind", json!("thermometer")),
        ("format", json!("99")),
        ("format", json!(99)),
        ("format", json!(-1)),
        ("units", json!(7)),
        ("units", json!({ "visible": "spin" })),
        ("units", json!({ "visible": "spin", "hidden": 1 })),
    ];
    for (k, (key, value)) in odd.into_iter().enumerate() {
        let mut model = rbm_file::model(&rbm(4), json!({}));
        model.metadata[key] = value;
        let name = format!("odd-{k}.safetensors");
        folder.put(&name, &model.to_bytes().unwrap());
        folder.refused(AS_MACHINE, &name, &[]);
    }
}
