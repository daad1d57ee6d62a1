//! Block spins: b x b spins become one, by the majority rule (Kadanoff 1966; thesis section 3.2, eq. 3.2.34) or
//! another.

use std::fmt;
use std::str::FromStr;

use ndarray::{Array2, ArrayView2};
use rand::RngExt;

use super::RgError;
use crate::random::Generator;

/// How a block of spins becomes one.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// The sign of the sum; ties at random.
    Majority,
    /// The first spin of the block, the others are forgotten.
    Decimation,
    /// P(S | block) = e^{k S sum}/(2 cosh(k sum)): the majority rule softened, and this again for k to infinity.
    Soft(f64),
}

impl FromStr for Rule {
    type Err = RgError;

    fn from_str(text: &str) -> Result<Self, RgError> {
        let unknown = || RgError::Rule(text.to_owned());
        match text {
            "majority" => Ok(Self::Majority),
            "decimation" => Ok(Self::Decimation),
            _ => {
                let k: f64 = text.strip_prefix("soft:").and_then(|k| k.parse().ok()).ok_or_else(unknown)?;
                if k > 0.0 && k.is_finite() { Ok(Self::Soft(k)) } else { Err(unknown()) }
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Majority => f.write_str("majority"),
            Self::Decimation => f.write_str("decimation"),
            Self::Soft(k) => write!(f, "soft:{k}"),
        }
    }
}

/// Blocks of one lattice, prepared: blocks configuration by configuration without allocating.
#[derive(Clone, Debug)]
pub struct Blocks {
    lx: usize,
    b: usize,
    rule: Rule,
    /// Spins along x after blocking.
    columns: usize,
    sums: Vec<i32>,
    /// Of the soft rule: +1 where a random word is below this, by sum + b^2.
    limits: Vec<u64>,
}

impl Blocks {
    /// Blocks of `b` x `b` spins of a lattice of `lx` x `ly`.
    ///
    /// # Errors
    /// [`RgError::Block`] if `b` does not divide both extents.
    pub fn new(lx: usize, ly: usize, b: usize, rule: Rule) -> Result<Self, RgError> {
        if b == 0 || !lx.is_multiple_of(b) || !ly.is_multiple_of(b) {
            return Err(RgError::Block { b, lx, ly });
        }
        let most = (b * b) as i32;
        let limit = |sum: i32, k: f64| (4_294_967_296.0 / (1.0 + libm::exp(-2.0 * k * f64::from(sum)))).round() as u64;
        let limits = match rule {
            Rule::Soft(k) => (-most..=most).map(|sum| limit(sum, k)).collect(),
            _ => Vec::new(),
        };
        Ok(Self { lx, b, rule, columns: lx / b, sums: vec![0; lx / b * (ly / b)], limits })
    }

    /// Number of spins after blocking.
    pub fn n_coarse(&self) -> usize {
        self.sums.len()
    }

    /// Writes the blocked `spins` to `coarse`.
    ///
    /// # Panics
    /// If a length is not that of the lattice before or after blocking.
    pub fn apply(&mut self, spins: &[i8], coarse: &mut [i8], rng: &mut Generator) {
        let (lx, b, columns) = (self.lx, self.b, self.columns);
        assert_eq!((spins.len(), coarse.len()), (self.sums.len() * b * b, self.sums.len()));
        if self.rule == Rule::Decimation {
            let kept = spins.chunks_exact(lx).step_by(b).flat_map(|line| line.iter().step_by(b));
            coarse.iter_mut().zip(kept).for_each(|(s, &kept)| *s = kept);
            return;
        }
        self.sums.fill(0);
        for (lines, sums) in spins.chunks_exact(lx * b).zip(self.sums.chunks_exact_mut(columns)) {
            for line in lines.chunks_exact(lx) {
                for (block, sum) in line.chunks_exact(b).zip(&mut *sums) {
                    *sum += block.iter().map(|&s| i32::from(s)).sum::<i32>();
                }
            }
        }
        for (s, &sum) in coarse.iter_mut().zip(&self.sums) {
            let up = match self.rule {
                Rule::Soft(_) => u64::from(rng.random::<u32>()) < self.limits[(sum + (b * b) as i32) as usize],
                _ => sum > 0 || (sum == 0 && rng.random()),
            };
            *s = if up { 1 } else { -1 };
        }
    }
}

/// A configuration and its block spins after one step, two steps ...
#[derive(Clone, Debug)]
pub struct Ladder {
    blocks: Vec<Blocks>,
    levels: Vec<Vec<i8>>,
}

impl Ladder {
    /// Of `size` x `size` spins and `steps` steps.
    ///
    /// # Errors
    /// [`RgError::Block`] if `b` does not divide the extent of a lattice.
    ///
    /// ```
    /// use rgflow::{random::Streams, rg::block_spin::{Ladder, Rule}};
    /// let mut ladder = Ladder::new(8, 2, Rule::Majority, 2)?;
    /// ladder.climb(&[1; 64], &mut Streams::new(1).generator("example", 0));
    /// assert_eq!(ladder.levels(), [vec![1; 64], vec![1; 16], vec![1; 4]]);
    /// # Ok::<(), rgflow::rg::RgError>(())
    /// ```
    pub fn new(size: usize, b: usize, rule: Rule, steps: usize) -> Result<Self, RgError> {
        let (mut blocks, mut extents) = (Vec::new(), vec![size]);
        for step in 0..steps {
            blocks.push(Blocks::new(extents[step], extents[step], b, rule)?);
            extents.push(extents[step] / b);
        }
        Ok(Self { blocks, levels: extents.into_iter().map(|extent| vec![0; extent * extent]).collect() })
    }

