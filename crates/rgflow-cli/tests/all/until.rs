//! `rgflow sample --until`: goes on until it is reached, with the bytes of a draw of that size, whatever threads and
//! interruptions; what is not reached is said.
#![cfg(unix)]

use crate::common::binary;
use crate::common::place::Place;
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn json(place: &Place, line: &str) -> Value {
    let out = place.run(&format!("{line} --json"));
    assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

fn bytes(place: &Place, name: &str) -> Vec<u8> {
    std::fs::read(place.path(name)).unwrap()
}

#[test]
fn what_is_reached_is_a_draw_of_that_size() {
    let place = Place::new();
    for (k, sampler) in ["auto", "wolff", "metropolis"].into_iter().enumerate() {
        let base = format!("sample ising --size 8 --temperature 2.4 --sampler {sampler}");
        let seen = json(&place, &format!("{base} --until error=0.006 --threads 2 --out a{k}.npz"));
        let row = &seen["rows"][0];
        let looks = row["until"]["looks"].as_array().unwrap();
        let n = row["n"].as_u64().unwrap();
        assert!(row["until"]["reached"] == true && seen["until"][0] == "error(E) <= 0.006", "{row}");
        assert!(row["energy"]["error"].as_f64().unwrap() <= 0.006 && n.is_multiple_of(1000), "{row}");
        assert!(looks.last().unwrap()["n"] == n && looks[0]["n"] == 1000 && looks.len() >= 2, "{row}");
        assert!(
            looks[..looks.len() - 1]
                .iter()
                .all(|look| look["energy_error"].as_f64().unwrap() > 0.006 || look["is_doubtful"] == true)
        );
        place.done(&format!("{base} --n {n} --out b{k}.npz"));
        place.done(&format!("{base} --until error=0.006 --threads 1 --out c{k}.npz"));
        assert!(bytes(&place, &format!("a{k}.npz")) == bytes(&place, &format!("b{k}.npz")), "{sampler}");
        assert!(bytes(&place, &format!("a{k}.npz")) == bytes(&place, &format!("c{k}.npz")), "{sampler}: threads");
    }
}

#[test]
fn temperatures_stop_by_themselves_and_their_file_is_read() {
    let place = Place::new();
    let line = "sample ising --size 12 --temperature 2.2,2.3,4 --sampler wolff --until error=0.004,tau=50";
    let seen = json(&place, &format!("{line} --out s.npz"));
    let n: Vec<u64> = seen["rows"].as_array().unwrap().iter().map(|row| row["n"].as_u64().unwrap()).collect();
    assert!(n.iter().any(|own| *own != n[0]), "{n:?}");
    for row in seen["rows"].as_array().unwrap() {
        let last = row["until"]["looks"].as_array().unwrap().last().unwrap();
        assert!(last["times"].as_f64().unwrap() >= 50.0 && last["energy_error"].as_f64().unwrap() <= 0.004, "{row}");
    }
    let shown = String::from_utf8(place.run(&format!("{line} --out t.npz")).stdout).unwrap();
    assert!(
        shown.contains("Until error(E) <= 0.004 and chains >= 50 tau_int:")
            && shown.lines().any(|line| {
                line.starts_with("T = 2.3: ")
                    && line.contains(" configurations have error(E) = ")
                    && line.contains(" and chains of ")
                    && line.contains(" tau_int")
            }),
        "{shown}"
    );
    let read = json(&place, "rg reweight s.npz --temperatures 2.25");
    assert_eq!(read["sampled"].as_array().unwrap().iter().map(|s| s["n"].as_u64().unwrap()).collect::<Vec<_>>(), n);
    let tau = |s: &Value| s["tau_int"].as_f64().unwrap();
    let own =
        seen["rows"][0]["tau_int_energy"].as_f64().unwrap().max(seen["rows"][0]["tau_int_abs_m"].as_f64().unwrap());
    assert!((tau(&read["sampled"][0]) - own).abs() < 1e-6 * own, "{read}");
    let said = String::from_utf8(place.run("inspect s.npz").stdout).unwrap();
    assert!(said.contains("temperatures") && said.contains(&n.iter().sum::<u64>().to_string()), "{said}");
}

#[test]
fn what_is_not_reached_is_kept_and_said() {
    let place = Place::new();
    let out = place
        .run("sample ising --size 8 --temperature 2.3,0.3 --sampler wolff --until error=1e-3 --n 3000 --out s.npz");
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(
        out.status.code() == Some(1)
            && said.contains("s.npz: written, but 3000 configurations do not reach error(E) <= 0.001 at T = 2.3, 0.3"),
        "{said}"
    );
    assert!(said.contains("--n") && place.path("s.npz").exists() && !place.path("s.npz.restart").exists());
    let shown = String::from_utf8(out.stdout).unwrap();
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        shown.contains("T = 2.3: 3000 configurations have error(E) = ")
            && shown.contains(", which is not enough; 1000 were too few"),
        "{shown}"
    );
    // Ground states have no error, independent ones no autocorrelation.
    let line = "sample ising --size 4 --temperature 0,2 --sampler exact --until error=0.05,tau=50 --out exact.npz";
    let shown = String::from_utf8(place.run(line).stdout).unwrap();
    assert!(
        shown.contains("T = 0: 1000 configurations have error(E) = 0 and no autocorrelation")
            && !shown.contains("too few"),
        "{shown}"
    );
    for (line, parts) in [
        ("--until error=0", vec!["--until `error=0`", "above 0"]),
        ("--until energy", vec!["--until `energy`", "error=1e-3", "tau=50"]),
        ("--until error=0.1 --temperature 2", vec!["T = 2 occurs twice"]),
    ] {
        place.refused(&format!("sample ising --size 4 --temperature 2 --out x.npz {line}"), &parts);
    }
}

/// Killed in the middle, the same command ends with the same bytes.
#[test]
fn a_killed_draw_goes_on() {
    let place = Place::new();
    let line = "sample ising --size 12 --temperature 2.3,2.6 --sampler swendsen-wang --until error=2e-3 --progress \
        none --restart-every 0.1";
    let begun = Instant::now();
    place.done(&format!("{line} --out whole.npz"));
    let whole = begun.elapsed();
    for share in [0.25, 0.7] {
        let mut child = binary()
            .current_dir(place.path(""))
            .args(line.split_whitespace())
            .args(["--out", "broken.npz"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while begun.elapsed() < whole.mul_f64(share) && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = child.kill();
        child.wait().unwrap();
    }
    place.done(&format!("{line} --force --out broken.npz"));
    assert!(bytes(&place, "whole.npz") == bytes(&place, "broken.npz"));
}
