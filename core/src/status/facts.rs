//! What the status needs to know of a plan.

use std::collections::BTreeSet;

use k8s_openapi::{api::core::v1::Probe, apimachinery::pkg::util::intstr::IntOrString};

use crate::plan::{Plan, Replaced, Replicas, Source, Unrequested};

/// The few values of a plan that the status or a message shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Facts {
    pub namespace: String,
    pub name: String,
    pub selector: String,
    pub image: String,
    pub class: Option<String>,
    pub profile: String,
    /// Name of the main container.
    pub main: String,
    /// Names of the sidecars.
    pub sidecars: Vec<String>,
    /// `resources.limits.memory` of the main container.
    pub memory_limit: Option<String>,
    /// Readiness probe of the main container. Example: `GET /_healthz on port http`.
    pub readiness: Option<String>,
    /// Startup probe of the main container.
    pub startup: Option<String>,
    /// Liveness probe of the main container.
    pub liveness: Option<String>,
    /// Who decides how many replicas run.
    pub count: Count,
    /// Whether it is the class that gives the count or the autoscaler.
    pub counted_by_class: bool,
    /// The autoscaler of the class that a fixed count of the spec has replaced.
    pub replaced: Option<Replaced>,
    /// Requests that the autoscaler needs and no container makes.
    pub unrequested: BTreeSet<Unrequested>,
}

/// Who decides how many replicas run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Count {
    /// Whoever sets it on the Deployment.
    #[default]
    Open,
    /// The spec, or the class.
    Fixed,
    /// An autoscaler of ours, within these bounds.
    Between(i32, i32),
}

impl Facts {
    pub(super) fn of(plan: &Plan) -> Self {
        let main = plan.pod.containers.main();
        let limit = main.and_then(|c| c.resources.as_ref()?.limits.as_ref()?.get("memory"));
        Self {
            namespace: plan.namespace().to_owned(),
            name: plan.name().to_owned(),
            selector: plan.selector(),
            image: plan.image().to_owned(),
            class: plan.class.clone(),
            profile: plan.profile.clone(),
            main: main.map(|c| c.name.clone()).unwrap_or_default(),
            sidecars: plan.pod.containers.sidecars.iter().map(|c| c.name.clone()).collect(),
            memory_limit: limit.map(|q| q.0.clone()),
            readiness: main.and_then(|c| words(c.readiness.as_ref()?)),
            startup: main.and_then(|c| words(c.startup.as_ref()?)),
            liveness: main.and_then(|c| words(c.liveness.as_ref()?)),
            count: match plan.replicas {
                Replicas::Unmanaged => Count::Open,
                Replicas::Fixed(_) => Count::Fixed,
                Replicas::Autoscaled { min, max, .. } => Count::Between(min, max),
            },
            counted_by_class: ["scaling.replicas", "scaling.maxReplicas"]
                .iter()
                .any(|path| plan.source(path).is_some_and(|source| source != Source::Spec)),
            replaced: plan.replaced,
            unrequested: plan.unrequested.clone(),
        }
    }

    /// Where a field of a container stands in the Microservice: the main container's is at the top of the spec.
    pub(super) fn field(&self, container: &str, field: &str) -> String {
        if container == self.main {
            format!("spec.{field}")
        } else if self.sidecars.iter().any(|s| s == container) {
            format!("spec.sidecars[{container}].{field}")
        } else {
            format!("spec.initContainers[{container}].{field}")
        }
    }

    /// How to start a service that has no replicas.
    pub(super) fn start(&self) -> String {
        match self.count {
            Count::Fixed => "Raise spec.scaling.replicas to start it.".to_owned(),
            Count::Between(0, _) => "Its autoscaler starts it when its metrics ask for it.".to_owned(),
            Count::Open | Count::Between(..) => {
                format!("To start it: kubectl scale -n {} deployment/{} --replicas=1", self.namespace, self.name)
            }
        }
    }
}

/// What a probe does, in words.
fn words(probe: &Probe) -> Option<String> {
    let port = |port: &IntOrString| match port {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(name) => name.clone(),
    };
    if let Some(http) = &probe.http_get {
        return Some(format!("GET {} on port {}", http.path.as_deref().unwrap_or("/"), port(&http.port)));
    }
    if let Some(tcp) = &probe.tcp_socket {
        return Some(format!("a connection to port {}", port(&tcp.port)));
    }
    if let Some(grpc) = &probe.grpc {
        return Some(format!("grpc.health.v1 on port {}", grpc.port));
    }
    let command = probe.exec.as_ref()?.command.as_ref()?;
    Some(format!("command {}", super::text::cut(&command.join(" "), 80)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::planned;

    #[test]
    fn a_probe_is_told_in_words() {
        let of = |spec: &str| Facts::of(&planned(spec));
        let facts = of(
            "{image: 'a:1', ports: [{name: http, port: 80, targetPort: 8080, protocol: http}], resources: {limits: {memory: 128Mi}},
              probes: {readiness: {httpGet: {path: /_healthz}}, startup: {exec: {command: [/bin/up, -q]}}}}",
        );
        assert_eq!(facts.readiness.as_deref(), Some("GET /_healthz on port http"));
        assert_eq!(facts.startup.as_deref(), Some("command /bin/up -q"));
        assert_eq!(facts.memory_limit.as_deref(), Some("128Mi"));
        assert_eq!((facts.main.as_str(), facts.image.as_str()), ("web", "a:1"));
        assert_eq!(of("{image: 'a:1'}").readiness, None);
    }

    #[test]
    fn how_to_start_follows_who_counts() {
        let start = |scaling: &str| Facts::of(&planned(&format!("{{image: 'a:1', scaling: {scaling}}}"))).start();
        let queue = "{type: External, external: {metric: {name: q}, target: {type: Value, value: 1}}}";
        assert!(start("{replicas: 0}").contains("spec.scaling.replicas"));
        assert!(start(&format!("{{minReplicas: 0, maxReplicas: 2, metrics: [{queue}]}}")).contains("autoscaler"));
        for scaling in ["{}", "{minReplicas: 1, maxReplicas: 2}"] {
            assert_eq!(start(scaling), "To start it: kubectl scale -n shop deployment/web --replicas=1");
        }
    }

    #[test]
    fn a_field_is_named_where_it_stands() {
        let facts = Facts { main: "web".into(), sidecars: vec!["proxy".into()], ..Facts::default() };
        assert_eq!(facts.field("web", "image"), "spec.image");
        assert_eq!(facts.field("proxy", "image"), "spec.sidecars[proxy].image");
        assert_eq!(facts.field("migrate", "command"), "spec.initContainers[migrate].command");
    }
}
