//! Promises of `rgflow sample` on its random numbers and its chains.

use ndarray::{Array2, Ix0, Ix1, Ix2, s};
use rgflow::lattice::{Geometry, Ising, Model, Temperature};
use rgflow::sampling::Method;
use rgflow_lab::artifact::npz;
use rgflow_lab::artifact::progress::Silent;
use rgflow_lab::artifact::restart::Restarts;
use rgflow_lab::dataset::ensemble::{Coupled, pools};
use rgflow_lab::dataset::sampled::{Request, Sampled};
use rgflow_lab::dataset::{Dataset, Options};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const SAMPLERS: [&str; 5] = ["exact", "metropolis", "heat-bath", "wolff", "swendsen-wang"];

fn request(sampler: &str, temperatures: &[f64], n: usize) -> Request {
    Request {
        lattice: Geometry::new("square", &[6]).unwrap(),
        field: 0.0,
        temperatures: temperatures.iter().map(|t| Temperature::new(*t).unwrap()).collect(),
        n,
        method: sampler.parse::<Method>().unwrap(),
        chains: None,
        burn_in: Some(20),
        spacing: Some(2),
        seed: 1,
    }
}

fn draw(request: &Request) -> Vec<Sampled> {
    let restarts = Restarts::for_file(Path::new("none"), "", Duration::MAX).unwrap();
    request.draw(&Silent, &AtomicBool::new(false), &restarts).unwrap()
}

fn spins(request: &Request) -> Vec<Array2<i8>> {
    draw(request).into_iter().map(|s| s.drawn.collection.spins).collect()
}

/// Null: energies of the rows of two commands are independent, row by row: |r| sqrt(n) is beyond 4.9 with p < 1e-6, 15
/// cases.
#[test]
fn separate_commands_are_independent() {
    for sampler in SAMPLERS {
        let base = request(sampler, &[2.3], 1000);
        let alone = &spins(&base)[0];
        let listed = spins(&request(sampler, &[1.9, 2.3, 2.3], 1000));
        assert!(alone == listed[1], "{sampler}: the place in the list changes the rows");
        let near = request(sampler, &[2.31], 1000);
        let field = Request { field: 1e-9, ..base.clone() };
        let others = [&listed[2], &spins(&near)[0], &spins(&field)[0]];
        for (k, other) in others.into_iter().enumerate() {
            let r = correlation(alone, other);
            println!("{sampler} {k}: r sqrt(n) = {:+.2}", r * 1000f64.sqrt());
            assert!(r.abs() * 1000f64.sqrt() < 4.9, "{sampler} {k}: r = {r}");
        }
    }
}

/// Correlation of the energies of rows with the same number. Rows of two chains with tau_int = 1 or 2 in kept rows
/// scatter a little more than independent ones; spacing 2 at L = 6 has less.
fn correlation(a: &Array2<i8>, b: &Array2<i8>) -> f64 {
    let torus = Geometry::new("square", &[6]).unwrap();
    let energies = |spins: &Array2<i8>| -> Vec<f64> {
        spins.rows().into_iter().map(|row| Ising::new(&torus).energy(&row.to_vec())).collect()
    };
    let centred = |v: Vec<f64>| -> Vec<f64> {
        let mean = v.iter().sum::<f64>() / v.len() as f64;
        v.into_iter().map(|x| x - mean).collect()
    };
    let (a, b) = (centred(energies(a)), centred(energies(b)));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}

#[test]
fn more_configurations_extend_fewer() {
    for sampler in SAMPLERS {
        for (chains, temperature, field) in
            [(None, 2.3, 0.0), (Some(3), 2.3, 0.2), (Some(130), 2.3, 0.0), (None, 0.0, 0.0)]
        {
            let of = |n: usize| {
                let mut request = request(sampler, &[temperature], n);
                (request.field, request.chains) = (field, chains);
                spins(&request).remove(0)
            };
            let (few, many) = (of(150), of(400));
            assert!(few == many.slice(s![..150, ..]), "{sampler}, chains {chains:?}, T = {temperature}, h = {field}");
        }
    }
}

