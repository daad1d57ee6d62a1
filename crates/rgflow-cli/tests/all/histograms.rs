//! `rgflow rg reweight` and `rgflow rg collapse`: truth within errors, one line that names file, temperature and
//! remedy.

use crate::common::rgflow;
use rgflow::exact::{enumeration, square};
use rgflow::lattice::{Square, Temperature};
use serde_json::Value;
use std::path::Path;

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&rgflow(arguments).success().stdout).unwrap()
}

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

/// Samples in a file of `dir`; its path.
fn sample(dir: &Path, name: &str, arguments: &[&str]) -> String {
    let path = dir.join(name).to_str().unwrap().to_string();
    rgflow(&[&["sample", "ising", "--out", &path][..], arguments].concat()).success();
    path
}

/// |value - truth| in standard errors, which must be finite and at most `most`.
fn pull(number: &Value, truth: f64, most: f64) -> f64 {
    let of = |key: &str| number[key].as_f64().unwrap();
    assert!(of("error") > 0.0 && of("error") < most, "{number} {truth}");
    (of("value") - truth).abs() / of("error")
}

/// Null: independent exact draws; E and C at five temperatures about Kaufman's are normal, with errors from 50
/// blocks: |z| < 5.5, p < 2e-5 for all ten. Seed 1.
#[test]
fn reweighted_energies_are_those_of_kaufman() {
    let dir = tempfile::tempdir().unwrap();
    let a = sample(dir.path(), "a.npz", &["--size", "8", "--temperature", "2.2,2.6", "--n", "3000"]);
    let b = sample(dir.path(), "b.npz", &["--size", "8", "--temperature", "2.4", "--n", "2000", "--seed", "2"]);
    let seen = json(&["rg", "reweight", &a, &b, "--temperatures", "2.1..2.7:0.15", "--json"]);
    let rows = seen["rows"].as_array().unwrap();
    assert_eq!((rows.len(), seen["n_blocks"].as_u64(), &seen["lattice"]), (5, Some(50), &"square".into()));
    for row in rows {
        let t = Temperature::new(row["temperature"].as_f64().unwrap()).unwrap();
        let truth = square::thermodynamics(8, 8, t).unwrap();
        assert!(pull(&row["energy"], truth.energy, 0.01) < 5.5, "{row} {truth:?}");
        assert!(pull(&row["specific_heat"], truth.specific_heat, 0.1) < 5.5, "{row} {truth:?}");
    }
    // The default grid lies between what was sampled; the picture is one.
    let picture = dir.path().join("a.svg").to_str().unwrap().to_string();
    let grid = json(&["rg", "reweight", &a, "--json", "--threads", "1", "--plot", &picture]);
    let grid_rows = grid["rows"].as_array().unwrap();
    assert_eq!((grid_rows.len(), &grid["left_out"]), (41, &serde_json::json!([])));
    assert_eq!(grid_rows[40]["temperature"].as_f64().map(|t| (t * 1e6).round()), Some(2.6e6));
    assert_eq!(grid, json(&["rg", "reweight", &a, "--json", "--threads", "2"]), "results depend on the threads");
    let svg = std::fs::read_to_string(&picture).unwrap();
    assert!(svg.starts_with("<svg") && svg.matches("class=\"panel\"").count() >= 4, "{svg}");
    // F10b: a file that exists is replaced on demand alone.
    std::fs::write(&picture, "mine").unwrap();
    for arguments in [["rg", "reweight", &a, "--plot", &picture], ["rg", "collapse", "none.npz", "--plot", &picture]] {
        mistake(&arguments, &["--plot", "a.svg", "exists", "--force"]);
    }
    assert_eq!(std::fs::read_to_string(&picture).unwrap(), "mine");
    rgflow(&["rg", "reweight", &a, "--plot", &picture, "--force"]).success();
    assert_eq!(std::fs::read_to_string(&picture).unwrap(), svg);
}

