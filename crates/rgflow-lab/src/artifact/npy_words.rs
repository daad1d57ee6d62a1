//! Words in `.npy` files: NumPy's types `U` (code points of four bytes) and `S` (bytes), padded with zeros to one
//! length.

use super::npy_header::Header;
use super::npy_types::Order;
use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use std::io::Read;

/// Longest word accepted, in characters.
const LONGEST: usize = 4096;

/// Bytes per character and characters per word of the type `dtype`.
fn size(dtype: &str) -> Option<(usize, usize)> {
    let (_, code) = Order::of(dtype)?;
    let bytes = match code.chars().next()? {
        'U' => 4,
        'S' => 1,
        _ => return None,
    };
    // The letter is one byte.
    Some((bytes, code[1..].parse().ok()?))
}

/// Whether values of the type `dtype` are words.
pub fn is_words(dtype: &str) -> bool {
    size(dtype).is_some()
}

/// The words behind `header`; `most` is the largest number of bytes that `from` can give.
///
/// # Errors
/// A message, if the values are no words, or fewer than the header says.
pub fn words(header: &Header, from: &mut (impl Read + ?Sized), most: u64) -> Result<ArrayD<String>, String> {
    let (bytes, length) = size(&header.dtype).ok_or("its values are no words")?;
    let order = Order::of(&header.dtype).map_or(Order::Native, |(order, _)| order);
    let n = header.n_values();
    // Empty words have no bytes that would bound their number.
    let total = (n as u64).checked_mul((bytes * length.min(LONGEST)).max(1) as u64);
    if length > LONGEST || total.is_none_or(|total| total > most) {
        return Err(format!(
            "its header claims the shape {:?} of words of {length} characters, more than the {most} bytes of values; \
             write it again with numpy.savez",
            header.shape
        ));
    }
    let mut word = vec![0u8; bytes * length];
    let mut all = Vec::new();
    for _ in 0..n {
        from.read_exact(&mut word).map_err(|e| format!("not a whole array of NumPy ({e}); write it again"))?;
        all.push(text(&word, bytes, order).ok_or("one of its words is no text in Unicode; write it again")?);
    }
    let shape = IxDyn(&header.shape).set_f(header.fortran_order);
    ArrayD::from_shape_vec(shape, all).map_err(|e| e.to_string())
}

/// The word without its padding zeros.
fn text(word: &[u8], bytes: usize, order: Order) -> Option<String> {
    let text: String = if bytes == 1 {
        std::str::from_utf8(word).ok()?.to_string()
    } else {
        let (points, _) = word.as_chunks::<4>();
        let point = |b: &[u8; 4]| {
            let point = u32::from_ne_bytes(*b);
            char::from_u32(if order == Order::Native { point } else { point.swap_bytes() })
        };
        points.iter().map(point).collect::<Option<_>>()?
    };
    Some(text.trim_end_matches('\0').to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.array(["cat", "é"])` in both byte orders, and `numpy.array([b"cat", b"x"])`.
    #[test]
    fn words_without_characters_are_no_more_than_the_bytes_of_the_file() {
        let header = |n| Header { dtype: "<U0".into(), fortran_order: false, shape: vec![n] };
        assert!(words(&header(3_000_000_000), &mut &[][..], 128).unwrap_err().contains("3000000000"));
        assert_eq!(words(&header(20), &mut &[][..], 128).unwrap().len(), 20);
    }

    #[test]
    fn words_of_numpy() {
        let read = |dtype: &str, bytes: &[u8], n: usize| {
            let header = Header { dtype: dtype.into(), fortran_order: false, shape: vec![n] };
            words(&header, &mut &bytes[..], bytes.len() as u64).map(|w| w.into_iter().collect::<Vec<_>>())
        };
        let points = ['c', 'a', 't', 'é', '\0', '\0'].map(u32::from);
        let [little, big] = [points.map(u32::to_le_bytes).concat(), points.map(u32::to_be_bytes).concat()];
        assert_eq!(read("<U3", &little, 2).unwrap(), ["cat", "é"]);
        assert_eq!(read(">U3", &big, 2).unwrap(), ["cat", "é"]);
        assert_eq!(read("|S3", b"catx\0\0", 2).unwrap(), ["cat", "x"]);
        assert!(read("<U3", &little, 3).unwrap_err().contains("claims"));
        assert!(read("<U99999999999", &little, 1).unwrap_err().contains("claims"));
        assert!(read("<U1", &[0xff; 4], 1).unwrap_err().contains("Unicode"));
        assert!(!is_words("<f4") && !is_words("|O") && !is_words("<U"));
    }
}
