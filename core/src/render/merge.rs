//! One partial object merged over another as server-side apply merges: maps by key, keyed lists by their keys, any other
//! list as a whole.

use serde_json::{Map, Value};

use crate::{
    compare::schema::{self, ListKind},
    plan::Invalid,
};

/// `base`, which stands at `path`, with `over` merged over it. What cannot be merged is noted and left as it was.
pub(super) fn merged(path: &str, base: &Value, over: &Value, problems: &mut Vec<Invalid>) -> Value {
    Merge { problems }.value(&At { path: path.to_owned(), parent: "", field: "" }, Some(base), over)
}

/// Where we are: the path for people, and the names of the two innermost fields, which tell the kind of a list or number.
struct At<'a> {
    path: String,
    parent: &'a str,
    field: &'a str,
}

impl<'a> At<'a> {
    fn field(&self, name: &'a str) -> Self {
        let path = if name.contains(['.', '/']) { format!("[{name}]") } else { format!(".{name}") };
        Self { path: format!("{}{path}", self.path), parent: self.field, field: name }
    }

    /// An item goes by the name of its list.
    fn item(&self, key: &str) -> Self {
        Self { path: format!("{}[{key}]", self.path), ..*self }
    }
}

struct Merge<'p> {
    problems: &'p mut Vec<Invalid>,
}

impl Merge<'_> {
    fn value(&mut self, at: &At<'_>, base: Option<&Value>, over: &Value) -> Value {
        let wrong = match (base, over) {
            (_, Value::Null) => "null takes nothing away; write the value that shall stand there",
            (None, Value::Object(over)) => return self.map(at, Map::new(), over),
            (Some(Value::Object(base)), Value::Object(over)) => return self.map(at, base.clone(), over),
            (None, Value::Array(over)) => return self.list(at, &[], over),
            (Some(Value::Array(base)), Value::Array(over)) => return self.list(at, base, over),
            (Some(Value::Object(_)), _) => "here stands an object; write one, with the fields that shall differ",
            (Some(Value::Array(_)), _) => "here stands a list; write one",
            (Some(_), Value::Object(_) | Value::Array(_)) => "here stands a single value; write one",
            (_, over) => return single(at, over),
        };
        self.refuse(at, wrong);
        base.cloned().unwrap_or_default()
    }

    fn map(&mut self, at: &At<'_>, mut base: Map<String, Value>, over: &Map<String, Value>) -> Value {
        for (key, over) in over {
            let value = self.value(&at.field(key), base.get(key), over);
            base.insert(key.clone(), value);
        }
        Value::Object(base)
    }

    fn list(&mut self, at: &At<'_>, base: &[Value], over: &[Value]) -> Value {
        let kinds = [over, base].map(|list| schema::list_kind(at.field, list.first()));
        let keys = kinds.into_iter().find_map(|kind| match kind {
            ListKind::Keyed(keys) => Some(keys),
            ListKind::Atomic | ListKind::Unordered => None,
        });
        match keys {
            Some(keys) => self.keyed(at, keys, base, over),
            None => {
                let items = over.iter().enumerate();
                Value::Array(items.map(|(index, item)| self.value(&at.item(&index.to_string()), None, item)).collect())
            }
        }
    }

    /// Items of the base stay in their order; new ones come after them.
    fn keyed(&mut self, at: &At<'_>, keys: &[&str], base: &[Value], over: &[Value]) -> Value {
        let key_of = |item: &Value| keys.iter().map(|key| schema::key_text(item, key)).collect::<Vec<_>>();
        let mut merged = base.to_vec();
        let mut seen: Vec<Vec<String>> = Vec::new();
        for (index, over) in over.iter().enumerate() {
            let needed = |key: &&&str| **key != "protocol" && over.get(**key).is_none_or(Value::is_null);
            if let Some(missing) = keys.iter().find(needed) {
                self.refuse(
                    &at.item(&index.to_string()),
                    format!("items of this list are told apart by {missing}; write it"),
                );
                continue;
            }
            let key = key_of(over);
            let at = at.item(&key.join("/"));
            if seen.contains(&key) {
                self.refuse(&at, "it stands here twice; write it once");
            }
            let place = merged.iter().position(|item| key_of(item) == key);
            let value = self.value(&at, place.and_then(|place| merged.get(place)), over);
            match place.and_then(|place| merged.get_mut(place)) {
                Some(slot) => *slot = value,
                None => merged.push(value),
            }
            seen.push(key);
        }
        Value::Array(merged)
    }

    fn refuse(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.problems.push(Invalid::spec(&at.path, message));
    }
}

