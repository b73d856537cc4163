//! Limits of every list, map, string and number.
//!
//! They are generous for people and finite for the API server, which multiplies them to learn what a rule may cost.
//! Where nothing else is said, a limit that Kubernetes itself has stands here.

use serde_json::{Value, json};

use super::tree::{self, Node};

/// Most items of a list, by the end of its path. The first that fits holds.
const ITEMS: [(&str, u32); 49] = [
    ("spec.members", 512),
    ("status.hosts", 128),
    // Before the ends that are shorter.
    ("templates[].ports", 32),
    ("external[].ports", 16),
    ("sidecars", 8),
    ("initContainers", 8),
    ("[].env", 128),
    ("env", 512),
    ("envFrom", 32),
    ("[].ports", 8),
    ("ports", 32),
    ("volumes", 64),
    ("volumeMounts", 64),
    ("[].matches", 16),
    ("allowMethods", 9),
    ("allowHeaders", 64),
    ("exposeHeaders", 64),
    ("[].paths", 128),
    ("[].hostnames", 64),
    ("urls", 64),
    ("codes", 32),
    ("routing.hosts", 64),
    ("allowedPrefixes", 64),
    ("cors.allowOrigins", 64),
    ("routes", 32),
    ("topologySpread", 8),
    ("imagePullSecrets", 8),
    ("command", 64),
    ("args", 256),
    ("conditions", 16),
    ("children", 64),
    ("sources", 32),
    ("[].items", 64),
    ("configMap.items", 64),
    ("secret.items", 64),
    ("metrics", 16),
    ("values", 32),
    ("hostAliases", 64),
    ("exposes", 32),
    ("uses", 64),
    ("external", 32),
    ("cidrs", 32),
    ("[].hosts", 32),
    ("allowFrom", 64),
    ("network.hosts", 64),
    ("dependencies", 64),
    ("templates", 8),
    ("serves", 32),
    ("needs", 64),
];
const OTHER_ITEMS: u32 = 16;

/// Most characters of a string, by the end of its path. The first that fits holds.
const LENGTHS: [(&str, u32); 34] = [
    ("status.cycles[]", 1_024),
    ("spec.config.files{}", 524_288),
    ("env[].value", 32_768),
    ("command[]", 16_384),
    ("args[]", 8_192),
    ("nnotations{}", 16_384),
    ("volumeAttributes{}", 2_048),
    ("bels{}", 63),
    ("nodeSelector{}", 63),
    ("image", 1_024),
    ("status.selector", 1_024),
    ("status.url", 1_024),
    ("conditions[].message", 32_768),
    ("conditions[].reason", 1_024),
    ("conditions[].type", 316),
    ("mountPath", 512),
    ("writablePaths[]", 512),
    ("subPath", 1_024),
    ("subPathExpr", 1_024),
    ("paths[]", 1_024),
    ("path.value", 1_024),
    ("httpGet.path", 1_024),
    ("Headers[].value", 4_096),
    ("headers[].value", 4_096),
    ("queryParams[].value", 1_024),
    ("set[].value", 4_096),
    ("add[].value", 4_096),
    ("replaceFullPath", 1_024),
    ("replacePrefixMatch", 1_024),
    ("urls[]", 1_024),
    ("topologyKey", 317),
    ("workingDir", 1_024),
    ("cidrs[]", 64),
    ("needs[]", 512),
];
const OTHER_LENGTH: u32 = 253;

/// Most entries of a map, by the end of its path. The first that fits holds.
const ENTRIES: [(&str, u32); 4] = [("nnotations", 64), ("abels", 64), ("files", 64), ("nodeSelector", 32)];
const OTHER_ENTRIES: u32 = 32;

