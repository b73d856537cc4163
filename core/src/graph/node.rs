//! What one service says of its edges.

use std::collections::BTreeSet;

use microservice_crds::{Api, Consent, External, MicroserviceSpec, MicroserviceStatus, Port, Transport, Use};
use serde::Serialize;

use super::Template;
use crate::plan::{Class, ports};

/// A service, by namespace and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Id {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Id {
    /// The service of this name.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What one service says of its edges, and what its running pods say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Which service.
    pub id: Id,
    /// `spec.system`.
    pub system: Option<String>,
    /// What others need to know to call it.
    pub offer: Offer,
    /// `spec.uses`.
    pub uses: Vec<Use>,
    /// `spec.external`.
    pub external: Vec<External>,
    /// Requests that its routes send to services of its namespace, itself among them.
    pub routes: BTreeSet<RouteEdge>,
}

/// What others need to know of a service to call it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Offer {
    /// `spec.ports`.
    pub ports: Vec<Port>,
    /// `spec.exposes`.
    pub exposes: Vec<Api>,
    /// `spec.allowFrom`.
    pub allow_from: Option<Vec<Consent>>,
    /// Whether its address is that of its pods: then its port is theirs, too.
    pub headless: bool,
    /// Templates whose pods run or may still run, oldest first: they may listen elsewhere and serve other versions.
    pub templates: Vec<Template>,
}

/// Requests that a route sends to a service of its namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteEdge {
    /// Name of the service.
    pub service: String,
    /// Port of its Service.
    pub port: i32,
    /// Namespaces of the Gateways that the route hangs on.
    pub gateways: BTreeSet<String>,
}

impl Node {
    /// What a service with this spec and class says. `status` tells of the pods that run.
    pub fn of(id: Id, spec: &MicroserviceSpec, class: Option<&Class>, status: Option<&MicroserviceStatus>) -> Self {
        let templates: Vec<Template> = status.iter().flat_map(|status| &status.templates).map(Template::read).collect();
        Self {
            routes: routes(&id, spec, class),
            id,
            system: spec.system.clone(),
            uses: spec.uses.clone(),
            external: spec.external.clone(),
            offer: Offer {
                ports: spec.ports.clone(),
                exposes: spec.exposes.clone(),
                allow_from: spec.allow_from.clone(),
                headless: spec.service.as_ref().is_some_and(|service| service.headless),
                templates,
            },
        }
    }

    /// The service that one of its uses means.
    pub fn provider(&self, used: &Use) -> Id {
        provider_of(&self.id.namespace, used)
    }

    /// Whether one of its uses means this service.
    pub fn means(&self, used: &Use, provider: &Id) -> bool {
        let namespace = if used.namespace.is_empty() { &self.id.namespace } else { &used.namespace };
        used.service == provider.name && *namespace == provider.namespace
    }

    /// All services that it uses, each once.
    pub fn providers(&self) -> BTreeSet<Id> {
        self.uses.iter().map(|used| self.provider(used)).collect()
    }

    /// What its running pods need of others, as their templates recorded it.
    pub fn needs(&self) -> BTreeSet<&str> {
        self.offer.templates.iter().flat_map(|template| &template.needs).map(String::as_str).collect()
    }

    /// All other services that its routes lead to.
    pub fn routed(&self) -> BTreeSet<Id> {
        let others = self.routes.iter().filter(|edge| edge.service != self.id.name);
        others.map(|edge| Id::new(&self.id.namespace, &edge.service)).collect()
    }
}

/// The service that a use means, said in this namespace.
pub fn provider_of(namespace: &str, used: &Use) -> Id {
    Id::new(if used.namespace.is_empty() { namespace } else { &used.namespace }, &used.service)
}

impl Offer {
    /// The port that callers dial.
    pub fn dialed(&self, port: &Port) -> i32 {
        if self.headless { port.target_port.unwrap_or(port.port) } else { port.port }
    }

