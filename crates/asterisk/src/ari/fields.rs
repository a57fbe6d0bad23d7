//! Taking known members out of a JSON object, leaving the unknown ones.
//!
//! Never fails: what is missing, `null` or of another type than the documentation says reads as empty, so that one
//! odd member of one channel cannot hide a whole event.

use serde_json::{Map, Value};

/// The members of one JSON object that were not taken yet.
#[derive(Debug)]
pub(crate) struct Fields(Map<String, Value>);

impl From<Map<String, Value>> for Fields {
    fn from(members: Map<String, Value>) -> Self {
        Self(members)
    }
}

impl Fields {
    /// A text, or the text of a number or truth value; otherwise empty.
    pub(crate) fn string(&mut self, key: &str) -> String {
        self.optional_string(key).unwrap_or_default()
    }

    pub(crate) fn optional_string(&mut self, key: &str) -> Option<String> {
        match self.0.get_mut(key)? {
            Value::String(text) => {
                let text = std::mem::take(text);
                self.0.remove(key);
                Some(text)
            }
            Value::Null => {
                self.0.remove(key);
                None
            }
            Value::Number(_) | Value::Bool(_) => self.0.remove(key).map(|value| value.to_string()),
            Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// An integer, also when it was sent as text.
    pub(crate) fn integer(&mut self, key: &str) -> Option<i64> {
        let value = self.0.get(key)?;
        let number = match value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        if number.is_some() || value.is_null() {
            self.0.remove(key);
        }
        number
    }

    pub(crate) fn boolean(&mut self, key: &str) -> bool {
        match self.0.get(key).and_then(Value::as_bool) {
            Some(value) => {
                self.0.remove(key);
                value
            }
            None => false,
        }
    }

    /// The texts of an array; members of other types are dropped.
    pub(crate) fn strings(&mut self, key: &str) -> Vec<String> {
        if !self.0.get(key).is_some_and(Value::is_array) {
            return Vec::new();
        }
        match self.0.remove(key) {
            Some(Value::Array(items)) => items
                .into_iter()
                .filter_map(|item| match item {
                    Value::String(text) => Some(text),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn array(&mut self, key: &str) -> Vec<Value> {
        if !self.0.get(key).is_some_and(Value::is_array) {
            return Vec::new();
        }
        match self.0.remove(key) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        }
    }

    /// A nested object as one of our resources.
    pub(crate) fn object<T: From<Map<String, Value>>>(&mut self, key: &str) -> Option<T> {
        if !self.0.get(key).is_some_and(Value::is_object) {
            return None;
        }
        match self.0.remove(key) {
            Some(Value::Object(members)) => Some(T::from(members)),
            _ => None,
        }
    }

    pub(crate) fn boxed<T: From<Map<String, Value>>>(&mut self, key: &str) -> Option<Box<T>> {
        self.object(key).map(Box::new)
    }

    /// What is left: members this crate does not know.
    pub(crate) fn rest(self) -> Map<String, Value> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn fields(value: Value) -> Fields {
        match value {
            Value::Object(members) => members.into(),
            _ => unreachable!("tests pass objects"),
        }
    }

    #[test]
    fn odd_types_read_as_empty_and_stay() {
        let mut fields = fields(json!({"a": null, "b": [1], "c": 7, "d": "8", "e": {"f": 1}}));
        assert_eq!(fields.string("a"), "");
        assert_eq!(fields.string("b"), "");
        assert_eq!(fields.string("c"), "7");
        assert_eq!(fields.integer("d"), Some(8));
        assert_eq!(fields.integer("e"), None);
        assert_eq!(fields.strings("e"), Vec::<String>::new());
        let rest = fields.rest();
        assert_eq!(rest.keys().collect::<Vec<_>>(), ["b", "e"]);
    }
}
