//! A class that names the loosenings it permits means them: an override must not be a way around.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Body;
use crate::plan::{Blame, Class, Invalid};

/// Fields that make a pod more than restricted, wherever they stand below its spec.
const LOOSENING: &[&str] =
    &["securityContext", "hostNetwork", "hostPID", "hostIPC", "hostUsers", "hostPort", "hostPath"];

/// Sources of volumes that a restricted pod may have.
const VOLUMES: &[&str] = &[
    "name",
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// What an override of the Deployment loosens although the class names what may be loosened.
pub(super) fn check(class: Option<&Class>, overrides: &BTreeMap<String, Value>, bodies: &[Body]) -> Vec<Invalid> {
    let Some(class) = class.filter(|class| class.spec.loosenings.is_some()) else { return Vec::new() };
    let Some(pod) = overrides.get("Deployment").and_then(|over| over.pointer("/spec/template/spec")) else {
        return Vec::new();
    };
    let rendered = bodies.iter().find_map(|(_, body)| body.pointer("/spec/template/spec"));
    let mut found = Vec::new();
    search(".spec.template.spec", pod, &mut found);
    for list in ["containers", "initContainers"] {
        let names = |pod: Option<&Value>| -> Vec<String> {
            let items = pod.and_then(|pod| pod.get(list)).and_then(Value::as_array).into_iter().flatten();
            items.filter_map(|c| c.get("name")?.as_str().map(str::to_owned)).collect()
        };
        let known = names(rendered);
        let new = names(Some(pod)).into_iter().filter(|name| !known.contains(name));
        found.extend(new.map(|name| {
            let way = if list == "containers" { "sidecars" } else { list };
            (
                format!(".spec.template.spec.{list}[{name}]"),
                format!("write the container under {way}, where it is restricted"),
            )
        }));
    }
    let refuse = |(path, way): (String, String)| Invalid {
        field: format!("overrides.Deployment{path}"),
        message: format!(
            "MicroserviceClass {:?} says what may be loosened, so an override cannot; {way}, or ask for a class that does \
             not restrict it",
            class.name
        ),
        blame: Blame::Rule,
    };
    found.into_iter().map(refuse).collect()
}

fn search(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let at = format!("{path}.{key}");
                if LOOSENING.contains(&key.as_str()) {
                    found.push((at, "write what is permitted under spec.security".to_owned()));
                } else {
                    search(&at, inner, found);
                }
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                let name = inner.get("name").and_then(Value::as_str);
                let at = format!("{path}[{}]", name.map_or_else(|| index.to_string(), str::to_owned));
                let foreign = |key: &&String| !VOLUMES.contains(&key.as_str()) && *key != "hostPath";
                let source = inner.as_object().and_then(|volume| volume.keys().find(foreign));
                if let Some(source) = source.filter(|_| path.ends_with(".volumes")) {
                    found.push((format!("{at}.{source}"), "take a source that a restricted pod may have".to_owned()));
                }
                search(&at, inner, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        plan::Blame,
        render::tests::{refused, rendered},
    };

    fn pod(part: &str) -> String {
        format!("overrides: {{Deployment: {{spec: {{template: {{spec: {{{part}}}}}}}}}}}")
    }

    #[test]
    fn an_override_loosens_nothing_where_the_class_says_what_may_be() {
        for (part, field) in [
            ("securityContext: {runAsNonRoot: false}", "securityContext"),
            ("containers: [{name: web, securityContext: {privileged: true}}]", "containers[web].securityContext"),
            ("hostNetwork: true", "hostNetwork"),
            ("hostPID: true", "hostPID"),
            ("hostUsers: true", "hostUsers"),
            (
                "containers: [{name: web, ports: [{containerPort: 80, hostPort: 80}]}]",
                "containers[web].ports[0].hostPort",
            ),
            ("volumes: [{name: v, hostPath: {path: /}}]", "volumes[v].hostPath"),
            ("volumes: [{name: v, nfs: {server: s, path: /}}]", "volumes[v].nfs"),
            ("containers: [{name: more, image: x}]", "containers[more]"),
            ("initContainers: [{name: more, image: x}]", "initContainers[more]"),
        ] {
            let found = refused("loosenings: [RunAsUser]", &pod(part));
            let wanted = format!("overrides.Deployment.spec.template.spec.{field}");
            assert_eq!((found.len(), found[0].0, found[0].1.as_str()), (1, Blame::Rule, wanted.as_str()), "{part}");
            assert!(found[0].2.contains("\"gold\""), "{}", found[0].2);
            assert!(rendered("{}", &pod(part)).is_ok(), "{part}");
        }
    }

    #[test]
    fn the_rest_stays_open() {
        for part in [
            "shareProcessNamespace: true",
            "automountServiceAccountToken: true",
            "containers: [{name: web, env: [{name: A, value: b}]}]",
            "volumes: [{name: v, emptyDir: {}}]",
        ] {
            assert!(rendered("loosenings: []", &pod(part)).is_ok(), "{part}");
        }
    }
}
