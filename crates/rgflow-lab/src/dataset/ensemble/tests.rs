use super::*;
use crate::artifact::npz::Writer;
use ndarray::{Array1, Array2, arr1, s};
use rand::RngExt;
use rgflow::exact::transfer;
use rgflow::random::Streams;
use rgflow::reweighting::State;

#[test]
fn rows_are_read_chain_after_chain() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.npz");
    // The number of minus spins identifies the row.
    let spins = Array2::from_shape_fn((12, 16), |(row, i)| if i < row { -1i8 } else { 1 });
    let write = |path: &Path, temperatures: &[f64], field: f64, chains: &[u32]| {
        let mut file = Writer::new();
        file.add("spins", &spins).unwrap();
        file.add("temperatures", &arr1(temperatures)).unwrap();
        file.add("lattice", &arr1(&[4u32, 4])).unwrap();
        file.add("field", &arr1(&[field])).unwrap();
        if !chains.is_empty() {
            file.add("n_chains", &arr1(chains)).unwrap();
            file.add("tau_int_energy", &Array1::from_elem(chains.len(), 0.7)).unwrap();
            file.add("tau_int_abs_m", &Array1::from_elem(chains.len(), 0.9)).unwrap();
        }
        file.save(path).unwrap();
    };
    let rows = |part: &Part| part.m.iter().map(|m| ((16.0 - m) / 2.0) as usize).collect::<Vec<_>>();
    write(&path, &[0.0, 2.0, 2.5], 0.25, &[1, 2, 0]);
    let pool = &pools(std::slice::from_ref(&path), &Coupled::M).unwrap()[0];
    // T = 0 is left out; the file does not name its lattice.
    assert_eq!((pool.parts.len(), pool.notes.len()), (2, 2));
    assert!(pool.notes.iter().any(|note| note.contains("square")), "{:?}", pool.notes);
    assert_eq!(rows(&pool.parts[0]), [4, 6, 5, 7]);
    assert_eq!(rows(&pool.parts[1]), [8, 9, 10, 11]);
    assert_eq!((pool.parts[0].tau_int, pool.parts[0].state()), (0.9, State { beta: 0.5, y: 0.25 }));
    assert_eq!((&pool.parts[1].x, pool.parts[1].tau_int_x), (&pool.parts[1].m, 0.9));
    // A temperature for each row, in mixed order.
    let mixed: Vec<f64> = (0..12).map(|i| if i % 3 == 0 { 3.0 } else { 2.0 }).collect();
    write(&path, &mixed, 0.25, &[]);
    let pool = &pools(std::slice::from_ref(&path), &Coupled::M).unwrap()[0];
    assert_eq!(rows(&pool.parts[0]), [0, 3, 6, 9]);
    assert_eq!(pool.parts[1].temperature.value(), 2.0);
    // E = -J sum s s is minus the operator nn.
    write(&path, &[2.0], 0.0, &[]);
    let part = &pools(&[path], &"nn".parse().unwrap()).unwrap()[0].parts[0];
    assert_eq!(rows(part), (0..12).collect::<Vec<_>>());
    assert!(part.x.iter().zip(&part.energy).all(|(x, e)| *x == -e));
}

/// Writes arrays of numbers, and spins of a square lattice of side `size`.
fn file(path: &Path, size: usize, spins: &Array2<i8>, arrays: &[(&str, Vec<f64>)]) -> PathBuf {
    let mut file = Writer::new();
    file.add("spins", spins).unwrap();
    file.add("lattice", &arr1(&[size as u32; 2])).unwrap();
    arrays.iter().for_each(|(name, values)| file.add(name, &arr1(values)).unwrap());
    file.save(path).unwrap();
    path.to_path_buf()
}

