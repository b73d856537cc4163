//! What a spec itself says, value by value: by the same paths as what a class gives.

use std::collections::BTreeMap;

use microservice_crds::MicroserviceSpec;
use serde_json::{Map, Value};

use super::merge::{ENV, WHOLE, place, says};

/// Lists of named objects whose fields are values of their own.
const BLOCKS: &[&str] = &["ports", "routes", "sidecars", "initContainers"];

/// Lists of named things that are one value each.
const ITEMS: &[&str] = &[ENV, "volumes"];

/// Every value of a spec, by its path.
pub(in super::super) fn said(spec: &MicroserviceSpec) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    if let Ok(Value::Object(spec)) = serde_json::to_value(spec) {
        walk("", spec, &mut all);
    }
    all
}

fn walk(path: &str, block: Map<String, Value>, all: &mut BTreeMap<String, Value>) {
    for (key, value) in block {
        let at = place(path, &key);
        match value {
            Value::Array(list) if BLOCKS.contains(&at.as_str()) => {
                for item in list {
                    let item_at = named(&at, &item);
                    if let Value::Object(mut item) = item {
                        item.remove("name");
                        walk(&item_at, item, all);
                    }
                }
            }
            Value::Array(list) if ITEMS.contains(&at.as_str()) => {
                all.extend(list.into_iter().map(|item| {
                    // A variable that only has a value is told by that.
                    (named(&at, &item), item.get("value").unwrap_or(&item).clone())
                }));
            }
            Value::Object(block) if !is_whole(path, &at) => walk(&at, block, all),
            value if says(&at, &value) => drop(all.insert(at, value)),
            _ => {}
        }
    }
}

fn named(list: &str, item: &Value) -> String {
    format!("{list}[{}]", item.get("name").and_then(Value::as_str).unwrap_or_default())
}

/// Whether an object is one value: a probe, an override, the Gateway of a route.
fn is_whole(path: &str, at: &str) -> bool {
    WHOLE.contains(&at) || path == "overrides" || (path.starts_with("routes[") && at.ends_with(".gateway"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{
        Source,
        class::tests::{source, with_defaults},
        tests::subject,
    };

    #[test]
    fn every_value_has_a_path() {
        let spec = subject(
            "{image: a:1, labels: {a.b/c: d}, config: {mountPath: /etc/a, files: {a.yaml: x}}, tolerations: [{key: k}],
              env: [{name: A, value: b}, {name: F, valueFrom: {fieldRef: {fieldPath: f}}}],
              ports: [{name: http, port: 80, protocol: http}], probes: {liveness: {httpGet: {path: /}}},
              routes: [{hostnames: [a.io], gateway: {name: g}, timeouts: {request: 1s}}], topologySpread: [],
              sidecars: [{name: p, image: p:1, resources: {requests: {cpu: 1}}}], imagePullSecrets: [], scaling: {},
              volumes: [{name: v, emptyDir: {}}], overrides: {Deployment: {spec: {paused: true}}}}",
        );
        let all = said(&spec.spec);
        assert_eq!(
            all.keys().map(String::as_str).collect::<Vec<_>>(),
            [
                "config.files[a.yaml]",
                "config.mountPath",
                "env[A]",
                "env[F]",
                "image",
                "labels[a.b/c]",
                "overrides.Deployment",
                "ports[http].port",
                "ports[http].protocol",
                "probes.liveness",
                "routes[main].gateway",
                "routes[main].hostnames",
                "routes[main].timeouts.request",
                "sidecars[p].image",
                "sidecars[p].resources.requests.cpu",
                "tolerations",
                "topologySpread",
                "volumes[v]",
            ]
        );
        assert_eq!((&all["env[A]"], &all["config.files[a.yaml]"]), (&"b".into(), &"x".into()));
    }

    #[test]
    fn what_no_step_records_is_in_the_provenance_too() {
        let plan = with_defaults("nodeSelector: {a: b}", "nodeSelector: {c: d}, system: s, security: {fsGroup: 7}");
        for (path, who) in [
            ("image", Source::Spec),
            ("system", Source::Spec),
            ("nodeSelector[a]", Source::Class),
            ("nodeSelector[c]", Source::Spec),
            ("security.fsGroup", Source::Spec),
            ("security.writableRoot", Source::Profile),
            ("security.capabilities", Source::Profile),
        ] {
            assert_eq!(source(&plan, path).map(|(who, _)| who), Some(who), "{path}");
        }
    }
}
