//! Errors of correlated series over the length of blocks, and where they stop to rise.

/// Blocks below which the error of a level says too little.
const FEWEST: usize = 8;

/// Error of the mean from blocks of one length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinLevel {
    /// Length of a block in values: 1, 2, 4 ...
    pub length: usize,
    /// Number of whole blocks in all chains.
    pub blocks: usize,
    /// Standard error of the mean if blocks of this length were independent.
    pub error: f64,
    /// Standard error of `error` itself, error/sqrt(2 (blocks - 1)).
    pub uncertainty: f64,
}

/// Errors by length of the blocks.
#[derive(Clone, Debug, PartialEq)]
pub struct Binning {
    /// Levels with two blocks at least, the shortest first.
    pub levels: Vec<BinLevel>,
    /// Position of the first level on the plateau: (block length)^3 > 2 n (error/naive error)^4 (Lee et al. 2011), with
    /// 8 blocks at least; `None` where the series is too short for one.
    pub plateau: Option<usize>,
}

/// Logarithmic binning (Flyvbjerg and Petersen 1989) of several chains of one law about their common mean: neighbours
/// are averaged again and again, within each chain; a value left over at its end is left out of the next level.
///
/// ```
/// let chain: Vec<f64> = (0..64).map(|i| f64::from(i / 4 % 2)).collect();
/// let seen = rgflow::statistics::binning(&[chain]);
/// assert_eq!((seen.levels[0].blocks, seen.levels[5].length), (64, 32));
/// assert!(seen.levels[2].error > 1.9 * seen.levels[0].error);
/// ```
pub fn binning(chains: &[Vec<f64>]) -> Binning {
    let mut chains = chains.to_vec();
    let n = chains.iter().map(Vec::len).sum::<usize>() as f64;
    let (mut levels, mut plateau, mut length) = (Vec::<BinLevel>::new(), None, 1);
    loop {
        let blocks: usize = chains.iter().map(Vec::len).sum();
        if blocks < 2 {
            return Binning { levels, plateau };
        }
        let m = blocks as f64;
        let mean = chains.iter().flatten().sum::<f64>() / m;
        let squares = chains.iter().flatten().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        let error = (squares / (m * (m - 1.0))).sqrt();
        let naive = levels.first().map_or(error, |first| first.error);
        let (l, inflation) = (length as f64, (error / naive).powi(2));
        if plateau.is_none() && blocks >= FEWEST && l * l * l > 2.0 * n * inflation * inflation {
            plateau = Some(levels.len());
        }
        levels.push(BinLevel { length, blocks, error, uncertainty: error / (2.0 * (m - 1.0)).sqrt() });
        for chain in &mut chains {
            *chain = chain.chunks_exact(2).map(|pair| 0.5 * (pair[0] + pair[1])).collect();
        }
        length *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::blocking;

    #[test]
    fn one_chain_is_blocked_as_ever() {
        // x' = 0.9 x + noise of a linear congruential generator.
        let (mut state, mut x) = (1u32, 0.0);
        let mut chain = Vec::new();
        for _ in 0..1 << 14 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            x = 0.9 * x + f64::from(state >> 8) / f64::from(1 << 24) - 0.5;
            chain.push(x);
        }
        let (seen, known) = (binning(std::slice::from_ref(&chain)), blocking(&chain));
        let level = seen.levels[seen.plateau.unwrap()];
        assert!((level.error / known.error - 1.0).abs() < 1e-12, "{level:?} {known:?}");
        // Truth: sqrt(19) times the naive error; 5 standard errors of the level.
        let exact = seen.levels[0].error * 19f64.sqrt();
        assert!((level.error - exact).abs() < 5.0 * level.uncertainty, "{level:?} {exact}");
        let halves: Vec<Vec<f64>> = chain.chunks(1 << 13).map(<[f64]>::to_vec).collect();
        assert_eq!(binning(&halves).levels[3].error, seen.levels[3].error);
    }

    #[test]
    fn short_and_constant_series_have_no_plateau_or_no_error() {
        assert_eq!(binning(&[]).levels, []);
        assert_eq!(binning(&[vec![1.0]]).plateau, None);
        assert_eq!(binning(&[vec![1.0, 2.0, 3.0, 4.0]]).plateau, None);
        assert_eq!(binning(&[vec![2.0; 64]]).levels[0].error, 0.0);
        // Block lengths of 4 and odd ends: 3 + 1 blocks of 2, then 1 + 0 are no level.
        assert_eq!(binning(&[vec![1.0; 7], vec![1.0; 3]]).levels.iter().map(|l| l.blocks).collect::<Vec<_>>(), [10, 4]);
    }
}