/// B3: values that a file gives per block or row are used for that row; duplicate information agrees.
#[test]
fn fields_and_chains_are_those_of_the_row() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.npz");
    let spins = Array2::from_shape_fn((12, 16), |(row, i)| if i < row { -1i8 } else { 1 });
    let read = |arrays: &[(&str, Vec<f64>)]| pools(&[file(&path, 4, &spins, arrays)], &Coupled::M);
    let states = |arrays: &[(&str, Vec<f64>)]| -> Vec<(f64, f64, usize)> {
        let of = |p: &Part| (p.temperature.value(), p.field, p.energy.len());
        read(arrays).unwrap()[0].parts.iter().map(of).collect()
    };
    let t = |v: &[f64]| ("temperatures", v.to_vec());
    let h = |v: &[f64]| ("field", v.to_vec());
    let three = [(2.5, 0.0, 4), (2.5, 0.2, 4), (2.5, 0.4, 4)];
    assert_eq!(states(&[t(&[2.5; 3]), h(&[0.0, 0.2, 0.4])]), three);
    assert_eq!(states(&[t(&[2.5]), h(&[0.0, 0.2, 0.4])]), three);
    assert_eq!(states(&[t(&[2.5; 12]), h(&[0.0, 0.2, 0.4])]), three);
    let by_row: Vec<f64> = (0..12).map(|i| 0.2 * f64::from(i % 3)).collect();
    assert_eq!(states(&[t(&[2.5]), h(&by_row)]), [(2.5, 0.0, 4), (2.5, 0.2, 4), (2.5, 0.4, 4)]);
    assert_eq!(
        states(&[t(&[2.0, 3.0]), h(&[0.1, 0.2, 0.3])]),
        [(2.0, 0.1, 4), (2.0, 0.2, 2), (3.0, 0.2, 2), (3.0, 0.3, 4)]
    );
    assert_eq!(states(&[("beta", vec![0.5, 0.25])]), [(2.0, 0.0, 6), (4.0, 0.0, 6)]);
    assert_eq!(states(&[t(&[2.0, 4.0]), ("beta", vec![0.5, 0.25])]).len(), 2);
    let mistake = |arrays: &[(&str, Vec<f64>)], parts: &[&str]| {
        let error = read(arrays).unwrap_err().to_string();
        assert!(parts.iter().all(|part| error.contains(part)) && error.lines().count() == 1, "{error}");
    };
    mistake(&[t(&[2.0, 4.0]), ("beta", vec![0.5, 0.3])], &["a.npz", "`temperatures`", "`beta`", "4", "0.3"]);
    mistake(&[t(&[2.0, 4.0]), ("T", vec![2.0, 3.0])], &["`temperatures`", "`T`"]);
    mistake(&[t(&[2.0]), h(&[0.1]), ("h", vec![0.2])], &["`field`", "`h`"]);
    mistake(&[t(&[2.0]), h(&[0.0; 5])], &["`field` has 5 values for 12 rows"]);
    mistake(&[t(&[2.0]), h(&[f64::NAN])], &["`field`", "finite"]);
    mistake(&[t(&[2.0, 3.0]), ("n_chains", vec![9.0, 2.0])], &["`n_chains` holds 9", "6 rows"]);
    mistake(&[t(&[2.0, 3.0]), ("n_chains", vec![1.5])], &["`n_chains` holds 1.5"]);
    mistake(&[t(&[2.0; 12]), ("n_chains", vec![1.0, 2.0])], &["`n_chains` holds 1 and 2", "T = 2"]);
    mistake(&[t(&[2.0]), ("coordination", vec![4.0, 6.0])], &["`coordination`"]);
    // Chains and tau_int per block: the second block has two chains.
    let taus = ["tau_int_energy", "tau_int_abs_m"].map(|name| (name, vec![0.7, 0.9]));
    let all = [&[t(&[2.0, 3.0]), ("n_chains", vec![1.0, 2.0])][..], &taus].concat();
    let parts = read(&all).unwrap().remove(0).parts;
    assert_eq!(parts[1].m.iter().map(|m| (16.0 - m) / 2.0).collect::<Vec<_>>(), [6.0, 8.0, 10.0, 7.0, 9.0, 11.0]);
    assert_eq!((parts[0].tau_int, parts[1].tau_int), (0.7, 0.9));
    // Spins of shape (n, L_y, L_x) are in site order, those of (n, L_x, L_y) are transposed.
    let wide = |shape: [usize; 3]| {
        let mut file = Writer::new();
        // Spins are +1 where x = 0.
        let x = |v: (usize, usize, usize)| if shape[1] == 3 { v.2 } else { v.1 };
        file.add("spins", &ndarray::Array3::from_shape_fn(shape, |v| if x(v) == 0 { 1i8 } else { -1 })).unwrap();
        file.add("lattice", &arr1(&[4u32, 3])).unwrap();
        file.add("T", &arr1(&[2.0])).unwrap();
        file.save(&path).unwrap();
        pools(std::slice::from_ref(&path), &Coupled::M).unwrap()[0].parts[0].energy[0]
    };
    assert_eq!((wide([2, 3, 4]), wide([2, 4, 3])), (-12.0, -12.0));
}

