//! JSON of earlier versions beside that of this one.

use serde_json::Value;

/// Keys of sentences; `text` is one where it is a list, and a cell of a table where it is not.
const SENTENCES: &[&str] = &[
    "alt", "answers", "caption", "claim", "how", "measure", "notes", "question", "reason", "remark", "source",
    "states", "title",
];

/// `value` without its sentences.
pub fn data(value: Value) -> Value {
    let is_sentence = |key: &str, value: &Value| SENTENCES.contains(&key) || (key == "text" && value.is_array());
    match value {
        Value::Object(map) => {
            map.into_iter().filter(|(key, value)| !is_sentence(key, value)).map(|(key, v)| (key, data(v))).collect()
        }
        Value::Array(items) => items.into_iter().map(data).collect(),
        other => other,
    }
}

/// The fields of `stored` that `found` lacks or has with another value. New fields are allowed, new items of a list are
/// not.
pub fn lost(stored: &Value, found: &Value, place: &str, differences: &mut Vec<String>) {
    match (stored, found) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                match new.get(key) {
                    Some(other) => lost(value, other, &format!("{place}.{key}"), differences),
                    None => differences.push(format!("{place}.{key} is missing")),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (i, (value, other)) in old.iter().zip(new).enumerate() {
                lost(value, other, &format!("{place}[{i}]"), differences);
            }
        }
        _ if stored == found => {}
        _ => differences.push(format!("{place} was {stored:.80}, is {found:.80}")),
    }
}