/// Least and greatest value of a number, by the end of its path. The first that fits holds.
const RANGES: [(&str, i64, i64); 57] = [
    ("observedGeneration", -1, i64::MAX),
    ("services.total", 0, 1_000_000),
    ("services.ready", 0, 1_000_000),
    ("services.progressing", 0, 1_000_000),
    ("services.degraded", 0, 1_000_000),
    ("services.blocked", 0, 1_000_000),
    ("services.missing", 0, 1_000_000),
    ("brokenEdges", 0, 1_000_000),
    ("hostCount", 0, 1_000_000),
    ("ports[].port", 1, 65_535),
    ("targetPort", 1, 65_535),
    ("containerPort", 1, 65_535),
    ("replicas", 0, 100_000),
    ("eadyReplicas", 0, 1_000_000),
    ("minReplicas", 0, 100_000),
    ("maxReplicas", 1, 100_000),
    ("scaling.cpu", 1, 10_000),
    ("scaling.memory", 1, 10_000),
    ("averageUtilization", 1, 10_000),
    ("policies[].value", 1, 100_000),
    ("policies[].periodSeconds", 1, 1_800),
    ("stabilizationWindowSeconds", 0, 3_600),
    ("initialDelaySeconds", 0, 86_400),
    ("periodSeconds", 1, 86_400),
    ("timeoutSeconds", 1, 86_400),
    ("successThreshold", 1, 1_000),
    ("failureThreshold", 1, 100_000),
    ("spec.terminationGracePeriodSeconds", 0, 604_800),
    ("defaults.terminationGracePeriodSeconds", 0, 604_800),
    ("terminationGracePeriodSeconds", 1, 604_800),
    ("drainSeconds", 0, 604_800),
    ("sleep.seconds", 0, 604_800),
    ("minReadySeconds", 0, 604_800),
    ("progressDeadlineSeconds", 1, 2_147_483_647),
    ("revisionHistoryLimit", 0, 1_000),
    ("runAsUser", 0, 2_147_483_647),
    ("runAsGroup", 0, 2_147_483_647),
    ("fsGroup", 0, 2_147_483_647),
    ("maxSkew", 1, 1_000),
    ("minDomains", 1, 1_000),
    ("ode", 0, 511),
    ("expirationSeconds", 600, 4_294_967_296),
    ("tolerationSeconds", i64::MIN, i64::MAX),
    ("backends[].weight", 0, 1_000_000),
    ("weight", 1, 100),
    ("backendRef.port", 1, 65_535),
    ("requestRedirect.port", 1, 65_535),
    ("percent", 0, 100),
    ("numerator", 0, 2_147_483_647),
    ("denominator", 1, 2_147_483_647),
    ("retry.attempts", 1, 100),
    ("retry.codes[]", 400, 599),
    ("maxAge", 1, 2_147_483_647),
    ("endPort", 1, 65_535),
    ("dns[].ports[]", 1, 65_535),
    ("uses[].attempts", 1, 100),
    ("holdTimeoutSeconds", 1, 604_800),
];

/// Puts a limit on every list, map, string and number that has none.
pub fn apply(schema: &mut Value) {
    tree::walk(schema, &mut |path, node| {
        match node.get("type").and_then(Value::as_str) {
            Some("array") => limit(node, "maxItems", chosen(&ITEMS, path).unwrap_or(OTHER_ITEMS)),
            Some("string") if !node.contains_key("enum") => {
                limit(node, "maxLength", chosen(&LENGTHS, path).unwrap_or(OTHER_LENGTH));
            }
            Some("integer") => range(path, node),
            _ => {}
        }
        if node.get("additionalProperties").is_some_and(Value::is_object) {
            limit(node, "maxProperties", chosen(&ENTRIES, path).unwrap_or(OTHER_ENTRIES));
        }
        if node.get("x-kubernetes-int-or-string") == Some(&json!(true)) {
            limit(node, "maxLength", 64);
        }
    });
}

fn chosen(table: &[(&str, u32)], path: &str) -> Option<u32> {
    table.iter().find(|(end, _)| path.ends_with(end)).map(|(_, limit)| *limit)
}

fn limit(node: &mut Node, keyword: &str, value: u32) {
    node.entry(keyword).or_insert(json!(value));
}

fn range(path: &str, node: &mut Node) {
    let Some((_, least, greatest)) = RANGES.iter().find(|(end, ..)| path.ends_with(end)) else { return };
    if *least > i64::MIN {
        node.insert("minimum".to_owned(), json!(least));
    }
    if *greatest < i64::MAX {
        node.insert("maximum".to_owned(), json!(greatest));
    }
}
