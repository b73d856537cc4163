//! Invariant: a child is equal when every field that we would apply stands in the live object.

use serde_json::{Map, Value};

use super::{
    quantity,
    schema::{self, ListKind},
};

/// Longest text of a value in a [`Difference`].
const SHORT: usize = 120;

/// One field that does not stand as desired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where. Example: `spec.template.spec.containers[main].image`.
    pub path: String,
    /// What we would apply, as JSON.
    pub wanted: String,
    /// What stands there, as JSON; empty where nothing does.
    pub got: String,
}

/// The first field of `desired` that does not stand in `live`; none where all do. Maps and lists with keys may hold
/// more than ours; other lists are compared as a whole; quantities by value. `apiVersion` and `kind` are not looked
/// at: items of a list come without them.
pub fn difference(desired: &Value, live: &Value) -> Option<Difference> {
    let mut path = Path(Vec::new());
    desired.as_object()?.iter().filter(|(key, _)| !schema::is_type(key)).find_map(|(key, wanted)| {
        path.at(Step::Field(key.clone()), |path| compare(path, wanted, live.get(key), Mode::Subset))
    })
}

/// What the live side may have beyond ours.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// Anything.
    Subset,
    /// Only what the server is known to fill in: inside a list that is replaced as a whole.
    Exact,
}

fn compare(path: &mut Path, wanted: &Value, got: Option<&Value>, mode: Mode) -> Option<Difference> {
    let Some(got) = got.filter(|value| !value.is_null()) else {
        return (!schema::same_as_absent(path.field(), wanted)).then(|| path.difference(wanted, None));
    };
    match (wanted, got) {
        (Value::Null, _) if mode == Mode::Subset => None,
        (Value::Object(wanted), Value::Object(got)) => compare_maps(path, wanted, got, mode),
        (Value::Array(wanted), Value::Array(got)) => compare_lists(path, wanted, got, mode),
        (Value::String(a), Value::String(b)) if schema::is_quantity(path.parent(), path.field()) => {
            (!quantity::same(a, b)).then(|| path.difference(wanted, Some(got)))
        }
        _ => (wanted != got).then(|| path.difference(wanted, Some(got))),
    }
}

fn compare_maps(
    path: &mut Path,
    wanted: &Map<String, Value>,
    got: &Map<String, Value>,
    mode: Mode,
) -> Option<Difference> {
    for (key, value) in wanted {
        let found = path.at(Step::Field(key.clone()), |path| compare(path, value, got.get(key), mode));
        if found.is_some() {
            return found;
        }
    }
    if mode == Mode::Subset {
        return None;
    }
    let foreign = got.iter().find(|(key, value)| {
        !wanted.contains_key(*key) && !value.is_null() && !schema::is_default(path.field(), key, value)
    });
    foreign.and_then(|(key, value)| {
        path.at(Step::Field(key.clone()), |path| Some(path.difference(&Value::Null, Some(value))))
    })
}

fn compare_lists(path: &mut Path, wanted: &[Value], got: &[Value], mode: Mode) -> Option<Difference> {
    let kind = if mode == Mode::Exact { ListKind::Atomic } else { schema::list_kind(path.field(), wanted.first()) };
    let whole = |path: &Path| Some(path.difference(&Value::Array(wanted.to_vec()), Some(&Value::Array(got.to_vec()))));
    match kind {
        ListKind::Keyed(keys) => wanted.iter().find_map(|item| {
            let key = key_of(item, keys);
            let live = got.iter().find(|other| key_of(other, keys) == key);
            path.at(Step::Key(key.join("/")), |path| compare(path, item, live, Mode::Subset))
        }),
        _ if wanted.len() != got.len() => whole(path),
        ListKind::Atomic => wanted.iter().zip(got).enumerate().find_map(|(index, (item, live))| {
            path.at(Step::Key(index.to_string()), |path| compare(path, item, Some(live), Mode::Exact))
        }),
        ListKind::Unordered => {
            let mut rest: Vec<&Value> = got.iter().collect();
            for item in wanted {
                let same = |path: &mut Path, live: &Value| {
                    path.at(Step::Key(String::new()), |path| compare(path, item, Some(live), Mode::Exact)).is_none()
                };
                match rest.iter().position(|live| same(path, live)) {
                    Some(index) => drop(rest.swap_remove(index)),
                    None => return whole(path),
                }
            }
            None
        }
    }
}

