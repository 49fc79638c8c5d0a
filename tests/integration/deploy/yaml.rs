//! YAML as JSON values.

use serde_json::Value;

/// Reads the only document of a text.
pub fn one(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|e| panic!("{e}"))
}

/// Reads all documents of a text.
pub fn all(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap_or_else(|e| panic!("{e}"))
}
