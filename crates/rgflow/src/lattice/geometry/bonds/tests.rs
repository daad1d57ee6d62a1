use super::*;
use crate::lattice::{Geometry, Ising, Model, Ring, bonds};

fn on(name: &str, extents: &[usize], couplings: &[f64], boundaries: &[Boundary]) -> Geometry {
    Geometry::new(name, extents).unwrap().with_bonds(couplings, boundaries).unwrap()
}

/// The steps of every named lattice make its neighbours, also where an extent is 2.
#[test]
fn steps_are_the_bonds_of_the_lattice() {
    for family in Geometry::ALL {
        for l in [2, 4, 6] {
            let plain = Geometry::new(family.name, &[l]).unwrap();
            let Geometry::Bonds(own) = plain.clone().with_bonds(&[2.0], &[]).unwrap() else { panic!("couplings") };
            assert_eq!(own.n_bonds(), plain.n_sites() * family.coordination / 2);
            for site in 0..plain.n_sites() {
                let sorted = |all: &[u32]| {
                    let mut all = all.to_vec();
                    all.sort_unstable();
                    all
                };
                assert_eq!(sorted(own.neighbours(site)), sorted(plain.neighbours(site)), "{own:?} {site}");
                assert_eq!(own.couplings(site), Some(&vec![2.0; family.coordination][..]));
            }
            assert_eq!(own.is_translation_invariant(), plain.is_translation_invariant());
            assert_eq!(own.wave_axes(), plain.wave_axes());
            assert_eq!(own.critical_temperature(), plain.critical_temperature().map(|t| 2.0 * t));
        }
    }
}

#[test]
fn couplings_belong_to_directions() {
    let square = on("square", &[3, 4], &[1.5, -0.5], &[]);
    let along = |a: usize, b: usize| if a / 3 == b / 3 { 1.5 } else { -0.5 };
    assert!(bonds(&square).all(|(a, b, j)| j == along(a, b)));
    assert_eq!(bonds(&square).count(), 24);
    // Each site of the honeycomb lattice has one bond of each direction.
    let honeycomb = on("honeycomb", &[4, 6], &[1.0, 2.0, 3.0], &[]);
    for site in 0..24 {
        let mut own = honeycomb.couplings(site).unwrap().to_vec();
        own.sort_by(f64::total_cmp);
        assert_eq!(own, [1.0, 2.0, 3.0]);
    }
    // Every triangle of the triangular lattice has one bond of each direction.
    let triangular = on("triangular", &[5, 5], &[1.0, 2.0, 3.0], &[]);
    let j = |a: usize, b: usize| {
        let k = triangular.neighbours(a).iter().position(|other| *other as usize == b)?;
        Some(triangular.couplings(a)?[k])
    };
    for (a, b, first) in bonds(&triangular) {
        for c in 0..25 {
            if let (Some(second), Some(third)) = (j(b, c), j(c, a)) {
                assert_eq!(first * second * third, 6.0);
            }
        }
    }
    assert_eq!(triangular.critical_temperature().map(|t| t > 3.6 && t < 11.0), Some(true));
}

/// Open axes lose the bonds that go around them: lx ly - ly in x and so on; at an extent of 2 exactly one of two.
#[test]
fn open_axes_are_cut_once() {
    use Boundary::{Open, Periodic};
    let count =
        |name: &str, extents: &[usize], boundaries: &[Boundary]| bonds(&on(name, extents, &[], boundaries)).count();
    assert_eq!(count("square", &[5, 3], &[Open]), 4 * 3 + 5 * 2);
    assert_eq!(count("square", &[5, 3], &[Open, Periodic]), 4 * 3 + 5 * 3);
    assert_eq!(count("square", &[2, 2], &[Open]), 4);
    assert_eq!(count("square", &[2, 3], &[Periodic, Open]), 6 + 4);
    assert_eq!(count("ring", &[2], &[Open]), 1);
    assert_eq!(count("ring", &[7], &[Open]), 6);
    assert_eq!(count("cubic", &[2, 3, 4], &[Open]), 12 + 16 + 18);
    // Triangular: the diagonals that leave the rhombus in x or in y go.
    assert_eq!(count("triangular", &[4, 5], &[Open]), 3 * 5 + 4 * 4 + 3 * 4);
    assert_eq!(count("triangular", &[4, 5], &[Open, Periodic]), 3 * 5 + 4 * 5 + 3 * 5);
    // Honeycomb: rows are chains, and every second column has a bond between two rows.
    assert_eq!(count("honeycomb", &[4, 6], &[Open]), 3 * 6 + 2 * 5);
    let open = on("square", &[5, 3], &[], &[Open]);
    assert_eq!((open.n_colours(), open.couplings(0)), (Some(2), None));
    assert_eq!(open.neighbours(0), [1, 5]);
    assert!(!open.is_translation_invariant() && open.wave_axes().is_empty());
    assert_eq!(open.critical_temperature(), Some(crate::lattice::Temperature::CRITICAL.value()));
    assert_eq!(open.resized(&[3, 3]).unwrap().to_string(), "square(open) 3 x 3");
}