/// n independent configurations of a square lattice.
fn drawn(size: usize, t: f64, n: usize, seed: u64) -> Array2<i8> {
    let sampler = transfer::Sampler::new(size, size, Temperature::new(t).unwrap()).unwrap();
    sampler.sample(n, &mut Streams::new(seed).generator("test/repeats", 0)).spins
}

/// B2: sequences that occur in two files, in two blocks or twice in one block are refused.
#[test]
fn rows_that_are_there_twice_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let t = |v: &[f64]| vec![("temperatures", v.to_vec())];
    let (own, other) = (drawn(8, 2.3, 500, 1), drawn(8, 2.4, 500, 2));
    let a = file(&path("a.npz"), 8, &own, &t(&[2.3]));
    let both = ndarray::concatenate![ndarray::Axis(0), own, other];
    let b = file(&path("b.npz"), 8, &both, &t(&[2.3, 2.4]));
    let refused = |files: &[PathBuf], parts: &[&str]| {
        let error = pools(files, &Coupled::M).unwrap_err().to_string();
        assert!(parts.iter().all(|part| error.contains(part)) && error.lines().count() == 1, "{error}");
    };
    refused(&[a.clone(), b], &["a.npz", "b.npz", "rows 0 to 499", "--seed"]);
    // A part of it, flipped and at another place.
    let part =
        ndarray::concatenate![ndarray::Axis(0), other.slice(s![..300, ..]), own.slice(s![100..150, ..]).mapv(|s| -s)];
    let c = file(&path("c.npz"), 8, &part, &t(&[2.4]));
    refused(&[a.clone(), c], &["a.npz", "c.npz", "rows 100 to 149", "rows 300 to 349"]);
    let twice = ndarray::concatenate![ndarray::Axis(0), own, own];
    refused(&[file(&path("d.npz"), 8, &twice, &t(&[2.3, 2.3]))], &["d.npz", "rows 0 to 499", "rows 500 to 999"]);
    refused(&[file(&path("e.npz"), 8, &twice, &t(&[2.3]))], &["e.npz", "rows 0 to 499", "rows 500 to 999"]);
    // Other samples of the same distribution are fine.
    let f = file(&path("f.npz"), 8, &drawn(8, 2.3, 500, 3), &t(&[2.3]));
    pools(&[a, f], &Coupled::M).unwrap();
}

/// F4: copies in another order, every second row, and rows that are shifted, rotated or flipped, also among new ones.
#[test]
fn copies_in_any_order_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    for (size, t, n) in [(8, 3.0, 800), (6, 4.0, 800)] {
        let at = [("temperatures", vec![t])];
        let own = drawn(size, t, n, 1);
        let a = file(&path("a.npz"), size, &own, &at);
        let refused = |rows: &Array2<i8>| {
            let b = file(&path("b.npz"), size, rows, &at);
            let error = pools(&[a.clone(), b], &Coupled::M).unwrap_err().to_string();
            assert!(["a.npz", "b.npz", "--seed"].iter().all(|part| error.contains(part)), "{error}");
        };
        // 7 has no factor in common with the number of rows.
        let shuffled = own.select(ndarray::Axis(0), &(0..n).map(|i| 7 * i % n).collect::<Vec<_>>());
        refused(&shuffled);
        refused(&own.slice(s![..;-1, ..]).mapv(|s| -s));
        refused(&own.slice(s![..;2, ..]).to_owned());
        refused(&ndarray::concatenate![ndarray::Axis(0), drawn(size, t, 300, 5), shuffled.slice(s![..400, ..])]);
        if size == 8 {
            let of = |site: fn(usize, usize) -> usize| (0..64).map(|i| site(i % 8, i / 8)).collect::<Vec<_>>();
            refused(&own.select(ndarray::Axis(1), &of(|x, y| (x + 1) % 8 + 8 * ((y + 3) % 8))));
            refused(&own.select(ndarray::Axis(1), &of(|x, y| y + 8 * (7 - x))));
        }
    }
}

