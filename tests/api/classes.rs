//! MicroserviceClasses.

use std::collections::BTreeSet;

use microservice_crds::{MicroserviceClass, schema::rules};
use serde_json::{Value, json};

use crate::{
    coverage,
    server::{self, Accepted, Refused},
};

pub const REFUSED: [Refused; 36] = [
    ("a profile", "profile: '1'", "profile must be 'v' and a number"),
    ("an unknown field", "replicas: 3", "unknown field \"spec.replicas\""),
    ("an unknown default", "defaults: {image: a}", "unknown field \"spec.defaults.image\""),
    ("overrides", "overrides: Perhaps", "supported values: \"Allowed\", \"Forbidden\""),
    ("a loosening", "loosenings: [Privileged]", "supported values: \"RunAsUser\""),
    ("a loosening twice", "loosenings: [RunAsUser, RunAsUser]", "Duplicate value"),
    (
        "an operator",
        "namespaces: {matchExpressions: [{key: a, operator: Gt, values: ['1']}]}",
        "supported values: \"In\", \"NotIn\", \"Exists\", \"DoesNotExist\"",
    ),
    (
        "In without values",
        "namespaces: {matchExpressions: [{key: a, operator: In}]}",
        "In and NotIn compare with values, Exists and DoesNotExist with none",
    ),
    (
        "Exists with values",
        "routing: {hosts: [{pattern: a.example, namespaces: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}]}",
        "In and NotIn compare with values, Exists and DoesNotExist with none",
    ),
    ("a label's key", "namespaces: {matchLabels: {'a b': c}}", "a key has a name of letters"),
    ("a label's value", "namespaces: {matchLabels: {a: 'b c'}}", "the value of a label has letters"),
    ("a gateway without a name", "routing: {gateways: [{}]}", "spec.routing.gateways[0].name: Required value"),
    ("a gateway's name", "routing: {gateways: [{name: Public}]}", "write the name of a Gateway"),
    ("a gateway's namespace", "routing: {gateways: [{name: a, namespace: a.b}]}", "write the name of a namespace"),
    ("a listener's name", "routing: {gateways: [{name: a, sectionName: ''}]}", "write the name of a listener"),
    (
        "a listener for http",
        "routing: {gateways: [{name: a, listeners: {http: Web, https: secure}}]}",
        "write the name of a listener",
    ),
    (
        "one listener for both",
        "routing: {gateways: [{name: a, listeners: {http: web, https: web}}]}",
        "http and https are two listeners",
    ),
    (
        "one listener alone",
        "routing: {gateways: [{name: a, listeners: {http: web}}]}",
        "listeners.https: Required value",
    ),
    (
        "a gateway twice",
        "routing: {gateways: [{name: a, namespace: b}, {name: a, namespace: b}]}",
        "the same gateway stands there twice",
    ),
    ("a redirect without gateways", "routing: {tlsRedirect: true}", "tlsRedirect needs to know the two listeners"),
    (
        "a redirect without listeners",
        "routing: {tlsRedirect: true, gateways: [{name: a, listeners: {http: b, https: c}}, {name: d}]}",
        "tlsRedirect needs to know the two listeners",
    ),
    ("a template in upper case", "routing: {hostTemplates: ['{name}.Example.com']}", "a template is a host name"),
    ("a template's placeholder", "routing: {hostTemplates: ['{system}.example.com']}", "a template is a host name"),
    ("a template's brace", "routing: {hostTemplates: ['{name.example.com']}", "a template is a host name"),
    ("an empty template", "routing: {hostTemplates: ['']}", "a template is a host name"),
    ("a pattern with a port", "routing: {hosts: [{pattern: 'a.example:80'}]}", "a pattern is a host name"),
    ("a pattern by route", "routing: {hosts: [{pattern: '{route}.example.com'}]}", "a pattern is a host name"),
    ("a star inside", "routing: {hosts: [{pattern: 'a.*.example'}]}", "a pattern is a host name"),
    ("an empty prefix", "images: {allowedPrefixes: ['']}", "write how the name of an image starts"),
    ("a scheme", "images: {allowedPrefixes: ['https://registry.example/']}", "write how the name of an image starts"),
    ("no replicas at all", "limits: {maxReplicas: 0}", "should be greater than or equal to 1"),
    ("a resource", "limits: {requiredRequests: ['c p u']}", "write the name of a resource"),
    (
        "more replicas than allowed",
        "limits: {maxReplicas: 5}\ndefaults: {scaling: {minReplicas: 2, maxReplicas: 6}}",
        "defaults.scaling gives more replicas than limits.maxReplicas allows",
    ),
    (
        "a count above what is allowed",
        "limits: {maxReplicas: 5}\ndefaults: {scaling: {replicas: 6}}",
        "defaults.scaling gives more replicas than limits.maxReplicas allows",
    ),
    ("a drain longer than grace", "defaults: {drainSeconds: 30}", "defaults.drainSeconds must be less than"),
    ("claims", "defaults: {resources: {claims: [{name: gpu}]}}", "unknown field \"spec.defaults.resources.claims\""),
];

