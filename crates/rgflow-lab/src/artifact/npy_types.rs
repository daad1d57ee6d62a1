//! Element types of `.npy` files and their byte order.

use bytemuck::{AnyBitPattern, NoUninit};
use std::io::{ErrorKind, Read, Write};

/// Byte order of the values in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Native byte order.
    Native,
    /// Swapped byte order.
    Swapped,
}

impl Order {
    /// Byte order and code of a type: `<f4` is little-endian `f4`; without a mark (`|`, `=`) the order is native.
    pub(super) fn of(dtype: &str) -> Option<(Self, &str)> {
        let own = if cfg!(target_endian = "little") { '<' } else { '>' };
        match dtype.chars().next()? {
            // The mark is one byte.
            mark @ ('<' | '>') => Some((if mark == own { Self::Native } else { Self::Swapped }, &dtype[1..])),
            '|' | '=' => Some((Self::Native, &dtype[1..])),
            _ => Some((Self::Native, dtype)),
        }
    }
}

/// Types that are read and written without conversion.
pub trait Element: NoUninit {
    /// NumPy's name of the type as written, such as `<f4`.
    const DTYPE: &'static str;
    /// The value with its bytes swapped.
    fn turned(self) -> Self;

    /// Reads the next `n` values; the caller has checked that `from` can hold that many.
    ///
    /// # Errors
    /// If memory runs out or `from` ends.
    fn read(from: &mut (impl Read + ?Sized), n: usize, order: Order) -> Result<Vec<Self>, String>;

    /// Writes `values`.
    ///
    /// # Errors
    /// If `to` cannot be written.
    fn write(to: &mut impl Write, values: &[Self]) -> std::io::Result<()> {
        if cfg!(target_endian = "little") {
            return to.write_all(bytemuck::cast_slice(values));
        }
        values.iter().try_for_each(|v| to.write_all(bytemuck::bytes_of(&v.turned())))
    }
}

/// Reads values of a type for which every bit pattern is valid straight into their vector, which is zeroed first.
fn read<T: NoUninit + AnyBitPattern>(from: &mut (impl Read + ?Sized), n: usize) -> Result<Vec<T>, String> {
    let zeros = bytemuck::allocation::try_zeroed_slice_box::<T>(n);
    let mut values = zeros.map_err(|()| format!("{n} values take more memory than there is"))?;
    from.read_exact(bytemuck::cast_slice_mut(&mut values)).map_err(|e| match e.kind() {
        ErrorKind::UnexpectedEof => "it ends before the last of its values".to_string(),
        _ => e.to_string(),
    })?;
    Ok(values.into_vec())
}

macro_rules! element {
    ($($t:ty = $dtype:literal),*) => {$(impl Element for $t {
        const DTYPE: &'static str = $dtype;

        fn turned(self) -> Self {
            let mut bytes = self.to_ne_bytes();
            bytes.reverse();
            Self::from_ne_bytes(bytes)
        }

        fn read(from: &mut (impl Read + ?Sized), n: usize, order: Order) -> Result<Vec<Self>, String> {
            let mut values = read(from, n)?;
            if order == Order::Swapped {
                values.iter_mut().for_each(|v: &mut Self| *v = v.turned());
            }
            Ok(values)
        }
    })*};
}
element!(i8 = "|i1", u8 = "|u1", i16 = "<i2", u16 = "<u2", i32 = "<i4", u32 = "<u4", i64 = "<i8", u64 = "<u8");
element!(f32 = "<f4", f64 = "<f8");

impl Element for bool {
    const DTYPE: &'static str = "|b1";

    fn turned(self) -> Self {
        self
    }

    fn read(from: &mut (impl Read + ?Sized), n: usize, _: Order) -> Result<Vec<Self>, String> {
        let bytes: Vec<u8> = read(from, n)?;
        match bytes.iter().find(|b| **b > 1) {
            Some(b) => Err(format!("it holds {b} among values of the type bool")),
            None => Ok(bytes.into_iter().map(|b| b == 1).collect()),
        }
    }
}

/// A function that reads the next values as f64.
pub(super) type Piece<R> = fn(&mut R, usize, Order) -> Result<Vec<f64>, String>;

/// Size in bytes of a value of the real type `code`, and the function that reads pieces of it as f64 (64-bit integers
/// lose digits beyond 2^53); `None` for another type.
pub(super) fn number_pieces<R: Read + ?Sized>(code: &str) -> Option<(usize, Piece<R>)> {
    macro_rules! piece {
        ($t:ty, $as_:expr) => {
            (size_of::<$t>(), |from, n, order| Ok(<$t>::read(from, n, order)?.into_iter().map($as_).collect()))
        };
    }
    Some(match code {
        "b1" => piece!(bool, |v| f64::from(u8::from(v))),
        "i1" => piece!(i8, f64::from),
        "u1" => piece!(u8, f64::from),
        "i2" => piece!(i16, f64::from),
        "u2" => piece!(u16, f64::from),
        "i4" => piece!(i32, f64::from),
        "u4" => piece!(u32, f64::from),
        "i8" => piece!(i64, |v| v as f64),
        "u8" => piece!(u64, |v| v as f64),
        "f2" => piece!(u16, half),
        "f4" => piece!(f32, f64::from),
        "f8" => piece!(f64, |v| v),
        _ => return None,
    })
}

/// Exact value of a half-precision number (IEEE 754 binary16). (The crate `half` would bring `zerocopy` for one line.)
fn half(bits: u16) -> f64 {
    let magnitude = u32::from(bits & 0x7fff);
    // Its exponent bits, moved into an f32, give an exponent too small by 127 - 15; infinity and NaN are special.
    let value = match magnitude {
        0x7c00 => f64::INFINITY,
        0x7c01.. => f64::NAN,
        _ => f64::from(f32::from_bits(magnitude << 13)) * 2f64.powi(112),
    };
    if bits >> 15 == 1 { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_exact() {
        // Compared with the definition: (-1)^s 2^(e - 15) (1 + m / 1024), and 2^-14 m / 1024 where e = 0.
        for bits in 0..=u16::MAX {
            let (sign, e, m) = (bits >> 15, i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
            let sign = if sign == 1 { -1.0 } else { 1.0 };
            let value = half(bits);
            match (e, m) {
                (31, 0.0) => assert_eq!(value, sign * f64::INFINITY),
                (31, _) => assert!(value.is_nan()),
                (0, _) => assert_eq!(value.to_bits(), (sign * m * 2f64.powi(-14)).to_bits()),
                _ => assert_eq!(value, sign * 2f64.powi(e - 15) * (1.0 + m)),
            }
        }
    }
}
