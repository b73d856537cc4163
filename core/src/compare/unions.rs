//! Members of unions that stand beside ours: a second probe handler, a second source of a volume. The server refuses
//! an apply as long as they stay, so they must be taken away first.
//!
//! What is taken away is the smallest whole that is valid without them: a probe, not one of its handlers. A patch that
//! put our own member in its place would make the patch an owner of it, which no later apply could take back.

use serde_json::{Map, Value, json};

/// Fields that hold exactly one of several handlers, and may themselves be absent.
const HANDLED: &[&str] = &["readinessProbe", "livenessProbe", "startupProbe", "postStart", "preStop"];

/// The handlers.
const HANDLERS: &[&str] = &["exec", "httpGet", "tcpSocket", "grpc", "sleep"];

/// The body of a strategic merge patch that takes away what stands beside ours in unions; none where nothing does.
pub fn union_siblings(kind: &str, desired: &Value, live: &Value) -> Option<Value> {
    let (desired, live) = (desired.get("spec")?, live.get("spec")?);
    let spec = match kind {
        "PodDisruptionBudget" => budget(desired, live),
        "Deployment" => deployment(desired, live),
        _ => Map::new(),
    };
    (!spec.is_empty()).then(|| json!({ "spec": spec }))
}

/// Nulls for the members that live has and desired has not.
fn nulls(members: &[&str], desired: &Value, live: &Value) -> Map<String, Value> {
    let foreign = members.iter().filter(|member| present(live, member) && !present(desired, member));
    foreign.map(|member| ((*member).to_owned(), Value::Null)).collect()
}

fn present(object: &Value, field: &str) -> bool {
    object.get(field).is_some_and(|value| !value.is_null())
}

fn budget(desired: &Value, live: &Value) -> Map<String, Value> {
    nulls(&["minAvailable", "maxUnavailable"], desired, live)
}

fn deployment(desired: &Value, live: &Value) -> Map<String, Value> {
    let mut spec = Map::new();
    if let (Some(wanted), Some(got)) = (desired.get("strategy"), live.get("strategy")) {
        let mut strategy = nulls(&["rollingUpdate"], wanted, got);
        if !strategy.is_empty() {
            // Without our type beside it the server would fill the member in again. We always apply the type.
            strategy.insert("type".to_owned(), wanted.get("type").cloned().unwrap_or_default());
            spec.insert("strategy".to_owned(), Value::Object(strategy));
        }
    }
    let pod = ["template", "spec"];
    let inside = |object: &Value| pod.iter().try_fold(object.clone(), |o, field| o.get(field).cloned());
    if let (Some(wanted), Some(got)) = (inside(desired), inside(live)) {
        let patch = pod_spec(&wanted, &got);
        if !patch.is_empty() {
            spec.insert("template".to_owned(), json!({ "spec": patch }));
        }
    }
    spec
}

fn pod_spec(desired: &Value, live: &Value) -> Map<String, Value> {
    let mut patch = Map::new();
    if let (Some(wanted), Some(got)) =
        (desired.pointer("/securityContext/seccompProfile"), live.pointer("/securityContext/seccompProfile"))
    {
        let mut profile = nulls(&["localhostProfile"], wanted, got);
        if !profile.is_empty() {
            profile.insert("type".to_owned(), wanted.get("type").cloned().unwrap_or_default());
            patch.insert("securityContext".to_owned(), json!({ "seccompProfile": profile }));
        }
    }
    let volumes: Vec<&str> = pairs("volumes", desired, live)
        .filter(|(wanted, got)| keys(got).any(|key| key != "name" && wanted.get(key).is_none()))
        .filter_map(|(_, got)| got.get("name")?.as_str())
        .collect();
    for list in ["containers", "initContainers"] {
        let containers: Vec<Value> =
            pairs(list, desired, live).filter_map(|(wanted, got)| container(wanted, got, &volumes)).collect();
        if !containers.is_empty() {
            patch.insert(list.to_owned(), Value::Array(containers));
        }
    }
    if !volumes.is_empty() {
        let gone = volumes.iter().map(|name| json!({"name": name, "$patch": "delete"}));
        patch.insert("volumes".to_owned(), gone.collect());
    }
    patch
}

fn container(desired: &Value, live: &Value, volumes: &[&str]) -> Option<Value> {
    let mut patch = handled(desired, live);
    if let (Some(wanted), Some(got)) = (desired.get("lifecycle"), live.get("lifecycle")) {
        let hooks = handled(wanted, got);
        if !hooks.is_empty() {
            patch.insert("lifecycle".to_owned(), Value::Object(hooks));
        }
    }
    let env: Vec<Value> = pairs("env", desired, live)
        .filter(|(wanted, got)| {
            let sources = |variable: &Value| variable.get("valueFrom").cloned().unwrap_or_default();
            let inner = (sources(wanted), sources(got));
            keys(got).any(|key| wanted.get(key).is_none()) || keys(&inner.1).any(|key| inner.0.get(key).is_none())
        })
        .filter_map(|(_, got)| Some(json!({"name": got.get("name")?, "$patch": "delete"})))
        .collect();
    if !env.is_empty() {
        patch.insert("env".to_owned(), Value::Array(env));
    }
    // A mount may not name a volume that is gone.
    let mounts = live.get("volumeMounts").and_then(Value::as_array).into_iter().flatten();
    let mounts: Vec<Value> = mounts
        .filter(|mount| mount.get("name").and_then(Value::as_str).is_some_and(|name| volumes.contains(&name)))
        .filter_map(|mount| Some(json!({"mountPath": mount.get("mountPath")?, "$patch": "delete"})))
        .collect();
    if !mounts.is_empty() {
        patch.insert("volumeMounts".to_owned(), Value::Array(mounts));
    }
    if patch.is_empty() {
        return None;
    }
    patch.insert("name".to_owned(), live.get("name")?.clone());
    Some(Value::Object(patch))
}

