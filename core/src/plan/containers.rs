//! The main container, the sidecars and the init containers.

use k8s_openapi::api::core::v1::{EnvVar, Lifecycle, LifecycleHandler, SleepAction, VolumeMount};
use microservice_crds::{ExtraContainer, ImagePullPolicy};

use super::{
    ContainerPlan, ContainerPortPlan, Containers, PortPlan, check,
    draft::Draft,
    image, ports,
    probes::{self, Reachable},
    resources,
    rollout::RolloutDraft,
    security::SecurityDraft,
};

/// Longest name of a container beside the main one: its scratch volume is called `tmp-<name>`.
const NAME_MAX: usize = 59;

/// What an extra container is.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Sidecar,
    Init,
}

/// All containers, still without the mounts of the operator.
pub(super) struct ContainersDraft {
    pub containers: Containers,
    pub writable_paths: Vec<String>,
}

pub(super) fn resolve(
    draft: &mut Draft<'_>,
    ports: &[PortPlan],
    rollout: &RolloutDraft,
    security: &SecurityDraft,
    mut injected: Vec<EnvVar>,
) -> ContainersDraft {
    let mut main = main(draft, ports, rollout, security);
    // The addresses come first, so that other variables may name them in `$(...)`.
    injected.append(&mut main.env);
    main.env = injected;
    let mut names = vec![main.name.clone()];
    let mut port_names: Vec<String> = main.ports.iter().map(|p| p.name.clone()).collect();
    let spec = draft.spec;
    let sidecars = spec.sidecars.iter().map(|c| (Role::Sidecar, c));
    let init = spec.init_containers.iter().map(|c| (Role::Init, c));
    let mut containers = Containers { main: vec![main], ..Containers::default() };
    for (role, container) in sidecars.chain(init) {
        let list = if role == Role::Sidecar { "sidecars" } else { "initContainers" };
        let field = format!("{list}[{}]", container.name);
        draft.problems.check(format!("{field}.name"), check::rfc1123_label(&container.name));
        if container.name.len() > NAME_MAX {
            draft.refuse(format!("{field}.name"), format!("the name is too long; write at most {NAME_MAX} characters"));
        }
        if names.contains(&container.name) {
            draft.refuse(
                format!("{field}.name"),
                "another container has this name (the main one is called as the Microservice); choose another",
            );
        }
        names.push(container.name.clone());
        for port in &container.ports {
            if port_names.contains(&port.name) {
                draft.refuse(
                    format!("{field}.ports[{}].name", port.name),
                    "another container has a port of this name; choose another",
                );
            }
            port_names.push(port.name.clone());
        }
        let resolved = extra(draft, &field, role, container, security);
        match role {
            Role::Sidecar => containers.sidecars.push(resolved),
            Role::Init => containers.init.push(resolved),
        }
    }
    ContainersDraft { containers, writable_paths: security.writable_paths.clone() }
}

fn main(draft: &mut Draft<'_>, ports: &[PortPlan], rollout: &RolloutDraft, security: &SecurityDraft) -> ContainerPlan {
    let spec = draft.spec;
    draft.problems.check("image", image::check(&spec.image));
    check_env(draft, "env", &spec.env);
    check_mounts(draft, "volumeMounts", &spec.volume_mounts);
    let container_ports = ports::of_container(ports);
    let reach = Reachable { container: &container_ports, service: ports };
    let probes = spec.probes.clone().unwrap_or_default();
    ContainerPlan {
        name: draft.subject.name.clone(),
        image: spec.image.clone(),
        image_pull_policy: spec.image_pull_policy.map(ImagePullPolicy::as_str),
        command: spec.command.clone(),
        args: spec.args.clone(),
        working_dir: spec.working_dir.clone(),
        env: spec.env.clone(),
        env_from: spec.env_from.clone(),
        mounts: spec.volume_mounts.clone(),
        resources: resources::resolve(draft, "resources", spec.resources.as_ref()),
        readiness: probes::readiness(draft, probes.readiness.as_ref(), &reach),
        liveness: probes::resolve(draft, "probes.liveness", probes.liveness.as_ref(), &reach),
        startup: probes::resolve(draft, "probes.startup", probes.startup.as_ref(), &reach),
        lifecycle: lifecycle(spec.lifecycle.as_ref(), rollout.drain),
        run_as_user: None,
        read_only_root: security.read_only_root,
        capabilities: security.capabilities.clone(),
        ports: container_ports,
    }
}

/// The hooks of the user; where none speaks of the stop, the pod serves on for the seconds of draining.
fn lifecycle(said: Option<&Lifecycle>, drain: Option<i64>) -> Option<Lifecycle> {
    let mut lifecycle = said.cloned().unwrap_or_default();
    if let (None, Some(seconds)) = (&lifecycle.pre_stop, drain) {
        lifecycle.pre_stop =
            Some(LifecycleHandler { sleep: Some(SleepAction { seconds }), ..LifecycleHandler::default() });
    }
    (lifecycle != Lifecycle::default()).then_some(lifecycle)
}