/// Truth: the sum over all states of the 4 x 4 torus. Null: normal, |z| < 5.5 for four numbers. Seed 1.
#[test]
fn averages_in_a_field_are_those_of_enumeration() {
    let dir = tempfile::tempdir().unwrap();
    let none = sample(dir.path(), "none.npz", &["--size", "4", "--temperature", "2.5", "--n", "4000"]);
    let field = sample(
        dir.path(),
        "field.npz",
        &["--size", "4", "--temperature", "2.5", "--n", "4000", "--field", "0.1", "--seed", "3"],
    );
    let arguments = ["rg", "reweight", &none, &field, "--temperatures", "2.5", "--y", "0.05,0.12", "--json"];
    let seen = json(&arguments);
    let joint = enumeration::joint_density(&Square::new(4, 4).unwrap()).unwrap();
    for row in seen["rows"].as_array().unwrap() {
        let truth = joint.averages(Temperature::new(2.5).unwrap(), row["y"].as_f64().unwrap()).unwrap();
        assert!(pull(&row["magnetisation"], truth.magnetisation, 0.02) < 5.5, "{row} {truth:?}");
        let u4 = 1.0 - truth.m4 / (3.0 * truth.m2 * truth.m2);
        assert!(pull(&row["binder"], u4, 0.02) < 5.5, "{row} {truth:?}");
    }
    // Y of the operator nn is a shift of J: E - Y nn = (1 + Y) E at the temperature T/(1 + Y).
    let seen = json(&["rg", "reweight", &none, "--temperatures", "2.5", "--y", "0.1", "--operator", "nn", "--json"]);
    let truth = square::thermodynamics(4, 4, Temperature::new(2.5 / 1.1).unwrap()).unwrap();
    assert!(pull(&seen["rows"][0]["energy"], 1.1 * truth.energy, 0.05) < 5.5, "{seen} {truth:?}");
    mistake(&["rg", "reweight", &field, "--operator", "abs_m"], &["field.npz", "h = 0.1", "--operator"]);
    let wide = sample(dir.path(), "wide.npz", &["--size", "12", "--temperature", "2.5", "--n", "500"]);
    mistake(
        &["rg", "reweight", &wide, "--temperatures", "2.5", "--y", "3"],
        &["wide.npz", "T = 2.5, Y = 3", "a tenth", "last in reach"],
    );
    mistake(&["rg", "reweight", &wide, "--y", "3"], &["wide.npz", "Y = 3", "last in reach"]);
}

/// B1. Truth: the sum over all states of the 4 x 4 torus. Samples at h = 0.3 and T = 1 lie in one phase, the other
/// follows by symmetry. Null: normal, |z| < 5.5.
#[test]
fn the_other_phase_is_not_missing() {
    let dir = tempfile::tempdir().unwrap();
    let up = sample(dir.path(), "up.npz", &["--size", "4", "--temperature", "1", "--n", "2000", "--field", "0.3"]);
    let down = sample(dir.path(), "down.npz", &["--size", "4", "--temperature", "1", "--n", "1000", "--field=-0.3"]);
    let joint = enumeration::joint_density(&Square::new(4, 4).unwrap()).unwrap();
    for files in [&[up.as_str()][..], &[&up, &down]] {
        let arguments = ["--temperatures", "1", "--y=-0.1,0,0.05,-0.3", "--json"];
        let seen = json(&[&["rg", "reweight"][..], files, &arguments].concat());
        assert_eq!(seen["rows"].as_array().unwrap().len(), 4);
        for row in seen["rows"].as_array().unwrap() {
            let truth = joint.averages(Temperature::new(1.0).unwrap(), row["y"].as_f64().unwrap()).unwrap();
            assert!(pull(&row["magnetisation"], truth.magnetisation, 0.01) < 5.5, "{row} {truth:?}");
            assert!(pull(&row["energy"], truth.energy, 0.02) < 5.5, "{row} {truth:?}");
        }
    }
}

