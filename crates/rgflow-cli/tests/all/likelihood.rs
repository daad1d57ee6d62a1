//! A trained machine says how far it is from its data: ln p and KL where they are known, the optimum where it is tested.

use crate::common::place::Place;
use serde_json::Value;

fn number(results: &Value, key: &str) -> Option<f64> {
    results["numbers"].as_array().unwrap().iter().find(|number| number["key"] == key)?["value"].as_f64()
}

/// Results of `rgflow train rbm LINE`, with the answers of its record.
fn trained(place: &Place, line: &str) -> Value {
    place.done(&format!("train rbm {line} --out run"));
    let [mut results, record] = ["results", "record"]
        .map(|name| -> Value { serde_json::from_str(&place.read(&format!("run/{name}.json"))).unwrap() });
    results["answers"] = record["answers"].clone();
    std::fs::remove_dir_all(place.path("run")).unwrap();
    results
}

/// Two hidden units and nine spins: the optimum is found from the starts that grow, and said; CD does not claim it. KL + the entropy of
/// the law is -ln p, and no machine is nearer to the law than the optimum.
#[test]
fn the_optimum_is_tested_and_said() {
    let place = Place::new();
    place.done("sample ising --size 3 --temperature 1,2,4 --n 2000 --out small.npz");
    let common = "small.npz --hidden 2 --batch 200 --set training.starts=5 --set training.epochs=30";
    let best = trained(&place, &format!("{common} --method exact --optimiser adam --learning-rate 0.02"));
    let answers = |results: &Value| results["answers"].to_string();
    assert!(answers(&best).contains("is at its likelihood optimum"), "{}", answers(&best));
    assert!(number(&best, "rbm.gradient.mean_square").unwrap() < 1.0);
    let kl = number(&best, "rbm.kl").unwrap();
    let divergence = trained(&place, common);
    assert!(answers(&divergence).contains("A lower bound") && answers(&divergence).contains("cd does not follow"));
    // The KL of both is over the same test samples: its differences have errors far below 0.01 nats.
    assert!(kl > 0.0 && number(&divergence, "rbm.kl").unwrap() > kl - 0.01);
}

/// Where the law is not known there is no KL: with a field, couplings, another lattice, or a file that does not say what it is.
#[test]
fn there_is_no_kl_without_a_law() {
    let place = Place::new();
    for (name, more) in [("field", "--field 0.5"), ("coupling", "--coupling 0.5"), ("lattice", "--lattice triangular")]
    {
        place.done(&format!("sample ising --size 4 --temperature 2,3 --n 50 {more} --out {name}.npz"));
        let results = trained(&place, &format!("{name}.npz --hidden 2 --epochs 1"));
        assert!(
            number(&results, "rbm.kl").is_none() && number(&results, "rbm.log_likelihood.test").is_some(),
            "{name}"
        );
    }
    place.done("sample ising --size 4 --temperature 2,3 --n 50 --out plain.npz");
    assert!(number(&trained(&place, "plain.npz --hidden 2 --epochs 1"), "rbm.kl").is_some());
}

/// PCD by its defaults learns the thermal mixture of the 10 x 10 torus to 5 nats: CD-1 ends 13.6 nats away. Seeds 1 and 5; three other seeds
/// gave 2.02(3) to 2.16(3).
#[test]
#[ignore = "slow: ./test --full runs it"]
fn persistent_chains_reach_the_data_by_default() {
    let place = Place::new();
    place.done("sample ising --size 10 --temperature 0..6:0.25 --n 1000 --seed 5 --out ising.npz");
    let results = trained(&place, "ising.npz --hidden 25 --method pcd");
    let [ln_p, kl] = ["rbm.log_likelihood.test", "rbm.kl"].map(|key| number(&results, key).unwrap());
    assert!(ln_p > -44.5 && (0.0..5.0).contains(&kl), "ln p {ln_p}, KL {kl}");
}
