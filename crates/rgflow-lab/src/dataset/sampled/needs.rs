//! Memory needed to draw samples: lower bounds, so that nothing that fits is refused.

use super::Request;
use crate::artifact::Error;
use crate::artifact::memory::{self, Need, product};
use rgflow::lattice::multispin::REPLICAS;
use rgflow::lattice::{Family, Geometry, Ising, Lattice, LatticeError, Temperature, metropolis};
use rgflow::sampling::{Kind, Method, Sampler};

/// Number of sites above which `auto` is asked for its sampler before it is known whether its chains fit.
const MANY_SPINS: u128 = 1 << 28;

/// The lattice `name` with these `extents`, if its table of neighbours fits into memory.
///
/// # Errors
/// [`Error::User`] if it does not, or as [`Geometry::new`].
pub fn lattice(name: &str, extents: &[usize]) -> Result<Geometry, Error> {
    let user = |e: LatticeError| Error::user(e.to_string());
    let Family { dimension, coordination, .. } = Geometry::family(name).map_err(user)?;
    let sites = match extents {
        [l] => product(&vec![*l; dimension]),
        all => product(all),
    };
    // Larger ones are refused by name.
    if sites < 1 << 31 {
        let all = extents.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
        let table = Need::new(&[sites as usize, 4 * coordination], format!("--size {all}"), "take a smaller --size");
        memory::need(&[table])?;
    }
    Geometry::new(name, extents).map_err(user)
}

impl Request {
    /// Arrays held while the last temperature is drawn.
    pub(super) fn needs(&self) -> Vec<Need> {
        let (sites, n, t) = (self.lattice.n_sites(), self.n, self.temperatures.len());
        let what = format!("--n {n} at {t} temperature{} of {sites} spins", if t == 1 { "" } else { "s" });
        let mut needs = vec![Need::new(&[n, t, sites], what, "take a smaller --n or --size, or fewer temperatures")];
        // Each point of a correlation function has a value and an error; a Fourier transform runs along the longest
        // axis.
        let extents = self.lattice.extents();
        let points = extents.iter().map(|l| l / 2 + 1).sum();
        let longest = extents.iter().copied().max().unwrap_or(0);
        let mut averages =
            Need::new(&[16, t, points], format!("averages on {}", self.lattice), "take a smaller --size");
        averages.bytes += product(&[40, longest]);
        needs.push(averages);
        needs.extend(self.sampler());
        needs
    }

    /// Work space of the sampler.
    fn sampler(&self) -> Option<Need> {
        let chains = self.chains;
        let of = |t: &Temperature| self.at(*t);
        let finite = |t: &&Temperature| **t != Temperature::ZERO && **t != Temperature::INFINITE;
        // Temperatures are drawn in parallel on the threads.
        let largest = self.temperatures.iter().filter(finite).map(of).max_by_key(|(bytes, _)| *bytes);
        let (bytes, method) = largest.filter(|(bytes, _)| *bytes > 0)?;
        let (what, remedy) = match (method, chains) {
            (Method::Exact, _) => {
                (format!("the exact sampler of {}", self.lattice), "take a smaller --size or --sampler auto")
            }
            (_, Some(n)) => (format!("--chains {n} of {} spins", self.lattice.n_sites()), "take fewer --chains"),
            (..) => (format!("the sampler of {}", self.lattice), "take a smaller --size or another --sampler"),
        };
        Some(Need { bytes, what, remedy })
    }

    /// Bytes that the sampler needs at one temperature, and which sampler it is.
    fn at(&self, t: Temperature) -> (u128, Method) {
        let sites = self.lattice.n_sites();
        let chains = self.chains.unwrap_or(64);
        let method = match self.method {
            // Choosing the sampler takes a while, and matters only for large numbers of chains.
            Method::Auto if product(&[sites, chains]) < MANY_SPINS => Method::Markov(Kind::Wolff),
            Method::Auto => Ising::in_field(&self.lattice, self.field)
                .ok()
                .and_then(|model| Sampler::auto(&model, t).choose(self.n).ok())
                .map_or(Method::Markov(Kind::Wolff), |choice| choice.method),
            given => given,
        };
        let bytes = match (method, &self.lattice) {
            // One class of rows of the transfer matrix.
            (Method::Exact, Geometry::Square(s)) => {
                let (width, length) = (s.lx().min(s.ly()), s.lx().max(s.ly()));
                if width > 12 { 0 } else { product(&[8, length - 1, 1 << width]) }
            }
            (Method::Markov(Kind::Metropolis), Geometry::Square(s))
                if self.field == 0.0 && metropolis::is_bit_parallel(&Ising::new(s), t) =>
            {
                // Groups of replicas as bits, and a list of rows for each chain.
                let group = product(&[sites, REPLICAS / 8]);
                group.saturating_add(product(&[24, chains])).saturating_add(product(&[24, self.n]))
            }
            (Method::Markov(kind), _) if kind.is_local() => {
                product(&[sites, chains]).saturating_add(product(&[sites, 48]))
            }
            // Spins and the list of a cluster; for all clusters labels, sizes and waves.
            (Method::Markov(Kind::SwendsenWang), _) => product(&[sites, 30]),
            (Method::Markov(_), _) => product(&[sites, 5]),
            _ => 0,
        };
        (bytes, method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(name: &str, extents: &[usize], method: &str, chains: Option<usize>) -> Request {
        Request {
            lattice: Geometry::new(name, extents).unwrap(),
            field: 0.0,
            temperatures: vec![Temperature::new(2.0).unwrap(); 3],
            n: 1000,
            method: method.parse().unwrap(),
            chains,
            burn_in: None,
            spacing: None,
            seed: 1,
        }
    }

    fn total(request: &Request) -> u128 {
        request.needs().iter().map(|need| need.bytes).sum()
    }

    #[test]
    fn what_is_drawn_and_what_the_sampler_takes_are_counted() {
        let drawn = request("square", &[16], "wolff", None);
        assert!((768_000..800_000).contains(&total(&drawn)), "{:?}", drawn.needs());
        for (method, most) in [("metropolis", 64 * 256), ("heat-bath", 64 * 256), ("exact", 1)] {
            let more = request("square", &[16], method, None);
            assert!(total(&more) < 1_000_000 + most, "{:?}", more.needs());
        }
        // A chain takes a byte per spin, or a bit in a group of 512 plus 24 bytes for its rows.
        for (name, method) in [("triangular", "metropolis"), ("square", "heat-bath")] {
            let many = request(name, &[6], method, Some(1_000_000_000));
            assert!(total(&many) > 36_000_000_000, "{:?}", many.needs());
        }
        let words = request("square", &[6], "metropolis", Some(1_000_000_000));
        assert!(total(&words) > 24_000_000_000, "{:?}", words.needs());
        // Cluster chains run one after the other.
        assert!(total(&request("square", &[6], "wolff", Some(1_000_000_000))) < 1 << 20);
        let most = request("square", &[6], "heat-bath", Some(usize::MAX));
        assert!(memory::need(&most.needs()).unwrap_err().to_string().contains("--chains 18446744073709551615"));
        // 12 x 20000: 20000 vectors of 4096 numbers.
        assert!(total(&request("square", &[12, 20_000], "exact", None)) > 19_999 * 4096 * 8);
    }

    #[test]
    fn a_table_of_neighbours_that_cannot_fit_is_refused_before_it_is_made() {
        assert!(lattice("square", &[10]).is_ok());
        assert!(lattice("square", &[usize::MAX, 3]).is_err() && lattice("sqare", &[10]).is_err());
    }
}