/// B1: ground states alone know no other temperature, and an error is never 0.
#[test]
fn ground_states_alone_do_not_reach_far() {
    let dir = tempfile::tempdir().unwrap();
    let cold = sample(dir.path(), "cold.npz", &["--size", "8", "--temperature", "0.5", "--n", "1000"]);
    mistake(
        &["rg", "reweight", &cold, "--temperatures", "5"],
        &["cold.npz", "T = 5", "beyond all that were drawn", "last in reach"],
    );
    let seen = json(&["rg", "reweight", &cold, "--json"]);
    let rows = seen["rows"].as_array().unwrap();
    assert!(rows.len() > 10 && rows.iter().all(|r| r["temperature"].as_f64().unwrap() < 1.0), "{seen}");
    for row in rows {
        let truth =
            square::thermodynamics(8, 8, Temperature::new(row["temperature"].as_f64().unwrap()).unwrap()).unwrap();
        assert!(pull(&row["energy"], truth.energy, 0.1) < 3.0, "{row} {truth:?}");
        assert!(pull(&row["specific_heat"], truth.specific_heat, 1.0) < 3.0, "{row} {truth:?}");
    }
}

/// B2: the same rows in two files are refused; `rgflow sample` gives other ones with another seed.
#[test]
fn rows_of_one_seed_count_once() {
    let dir = tempfile::tempdir().unwrap();
    let own = ["--size", "8", "--temperature", "2.3", "--sampler", "exact"];
    let a = sample(dir.path(), "a.npz", &[&own[..], &["--n", "300"]].concat());
    let b = sample(dir.path(), "b.npz", &[&own[..], &["--n", "500"]].concat());
    let c = sample(dir.path(), "c.npz", &[&own[..], &["--n", "500", "--seed", "2"]].concat());
    mistake(&["rg", "reweight", &a, &b], &["a.npz", "b.npz", "rows 0 to 299", "--seed"]);
    rgflow(&["rg", "reweight", &a, &c, "--temperatures", "2.3"]).success();
}

/// Truth: Onsager's T_c, nu = 1, beta/nu = 1/8. Null: normal with corrections to scaling (L = 8, 16) of at
/// most 0.01, 0.1 and 0.01; |z| < 5.
#[test]
#[ignore = "slow: ./test --full runs it"]
fn sizes_collapse_at_the_critical_temperature() {
    let dir = tempfile::tempdir().unwrap();
    let files: Vec<String> = [("6", "2.0..2.5:0.1"), ("8", "2.05..2.45:0.1"), ("16", "2.17..2.37:0.05")]
        .iter()
        .map(|(l, t)| sample(dir.path(), &format!("L{l}.npz"), &["--size", l, "--temperature", t, "--n", "1500"]))
        .collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let picture = dir.path().join("c.svg").to_str().unwrap().to_string();
    let collapse = |more: &[&str]| json(&[&["rg", "collapse", "--json"][..], &files, more].concat());
    let near = |number: &Value, truth: f64, correction: f64, most: f64| {
        let off = pull(number, truth, most) * number["error"].as_f64().unwrap();
        assert!(off < correction + 5.0 * number["error"].as_f64().unwrap(), "{number} {truth}");
    };
    let t_c = Temperature::CRITICAL.value();
    let seen = collapse(&["--plot", &picture]);
    near(&seen["t_c"], t_c, 0.01, 0.02);
    near(&seen["nu"], 1.0, 0.1, 0.1);
    assert_eq!((seen["points"].as_array().unwrap().len(), seen["crossings"].as_array().unwrap().len()), (16, 2));
    near(&seen["crossings"][1]["temperature"], t_c, 0.01, 0.05);
    near(&seen["power_laws"]["abs_m"]["a"], -0.125, 0.02, 0.05);
    assert!(std::fs::read_to_string(picture).unwrap().contains("chi2/dof"));
    let exact = collapse(&["--of", "abs_m", "--tc", "2.269185"]);
    near(&exact["a"], -0.125, 0.02, 0.05);
    near(&exact["power_laws"]["abs_m"]["a"], -0.125, 0.01, 0.02);
    near(&exact["power_laws"]["chi"]["a"], 1.75, 0.1, 0.1);

    mistake(&["rg", "collapse"], &["give files", "L8.npz"]);
    mistake(&["rg", "collapse", files[0]], &["L6.npz", "L = 6", "several sizes"]);
    mistake(&["rg", "collapse", files[0], files[0]], &["L6.npz", "once"]);
    mistake(&["rg", "collapse", files[0], files[1], "--degree", "15"], &["L6.npz", "parameters", "lower degree"]);
    mistake(&["rg", "collapse", files[0], files[1], "--window", "0.01"], &["L = 6, 8", "0.01", "--window"]);
    mistake(&["rg", "collapse", files[0], files[1], "--nu", "-1"], &["--nu -1", "above 0"]);
    mistake(&["rg", "reweight", files[0], files[1]], &["L6.npz", "square 6 x 6", "L8.npz", "rg collapse"]);
}

