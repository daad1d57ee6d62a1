//! Headers of `.npy` files: a parser for their Python literal, and the writer.

use std::io::{ErrorKind, Read};

/// Longest header accepted: the longest that version 1 of the format can express.
const LONGEST_HEADER: u32 = 0xffff;
/// Most dimensions of an array in NumPy 2.
const MOST_DIMENSIONS: usize = 64;

/// Content of the header of an `.npy` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// NumPy's name of the type of the values, such as `|i1`, `<f4`; for a structured type the whole text,
    /// `[('x', '<f4')]`.
    pub dtype: String,
    /// Whether the first index is the fastest.
    pub fortran_order: bool,
    /// The shape; its product is a `usize`.
    pub shape: Vec<usize>,
}

impl Header {
    /// Reads a header of version 1.0, 2.0 or 3.0 and leaves `from` at the first value.
    ///
    /// # Errors
    /// A message, if there is no valid header.
    pub fn read(from: &mut (impl Read + ?Sized)) -> Result<Self, String> {
        Self::parse(from).map_err(damaged)
    }

    fn parse(from: &mut (impl Read + ?Sized)) -> Result<Self, String> {
        let short = |e: std::io::Error| match e.kind() {
            ErrorKind::UnexpectedEof => "it ends within its header".to_string(),
            _ => e.to_string(),
        };
        let mut start = [0u8; 8];
        from.read_exact(&mut start).map_err(short)?;
        let [magic @ .., major, minor] = start;
        if magic != *b"\x93NUMPY" {
            return Err("it does not begin as an array of NumPy does".into());
        }
        let length = match (major, minor) {
            (1, 0) => {
                let mut length = [0; 2];
                from.read_exact(&mut length).map_err(short)?;
                u16::from_le_bytes(length).into()
            }
            (2 | 3, 0) => {
                let mut length = [0; 4];
                from.read_exact(&mut length).map_err(short)?;
                u32::from_le_bytes(length)
            }
            _ => return Err(format!("version {major}.{minor} of the format is unknown")),
        };
        if length > LONGEST_HEADER {
            return Err(format!("a header of {length} bytes is none"));
        }
        let mut text = vec![0; length as usize];
        from.read_exact(&mut text).map_err(short)?;
        Literal { rest: &String::from_utf8_lossy(&text) }.header()
    }

    /// The number of values.
    pub fn n_values(&self) -> usize {
        // `Literal::header` has checked that the product is a usize.
        self.shape.iter().product()
    }

    /// The bytes of a header of version 1.0, padded so that the values begin at a multiple of 64.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let order = if self.fortran_order { "True" } else { "False" };
        let extents: Vec<String> = self.shape.iter().map(ToString::to_string).collect();
        let comma = if extents.len() == 1 { "," } else { "" };
        let shape = format!("({}{comma})", extents.join(", "));
        let mut text = format!("{{'descr': '{}', 'fortran_order': {order}, 'shape': {shape}}}", self.dtype);
        // At least one space, as in the files of earlier versions.
        text.extend(std::iter::repeat_n(' ', 64 - (10 + text.len() + 1) % 64));
        text.push('\n');
        // Names of types and at most 64 extents are far shorter than 65,535 bytes.
        [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat()
    }
}

/// Error message for a file that holds no complete array.
pub(super) fn damaged(what: String) -> String {
    format!("not a whole array: damaged or of another kind ({what}); write it again with numpy.save")
}

/// Rest of a Python literal; read once from left to right, without recursion.
struct Literal<'a> {
    rest: &'a str,
}

impl<'a> Literal<'a> {
    fn header(&mut self) -> Result<Header, String> {
        let (mut dtype, mut fortran_order, mut shape) = (None, None, None);
        self.expect("{")?;
        while !self.eat("}") {
            let key = self.string()?;
            self.expect(":")?;
            let twice = match key {
                "descr" => dtype.replace(self.dtype()?).is_some(),
                "fortran_order" => fortran_order.replace(self.boolean()?).is_some(),
                "shape" => shape.replace(self.extents()?).is_some(),
                _ => return Err(format!("its header has the unknown key `{}`", key.escape_debug())),
            };
            if twice {
                return Err(format!("its header has the key `{key}` twice"));
            }
            if !self.eat(",") {
                self.expect("}")?;
                break;
            }
        }
        if !self.rest.trim().is_empty() {
            return Err("its header goes on behind its dictionary".into());
        }
        let lacks = |key: &str| format!("its header has no `{key}`");
        let shape: Vec<usize> = shape.ok_or_else(|| lacks("shape"))?;
        if shape.len() > MOST_DIMENSIONS || shape.iter().try_fold(1usize, |n, e| n.checked_mul(*e)).is_none() {
            return Err(format!("its header claims {} dimensions of too many values", shape.len()));
        }
        Ok(Header {
            dtype: dtype.ok_or_else(|| lacks("descr"))?,
            fortran_order: fortran_order.ok_or_else(|| lacks("fortran_order"))?,
            shape,
        })
    }

    fn eat(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) {
            return Ok(());
        }
        let found: String = self.rest.chars().take(12).collect();
        Err(format!("its header has `{}` where `{token}` belongs", found.escape_debug()))
    }

    /// A quoted text without escapes, which keys and names of types never have.
    fn string(&mut self) -> Result<&'a str, String> {
        let quote = if self.eat("\"") { '"' } else { self.expect("'").map(|()| '\'')? };
        let (text, rest) = self.rest.split_once(quote).ok_or("its header has an open text")?;
        if text.contains(|c: char| c == '\\' || c.is_control()) {
            return Err(format!("its header has the text `{}`", text.escape_debug()));
        }
        self.rest = rest;
        Ok(text)
    }

    fn boolean(&mut self) -> Result<bool, String> {
        if self.eat("True") { Ok(true) } else { self.expect("False").map(|()| false) }
    }

    /// A tuple of extents; Python 2 wrote `3L`.
    fn extents(&mut self) -> Result<Vec<usize>, String> {
        let mut extents = Vec::new();
        self.expect("(")?;
        while !self.eat(")") {
            self.rest = self.rest.trim_start();
            let digits = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
            let (number, rest) = self.rest.split_at(digits);
            let wrong = || {
                format!("its header has the extent `{}`", self.rest.chars().take(24).collect::<String>().escape_debug())
            };
            extents.push(number.parse().map_err(|_| wrong())?);
            self.rest = rest.strip_prefix('L').unwrap_or(rest);
            if !self.eat(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(extents)
    }

    /// Name of a type; for a structured one (a list) the text up to its last bracket, on one line.
    fn dtype(&mut self) -> Result<String, String> {
        self.rest = self.rest.trim_start();
        if !self.rest.starts_with(['[', '(']) {
            return self.string().map(str::to_string);
        }
        let (mut depth, mut quote) = (0usize, None);
        for (at, c) in self.rest.char_indices() {
            match (quote, c) {
                (Some(open), _) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, '[' | '(' | '{') => depth += 1,
                (None, ']' | ')' | '}') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                // A bracket is one byte.
                let (text, rest) = self.rest.split_at(at + 1);
                self.rest = rest;
                return Ok(text.escape_debug().to_string().replace("\\'", "'"));
            }
        }
        Err("its header has an open bracket".into())
    }
}
