//! Labels and annotations of children.

use super::Place;

/// CEL: no key of this map is one of these, or starts with one of these.
fn free_of(keys: &[&str], prefixes: &[&str]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("!('{key}' in self)")).collect();
    let prefixes: Vec<String> = prefixes.iter().map(|prefix| format!("!k.startsWith('{prefix}')")).collect();
    format!("{} && self.all(k, {})", keys.join(" && "), prefixes.join(" && "))
}

/// Maps whose keys are those of labels or annotations.
pub(super) fn keys(maps: Place) -> Place {
    maps.check(
        "self.all(k, k.size() <= 317 && \
         k.matches('^(([a-z0-9]([-a-z0-9]*[a-z0-9])?[.])*[a-z0-9]([-a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",
        "a key has a name of letters, digits, '-', '_' and '.', at most 63, and before it at most a domain and '/', as in \
         example.com/team",
    )
}

/// Values of labels.
pub(super) fn values(labels: Place) -> Place {
    labels.longest(63).check(
        "self.matches('^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$')",
        "the value of a label has letters, digits, '-', '_' and '.', and starts and ends with a letter or digit",
    )
}

pub(super) fn places() -> Vec<Place> {
    let labels = Place::at_each(["spec.labels", "spec.podLabels"])
        .check(
            free_of(
                &[
                    "app.kubernetes.io/name",
                    "app.kubernetes.io/instance",
                    "app.kubernetes.io/managed-by",
                    "app.kubernetes.io/part-of",
                    "app.kubernetes.io/version",
                    "pod-template-hash",
                ],
                &["microservices.dev/"],
            ),
            "the operator or Kubernetes sets app.kubernetes.io/name, instance, managed-by, part-of (by spec.system) \
             and version, pod-template-hash, and all keys of microservices.dev/: remove them here",
        )
        .check(
            free_of(
                &[
                    "argocd.argoproj.io/instance",
                    "kustomize.toolkit.fluxcd.io/name",
                    "kustomize.toolkit.fluxcd.io/namespace",
                    "helm.toolkit.fluxcd.io/name",
                    "helm.toolkit.fluxcd.io/namespace",
                ],
                &["argocd.argoproj.io/instance-"],
            ),
            "these labels tell a GitOps tool what it tracks, and it would prune the children: remove them here",
        );
    let annotations = Place::at_each([
        "spec.annotations",
        "spec.podAnnotations",
        "spec.service.annotations",
        "spec.serviceAccount.annotations",
    ])
    .check(
        free_of(
            &[
                "argocd.argoproj.io/tracking-id",
                "kubectl.kubernetes.io/last-applied-configuration",
                "meta.helm.sh/release-name",
                "meta.helm.sh/release-namespace",
            ],
            &["config.k8s.io/"],
        ),
        "these annotations tell a tool what it tracks, and it would prune the children: remove them here",
    )
    .check(
        free_of(&["deployment.kubernetes.io/revision", "kubectl.kubernetes.io/restartedAt"], &["microservices.dev/"]),
        "the operator or Kubernetes writes these annotations (for a restart: spec.restartedAt): remove them here",
    );
    let keys = keys(Place::at_each([
        "spec.labels",
        "spec.podLabels",
        "spec.nodeSelector",
        "spec.annotations",
        "spec.podAnnotations",
        "spec.service.annotations",
        "spec.serviceAccount.annotations",
    ]));
    let values = values(Place::at_each(["spec.labels{}", "spec.podLabels{}", "spec.nodeSelector{}"]));
    vec![labels, annotations, keys, values]
}