/// F3. Truth: Kaufman's energy of the 6 x 6 torus. T = 1 and T = 3 do not overlap, yet each supports its own
/// surroundings. Null: normal, |z| < 5.5.
#[test]
fn samples_that_do_not_overlap_are_read_by_group() {
    let dir = tempfile::tempdir().unwrap();
    let far = sample(dir.path(), "far.npz", &["--size", "6", "--temperature", "1,3,3.2", "--n", "500"]);
    let near = |seen: &Value| {
        for row in seen["rows"].as_array().unwrap() {
            let t = Temperature::new(row["temperature"].as_f64().unwrap()).unwrap();
            let truth = square::thermodynamics(6, 6, t).unwrap();
            assert!(pull(&row["energy"], truth.energy, 0.1) < 5.5, "{row} {truth:?}");
        }
    };
    let arguments = ["rg", "reweight", &far, "--temperatures", "3,2.9", "--json"];
    let said = rgflow(&arguments).success().stderr;
    assert!(said.contains("T = 1 and at T = 3, 3.2") && said.contains("left out: T = 1"), "{said}");
    let seen = json(&arguments);
    near(&seen);
    assert_eq!((&seen["sampled"][0]["group"], &seen["rows"][0]["group"]), (&0.into(), &1.into()));
    // The default grid has points about both, and none between.
    let seen = json(&["rg", "reweight", &far, "--json"]);
    near(&seen);
    let at = |low: f64, high: f64| {
        let t = seen["rows"].as_array().unwrap().iter().map(|r| r["temperature"].as_f64().unwrap());
        t.filter(|t| (low..high).contains(t)).count()
    };
    assert!(at(0.0, 1.3) > 20 && at(1.4, 2.6) == 0 && at(2.9, 3.3) > 30, "{seen}");
    mistake(
        &["rg", "reweight", &far, "--temperatures", "3,1.6"],
        &["far.npz", "T = 1.6", "neither T = 3 nor T = 1", "sample between"],
    );
    mistake(&["rg", "reweight", &far, "--temperatures", "12"], &["T = 12", "last in reach"]);
}

