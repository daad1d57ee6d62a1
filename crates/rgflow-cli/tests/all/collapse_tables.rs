//! `rgflow rg collapse` of tables: the known T_c and nu, whatever the layout; what could be read in two ways is said or
//! refused.

use crate::common::place::Place;
use serde_json::Value;
use std::fmt::Write;

/// L, T, y, dy.
type Row = (usize, f64, f64, f64);

/// Rows of y = L^a f(t L^{1/0.63}), t = 4.5 (1 - 4.5/T), with noise of a linear congruential generator.
fn rows(a: f64) -> Vec<Row> {
    let mut state = 1u32;
    let mut noise = move || {
        (0..12)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                f64::from(state >> 8) / f64::from(1 << 24)
            })
            .sum::<f64>()
            - 6.0
    };
    let mut all = Vec::new();
    for size in [8usize, 12, 16, 24] {
        for k in -4..=4 {
            let (l, t) = (size as f64, 4.5 + 0.05 * f64::from(k));
            let x = 4.5 * (1.0 - 4.5 / t) * l.powf(1.0 / 0.63);
            let error = 0.001 * l.powf(a);
            all.push((size, t, l.powf(a) * (0.5 - 0.03 * x + 4e-4 * x * x) + error * noise(), error));
        }
    }
    all
}

fn json(place: &Place, line: &str) -> (Value, String) {
    let out = place.run(&format!("rg collapse {line} --json"));
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.success(), "{line}: {said}");
    (serde_json::from_slice(&out.stdout).unwrap(), said)
}

/// Null: normal, |z| < 4.5, or errors that are wider; T_c = 4.5 and nu = 0.63 in every layout.
#[test]
fn tables_in_every_layout_have_the_known_exponents() {
    let place = Place::new();
    let write = |name: &str, text: String| std::fs::write(place.path(name), text).unwrap();
    let of = |head: &str, line: &dyn Fn(&Row) -> String| {
        rows(0.0).iter().fold(format!("{head}\n"), |text, row| text + &line(row) + "\n")
    };
    write("named.csv", of("L,T,U4,dU4", &|(l, t, y, e)| format!("{l},{t},{y},{e}")));
    write("beta.txt", of("size beta U4_err U4", &|(l, t, y, e)| format!("{l} {} {e} {y}", 1.0 / t)));
    write("more.csv", of("seed,L,T,E,sigma_E,U4,sigma_U4", &|(l, t, y, e)| format!("3,{l},{t},-1.5,0.1,{y},{e}")));
    write("plain.dat", of("# a remark", &|(l, t, y, e)| format!("{l} {t} {y} {e}")));
    for size in [8, 12, 16, 24] {
        let own: Vec<_> = rows(0.0).into_iter().filter(|row| row.0 == size).collect();
        let text = own.iter().fold("T,U4,err\n".to_string(), |mut text, (_, t, y, e)| {
            writeln!(text, "{t},{y},{e}").unwrap();
            text
        });
        write(&format!("binder_L={size}.csv"), text);
    }
    let (truth, said) = json(&place, "named.csv --plot c.svg");
    assert!(said.contains("read as L = `L`, T = `T`, y = `U4`, error = `dU4`") && said.contains("a = 0"), "{said}");
    for (key, known) in [("t_c", 4.5), ("nu", 0.63)] {
        let (value, error) = (truth[key]["value"].as_f64().unwrap(), truth[key]["error"].as_f64().unwrap());
        assert!((value - known).abs() < 4.5 * error && error < 0.01 * known, "{key}: {truth}");
    }
    assert!(truth["dof"] == 30 && truth["chi2"].as_f64().unwrap() < 75.0, "{truth}");
    assert_eq!((&truth["read"]["value"], &truth["n_blocks"]), (&"U4".into(), &Value::Null));
    assert_eq!(truth["read"]["files"][0][0], "named.csv");
    let crossing = truth["crossings"][1]["temperature"]["value"].as_f64().unwrap();
    assert!((crossing - 4.5).abs() < 0.02, "{truth}");
    assert!(place.read("c.svg").contains("U4") && place.read("c.svg").matches("class=\"panel\"").count() >= 2);
    for (line, note) in [
        ("beta.txt", "1/T = `beta`, y = `U4`, error = `U4_err`"),
        ("more.csv --value U4", "y = `U4`, error = `sigma_U4`"),
        ("plain.dat --exponent 0", "in the order L, T, y, error"),
        ("plain.dat --size 1 --temperatures 2 --value 3 --error 4 --exponent 0", "y = `column 3`"),
        ("binder_L=8.csv binder_L=12.csv binder_L=16.csv binder_L=24.csv", "binder_L=12.csv: L = 12 by its name"),
    ] {
        let (seen, said) = json(&place, line);
        assert!(said.contains(note), "{line}: {said}");
        for key in ["t_c", "nu"] {
            let of = |seen: &Value| seen[key]["value"].as_f64().unwrap();
            assert!((of(&seen) / of(&truth) - 1.0).abs() < 1e-6, "{line}: {key}");
        }
    }
    let shown = String::from_utf8(place.run("rg collapse named.csv").stdout).unwrap();
    assert!(shown.contains("Collapse of U4: sizes L = 8, 12, 16, 24") && !shown.contains("Power laws"), "{shown}");
}

