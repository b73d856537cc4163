//! Volumes, mounts and inline files.

use crate::server::{self, Accepted, Refused};

pub const REFUSED: [Refused; 27] = [
    ("no source", "volumes: [{name: a}]", "a volume has exactly one source"),
    ("two sources", "volumes: [{name: a, emptyDir: {}, secret: {secretName: s}}]", "a volume has exactly one source"),
    ("hostPath", "volumes: [{name: a, hostPath: {path: /}}]", "unknown field \"spec.volumes[0].hostPath\""),
    ("the same name twice", "volumes: [{name: a, emptyDir: {}}, {name: a, emptyDir: {}}]", "Duplicate value"),
    ("our tmp", "volumes: [{name: tmp, emptyDir: {}}]", "the operator names volumes of its own"),
    ("our config", "volumes: [{name: config, emptyDir: {}}]", "the operator names volumes of its own"),
    ("our writable ones", "volumes: [{name: writable-0, emptyDir: {}}]", "the operator names volumes of its own"),
    ("a name in upper case", "volumes: [{name: A, emptyDir: {}}]", "the name of a volume has lower-case letters"),
    ("a nameless ConfigMap", "volumes: [{name: a, configMap: {name: ''}}]", "say which ConfigMap"),
    ("a nameless Secret", "volumes: [{name: a, secret: {}}]", "say which Secret"),
    ("an empty projection", "volumes: [{name: a, projected: {}}]", "projected.sources is empty"),
    ("an empty projected source", "volumes: [{name: a, projected: {sources: [{}]}}]", "each of projected.sources"),
    (
        "a claim's name",
        "volumes: [{name: a, persistentVolumeClaim: {claimName: My_Claim}}]",
        "write the name of an object of this namespace",
    ),
    (
        "an unknown volume",
        "volumeMounts: [{name: a, mountPath: /a}]",
        "volumeMounts names a volume that is not in volumes",
    ),
    (
        "a sidecar's unknown volume",
        "sidecars: [{name: s, image: i, volumeMounts: [{name: a, mountPath: /a}]}]",
        "volumeMounts of one of sidecars names a volume",
    ),
    (
        "an init container's unknown volume",
        "initContainers: [{name: s, image: i, volumeMounts: [{name: a, mountPath: /a}]}]",
        "volumeMounts of one of initContainers names a volume",
    ),
    (
        "a relative mount",
        "volumes: [{name: a, emptyDir: {}}]\nvolumeMounts: [{name: a, mountPath: a}]",
        "mountPath: write an absolute path without ':'",
    ),
    (
        "two mounts at one place",
        "volumes: [{name: a, emptyDir: {}}]\nvolumeMounts: [{name: a, mountPath: /a}, {name: a, mountPath: /a}]",
        "Duplicate value",
    ),
    (
        "two sub paths",
        "volumes: [{name: a, emptyDir: {}}]\nvolumeMounts: [{name: a, mountPath: /a, subPath: x, subPathExpr: z}]",
        "a mount has subPath or subPathExpr",
    ),
    (
        "a sub path that leaves",
        "volumes: [{name: a, emptyDir: {}}]\nvolumeMounts: [{name: a, mountPath: /a, subPath: ../x}]",
        "subPath is a path inside the volume",
    ),
    (
        "propagation to the node",
        "volumes: [{name: a, emptyDir: {}}]\nvolumeMounts: [{name: a, mountPath: /a, mountPropagation: Bidirectional}]",
        "supported values: \"None\", \"HostToContainer\"",
    ),
    ("files at the root", "config: {mountPath: /, files: {a: b}}", "not '/' itself"),
    ("no files", "config: {mountPath: /etc/app, files: {}}", "config.files is empty"),
    ("a file in a directory", "config: {mountPath: /etc/app, files: {a/b: c}}", "the name of a file in config.files"),
    (
        "files over a mount",
        "volumes: [{name: a, emptyDir: {}}]\nvolumeMounts: [{name: a, mountPath: /etc/app}]\nconfig: {mountPath: /etc/app, files: {a: b}}",
        "a volume is mounted at config.mountPath",
    ),
    (
        "a writable path over files",
        "config: {mountPath: /etc/app, files: {a: b}}\nsecurity: {writablePaths: [/etc/app]}",
        "a directory of security.writablePaths is mounted already",
    ),
    // A row of its own makes the files large; this one keeps the message in the table.
    ("a file name of two dots", "config: {mountPath: /etc/app, files: {..a: b}}", "the name of a file in config.files"),
];

/// The words that refuse files which are too large together.
pub const TOO_LARGE: &str = "config.files is larger than a ConfigMap can be";

const ACCEPTED: [Accepted; 3] = [
    (
        "every source",
        "volumes: [{name: a, emptyDir: {sizeLimit: 1Gi}}, {name: b, configMap: {name: x}}, {name: c, secret: {secretName: x, defaultMode: 256}}, {name: d, persistentVolumeClaim: {claimName: x}}, {name: e, projected: {sources: [{serviceAccountToken: {path: token, audience: vault}}]}}, {name: f, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}, {name: g, csi: {driver: csi.example.com}}, {name: h, ephemeral: {volumeClaimTemplate: {metadata: {labels: {a: b}}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}]",
    ),
    (
        "mounts everywhere",
        "volumes: [{name: a, emptyDir: {}}]\nvolumeMounts: [{name: a, mountPath: /a}, {name: a, mountPath: /b, subPath: x/y, readOnly: true}]\nsidecars: [{name: s, image: i, volumeMounts: [{name: a, mountPath: /a}]}]\ninitContainers: [{name: t, image: i, volumeMounts: [{name: a, mountPath: /a}]}]",
    ),
    ("files", "config: {mountPath: /etc/app, files: {app.yaml: 'logLevel: info', .hidden: x, A_b-c: ''}}"),
];

#[tokio::test]
async fn refused() {
    server::assert_refused(&REFUSED).await;
}

#[tokio::test]
async fn accepted() {
    server::assert_accepted(&ACCEPTED).await;
}

#[tokio::test]
async fn files_that_no_config_map_can_hold_are_refused() {
    let server = server::installed().await;
    let mut object = server::object("frontend", "config: {mountPath: /etc/app, files: {}}");
    for name in ["a", "b"] {
        object["spec"]["config"]["files"][name] = "x".repeat(460_000).into();
    }
    let words = server::create(server, &object, true).await.expect_err("too large");
    assert!(words.contains(TOO_LARGE), "{words}");
    object["spec"]["config"]["files"]["b"] = "x".repeat(430_000).into();
    server::create(server, &object, true).await.expect("small enough");
}