#[test]
fn what_cannot_be_reweighted_is_said_in_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_string();
    let warm = sample(dir.path(), "warm.npz", &["--size", "16", "--temperature", "0,2.5", "--n", "500"]);
    // T = 0 is left out, with a word on it.
    rgflow(&["rg", "reweight", &warm, "--temperatures", "2.4"]).success().complains("T = 0 is left out");
    let far = sample(dir.path(), "one.npz", &["--size", "16", "--temperature", "2.5", "--n", "500"]);
    mistake(
        &["rg", "reweight", &far, "--temperatures", "2.45,6"],
        &["one.npz", "T = 6", "of the 500 at T = 2.5", "last in reach is T = 2."],
    );
    mistake(&["rg", "reweight", &far, "--temperatures", "0"], &["--temperatures 0", "T > 0"]);
    mistake(&["rg", "reweight", &far, "--y", "nan"], &["--y NaN", "finite"]);
    mistake(&["rg", "reweight", &far, "--operator", "x"], &["--operator x", "abs_m"]);
    mistake(&["rg", "reweight", &far, "--plot", "a.png"], &["--plot a.png", ".svg"]);
    mistake(&["rg", "reweight", &far, &far], &["one.npz", "once"]);
    let few = sample(dir.path(), "few.npz", &["--size", "4", "--temperature", "2.5", "--n", "20"]);
    mistake(&["rg", "reweight", &few], &["few.npz", "20 configurations", "T = 2.5", "--n 50"]);
    let npy = sample(dir.path(), "a.npy", &["--size", "4", "--temperature", "2.5", "--n", "20"]);
    mistake(&["rg", "reweight", &npy], &["a.npy", "no place for temperatures", "rgflow sample"]);
    mistake(&["rg", "reweight", "none.npz"], &["none.npz", "does not exist"]);
    let ring =
        sample(dir.path(), "ring.npz", &["--lattice", "ring", "--size", "20", "--temperature", "1", "--n", "500"]);
    let other = sample(dir.path(), "ring2.npz", &["--lattice", "ring", "--size", "24", "--temperature", "1"]);
    rgflow(&["rg", "reweight", &ring, "--temperatures", "1.05"]).success();
    mistake(&["rg", "collapse", &ring, &other], &["ring.npz", "ring", "L x L"]);
    mistake(&["rg", "reweight", &ring, "--operator", "nnn"], &["ring.npz", "nnn", "abs_m"]);

    // Files of another program.
    // SplitMix64: rows without a pattern that comes again.
    let bit = |i: usize, j: usize| {
        let z = ((i * 16 + j + 1) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 61
    };
    let spins = ndarray::Array2::from_shape_fn((200, 16), |(i, j)| if bit(i, j) < 4 { 1i8 } else { -1 });
    let write = |name: &str, arrays: &[(&str, ndarray::Array1<f64>)]| {
        let mut file = rgflow_lab::artifact::npz::Writer::new();
        file.add("spins", &spins).unwrap();
        arrays.iter().for_each(|(name, array)| file.add(name, array).unwrap());
        file.save(path(name)).unwrap();
        path(name)
    };
    let t = ("T", ndarray::arr1(&[2.0, 2.5]));
    mistake(&["rg", "reweight", &write("bare.npz", &[])], &["bare.npz", "temperatures", "rgflow sample"]);
    mistake(&["rg", "reweight", &write("flat.npz", std::slice::from_ref(&t))], &["flat.npz", "lattice=[L, L]"]);
    let wrong = write("wrong.npz", &[t.clone(), ("lattice", ndarray::arr1(&[5.0, 4.0]))]);
    mistake(&["rg", "reweight", &wrong], &["wrong.npz", "[5, 4]", "16 sites"]);
    rgflow(&["rg", "reweight", &write("fine.npz", &[t, ("lattice", ndarray::arr1(&[4.0, 4.0]))])]).success();
}

/// Whether `rgflow` with these arguments, which succeeds, says that rows are more alike than they can be, and names the
/// file.
fn is_suspected(arguments: &[&str], file: &str) -> bool {
    let said = rgflow(arguments).success().stderr;
    let line = said.lines().find(|line| line.contains("more alike"));
    assert!(line.is_none_or(|line| line.contains(file) && line.contains("n_chains")), "{said}");
    line.is_some()
}

