//! Systems of services at random, and what their authors meant. `tests/network` asks Cyclonus about the same ones.

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

/// A few services, and the edges between them.
#[derive(Debug, Clone)]
pub struct System {
    pub services: Vec<Service>,
}

/// One service, with what it was meant to say.
#[derive(Debug, Clone)]
pub struct Service {
    pub namespace: &'static str,
    pub name: String,
    system: Option<&'static str>,
    pub enforced: bool,
    /// Ports of its Service, with those of its pods.
    ports: Vec<ServicePort>,
    /// Whom it lets; its own namespace where it says nothing.
    consents: Option<Vec<Consent>>,
    /// Ports of others that it says it uses: the place of the service and of its port.
    uses: Vec<(usize, usize)>,
    how: Vec<How>,
    outside: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq)]
struct ServicePort {
    name: &'static str,
    number: u16,
    target: u16,
    protocol: &'static str,
}

#[derive(Debug, Clone)]
enum Consent {
    Service { place: usize, by_namespace: bool },
    System(&'static str),
    Namespace(&'static str),
    Tier(&'static str),
    Replicas,
}

/// How a use says which port it means.
#[derive(Debug, Clone, Copy)]
enum How {
    Name,
    Number,
    Api,
    /// Says nothing, where there is one.
    TheOne,
}

/// The namespaces, with their tier.
const NAMESPACES: [(&str, &str); 3] = [("shop", "public"), ("back", "private"), ("data", "private")];

impl System {
    /// As its authors write it: namespaces, classes and services.
    pub fn documents(&self) -> Vec<Value> {
        let namespaces = NAMESPACES
            .map(|(name, tier)| json!({"kind": "Namespace", "metadata": {"name": name, "labels": {"tier": tier}}}));
        let classes = [("enforced", "Enforce"), ("observed", "Observe")].map(|(name, mode)| {
            json!({"kind": "MicroserviceClass", "metadata": {"name": name}, "spec": {"network": {"mode": mode}}})
        });
        let services = self.services.iter().map(|service| self.document(service));
        namespaces.into_iter().chain(classes).chain(services).collect()
    }

    fn document(&self, service: &Service) -> Value {
        let ports: Vec<Value> = service.ports.iter().map(ServicePort::document).collect();
        let apis: Vec<Value> = service
            .ports
            .iter()
            .map(|port| json!({"name": format!("{}-api", port.name), "version": "1.2.0", "port": port.name}))
            .collect();
        let uses = service.uses.iter().zip(&service.how).map(|((to, port), how)| {
            let (provider, port) = (&self.services[*to], &self.services[*to].ports[*port]);
            let mut used = json!({"service": provider.name, "namespace": provider.namespace});
            match how {
                How::Name => used["port"] = port.name.into(),
                How::Number => used["port"] = port.number.into(),
                How::TheOne if provider.ports.len() == 1 => {}
                How::Api | How::TheOne => used["api"] = format!("{}-api", port.name).into(),
            }
            used
        });
        let mut spec = json!({
            "image": "registry.example/app:1", "class": if service.enforced { "enforced" } else { "observed" },
            "ports": ports, "exposes": apis, "uses": uses.collect::<Vec<_>>(),
        });
        if let Some(system) = service.system {
            spec["system"] = system.into();
        }
        if let Some(consents) = &service.consents {
            spec["allowFrom"] = consents.iter().map(|consent| self.consent(consent)).collect();
        }
        if let Some(cidr) = service.outside {
            spec["external"] = json!([{"name": "outside", "cidrs": [cidr], "ports": [{"port": 1, "endPort": 65535}]}]);
        }
        json!({
            "kind": "Microservice", "apiVersion": "microservices.dev/v1alpha1",
            "metadata": {"name": service.name, "namespace": service.namespace}, "spec": spec,
        })
    }

    fn consent(&self, consent: &Consent) -> Value {
        match consent {
            Consent::Service { place, by_namespace } => {
                let Service { name, namespace, .. } = &self.services[place % self.services.len()];
                if *by_namespace { json!({"service": name, "namespace": namespace}) } else { json!({"service": name}) }
            }
            Consent::System(system) => json!({"system": system}),
            Consent::Namespace(namespace) => json!({"namespace": namespace}),
            Consent::Tier(tier) => json!({"namespaces": {"matchLabels": {"tier": tier}}}),
            Consent::Replicas => json!({"self": true}),
        }
    }

    /// Whether pods of one service are meant to reach a port of pods of another, or of their own service: declared by the
    /// one, and consented to by the other.
    pub fn means(&self, from: usize, to: usize, number: u16, protocol: &str) -> bool {
        let (consumer, provider) = (&self.services[from], &self.services[to]);
        let at = |port: &ServicePort| port.target == number && port.transport() == protocol;
        if from == to {
            let replicas = provider.consents.iter().flatten().any(|consent| matches!(consent, Consent::Replicas));
            return replicas && provider.ports.iter().any(at);
        }
        let declared = consumer.uses.iter().any(|(service, port)| *service == to && at(&provider.ports[*port]));
        declared && self.consented(consumer, provider)
    }

    fn consented(&self, consumer: &Service, provider: &Service) -> bool {
        let tier = |namespace: &str| NAMESPACES.iter().find(|(name, _)| *name == namespace).unwrap().1;
        let neighbours = consumer.namespace == provider.namespace;
        provider.consents.as_ref().map_or(neighbours, |list| {
            list.iter().any(|consent| match consent {
                Consent::Service { place, by_namespace } => {
                    let meant = &self.services[place % self.services.len()];
                    meant.name == consumer.name
                        && (neighbours || (*by_namespace && meant.namespace == consumer.namespace))
                }
                Consent::System(system) => neighbours && consumer.system == Some(system),
                Consent::Namespace(namespace) => consumer.namespace == *namespace,
                Consent::Tier(wanted) => tier(consumer.namespace) == *wanted,
                Consent::Replicas => false,
            })
        })
    }

    /// All ports that pods of anybody listen on, and those of Services, where nobody listens.
    pub fn numbers(&self) -> impl Iterator<Item = (u16, &'static str)> {
        let ports = self.services.iter().flat_map(|service| &service.ports);
        ports.flat_map(|port| [port.target, port.number].map(|number| (number, port.transport())))
    }
}

impl ServicePort {
    fn document(&self) -> Value {
        json!({"name": self.name, "port": self.number, "targetPort": self.target, "protocol": self.protocol})
    }

    fn transport(&self) -> &'static str {
        if self.protocol == "udp" { "UDP" } else { "TCP" }
    }
}

/// Systems of up to `most` services in three namespaces.
pub fn system(most: usize, enforced: bool) -> impl Strategy<Value = System> {
    vec(service(enforced), 2..=most).prop_flat_map(|services| {
        let places: Vec<(usize, usize)> = services
            .iter()
            .enumerate()
            .flat_map(|(at, one)| (0..one.ports.len()).map(move |port| (at, port)))
            .collect();
        let count = places.len();
        let uses = vec(proptest::sample::subsequence(places, 0..=count.min(6)), services.len());
        (Just(services), uses).prop_map(|(services, uses)| {
            let place = |(at, (service, uses)): (usize, (Service, Vec<(usize, usize)>))| {
                // Nobody uses itself, and each use of one service needs a key of its own: its API.
                let mut seen = std::collections::BTreeSet::new();
                let uses: Vec<_> = uses.into_iter().filter(|(to, _)| *to != at).collect();
                let how =
                    uses.iter().zip(&service.how).map(|((to, _), how)| if seen.insert(*to) { *how } else { How::Api });
                let how = how.collect();
                Service { name: format!("s{at}"), uses, how, ..service }
            };
            System { services: services.into_iter().zip(uses).enumerate().map(place).collect() }
        })
    })
}

fn service(enforced: bool) -> impl Strategy<Value = Service> {
    let systems = || select(vec!["boutique", "other"]);
    let consent = prop_oneof![
        (0..8_usize, any::<bool>()).prop_map(|(place, by_namespace)| Consent::Service { place, by_namespace }),
        systems().prop_map(Consent::System),
        select(vec!["shop", "back", "data"]).prop_map(Consent::Namespace),
        select(vec!["public", "private"]).prop_map(Consent::Tier),
        Just(Consent::Replicas),
    ];
    let how = prop_oneof![Just(How::Name), Just(How::Number), Just(How::Api), Just(How::TheOne)];
    let all_ports = vec![
        ServicePort { name: "http", number: 80, target: 8080, protocol: "http" },
        ServicePort { name: "admin", number: 8080, target: 8081, protocol: "tcp" },
        ServicePort { name: "dns", number: 53, target: 8080, protocol: "udp" },
        ServicePort { name: "grpc", number: 90, target: 90, protocol: "grpc" },
    ];
    let mode = if enforced { Just(true).boxed() } else { prop::bool::weighted(0.7).boxed() };
    let outside = option::weighted(0.2, select(vec!["0.0.0.0/0", "10.1.0.0/16", "203.0.113.0/24"]));
    let ports = proptest::sample::subsequence(all_ports, 0..=3);
    // Mostly one, since without a word of consent only neighbours may.
    let namespace = select(vec!["shop", "shop", "shop", "back", "data"]);
    (namespace, option::of(systems()), mode, ports, option::of(vec(consent, 0..=3)), vec(how, 6), outside).prop_map(
        |(namespace, system, enforced, ports, consents, how, outside)| Service {
            namespace,
            name: String::new(),
            system,
            enforced,
            ports,
            consents,
            uses: Vec::new(),
            how,
            outside,
        },
    )
}