fn key_of(item: &Value, keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| schema::key_text(item, key)).collect()
}

/// Where in the object we are.
struct Path(Vec<Step>);

enum Step {
    Field(String),
    Key(String),
}

impl Path {
    fn at<T>(&mut self, step: Step, look: impl FnOnce(&mut Self) -> T) -> T {
        self.0.push(step);
        let found = look(self);
        self.0.pop();
        found
    }

    /// Names of fields from here upwards; elements of lists go by the name of their list.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().rev().filter_map(|step| match step {
            Step::Field(name) => Some(name.as_str()),
            Step::Key(_) => None,
        })
    }

    fn field(&self) -> &str {
        self.names().next().unwrap_or_default()
    }

    fn parent(&self) -> &str {
        self.names().nth(1).unwrap_or_default()
    }

    fn difference(&self, wanted: &Value, got: Option<&Value>) -> Difference {
        let mut path = String::new();
        for step in &self.0 {
            match step {
                // A key with dots, as those of labels, stands in brackets.
                Step::Field(name) if name.contains(['.', '/']) => path.push_str(&format!("[{name}]")),
                Step::Field(name) if path.is_empty() => path.push_str(name),
                Step::Field(name) => path.push_str(&format!(".{name}")),
                Step::Key(key) => path.push_str(&format!("[{key}]")),
            }
        }
        let wanted = if wanted.is_null() { String::new() } else { short(wanted) };
        Difference { path, wanted, got: got.map(short).unwrap_or_default() }
    }
}