const ACCEPTED: [Accepted; 7] = [
    ("nothing", ""),
    (
        "a golden path",
        "
profile: v1
namespaces: {matchLabels: {tier: public}, matchExpressions: [{key: env, operator: In, values: [live, test]}, {key: legacy, operator: DoesNotExist}]}
defaults:
  imagePullPolicy: IfNotPresent
  imagePullSecrets: [{name: registry}]
  env: [{name: REGION, value: north}, {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
  resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
  probes: {readiness: {httpGet: {path: /healthz}}, liveness: {disabled: true}}
  scaling: {minReplicas: 2, maxReplicas: 10, cpu: 70}
  rollout: {maxSurge: 1, maxUnavailable: 0}
  podLabels: {team: a}
  annotations: {example.com/owner: platform}
  service: {annotations: {example.com/balancer: internal}, trafficDistribution: PreferSameZone}
  serviceAccount: {annotations: {example.com/role: reader}}
  disruptionBudget: {maxUnavailable: 25%}
  topologySpread: []
  terminationGracePeriodSeconds: 60
  drainSeconds: 15
  nodeSelector: {pool: web}
  tolerations: [{key: pool, value: web, effect: NoSchedule}]
  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}}
  priorityClassName: normal
  runtimeClassName: gvisor
  dnsConfig: {options: [{name: ndots, value: '2'}]}
  automountServiceAccountToken: false
  security: {runAsUser: 1000, writablePaths: [/var/cache], capabilities: [NET_BIND_SERVICE]}
routing:
  gateways: [{name: public, namespace: gateways, listeners: {http: web, https: websecure}}, {name: internal, kind: ListenerSet, sectionName: a, listeners: {http: b, https: c}}]
  hostTemplates: ['{name}.{namespace}.example.com', '{route}-{name}.example.org']
  hosts: [{pattern: '*.{namespace}.example.com'}, {pattern: shop.example.com, namespaces: {matchLabels: {tier: public}}}]
  tlsRedirect: true
  readyRequiresExposed: true
images: {allowedPrefixes: [registry.example/shop/, 'registry.example:5000/'], digestRequired: true}
limits: {maxReplicas: 20, requiredRequests: [cpu, memory, example.com/gpu]}
loosenings: [RunAsUser, WritablePaths]
overrides: Forbidden
",
    ),
    ("targets without a count", "defaults: {scaling: {cpu: 70, behavior: {scaleDown: {selectPolicy: Min}}}}"),
    ("nothing granted and nothing loosened", "routing: {hosts: []}\nloosenings: []"),
    ("a pod that ends at once", "defaults: {terminationGracePeriodSeconds: 0, drainSeconds: 0}"),
    (
        "one gateway by two listeners",
        "routing: {gateways: [{name: a, sectionName: b}, {name: a, sectionName: c}, {name: a, namespace: d}]}",
    ),
    (
        "null is unset",
        "profile: null\nnamespaces: null\ndefaults: {env: null, scaling: null, service: null, labels: null}\nrouting: {gateways: null, hosts: null}\nimages: {allowedPrefixes: null}\nloosenings: null\noverrides: null",
    ),
];