fn extra(
    draft: &mut Draft<'_>,
    field: &str,
    role: Role,
    container: &ExtraContainer,
    security: &SecurityDraft,
) -> ContainerPlan {
    draft.problems.check(format!("{field}.image"), image::check(&container.image));
    check_env(draft, &format!("{field}.env"), &container.env);
    check_mounts(draft, &format!("{field}.volumeMounts"), &container.volume_mounts);
    let user = container.run_as_user.map_or(Ok(()), check::numeric_id);
    draft.problems.check(format!("{field}.runAsUser"), user);
    let mut ports = Vec::new();
    for port in &container.ports {
        let field = format!("{field}.ports[{}]", port.name);
        draft.problems.check(format!("{field}.name"), check::port_name(&port.name));
        draft.problems.check(format!("{field}.containerPort"), check::port_number(port.container_port));
        if ports.iter().any(|p: &ContainerPortPlan| p.number == port.container_port) {
            draft.refuse(format!("{field}.containerPort"), "the number stands there twice; keep one");
        }
        ports.push(ContainerPortPlan { name: port.name.clone(), number: port.container_port, transport: "TCP" });
    }
    let mut probe = |name: &str, probe: Option<&microservice_crds::Probe>| {
        let field = format!("{field}.{name}");
        if role == Role::Init && probe.is_some() {
            draft.refuse(field, "an init container runs to its end and has no probe; leave it out");
            return None;
        }
        probes::resolve(draft, &field, probe, &Reachable { container: &ports, service: &[] })
    };
    let readiness = probe("readinessProbe", container.readiness_probe.as_ref());
    let liveness = probe("livenessProbe", container.liveness_probe.as_ref());
    let startup = probe("startupProbe", container.startup_probe.as_ref());
    ContainerPlan {
        name: container.name.clone(),
        image: container.image.clone(),
        image_pull_policy: container.image_pull_policy.map(ImagePullPolicy::as_str),
        command: container.command.clone(),
        args: container.args.clone(),
        working_dir: container.working_dir.clone(),
        env: container.env.clone(),
        env_from: container.env_from.clone(),
        mounts: container.volume_mounts.clone(),
        resources: resources::resolve(draft, &format!("{field}.resources"), container.resources.as_ref()),
        readiness,
        liveness,
        startup,
        lifecycle: None,
        run_as_user: container.run_as_user,
        read_only_root: security.read_only_root,
        capabilities: Vec::new(),
        ports,
    }
}

fn check_env(draft: &mut Draft<'_>, field: &str, env: &[EnvVar]) {
    for variable in env {
        let field = format!("{field}[{}]", variable.name);
        draft.problems.check(&field, check::env_name(&variable.name));
        if variable.value_from.is_some() && variable.value.as_ref().is_some_and(|value| !value.is_empty()) {
            draft.refuse(field, "both value and valueFrom; keep one");
        }
    }
    if let Some(name) = check::duplicate(env.iter().map(|v| v.name.as_str())) {
        draft.refuse(format!("{field}[{name}]"), "the variable stands there twice; keep one");
    }
}

fn check_mounts(draft: &mut Draft<'_>, field: &str, mounts: &[VolumeMount]) {
    for mount in mounts {
        draft.problems.check(format!("{field}[{}]", mount.mount_path), check::absolute_path(&mount.mount_path));
    }
    if let Some(path) = check::duplicate(mounts.iter().map(|m| m.mount_path.as_str())) {
        draft.refuse(format!("{field}[{path}]"), "two volumes are mounted here; keep one");
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::{planned, refused};

    #[test]
    fn the_main_container_is_called_as_the_service() {
        let plan =
            planned("{image: a:1, sidecars: [{name: proxy, image: p:1}], initContainers: [{name: up, image: u:1}]}");
        assert_eq!(plan.pod.containers.main().unwrap().name, "web");
        assert_eq!(plan.pod.containers.sidecars[0].name, "proxy");
        assert_eq!(plan.pod.containers.init[0].name, "up");
    }

    #[test]
    fn a_pre_stop_of_the_user_replaces_draining() {
        let plan = planned("{image: a:1, ports: [{name: a, port: 1}], lifecycle: {preStop: {exec: {command: [bye]}}}}");
        let hook = plan.pod.containers.main().unwrap().lifecycle.clone().unwrap().pre_stop.unwrap();
        assert!(hook.exec.is_some() && hook.sleep.is_none());
    }

    #[test]
    fn what_comes_twice_is_refused() {
        for (spec, field) in [
            ("sidecars: [{name: web, image: p:1}]", "sidecars[web].name"),
            ("sidecars: [{name: a, image: p:1}], initContainers: [{name: a, image: p:1}]", "initContainers[a].name"),
            ("env: [{name: A, value: x}, {name: A, value: y}]", "env[A]"),
            (
                "initContainers: [{name: a, image: p:1, readinessProbe: {exec: {command: [a]}}}]",
                "initContainers[a].readinessProbe",
            ),
            (
                "ports: [{name: http, port: 80}], sidecars: [{name: a, image: p:1, ports: [{name: http, containerPort: 81}]}]",
                "sidecars[a].ports[http].name",
            ),
        ] {
            assert_eq!(refused(&format!("{{image: a:1, {spec}}}")), [field], "{spec}");
        }
    }
}
