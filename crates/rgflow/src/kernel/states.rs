//! Layers so small that a state is a byte: at most eight units beside at most four.
//!
//! A function of four units alone has sixteen values, which are tabulated: sums of weights, and of the wider layer the
//! odds from which its units are drawn, so that a draw is a comparison. The same bits on every CPU.

use super::lines::{COLUMNS, Line};
use super::spins::{Odds, draw_line, draw_odds, odds_line};
use super::subset_sums::Pair;
use crate::cpu::dispatched;

/// Units of the wide layer.
pub const WIDE: usize = 8;

/// Units of the narrow layer.
pub const NARROW: usize = 4;

/// Samples of the narrow layer in a line.
pub const SAMPLES: usize = COLUMNS / NARROW;

/// Weights, wide unit after wide unit; zero for units that are none.
pub type Weights = [Line; WIDE / SAMPLES];

/// One value for each state of four units.
type Table<const W: usize> = [[f32; W]; 16];

/// `start` and the sums of `rows` times low or high, for each state of four units.
#[inline(always)]
fn subset_sums<const W: usize>(rows: &[[f32; W]; 4], start: [f32; W], pair: Pair) -> Table<W> {
    let mut table = [start; 16];
    for row in rows {
        table[0] = std::array::from_fn(|l| table[0][l] + pair.low * row[l]);
    }
    for (j, row) in rows.iter().enumerate() {
        for state in 0..1 << j {
            table[state | 1 << j] = std::array::from_fn(|l| table[state][l] + pair.delta * row[l]);
        }
    }
    table
}

/// The fields of the narrow units.
#[derive(Clone, Copy, Debug)]
pub struct Narrow<'a> {
    /// Weights between the layers.
    pub weights: &'a Weights,
    /// Biases of the narrow units.
    pub bias: [f32; NARROW],
    /// The two values of the wide units.
    pub pair: Pair,
}

dispatched! {
    /// Fields of the narrow units, four samples to a line, in the `states` of the wide ones.
    pub fn narrow_fields(of: Narrow<'_>, states: &[u8], fields: &mut [Line]) => narrow_fields_all
}

#[inline(always)]
fn narrow_fields_all(Narrow { weights, bias, pair }: Narrow<'_>, states: &[u8], fields: &mut [Line]) {
    let [first, last] = weights.map(|line| bytemuck::cast::<_, [[f32; NARROW]; 4]>(line.0));
    let (first, last) = (subset_sums(&first, bias, pair), subset_sums(&last, [0.0; NARROW], pair));
    for (line, states) in fields.iter_mut().zip(states.as_chunks::<SAMPLES>().0) {
        for (to, state) in line.0.as_chunks_mut::<NARROW>().0.iter_mut().zip(states) {
            let (a, b) = (first[usize::from(state & 15)], last[usize::from(state >> 4)]);
            *to = std::array::from_fn(|j| a[j] + b[j]);
        }
    }
}

dispatched! {
    /// Draws the narrow units from their fields, with a word for each lane: P(high) = sigmoid(delta z) (thesis
    /// eq. 2.4.21).
    pub fn draw_narrow(fields: &[Line], words: &[u32], delta: f32, states: &mut [u8]) => draw_narrow_all
}

#[inline(always)]
fn draw_narrow_all(fields: &[Line], words: &[u32], delta: f32, states: &mut [u8]) {
    let lines = fields.iter().zip(words.as_chunks().0);
    for ((line, words), states) in lines.zip(states.as_chunks_mut::<SAMPLES>().0) {
        let mask = draw_line(&line.0, words, delta);
        *states = std::array::from_fn(|s| (mask >> (NARROW * s) & 15) as u8);
    }
}

/// The fields from which the wide units are drawn: they are those of [`narrow_fields`] with the layers exchanged.
#[derive(Clone, Copy, Debug)]
pub struct Wide<'a> {
    /// Weights between the layers.
    pub weights: &'a Weights,
    /// Biases of the wide units.
    pub bias: [f32; WIDE],
    /// Values of the narrow units.
    pub narrow: Pair,
    /// Difference of the two values of a wide unit.
    pub delta: f32,
    /// Bits of the units that there are; others are cleared.
    pub units: u8,
}

