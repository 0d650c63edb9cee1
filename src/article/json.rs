//! JSON: a file with one object or an array of objects.

use serde_json::Value;

use super::bytes::{Stream, whole};
use super::fields::{Fields, article};
use super::{Articles, Failure, ReadOptions};

/// Reads the articles of a stream; an object of an array without an id is called `FILE:INDEX`, counted from 1.
pub(super) fn read(stream: Stream, id: &str, options: &ReadOptions) -> Result<Articles, Failure> {
    let bytes = whole(stream, id, options.max_bytes)?;
    let value = parse(&bytes, id)?;
    let options = options.clone();
    let id = id.to_owned();
    Ok(match value {
        Value::Array(items) if items.is_empty() => {
            return Err(Failure::new(id, "empty", "expected an array of objects, found an empty array"));
        }
        Value::Array(items) => {
            Box::new((1..).zip(items).map(move |(i, item)| article(&Object(&item), &format!("{id}:{i}"), &options)))
        }
        value => Box::new(std::iter::once_with(move || article(&Object(&value), &id, &options))),
    })
}

/// Parses JSON; nesting is limited by the parser.
pub(super) fn parse(bytes: &[u8], place: &str) -> Result<Value, Failure> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        return Err(Failure::new(place, "empty", "expected a JSON object, found nothing"));
    }
    if let Err(e) = std::str::from_utf8(bytes) {
        let message = format!("expected UTF-8 text, found another byte at offset {}", e.valid_up_to());
        return Err(Failure::new(place, "invalid-utf8", message));
    }
    serde_json::from_slice(bytes)
        .map_err(|e| Failure::new(place, "invalid-json", format!("expected a JSON object, found: {e}")))
}

/// The fields of a JSON object.
pub(super) struct Object<'a>(pub(super) &'a Value);

impl Fields for Object<'_> {
    fn get(&self, field: &str) -> Result<Option<String>, &'static str> {
        let found = self.0.get(field).or_else(|| field.split('.').try_fold(self.0, |value, key| value.get(key)));
        match found {
            None if !self.0.is_object() => Err(kind(self.0)),
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(kind(other)),
        }
    }

    fn names(&self) -> Vec<String> {
        self.0.as_object().map(|o| o.keys().cloned().collect()).unwrap_or_default()
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
