//! The runs and commands of the golden test, and the parts of their output that are compared.

use crate::common::printed::data;
use crate::common::small::{SMALL, digits};
use crate::common::{binary, finish, too_wide};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Output that is compared.
pub enum Made {
    /// Texts of a run by file name: each is hashed.
    Run(BTreeMap<&'static str, String>),
    /// Output of a command: every field that is stored must be there.
    Printed(Value),
}

/// With its name.
pub type Named = (&'static str, Made);

type Make = dyn Fn(&Place) -> Vec<Named> + Send + Sync;

/// Commands that need one another, and the names of what they make, in order.
pub struct Job {
    pub names: Vec<&'static str>,
    pub make: Box<Make>,
}

/// A folder in which commands run.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("temporary folder"))
    }

    /// The bytes that a command prints.
    fn stdout(&self, arguments: &[&str]) -> Vec<u8> {
        let mut command = binary();
        command.args(arguments).current_dir(self.0.path()).env("RGFLOW_CPU", "portable").env("RGFLOW_DATA", digits());
        finish(&mut command).stdout
    }

    /// Runs a command, whose words have no spaces.
    fn line(&self, line: &str) -> Vec<u8> {
        self.stdout(&line.split_whitespace().collect::<Vec<_>>())
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The compared files of the run folder that `arguments` make.
    fn run(&self, name: &'static str, arguments: &[&str]) -> Named {
        let printed = self.stdout(&[arguments, &["--seeds", "2", "--out", name]].concat());
        let wide = too_wide(std::str::from_utf8(&printed).expect("UTF-8"), 80);
        assert!(wide.is_empty(), "{name} prints {wide:#?}");
        let record: Value = serde_json::from_str(&self.read(&format!("{name}/record.json"))).expect("JSON");
        let record = serde_json::to_string_pretty(&data(record)).expect("JSON");
        let (stages, files) = stages(&self.0.path().join(name));
        let file = |file: &str| self.read(&format!("{name}/{file}"));
        let texts = [
            ("results.json", file("results.json")),
            ("record.json", record),
            ("config.toml", file("config.toml")),
            ("stages.txt", stages),
            ("files.txt", files),
        ];
        (name, Made::Run(texts.into()))
    }

    fn run_line(&self, name: &'static str, line: &str) -> Named {
        self.run(name, &line.split_whitespace().collect::<Vec<_>>())
    }

    /// Output of a command.
    fn printed(&self, name: &'static str, line: &str) -> Named {
        let printed = serde_json::from_slice(&self.line(&format!("{line} --json"))).expect("JSON");
        (name, Made::Printed(data(printed)))
    }

    /// A table of 60 rows of 9 values with two labels.
    fn table(&self, name: &str, value: impl Fn(usize, usize) -> f64) {
        let mut text = String::from("a,b,c,d,e,f,g,h,i,label\n");
        for i in 0..60 {
            (0..9).for_each(|j| write!(text, "{},", value(i, j)).expect("a string"));
            text += ["even\n", "odd\n"][i % 2];
        }
        std::fs::write(self.0.path().join(name), text).expect("written");
    }
}

/// The stages below `dir`: a line with the key of each, and a line with the hash of each file that it made.
fn stages(dir: &Path) -> (String, String) {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).expect("a folder") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "json")
                && path.components().any(|c| c.as_os_str() == "stages")
            {
                found.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(dir, &mut paths);
    paths.sort();
    let (mut stages, mut files) = (String::new(), String::new());
    for path in paths {
        let manifest: Value = serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
        let stage = path.strip_prefix(dir).expect("inside").display().to_string();
        writeln!(stages, "{stage} {}", manifest["key"].as_str().expect("a key")).expect("a string");
        for (file, hash) in manifest["files"].as_object().expect("files") {
            writeln!(files, "{stage} {file} {hash}").expect("a string");
        }
    }
    (stages, files)
}

