//! Four kinds of data: thermal spins, small pictures, large pictures, and separate clusters. Each is the same for all
//! methods and seeds.

use rand::RngExt;
use rgflow::exact::{Mixture, transfer};
use rgflow::lattice::Temperature;
use rgflow::packed::{pack_levels, packed_len};
use rgflow::random::{Generator, Streams};
use rgflow::rbm::Units;
use std::error::Error;
use std::io::Read;
use std::path::Path;

use ndarray::Array2;

/// Samples of two-valued units as bits, and how large a machine learns them.
pub struct Data {
    /// Heading of the table.
    pub title: String,
    /// Whether the units are spins {-1, +1}; else bits {0, 1}.
    pub spins: bool,
    pub n_visible: usize,
    pub n_hidden: usize,
    pub train: Vec<u8>,
    /// Chooses the learning rate.
    pub validation: Vec<u8>,
    pub test: Vec<u8>,
    /// Mean of ln q over the test samples, where the law q of the data is known: no machine is better but by chance.
    pub ln_q: Option<f64>,
}

impl Data {
    /// Kind of the units of both layers.
    pub fn units(&self) -> Units {
        if self.spins { Units::SPIN } else { Units::BINARY }
    }
}

fn streams() -> Streams {
    Streams::new(20_260)
}

fn packed(bits: &Array2<f32>, low: f32) -> Vec<u8> {
    let mut bytes = vec![0; bits.nrows() * packed_len(bits.ncols())];
    assert!(pack_levels(bits.view(), low, 1.0, &mut bytes), "two values");
    bytes
}

/// Spins of the 10 x 10 Ising model, 1000 independent configurations at each of 25 temperatures from 0 to 6; 200 for
/// test and validation.
pub fn ising() -> Result<Data, Box<dyn Error>> {
    let temperatures: Vec<Temperature> =
        (0..25).map(|k| Temperature::new(0.25 * f64::from(k))).collect::<Result<_, _>>()?;
    let draw = |purpose: &str, n: usize| -> Result<Array2<f32>, Box<dyn Error>> {
        let mut all = Array2::zeros((0, 100));
        for (k, t) in temperatures.iter().enumerate() {
            let mut random = streams().generator(purpose, k as u64);
            let drawn = transfer::Sampler::new(10, 10, *t)?.sample(n, &mut random).spins.mapv(f32::from);
            all.append(ndarray::Axis(0), drawn.view())?;
        }
        Ok(all)
    };
    let test = draw("ising/test", 200)?;
    let law = Mixture::square(10, 10, &temperatures.iter().map(|t| (*t, 1.0)).collect::<Vec<_>>())?;
    Ok(Data {
        title: "Ising model, 10 x 10, 25 temperatures from 0 to 6; 25 000 samples".into(),
        spins: true,
        n_visible: 100,
        n_hidden: 16,
        train: packed(&draw("ising/train", 1000)?, -1.0),
        validation: packed(&draw("ising/validation", 200)?, -1.0),
        ln_q: Some(mean(&law.ln_q_of(test.view()))),
        test: packed(&test, -1.0),
    })
}

/// The 1797 handwritten digits of E. Alpaydin and C. Kaynak (UCI Machine Learning Repository, 1998): grey levels 0 ...
/// 16 are the probability of a 1, drawn once.
pub fn digits() -> Result<Data, Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rgflow-cli/tests/data/digits.csv.gz");
    let file = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(file.as_slice()).read_to_string(&mut text)?;
    let cells = text.lines().flat_map(|line| line.split(',').take(64)).map(|cell| Ok(cell.parse::<f32>()? / 16.0));
    let grey: Vec<f32> = cells.collect::<Result<_, std::num::ParseFloatError>>()?;
    // Writers follow each other in the file.
    let mut rows: Vec<usize> = (0..grey.len() / 64).collect();
    rand::seq::SliceRandom::shuffle(rows.as_mut_slice(), &mut streams().generator("digits/split", 0));
    let grey = Array2::from_shape_fn((rows.len(), 64), |(s, i)| grey[64 * rows[s] + i]);
    let bits = binarised(&grey, &mut streams().generator("digits/bits", 0));
    let part = |from: usize, to: usize| packed(&bits.slice(ndarray::s![from..to, ..]).to_owned(), 0.0);
    Ok(Data {
        title: "Digits of 8 x 8 pixels, stochastically binarised once; 1300 samples".into(),
        spins: false,
        n_visible: 64,
        n_hidden: 16,
        train: part(0, 1300),
        validation: part(1300, 1500),
        test: part(1500, rows.len()),
        ln_q: None,
    })
}