/// B8. Null: no false alarm with p > 5e-5 for each of the temperatures that are clean, 9. Seeds 1 to 3.
#[test]
#[ignore = "slow: ./test --full runs it"]
fn rows_that_contradict_independence_are_named_before_averaging() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_string();
    // A slow chain, as it is, and as a file that claims independent rows.
    let slow = ["--sampler", "metropolis", "--chains", "1", "--spacing", "1", "--size", "8", "--n", "3000"];
    let chain = |name: &str, more: &[&str]| sample(dir.path(), name, &[&slow[..], more].concat());
    let known = chain("known.npz", &["--temperature", "2.6"]);
    let claims = |name: &str, of: &str, more: &[(&str, f64)]| {
        let mut file = rgflow_lab::artifact::npz::Reader::open(of).unwrap();
        let mut copy = rgflow_lab::artifact::npz::Writer::new();
        copy.add("spins", &file.array::<i8, ndarray::Ix2>("spins").unwrap()).unwrap();
        copy.add("temperatures", &file.array::<f64, ndarray::Ix1>("temperatures").unwrap()).unwrap();
        copy.add("lattice", &file.array::<u32, ndarray::Ix1>("lattice").unwrap()).unwrap();
        more.iter().for_each(|(array, value)| copy.add(array, &ndarray::arr1(&[*value])).unwrap());
        copy.save(path(name)).unwrap();
        path(name)
    };
    let reweight = |file: &str| is_suspected(&["rg", "reweight", file, "--temperatures", "2.6"], file);
    let claimed = claims("claimed.npz", &known, &[("n_chains", 0.0)]);
    assert!(!reweight(&known) && reweight(&claimed));
    // Without a claim tau_int is measured, and n_eff of the file counts.
    assert!(!reweight(&claims("silent.npz", &known, &[])));
    let n_blocks =
        |file: &str| json(&["rg", "reweight", file, "--temperatures", "2.6", "--json"])["n_blocks"].as_u64().unwrap();
    assert_eq!(n_blocks(&claims("few.npz", &known, &[("n_chains", 0.0), ("n_eff", 60.0)])), 12);
    // Where the law itself repeats rows there is no alarm.
    let cold = sample(dir.path(), "cold.npz", &["--size", "4", "--temperature", "0,0.4,0.8,2.6", "--n", "1000"]);
    assert!(!is_suspected(&["rg", "reweight", &cold, "--temperatures", "0.5"], &cold));

    let t = ["--temperature", "2.1,2.2,2.35,2.45"];
    let other = sample(dir.path(), "L6.npz", &[&["--size", "6", "--n", "3000"][..], &t].concat());
    let clean = sample(dir.path(), "L8.npz", &[&["--size", "8", "--n", "3000"][..], &t].concat());
    let slow = claims("slow.npz", &chain("chain.npz", &t), &[("n_chains", 0.0)]);
    let collapse = |file: &str| is_suspected(&["rg", "collapse", &other, file, "--degree", "2"], file);
    assert!(!collapse(&clean) && collapse(&slow));
}

/// B9: where no other choice gives a fit, the spread is unknown and not 0.
#[test]
#[ignore = "slow: ./test --full runs it"]
fn a_spread_over_no_fits_is_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let of = |l: &str| {
        let more = ["--size", l, "--temperature", "2.1..2.5:0.05", "--n", "1500", "--seed", "3"];
        sample(dir.path(), &format!("L{l}.npz"), &more)
    };
    let files = ["6", "12", "24"].map(of);
    let arguments = ["rg", "collapse", &files[0], &files[1], &files[2], "--of", "abs_m"];
    let output = rgflow(&[&arguments[..], &["--json"]].concat()).success();
    let seen: Value = serde_json::from_str(&output.stdout).unwrap();
    let none = seen["other_fits"] == 0;
    assert_eq!(output.stderr.contains("the spread is unknown"), none, "{seen}");
    assert_eq!(seen["nu"]["spread"].is_null(), none, "{seen}");
    let text = rgflow(&arguments).success().stdout;
    assert_eq!(text.contains("Spread: unknown"), none, "{text}");
    assert!(none, "this test needs files without another fit: {text}");
}
