//! Digests of contents: SHA-256 of the canonical JSON, cut to 128 bits.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::schema;

/// Members of `metadata` that change without a change of the content.
const VOLATILE: &[&str] = &["resourceVersion", "generation", "managedFields", "creationTimestamp", "uid", "selfLink"];

/// Digest of a value as 32 hexadecimal digits. The order of keys does not matter.
pub fn digest(value: &Value) -> String {
    let mut hash = Sha256::new();
    feed(&mut hash, value, &|_, _| true, Place::Inside);
    hex(hash)
}

/// Digest of a live object without its status, what of its metadata is volatile, and its type (items of a list come
/// without it, those of a watch with it).
pub fn body_digest(live: &Value) -> String {
    let mut hash = Sha256::new();
    let keep = |place: Place, key: &str| match place {
        Place::Root => key != "status" && !schema::is_type(key),
        Place::Metadata => !VOLATILE.contains(&key),
        Place::Inside => true,
    };
    feed(&mut hash, live, &keep, Place::Root);
    hex(hash)
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Root,
    Metadata,
    Inside,
}

/// Writes the canonical JSON into the hash: keys sorted, no spaces. Nothing is copied but single texts.
fn feed(hash: &mut Sha256, value: &Value, keep: &dyn Fn(Place, &str) -> bool, place: Place) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().filter(|key| keep(place, key)).collect();
            keys.sort_unstable();
            hash.update(b"{");
            for key in keys {
                let inner = if place == Place::Root && key == "metadata" { Place::Metadata } else { Place::Inside };
                text(hash, key);
                hash.update(b":");
                feed(hash, map.get(key).unwrap_or(&Value::Null), keep, inner);
                hash.update(b",");
            }
            hash.update(b"}");
        }
        Value::Array(list) => {
            hash.update(b"[");
            for item in list {
                feed(hash, item, keep, Place::Inside);
                hash.update(b",");
            }
            hash.update(b"]");
        }
        Value::String(string) => text(hash, string),
        Value::Null | Value::Bool(_) | Value::Number(_) => hash.update(value.to_string()),
    }
}

/// A text by its length and bytes, so that no two sequences of texts look the same.
fn text(hash: &mut Sha256, string: &str) {
    hash.update(b"\"");
    hash.update(string.len().to_be_bytes());
    hash.update(string);
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_content_equal_digest() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":[true,null,"x"]}"#).unwrap();
        let two: Value = serde_json::from_str(r#"{"b":[true,null,"x"],"a":1}"#).unwrap();
        assert_eq!(digest(&one), digest(&two));
        assert_eq!(digest(&one).len(), 32);
        for other in [json!({"a": 1}), json!({"a": "1", "b": [true, null, "x"]}), json!([]), json!({}), json!("")] {
            assert_ne!(digest(&one), digest(&other));
        }
    }

    /// Digests stand in annotations of live objects: another way of making them would write to every child once.
    #[test]
    fn the_way_of_making_them_is_frozen() {
        assert_eq!(digest(&json!({"a": [1, "x", null, true]})), "044809f4e5d36effdfdbea91f2650429");
    }

    #[test]
    fn status_and_volatile_metadata_do_not_count() {
        let a = json!({"kind": "K", "apiVersion": "v1", "metadata": {"name": "x", "uid": "1", "resourceVersion": "1", "labels": {"uid": "a"}}, "status": {"a": 1}});
        let b = json!({"metadata": {"name": "x", "uid": "2", "resourceVersion": "2", "labels": {"uid": "a"}}});
        let c = json!({"metadata": {"name": "x", "labels": {"uid": "b"}}});
        assert_eq!(body_digest(&a), body_digest(&b));
        assert_ne!(body_digest(&a), body_digest(&c));
    }
}