/// The JSON of a value, cut.
fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= SHORT {
        return text;
    }
    text.chars().take(SHORT).chain("…".chars()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(desired: Value, live: Value) -> Option<(String, String, String)> {
        difference(&desired, &live).map(|d| (d.path, d.wanted, d.got))
    }

    fn at(desired: Value, live: Value) -> Option<String> {
        difference(&desired, &live).map(|d| d.path)
    }

    #[test]
    fn maps_are_subsets() {
        let live = json!({"metadata": {"labels": {"a.io/b": "x", "c": "y"}, "uid": "1"}, "status": {}});
        assert_eq!(at(json!({"metadata": {"labels": {"c": "y"}}}), live.clone()), None);
        assert_eq!(
            found(json!({"metadata": {"labels": {"a.io/b": "z"}}}), live.clone()),
            Some(("metadata.labels[a.io/b]".into(), "\"z\"".into(), "\"x\"".into()))
        );
        assert_eq!(
            found(json!({"metadata": {"labels": {"d": "z"}}}), live),
            Some(("metadata.labels.d".into(), "\"z\"".into(), String::new()))
        );
    }

    #[test]
    fn lists_with_keys_are_subsets_in_any_order() {
        let live = json!({"containers": [
            {"name": "injected", "image": "i"},
            {"name": "main", "image": "a", "ports": [{"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP", "name": "u"}]}]});
        assert_eq!(at(json!({"containers": [{"name": "main", "image": "a"}]}), live.clone()), None);
        assert_eq!(
            at(json!({"containers": [{"name": "main", "image": "b"}]}), live.clone()),
            Some("containers[main].image".into())
        );
        assert_eq!(at(json!({"containers": [{"name": "x"}]}), live.clone()), Some("containers[x]".into()));
        let port = |port: Value| json!({"containers": [{"name": "main", "ports": [port]}]});
        assert_eq!(at(port(json!({"containerPort": 53})), live.clone()), None);
        assert_eq!(
            at(port(json!({"containerPort": 53, "protocol": "UDP", "name": "v"})), live),
            Some("containers[main].ports[53/UDP].name".into())
        );
    }

    #[test]
    fn other_lists_are_exact() {
        let live = json!({"args": ["a", "b"], "tolerations": [{"key": "k", "operator": "Exists"}]});
        assert_eq!(at(json!({"args": ["a", "b"]}), live.clone()), None);
        assert_eq!(at(json!({"args": ["b", "a"]}), live.clone()), Some("args[0]".into()));
        assert_eq!(at(json!({"args": ["a"]}), live.clone()), Some("args".into()));
        assert_eq!(
            found(json!({"tolerations": [{"key": "k"}]}), live),
            Some(("tolerations[0].operator".into(), String::new(), "\"Exists\"".into()))
        );
    }

    #[test]
    fn the_servers_defaults_may_stand_in_exact_lists() {
        let desired = json!({"projected": {"sources": [{"downwardAPI": {"items": [{"path": "p", "fieldRef": {"fieldPath": "metadata.name"}}]}}, {"serviceAccountToken": {"path": "t"}}]}});
        let live = json!({"projected": {"defaultMode": 420, "sources": [{"downwardAPI": {"items": [{"path": "p", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}]}}, {"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}]}});
        assert_eq!(at(desired.clone(), live), None);
        let foreign = json!({"projected": {"sources": [{"downwardAPI": {"items": [{"path": "p", "mode": 1, "fieldRef": {"fieldPath": "metadata.name"}}]}}, {"serviceAccountToken": {"path": "t"}}]}});
        assert_eq!(at(desired, foreign), Some("projected.sources[0].downwardAPI.items[0].mode".into()));
    }

    #[test]
    fn metrics_may_be_stored_in_another_order() {
        let metric = |name: &str, value: &str| json!({"type": "Pods", "pods": {"metric": {"name": name}, "target": {"type": "AverageValue", "averageValue": value}}});
        let desired = json!({"spec": {"metrics": [metric("a", "0.5"), metric("b", "1")]}});
        assert_eq!(at(desired.clone(), json!({"spec": {"metrics": [metric("b", "1"), metric("a", "500m")]}})), None);
        assert_eq!(
            at(desired, json!({"spec": {"metrics": [metric("a", "500m"), metric("a", "500m")]}})),
            Some("spec.metrics".into())
        );
    }

    #[test]
    fn quantities_go_by_value_and_only_where_they_stand() {
        let live = json!({"resources": {"requests": {"cpu": "500m"}}, "env": [{"name": "A", "value": "500m"}]});
        assert_eq!(at(json!({"resources": {"requests": {"cpu": "0.5"}}}), live.clone()), None);
        assert_eq!(
            at(json!({"resources": {"requests": {"cpu": "0.6"}}}), live.clone()),
            Some("resources.requests.cpu".into())
        );
        assert_eq!(at(json!({"env": [{"name": "A", "value": "0.5"}]}), live), Some("env[A].value".into()));
        let rules = |tolerance: &str| json!({"behavior": {"scaleUp": {"tolerance": tolerance}}});
        assert_eq!(at(rules("0.05"), rules("50m")), None);
    }

    #[test]
    fn what_the_server_leaves_out_is_not_missing() {
        let live = json!({"env": [{"name": "A"}], "probe": {}, "maxUnavailable": 1});
        assert_eq!(
            at(json!({"env": [{"name": "A", "value": ""}], "probe": {"initialDelaySeconds": 0}}), live.clone()),
            None
        );
        assert_eq!(at(json!({"hostUsers": false}), live.clone()), Some("hostUsers".into()));
        assert_eq!(at(json!({"emptyDir": {}}), live.clone()), Some("emptyDir".into()));
        assert_eq!(at(json!({"maxUnavailable": "1"}), live), Some("maxUnavailable".into()));
    }

    #[test]
    fn long_values_are_cut() {
        let found = difference(&json!({"a": "x".repeat(500)}), &json!({"a": "é"})).unwrap();
        assert_eq!(found.wanted.chars().count(), SHORT + 1);
    }
}
