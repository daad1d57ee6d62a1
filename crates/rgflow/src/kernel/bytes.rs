//! Words of eight bytes: bits counted byte by byte, and turned.

/// Counts of set bits of each byte of words, eight bytes at a time.
#[derive(Default)]
pub(super) struct Counts {
    /// Sums of at most 31 words, at most 8 each, byte by byte.
    part: u64,
    words: u32,
    sums: [i32; 8],
}

impl Counts {
    pub(super) fn add(&mut self, word: u64) {
        // Warren, Hacker's Delight, section 5-1.
        let pairs = word - ((word >> 1) & 0x5555_5555_5555_5555);
        let fours = (pairs & 0x3333_3333_3333_3333) + ((pairs >> 2) & 0x3333_3333_3333_3333);
        self.part += (fours + (fours >> 4)) & 0x0f0f_0f0f_0f0f_0f0f;
        self.words += 1;
        if self.words == 31 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.sums.iter_mut().zip(self.part.to_le_bytes()).for_each(|(sum, byte)| *sum += i32::from(byte));
        (self.part, self.words) = (0, 0);
    }

    pub(super) fn get(mut self) -> [i32; 8] {
        self.flush();
        self.sums
    }
}

/// Transposes a matrix of 8 x 8 bits, byte by byte, by three exchanges (Warren, Hacker's Delight, section 7-3).
pub(super) fn transpose_bits(mut x: u64) -> u64 {
    let t = (x ^ (x >> 7)) & 0x00aa_00aa_00aa_00aa;
    x ^= t ^ (t << 7);
    let t = (x ^ (x >> 14)) & 0x0000_cccc_0000_cccc;
    x ^= t ^ (t << 14);
    let t = (x ^ (x >> 28)) & 0x0000_0000_f0f0_f0f0;
    x ^ t ^ (t << 28)
}
