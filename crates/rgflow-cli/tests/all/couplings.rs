//! Promise: couplings of any sign, open boundaries and lists of bonds go through the same door: `sample` and `exact`
//! take them, files hold them, and what reads the files uses them. Truth: known exact values. Seed 1; |z| < 5.5 (p =
//! 4e-8) for each of the fewer than 100 comparisons.

use crate::common::rgflow;
use rgflow_lab::artifact::npz;
use serde_json::Value;

const Z_MAX: f64 = 5.5;

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&rgflow(arguments).success().stdout).unwrap()
}

/// A user's mistake: exit code 2, one line on stderr that contains all of `parts`.
fn mistake(arguments: &[&str], parts: &[&str]) {
    let line = rgflow(arguments).code(2).stderr;
    assert_eq!(line.trim_end().lines().count(), 1, "{line}");
    parts.iter().for_each(|part| assert!(line.contains(part), "{line} lacks {part}"));
}

/// Arguments that cannot be: exit code 2, and a first line that contains all of `parts`.
fn wrong(arguments: &[&str], parts: &[&str]) {
    let told = rgflow(arguments).code(2).stderr;
    let line = told.lines().next().unwrap_or_default();
    parts.iter().for_each(|part| assert!(line.contains(part), "{told} lacks {part}"));
}

fn energy(arguments: &[&str]) -> f64 {
    json(&[&["exact", "ising", "--json"][..], arguments].concat())["rows"][0]["energy"].as_f64().unwrap()
}

#[test]
fn exact_values_of_other_couplings() {
    let plain = energy(&["--size", "10", "--temperature", "2.25"]);
    // J = -1 on an even torus is J = 1 with every second spin turned; J = 2 is J = 1 at half the temperature.
    assert_eq!(energy(&["--size", "10", "--temperature", "2.25", "--coupling", "-1"]), plain);
    assert_eq!(energy(&["--size", "10", "--temperature", "4.5", "--coupling", "2"]), 2.0 * plain);
    // Kaufman's value is the sum over all states, here of a torus that is cut nowhere but written with two couplings.
    let both = ["--size", "4", "--temperature", "1.7"];
    let summed = energy(&[&both[..], &["--coupling", "1,1.0000000000001"]].concat());
    assert!((summed - energy(&both)).abs() < 1e-11);
    // The open chain: E = -(n - 1) J tanh(J/T)/n.
    let chain = energy(&["--lattice", "ring", "--size", "9", "--boundary", "open", "--temperature", "1"]);
    assert!((chain + 8.0 / 9.0 * 1f64.tanh()).abs() < 1e-12);
    let rows = json(&[
        "exact",
        "ising",
        "--lattice",
        "triangular",
        "--size",
        "3",
        "--coupling",
        "-1",
        "--temperature",
        "0",
        "--json",
    ]);
    let row = &rows["rows"][0];
    // Every bond is in two triangles, each of which satisfies two of its three bonds.
    assert_eq!((row["energy"].as_f64(), &row["lattice"]), (Some(-1.0), &"triangular(J=-1) 3 x 3".into()));
    assert!(row["m2"].as_f64().is_some());
    mistake(
        &["exact", "ising", "--size", "6", "--coupling", "1,2", "--temperature", "1"],
        &["6 x 6", "36 sites", "25"],
    );
    mistake(
        &["exact", "ising", "--size", "4", "--coupling", "1,2,3", "--temperature", "1"],
        &["--coupling", "2 direction"],
    );
    wrong(
        &["exact", "ising", "--size", "4", "--boundary", "closed", "--temperature", "1"],
        &["--boundary", "periodic or open"],
    );
}

/// Samples of an antiferromagnet in a file, reweighted to other temperatures: the energies are Kaufman's.
#[test]
fn files_hold_the_couplings_and_reweighting_uses_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let file = path("anti.npz");
    let system = ["--size", "8", "--coupling", "-1"];
    let drawn = json(
        &[&["sample", "ising", "--temperature", "2.5", "--n", "4000", "--out", &file, "--json"][..], &system].concat(),
    );
    assert_eq!((&drawn["lattice"], &drawn["rows"][0]["xi"]), (&"square(J=-1)".into(), &Value::Null));
    let exact = energy(&[&["--temperature", "2.5"][..], &system].concat());
    assert_eq!(drawn["rows"][0]["exact"]["energy"].as_f64(), Some(exact));
    let mut arrays = npz::Reader::open(&file).unwrap();
    assert!(arrays.numbers("couplings", |j| j).unwrap().iter().all(|j| *j == -1.0));
    assert_eq!(arrays.numbers("bonds", |site| site).unwrap().shape(), [128, 2]);
    let seen = json(&["rg", "reweight", &file, "--temperatures", "2.4,2.6", "--json"]);
    assert_eq!(seen["lattice"], "square(J=-1)");
    for row in seen["rows"].as_array().unwrap() {
        let t = row["temperature"].as_f64().unwrap();
        let truth = energy(&[&["--temperature", &t.to_string()][..], &system].concat());
        let (value, error) = (row["energy"]["value"].as_f64().unwrap(), row["energy"]["error"].as_f64().unwrap());
        assert!(error < 0.05 && (value - truth).abs() < Z_MAX * error, "T = {t}: {value} +- {error}, exact {truth}");
    }
    // Samples of other couplings are another lattice.
    let plain = path("plain.npz");
    rgflow(&["sample", "ising", "--size", "8", "--temperature", "2.5", "--n", "100", "--out", &plain]).success();
    let both = rgflow(&["rg", "reweight", &file, &plain, "--temperatures", "2.5", "--json"]);
    assert_ne!(both.code, Some(0), "{}", both.stdout);
    // The other formats say what they do not hold.
    for (name, part) in [("anti.csv", "holds no bonds"), ("anti.npy", "holds spins alone")] {
        let out = path(name);
        let ran =
            rgflow(&[&["sample", "ising", "--temperature", "3", "--n", "10", "--out", &out][..], &system].concat());
        ran.success().complains(part).complains("square(J=-1)");
    }
    assert!(std::fs::read_to_string(path("anti.csv")).unwrap().starts_with("# lattice: square(J=-1) 8 x 8\n"));
}

