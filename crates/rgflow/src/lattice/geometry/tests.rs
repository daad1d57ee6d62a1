use super::*;

#[test]
fn neighbours_are_mutual_and_differ_in_colour() {
    let all: [(&str, &[usize]); 16] = [
        ("square", &[2]),
        ("square", &[3]),
        ("square", &[3, 5]),
        ("square", &[5, 2]),
        ("square", &[4, 6]),
        ("ring", &[2]),
        ("ring", &[5]),
        ("triangular", &[2]),
        ("triangular", &[3]),
        ("triangular", &[3, 4]),
        ("triangular", &[6, 9]),
        ("cubic", &[2]),
        ("cubic", &[3, 2, 5]),
        ("cubic", &[4, 2, 6]),
        ("honeycomb", &[2]),
        ("honeycomb", &[4, 6]),
    ];
    for (name, extents) in all {
        let lattice = Geometry::new(name, extents).unwrap();
        let degree = lattice.neighbours(0).len();
        assert_eq!(in_opposite_pairs(&lattice), degree.is_multiple_of(2), "{lattice}");
        let ends = |step: usize| (0..lattice.n_sites()).map(move |site| (site, step));
        let pair = |(site, step): (usize, usize)| (site, lattice.neighbours(site)[step] as usize);
        for step in (0..degree / 2 * 2).step_by(2).filter(|_| degree.is_multiple_of(2)) {
            let mut forward: Vec<_> = ends(step).map(pair).collect();
            let mut backward: Vec<_> = ends(step + 1).map(pair).map(|(a, b)| (b, a)).collect();
            forward.sort_unstable();
            backward.sort_unstable();
            assert_eq!(forward, backward, "{lattice}: steps {step} are opposite");
        }
        for site in 0..lattice.n_sites() {
            assert_eq!(lattice.neighbours(site).len(), degree);
            for &other in lattice.neighbours(site) {
                let count = |a: usize, b: usize| lattice.neighbours(a).iter().filter(|&&n| n as usize == b).count();
                assert_ne!(site, other as usize);
                assert_eq!(count(site, other as usize), count(other as usize, site), "{lattice}: {site} - {other}");
                if let Some(colours) = lattice.n_colours() {
                    assert!(lattice.colour(site) < colours);
                    assert_ne!(lattice.colour(site), lattice.colour(other as usize), "{lattice}: {site} - {other}");
                }
            }
        }
    }
}

#[test]
fn names_and_extents() {
    assert_eq!(Geometry::new("cubic", &[3, 3, 2]).unwrap().to_string(), "cubic 3 x 3 x 2");
    for family in Geometry::ALL {
        let lattice = Geometry::new(family.name, &[6]).unwrap();
        assert_eq!((lattice.name(), lattice.extents().len()), (family.name, family.dimension));
        assert!((0..lattice.n_sites()).all(|site| lattice.neighbours(site).len() == family.coordination));
        assert_eq!(lattice.resized(&lattice.extents()).unwrap(), lattice);
    }
    let unknown = Geometry::new("Square", &[4]).unwrap_err().to_string();
    assert!(unknown.contains(&format!("must be {}", Geometry::names())), "{unknown}");
    let wrong = Geometry::new("ring", &[4, 4]).unwrap_err().to_string();
    assert!(wrong.contains("1 extent"), "{wrong}");
    assert!(Geometry::new("square", &[]).is_err());
    assert!(Geometry::new("cubic", &[1 << 20]).is_err());
}

#[test]
fn small_wave_numbers_are_those_of_the_continuum() {
    // k_min -> 2 pi/L on the square lattice, (2/sqrt 3) 2 pi/L on the triangular one.
    let k = std::f64::consts::TAU / 1000.0;
    let square = Square::new(1000, 2).unwrap().k_min_squared(0);
    assert!((square / (k * k) - 1.0).abs() < 1e-5);
    let triangular = Triangular::new(1000, 2).unwrap().k_min_squared(0);
    assert!((triangular / (4.0 / 3.0 * k * k) - 1.0).abs() < 1e-5);
}