/// F4: no false alarm, by the bound 1e-6 for each set of files: 8 x 8, where classes of shapes repeat and rows do not,
/// and colder.
#[test]
fn other_samples_are_no_copies() {
    let dir = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for (k, t) in [1.2, 1.6, 1.6, 2.0, 2.0, 2.3, 2.3, 3.0, 3.0, 20.0, 20.0].into_iter().enumerate() {
        let path = dir.path().join(format!("{k}.npz"));
        all.push(file(&path, 8, &drawn(8, t, 2000, k as u64), &[("temperatures", vec![t])]));
    }
    assert_eq!(pools(&all, &Coupled::M).unwrap()[0].parts.len(), 11);
}

/// B2: no false alarm where rows repeat by themselves. By the threshold each pair of files has a probability of
/// e^{-40}.
#[test]
fn small_and_cold_lattices_repeat_rows_by_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for (k, t) in [0.3, 0.5, 0.5, 1.0, 1.0, 1.0, 1.5, 2.0, 2.0, 4.0, 4.0].into_iter().enumerate() {
        let path = dir.path().join(format!("{k}.npz"));
        all.push(file(&path, 4, &drawn(4, t, 3000, k as u64), &[("temperatures", vec![t])]));
    }
    // Slow chains: single flips of one lattice, recorded after every quarter of a sweep.
    let square = rgflow::lattice::Square::new(4, 4).unwrap();
    let model = Ising::new(&square);
    for (k, t) in [1.0, 1.5, 2.0].into_iter().enumerate() {
        let mut rng = Streams::new(9).generator("test/slow", k as u64);
        let mut spins = vec![1i8; 16];
        let mut rows = Array2::zeros((3000, 16));
        for mut row in rows.rows_mut() {
            for _ in 0..4 {
                let site = rng.random_range(0..16);
                if rng.random::<f64>() < libm::exp(-model.flip_change(&spins, site) / t) {
                    spins[site] = -spins[site];
                }
            }
            row.assign(&arr1(&spins));
        }
        let path = dir.path().join(format!("slow{k}.npz"));
        all.push(file(&path, 4, &rows, &[("temperatures", vec![t])]));
    }
    assert_eq!(pools(&all, &Coupled::M).unwrap()[0].parts.len(), 14);
}

/// B6: an axis of temperatures before that of the samples, with rows of sites.
#[test]
fn rows_with_an_axis_of_temperatures_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let rows = ndarray::concatenate![ndarray::Axis(0), drawn(4, 2.0, 100, 1), drawn(4, 3.0, 100, 2)];
    let temperatures = [("temperatures", vec![2.0, 3.0])];
    let flat = file(&dir.path().join("flat.npz"), 4, &rows, &temperatures);
    let mut writer = Writer::new();
    writer.add("spins", &rows.into_shape_with_order((2, 100, 16)).unwrap()).unwrap();
    writer.add("lattice", &arr1(&[4u32; 2])).unwrap();
    writer.add("temperatures", &arr1(&[2.0, 3.0])).unwrap();
    let axis = dir.path().join("axis.npz");
    writer.save(&axis).unwrap();
    let energies = |path: PathBuf| -> Vec<Vec<f64>> {
        pools(&[path], &Coupled::M).unwrap()[0].parts.iter().map(|part| part.energy.clone()).collect()
    };
    assert_eq!(energies(flat), energies(axis));
}
