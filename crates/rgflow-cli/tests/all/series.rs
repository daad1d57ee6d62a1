//! `rgflow analyse`: means, errors and tau_int of known series; what a column is, and what is refused.

use crate::common::place::Place;
use ndarray::Array2;
use rgflow_lab::artifact::{npy, npz};
use serde_json::Value;
use std::fmt::Write;

/// x' = phi x + noise, uniform in (-1/2, 1/2), from its stationary state on.
struct Ar1 {
    phi: f64,
    x: f64,
    state: u32,
}

impl Ar1 {
    fn new(phi: f64, seed: u32) -> Self {
        let mut own = Self { phi, x: 0.0, state: seed };
        (0..300).for_each(|_| _ = own.next());
        own
    }

    fn next(&mut self) -> f64 {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.x = self.phi * self.x + f64::from(self.state >> 8) / f64::from(1 << 24) - 0.5;
        self.x
    }

    fn take(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.next()).collect()
    }

    /// Standard error of the mean of `n` values: noise/(1 - phi)/sqrt n.
    fn error(&self, n: usize) -> f64 {
        (1.0f64 / 12.0).sqrt() / (1.0 - self.phi) / (n as f64).sqrt()
    }

    fn tau(&self) -> f64 {
        0.5 + self.phi / (1.0 - self.phi)
    }
}

fn write(place: &Place, name: &str, text: &str) {
    std::fs::write(place.path(name), text).unwrap();
}

fn json(place: &Place, line: &str) -> (Value, String) {
    let out = place.run(&format!("analyse {line} --json"));
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.success(), "{line}: {said}");
    (serde_json::from_slice(&out.stdout).unwrap(), said)
}

fn of<'a>(seen: &'a Value, name: &str) -> &'a Value {
    seen["quantities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|q| q["name"] == name)
        .unwrap_or_else(|| panic!("{name} in {seen}"))
}