#[test]
fn errors_and_exponents_that_are_not_given_are_said() {
    let place = Place::new();
    let write = |name: &str, a: f64, head: &str, with_error: bool| {
        let line = |(l, t, y, e): &Row| {
            if with_error { format!("{l},{t},{y},{e}\n") } else { format!("{l},{t},{y}\n") }
        };
        std::fs::write(place.path(name), format!("{head}\n") + &rows(a).iter().map(line).collect::<String>()).unwrap();
    };
    write("bare.csv", 0.0, "L,T,binder", false);
    write("q.csv", 1.9, "L,T,q,dq", true);
    let (seen, said) = json(&place, "bare.csv");
    assert!(said.contains("has no errors: they are taken from the scatter"), "{said}");
    // The noise has the error 0.001; from 30 degrees of freedom it is known to 13 %, |z| < 4.5.
    assert!((seen["assumed_error"].as_f64().unwrap() / 0.001 - 1.0).abs() < 0.6, "{seen}");
    assert!((seen["chi2"].as_f64().unwrap() - 30.0).abs() < 1.0 && seen["read"]["error"].is_null(), "{seen}");
    let (seen, said) = json(&place, "q.csv");
    assert!(said.contains("`q` is fitted as y ~ L^a, from the slope"), "{said}");
    let (value, error) = (seen["a"]["value"].as_f64().unwrap(), seen["a"]["error"].as_f64().unwrap());
    assert!((value - 1.9).abs() < 4.5 * error && error < 0.1, "{seen}");
    write("two.csv", 0.0, "L,T,u,v", true);
    place.refused("rg collapse two.csv", &["two.csv", "`u` and `v` may both be the quantity", "--value u"]);
    write("none.csv", 0.0, "a,T,U4,dU4", true);
    place.refused("rg collapse none.csv", &["no column is called as L", "--size", "a, T, U4, dU4"]);
    write("std.csv", 0.0, "L,T,U4,std", true);
    place.refused("rg collapse std.csv", &["`U4` and `std` may both be the quantity"]);
    std::fs::write(place.path("zero.csv"), "L,T,U4,dU4\n8,2,0.5,0.1\n8,2.1,0.4,0\n").unwrap();
    place.refused("rg collapse zero.csv", &["line 3: `dU4` is 0", "above 0"]);
    std::fs::write(place.path("cold.csv"), "L,T,U4,dU4\n8,0,0.5,0.1\n").unwrap();
    place.refused("rg collapse cold.csv", &["line 2: `T` is 0", "above 0"]);
    std::fs::write(place.path("part.csv"), "L,T,U4,dU4\n8.5,2,0.5,0.1\n").unwrap();
    place.refused("rg collapse part.csv", &["`L` is 8.5", "no number of sites"]);
    place.done("sample ising --size 4 --temperature 2.2,2.4 --n 200 --out s.npz");
    place.refused("rg collapse s.npz q.csv", &["q.csv is a table and s.npz holds samples"]);
    place.refused("rg collapse s.npz --value U4", &["--value: is for tables"]);
    place.refused("rg collapse q.csv --exponent nan", &["--exponent"]);
}
