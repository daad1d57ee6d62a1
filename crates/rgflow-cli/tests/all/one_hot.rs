//! Promise: sites of several states, coded one-hot in a table, are trained on, kept in the model and verified; rows
//! that are not one-hot are refused by their number, site and remedy.

use crate::common::binary;
use ndarray::Array2;
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, Units};
use rgflow_lab::artifact::{Model, rbm_file};
use std::path::Path;
use std::process::Output;

fn run_in(folder: &Path, line: &str) -> Output {
    binary().current_dir(folder).args(line.split_whitespace()).output().expect("starts")
}

/// 60 samples of four sites of three states: neighbours are mostly alike. `spoil`: changes of the text.
fn table(path: &Path, spoil: impl Fn(usize, &mut Vec<&'static str>)) {
    let row = |s: usize| {
        let mut values = Vec::new();
        for site in 0..4 {
            let state = (s + usize::from(s % 5 == site)) % 3;
            values.extend(["1,0,0", "0,1,0", "0,0,1"][state].split(','));
        }
        spoil(s, &mut values);
        values.join(",")
    };
    std::fs::write(path, (0..60).map(|s| row(s) + "\n").collect::<String>()).unwrap();
}

#[test]
fn one_hot_tables_are_trained_on_and_verified() {
    let dir = tempfile::tempdir().unwrap();
    table(&dir.path().join("potts.csv"), |_, _| {});
    let train = "train rbm potts.csv --units categorical:3 --hidden 3 --epochs 2000 --learning-rate 0.1 --out potts";
    for line in [train.to_string(), train.replace("--out potts", "--method pcd --out again")] {
        let out = run_in(dir.path(), &line);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let said = String::from_utf8(out.stdout).unwrap();
        assert!(said.contains("ln p per sample") && !said.contains("learnt nothing"), "{said}");
    }
    let model = dir.path().join("potts/seed-1/rbm/model.safetensors");
    let trained = rbm_file::rbm(&Model::load(&model).unwrap()).unwrap();
    assert_eq!(*trained.visible_units(), Units::categorical(3).unwrap());
    assert_eq!(*trained.hidden_units(), Units::BINARY);
    let out = run_in(dir.path(), "verify potts/seed-1/rbm/model.safetensors --json");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let seen: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let checks = seen["checks"].as_array().unwrap();
    assert!(checks.len() == 6 && checks.iter().all(|check| check["passed"] == true), "{seen}");
    let out = run_in(dir.path(), "flow potts/seed-1/rbm/model.safetensors potts.csv --steps 8 --out flow");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn machines_of_categorical_units_come_back_from_their_file() {
    let rbm = Rbm::random(8, 6, 0.3, &mut Streams::new(1).generator("one-hot/rbm", 0));
    let rbm = rbm.with_units(Units::categorical(4).unwrap(), Units::categorical(2).unwrap()).unwrap();
    let bytes = rbm_file::model(&rbm, serde_json::json!({})).to_bytes().unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("m.safetensors"), bytes).unwrap();
    assert_eq!(rbm_file::rbm(&Model::load(dir.path().join("m.safetensors")).unwrap()).unwrap(), rbm);
    let v = Array2::from_shape_fn((1, 8), |(_, i)| f32::from(i % 4 == 1));
    assert!(rbm.free_energy(v.view())[0].is_finite());
}

#[test]
fn rows_that_are_not_one_hot_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |line: &str, parts: &[&str]| {
        let out = run_in(dir.path(), line);
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!((out.status.code(), said.lines().count()), (Some(2), 1), "{line}: {said}");
        assert!(parts.iter().all(|part| said.contains(part)), "{line}: {said} lacks {parts:?}");
    };
    table(&dir.path().join("two.csv"), |s, values| {
        if s == 16 {
            values.splice(3..6, ["1", "1", "0"]);
        }
    });
    let said = ["two.csv", "sample 17", "1, 1, 0 in site 2 (values 4 to 6)", "categorical:3", "; code"];
    refused("train rbm two.csv --units categorical:3", &said);
    table(&dir.path().join("whole.csv"), |_, _| {});
    refused("train rbm whole.csv --units categorical:5", &["samples of 12 values", "categorical:5 units take 5 each"]);
    refused("train rbm whole.csv --units categorical:1", &["categorical units of 1 states", "2 to 1000"]);
    refused("train rbm whole.csv --units potts", &["\"categorical:STATES\""]);
}

