//! Promises of the command line: exact values, one line and exit code 2 for a user's mistake, help everywhere, quiet
//! pipes.

use crate::common::rgflow;

/// A user's mistake: exit code 2, one line on stderr that contains all of `parts`, nothing on stdout.
fn mistake(arguments: &[&str], parts: &[&str]) {
    let ran = rgflow(arguments).code(2);
    assert_eq!(ran.stdout, "");
    let line = ran.stderr;
    assert_eq!(line.lines().count(), 1, "{line}");
    for part in parts {
        assert!(line.contains(part), "{line} lacks {part}");
    }
}

fn json(arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&rgflow(arguments).success().stdout).unwrap()
}

#[test]
fn exact_values_have_all_digits() {
    let row = &json(&["exact", "ising", "--size", "10", "--temperature", "2.25", "--json"])["rows"][0];
    assert_eq!(row["size"], 10);
    assert_eq!(row["temperature"], 2.25);
    assert!((row["energy"].as_f64().unwrap() + 1.500_168_205_27).abs() < 1e-11);
    assert!((row["specific_heat"].as_f64().unwrap() - 1.233_272_43).abs() < 1e-8);
    let rows = json(&["exact", "ising", "--size", "3x5,4", "--temperature", "0..0.3:0.1,Tc,inf", "--json"]);
    let rows = rows["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 12);
    assert_eq!((&rows[0]["size"], &rows[0]["energy"]), (&"3x5".into(), &(-2.0).into()));
    assert_eq!(rows[3]["temperature"], 0.3);
    assert!((rows[4]["temperature"].as_f64().unwrap() - 2.269_185_314_213).abs() < 1e-12);
    assert_eq!((&rows[5]["temperature"], &rows[5]["free_energy"]), (&"Tinf".into(), &serde_json::Value::Null));
    let table = rgflow(&["exact", "ising", "--size", "10", "--temperature", "2.25"]).success();
    table.prints("-1.5001682052").prints("10x10");
}

#[test]
fn mistakes_of_the_user_are_one_line() {
    mistake(&["exact", "ising", "--size", "1", "--temperature", "2"], &["1x1", "at least 2"]);
    mistake(&["run", "isin-2d"], &["isin-2d"]);
    mistake(&["reproduce", "fig99"], &["fig99"]);
    mistake(&["inspect", "no/such/folder"], &["no/such/folder", "does not exist"]);
    mistake(&["run", "no-such-file.toml"], &["no-such-file.toml"]);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("my.toml");
    let file = file.to_str().unwrap();
    std::fs::write(file, "experiment = \"x\"\nrbm = = 3\n").unwrap();
    mistake(&["run", file], &["my.toml, line 2"]);
    std::fs::write(file, "rbm = 3\n").unwrap();
    mistake(&["run", file], &["my.toml", "experiment"]);
    mistake(&["inspect", file], &["my.toml", ".safetensors"]);
    mistake(&["inspect", dir.path().to_str().unwrap()], &["no run folder"]);
    mistake(&["report", dir.path().to_str().unwrap()], &["record.json"]);
}

#[test]
fn values_that_cannot_be_run_name_their_key() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    for (set, part) in [
        ("rbm.epochs=-1", "must be 1 to 100000"),
        ("rbm.snapshot_epochs=[-1]", "must be 1 to 100000"),
        ("samples.sampler=abc", "wolff"),
        ("samples.per_temperature=9223372036854775807", "must be "),
        ("thermometer.batch=9223372036854775807", "must be "),
        ("rbm.hidden=9223372036854775807", "must be "),
        ("rbm.cd_steps=9223372036854775807", "must be "),
        ("flow.steps=9223372036854775807", "must be "),
    ] {
        let key = set.split('=').next().unwrap();
        mistake(&["run", "ising-2d", "--out", out.to_str().unwrap(), "--set", set], &[key, part]);
    }
    assert!(!out.exists());
}

#[test]
fn wrong_arguments_exit_with_2() {
    for arguments in [
        &["exact", "ising", "--size", "10", "--temperature", "-1"][..],
        &["exact", "ising", "--size", "ten", "--temperature", "1"],
        &["exact", "ising", "--size", "10", "--temperature", "1..2"],
        &["exact", "ising", "--size", "10", "--temperature", "1..inf:0.1"],
        &["exact", "ising", "--size", "10"],
        &["run"],
        &["run", "ising-2d", "--seeds", "0"],
        &["run", "ising-2d", "--threads", "0"],
        &["nonsense"],
        &[],
    ] {
        assert!(!rgflow(arguments).code(2).stderr.is_empty());
    }
}

