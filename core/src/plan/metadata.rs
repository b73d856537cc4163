//! The object's own name, and the labels and annotations that users add to its children.

use std::collections::BTreeMap;

use microservice_crds::{annotations, labels};

use super::{check, draft::Draft};

/// Longest name of a Microservice: a child may add a suffix.
const NAME_MAX: usize = 50;

/// Longest sum of all annotations of one object, in bytes, with room for the operator's own.
const ANNOTATIONS_MAX: usize = 250_000;

/// Keys that only the operator writes.
const RESERVED_LABELS: &[&str] =
    &[labels::NAME, labels::INSTANCE, labels::MANAGED_BY, labels::PART_OF, labels::VERSION, "pod-template-hash"];

/// Prefixes that are the operator's, or that a deployment tool writes on objects of its own.
const RESERVED_PREFIXES: &[&str] = &[
    "microservices.dev/",
    "deployment.kubernetes.io/",
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "meta.helm.sh/",
];

/// Keys that a tool writes for itself.
const RESERVED_ANNOTATIONS: &[&str] = &["kubectl.kubernetes.io/last-applied-configuration"];

/// What users add, checked.
pub(super) struct Metadata {
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub pod_labels: BTreeMap<String, String>,
    pub pod_annotations: BTreeMap<String, String>,
}

/// The name must leave room for suffixes and must not look like one that has a suffix.
pub(super) fn check_name(draft: &mut Draft<'_>) {
    let name = &draft.subject.name;
    let verdict = check::rfc1035_label(name, NAME_MAX).and_then(|()| {
        if name.contains("--") {
            Err(format!("{name:?} contains '--', which joins names of children; write a single '-'"))
        } else if name == "default" {
            Err("\"default\" is taken in every namespace (its ServiceAccount); choose another name".to_owned())
        } else {
            Ok(())
        }
    });
    draft.problems.check("metadata.name", verdict);
    if let Some(system) = &draft.spec.system {
        draft.problems.check("system", check::label_value(system));
    }
}

/// Labels and annotations for the children and for the pods.
pub(super) fn resolve(draft: &mut Draft<'_>) -> Metadata {
    let spec = draft.spec;
    check_labels(draft, "labels", &spec.labels);
    check_labels(draft, "podLabels", &spec.pod_labels);
    check_annotations(draft, "annotations", &spec.annotations);
    check_annotations(draft, "podAnnotations", &spec.pod_annotations);
    let mut pod_annotations = spec.pod_annotations.clone();
    if let Some(time) = &spec.restarted_at {
        pod_annotations.insert(annotations::RESTARTED_AT.to_owned(), time.clone());
    }
    Metadata {
        labels: spec.labels.clone(),
        annotations: spec.annotations.clone(),
        pod_labels: spec.pod_labels.clone(),
        pod_annotations,
    }
}

fn check_labels(draft: &mut Draft<'_>, field: &str, map: &BTreeMap<String, String>) {
    for (key, value) in map {
        for message in label(key, value) {
            draft.refuse(format!("{field}[{key}]"), message);
        }
    }
}

/// Annotations of children; used for those of the Service and the ServiceAccount too.
pub(super) fn check_annotations(draft: &mut Draft<'_>, field: &str, map: &BTreeMap<String, String>) {
    for key in map.keys() {
        for message in annotation(key) {
            draft.refuse(format!("{field}[{key}]"), message);
        }
    }
    let size: usize = map.iter().map(|(key, value)| key.len() + value.len()).sum();
    if size > ANNOTATIONS_MAX {
        draft.refuse(field, format!("{size} bytes are too many for annotations; keep them under {ANNOTATIONS_MAX}"));
    }
}

/// What stands against a label of the user.
pub(crate) fn label(key: &str, value: &str) -> Vec<String> {
    let verdicts =
        [check::metadata_key(key).and_then(|()| check::label_value(value)), unreserved(key, RESERVED_LABELS)];
    verdicts.into_iter().filter_map(Result::err).collect()
}

/// What stands against the key of an annotation of the user.
pub(crate) fn annotation(key: &str) -> Vec<String> {
    let verdicts = [check::metadata_key(&key.to_ascii_lowercase()), unreserved(key, RESERVED_ANNOTATIONS)];
    verdicts.into_iter().filter_map(Result::err).collect()
}

fn unreserved(key: &str, reserved: &[&str]) -> Result<(), String> {
    let taken = reserved.contains(&key) || RESERVED_PREFIXES.iter().any(|prefix| key.starts_with(prefix));
    if taken { Err(format!("the key {key} is reserved; choose another one")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::refused;

    #[test]
    fn reserved_and_malformed_keys_are_refused() {
        for (spec, field) in [
            ("{image: a:1, labels: {app.kubernetes.io/name: x}}", "labels[app.kubernetes.io/name]"),
            ("{image: a:1, podLabels: {pod-template-hash: x}}", "podLabels[pod-template-hash]"),
            ("{image: a:1, annotations: {microservices.dev/digest: x}}", "annotations[microservices.dev/digest]"),
            ("{image: a:1, labels: {'a b': x}}", "labels[a b]"),
            ("{image: a:1, labels: {a: 'x y'}}", "labels[a]"),
            ("{image: a:1, system: 'x y'}", "system"),
        ] {
            assert_eq!(refused(spec), [field], "{spec}");
        }
    }
}
