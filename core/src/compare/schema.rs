//! What the server does to what is applied, as data: which lists are maps, what it fills in, leaves out and rewrites.

use serde_json::Value;

/// Members of an object that say its type, which is known from where it was read.
pub(super) fn is_type(field: &str) -> bool {
    matches!(field, "apiVersion" | "kind")
}

/// How the elements of a list are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    /// By these members; elements of others may stand between ours.
    Keyed(&'static [&'static str]),
    /// As a whole, in this order.
    Atomic,
    /// As a whole, in any order.
    Unordered,
}

/// Lists that are maps: the name of the field, a member that its elements must have, and the keys.
const KEYED: &[(&str, &str, &[&str])] = &[
    ("containers", "name", &["name"]),
    ("initContainers", "name", &["name"]),
    ("env", "name", &["name"]),
    ("volumes", "name", &["name"]),
    ("imagePullSecrets", "name", &["name"]),
    ("ports", "containerPort", &["containerPort", "protocol"]),
    ("ports", "port", &["port", "protocol"]),
    ("volumeMounts", "mountPath", &["mountPath"]),
    ("volumeDevices", "devicePath", &["devicePath"]),
    ("topologySpreadConstraints", "topologyKey", &["topologyKey", "whenUnsatisfiable"]),
    ("hostAliases", "ip", &["ip"]),
    ("claims", "name", &["name"]),
    ("resizePolicy", "resourceName", &["resourceName"]),
    ("resourceClaims", "name", &["name"]),
    ("schedulingGates", "name", &["name"]),
    ("ownerReferences", "uid", &["uid"]),
];

/// Lists whose order the server does not keep: storage in an older version of the API moves the CPU metric.
const UNORDERED: &[&str] = &["metrics"];

/// The kind of a list, by the name of its field and one of its elements.
pub(crate) fn list_kind(field: &str, sample: Option<&Value>) -> ListKind {
    let has = |member: &str| sample.is_some_and(|s| s.get(member).is_some());
    match KEYED.iter().find(|(name, member, _)| *name == field && has(member)) {
        Some((_, _, keys)) => ListKind::Keyed(keys),
        None if UNORDERED.contains(&field) => ListKind::Unordered,
        None => ListKind::Atomic,
    }
}

/// The value of a key of an element; a missing protocol is TCP.
pub(crate) fn key_text(element: &Value, key: &str) -> String {
    match element.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None if key == "protocol" => "TCP".to_owned(),
        None => String::new(),
    }
}

/// What the server fills into elements of atomic lists: the field that holds it, the field, and the value.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("fieldRef", "apiVersion", "\"v1\""),
    ("resourceFieldRef", "divisor", "\"0\""),
    ("serviceAccountToken", "expirationSeconds", "3600"),
    ("parentRefs", "group", "\"gateway.networking.k8s.io\""),
    ("parentRefs", "kind", "\"Gateway\""),
    ("backendRefs", "group", "\"\""),
    ("backendRefs", "kind", "\"Service\""),
    ("backendRefs", "weight", "1"),
    ("matches", "path", "{\"type\":\"PathPrefix\",\"value\":\"/\"}"),
    ("path", "type", "\"PathPrefix\""),
    ("path", "value", "\"/\""),
    ("headers", "type", "\"Exact\""),
    ("queryParams", "type", "\"Exact\""),
    ("tolerations", "operator", "\"Equal\""),
];

/// Whether a member that we do not apply is what the server fills in.
pub(super) fn is_default(parent: &str, field: &str, value: &Value) -> bool {
    DEFAULTS
        .iter()
        .any(|(p, f, v)| *p == parent && *f == field && serde_json::from_str::<Value>(v).is_ok_and(|v| v == *value))
}

/// Fields that the server leaves out of its answer while they are empty, zero or false.
const OMITTED_WHEN_ZERO: &[&str] = &[
    "value",
    "prefix",
    "readOnly",
    "subPath",
    "subPathExpr",
    "medium",
    "key",
    "effect",
    "operator",
    "initialDelaySeconds",
    "minReadySeconds",
    "fieldPath",
    "namespace",
    "externalName",
    "hostname",
    "service",
];

/// Maps that the server leaves out while they are empty; others are blocks, whose presence says something.
const OMITTED_WHEN_EMPTY: &[&str] =
    &["labels", "annotations", "matchLabels", "nodeSelector", "limits", "requests", "data", "volumeAttributes"];

/// Whether the absence of a field is the same as the value that is wanted.
pub(super) fn same_as_absent(field: &str, wanted: &Value) -> bool {
    match wanted {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty() && OMITTED_WHEN_EMPTY.contains(&field),
        Value::String(text) => text.is_empty() && OMITTED_WHEN_ZERO.contains(&field),
        Value::Bool(value) => !value && OMITTED_WHEN_ZERO.contains(&field),
        Value::Number(number) => number.as_i64() == Some(0) && OMITTED_WHEN_ZERO.contains(&field),
    }
}

/// Whether the value at a field is a quantity, which the server writes in its own way.
pub(crate) fn is_quantity(parent: &str, field: &str) -> bool {
    matches!(parent, "requests" | "limits" | "capacity" | "overhead")
        || matches!(field, "sizeLimit" | "divisor" | "averageValue" | "tolerance")
        || (field == "value" && parent == "target")
}