#[test]
fn every_command_has_help_with_examples() {
    for command in ["run", "reproduce", "report", "inspect", "exact", "completions"] {
        rgflow(&[command, "--help"]).success().prints("Examples:");
    }
    rgflow(&["--help"]).success().prints("Exit codes");
    assert!(rgflow(&["--version"]).success().stdout.starts_with("rgflow "));
}

#[test]
fn damaged_files_are_named() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.npz", "a.safetensors", "results.json"] {
        let path = dir.path().join(name);
        std::fs::write(&path, b"nonsense").unwrap();
        rgflow(&["inspect", path.to_str().unwrap()]).code(2).complains(name);
    }
}

#[test]
fn inspect_tells_arrays_tensors_and_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_string();
    let mut file = rgflow_lab::artifact::npz::Writer::new();
    file.add("spins", &ndarray::Array2::<i8>::zeros((3, 4))).unwrap();
    file.save(path("a.npz")).unwrap();
    let array = &json(&["inspect", &path("a.npz"), "--json"])["arrays"][0];
    assert_eq!(array, &serde_json::json!({ "name": "spins", "dtype": "|i1", "shape": [3, 4] }));
    rgflow(&["inspect", &path("a.npz")]).success().prints("3 x 4");
    let model = rgflow_lab::artifact::Model::new(serde_json::json!({ "kind": "rbm" }));
    model.with("weights", ndarray::Array2::zeros((2, 5))).save(path("m.safetensors")).unwrap();
    let seen = json(&["inspect", &path("m.safetensors"), "--json"]);
    assert_eq!(seen["metadata"]["rgflow"]["kind"], "rbm");
    assert_eq!(seen["tensors"][0]["shape"], serde_json::json!([2, 5]));
    std::fs::write(path("results.json"), r#"{"schema":"rgflow-results-9","numbers":[]}"#).unwrap();
    rgflow(&["inspect", &path("results.json")]).code(2).complains("rgflow-results-9");
}

/// A machine with a hidden unit of weights `w` at both ends of each of `bonds`: couplings K = ln(cosh 2w) / 2, which is
/// returned.
fn decimated(path: &str, n: usize, bonds: &[(usize, usize)], w: f32, metadata: serde_json::Value) -> f64 {
    use ndarray::{Array1, Array2};
    use rgflow::rbm::{Rbm, Units};
    let weight = |(i, a): (usize, usize)| if bonds[a].0 == i || bonds[a].1 == i { w } else { 0.0 };
    let weights = Array2::from_shape_fn((n, bonds.len()), weight);
    let rbm = Rbm::new(weights, Array1::zeros(n), Array1::zeros(bonds.len()), Units::SPIN, Units::SPIN).unwrap();
    rgflow_lab::artifact::rbm_file::model(&rbm, metadata).save(path).unwrap();
    (2.0 * f64::from(w)).cosh().ln() / 2.0
}

