//! Volumes, where they are mounted, and inline files.

use super::{DNS_LABEL, DNS_SUBDOMAIN, Place, count, filled, pattern};

const SOURCES: [&str; 8] =
    ["configMap", "secret", "emptyDir", "persistentVolumeClaim", "projected", "downwardAPI", "csi", "ephemeral"];

pub(super) fn places() -> Vec<Place> {
    let absolute = "write an absolute path without ':', as in /data";
    let mut places = vec![
        Place::at("spec.volumes[]").check(
            format!("{} == 1", count(&SOURCES)),
            "a volume has exactly one source: configMap, secret, emptyDir, persistentVolumeClaim, projected, \
             downwardAPI, csi or ephemeral",
        ),
        pattern(
            Place::at("spec.volumes[].name").longest(63).check(
                "self != 'tmp' && self != 'config' && !self.startsWith('writable-')",
                "the operator names volumes of its own tmp, config and writable-...: choose another name",
            ),
            DNS_LABEL,
            "the name of a volume has lower-case letters, digits and dashes, and no dash at its ends",
        ),
        Place::at("spec.volumes[].configMap")
            .check("self.name.size() > 0", "say which ConfigMap, as in configMap: {name: settings}"),
        Place::at("spec.volumes[].secret").check(
            "has(self.secretName) && self.secretName.size() > 0",
            "say which Secret, as in secret: {secretName: credentials}",
        ),
        Place::at("spec.volumes[].projected.sources[]").check(
            format!(
                "{} == 1",
                count(&["configMap", "secret", "downwardAPI", "serviceAccountToken", "clusterTrustBundle"])
            ),
            "each of projected.sources has exactly one of configMap, secret, downwardAPI, serviceAccountToken and \
             clusterTrustBundle",
        ),
        Place::in_containers("volumeMounts[].mountPath")
            .check("self.startsWith('/') && !self.contains(':')", format!("mountPath: {absolute}")),
        Place::in_containers("volumeMounts[]")
            .check(
                "(has(self.subPath) ? 1 : 0) + (has(self.subPathExpr) ? 1 : 0) <= 1",
                "a mount has subPath or subPathExpr: remove one of them",
            )
            .check(
                "!has(self.subPath) || (!self.subPath.startsWith('/') && !self.subPath.matches('(^|/)[.][.](/|$)'))",
                "subPath is a path inside the volume: it must not start with '/' or contain '..'",
            ),
        Place::in_containers("volumeMounts[].mountPropagation").one_of(&["None", "HostToContainer"]),
        Place::at("spec.config.mountPath").check(
            "self.startsWith('/') && self != '/' && !self.contains(':')",
            format!("config.mountPath: {absolute}; not '/' itself"),
        ),
        Place::at("spec.config.files")
            .check("size(self) > 0", "config.files is empty: add a file, or remove config")
            .check(
                "self.all(k, k.size() <= 253 && k.matches('^[-._a-zA-Z0-9]+$') && !k.startsWith('..') && k != '.')",
                "the name of a file in config.files has letters, digits, '-', '_' and '.', and no directory",
            )
            .check(
                "self.map(k, size(self[k])).sum() <= 900000",
                "config.files is larger than a ConfigMap can be: keep it below 900000 characters, or mount a volume",
            ),
        Place::at("spec").check(
            "!has(self.config) || !has(self.volumeMounts) || \
             !self.volumeMounts.exists(m, m.mountPath == self.config.mountPath)",
            "a volume is mounted at config.mountPath: choose another directory for one of them",
        ),
        Place::at("spec").check(
            "!has(self.security) || !has(self.security.writablePaths) || self.security.writablePaths.all(p, \
             !(has(self.config) && self.config.mountPath == p) && \
             !(has(self.volumeMounts) && self.volumeMounts.exists(m, m.mountPath == p)))",
            "a directory of security.writablePaths is mounted already, by volumeMounts or config: remove it there",
        ),
        Place::at("spec").check(
            "!has(self.volumeMounts) || self.volumeMounts.all(m, \
             has(self.volumes) && self.volumes.exists(v, v.name == m.name))",
            "volumeMounts names a volume that is not in volumes: add it there, or correct the name",
        ),
    ];
    for list in ["sidecars", "initContainers"] {
        places.push(Place::at("spec").check(
            format!(
                "!has(self.{list}) || self.{list}.all(c, !has(c.volumeMounts) || c.volumeMounts.all(m, \
                 has(self.volumes) && self.volumes.exists(v, v.name == m.name)))"
            ),
            format!(
                "volumeMounts of one of {list} names a volume that is not in spec.volumes: add it there, or correct \
                 the name"
            ),
        ));
    }
    places.push(pattern(
        Place::at_each(["spec.volumes[].persistentVolumeClaim.claimName", "spec.imagePullSecrets[].name"]),
        DNS_SUBDOMAIN,
        "write the name of an object of this namespace: lower-case letters, digits, '-' and '.'",
    ));
    places.push(
        Place::at("spec.volumes[].projected")
            .check(filled("self.sources"), "projected.sources is empty: add a source, or use emptyDir"),
    );
    places
}
