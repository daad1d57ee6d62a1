//! IDX files (the format of MNIST): bytes with checks, raw or compressed with gzip, and headers of any type.

use crate::artifact::{Error, npy};
use std::io::Read;

/// An array of bytes: its shape and its values, the last index fastest.
pub(super) type Bytes = (Vec<usize>, Vec<u8>);

/// Magic number of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// First bytes of an IDX file of unsigned bytes; the number of dimensions follows.
const HEAD: [u8; 3] = [0, 0, 8];

/// The header of an IDX file as one of NumPy, with `from` left at the first value: big-endian numbers, the last index
/// fastest.
pub(super) fn header(from: &mut (impl Read + ?Sized)) -> Result<npy::Header, String> {
    let wrong = |what: &str| format!("no IDX file ({what}); get it again");
    let mut start = [0u8; 4];
    from.read_exact(&mut start).map_err(|_| wrong("it ends within its header"))?;
    let dtype = match start {
        [0, 0, 0x08, _] => "|u1",
        [0, 0, 0x09, _] => "|i1",
        [0, 0, 0x0b, _] => ">i2",
        [0, 0, 0x0c, _] => ">i4",
        [0, 0, 0x0d, _] => ">f4",
        [0, 0, 0x0e, _] => ">f8",
        _ => return Err(wrong("it does not begin as one")),
    };
    let mut extents = vec![0u8; 4 * usize::from(start[3])];
    from.read_exact(&mut extents).map_err(|_| wrong("it ends within its header"))?;
    let (words, _) = extents.as_chunks::<4>();
    let shape: Vec<usize> = words.iter().map(|b| u32::from_be_bytes(*b) as usize).collect();
    if shape.iter().try_fold(1usize, |n, e| n.checked_mul(*e)).is_none() {
        return Err(wrong(&format!("it claims the shape {shape:?}")));
    }
    Ok(npy::Header { dtype: dtype.into(), fortran_order: false, shape })
}

/// Raw bytes of a file that may be compressed; `name` is for errors, `most` the largest raw size accepted.
///
/// # Errors
/// [`Error::User`] if the compressed stream is damaged or longer than `most`.
pub(super) fn raw(bytes: Vec<u8>, name: &str, most: usize) -> Result<Vec<u8>, Error> {
    if !bytes.starts_with(&GZIP) {
        return Ok(bytes);
    }
    let mut all = Vec::new();
    let read = flate2::read::GzDecoder::new(bytes.as_slice()).take(most as u64 + 1).read_to_end(&mut all);
    read.map_err(|e| Error::user(format!("{name}: damaged gzip ({e}); get the file again")))?;
    if all.len() > most {
        return Err(Error::user(format!("{name}: holds more than {most} bytes; get the file again")));
    }
    Ok(all)
}

/// Reads an array of `dimensions` dimensions.
///
/// # Errors
/// [`Error::User`] for another format, another number of dimensions, or a length that contradicts the header.
pub(super) fn parse(raw: &[u8], dimensions: usize, name: &str) -> Result<Bytes, Error> {
    let wrong = |what: String| Err(Error::user(format!("{name}: {what}; get the file again")));
    let head = 4 + 4 * dimensions;
    if raw.len() < head || raw[..3] != HEAD {
        return wrong("is no IDX file of bytes".into());
    }
    if usize::from(raw[3]) != dimensions {
        return wrong(format!("has {} dimensions instead of {dimensions}", raw[3]));
    }
    let shape: Vec<usize> =
        raw[4..head].chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize).collect();
    let expected = shape.iter().try_fold(1usize, |product, n| product.checked_mul(*n));
    let found = raw.len() - head;
    if expected != Some(found) {
        return wrong(format!("promises {shape:?} bytes and holds {found}"));
    }
    Ok((shape, raw[head..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(shape: &[u32], values: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, shape.len() as u8];
        shape.iter().for_each(|n| bytes.extend(n.to_be_bytes()));
        bytes.extend(values);
        bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    #[test]
    fn arrays_are_read_raw_and_compressed() {
        let bytes = file(&[2, 1, 3], &[1, 2, 3, 4, 5, 255]);
        for packed in [bytes.clone(), gzip(&bytes)] {
            let raw = raw(packed, "f", 100).unwrap();
            assert_eq!(parse(&raw, 3, "f").unwrap(), (vec![2, 1, 3], vec![1, 2, 3, 4, 5, 255]));
        }
    }

    #[test]
    fn damage_is_told_with_the_name() {
        let bytes = file(&[2, 3], &[0; 6]);
        let absurd = file(&[u32::MAX, u32::MAX, u32::MAX], &[0; 6]);
        for (raw, dimensions) in [
            (&bytes[..bytes.len() - 1], 2),
            (&bytes, 1),
            (&bytes[..7], 2),
            (b"P5 10 10 255", 2),
            (&absurd, 3),
            (&[], 1),
        ] {
            let error = parse(raw, dimensions, "the-file").unwrap_err();
            assert!(error.exit_code() == 2 && error.to_string().contains("the-file"), "{error}");
        }
        let packed = gzip(&bytes);
        assert!(raw(packed[..packed.len() - 9].to_vec(), "f", 100).unwrap_err().to_string().contains("damaged"));
        assert!(raw(gzip(&[0; 1000]), "f", 100).unwrap_err().to_string().contains("more than 100"));
    }
}