#[test]
fn inspect_shows_the_couplings_of_a_machine() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_string();
    let (ring, torus, wide) = (path("ring.safetensors"), path("torus.safetensors"), path("wide.safetensors"));
    let close =
        |value: &serde_json::Value, to: f64| assert!((value.as_f64().unwrap() - to).abs() < 1e-9, "{value} {to}");

    // A ring of nine, which without a word is taken for a torus of 3 x 3.
    let bonds: Vec<_> = (0..9).map(|i| (i, (i + 1) % 9)).collect();
    let k = decimated(&ring, 9, &bonds, 0.8, serde_json::json!({}));
    let t = format!("{:?}", 1.0 / k);
    let seen = json(&["inspect", &ring, "--couplings", "--lattice", "ring", "--temperature", &t, "--json"]);
    close(&seen["K_eff"]["value"], k);
    close(&seen["T_eff"]["value"], 1.0 / k);
    close(&seen["by_distance"][1]["J"]["value"], 0.0);
    close(&seen["orders"]["two"]["share"]["value"], 1.0);
    close(&seen["trace_condition"]["variance"], 0.0);
    close(&seen["trace_condition"]["kl"], 0.0);
    assert_eq!(
        (&seen["configurations"], seen["lattice"]["assumed"].as_bool()),
        (&serde_json::Value::Null, Some(false))
    );
    let text = |arguments: &[&str], part: &str| {
        rgflow(arguments).success().prints(part);
    };
    text(&["inspect", &ring, "--couplings"], "periodic square 3 x 3 (assumed");
    text(&["inspect", &ring, "--couplings", "--lattice", "ring", "--temperature", "inf"], "T = inf");
    // Ten are no square: the largest couplings.
    decimated(&path("ten.safetensors"), 10, &bonds, 0.8, serde_json::json!({}));
    text(&["inspect", &path("ten.safetensors"), "--couplings"], "largest");

    // Sampled, on the lattice that the model names; without terms of three spins and more there is no error.
    let bonds: Vec<_> = (0..30).map(|i| (i, i / 6 * 6 + (i + 1) % 6)).collect();
    let k = decimated(&torus, 30, &bonds, 0.5, serde_json::json!({ "lattice": [6, 5] }));
    let seen = json(&["inspect", &torus, "--couplings", "--samples", "500", "--seed", "3", "--json"]);
    assert_eq!(seen["lattice"]["extents"], serde_json::json!([6, 5]));
    // Bonds along one of two axes.
    close(&seen["K_eff"]["value"], k / 2.0);
    assert!(seen["K_eff"]["error"].as_f64().unwrap() < 1e-9 && seen["configurations"].as_u64() == Some(1024));
    text(&["inspect", &torus, "--couplings"], "sampled from 16384 configurations, seed 1");

    mistake(&["inspect", &torus, "--couplings", "--temperature", "2"], &["torus.safetensors", "16", "30"]);
    mistake(&["inspect", &path("ten.safetensors"), "--couplings", "--temperature", "2"], &["--lattice ring"]);
    mistake(&["inspect", &path("ten.safetensors"), "--couplings", "--lattice", "square"], &["10", "ring"]);
    mistake(&["inspect", &ring, "--couplings", "--lattice", "cube"], &["cube", "ring and square"]);
    mistake(&["inspect", &ring, "--couplings", "--temperature", "0"], &["T > 0"]);
    mistake(&["inspect", dir.path().to_str().unwrap(), "--couplings"], &["is a folder"]);
    rgflow(&["inspect", &ring, "--samples", "5"]).code(2).complains("--couplings");
    let model = |kind: &str| rgflow_lab::artifact::Model::new(serde_json::json!({ "kind": kind }));
    model("thermometer").with("weights", ndarray::Array2::zeros((2, 5))).save(&wide).unwrap();
    mistake(&["inspect", &wide, "--couplings"], &["wide.safetensors", "thermometer", "train rbm"]);
    let grey = rgflow::rbm::Rbm::random(4, 2, 0.1, &mut rgflow::random::Streams::new(1).generator("test", 0));
    let grey = grey.with_units(rgflow::rbm::Units::gaussian(1.0).unwrap(), rgflow::rbm::Units::SPIN).unwrap();
    rgflow_lab::artifact::rbm_file::model(&grey, serde_json::json!({})).save(&wide).unwrap();
    mistake(&["inspect", &wide, "--couplings"], &["visible units are Gaussian", "spins or bits"]);
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    use std::process::{Command, Stdio};
    let program = env!("CARGO_BIN_EXE_rgflow");
    for arguments in [&["exact", "ising", "--size", "4", "--temperature", "0..10:0.001"][..], &["--help"]] {
        let mut child =
            Command::new(program).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}

#[test]
fn quiet_verbose_and_colours_are_as_asked() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_string();
    rgflow(&["sample", "ising", "--size", "4", "--temperature", "2", "--n", "40", "--out", &path("a.npz")]).success();
    let train = ["train", "rbm", &path("a.npz"), "--hidden", "2", "--epochs", "1", "--set", "samples.steps=2", "--out"];
    let ran = rgflow(&[&train[..], &[&path("v"), "-v"]].concat()).success();
    ran.complains("stage rbm of seed 1: ").complains("stage examine of seed 1: ");
    let ran = rgflow(&[&train[..], &[&path("v"), "-q"]].concat()).success();
    assert_eq!(ran.stderr, "", "complete: nothing to do");
    rgflow(&["run", "isin-2d", "-q"]).code(2).complains("isin-2d");
    let coloured = rgflow(&["run", "isin-2d", "--color", "always"]).code(2);
    assert!(coloured.stderr.starts_with("\u{1b}[1;31merror\u{1b}[0m: "), "{}", coloured.stderr);
    rgflow(&["--color=always", "run", "--nonsense"]).code(2).complains("\u{1b}[1;31merror");
    assert!(!rgflow(&["run", "isin-2d"]).code(2).stderr.contains('\u{1b}'));
    assert!(rgflow(&["run", "--help", "--color", "always"]).success().stdout.contains('\u{1b}'));
}

#[test]
fn man_pages_are_written() {
    let dir = tempfile::tempdir().unwrap();
    rgflow(&["man", "--out", dir.path().to_str().unwrap()]).success();
    let page = std::fs::read_to_string(dir.path().join("rgflow-run.1")).unwrap();
    assert!(page.contains(".TH") && page.contains("RECIPE"), "{page}");
}
