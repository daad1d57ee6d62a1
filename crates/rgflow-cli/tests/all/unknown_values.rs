//! Promises of `rgflow rbm complete`: known values stay, the others follow the machine's law given the known ones, by
//! enumeration or by chains; marks that do not fit are refused.

use crate::common::place::Place;
use crate::common::trained::{machine, near, states};
use ndarray::{Array2, arr1, arr2};
use rgflow::rbm::Units;
use serde_json::json;

/// Every unknown unit of every state of 6 bits: expectations against sums over the states that agree with the known
/// ones; known units stay. 1e-5: single precision.
#[test]
fn unknown_values_are_completed_by_their_conditional_law() {
    let place = Place::new();
    let rbm = machine(6, 3, [Units::BINARY, Units::BINARY]);
    place.save("m.safetensors", &rbm, json!({}));
    let p = rbm.visible_law().unwrap();
    let unknown = |s: usize, i: usize| (s * 7 + i * 3) % 5 < 2;
    let marks = Array2::from_shape_fn((64, 6), |(s, i)| unknown(s, i));
    place.archive("all.npz", |file| file.add("x", &states()).unwrap());
    place.archive("mask.npz", |file| file.add("mask", &marks).unwrap());
    let seen = place.json("rbm complete m.safetensors all.npz --mask mask.npz --mean -o mean.npz");
    assert_eq!(seen["way"]["solve"], "exact");
    assert_eq!(seen["unknown"]["values"], marks.iter().filter(|u| **u).count());
    let means = place.array("mean.npz", "samples");
    for s in 0..64usize {
        let agrees = |other: &usize| (0..6).all(|i| unknown(s, i) || (s ^ other) >> i & 1 == 0);
        let z: f64 = (0..64).filter(agrees).map(|other| p[other]).sum();
        for i in 0..6 {
            let up: f64 = (0..64).filter(agrees).filter(|other| other >> i & 1 == 1).map(|other| p[other]).sum();
            near(means[(s, i)], up / z, 1e-5);
        }
    }
    // The same by a value that stands for unknown ones, in text also by empty cells, and by chains within their
    // error: 5000 steps, tau below 3, 5 of them.
    let holes = Array2::from_shape_fn((64, 6), |(s, i)| if unknown(s, i) { -9.0 } else { states()[(s, i)] });
    place.archive("holes.npz", |file| file.add("x", &holes).unwrap());
    place.done("rbm complete m.safetensors holes.npz --unknown -9 --mean -o again.npz");
    assert!(place.array("again.npz", "samples") == means);
    let cell = |v: f32, s: usize| {
        if v >= 0.0 {
            v.to_string()
        } else if s.is_multiple_of(2) {
            String::new()
        } else {
            "nan".into()
        }
    };
    let line = |s: usize| holes.row(s).iter().map(|v| cell(*v, s)).collect::<Vec<_>>().join(",") + "\n";
    std::fs::write(place.path("holes.csv"), "a,b,c,d,e,f\n".to_string() + &(0..64).map(line).collect::<String>())
        .unwrap();
    place.done("rbm complete m.safetensors holes.csv --unknown nan --mean -o text.npz");
    assert!(place.array("text.npz", "samples") == means);
    let line = "rbm complete m.safetensors holes.npz --unknown -9 --mean --solve gibbs --steps 5000";
    for threads in [1, 2] {
        place.done(&format!("{line} --threads {threads} -o chains{threads}.npz"));
    }
    assert!(std::fs::read(place.path("chains1.npz")).unwrap() == std::fs::read(place.path("chains2.npz")).unwrap());
    let chains = place.array("chains1.npz", "samples");
    assert!((&chains - &means).iter().all(|d| d.abs() < 5.0 * 0.5 * (6.0f64 / 5000.0).sqrt()));
    // Draws are states, and known units are as they were.
    place.done("rbm complete m.safetensors all.npz --mask mask.npz -o draw.npz");
    let draws = place.array("draw.npz", "samples");
    assert!(
        draws
            .indexed_iter()
            .all(|((s, i), v)| (*v == 0.0 || *v == 1.0) && (marks[(s, i)] || *v == f64::from(states()[(s, i)])))
    );
}