/// A frustrated list of bonds: `auto` takes a local sampler, E is that of the sum over all states, clusters refuse.
#[test]
fn lists_of_bonds() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (edges, out) = (path("bonds.txt"), path("glass.npz"));
    let text = "# two triangles and a tail\n0 1 -1\n1 2 -1\n2 0 -1.5\n2,3\n3 4 0.5\n4 2 -1\n4 5\n";
    std::fs::write(&edges, text).unwrap();
    let sample = ["sample", "ising", "--edges", &edges, "--temperature", "1.2", "--out", &out];
    let drawn = json(&[&sample[..], &["--n", "4000", "--json"]].concat());
    let row = &drawn["rows"][0];
    let (value, error) = (row["energy"]["value"].as_f64().unwrap(), row["energy"]["error"].as_f64().unwrap());
    let truth = energy(&["--edges", &edges, "--temperature", "1.2"]);
    assert!((value - truth).abs() < Z_MAX * error && row["exact"]["energy"].as_f64() == Some(truth), "{row} {truth}");
    assert!(row["reason"].as_str().unwrap().contains("clusters serve no frustrated couplings"), "{row}");
    assert_eq!((&row["xi"], &row["correlation"]), (&Value::Null, &serde_json::json!([])));
    let table = rgflow(&[&sample[..], &["--force"]].concat()).success();
    table.prints("frustrated couplings").prints("graph(7 bonds");
    let wolff = [&sample[..], &["--force", "--sampler", "wolff"]].concat();
    mistake(&wolff, &["frustrated", "around the sites", "use metropolis or heat-bath"]);
    mistake(&[&sample[..], &["--force", "--sampler", "exact"]].concat(), &["graph(7 bonds", "exact samplers serve"]);
    // A fault is named with its file and line, and a list excludes a lattice.
    std::fs::write(&edges, "0 1\n1 1\n").unwrap();
    mistake(&[&sample[..], &["--force"]].concat(), &["bonds.txt: line 2", "two different sites"]);
    wrong(&[&sample[..], &["--force", "--size", "4"]].concat(), &["--edges", "--size"]);
    mistake(&["sample", "ising", "--edges", "no.txt", "--temperature", "1", "--out", &path("x.npz")], &["no.txt"]);
}

/// Open boundaries have no correlation length, and an open chain the energy -(n - 1)/n J tanh(J/T).
#[test]
fn open_boundaries() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("open.npz").to_str().unwrap().to_owned();
    let system = ["--lattice", "ring", "--size", "40", "--boundary", "open", "--coupling", "-1"];
    let chain = ["sample", "ising", "--temperature", "0.8", "--n", "2000", "--out", &out, "--json"];
    let row = json(&[&chain[..], &system].concat())["rows"][0].clone();
    let (value, error) = (row["energy"]["value"].as_f64().unwrap(), row["energy"]["error"].as_f64().unwrap());
    let truth = -39.0 / 40.0 * (1.0f64 / 0.8).tanh();
    assert!(error > 0.0 && (value - truth).abs() < Z_MAX * error, "{row} {truth}");
    assert_eq!((&row["xi"], &row["warnings"]), (&Value::Null, &serde_json::json!([])));
}

/// Truth: 4/ln 3 on the triangular lattice (Houtappel 1950); T_c is proportional to J.
#[test]
fn tc_is_that_of_the_lattice() {
    let command = ["exact", "ising", "--size", "4", "--temperature", "Tc", "--json"];
    let at = |more: &[&str]| json(&[&command[..], more].concat())["rows"][0]["temperature"].as_f64().unwrap();
    assert!((at(&["--lattice", "triangular"]) - 4.0 / 3f64.ln()).abs() < 1e-12);
    assert!((at(&["--coupling", "-2"]) - 2.0 * at(&[])).abs() < 1e-12);
    mistake(&[&command[..], &["--lattice", "triangular", "--coupling", "-1"]].concat(), &["Tc", "is not known"]);
}