/// Rows of Microservices that hold for classes too: those whose fields a class has as defaults, under `defaults`.
pub fn refused_as_defaults() -> Vec<(String, Value, &'static str)> {
    let known: BTreeSet<String> = rules::of_classes()
        .into_iter()
        .flat_map(|place| place.paths)
        .filter_map(|path| Some(path.strip_prefix("spec.defaults.")?.split(['.', '[', '{']).next()?.to_owned()))
        .collect();
    let messages: Vec<String> =
        rules::of_classes().into_iter().flat_map(|place| place.checks).map(|(_, message)| message).collect();
    let mut rows = Vec::new();
    for (about, spec, message) in coverage::OF_MICROSERVICES.into_iter().flatten() {
        let mut spec: serde_json::Map<String, Value> = serde_saphyr::from_str(spec).expect(spec);
        // Probes have their ports beside them.
        spec.remove("ports");
        // Of an account a class has the annotations alone.
        let account = spec.get("serviceAccount").is_none_or(|account| account.get("annotations").is_some());
        if account
            && spec.keys().all(|field| known.contains(field))
            && messages.iter().any(|of_class| of_class.contains(message))
        {
            rows.push(((*about).to_owned(), json!({ "defaults": spec }), *message));
        }
    }
    rows
}

#[tokio::test]
async fn refused() {
    server::assert_classes_refused(&REFUSED).await;
}

#[tokio::test]
async fn accepted() {
    server::assert_classes_accepted(&ACCEPTED).await;
}

#[tokio::test]
async fn defaults_are_held_to_the_rules_of_the_fields_that_they_stand_for() {
    let rows = refused_as_defaults();
    assert!(rows.len() > 40, "only {} rows", rows.len());
    let server = server::installed().await;
    for (about, spec, message) in rows {
        let mut class = server::class("");
        class["spec"] = spec;
        let words = server::create(server, &class, true).await.expect_err(&about);
        assert!(words.contains(message), "{about}: {}\n{words}", class["spec"]);
    }
}

/// Rules cost what they look at, and the server gives up on an object that costs too much.
#[tokio::test]
async fn a_class_as_large_as_the_limits_allow() {
    let server = server::installed().await;
    let many = |count: usize, make: &dyn Fn(usize) -> Value| (0..count).map(make).collect::<Vec<Value>>();
    let long = |prefix: &str, index: usize| format!("{prefix}{index:0>width$}", width = 60 - prefix.len());
    let map = || -> Value {
        (0..64).map(|i| (format!("example.com/{}", long("key-", i)), json!(long("value-", i)))).collect()
    };
    let labels = || -> Value { (0..8).map(|i| (long("key-", i), json!(long("value-", i)))).collect() };
    let selector = || {
        let parts = many(
            8,
            &|i| json!({"key": long("key-", i), "operator": "In", "values": many(32, &|v| json!(long("value-", v)))}),
        );
        json!({"matchLabels": labels(), "matchExpressions": parts})
    };
    let mut class = server::class("");
    class["spec"] = json!({
        "namespaces": selector(),
        "defaults": {
            "env": many(512, &|i| json!({"name": long("VARIABLE_", i), "value": "x".repeat(100)})),
            "labels": map(), "podLabels": map(), "annotations": map(), "podAnnotations": map(),
            "service": {"annotations": map()}, "serviceAccount": {"annotations": map()},
            "tolerations": many(16, &|i| json!({"key": long("key-", i), "operator": "Exists"})),
        },
        "routing": {
            "gateways": many(16, &|i| json!({"name": long("gateway-", i), "namespace": long("namespace-", i)})),
            "hostTemplates": many(16, &|i| json!(format!("{}.{{name}}.{{namespace}}.example.com", long("host-", i)))),
            "hosts": many(64, &|i| json!({"pattern": format!("*.{}.{{namespace}}.example.com", long("host-", i)), "namespaces": selector()})),
        },
        "images": {"allowedPrefixes": many(64, &|i| json!(format!("registry.example/{}/", long("path-", i))))},
    });
    let made = server::create(server, &class, true).await.unwrap_or_else(|words| panic!("{words}"));
    serde_json::from_value::<MicroserviceClass>(made).unwrap();
}