#[test]
fn as_many_chains_are_run_as_asked_for() {
    for sampler in ["metropolis", "heat-bath", "wolff", "swendsen-wang"] {
        for (extents, field) in [(&[9][..], 0.0), (&[6], 0.0), (&[6], 0.3)] {
            for chains in [1, 3, 64, 100, 200] {
                let mut request = request(sampler, &[2.5], 400);
                request.lattice = Geometry::new("square", extents).unwrap();
                (request.chains, request.field) = (Some(chains), field);
                let collection = &draw(&request)[0].drawn.collection;
                assert_eq!(collection.n_chains, chains, "{sampler} {extents:?} h = {field}");
            }
        }
    }
}

/// Files name their lattice, and readers believe the name: all lattices of the list go round, as samples for
/// reweighting and for training. Without the name the numbers say which it is, with a note, or the file is refused.
#[test]
fn files_name_their_lattice() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { reads_labels: false, ..Options::default() };
    for family in Geometry::ALL {
        let mut request = request("wolff", &[4.0], 20);
        request.lattice = Geometry::new(family.name, &[4]).unwrap();
        let path = dir.path().join(format!("{}.npz", family.name));
        request.npz(&draw(&request), std::fs::File::create(&path).unwrap()).unwrap();
        let pool = pools(std::slice::from_ref(&path), &Coupled::M).unwrap().remove(0);
        assert_eq!(pool.lattice, request.lattice);
        assert!(!pool.notes.iter().any(|note| note.contains("names no lattice")), "{:?}", pool.notes);
        let data = Dataset::read(&path, &options).unwrap();
        assert_eq!(data.lattice.unwrap().title(), request.lattice.to_string());
        assert!(data.notes.is_empty(), "{:?}", data.notes);
        // The same arrays without or with another name.
        let again = |name: Option<&str>| {
            let mut from = npz::Reader::open(&path).unwrap();
            let mut to = npz::Writer::new();
            to.add("spins", &from.array::<i8, Ix2>("spins").unwrap()).unwrap();
            to.add("temperatures", &from.array::<f64, Ix1>("temperatures").unwrap()).unwrap();
            to.add("lattice", &from.array::<u32, Ix1>("lattice").unwrap()).unwrap();
            to.add("coordination", &from.array::<u32, Ix0>("coordination").unwrap()).unwrap();
            name.iter().for_each(|name| to.add_word("lattice_name", name).unwrap());
            to.save(dir.path().join("again.npz")).unwrap();
            pools(&[dir.path().join("again.npz")], &Coupled::M)
        };
        let alike = Geometry::ALL
            .iter()
            .filter(|other| (other.dimension, other.coordination) == (family.dimension, family.coordination));
        match alike.count() {
            1 => {
                let pool = again(None).unwrap().remove(0);
                let note = format!("the {} lattice is taken", family.name);
                assert!(
                    pool.lattice == request.lattice && pool.notes.iter().any(|n| n.contains(&note)),
                    "{:?}",
                    pool.notes
                );
            }
            _ => assert!(again(None).unwrap_err().to_string().contains("lattice_name")),
        }
        assert!(again(Some("penrose")).unwrap_err().to_string().contains("penrose"));
    }
}

/// A single chain of single-spin updates, with its own tau_int: null: the energy is Kaufman's, |z| < 4.5 in 4 cases, p
/// < 3e-5.
#[test]
fn a_single_chain_has_the_law() {
    for sampler in ["metropolis", "heat-bath"] {
        for chains in [1, 20] {
            let mut request = request(sampler, &[3.0], 20_000);
            request.chains = Some(chains);
            let seen = &draw(&request)[0];
            let z = (seen.summary.energy.value - seen.exact.unwrap().0) / seen.summary.energy.error;
            println!("{sampler} {chains}: z = {z:+.2}, tau {:.2}", seen.drawn.collection.tau_int_energy);
            assert!(z.abs() < 4.5, "{sampler}, {chains} chains: z = {z:+.2}");
        }
    }
}
