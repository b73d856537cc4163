//! The defaults of a class put under a spec, value by value.

use std::collections::BTreeMap;

use microservice_crds::{ClassDefaults, MicroserviceSpec};
use serde_json::{Map, Value};

/// Objects that are one value.
pub(super) const WHOLE: &[&str] = &["probes.readiness", "probes.liveness", "probes.startup"];

/// Objects whose keys are of the user's choice.
const MAPS: &[&str] = &[
    "labels",
    "annotations",
    "config.files",
    "podLabels",
    "podAnnotations",
    "nodeSelector",
    "service.annotations",
    "serviceAccount.annotations",
];

/// The list that is joined by the name of its items.
pub(super) const ENV: &str = "env";

/// The list that says something when it is empty: no spread.
const SPREAD: &str = "topologySpread";

/// The spec with the defaults under it, and which of them it took, by path.
pub(super) fn merge(
    spec: &MicroserviceSpec,
    defaults: &ClassDefaults,
) -> Result<(MicroserviceSpec, BTreeMap<String, Value>), serde_json::Error> {
    let mut merged = serde_json::to_value(spec)?;
    let mut taken = BTreeMap::new();
    if let (Value::Object(merged), Value::Object(defaults)) = (&mut merged, serde_json::to_value(defaults)?) {
        fill("", merged, defaults, &mut taken);
    }
    Ok((serde_json::from_value(merged)?, taken))
}

fn fill(path: &str, spec: &mut Map<String, Value>, class: Map<String, Value>, taken: &mut BTreeMap<String, Value>) {
    for (key, value) in class {
        let at = place(path, &key);
        match value {
            Value::Array(class) if at == ENV => {
                if let Value::Array(own) = spec.entry(key).or_insert_with(|| Value::Array(Vec::new())) {
                    join(own, class, taken);
                }
            }
            Value::Object(class) if !class.is_empty() && !WHOLE.contains(&at.as_str()) => {
                if let Value::Object(own) = spec.entry(key).or_insert_with(|| Value::Object(Map::new())) {
                    fill(&at, own, class, taken);
                }
            }
            value if says(&at, &value) && !spec.get(&key).is_some_and(|own| says(&at, own)) => {
                taken.insert(at, value.clone());
                spec.insert(key, value);
            }
            _ => {}
        }
    }
}

/// Whether a value that is written says anything.
pub(super) fn says(path: &str, value: &Value) -> bool {
    path == SPREAD || value.as_array().is_none_or(|list| !list.is_empty())
}

/// Variables of the class come first, so that those of the service may name them in `$(...)`.
fn join(own: &mut Vec<Value>, class: Vec<Value>, taken: &mut BTreeMap<String, Value>) {
    let name = |variable: &Value| variable.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut joined: Vec<Value> = Vec::with_capacity(own.len() + class.len());
    for variable in class {
        let called = name(&variable);
        if !own.iter().any(|other| name(other) == called) {
            taken.insert(format!("{ENV}[{called}]"), variable.get("value").unwrap_or(&variable).clone());
            joined.push(variable);
        }
    }
    joined.append(own);
    *own = joined;
}