dispatched! {
    /// Draws the wide units of samples in twos in the states `narrow` of the others, with eight words for each sample.
    pub fn draw_wide(wide: Wide<'_>, narrow: &[u8], words: &[u32], states: &mut [u8]) => draw_wide_all
}

#[inline(always)]
fn draw_wide_all(wide: Wide<'_>, narrow: &[u8], words: &[u32], states: &mut [u8]) {
    let column = |j: usize| std::array::from_fn(|i| wide.weights[i / SAMPLES].0[i % SAMPLES * NARROW + j]);
    let fields = subset_sums(&std::array::from_fn(column), wide.bias, wide.narrow);
    let (mut plus, mut less): (Table<WIDE>, Table<WIDE>) = ([[0.0; WIDE]; 16], [[0.0; WIDE]; 16]);
    for state in (0..16).step_by(2) {
        let odds = odds_line(&two(&fields, [state as u8, state as u8 + 1]), wide.delta);
        for (table, line) in [(&mut plus, odds.plus), (&mut less, odds.less)] {
            table[state..state + 2].copy_from_slice(line.as_chunks().0);
        }
    }
    let samples = narrow.as_chunks().0.iter().zip(words.as_chunks().0);
    for ((pair, words), states) in samples.zip(states.as_chunks_mut().0) {
        let mask = draw_odds(&Odds { plus: two(&plus, *pair), less: two(&less, *pair) }, words);
        *states = mask.to_le_bytes().map(|state| state & wide.units);
    }
}

/// The rows of two states side by side.
#[inline(always)]
fn two(table: &Table<WIDE>, states: [u8; 2]) -> [f32; COLUMNS] {
    let [a, b] = states.map(|state| table[usize::from(state & 15)]);
    std::array::from_fn(|l| if l < WIDE { a[l] } else { b[l - WIDE] })
}

dispatched! {
    /// Adds to `sums` the products of the wide units' values with those of the narrow ones, four samples to a line of
    /// `narrow`. `values`: of four units in each state, each four times.
    pub fn add_outer(values: &[Line; 16], states: &[u8], narrow: &[Line], sums: &mut Weights) => add_outer_all
}

#[inline(always)]
fn add_outer_all(values: &[Line; 16], states: &[u8], narrow: &[Line], sums: &mut Weights) {
    // Even and odd samples apart: twice as many independent sums.
    let mut parts = [sums.map(|line| line.0), [[0.0; COLUMNS]; 2]];
    for (line, states) in narrow.iter().zip(states.as_chunks::<SAMPLES>().0) {
        for (s, state) in states.iter().enumerate() {
            let h: [f32; COLUMNS] = std::array::from_fn(|l| line.0[NARROW * s + l % NARROW]);
            let selected = [state & 15, state >> 4].map(|nibble| &values[usize::from(nibble)].0);
            for (part, values) in parts[s % 2].iter_mut().zip(selected) {
                for l in 0..COLUMNS {
                    part[l] += values[l] * h[l];
                }
            }
        }
    }
    *sums = std::array::from_fn(|q| Line(std::array::from_fn(|l| parts[0][q][l] + parts[1][q][l])));
}

/// In how many of `states` each bit is set.
pub fn count_bits(states: &[u8]) -> [i32; WIDE] {
    /// The bits of a byte, each in a byte.
    const SPREAD: [u64; 256] = {
        let mut table = [0; 256];
        let mut bit = 0;
        while bit < 256 * WIDE {
            let (state, unit) = (bit / WIDE, bit % WIDE);
            table[state] |= ((state as u64 >> unit) & 1) << (8 * unit);
            bit += 1;
        }
        table
    };
    let mut counts = [0; WIDE];
    for part in states.chunks(255) {
        let sums = part.iter().fold(0, |sum, state| sum + SPREAD[usize::from(*state)]);
        counts.iter_mut().zip(sums.to_le_bytes()).for_each(|(count, sum)| *count += i32::from(sum));
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Path;
    use crate::random::Streams;

    const PAIRS: [(f32, f32); 3] = [(-1.0, 1.0), (0.0, 1.0), (0.25, 2.0)];

    /// Eighths far below 2^24: sums and products with the levels are exact in any order.
    fn number(i: usize) -> f32 {
        ((i * 31 + i / 7 * 17) % 41) as f32 / 8.0 - 2.5
    }

    fn weights() -> Weights {
        std::array::from_fn(|q| Line(std::array::from_fn(|l| number(COLUMNS * q + l))))
    }

    fn states(n: usize) -> Vec<u8> {
        (0..n).map(|r| (r * r * 7 + 29 * r) as u8).collect()
    }

    #[test]
    fn fields_and_products_are_the_sums_on_every_path() {
        let (weights, bias, states) = (weights(), [0.5, -0.25, 1.0, 0.0], states(40));
        for (low, high) in PAIRS {
            let value = |state: u8, unit: usize| if state >> unit & 1 == 1 { high } else { low };
            let values: [Line; 16] = std::array::from_fn(|s| Line(std::array::from_fn(|l| value(s as u8, l / NARROW))));
            for path in Path::available() {
                let mut fields = [Line::ZERO; 10];
                let of = Narrow { weights: &weights, bias, pair: Pair { low, delta: high - low } };
                narrow_fields(path, of, &states, &mut fields);
                let mut outer = [Line([1.0; COLUMNS]); 2];
                add_outer(path, &values, &states, &fields, &mut outer);
                for (j, bias) in bias.into_iter().enumerate() {
                    let weight = |i: usize| weights[i / SAMPLES].0[i % SAMPLES * NARROW + j];
                    let field = |state| bias + (0..WIDE).map(|i| value(state, i) * weight(i)).sum::<f32>();
                    for (r, state) in states.iter().enumerate() {
                        assert_eq!(fields[r / SAMPLES].0[r % SAMPLES * NARROW + j], field(*state), "{path}");
                    }
                    for i in 0..WIDE {
                        let sum = 1.0 + states.iter().map(|s| value(*s, i) * field(*s)).sum::<f32>();
                        assert_eq!(outer[i / SAMPLES].0[i % SAMPLES * NARROW + j], sum, "{path}");
                    }
                }
            }
        }
    }

    /// Both layers are drawn as sixteen units are from the same fields and words, whose law is tested there, on every
    /// path.
    #[test]
    fn draws_are_those_of_a_line() {
        let (weights, bias, narrow) = (weights(), std::array::from_fn(|i| number(i + 50)), states(40));
        let mut words = vec![0; 40 * WIDE];
        for (repeat, (low, high)) in PAIRS.into_iter().cycle().take(60).enumerate() {
            Streams::new(1).bulk("test/states", repeat as u64).fill(&mut words);
            let pair = Pair { low, delta: high - low };
            for path in Path::available() {
                let wide = Wide { weights: &weights, bias, narrow: pair, delta: 0.75, units: 0x7f };
                let mut drawn = [0xff; 40];
                draw_wide(path, wide, &narrow, &words, &mut drawn);
                let value = |state: u8, j: usize| if state >> j & 1 == 1 { high } else { low };
                let field = |state: u8, i: usize| {
                    let row = &weights[i / SAMPLES].0[i % SAMPLES * NARROW..];
                    bias[i] + (0..NARROW).map(|j| value(state, j) * row[j]).sum::<f32>()
                };
                for (r, words) in words.as_chunks::<COLUMNS>().0.iter().enumerate() {
                    let z = std::array::from_fn(|l| field(narrow[2 * r + l / WIDE], l % WIDE));
                    let expected = draw_line(&z, words, 0.75).to_le_bytes().map(|state| state & 0x7f);
                    assert_eq!(drawn[2 * r..2 * r + 2], expected, "{path}");
                }
                let fields: [Line; 10] = std::array::from_fn(|k| Line(std::array::from_fn(|l| number(k + l) / 2.0)));
                draw_narrow(path, &fields, &words[..160], 2.0, &mut drawn);
                for ((line, words), nibbles) in fields.iter().zip(words.as_chunks().0).zip(drawn.as_chunks().0) {
                    let mask = draw_line(&line.0, words, 2.0);
                    assert_eq!(
                        *nibbles,
                        [mask & 15, mask >> 4 & 15, mask >> 8 & 15, mask >> 12].map(|n| n as u8),
                        "{path}"
                    );
                }
            }
        }
    }

    #[test]
    fn bits_are_counted() {
        let states = states(777);
        let counts = count_bits(&states);
        for (unit, count) in counts.into_iter().enumerate() {
            assert_eq!(count as usize, states.iter().filter(|s| **s >> unit & 1 == 1).count());
        }
    }
}
