//! Microservices at random: [`sane`] ones that mostly can be built, and [`wild`] ones with anything in any field.

use microservice_core::plan::Subject;
use microservice_crds::MicroserviceSpec;
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

pub type Json = BoxedStrategy<Value>;

/// Mostly can be built.
pub fn sane() -> impl Strategy<Value = Subject> {
    ("[a-z]([a-z0-9]{0,46}[a-z0-9])?", spec(Taste { wild: false }))
        .prop_filter_map("no subject", |(name, spec)| subject(name, spec))
}

/// Anything that the types can hold.
pub fn wild() -> impl Strategy<Value = Subject> {
    (text(Taste { wild: true }), spec(Taste { wild: true }))
        .prop_filter_map("no subject", |(name, spec)| subject(name, spec))
}

/// The rules that the loosenings of a spec break, and only these may be broken.
pub fn loosened(name: &str, spec: &MicroserviceSpec) -> Vec<String> {
    let security = spec.security.clone().unwrap_or_default();
    let extras = spec.sidecars.iter().chain(&spec.init_containers).map(|c| (c.name.as_str(), c.run_as_user));
    let mut broken = Vec::new();
    for (container, user) in extras.chain([(name, None)]) {
        if user.or(security.run_as_user) == Some(0) {
            broken.extend([format!("{container}: runAsNonRoot"), format!("{container}: runAsUser")]);
        }
    }
    if security.capabilities.iter().any(|c| c != "NET_BIND_SERVICE") {
        broken.push(format!("{name}: capabilities.add"));
    }
    broken
}

