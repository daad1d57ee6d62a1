//! Data that our benchmarks share with the scripts of other programs: int8 spins in `.npy` files. Missing files are
//! made by our own samplers at the same temperatures and of the same size, so that all programs read the same bytes.

use crate::artifact::{Error, atomic, npy};
use ndarray::{Array1, Array2, ArrayD, Axis};
use rand_core::Rng;
use rgflow::exact::{ExactError, chain, transfer};
use rgflow::lattice::{Ising, LatticeError, Square, Temperature};
use rgflow::random::Streams;
use rgflow::sampling::{Kind, Sampler, SamplingError};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// 25 temperatures 0, 0.25 ... 6; T = 0 is replaced by 0.01, as in the scripts.
pub(super) fn temperatures() -> Result<Vec<Temperature>, LatticeError> {
    (0..25).map(|k| Temperature::new(if k == 0 { 0.01 } else { 0.25 * f64::from(k) })).collect()
}

/// Spins of the first samples, at most `most`, of the file `name` in `folder`, shape (samples, units). Only these are
/// read, so that a benchmark holds no more than it works on.
pub(super) fn spins(folder: &Path, name: &str, most: usize) -> Result<Array2<i8>, Error> {
    let path = folder.join(name);
    if !path.exists() {
        save(&path, make(name)?.into_dyn())?;
    }
    let damaged = |what: String| Error::failure(format!("{}: {what}", path.display()));
    let mut file = BufReader::new(File::open(&path).map_err(Error::io("read", &path))?);
    let header = npy::Header::read(&mut file).map_err(damaged)?;
    let (&[samples, units], "|i1", false) = (header.shape.as_slice(), header.dtype.as_str(), header.fortran_order)
    else {
        return Err(damaged(format!("must hold int8 of two dimensions, row by row; found {header:?}")));
    };
    let mut bytes = vec![0u8; samples.min(most) * units];
    file.read_exact(&mut bytes).map_err(Error::io("read", &path))?;
    let spins = bytes.into_iter().map(u8::cast_signed).collect();
    Ok(Array2::from_shape_vec((samples.min(most), units), spins)?)
}

/// Labels of the file `name` in `folder`, one per sample.
pub(super) fn labels(folder: &Path, name: &str) -> Result<Array1<i8>, Error> {
    let path = folder.join(name);
    if !path.exists() {
        // Random labels where the digits are missing, as in the scripts; for timing only.
        let mut random = Streams::new(1).generator("bench/labels", 0);
        let labels = Array1::from_shape_simple_fn(60_000, || (random.next_u32() % 10) as i8);
        save(&path, labels.into_dyn())?;
    }
    let bytes = std::fs::read(&path).map_err(Error::io("read", &path))?;
    let mut from = bytes.as_slice();
    let labels = npy::Header::read(&mut from).and_then(|header| npy::array(&header, &mut from, bytes.len() as u64));
    labels.map_err(|e| Error::failure(format!("{}: {e}", path.display())))
}

fn save(path: &Path, array: ArrayD<i8>) -> Result<(), Error> {
    eprintln!("making {}", path.display());
    let mut bytes = Vec::new();
    npy::write(&mut bytes, &array).map_err(|e| Error::failure(e.to_string()))?;
    atomic::write(path, bytes)
}

fn make(name: &str) -> Result<Array2<i8>, Error> {
    let streams = Streams::new(1);
    let stack = |parts: Vec<Array2<i8>>| {
        Ok(ndarray::concatenate(Axis(0), &parts.iter().map(|p| p.view()).collect::<Vec<_>>())?)
    };
    let grid = temperatures()?;
    match name {
        "ising1d_8.npy" => {
            let draw = |(k, t): (usize, &Temperature)| {
                chain::sample(8, *t, 1600, &mut streams.generator("bench/1d", k as u64))
            };
            stack(grid.iter().enumerate().map(draw).map(|c| c.map(|c| c.spins)).collect::<Result<_, _>>()?)
        }
        "ising2d_100_train.npy" | "ising2d_100_flow.npy" => {
            let draw = |(k, t): (usize, &Temperature)| {
                let sampler = transfer::Sampler::new(10, 10, *t)?;
                Ok(sampler.sample(1000, &mut streams.generator(name, k as u64)).spins)
            };
            stack(grid.iter().enumerate().map(draw).collect::<Result<_, ExactError>>()?)
        }
        "ising2d_4096.npy" => {
            let square = Square::new(64, 64)?;
            let model = Ising::new(&square);
            let draw = |k: u32| {
                let t = Temperature::new(1.8 + 1.2 * f64::from(k) / 9.0)?;
                let sampler = Sampler::new(Kind::Wolff, &model, t).index(k.into());
                Ok(sampler.draw(256, streams.of(name))?.collection.spins)
            };
            stack((0..10).map(draw).collect::<Result<_, SamplingError>>()?)
        }
        // Random images where the digits are missing, with as many pixels set, as in the scripts; for timing only.
        _ => {
            let mut random = streams.generator("bench/mnist", 0);
            Ok(Array2::from_shape_simple_fn((60_000, 784), || if random.next_u32() < 558_345_748 { 1 } else { -1 }))
        }
    }
}
