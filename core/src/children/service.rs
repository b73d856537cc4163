//! The Service.

use k8s_openapi::{
    api::core::v1::{Service, ServicePort, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};
use serde_json::Value;

use super::{AROUND_PODS, Child, Watch, object};
use crate::plan::{Plan, PortPlan};

pub(super) struct ServiceChild;

impl Child for ServiceChild {
    const KIND: &'static str = "Service";
    const GROUP: &'static str = "";
    const PLURAL: &'static str = "services";
    const WAVE: u8 = AROUND_PODS;
    // Routes may lead to Services of others, and name only those that exist.
    const WATCH: Watch = Watch::All;

    fn desired(plan: &Plan) -> Vec<Value> {
        let Some(service) = &plan.service else { return Vec::new() };
        let mut metadata = object::metadata(plan);
        for (key, value) in &service.annotations {
            object::annotate(&mut metadata, key, value.clone());
        }
        let spec = ServiceSpec {
            type_: Some(service.type_.to_owned()),
            cluster_ip: service.headless.then(|| "None".to_owned()),
            selector: Some(plan.selector_labels()),
            ports: Some(plan.ports.iter().map(port).collect()),
            traffic_distribution: service.traffic_distribution.clone(),
            session_affinity: service.session_affinity.map(str::to_owned),
            external_traffic_policy: service.external_traffic_policy.map(str::to_owned),
            ..ServiceSpec::default()
        };
        vec![object::document(&Service { metadata, spec: Some(spec), status: None })]
    }
}

/// The target is named, not numbered: in mid-rollout each pod resolves the name for itself.
fn port(plan: &PortPlan) -> ServicePort {
    ServicePort {
        name: Some(plan.name.clone()),
        port: plan.port,
        target_port: Some(IntOrString::String(plan.target_name.clone())),
        protocol: Some(plan.transport().to_owned()),
        app_protocol: plan.app_protocol().map(str::to_owned),
        ..ServicePort::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::children::tests::child;

    #[test]
    fn ports_lead_to_names() {
        let service = child(
            "Service",
            "{image: a:1, ports: [{name: grpc, port: 80, targetPort: 5000, protocol: grpc}, {name: dns, port: 53, protocol: udp}]}",
        );
        assert_eq!(
            service.unwrap()["spec"]["ports"],
            json!([
                {"name": "grpc", "port": 80, "targetPort": "grpc", "protocol": "TCP", "appProtocol": "kubernetes.io/h2c"},
                {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP"},
            ])
        );
    }

    #[test]
    fn headless_and_annotated() {
        let service = child(
            "Service",
            "{image: a:1, annotations: {a: b, c: d}, ports: [{name: a, port: 1}], service: {headless: true, annotations: {c: e}}}",
        )
        .unwrap();
        assert_eq!(service["spec"]["clusterIP"], "None");
        assert_eq!(service["metadata"]["annotations"]["a"], "b");
        assert_eq!(service["metadata"]["annotations"]["c"], "e");
        assert!(child("Service", "image: a:1").is_none());
    }
}