/// Nulls for the probes or hooks that have another handler than ours.
fn handled(desired: &Value, live: &Value) -> Map<String, Value> {
    let foreign = HANDLED.iter().filter(|field| match (desired.get(**field), live.get(**field)) {
        (Some(wanted), Some(got)) => !nulls(HANDLERS, wanted, got).is_empty(),
        _ => false,
    });
    foreign.map(|field| ((*field).to_owned(), Value::Null)).collect()
}

fn keys(object: &Value) -> impl Iterator<Item = &str> {
    object.as_object().into_iter().flat_map(|map| map.iter().filter(|(_, v)| !v.is_null()).map(|(key, _)| key.as_str()))
}

/// Elements of the same name in a list of both.
fn pairs<'a>(list: &str, desired: &'a Value, live: &'a Value) -> impl Iterator<Item = (&'a Value, &'a Value)> {
    let elements =
        |object: &'a Value| object.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let live = elements(live);
    elements(desired).iter().filter_map(move |wanted| {
        let name = wanted.get("name")?;
        Some((wanted, live.iter().find(|got| got.get("name") == Some(name))?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(spec: Value) -> Value {
        json!({"spec": {"template": {"spec": spec}}})
    }

    #[test]
    fn nothing_beside_ours_is_nothing_to_do() {
        let object =
            pod(json!({"containers": [{"name": "a", "readinessProbe": {"tcpSocket": {"port": 1}}, "image": "i"}]}));
        assert_eq!(union_siblings("Deployment", &object, &object), None);
        assert_eq!(union_siblings("ConfigMap", &json!({"data": {}}), &json!({"data": {}})), None);
    }

    #[test]
    fn the_smallest_valid_whole_goes() {
        let desired = pod(json!({
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "a",
                "readinessProbe": {"tcpSocket": {"port": 1}},
                "livenessProbe": {"tcpSocket": {"port": 1}},
                "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
                "env": [{"name": "A", "value": "x"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "f"}}}],
                "volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "w", "mountPath": "/w"}],
            }],
            "volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "emptyDir": {}}],
        }));
        let live = pod(json!({
            "securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "p"}},
            "containers": [{"name": "foreign"}, {
                "name": "a",
                "readinessProbe": {"httpGet": {"port": 1}, "periodSeconds": 10},
                "livenessProbe": {"tcpSocket": {"port": 1}, "periodSeconds": 10},
                "lifecycle": {"preStop": {"exec": {}}},
                "env": [
                    {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "f"}}},
                    {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s"}}},
                    {"name": "C", "value": "foreign"},
                ],
                "volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "w", "mountPath": "/w"}],
            }],
            "volumes": [{"name": "v", "configMap": {"name": "c"}}, {"name": "w", "emptyDir": {}}],
        }));
        assert_eq!(
            union_siblings("Deployment", &desired, &live),
            Some(pod(json!({
                "securityContext": {"seccompProfile": {"type": "RuntimeDefault", "localhostProfile": null}},
                "containers": [{
                    "name": "a",
                    "readinessProbe": null,
                    "lifecycle": {"preStop": null},
                    "env": [{"name": "A", "$patch": "delete"}, {"name": "B", "$patch": "delete"}],
                    "volumeMounts": [{"mountPath": "/v", "$patch": "delete"}],
                }],
                "volumes": [{"name": "v", "$patch": "delete"}],
            })))
        );
    }

    #[test]
    fn rolling_update_beside_recreate() {
        let desired = json!({"spec": {"strategy": {"type": "Recreate"}}});
        let live = json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
        assert_eq!(
            union_siblings("Deployment", &desired, &live),
            Some(json!({"spec": {"strategy": {"type": "Recreate", "rollingUpdate": null}}}))
        );
    }

    #[test]
    fn the_other_limit_of_a_budget() {
        let desired = json!({"spec": {"maxUnavailable": 1}});
        let live = json!({"spec": {"maxUnavailable": 1, "minAvailable": 2}});
        assert_eq!(
            union_siblings("PodDisruptionBudget", &desired, &live),
            Some(json!({"spec": {"minAvailable": null}}))
        );
        assert_eq!(union_siblings("Deployment", &desired, &live), None);
    }
}
