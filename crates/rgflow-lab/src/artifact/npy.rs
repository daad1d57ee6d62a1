//! NumPy's `.npy` format (numpy.lib.format): a header, which is a Python dictionary of three flat keys, then the
//! values.
//!
//! Files are untrusted: the header is bounded and read in one pass, memory is allocated by what the file can hold and
//! not by what it claims, and values are read straight into their array.

use super::npy_header::damaged;
use super::npy_types::{Order, Piece, number_pieces};
use ndarray::{Array, ArrayBase, ArrayD, ArrayView2, Data, Dimension, IxDyn, ShapeBuilder};
use std::io::{ErrorKind, Read, Write};

pub use super::npy_header::Header;
pub use super::npy_types::Element;
pub use super::npy_words::{is_words, words};

/// Values behind `header`, checked for their type `T` and number of dimensions `D`; either byte order and axis order.
/// `most` is the largest number of bytes that `from` can give.
///
/// # Errors
/// A message, if the values have another type, are more or fewer than the header says, or do not fit into memory.
pub fn array<T: Element, D: Dimension>(
    header: &Header,
    from: &mut (impl Read + ?Sized),
    most: u64,
) -> Result<Array<T, D>, String> {
    let order = Order::of(&header.dtype).filter(|(_, code)| *code == &T::DTYPE[1..]);
    let (order, _) =
        order.ok_or_else(|| format!("its values have the type {}, not {}", short(&header.dtype), T::DTYPE))?;
    check_size(header, size_of::<T>(), most)?;
    let values = T::read(from, header.n_values(), order).and_then(|values| end(from, values)).map_err(damaged)?;
    let found = &header.shape;
    shaped(header, values)?
        .into_dimensionality()
        .map_err(|_| format!("the shape {found:?} has other dimensions than expected"))
}

/// Values behind `header` of any real type, each mapped by `as_`; `most` as in [`array()`]. Only the result takes
/// memory.
///
/// # Errors
/// As [`array()`].
pub fn numbers<To>(
    header: &Header,
    from: &mut (impl Read + ?Sized),
    most: u64,
    as_: impl Fn(f64) -> To,
) -> Result<ArrayD<To>, String> {
    let (order, (size, piece)) = readable(header)?;
    check_size(header, size, most)?;
    let mut left = header.n_values();
    let mut values = Vec::new();
    values.try_reserve_exact(left).map_err(|_| no_memory(header, size_of::<To>()))?;
    while left > 0 {
        let n = left.min(1 << 15);
        values.extend(piece(from, n, order).map_err(damaged)?.into_iter().map(&as_));
        left -= n;
    }
    shaped(header, end(from, values).map_err(damaged)?)
}

/// Refuses values of a type that [`numbers`] cannot read.
///
/// # Errors
/// A message that names the type and the remedy.
pub fn check_type(header: &Header) -> Result<(), String> {
    readable::<&[u8]>(header).map(|_| ())
}

/// Byte order of the real numbers behind `header`, the size of one and the function that reads pieces of them.
fn readable<R: Read + ?Sized>(header: &Header) -> Result<(Order, (usize, Piece<R>)), String> {
    let real = Order::of(&header.dtype).and_then(|(order, code)| Some((order, number_pieces(code)?)));
    real.ok_or_else(|| {
        let kind = header.dtype.trim_start_matches(['<', '>', '=', '|']).chars().next();
        let way = match kind {
            Some('[') => "save one of its fields as an array of numbers",
            Some('c') => "convert with .real.astype(\"float32\"), or save real and imaginary part side by side",
            Some('O') => "convert numbers with .astype(\"float32\"), words with .astype(str)",
            _ => "convert with .astype(\"float32\")",
        };
        format!("values of the type {} cannot be read; {way}", short(&header.dtype))
    })
}

/// Refuses a header that claims more values than the file can hold.
fn check_size(header: &Header, size: usize, most: u64) -> Result<(), String> {
    let shape = &header.shape;
    match (header.n_values() as u64).checked_mul(size as u64) {
        Some(bytes) if bytes <= most => Ok(()),
        _ => Err(damaged(format!("its header claims the shape {shape:?}, more than the {most} bytes of values"))),
    }
}

fn no_memory(header: &Header, size: usize) -> String {
    let bytes = header.n_values() as f64 * size as f64;
    format!("the array of shape {:?} takes {bytes:.1e} bytes of memory, more than there is", header.shape)
}

/// Refuses bytes after the values. Reading to the end also makes an archive verify its checksum.
fn end<T>(from: &mut (impl Read + ?Sized), values: T) -> Result<T, String> {
    match from.read(&mut [0]) {
        Ok(0) => Ok(values),
        Ok(_) => Err("it goes on behind the values that its header promises".into()),
        Err(e) => Err(e.to_string()),
    }
}

fn shaped<T>(header: &Header, values: Vec<T>) -> Result<ArrayD<T>, String> {
    let shape = IxDyn(&header.shape).set_f(header.fortran_order);
    ArrayD::from_shape_vec(shape, values).map_err(|e| format!("shape {:?}: {e}", header.shape))
}

/// Name of a type for messages, shortened if it is long.
fn short(dtype: &str) -> String {
    if dtype.chars().count() <= 60 { dtype.into() } else { dtype.chars().take(60).chain("...".chars()).collect() }
}

/// Writes the rows of `parts`, one after the other, as one array in an `.npy` file of version 1.0.
///
/// # Errors
/// If `to` cannot be written, or rows have different lengths.
pub fn write_rows<T: Element>(to: &mut impl Write, parts: &[ArrayView2<T>]) -> std::io::Result<()> {
    let columns = parts.first().map_or(0, ArrayView2::ncols);
    if parts.iter().any(|part| part.ncols() != columns) {
        return Err(std::io::Error::new(ErrorKind::InvalidInput, "rows of several lengths"));
    }
    let shape = vec![parts.iter().map(ArrayView2::nrows).sum(), columns];
    to.write_all(&Header { dtype: T::DTYPE.into(), fortran_order: false, shape }.to_bytes())?;
    for part in parts {
        match part.as_slice() {
            Some(values) => T::write(to, values)?,
            None => T::write(to, &part.iter().copied().collect::<Vec<T>>())?,
        }
    }
    Ok(())
}

/// Writes `word` as an `.npy` file of version 1.0 without dimensions, of NumPy's type `U` (code points of four bytes).
///
/// # Errors
/// If `to` cannot take it.
pub fn write_word(to: &mut impl Write, word: &str) -> std::io::Result<()> {
    let dtype = format!("<U{}", word.chars().count());
    to.write_all(&Header { dtype, fortran_order: false, shape: vec![] }.to_bytes())?;
    word.chars().try_for_each(|c| to.write_all(&u32::from(c).to_le_bytes()))
}

/// Writes `array` as an `.npy` file of version 1.0; in Fortran's order where it is stored so.
///
/// # Errors
/// If `to` cannot be written.
pub fn write<T, S, D>(to: &mut impl Write, array: &ArrayBase<S, D>) -> std::io::Result<()>
where
    T: Element,
    S: Data<Elem = T>,
    D: Dimension,
{
    let fortran_order = !array.is_standard_layout() && array.t().is_standard_layout();
    let header = Header { dtype: T::DTYPE.into(), fortran_order, shape: array.shape().to_vec() };
    to.write_all(&header.to_bytes())?;
    let in_order = if fortran_order { array.t().into_dyn() } else { array.view().into_dyn() };
    match in_order.as_slice() {
        Some(values) => T::write(to, values),
        None => T::write(to, &in_order.iter().copied().collect::<Vec<T>>()),
    }
}
