//! The Pod Security Standard *restricted*, written down once more from its text, so that the renderer is held against
//! the rules and not against itself.

use serde_json::Value;

/// Volume sources that a restricted pod may have.
const VOLUMES: &[&str] = &[
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

/// The rules that a pod breaks.
pub fn violations(pod: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    let mut check = |holds: bool, rule: &str| {
        if !holds {
            broken.push(rule.to_owned());
        }
    };
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        check(pod[key] != true, key);
    }
    for volume in pod["volumes"].as_array().into_iter().flatten() {
        let sources = volume.as_object().unwrap().keys().filter(|key| *key != "name");
        check(sources.clone().count() == 1, "one source a volume");
        sources.for_each(|key| check(VOLUMES.contains(&key.as_str()), key));
    }
    let of_pod = &pod["securityContext"];
    let containers = ["initContainers", "containers"].iter().filter_map(|key| pod[*key].as_array()).flatten();
    for container in containers {
        let own = &container["securityContext"];
        let name = container["name"].as_str().unwrap_or_default();
        let said = |key: &str| if own[key].is_null() { &of_pod[key] } else { &own[key] };
        check(said("runAsNonRoot") == true, &format!("{name}: runAsNonRoot"));
        check(said("runAsUser") != 0, &format!("{name}: runAsUser"));
        check(own["privileged"] != true, &format!("{name}: privileged"));
        check(own["allowPrivilegeEscalation"] == false, &format!("{name}: allowPrivilegeEscalation"));
        check(own["procMount"].is_null(), &format!("{name}: procMount"));
        let seccomp = said("seccompProfile")["type"].as_str();
        check(matches!(seccomp, Some("RuntimeDefault" | "Localhost")), &format!("{name}: seccompProfile"));
        let capabilities = |key: &str| own["capabilities"][key].as_array().cloned().unwrap_or_default();
        check(capabilities("drop").contains(&"ALL".into()), &format!("{name}: capabilities.drop"));
        let added_only = capabilities("add").iter().all(|c| c == "NET_BIND_SERVICE");
        check(added_only, &format!("{name}: capabilities.add"));
        for port in container["ports"].as_array().into_iter().flatten() {
            check(port["hostPort"].is_null(), &format!("{name}: hostPort"));
        }
    }
    broken
}

#[test]
fn the_rules_catch_what_they_should() {
    let open = serde_json::json!({
        "hostNetwork": true,
        "volumes": [{"name": "v", "hostPath": {"path": "/"}}],
        "containers": [{"name": "a", "securityContext": {"runAsUser": 0, "capabilities": {"add": ["SYS_ADMIN"]}}}],
    });
    assert_eq!(
        violations(&open),
        [
            "hostNetwork",
            "hostPath",
            "a: runAsNonRoot",
            "a: runAsUser",
            "a: allowPrivilegeEscalation",
            "a: seccompProfile",
            "a: capabilities.drop",
            "a: capabilities.add",
        ]
    );
}