/// A quantity that is written as a number becomes a text, as the server keeps it.
fn single(at: &At<'_>, over: &Value) -> Value {
    match over {
        Value::Number(number) if schema::is_quantity(at.parent, at.field) => Value::String(number.to_string()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn over(base: Value, over: Value) -> Value {
        let mut problems = Vec::new();
        let merged = merged("o", &base, &over, &mut problems);
        assert_eq!(problems, [], "{over}");
        merged
    }

    fn refused(base: Value, over: Value) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let merged = merged("o", &base, &over, &mut problems);
        assert_eq!(merged, base, "what is refused changes nothing");
        problems.into_iter().map(|p| (p.field, p.message)).collect()
    }

    #[test]
    fn maps_by_key() {
        assert_eq!(
            over(json!({"a": {"b": 1, "c": 2}, "d": 3}), json!({"a": {"c": "x", "e": {"f": true}}})),
            json!({"a": {"b": 1, "c": "x", "e": {"f": true}}, "d": 3})
        );
    }

    #[test]
    fn keyed_lists_by_their_keys() {
        let base =
            json!({"containers": [{"name": "a", "image": "i", "env": [{"name": "A", "value": "1"}]}, {"name": "b"}]});
        assert_eq!(
            over(
                base,
                json!({"containers": [{"name": "c", "image": "k"}, {"name": "a", "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "3"}]}]})
            ),
            json!({"containers": [
                {"name": "a", "image": "i", "env": [{"name": "A", "value": "3"}, {"name": "B", "value": "2"}]},
                {"name": "b"},
                {"name": "c", "image": "k"}]})
        );
        let ports = json!({"ports": [{"port": 53, "protocol": "TCP", "name": "t"}, {"port": 53, "protocol": "UDP"}]});
        assert_eq!(
            over(
                ports,
                json!({"ports": [{"port": 53, "nodePort": 30053}, {"port": 53, "protocol": "UDP", "name": "u"}]})
            ),
            json!({"ports": [
                {"port": 53, "protocol": "TCP", "name": "t", "nodePort": 30053},
                {"port": 53, "protocol": "UDP", "name": "u"}]})
        );
    }

    #[test]
    fn other_lists_as_a_whole() {
        assert_eq!(
            over(
                json!({"tolerations": [{"key": "a"}], "args": ["x"]}),
                json!({"tolerations": [{"key": "b"}], "args": []})
            ),
            json!({"tolerations": [{"key": "b"}], "args": []})
        );
        assert_eq!(
            over(json!({"metrics": [{"type": "Resource"}]}), json!({"metrics": [{"type": "Pods"}]})),
            json!({"metrics": [{"type": "Pods"}]})
        );
    }

    #[test]
    fn quantities_are_texts() {
        assert_eq!(
            over(
                json!({"resources": {"requests": {"cpu": "1"}}, "count": 1}),
                json!({"resources": {"requests": {"cpu": 0.5}, "limits": {"memory": 1000}}, "count": 2, "volumes": [{"name": "v", "emptyDir": {"sizeLimit": 5}}]})
            ),
            json!({"resources": {"requests": {"cpu": "0.5"}, "limits": {"memory": "1000"}}, "count": 2, "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "5"}}]})
        );
    }

    #[test]
    fn what_cannot_be_merged_is_refused_with_its_place() {
        let base = json!({"a": {"b": 1}, "containers": [{"name": "x", "args": ["y"]}]});
        for (wanted, field, words) in [
            (json!({"a": {"b": null}}), "o.a.b", "null takes nothing away"),
            (json!({"a": null}), "o.a", "null takes nothing away"),
            (json!({"a": 1}), "o.a", "here stands an object"),
            (json!({"a": []}), "o.a", "here stands an object"),
            (json!({"a": {"b": {}}}), "o.a.b", "here stands a single value"),
            (json!({"containers": {}}), "o.containers", "here stands a list"),
            (json!({"containers": [{"image": "i"}]}), "o.containers[0]", "told apart by name; write it"),
            (json!({"containers": [1]}), "o.containers[0]", "told apart by name; write it"),
            (json!({"containers": [{"name": "x", "args": 1}]}), "o.containers[x].args", "here stands a list"),
        ] {
            let found = refused(base.clone(), wanted);
            assert_eq!((found.len(), found[0].0.as_str()), (1, field));
            assert!(found[0].1.contains(words), "{}", found[0].1);
        }
        let mut problems = Vec::new();
        let twice = json!({"containers": [{"name": "z"}, {"name": "z"}], "metadata": {"labels": {"a.io/b": null}}});
        merged("o", &base, &twice, &mut problems);
        let fields: Vec<_> = problems.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(fields, ["o.containers[z]", "o.metadata.labels[a.io/b]"]);
        // A null inside something new is one too.
        let mut problems = Vec::new();
        merged("o", &base, &json!({"c": {"d": [null]}}), &mut problems);
        assert_eq!(problems[0].field, "o.c.d[0]");
    }
}
