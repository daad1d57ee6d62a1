//! Rows of spins that are equivalent by symmetry.

/// The state moved by one site around the ring of `width` bits.
pub(in crate::exact) fn rotate(state: usize, width: usize) -> usize {
    ((state << 1) | (state >> (width - 1))) & ((1 << width) - 1)
}

/// One member (the smallest) and the size of each class of rows under translation, reflection and flip.
pub(in crate::exact) fn orbits(width: usize) -> Vec<(usize, usize)> {
    classes(width, true)
}

/// The same under translation and reflection alone.
pub(super) fn orbits_in_field(width: usize) -> Vec<(usize, usize)> {
    classes(width, false)
}

fn classes(width: usize, flip: bool) -> Vec<(usize, usize)> {
    let full = (1usize << width) - 1;
    let mirror = |s: usize| (0..width).fold(0, |m, i| m | ((s >> i) & 1) << (width - 1 - i));
    let mut seen = vec![false; full + 1];
    let mut out = Vec::new();
    for first in 0..=full {
        if seen[first] {
            continue;
        }
        let mut size = 0;
        let turned = [first, mirror(first), first ^ full, mirror(first) ^ full];
        for &(mut image) in &turned[..if flip { 4 } else { 2 }] {
            for _ in 0..width {
                image = rotate(image, width);
                size += usize::from(!std::mem::replace(&mut seen[image], true));
            }
        }
        out.push((first, size));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_cover_all_rows() {
        for width in 2..=12 {
            assert_eq!(orbits(width).iter().map(|o| o.1).sum::<usize>(), 1 << width);
            assert_eq!(orbits_in_field(width).iter().map(|o| o.1).sum::<usize>(), 1 << width);
        }
        assert_eq!(orbits(3), [(0, 2), (1, 6)]);
        assert_eq!(orbits_in_field(3), [(0, 1), (1, 3), (3, 3), (7, 1)]);
    }
}
