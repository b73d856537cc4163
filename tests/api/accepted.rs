//! Whole objects that must be accepted.

use serde_json::{Value, json};

use crate::server::{self, Accepted};

const ACCEPTED: [Accepted; 3] = [
    ("an image alone", ""),
    (
        "a web service with the golden path",
        "
system: online-boutique
image: registry.example/frontend:v0.10.6
ports:
- {name: http, port: 80, targetPort: 8080, protocol: http}
probes:
  readiness: {httpGet: {path: /_healthz}}
resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}
scaling: {minReplicas: 2, maxReplicas: 10, cpu: 80}
routes:
- hostnames: [shop.example.com]
",
    ),
    (
        "null is unset, in every kind of field",
        "
class: null
paused: null
imagePullPolicy: null
env: [{name: A, value: null, valueFrom: null}]
envFrom: null
command: null
args: null
volumes: [{name: a, emptyDir: {sizeLimit: null}, secret: null}]
resources: {limits: null, requests: {cpu: 1}}
podLabels: null
annotations: null
service: null
ports: [{name: http, port: 80, targetPort: null, protocol: null}]
probes: {readiness: {disabled: null, httpGet: {path: null, httpHeaders: null}}, liveness: null}
scaling: {replicas: null, minReplicas: null, maxReplicas: 3, metrics: null, behavior: {scaleUp: null}}
rollout: {strategy: null, maxSurge: null}
topologySpread: [{topologyKey: zone, whenUnsatisfiable: null}]
tolerations: null
affinity: {nodeAffinity: null}
routes: [{name: null, hostnames: null, port: null, matches: [{path: {type: null, value: null}, headers: null}]}]
serviceAccount: {create: null, annotations: null}
security: {writableRoot: null, capabilities: null}
",
    ),
];

#[tokio::test]
async fn accepted() {
    server::assert_accepted(&ACCEPTED).await;
}

/// Rules cost what they look at, and the server gives up on an object that costs too much.
#[tokio::test]
async fn an_object_as_large_as_the_limits_allow() {
    let server = server::installed().await;
    let many = |count: usize, make: &dyn Fn(usize) -> Value| (0..count).map(make).collect::<Vec<Value>>();
    let long = |prefix: &str, index: usize| format!("{prefix}{index:0>width$}", width = 60 - prefix.len());
    let env = |count| many(count, &|i| json!({"name": long("VARIABLE_", i), "value": "x".repeat(100)}));
    let mounts =
        || many(64, &|i| json!({"name": long("volume-", i), "mountPath": format!("/mounts/{}", long("path-", i))}));
    let map = |count: usize| -> Value {
        (0..count).map(|i| (format!("example.com/{}", long("key-", i)), json!(long("value-", i)))).collect()
    };
    let container = |prefix: &'static str| {
        let make = move |i: usize| {
            json!({
                "name": format!("{prefix}-{i}"), "image": "registry.example/proxy:v1",
                "env": env(128), "volumeMounts": mounts(),
                "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m", "memory": "1Gi"}},
            })
        };
        many(8, &make)
    };
    let mut object = server::object("frontend", "");
    object["spec"] = json!({
        "image": "registry.example/app:v1",
        "env": env(512),
        "ports": many(32, &|i| json!({"name": format!("port-{i}"), "port": 1000 + i, "targetPort": 2000 + i})),
        "volumes": many(64, &|i| json!({"name": long("volume-", i), "emptyDir": {}})),
        "volumeMounts": mounts(),
        "config": {"mountPath": "/etc/app", "files": map(0)},
        "sidecars": container("side"),
        "initContainers": container("init"),
        "labels": map(64), "podLabels": map(64), "annotations": map(64), "podAnnotations": map(64),
        "routes": many(32, &|i| json!({
            "name": format!("route-{i}"),
            "port": format!("port-{i}"),
            "hostnames": many(16, &|h| json!(format!("{}.example.com", long(&format!("host-{i}-"), h)))),
            "matches": many(8, &|m| json!({"path": {"value": format!("/path/{m}")}, "headers": many(16, &|h| json!({"name": long("X-Header-", h), "value": "x"}))})),
        })),
        "security": {"writablePaths": many(16, &|i| json!(format!("/var/{}", long("path-", i))))},
        "tolerations": many(16, &|i| json!({"key": long("key-", i), "operator": "Exists"})),
        "hostAliases": many(64, &|i| json!({"ip": format!("192.0.2.{i}"), "hostnames": many(16, &|h| json!(format!("host-{h}.example.com")))})),
    });
    for i in 0..64 {
        object["spec"]["config"]["files"][long("file-", i)] = "x".repeat(2_000).into();
    }
    if let Err(words) = server::create(server, &object, true).await {
        panic!("{words}");
    }
}

/// Strictly, so that a field which the schema does not know is found as well.
#[tokio::test]
async fn every_sample() {
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../manifests/samples");
    let mut folders = vec![std::path::PathBuf::from(samples)];
    let mut put = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let objects: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
            let ours = |object: &Value| object["apiVersion"] == "microservices.dev/v1alpha1";
            for mut object in objects.into_iter().filter(ours) {
                object["metadata"].as_object_mut().unwrap().remove("namespace");
                if let Err(words) = server::create(server::installed().await, &object, true).await {
                    panic!("{}: {words}", path.display());
                }
                put += 1;
            }
        }
    }
    assert!(put > 0, "there are no samples in {samples}");
}