/// Ten random prototypes of 64 bits with the weights 1 : 2 : ... : 10, each bit flipped with the probability 0.05:
/// modes with 32 +- 4 bits between them, which no chain of single steps crosses.
pub fn clusters() -> Data {
    const FLIP: f64 = 0.05;
    let mut random = streams().generator("clusters/prototypes", 0);
    let prototypes = Array2::from_shape_simple_fn((10, 64), || f32::from(u8::from(random.random::<bool>())));
    let draw = |purpose: &str, n: usize| {
        let mut random = streams().generator(purpose, 0);
        let mut samples = Array2::zeros((n, 64));
        for mut row in samples.rows_mut() {
            // Of 55 equal parts k + 1 belong to prototype k.
            let part = random.random_range(0..55usize);
            let k = (0..10).find(|k| part < (k + 1) * (k + 2) / 2).expect("55 parts");
            for (v, p) in row.iter_mut().zip(prototypes.row(k)) {
                *v = if random.random_bool(FLIP) { 1.0 - p } else { *p };
            }
        }
        samples
    };
    let test = draw("clusters/test", 5000);
    let ln_q = |v: ndarray::ArrayView1<f32>| -> f64 {
        let terms = prototypes.rows().into_iter().enumerate().map(|(k, p)| {
            let flips = v.iter().zip(p).filter(|(v, p)| v != p).count() as i32;
            (k + 1) as f64 / 55.0 * FLIP.powi(flips) * (1.0 - FLIP).powi(64 - flips)
        });
        terms.sum::<f64>().ln()
    };
    Data {
        title: "Ten clusters of 64 bits; 10 000 samples".into(),
        spins: false,
        n_visible: 64,
        n_hidden: 16,
        train: packed(&draw("clusters/train", 10_000), 0.0),
        validation: packed(&draw("clusters/validation", 5000), 0.0),
        ln_q: Some(mean(&test.rows().into_iter().map(ln_q).collect::<Vec<_>>())),
        test: packed(&test, 0.0),
    }
}

/// MNIST from its IDX files in `folder`, plain or packed by gzip; grey levels are the probability of a 1, drawn once.
/// The last 5000 samples of the training set are for validation.
pub fn mnist(folder: &Path) -> Result<Data, Box<dyn Error>> {
    let images = |name: &str| -> Result<Array2<f32>, Box<dyn Error>> {
        let (plain, packed) = (folder.join(name), folder.join(format!("{name}.gz")));
        let mut bytes = Vec::new();
        if plain.exists() {
            bytes = std::fs::read(plain)?;
        } else {
            let file = std::fs::File::open(&packed).map_err(|e| format!("{}: {e}", packed.display()))?;
            flate2::read::GzDecoder::new(file).read_to_end(&mut bytes)?;
        }
        let pixels = bytes.get(16..).filter(|p| !p.is_empty() && p.len() % 784 == 0);
        let pixels = pixels.ok_or_else(|| format!("{name}: must hold a header of 16 bytes and images of 784 bytes"))?;
        Ok(Array2::from_shape_fn((pixels.len() / 784, 784), |(s, i)| f32::from(pixels[784 * s + i]) / 255.0))
    };
    let bits = |name: &str| -> Result<Vec<u8>, Box<dyn Error>> {
        Ok(packed(&binarised(&images(name)?, &mut streams().generator(name, 0)), 0.0))
    };
    let mut train = bits("train-images-idx3-ubyte")?;
    let validation = train.split_off(train.len() - 5000 * packed_len(784));
    Ok(Data {
        title: format!("MNIST, stochastically binarised once; {} samples", train.len() / packed_len(784)),
        spins: false,
        n_visible: 784,
        n_hidden: 25,
        train,
        validation,
        test: bits("t10k-images-idx3-ubyte")?,
        ln_q: None,
    })
}

fn binarised(grey: &Array2<f32>, random: &mut Generator) -> Array2<f32> {
    grey.mapv(|p| f32::from(u8::from(random.random::<f32>() < p)))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