#[test]
fn lists_of_bonds() {
    let (forward, backward) = ([(0, 1, 1.0), (1, 2, -2.0), (3, 0, 1.0)], [(0, 3, 1.0), (2, 1, -2.0), (0, 1, 1.0)]);
    let graph = Bonds::new(5, &forward).unwrap();
    assert_eq!(graph, Bonds::new(5, &backward).unwrap(), "neither order nor direction matters");
    assert_ne!(graph.name(), Bonds::new(6, &forward).unwrap().name());
    assert_eq!((graph.n_bonds(), graph.longest(), graph.extents()), (3, 3, vec![5]));
    assert_eq!(graph.colour(2), 0);
    assert_eq!(Ising::new(&graph).energy(&[1, 1, 1, -1, 1]), 2.0);
    assert!(graph.critical_temperature().is_none() && graph.resized(&[3]).is_none());
    let named = graph.named("square(open)", &[5, 1]).unwrap();
    assert_eq!(super::super::title(&named), "square(open) 5 x 1");
    // Two bonds between the same sites are two.
    let double = Bonds::new(2, &[(0, 1, 0.5), (1, 0, 0.25)]).unwrap();
    assert_eq!(Ising::new(&double).energy(&[1, 1]), -0.75);
    // Odd loops have no two colours.
    assert_eq!(Bonds::new(3, &[(0, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0)]).unwrap().n_colours(), None);
}

#[test]
fn refusals_name_the_bond() {
    for (bonds, part) in [
        (vec![(0, 1, 1.0), (2, 2, 1.0)], "bond 1 (2 - 2, J = 1): a bond joins two different sites"),
        (vec![(0, 3, 1.0)], "numbered from 0 to 2"),
        (vec![(0, 1, f64::NAN)], "J must be a finite number"),
        (vec![(0, 1, 0.0)], "at least one coupling"),
        (vec![], "no bonds"),
    ] {
        let error = Bonds::new(3, &bonds).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let square = Geometry::new("square", &[4]).unwrap();
    let with = |j: &[f64], b: &[Boundary]| square.clone().with_bonds(j, b);
    assert!(with(&[1.0; 3], &[]).unwrap_err().to_string().contains("one for each of its 2 direction"));
    assert!(with(&[], &[Boundary::Open; 3]).unwrap_err().to_string().contains("3 boundaries for the square"));
    assert!(with(&[f64::INFINITY], &[]).is_err() && with(&[0.0], &[]).is_err());
    assert_eq!(with(&[1.0], &[Boundary::Periodic]).unwrap(), square);
    assert!(with(&[-1.0], &[]).unwrap().with_bonds(&[2.0], &[]).is_err());
    assert_eq!("open".parse(), Ok(Boundary::Open));
    assert!("closed".parse::<Boundary>().unwrap_err().to_string().contains("periodic or open"));
}

/// The lattice of other extents is of the same type, couplings and boundaries, also where these are those of the plain
/// lattice.
#[test]
fn other_extents_keep_couplings_and_boundaries() {
    let plain = Bonds::on(&Ring::new(8).unwrap(), &[1.0], &[]).unwrap();
    assert_eq!(plain.resized(&[16]), Bonds::on(&Ring::new(16).unwrap(), &[1.0], &[]).ok());
    let honeycomb = on("honeycomb", &[4, 6], &[1.0, 2.0, 3.0], &[Boundary::Open]);
    assert_eq!(honeycomb.resized(&[6, 4]), Some(on("honeycomb", &[6, 4], &[1.0, 2.0, 3.0], &[Boundary::Open])));
    assert_eq!(honeycomb.resized(&[3, 3]), None);
}