pub(super) fn place(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        map if MAPS.contains(&map) => format!("{map}[{key}]"),
        path => format!("{path}.{key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{
        Source,
        class::tests::{source, with_defaults},
    };

    fn merged(defaults: &str, spec: &str) -> (MicroserviceSpec, Vec<String>) {
        let spec: MicroserviceSpec = serde_saphyr::from_str(&format!("{{image: 'a:1', {spec}}}")).unwrap();
        let (spec, taken) = merge(&spec, &serde_saphyr::from_str(&format!("{{{defaults}}}")).unwrap()).unwrap();
        (spec, taken.into_keys().collect())
    }

    #[test]
    fn single_values() {
        let class = "terminationGracePeriodSeconds: 60, drainSeconds: 9, priorityClassName: high";
        let (spec, taken) = merged(class, "drainSeconds: 0, runtimeClassName: x");
        assert_eq!((spec.termination_grace_period_seconds, spec.drain_seconds), (Some(60), Some(0)));
        assert_eq!(
            (spec.priority_class_name.as_deref(), spec.runtime_class_name.as_deref()),
            (Some("high"), Some("x"))
        );
        assert_eq!(taken, ["priorityClassName", "terminationGracePeriodSeconds"]);
    }

    #[test]
    fn maps_are_joined_by_key() {
        let (spec, taken) = merged(
            "labels: {team: a, tier: b}, nodeSelector: {pool: big}",
            "labels: {team: mine, x: y}, nodeSelector: {}",
        );
        let pairs: Vec<_> = spec.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("team", "mine"), ("tier", "b"), ("x", "y")]);
        assert_eq!(taken, ["labels[tier]", "nodeSelector[pool]"]);
    }

    #[test]
    fn variables_are_joined_by_name_and_the_classes_come_first() {
        let class =
            "env: [{name: A, value: class}, {name: B, value: class}, {name: C, valueFrom: {fieldRef: {fieldPath: f}}}]";
        let (spec, taken) = merged(class, "env: [{name: X, value: $(A)}, {name: B, value: ''}]");
        let env: Vec<_> = spec.env.iter().map(|v| (v.name.as_str(), v.value.as_deref())).collect();
        assert_eq!(env, [("A", Some("class")), ("C", None), ("X", Some("$(A)")), ("B", Some(""))]);
        assert_eq!(taken, ["env[A]", "env[C]"]);
        // One that takes its value from elsewhere is replaced as a whole.
        let (spec, _) = merged(class, "env: [{name: C, value: mine}]");
        assert!(spec.env.iter().all(|v| v.name != "C" || v.value_from.is_none()));
    }

    #[test]
    fn other_lists_are_one_value_and_an_empty_one_says_nothing() {
        let class = "tolerations: [{key: a, operator: Exists}], imagePullSecrets: [{name: registry}], topologySpread: [{topologyKey: zone}]";
        let (spec, taken) =
            merged(class, "tolerations: [{key: b, operator: Exists}], imagePullSecrets: [], topologySpread: []");
        assert_eq!(spec.tolerations.len(), 1);
        assert_eq!(spec.tolerations[0].key.as_deref(), Some("b"));
        assert_eq!(spec.image_pull_secrets[0].name, "registry");
        assert_eq!(spec.topology_spread, Some(Vec::new()), "an empty one is said: no spread");
        assert_eq!(taken, ["imagePullSecrets"]);
    }

    #[test]
    fn blocks_are_joined_down_to_their_values() {
        let class = "rollout: {maxSurge: 1, minReadySeconds: 5}, \
            scaling: {behavior: {scaleDown: {stabilizationWindowSeconds: 60, selectPolicy: Min}}}, \
            dnsConfig: {searches: [a.example], options: [{name: ndots, value: '2'}]}, \
            affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{}]}}, podAffinity: {}}";
        let spec = "rollout: {maxSurge: 50%}, scaling: {maxReplicas: 3, behavior: {scaleDown: {selectPolicy: Max}}}, \
            dnsConfig: {searches: [b.example], options: []}, affinity: {podAffinity: {}}";
        let (spec, taken) = merged(class, spec);
        assert_eq!(spec.rollout.unwrap().min_ready_seconds, Some(5));
        let down = spec.scaling.unwrap().behavior.unwrap().scale_down.unwrap();
        assert_eq!((down.stabilization_window_seconds, down.select_policy.as_deref()), (Some(60), Some("Max")));
        assert_eq!(spec.dns_config.unwrap().searches.unwrap(), ["b.example"]);
        assert_eq!(
            taken,
            [
                "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms",
                "dnsConfig.options",
                "rollout.minReadySeconds",
                "scaling.behavior.scaleDown.stabilizationWindowSeconds",
            ]
        );
    }

    #[test]
    fn a_false_is_said() {
        let (spec, _) = merged("security: {writableRoot: true, runAsUser: 7}", "security: {writableRoot: false}");
        let security = spec.security.unwrap();
        assert_eq!((security.writable_root, security.run_as_user), (Some(false), Some(7)));
    }

    #[test]
    fn every_value_of_the_class_is_in_the_provenance_whether_a_step_records_it_or_not() {
        let plan = with_defaults(
            "env: [{name: REGION, value: north}], tolerations: [{operator: Exists}], rollout: {maxSurge: 1}, \
             drainSeconds: 7, labels: {team: a}, imagePullPolicy: Always",
            "drainSeconds: 3, ports: [{name: a, port: 1}]",
        );
        for (path, value) in [
            ("env[REGION]", "\"north\""),
            ("tolerations", "[{\"operator\":\"Exists\"}]"),
            ("rollout.maxSurge", "1"),
            ("labels[team]", "\"a\""),
            ("imagePullPolicy", "\"Always\""),
        ] {
            let (who, what) = source(&plan, path).unwrap_or_else(|| panic!("{path}"));
            assert_eq!((who, what.to_string().as_str()), (Source::Class, value), "{path}");
        }
        assert_eq!(source(&plan, "drainSeconds").unwrap().0, Source::Spec);
        assert_eq!(source(&plan, "rollout.maxUnavailable").unwrap().0, Source::Profile);
        let paths: std::collections::BTreeSet<_> = plan.provenance.iter().map(|p| &p.path).collect();
        assert_eq!(paths.len(), plan.provenance.len(), "each once");
        assert!(plan.provenance.is_sorted_by_key(|p| &p.path));
    }
}
