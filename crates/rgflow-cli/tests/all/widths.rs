//! Promise: no line of what any command prints is wider than the terminal, or than 80 columns where there is none. A
//! word that is longer stands alone. The golden test looks at the summaries of all recipes in the same way.

use crate::common::place::Place;
use crate::common::trained::machine;
use crate::common::{binary, too_wide};
use crate::terminal::on_terminal;
use rgflow::rbm::Units;
use serde_json::json;
use std::fmt::Write;

const EXACT: &str = "--seeds 1 --set decimation.steps=2 --set series.size=9 --set duality.size=8 --set trg.chi=[4]";

/// Commands in an order in which each finds its files; those that write a file take it as `OUT`.
const LINES: &[&str] = &[
    "sample ising --size 4 --temperature 0,1,2.269185314213022,4 --n 200 --out OUT.npz",
    "sample ising --size 8 --temperature 2.4 --coupling -1 --sampler metropolis --n 40 --out OUT.npz",
    "sample ising --size 4 --temperature 2.25 --until error=0.05,tau=10 --out OUT.npz",
    "exact ising --size 4,3x5 --temperature 1..2:0.5,Tc,inf",
    "exact ising --lattice triangular --size 4 --coupling -1 --temperature 1",
    "train rbm data.npz --hidden 3 --epochs 2 --set samples.steps=5 --out machine",
    "train thermometer data.npz --hidden 4 --epochs 2 --out network",
    "flow machine data.npz --read network --steps 8 --chains 40 --out flow",
    "run exact-rg EXACT --out exact",
    "scan exact-rg --axis decimation.steps=2,3 EXACT --out scan",
    "reproduce fig3.1 EXACT --out one",
    "reproduce --list",
    "rbm draw machine -n 50 --out OUT.npz",
    "rbm draw large.safetensors -n 50 --burn-in 20 --steps 5 --out OUT.npz",
    "rbm transform machine data.npz --out OUT.npz",
    "rbm reconstruct machine data.npz --out OUT.npz",
    "rbm score machine data.npz",
    "rbm score large.safetensors large.csv --out OUT.csv",
    "rbm complete machine holes.csv --unknown nan --out OUT.csv",
    "rbm complete machine holes.csv --unknown nan --mean --solve gibbs --burn-in 20 --steps 20 --out OUT.csv",
    "rbm import sklearn.npz --out OUT.safetensors",
    "thermometer predict network data.npz",
    "verify machine",
    "verify large.safetensors",
    "verify tiny.safetensors",
    "inspect exact",
    "inspect exact --numbers",
    "inspect exact --stages",
    "inspect scan",
    "inspect data.npz",
    "inspect large.csv",
    "inspect machine/seed-1/rbm/model.safetensors",
    "inspect machine/seed-1/rbm/model.safetensors --couplings",
    "list",
    "list .",
    "analyse series.csv",
    "analyse series.csv --by temperature_of_the_bath",
    "rg collapse table.csv",
    "rg reweight two.npz",
    "report exact",
    "clean scan/decimation.steps=2",
    "man --out pages",
];

/// Samples, tables and machines that the commands read.
fn files(place: &Place) {
    place.done("sample ising --size 4 --temperature 1,2.5,4 --n 120 --out data.npz");
    place.done("sample ising --size 8 --temperature 2.2,2.6 --n 1000 --sampler exact --out two.npz");
    std::fs::write(place.path("sklearn.npz"), include_bytes!("../data/sklearn-rbm.npz")).unwrap();
    place.save("large.safetensors", &machine(30, 27, [Units::SPIN, Units::SPIN]), json!({}));
    place.save("tiny.safetensors", &machine(6, 3, [Units::BINARY, Units::SPIN]), json!({}));
    let row = |n: usize, of: &dyn Fn(usize) -> String| (0..n).map(of).collect::<Vec<_>>().join(",") + "\n";
    let spin = |i: usize| if (i * i + i / 3).is_multiple_of(2) { "1" } else { "-1" }.to_string();
    let large: String = (0..20).map(|s| row(30, &|i| spin(s * 7 + i))).collect();
    let holes: String =
        (0..10).map(|s| row(16, &|i| if i % 5 == 1 { String::new() } else { spin(s * 5 + i) })).collect();
    let (mut series, mut table) = (String::new(), String::from("L,T,y,dy\n"));
    series +=
        "chain,temperature_of_the_bath,energy_per_spin_of_the_lattice,magnetisation,x,a_quantity_of_a_long_name\n";
    let noise = |i: usize| (i as f64 * 0.618_034).fract();
    for i in 0..400 {
        let x = if i % 2 == 0 { noise(i) } else { (i / 2) as f64 };
        writeln!(series, "{},{},{},{},{x},1", i % 2, 1.5 + (i / 200) as f64, noise(i * i), noise(3 * i)).unwrap();
    }
    for (l, k) in [8, 12, 16, 24].into_iter().flat_map(|l| (-4..=4).map(move |k| (l, k))) {
        let t = 4.5 + 0.05 * f64::from(k);
        let x = 4.5 * (1.0 - 4.5 / t) * f64::from(l).powf(1.0 / 0.63);
        writeln!(
            table,
            "{l},{t},{},0.001",
            0.5 - 0.03 * x + 4e-4 * x * x + 0.001 * (noise((l * 9 + k + 4) as usize) - 0.5)
        )
        .unwrap();
    }
    for (name, text) in [("large.csv", large), ("holes.csv", holes), ("series.csv", series), ("table.csv", table)] {
        std::fs::write(place.path(name), text).unwrap();
    }
}

#[test]
fn no_command_prints_a_line_that_is_too_wide() {
    let place = Place::new();
    files(&place);
    let mut wrong = Vec::new();
    for (number, line) in LINES.iter().enumerate() {
        let line = line.replace("EXACT", EXACT);
        let of = |way: &str| line.replace("OUT", &format!("written-{number}-{way}"));
        // Without a terminal, and with another width that is said.
        for (way, columns, variable) in [("plain", 80, None), ("narrow", 60, Some("60"))] {
            let mut command = binary();
            command.current_dir(place.path("")).args(of(way).split_whitespace()).env_remove("COLUMNS");
            let out = command.envs(variable.map(|columns| ("COLUMNS", columns))).output().unwrap();
            let (text, said) =
                (String::from_utf8(out.stdout).unwrap(), String::from_utf8_lossy(&out.stderr).into_owned());
            assert!(out.status.success() && !text.is_empty(), "{line}: {said}");
            wrong.extend(too_wide(&text, columns).into_iter().map(|wide| format!("{line} ({columns}): {wide}")));
        }
        // Notes and progress too.
        let words = of("terminal");
        let words: Vec<&str> = words.split_whitespace().collect();
        let lines = on_terminal(&place.path(""), &words, 60).unwrap_or_default();
        wrong.extend(too_wide(&lines.join("\n"), 60).into_iter().map(|wide| format!("{line} (terminal): {wide}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
