//! How the Service is published.

use microservice_crds::{ExternalTrafficPolicy, ServiceType, SessionAffinity};

use super::{PortPlan, ServicePlan, draft::Draft, metadata};

/// The Service; none without a port.
pub(super) fn resolve(draft: &mut Draft<'_>, ports: &[PortPlan]) -> Option<ServicePlan> {
    let service = draft.spec.service.clone().unwrap_or_default();
    metadata::check_annotations(draft, "service.annotations", &service.annotations);
    let type_ = draft.ledger.derive("service.type", service.type_, ServiceType::default);
    if service.headless && type_ != ServiceType::ClusterIP {
        draft.refuse("service.headless", "only a Service of type ClusterIP can be headless; leave service.type out");
    }
    if service.external_traffic_policy.is_some() && type_ == ServiceType::ClusterIP {
        draft.refuse(
            "service.externalTrafficPolicy",
            "only for type NodePort and LoadBalancer; leave it out or write service.type",
        );
    }
    if let Some(value) = &service.traffic_distribution
        && !matches!(value.as_str(), "PreferSameZone" | "PreferSameNode" | "PreferClose")
    {
        draft.refuse(
            "service.trafficDistribution",
            format!("{value:?} is not known; write PreferSameZone, PreferSameNode or PreferClose"),
        );
    }
    if ports.is_empty() {
        return None;
    }
    Some(ServicePlan {
        type_: match type_ {
            ServiceType::ClusterIP => "ClusterIP",
            ServiceType::NodePort => "NodePort",
            ServiceType::LoadBalancer => "LoadBalancer",
        },
        headless: service.headless,
        annotations: service.annotations,
        traffic_distribution: service.traffic_distribution,
        session_affinity: service.session_affinity.map(|affinity| match affinity {
            SessionAffinity::None => "None",
            SessionAffinity::ClientIP => "ClientIP",
        }),
        external_traffic_policy: service.external_traffic_policy.map(|policy| match policy {
            ExternalTrafficPolicy::Cluster => "Cluster",
            ExternalTrafficPolicy::Local => "Local",
        }),
    })
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::{planned, refused};

    #[test]
    fn no_port_no_service() {
        assert!(planned("{image: a:1, service: {headless: true}}").service.is_none());
        let plan = planned("{image: a:1, ports: [{name: a, port: 1}]}");
        assert_eq!(plan.service.unwrap().type_, "ClusterIP");
    }

    #[test]
    fn what_contradicts_is_refused() {
        for (service, field) in [
            ("headless: true, type: NodePort", "service.headless"),
            ("externalTrafficPolicy: Local", "service.externalTrafficPolicy"),
            ("trafficDistribution: Near", "service.trafficDistribution"),
            ("annotations: {microservices.dev/x: y}", "service.annotations[microservices.dev/x]"),
        ] {
            assert_eq!(refused(&format!("{{image: a:1, service: {{{service}}}}}")), [field], "{service}");
        }
    }
}
