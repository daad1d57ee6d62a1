//! JSON with sorted keys, so that equal values have equal bytes.

use super::{Error, undefined};
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// `value` as one line of JSON, the keys of every object sorted.
pub fn canonical_json(value: &Value) -> String {
    sorted(value).to_string()
}

/// `value` as indented JSON with sorted keys and a final newline.
pub(super) fn pretty<T: Serialize>(value: &T) -> Result<String, Error> {
    let value = serde_json::to_value(value).map_err(|e| Error::failure(format!("JSON: {e}")))?;
    let text = serde_json::to_string_pretty(&sorted(&value)).map_err(|e| Error::failure(format!("JSON: {e}")))?;
    Ok(text + "\n")
}

/// Reads a JSON file; undefined numbers ([`undefined`]) are NaN.
pub(super) fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    serde_json::from_slice(&bytes)
        .and_then(undefined::from_value)
        .map_err(|e| Error::failure(format!("{}: {e}", path.display())))
}

/// Sorts keys regardless of the order that serde_json was built to keep.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|a, b| a.0.cmp(b.0));
            Value::Object(entries.into_iter().map(|(k, v)| (k.clone(), sorted(v))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value = serde_json::json!({ "b": [{ "z": 1, "a": 2.5 }], "a": null });
        assert_eq!(super::canonical_json(&value), r#"{"a":null,"b":[{"a":2.5,"z":1}]}"#);
    }
}
