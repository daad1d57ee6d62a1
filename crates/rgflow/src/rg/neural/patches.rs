//! Patches of 3 x 3 spins, and local read-outs: a number for each of their patterns.

/// Number of patterns of 3 x 3 spins.
pub const PATTERNS: usize = 512;

/// Counts the 3 x 3 patches of a periodic lattice of `lx` x `ly` by pattern (bit 3 dy + dx of a pattern is an up spin).
///
/// # Panics
/// If the number of spins is not lx * ly, or an extent is below 3.
pub fn patches(spins: &[i8], lx: usize, ly: usize, counts: &mut [f32; PATTERNS]) {
    assert!(spins.len() == lx * ly && lx >= 3 && ly >= 3, "{lx} x {ly}");
    counts.fill(0.0);
    for y in 0..ly {
        let lines = [0, 1, 2].map(|dy| &spins[(y + dy) % ly * lx..][..lx]);
        // A column of three spins enters at bit 2, 5, 8 and moves down by one as the window goes on.
        let column = |x: usize| {
            let bit = |dy: usize| usize::from(lines[dy][x] > 0) << (3 * dy);
            bit(0) | bit(1) | bit(2)
        };
        let mut window = column(0) << 1 | column(1) << 2;
        for x in 0..lx {
            window = (window >> 1 & 0o333) | column((x + 2) % lx) << 2;
            counts[window] += 1.0;
        }
    }
}

/// A local read-out summed over a lattice: `table` holds its number for each of the [`PATTERNS`], `counts` is that of
/// [`patches`].
pub(crate) fn sum_of_patches(table: &[f64], counts: &[f32; PATTERNS]) -> f64 {
    table.iter().zip(counts).map(|(phi, n)| phi * f64::from(*n)).sum()
}

/// The part of `table`, a number for each of the [`PATTERNS`], that changes its sign when all spins are turned, or the
/// one that does not.
///
/// # Panics
/// If it has fewer numbers.
pub fn of_parity(table: &[f64], is_odd: bool) -> Vec<f64> {
    let sign = if is_odd { -1.0 } else { 1.0 };
    (0..PATTERNS).map(|p| 0.5 * (table[p] + sign * table[turned(p)])).collect()
}

/// The pattern with all spins turned.
pub fn turned(pattern: usize) -> usize {
    PATTERNS - 1 - pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_are_counted() {
        let spins: Vec<i8> = (0..20).map(|i| if (i * i + i) % 3 == 0 { 1 } else { -1 }).collect();
        let mut counts = [0.0; PATTERNS];
        patches(&spins, 5, 4, &mut counts);
        let mut plain = [0.0; PATTERNS];
        for y in 0..4 {
            for x in 0..5 {
                let mut pattern = 0;
                for dy in 0..3 {
                    for dx in 0..3 {
                        pattern |= usize::from(spins[(y + dy) % 4 * 5 + (x + dx) % 5] > 0) << (3 * dy + dx);
                    }
                }
                plain[pattern] += 1.0;
            }
        }
        assert_eq!(counts, plain);
        assert_eq!((turned(0), turned(0b1_0000_0001)), (511, 0b0_1111_1110));
        // Odd read-outs turn with the spins, even ones do not.
        let table: Vec<f64> = (0..PATTERNS).map(|p| (p * p % 31) as f64).collect();
        let turned_spins: Vec<i8> = spins.iter().map(|s| -s).collect();
        let mut turned_counts = [0.0; PATTERNS];
        patches(&turned_spins, 5, 4, &mut turned_counts);
        let [odd, even] = [true, false].map(|is_odd| {
            let table = of_parity(&table, is_odd);
            [&counts, &turned_counts].map(|counts| sum_of_patches(&table, counts))
        });
        assert!(odd[0] == -odd[1] && odd[0] != 0.0 && even[0] == even[1]);
        assert_eq!(odd[0] + even[0], sum_of_patches(&table, &counts));
    }
}
