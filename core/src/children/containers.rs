//! One container of a pod.

use k8s_openapi::api::core::v1::{Capabilities, Container, ContainerPort, SecurityContext};

use super::object::unless_empty;
use crate::plan::{ContainerPlan, ContainerPortPlan, PodSecurityPlan};

/// The main container, or an init container.
pub(super) fn container(plan: &ContainerPlan, pod: &PodSecurityPlan) -> Container {
    Container {
        name: plan.name.clone(),
        image: Some(plan.image.clone()),
        image_pull_policy: plan.image_pull_policy.map(str::to_owned),
        command: unless_empty(plan.command.clone()),
        args: unless_empty(plan.args.clone()),
        working_dir: plan.working_dir.clone(),
        env: unless_empty(plan.env.clone()),
        env_from: unless_empty(plan.env_from.clone()),
        ports: unless_empty(plan.ports.iter().map(port).collect::<Vec<_>>()),
        resources: plan.resources.clone(),
        readiness_probe: plan.readiness.clone(),
        liveness_probe: plan.liveness.clone(),
        startup_probe: plan.startup.clone(),
        lifecycle: plan.lifecycle.clone(),
        volume_mounts: unless_empty(plan.mounts.clone()),
        security_context: Some(security(plan, pod)),
        ..Container::default()
    }
}

/// A native sidecar: an init container that goes on running.
pub(super) fn sidecar(plan: &ContainerPlan, pod: &PodSecurityPlan) -> Container {
    Container { restart_policy: Some("Always".to_owned()), ..container(plan, pod) }
}

fn port(plan: &ContainerPortPlan) -> ContainerPort {
    ContainerPort {
        name: Some(plan.name.clone()),
        container_port: plan.number,
        protocol: Some(plan.transport.to_owned()),
        ..ContainerPort::default()
    }
}

fn security(plan: &ContainerPlan, pod: &PodSecurityPlan) -> SecurityContext {
    let pod_is_root = pod.run_as_user == Some(0);
    // Said again only where the container's user differs from the pod's in being root.
    let non_root = plan.run_as_user.map(|user| user != 0).filter(|non_root| *non_root == pod_is_root);
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            add: unless_empty(plan.capabilities.clone()),
            drop: Some(vec!["ALL".to_owned()]),
        }),
        read_only_root_filesystem: Some(plan.read_only_root),
        run_as_user: plan.run_as_user,
        run_as_non_root: non_root,
        ..SecurityContext::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::children::tests::child;

    fn contexts(spec: &str) -> (Value, Value) {
        let pod =
            child("Deployment", &format!("{{image: 'a:1', {spec}}}")).unwrap()["spec"]["template"]["spec"].clone();
        (pod["containers"][0]["securityContext"].clone(), pod["initContainers"][0]["securityContext"].clone())
    }

    #[test]
    fn every_container_is_restricted() {
        let restricted = json!({
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": true
        });
        assert_eq!(contexts("sidecars: [{name: p, image: p:1}]"), (restricted.clone(), restricted));
    }

    #[test]
    fn loosenings_are_written() {
        let (main, init) = contexts(
            "security: {writableRoot: true, capabilities: [NET_BIND_SERVICE]}, initContainers: [{name: p, image: p:1, runAsUser: 0}]",
        );
        assert_eq!(main["capabilities"], json!({"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}));
        assert_eq!(main["readOnlyRootFilesystem"], false);
        assert_eq!(init["capabilities"], json!({"drop": ["ALL"]}));
        assert_eq!((&init["runAsUser"], &init["runAsNonRoot"]), (&json!(0), &json!(false)));
    }
}