#[test]
fn nothing_and_everything_unknown_are_sensible_and_marks_that_do_not_fit_are_refused() {
    let place = Place::new();
    let rbm = machine(6, 3, [Units::SPIN, Units::SPIN]);
    place.save("m.safetensors", &rbm, json!({}));
    let spins = states().mapv(|v| 2.0 * v - 1.0);
    place.archive("spins.npz", |file| file.add("spins", &spins).unwrap());
    let said = place.done("rbm complete m.safetensors spins.npz --unknown 0 -o same.npz");
    assert!(said.contains("no value is unknown"), "{said}");
    assert!(place.array("same.npz", "spins") == spins.mapv(f64::from));
    // Several files are one set, each with its own unknown values.
    let mut holes = spins.clone();
    holes.column_mut(2).fill(0.0);
    place.archive("holes.npz", |file| file.add("spins", &holes).unwrap());
    let seen = place.json("rbm complete m.safetensors spins.npz holes.npz --unknown 0 -o two.npz");
    assert_eq!((&seen["unknown"]["values"], &seen["unknown"]["samples"]), (&json!(64), &json!(64)));
    let two = place.array("two.npz", "spins");
    let known = |(row, unit): (usize, usize)| row < 64 || unit != 2;
    assert!(
        two.indexed_iter().all(|(at, v)| v.abs() == 1.0 && (!known(at) || *v == f64::from(spins[(at.0 % 64, at.1)])))
    );
    // A row of marks is that of every sample.
    std::fs::write(place.path("all.csv"), "1,1,1,1,1,1\n").unwrap();
    let said = place.done("rbm complete m.safetensors spins.npz --mask all.csv --mean -o all.npz");
    assert!(said.contains("every value is unknown"), "{said}");
    let exact = rbm.moments().unwrap().visible;
    place
        .array("all.npz", "samples")
        .rows()
        .into_iter()
        .for_each(|row| row.iter().zip(&exact).for_each(|(a, b)| near(*a, *b, 1e-5)));
    place.archive("short.npz", |file| file.add("mask", &arr1(&[1u8, 0, 1])).unwrap());
    place.refused(
        "rbm complete m.safetensors spins.npz --mask short.npz -o no.npz",
        &["short.npz holds 3 marks", "6 values of a sample"],
    );
    place.archive("odd.npz", |file| file.add("mask", &arr1(&[2u8, 0, 1, 0, 0, 0])).unwrap());
    place
        .refused("rbm complete m.safetensors spins.npz --mask odd.npz -o no.npz", &["odd.npz: holds 2", "1 (or true)"]);
    place.refused("rbm complete m.safetensors spins.npz -o no.npz", &["--mask FILE or --unknown VALUE"]);
    place.refused("rbm complete m.safetensors spins.npz --unknown x -o no.npz", &["--unknown x", "number, or nan"]);
    // Whole numbers of categorical units stay whole numbers; of one-hot rows whole sites are unknown.
    let potts = machine(6, 3, ["categorical:3".parse().unwrap(), Units::BINARY]);
    place.save("potts.safetensors", &potts, json!({ "input": { "values": "bits (0, 1)", "states": [1, 2, 5] } }));
    std::fs::write(place.path("whole.csv"), "a,b\n1,\n,5\n2,2\n,\n").unwrap();
    place.done("rbm complete potts.safetensors whole.csv --unknown nan -o whole.npz");
    let whole = place.array("whole.npz", "samples");
    assert!(
        whole.dim() == (4, 2) && whole[(0, 0)] == 1.0 && whole[(1, 1)] == 5.0 && whole.row(2).iter().all(|v| *v == 2.0),
        "{whole}"
    );
    assert!(whole.iter().all(|v| [1.0, 2.0, 5.0].contains(v)));
    let hot = arr2(&[[0.0f32, 1.0, 0.0, 9.0, 9.0, 9.0]]);
    place.archive("hot.npz", |file| file.add("x", &hot).unwrap());
    place.done("rbm complete potts.safetensors hot.npz --unknown 9 --mean -o hot-mean.npz");
    let mean = place.array("hot-mean.npz", "samples");
    assert!(mean[(0, 1)] == 1.0, "{mean}");
    near(mean.row(0).iter().skip(3).sum(), 1.0, 1e-6);
    place.archive("part.npz", |file| file.add("x", &arr2(&[[0.0f32, 1.0, 0.0, 9.0, 1.0, 0.0]])).unwrap());
    place.refused(
        "rbm complete potts.safetensors part.npz --unknown 9 -o no.npz",
        &["site 2 of sample 1 is known in part"],
    );
}