/// Any JSON, with names of fields that the comparison knows.
pub fn json() -> Json {
    let names = select(vec![
        "containers",
        "env",
        "volumes",
        "ports",
        "port",
        "containerPort",
        "name",
        "value",
        "valueFrom",
        "metrics",
        "readinessProbe",
        "httpGet",
        "tcpSocket",
        "labels",
        "requests",
        "cpu",
        "conditions",
        "status",
        "parents",
        "type",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..3_i64).prop_map(Value::from),
        select(vec!["", "a", "1", "1Gi", "http"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 5, move |inner| {
        let names = names.clone();
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((names, inner), 0..5).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
    .boxed()
}

fn subject(name: String, spec: Value) -> Option<Subject> {
    // What does not fit the types never gets past the API server.
    let spec = serde_json::from_value(spec).ok()?;
    Some(Subject { name, namespace: "shop".into(), uid: "1".into(), generation: 1, spec })
}

#[derive(Clone, Copy)]
pub struct Taste {
    pub wild: bool,
}

/// A text: a good one, or, where the taste is wild, now and then anything.
pub fn text(taste: Taste) -> BoxedStrategy<String> {
    let good = select(vec!["a", "b", "web", "http", "x1", "main", "tmp", "config"]).prop_map(str::to_owned);
    if taste.wild {
        prop_oneof![6 => good, 2 => "[a-zA-Z0-9/:%.@_*-]{0,70}", 1 => ".{0,20}"].boxed()
    } else {
        prop_oneof!["[a-z][a-z0-9]{0,8}", good].boxed()
    }
}

/// One of these, or, where the taste is wild, now and then any text.
pub fn one_of(taste: Taste, good: &[&str]) -> Json {
    let good = select(good.iter().map(|s| Value::from(*s)).collect::<Vec<_>>());
    if taste.wild { prop_oneof![5 => good, 1 => text(taste).prop_map(Value::from)].boxed() } else { good.boxed() }
}

pub fn number(taste: Taste, good: std::ops::Range<i32>) -> Json {
    let edges = select(vec![i32::MIN, -1, 0, 1, 65535, 65536, i32::MAX]);
    if taste.wild {
        prop_oneof![3 => good, 1 => edges].prop_map(Value::from).boxed()
    } else {
        good.prop_map(Value::from).boxed()
    }
}

/// An object with some of these fields.
pub fn object(fields: Vec<(&'static str, Json)>) -> Json {
    let strategies: Vec<BoxedStrategy<Option<(&'static str, Value)>>> = fields
        .into_iter()
        .map(|(name, value)| option::weighted(0.4, value).prop_map(move |v| v.map(|v| (name, v))).boxed())
        .collect();
    strategies
        .prop_map(|fields| {
            Value::Object(fields.into_iter().flatten().map(|(k, v)| (k.to_owned(), v)).collect::<Map<_, _>>())
        })
        .boxed()
}

/// An object that has all of the first fields, and some of the others.
pub fn with(required: Vec<(&'static str, Json)>, optional: Vec<(&'static str, Json)>) -> Json {
    let required: Vec<BoxedStrategy<(&'static str, Value)>> =
        required.into_iter().map(|(name, value)| value.prop_map(move |v| (name, v)).boxed()).collect();
    (required, object(optional))
        .prop_map(|(required, optional)| {
            let Value::Object(mut map) = optional else { unreachable!() };
            map.extend(required.into_iter().map(|(k, v)| (k.to_owned(), v)));
            Value::Object(map)
        })
        .boxed()
}

pub fn list(item: Json, most: usize) -> Json {
    vec(item, 0..=most).prop_map(Value::Array).boxed()
}

/// A list whose elements differ in a field, where the taste is not wild.
fn distinct(taste: Taste, item: Json, key: &'static str, most: usize) -> Json {
    list(item, most)
        .prop_map(move |mut all| {
            let mut seen = std::collections::BTreeSet::new();
            if let (false, Some(list)) = (taste.wild, all.as_array_mut()) {
                list.retain(|item| seen.insert(item[key].to_string()));
            }
            all
        })
        .boxed()
}

pub fn map(taste: Taste, keys: &'static [&'static str], value: Json) -> Json {
    let key = one_of(taste, keys).prop_map(|k| k.as_str().unwrap_or_default().to_owned());
    vec((key, value), 0..3).prop_map(|fields| Value::Object(fields.into_iter().collect())).boxed()
}

fn words(taste: Taste) -> Json {
    list(text(taste).prop_map(Value::from).boxed(), 3)
}

pub fn flag() -> Json {
    any::<bool>().prop_map(Value::from).boxed()
}

pub fn resources(taste: Taste) -> Json {
    let amounts = |good: &[&str]| map(taste, &["cpu", "memory"], one_of(taste, good));
    object(vec![("requests", amounts(&["10m", "0.1", "1"])), ("limits", amounts(&["1", "2", "1Gi", "64Mi"]))])
}

pub fn env(taste: Taste) -> Json {
    let name = one_of(taste, &["A", "B", "LOG_LEVEL"]);
    let plain = with(vec![("name", name.clone())], vec![("value", one_of(taste, &["", "x", "$(A)"]))]);
    let from = with(
        vec![("name", name), ("valueFrom", Just(json!({"fieldRef": {"fieldPath": "metadata.name"}})).boxed())],
        vec![],
    );
    distinct(taste, prop_oneof![plain, from].boxed(), "name", 3)
}

pub fn probe(taste: Taste) -> Json {
    let port = prop_oneof![one_of(taste, &["a", "http"]), number(taste, 1..9000)].boxed();
    let handler = prop_oneof![
        Just(json!({})),
        object(vec![("port", port.clone()), ("path", one_of(taste, &["/", "/ok"]))])
            .prop_map(|v| json!({"httpGet": v})),
        object(vec![("port", port.clone())]).prop_map(|v| json!({"tcpSocket": v})),
        object(vec![("port", port)]).prop_map(|v| json!({"grpc": v})),
        Just(json!({"exec": {"command": ["check"]}})),
    ];
    let times = object(vec![
        ("disabled", flag()),
        ("initialDelaySeconds", number(taste, 0..9)),
        ("periodSeconds", number(taste, 1..9)),
        ("successThreshold", number(taste, 1..2)),
    ]);
    (handler, times)
        .prop_map(|(mut handler, times)| {
            if let (Some(map), Value::Object(times)) = (handler.as_object_mut(), times) {
                map.extend(times);
            }
            handler
        })
        .boxed()
}

fn extra(taste: Taste, names: &'static [&'static str]) -> Json {
    let item = with(
        vec![("name", one_of(taste, names)), ("image", one_of(taste, &["p:1"]))],
        vec![
            ("command", words(taste)),
            ("env", env(taste)),
            ("resources", resources(taste)),
            ("runAsUser", number(taste, 0..3)),
            ("livenessProbe", if taste.wild { probe(taste) } else { Just(Value::Null).boxed() }),
        ],
    );
    distinct(taste, item, "name", 2)
}

fn volumes(taste: Taste) -> Json {
    let sources = prop_oneof![
        Just(json!({"emptyDir": {}})),
        Just(json!({"secret": {"secretName": "s"}})),
        Just(json!({"configMap": {"name": "m"}})),
        Just(json!({"persistentVolumeClaim": {"claimName": "c"}})),
        Just(json!({"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}})),
    ];
    let item = (one_of(taste, &["v1", "v2", "v3"]), sources).prop_map(|(name, mut volume)| {
        volume["name"] = name;
        volume
    });
    distinct(taste, item.boxed(), "name", 3)
}

pub fn amount(taste: Taste) -> Json {
    prop_oneof![number(taste, 1..5), one_of(taste, &["25%", "50%", "100%"])].boxed()
}

pub fn scaling(taste: Taste) -> Json {
    let fixed = object(vec![("replicas", number(taste, 0..9))]);
    let auto = with(
        vec![("maxReplicas", number(taste, 4..9))],
        vec![
            ("minReplicas", number(taste, 1..4)),
            ("cpu", number(taste, 1..99)),
            ("memory", number(taste, 1..99)),
            ("metrics", list(select(metrics()).boxed(), 2)),
            (
                "behavior",
                object(vec![("scaleDown", object(vec![("stabilizationWindowSeconds", number(taste, 0..9))]))]),
            ),
        ],
    );
    prop_oneof![fixed, auto].boxed()
}

fn metrics() -> Vec<Value> {
    let metric = |kind: &str, block: &str, source: Value| json!({"type": kind, block: source});
    let target = json!({"type": "AverageValue", "averageValue": "500m"});
    vec![
        metric("Resource", "resource", json!({"name": "cpu", "target": target})),
        metric("Pods", "pods", json!({"metric": {"name": "rps"}, "target": target})),
        metric("External", "external", json!({"metric": {"name": "queue"}, "target": {"type": "Value", "value": 3}})),
    ]
}

fn routes(taste: Taste) -> Json {
    let path = one_of(taste, &["/", "/api", "/a/b"]);
    let item = with(
        vec![("name", one_of(taste, &["main", "api", "beta"])), ("gateway", Just(json!({"name": "g"})).boxed())],
        vec![
            ("hostnames", distinct(Taste { wild: true }, one_of(taste, &["a.example.com", "*.example.com"]), "", 1)),
            ("paths", list(path, 2)),
            ("timeouts", object(vec![("request", one_of(taste, &["1s", "1h30m"]))])),
        ],
    );
    distinct(taste, item, "name", 3)
}

fn ports(taste: Taste) -> Json {
    let protocol = select(["http", "https", "h2c", "grpc", "ws", "tcp", "udp"].map(Value::from).to_vec()).boxed();
    let others = with(
        vec![("name", one_of(taste, &["a", "b", "c"])), ("port", number(taste, 1..5))],
        vec![("targetPort", number(taste, 8000..8003)), ("protocol", protocol)],
    );
    // One port that speaks HTTP, so that routes lead somewhere.
    let web = json!({"name": "http", "port": 80, "targetPort": 8080, "protocol": "http"});
    let by_name = distinct(taste, others, "name", 3);
    by_name
        .prop_map(move |mut all| {
            if let Some(list) = all.as_array_mut() {
                let mut seen = std::collections::BTreeSet::new();
                if !taste.wild {
                    list.retain(|port| seen.insert(port["port"].to_string()));
                }
                list.push(web.clone());
            }
            all
        })
        .boxed()
}

pub fn security(taste: Taste) -> Json {
    object(vec![
        ("runAsUser", number(taste, 0..3)),
        ("fsGroup", number(taste, 0..3)),
        ("writableRoot", flag()),
        ("writablePaths", prop_oneof![Just(json!(["/var/cache", "/run"])), list(one_of(taste, &["/w"]), 1)].boxed()),
        ("capabilities", list(one_of(taste, &["NET_BIND_SERVICE", "CHOWN"]), 2)),
        ("hostUsers", flag()),
    ])
}

fn spec(taste: Taste) -> Json {
    let label = || map(taste, &["team", "example.com/a"], one_of(taste, &["x", "y-1", ""]));
    let mounts = if taste.wild {
        list(object(vec![("name", one_of(taste, &["v1"])), ("mountPath", one_of(taste, &["/v1", "/tmp"]))]), 2)
    } else {
        Just(json!([])).boxed()
    };
    let spread = with(vec![("topologyKey", one_of(taste, &["zone"]))], vec![("maxSkew", number(taste, 1..3))]);
    let config = with(
        vec![
            ("mountPath", one_of(taste, &["/etc/app"])),
            ("files", map(taste, &["a", "b.yaml"], one_of(taste, &["", "x"]))),
        ],
        vec![],
    );
    let images = one_of(taste, &["a", "a:1", "r.io:5000/a/b:v1.2", "a@sha256:00", "a:_x_"]);
    with(
        vec![("image", images)],
        vec![
            ("profile", one_of(taste, &["v1"])),
            ("system", one_of(taste, &["shop"])),
            ("command", words(taste)),
            ("env", env(taste)),
            ("volumes", volumes(taste)),
            ("volumeMounts", mounts),
            ("config", config),
            ("resources", resources(taste)),
            ("sidecars", extra(taste, &["s1", "s2"])),
            ("initContainers", extra(taste, &["i1", "i2"])),
            ("podLabels", label()),
            ("labels", label()),
            ("annotations", label()),
            ("restartedAt", one_of(taste, &["2026-01-31T12:00:00Z"])),
            ("ports", ports(taste)),
            (
                "probes",
                object(vec![
                    ("readiness", if taste.wild { probe(taste) } else { Just(json!({})).boxed() }),
                    ("liveness", probe(taste)),
                ]),
            ),
            ("scaling", scaling(taste)),
            (
                "rollout",
                object(vec![
                    ("maxSurge", amount(taste)),
                    ("maxUnavailable", amount(taste)),
                    ("minReadySeconds", number(taste, 0..9)),
                ]),
            ),
            ("disruptionBudget", object(vec![("maxUnavailable", amount(taste)), ("enabled", flag())])),
            ("topologySpread", list(spread, 1)),
            ("terminationGracePeriodSeconds", number(taste, 10..60)),
            ("drainSeconds", number(taste, 0..9)),
            ("serviceAccount", object(vec![("name", one_of(taste, &["other"]))])),
            ("service", object(vec![("headless", flag())])),
            ("routes", routes(taste)),
            ("security", security(taste)),
        ],
    )
}
