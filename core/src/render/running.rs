//! The containers of the rendered pods, by whoever they were written: the spec, the class or an override.

use serde_json::Value;

use super::Body;
use crate::plan::{ContainerPlan, Plan};

/// The pods that were rendered.
pub(super) fn pod(bodies: &[Body]) -> Option<&Value> {
    bodies.iter().find_map(|(_, body)| body.pointer("/spec/template/spec"))
}

/// A container of the rendered pods.
pub(super) struct Running<'a> {
    pub container: &'a Value,
    list: &'static str,
    /// Its plan, and where it stands in the spec; none for one that an override adds.
    known: Option<(&'a ContainerPlan, String)>,
}

impl Running<'_> {
    /// Its name.
    pub fn name(&self) -> &str {
        self.text("name")
    }

    /// Its image.
    pub fn image(&self) -> &str {
        self.text("image")
    }

    fn text(&self, field: &str) -> &str {
        self.container.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it runs as long as its pod does; an init container does not.
    pub fn stays(&self) -> bool {
        self.list == "containers" || self.text("restartPolicy") == "Always"
    }

    /// Whether it requests a resource. A limit alone is a request too, by Kubernetes' own defaults.
    pub fn requests(&self, resource: &str) -> bool {
        let says = |part: &str| self.container.pointer(part).is_some_and(|map| map.get(resource).is_some());
        says("/resources/requests") || says("/resources/limits")
    }

    /// Where a field of it is written, below `spec`.
    pub fn written(&self, field: &str) -> String {
        match &self.known {
            Some((_, at)) => format!("{at}{field}"),
            None => self.overridden(field),
        }
    }

    /// Where its image is written.
    pub fn image_field(&self) -> String {
        match &self.known {
            Some((plan, _)) if plan.image != self.image() => self.overridden("image"),
            _ => self.written("image"),
        }
    }

    fn overridden(&self, field: &str) -> String {
        format!("overrides.Deployment.spec.template.spec.{}[{}].{field}", self.list, self.name())
    }
}

/// All containers of the rendered pods.
pub(super) fn running<'a>(plan: &'a Plan, bodies: &'a [Body]) -> impl Iterator<Item = Running<'a>> {
    let pod = pod(bodies);
    let of_list = move |list: &'static str| {
        let containers = pod.and_then(|pod| pod.get(list)).and_then(Value::as_array);
        containers.into_iter().flatten().map(move |container| (list, container))
    };
    let all = &plan.pod.containers;
    ["initContainers", "containers"].into_iter().flat_map(of_list).map(move |(list, container)| {
        let called = |plan: &&ContainerPlan| container.get("name").is_some_and(|name| *name == plan.name);
        let at = |list: &str, plan: &ContainerPlan| format!("{list}[{}].", plan.name);
        let known = all.main.iter().find(called).map(|plan| (plan, String::new()));
        let known = known.or_else(|| all.sidecars.iter().find(called).map(|plan| (plan, at("sidecars", plan))));
        let known = known.or_else(|| all.init.iter().find(called).map(|plan| (plan, at("initContainers", plan))));
        Running { container, list, known }
    })
}