    /// Numbers that the pods of a port listen on: of the spec, and of every template that may still run.
    pub fn targets(&self, port: &Port) -> BTreeSet<i32> {
        let alike = |(_, carried): &&(i32, Transport)| *carried == transport(port);
        let of_templates = self.templates.iter().filter_map(|template| template.ports.get(&port.name).filter(alike));
        of_templates.map(|(number, _)| *number).chain([port.target_port.unwrap_or(port.port)]).collect()
    }
}

/// What carries the protocol of a port.
pub fn transport(port: &Port) -> Transport {
    match port.protocol.unwrap_or_default() {
        microservice_crds::Protocol::Udp => Transport::Udp,
        _ => Transport::Tcp,
    }
}

fn routes(id: &Id, spec: &MicroserviceSpec, class: Option<&Class>) -> BTreeSet<RouteEdge> {
    let of_class = class.and_then(|class| class.spec.routing.as_ref());
    let in_class = of_class.iter().flat_map(|routing| &routing.gateways).map(|gateway| gateway.namespace.as_ref());
    let in_class: BTreeSet<String> = in_class.map(|of| of.unwrap_or(&id.namespace).clone()).collect();
    let mut edges = BTreeSet::new();
    for route in &spec.routes {
        let gateways = match &route.gateway {
            Some(gateway) => [gateway.namespace.as_ref().unwrap_or(&id.namespace).clone()].into(),
            None => in_class.clone(),
        };
        let own = ports::of_route(&spec.ports, route).map(|port| port.port);
        let mut lead = |service: &str, port: Option<i32>| {
            edges.extend(port.map(|port| RouteEdge { service: service.to_owned(), port, gateways: gateways.clone() }));
        };
        for backend in &route.backends {
            let service = backend.service.as_ref().unwrap_or(&id.name);
            let named = backend.port.as_ref().and_then(|port| ports::number(&spec.ports, port));
            lead(service, if *service == id.name { named.or(own) } else { named });
        }
        if route.backends.is_empty() {
            lead(&id.name, own);
        }
        let mirrors = route.filters.iter().filter_map(|filter| filter.request_mirror.as_ref());
        for target in mirrors.map(|mirror| &mirror.backend_ref) {
            if target.namespace.as_ref().is_none_or(|namespace| *namespace == id.namespace) {
                lead(&target.name, Some(target.port));
            }
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{graph::tests::node, plan::class::tests::class};

    #[test]
    fn a_port_has_the_numbers_of_all_templates_that_may_run() {
        let mut node = node("shop/api", "ports: [{name: http, port: 80, targetPort: 8081}]");
        node.offer.templates = vec![
            Template { ports: [("http".to_owned(), (8080, Transport::Tcp))].into(), ..Template::default() },
            Template { ports: [("http".to_owned(), (8081, Transport::Tcp))].into(), ..Template::default() },
        ];
        let port = node.offer.ports[0].clone();
        assert_eq!(node.offer.targets(&port), [8080, 8081].into());
    }

    #[test]
    fn routes_lead_from_the_namespaces_of_their_gateways() {
        let spec = "{image: 'a:1', ports: [{name: http, port: 80, protocol: http}],
            routes: [{name: a}, {name: b, gateway: {name: g, namespace: edge}, backends: [{}, {service: beta, port: 81}]}]}";
        let spec: MicroserviceSpec = serde_saphyr::from_str(spec).unwrap();
        let class = class("routing: {gateways: [{name: web, namespace: infra}, {name: own}]}");
        let node = Node::of(Id::new("shop", "web"), &spec, Some(&class), None);
        let edges: Vec<String> =
            node.routes.iter().map(|e| format!("{}:{} {:?}", e.service, e.port, e.gateways)).collect();
        assert_eq!(edges, ["beta:81 {\"edge\"}", "web:80 {\"edge\"}", "web:80 {\"infra\", \"shop\"}"]);
        assert_eq!(node.routed(), [Id::new("shop", "beta")].into());
    }
}
