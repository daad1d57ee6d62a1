//! Undefined numbers in JSON: NaN is written as `null`, which serde_json does not read as a number. This module reads
//! it as NaN, so that a stage reads back the values it wrote, and any code that shows the number says why it is
//! undefined.

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde_json::{Error, Value};

/// `value` as a `T`, with NaN for `null` where a number is expected.
pub(super) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    T::deserialize(Lenient(value))
}

struct Lenient(Value);

impl IntoDeserializer<'_, Error> for Lenient {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Lenient {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Lenient));
                let value = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(value)
            }
            Value::Object(map) => {
                let mut entries = MapDeserializer::new(map.into_iter().map(|(key, value)| (key, Lenient(value))));
                let value = visitor.visit_map(&mut entries)?;
                entries.end()?;
                Ok(value)
            }
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_f64(f64::NAN) } else { self.deserialize_any(visitor) }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_f32(f32::NAN) } else { self.deserialize_any(visitor) }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(map) => {
                let entries = MapDeserializer::new(map.into_iter().map(|(key, value)| (key, Lenient(value))));
                MapAccessDeserializer::new(entries).deserialize_enum(name, variants, visitor)
            }
            plain => plain.deserialize_enum(name, variants, visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map
        struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    enum Kind {
        Unit,
        New(f64),
        Pair(f64, Option<f64>),
        Named { x: f64 },
    }

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Length(f64);

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Findings {
        n: usize,
        text: String,
        yes: bool,
        x: f64,
        y: f32,
        maybe: Option<f64>,
        nested: Vec<Vec<(f64, f64)>>,
        fixed: [Option<(f64, f64)>; 2],
        kinds: Vec<Kind>,
        length: Length,
        map: std::collections::BTreeMap<String, f64>,
    }

    fn findings(x: f64) -> Findings {
        Findings {
            n: 3,
            text: "null".into(),
            yes: true,
            x,
            y: x as f32,
            maybe: None,
            nested: vec![vec![(x, 1.0), (0.1, x)], vec![]],
            fixed: [None, Some((x, -2.5e-300))],
            kinds: vec![Kind::Unit, Kind::New(x), Kind::Pair(x, None), Kind::Named { x }],
            length: Length(x),
            map: [("a".to_string(), x), ("b".to_string(), 1e300)].into(),
        }
    }

    #[test]
    fn undefined_numbers_are_read_as_such_at_every_depth() {
        let read = |value: &Findings| from_value::<Findings>(serde_json::to_value(value).unwrap()).unwrap();
        assert_eq!(read(&findings(2.5)), findings(2.5));
        for x in [f64::NAN, f64::INFINITY] {
            // NaN differs from itself, so the values are compared as text.
            assert_eq!(format!("{:?}", read(&findings(x))), format!("{:?}", findings(f64::NAN)));
        }
        assert!(serde_json::from_value::<Findings>(serde_json::to_value(findings(f64::NAN)).unwrap()).is_err());
    }

    #[test]
    fn nothing_else_is_forgiven() {
        for wrong in ["null", "\"1\"", "[1.0]", "true"] {
            assert!(
                from_value::<(f64, usize)>(serde_json::from_str(&format!("[1.0, {wrong}]")).unwrap()).is_err(),
                "{wrong}"
            );
        }
        assert!(from_value::<f64>(Value::from("x")).is_err());
        assert!(from_value::<[f64; 2]>(serde_json::json!([1.0, 2.0, 3.0])).is_err());
        assert!(from_value::<Kind>(serde_json::json!({ "Other": 1.0 })).is_err());
    }
}