/// Everything that is compared.
pub fn all() -> Vec<Job> {
    let recipes = SMALL.iter().map(|(name, sets)| Job {
        names: vec![*name],
        make: Box::new(|place| {
            let sets = sets.concat().into_iter().flat_map(|set| ["--set", set]);
            vec![place.run(name, &["run", name].into_iter().chain(sets).collect::<Vec<_>>())]
        }),
    });
    let job =
        |names: &[&'static str], make: fn(&Place) -> Vec<Named>| Job { names: names.to_vec(), make: Box::new(make) };
    // The longest come first.
    let others = [
        job(&["rg-neural"], neural),
        job(&["train-rbm", "train-thermometer", "flow"], on_spins),
        job(&["train-rbm-grey", "train-classifier", "flow-grey", "train-rbm-real", "flow-real"], on_tables),
        job(&["scan"], scan),
        job(&["sample", "collapse", "reweight", "exact", "inspect-samples"], on_samples),
        job(&["inspect-machine", "couplings", "couplings-sampled", "verify"], on_a_machine),
        job(&["rg-mcrg", "reproduce-list"], alone),
    ];
    others.into_iter().chain(recipes).collect()
}

const SPINS: &str = "sample ising --size 4 --temperature 1.5,2.5,3.5 --n 60 --out spins.npz";

fn on_spins(place: &Place) -> Vec<Named> {
    place.line(SPINS);
    vec![
        place.run_line("train-rbm", "train rbm spins.npz --hidden 4 --epochs 5 --batch 20 --set samples.steps=10"),
        place.run_line("train-thermometer", "train thermometer spins.npz --hidden 6 --epochs 8 --batch 20"),
        place.run_line(
            "flow",
            "flow train-rbm/seed-1/rbm/model.safetensors spins.npz --steps 12 --chains 20
             --read train-thermometer/seed-1/thermometer/model.safetensors",
        ),
    ]
}

fn on_tables(place: &Place) -> Vec<Named> {
    place.table("grey.csv", |i, j| ((i * i + 7 * i * j + 3 * j) % 9) as f64 / 8.0);
    place.table("real.csv", |i, j| ((5 * i * i + 3 * i * j) % 13) as f64 / 4.0 - 1.5);
    let gaussian = "--units gaussian --learning-rate 0.005 --method pcd --optimiser adam";
    vec![
        place.run_line("train-rbm-grey", "train rbm grey.csv --hidden 4 --epochs 5 --batch 20 --set samples.steps=10"),
        place.run_line("train-classifier", "train thermometer grey.csv --hidden 6 --epochs 8 --batch 20"),
        place.run_line(
            "flow-grey",
            "flow train-rbm-grey/seed-1/rbm/model.safetensors grey.csv --steps 12 --chains 20
             --read train-classifier/seed-1/thermometer/model.safetensors",
        ),
        place.run_line("train-rbm-real", &format!("train rbm real.csv {gaussian} --epochs 5 --set samples.steps=10")),
        place.run_line("flow-real", "flow train-rbm-real/seed-1/rbm/model.safetensors real.csv --steps 12 --chains 20"),
    ]
}

fn scan(place: &Place) -> Vec<Named> {
    let (_, sets) = SMALL.iter().find(|(name, _)| *name == "ising-1d").expect("there");
    let number = "ising-1d.rbm.all.gibbs.T_star";
    let axes = ["--axis", "rbm.hidden=2,3", "--axis", "thermometer.epochs=2,3", "--number", number, "--json"];
    let sets = sets.concat().into_iter().flat_map(|set| ["--set", set]);
    let start = ["scan", "ising-1d", "--seeds", "2", "--out", "scan"];
    let printed = place.stdout(&start.into_iter().chain(axes).chain(sets).collect::<Vec<_>>());
    let (stages, files) = stages(&place.0.path().join("scan"));
    let texts = [
        ("results.json", String::from_utf8(printed).expect("UTF-8")),
        ("scan.csv", place.read("scan/scan.csv")),
        ("stages.txt", stages),
        ("files.txt", files),
    ];
    vec![("scan", Made::Run(texts.into()))]
}

fn on_samples(place: &Place) -> Vec<Named> {
    for (size, temperatures) in [(4, "2.0,2.27,2.5"), (6, "2.1,2.27,2.4"), (8, "2.15,2.27,2.39")] {
        place.line(&format!("sample ising --size {size} --temperature {temperatures} --n 400 --out L{size}.npz"));
    }
    place.line("sample ising --size 4 --temperature 2.4 --n 200 --field 0.1 --sampler wolff --out field.npz");
    vec![
        place.printed("sample", "sample ising --lattice ring --size 6 --temperature 1,2 --n 100 --out ring.npz"),
        place.printed("collapse", "rg collapse L4.npz L6.npz L8.npz"),
        place.printed("reweight", "rg reweight L4.npz field.npz --temperatures 2.1,Tc --y 0,0.05"),
        place.printed("exact", "exact ising --size 3x5,4 --temperature 0..0.3:0.1,Tc,inf"),
        place.printed("inspect-samples", "inspect field.npz"),
    ]
}

fn on_a_machine(place: &Place) -> Vec<Named> {
    place.line("sample ising --size 2x4 --temperature 2.5 --n 400 --out tiny.npz");
    place.line("train rbm tiny.npz --hidden 4 --epochs 10 --set samples.steps=10 --out tiny");
    let model = "tiny/seed-1/rbm/model.safetensors";
    vec![
        place.printed("inspect-machine", &format!("inspect {model}")),
        place.printed("couplings", &format!("inspect {model} --couplings --temperature 2.5")),
        place.printed("couplings-sampled", &format!("inspect {model} --couplings --samples 500 --seed 3")),
        place.printed("verify", &format!("verify {model}")),
    ]
}

fn alone(place: &Place) -> Vec<Named> {
    let small = "--samples 640 --set mcrg.soft_samples=320 --set mcrg.blocks=32 --seeds 1";
    vec![
        place.printed("rg-mcrg", &format!("rg mcrg --size 16 --steps 1 --rule majority {small}")),
        place.printed("reproduce-list", "reproduce --list"),
    ]
}

/// With a network of the user's own in place of those that are trained.
fn neural(place: &Place) -> Vec<Named> {
    let (_, sets) = SMALL.iter().find(|(name, _)| *name == "neural-rg").expect("there");
    let sets = sets.concat().into_iter().flat_map(|set| ["--set", set]);
    place.line("sample ising --size 32 --temperature 1.5,3.5 --n 30 --sampler wolff --out wide.npz");
    place.line("train thermometer wide.npz --hidden 4 --epochs 5 --out reader");
    let network = "reader/seed-1/thermometer/model.safetensors";
    let start = ["rg", "neural", "--network", network, "--seeds", "1", "--json"];
    let printed = place.stdout(&start.into_iter().chain(sets).collect::<Vec<_>>());
    vec![("rg-neural", Made::Printed(data(serde_json::from_slice(&printed).expect("JSON"))))]
}