/// Truth: the formulas of AR(1). Null: normal, |z| < 4.5 for the means, errors within 25 % and tau_int within 4 of its
/// errors. Seeds 1 and 2.
#[test]
fn known_series_have_their_means_errors_and_times() {
    let place = Place::new();
    let (mut e, mut m) = (Ar1::new(0.8, 1), Ar1::new(0.95, 2));
    let mut text = "sweep,E,m\n".to_string();
    for i in 1..=20_000 {
        writeln!(text, "{},{},{}", 10 * i, e.next() - 1.4, m.next()).unwrap();
    }
    write(&place, "run.csv", &text);
    let (seen, said) = json(&place, "run.csv --plot run.svg");
    assert!(said.contains("note: `sweep` counts the rows, 10 from one to the next"), "{said}");
    assert_eq!(seen["quantities"].as_array().unwrap().len(), 2);
    for (name, truth, known) in [("E", -1.4, &e), ("m", 0.0, &m)] {
        let q = of(&seen, name);
        let number = |v: &Value| v.as_f64().unwrap_or_else(|| panic!("{q}"));
        let (value, error) = (number(&q["mean"]["value"]), number(&q["mean"]["error"]));
        assert!((value - truth).abs() < 4.5 * error, "{q}");
        assert!((error / known.error(20_000) - 1.0).abs() < 0.25, "{q}");
        let (tau, of_tau) = (number(&q["tau_int"]["value"]), number(&q["tau_int"]["error"]));
        assert!((tau - known.tau()).abs() < 4.0 * of_tau + 0.003 * tau, "{q}");
        let plateau = q["plateau"].as_u64().unwrap();
        let level = q["binning"].as_array().unwrap().iter().find(|l| l["length"] == plateau).unwrap();
        assert!((number(&level["error"]) / error - 1.0).abs() < 5.0 * number(&level["uncertainty"]) / error, "{q}");
        assert!(number(&q["r_hat"]) < 1.02 && number(&q["ess_bulk"]) > 300.0 && number(&q["spacing"]) == 10.0, "{q}");
    }
    let svg = place.read("run.svg");
    assert!(svg.starts_with("<svg") && svg.matches("class=\"panel\"").count() >= 6, "{svg}");
    let shown = place.run("analyse run.csv");
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("in updates") && shown.contains("* plateau") && !shown.contains("no error"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    place.refused("analyse run.csv --plot run.svg", &["exists", "--force"]);
    // Named, an index is a quantity; a column has a number too.
    let (by_number, _) = json(&place, "run.csv --columns 2 --spacing 3");
    assert_eq!(of(&by_number, "E")["mean"], of(&seen, "E")["mean"]);
    assert_eq!(of(&by_number, "E")["spacing"], 3.0);
}

/// The same chains in every layout have the same mean and error, to all digits.
#[test]
fn chains_are_read_from_columns_files_and_arrays() {
    let place = Place::new();
    let n = 1500;
    let chains: Vec<Vec<f64>> = (1..=4).map(|seed| Ar1::new(0.7, seed).take(n)).collect();
    let rows = Array2::from_shape_fn((4, n), |(c, i)| chains[c][i]);
    let mut columns = "chain step m\n".to_string();
    let mut mixed = "step,walker,m\n".to_string();
    let mut below = "step;m\n".to_string();
    for (c, chain) in chains.iter().enumerate() {
        let mut own = "m\n".to_string();
        for (i, v) in chain.iter().enumerate() {
            writeln!(columns, "hot{c} {} {v}", i + 1).unwrap();
            writeln!(below, "{};{v}", i + 1).unwrap();
            writeln!(own, "{v}").unwrap();
        }
        write(&place, &format!("m{c}.csv"), &own);
    }
    for i in 0..n {
        for (c, chain) in chains.iter().enumerate() {
            writeln!(mixed, "{i},{c},{}", chain[i]).unwrap();
        }
    }
    write(&place, "columns.txt", &columns);
    write(&place, "mixed.csv", &mixed);
    write(&place, "below.csv", &below);
    npy::write(&mut std::fs::File::create(place.path("rows.npy")).unwrap(), &rows).unwrap();
    npy::write(&mut std::fs::File::create(place.path("tall.npy")).unwrap(), &rows.t()).unwrap();
    let mut file = npz::Writer::new();
    file.add("m", &rows).unwrap();
    file.add("L", &ndarray::arr0(16u32)).unwrap();
    file.save(place.path("archive.npz")).unwrap();
    let (truth, said) = json(&place, "columns.txt");
    assert!(said.contains("`step` counts"), "{said}");
    let truth = &truth["quantities"][0];
    assert_eq!((&truth["n"], &truth["n_chains"]), (&6000.into(), &4.into()));
    for (line, note) in [
        ("mixed.csv", "`step` counts"),
        ("below.csv", "`step` begins again: read as 4 chains"),
        ("m0.csv m1.csv m2.csv m3.csv", ""),
        ("rows.npy --chains-are rows", ""),
        ("tall.npy --chains-are columns", ""),
        ("archive.npz --chains-are rows", "left out, as they hold no series: L"),
    ] {
        let (seen, said) = json(&place, line);
        for key in ["mean", "tau_int", "r_hat", "ess_bulk", "n_chains"] {
            assert_eq!(seen["quantities"][0][key], truth[key], "{line}: {key}");
        }
        assert!(said.contains(note), "{line}: {said}");
    }
    place.refused("analyse rows.npy", &["shape [4, 1500]", "--chains-are rows"]);
    let (seen, said) = json(&place, "tall.npy");
    assert!(seen["quantities"].as_array().unwrap().len() == 4 && said.contains("--chains-are columns"), "{said}");
    place.refused("analyse m0.csv mixed.csv", &["m0.csv", "mixed.csv", "same columns"]);
    place.refused("analyse mixed.csv --chain m", &["`m`", "counts no chains", "--chain"]);
}

#[test]
fn parameters_are_not_mixed() {
    let place = Place::new();
    let (mut cold, mut hot) = (Ar1::new(0.5, 5), Ar1::new(0.5, 6));
    let mut text = "T,L,E\n".to_string();
    for (t, from) in [(2.0, &mut cold), (2.5, &mut hot)] {
        let mut own = "E\n".to_string();
        for _ in 0..1000 {
            let v = from.next() - t;
            writeln!(text, "{t},16,{v}").unwrap();
            writeln!(own, "{v}").unwrap();
        }
        write(&place, &format!("E_T={t}.csv"), &own);
    }
    write(&place, "scan.csv", &text);
    place.refused("analyse scan.csv", &["`T` is 2 and 2.5 (line 1002)", "--by T"]);
    place.refused("analyse E_T=2.csv E_T=2.5.csv", &["not of one temperature", "--by file"]);
    let (seen, _) = json(&place, "scan.csv --by T");
    let (files, _) = json(&place, "E_T=2.csv E_T=2.5.csv --by file");
    for (k, t) in ["2", "2.5"].into_iter().enumerate() {
        let (one, other) = (&seen["quantities"][k], &files["quantities"][k]);
        assert_eq!((&one["group"]["T"], &one["mean"]), (&t.into(), &other["mean"]));
        assert!((one["mean"]["value"].as_f64().unwrap() + t.parse::<f64>().unwrap()).abs() < 0.2, "{one}");
    }
    let (_, said) = json(&place, "scan.csv --by T --columns E");
    assert!(!said.contains("warning"), "{said}");
}

#[test]
fn what_has_no_error_says_why_and_what_is_no_number_where() {
    let place = Place::new();
    let lines = |values: &[f64]| values.iter().fold("x\n".to_string(), |text, v| text + &format!("{v}\n"));
    write(&place, "short.csv", &lines(&Ar1::new(0.98, 1).take(800)));
    write(&place, "same.csv", &lines(&[0.1; 100]));
    let burnt: Vec<f64> =
        Ar1::new(0.5, 1).take(3000).iter().enumerate().map(|(i, x)| x + 4.0 * (-(i as f64) / 40.0).exp()).collect();
    write(&place, "burn.csv", &lines(&burnt));
    for (name, why) in
        [("short", "tau_int"), ("same", "all 100 values are the same"), ("burn", "leave them out with --discard")]
    {
        let (seen, said) = json(&place, &format!("{name}.csv"));
        let q = of(&seen, "x");
        assert!(q["mean"]["error"].is_null() && q["mean"]["value"].is_number() && q["n_eff"].is_null(), "{q}");
        assert!(q["why"].as_str().unwrap().contains(why) && said.contains("x has no error"), "{name}: {q}");
        let shown = String::from_utf8(place.run(&format!("analyse {name}.csv")).stdout).unwrap();
        assert!(shown.contains("* x has no error"), "{shown}");
    }
    // The remedy that is named leads to an error.
    let (seen, _) = json(&place, "burn.csv");
    let discard = of(&seen, "x")["burn_in"].as_u64().unwrap();
    let (seen, _) = json(&place, &format!("burn.csv --discard {discard}"));
    assert!(of(&seen, "x")["mean"]["error"].as_f64().unwrap() < 0.05, "{seen}");
    write(&place, "nan.csv", "step,x\n1,0.5\n2,nan\n3,0.25\n");
    place.refused("analyse nan.csv", &["nan.csv: line 3, column 2: \"nan\" is a missing value"]);
    write(&place, "word.csv", "step,x\n1,0.5\n2,0.2\n3,oops\n");
    place.refused("analyse word.csv", &["line 4, column 2: \"oops\" is not a number"]);
    write(&place, "infinite.csv", "x\n1\n2\ninf\n");
    place.refused("analyse infinite.csv", &["line 4", "not finite"]);
    write(&place, "back.csv", "chain,sweep,x\n1,1,0.5\n1,2,0.5\n1,1,0.7\n1,2,0.1\n1,3,0.2\n1,4,0.2\n1,5,0.1\n");
    place.refused("analyse back.csv", &["`sweep` begins again at line 4 within the chain 1"]);
    place.refused("analyse short.csv --columns y", &["no column `y`", "it has x"]);
    place.refused("analyse short.csv --discard 800", &["--discard 800", "leaves nothing"]);
    place.refused("analyse short.csv --spacing 0", &["--spacing 0"]);
    place.refused("analyse none.csv", &["none.csv: does not exist"]);
    place.done("sample ising --size 4 --temperature 2 --n 50 --out s.npz");
    place.refused("analyse s.npz", &["holds configurations"]);
}