/// Whole numbers are states: spin 1, Potts states from 0 or 1. A note says which value is which state; a flow codes by
/// the machine's states.
#[test]
fn whole_numbers_are_coded_one_hot() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, value: &dyn Fn(usize) -> i64| {
        let row = |s: usize| {
            (0..4).map(|site| value(s + usize::from(s % 5 == site)).to_string()).collect::<Vec<_>>().join(",")
        };
        std::fs::write(dir.path().join(name), (0..60).map(|s| row(s) + "\n").collect::<String>()).unwrap();
    };
    put("spin-1.csv", &|s| (s % 3) as i64 - 1);
    put("potts.csv", &|s| (s % 3) as i64 + 1);
    put("two.csv", &|s| (s % 2) as i64 + 1);
    put("half.csv", &|s| 2 * (s % 2) as i64 - 1);
    put("bits.csv", &|s| (s % 2) as i64);
    let said = |line: &str, code: i32| {
        let out = run_in(dir.path(), line);
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(code), "{line}: {said}");
        said
    };
    let train = |name: &str, q: usize| {
        let line = format!(
            "train rbm {name}.csv --units categorical:{q} --hidden 3 --epochs 5 --set samples.steps=2 --out {name}"
        );
        let said = said(&line, 0);
        let model = Model::load(dir.path().join(name).join("seed-1/rbm/model.safetensors")).unwrap();
        assert_eq!(rbm_file::rbm(&model).unwrap().n_visible(), 4 * q);
        (said, model.metadata["input"]["states"].clone())
    };
    let (note, states) = train("spin-1", 3);
    let coded = "whole numbers are coded one-hot for 3 states: -1 is state 1, 0 is state 2, 1 is state 3";
    assert!(note.contains(coded), "{note}");
    assert_eq!(states, serde_json::json!([-1, 0, 1]));
    assert_eq!(train("potts", 3).1, serde_json::json!([1, 2, 3]));
    assert_eq!(train("two", 3).1, serde_json::json!([1, 2, 3]), "two of three states occur");
    assert_eq!(train("bits", 2).1, serde_json::json!([0, 1]));
    said("verify spin-1/seed-1/rbm/model.safetensors", 0);
    // The same states in a flow, also where only some of them occur; others are refused.
    let flow = |data: &str| format!("flow spin-1/seed-1/rbm/model.safetensors {data}.csv --steps 8 --out flow-{data}");
    said(&flow("spin-1"), 0);
    said(&flow("half"), 0);
    // A network of the same coding reads the flow, one of another does not.
    let rows: String = std::fs::read_to_string(dir.path().join("spin-1.csv")).unwrap();
    let labelled = |rows: &str, from: &str, to: &str| {
        let line =
            |(i, row): (usize, &str)| format!("{},{}\n", if i % 2 == 0 { "a" } else { "b" }, row.replace(from, to));
        format!("label,p,q,r,s\n{}", rows.lines().enumerate().map(line).collect::<String>())
    };
    std::fs::write(dir.path().join("labelled.csv"), labelled(&rows, "x", "x")).unwrap();
    std::fs::write(dir.path().join("moved.csv"), labelled(&rows, "-1", "2")).unwrap();
    for name in ["labelled", "moved"] {
        said(&format!("train thermometer {name}.csv --states 3 --epochs 2 --out {name}"), 0);
    }
    let read = |name: &str| {
        format!(
            "flow spin-1/seed-1/rbm/model.safetensors spin-1.csv --steps 8 --read \
             {name}/seed-1/thermometer/model.safetensors --out read-{name}"
        )
    };
    said(&read("labelled"), 0);
    assert!(said(&read("moved"), 2).contains("codes the states [0, 1, 2]"));
    assert!(said("train thermometer labelled.csv --states 2 --epochs 2", 2).contains("holds 3 distinct values"));
    let other = said(&flow("potts"), 2);
    assert!(other.contains("holds 2, and the states are [-1, 0, 1]"), "{other}");
    let few = said("train rbm potts.csv --units categorical:2", 2);
    assert!(few.contains("holds 3 distinct values (1, 2, 3)") && few.contains("--units categorical:3"), "{few}");
    let plain = said("train rbm potts.csv", 2);
    assert!(plain.contains("if they are states, take --units categorical:3"), "{plain}");
    std::fs::write(dir.path().join("real.csv"), "0.5,1\n1,2\n2,1\n0,1\n").unwrap();
    assert!(said("train rbm real.csv --units categorical:3", 2).contains("holds 0.5, which is no state"));
}