    /// Takes the configuration `spins` and blocks it.
    ///
    /// # Panics
    /// If it has another number of spins.
    pub fn climb(&mut self, spins: &[i8], rng: &mut Generator) {
        self.levels[0].copy_from_slice(spins);
        for (step, blocks) in self.blocks.iter_mut().enumerate() {
            let (before, after) = self.levels.split_at_mut(step + 1);
            blocks.apply(&before[step], &mut after[0], rng);
        }
    }

    /// The configuration and its block spins, by steps.
    pub fn levels(&self) -> &[Vec<i8>] {
        &self.levels
    }
}

/// Replaces every block of `b` x `b` spins by the sign of its sum; ties are broken at random.
///
/// `spins`: shape `(n, lx * ly)`, values +-1, `site = y * lx + x`. Returns shape `(n, (lx / b) * (ly / b))`.
///
/// # Errors
/// [`RgError::Block`] if `b` does not divide both extents, [`RgError::Shape`] if `spins` has another width.
///
/// ```
/// use ndarray::Array2;
/// use rgflow::{random::Streams, rg::block_spin};
/// let mut rng = Streams::new(1).generator("example", 0);
/// let coarse = block_spin::majority(Array2::ones((3, 36)).view(), 6, 6, 3, &mut rng)?;
/// assert_eq!(coarse, Array2::ones((3, 4)));
/// # Ok::<(), rgflow::rg::RgError>(())
/// ```
pub fn majority(
    spins: ArrayView2<'_, i8>,
    lx: usize,
    ly: usize,
    b: usize,
    rng: &mut Generator,
) -> Result<Array2<i8>, RgError> {
    let mut blocks = Blocks::new(lx, ly, b, Rule::Majority)?;
    if spins.ncols() != lx * ly {
        return Err(RgError::Shape { expected: lx * ly, found: spins.ncols() });
    }
    let mut coarse = Array2::<i8>::ones((spins.nrows(), blocks.n_coarse()));
    let mut line = vec![0; lx * ly];
    for (row, mut out) in spins.rows().into_iter().zip(coarse.rows_mut()) {
        line.iter_mut().zip(&row).for_each(|(to, &s)| *to = s);
        blocks.apply(&line, out.as_slice_mut().expect("standard layout"), rng);
    }
    Ok(coarse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    #[test]
    fn majority_of_rectangles_and_fair_ties() {
        let mut rng = Streams::new(1).generator("test/majority", 0);
        // Two blocks side by side: the left one has three up, the right one a tie.
        let one: [i8; 8] = [1, 1, 1, -1, 1, -1, -1, 1];
        let spins = Array2::from_shape_fn((10_000, 8), |(_, j)| one[j]);
        let coarse = majority(spins.view(), 4, 2, 2, &mut rng).unwrap();
        assert!(coarse.column(0).iter().all(|&s| s == 1));
        // Null: ties are fair; 10,000 draws, |z| < 4 (p = 6e-5), seed 1.
        let sum: i32 = coarse.column(1).iter().map(|&s| i32::from(s)).sum();
        assert!(f64::from(sum.abs()) < 400.0, "{sum}");
        assert!(majority(spins.view(), 4, 2, 3, &mut rng).is_err());
        assert!(majority(spins.view(), 4, 4, 2, &mut rng).is_err());
        assert!(majority(spins.view(), 4, 2, 0, &mut rng).is_err());
    }

    #[test]
    fn soft_majority_has_its_law_and_decimation_forgets() {
        let mut rng = Streams::new(1).generator("test/soft", 0);
        // Sums 2 and -4; the first spins are -1 and -1.
        let spins: [i8; 8] = [-1, 1, -1, -1, 1, 1, -1, -1];
        let mut coarse = [0; 2];
        Blocks::new(4, 2, 2, Rule::Decimation).unwrap().apply(&spins, &mut coarse, &mut rng);
        assert_eq!(coarse, [-1, -1]);
        let mut soft = Blocks::new(4, 2, 2, Rule::Soft(0.3)).unwrap();
        let mut sums = [0.0; 2];
        for _ in 0..10_000 {
            soft.apply(&spins, &mut coarse, &mut rng);
            sums.iter_mut().zip(&coarse).for_each(|(sum, &s)| *sum += f64::from(s));
        }
        // Null: means tanh(k sum); 10,000 draws, |z| < 4.5 (p = 7e-6), seed 1.
        for (sum, block) in sums.iter().zip([2.0f64, -4.0]) {
            let mean = libm::tanh(0.3 * block);
            let error = ((1.0 - mean * mean) / 10_000.0).sqrt();
            assert!((sum / 10_000.0 - mean).abs() < 4.5 * error, "{sum} {mean}");
        }
        assert_eq!("soft:0.3".parse::<Rule>().unwrap(), Rule::Soft(0.3));
        assert!("soft:-1".parse::<Rule>().is_err() && "mean".parse::<Rule>().is_err());
    }
}
