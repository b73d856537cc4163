//! Who may reach a service and whom it may reach, from its edges, its routes and its class.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use ipnet::IpNet;
use microservice_crds::{ExternalPort, Network, NetworkMode, NetworkPeer, OtherHosts, Transport};

use super::{Dependency, NetworkPlan, Opening, Peer, PortRange, ServicePlan, check, draft::Draft};
use crate::{
    gateway::hostname,
    graph::{self, Node, Offer, Provider, Resolution},
};

/// Where DNS answers unless the class says so: a namespace, and labels of pods.
const DNS: (&str, &str, &str) = ("kube-system", "k8s-app", "kube-dns");
const DNS_PORT: i32 = 53;

/// Everything, in both families.
const ANYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];
/// What is not outside: private, shared, link-local and loopback ranges.
const INSIDE: [&[&str]; 2] = [
    &["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
    &["::1/128", "fc00::/7", "fe80::/10"],
];

/// Who may reach whom; none where the class says nothing of networks.
pub(super) fn resolve(
    draft: &mut Draft<'_>,
    node: &Node,
    dependencies: &[Dependency],
    service: Option<&ServicePlan>,
) -> Option<NetworkPlan> {
    check_external(draft);
    let network = draft.class?.spec.network.as_ref().filter(|network| network.mode != NetworkMode::Off)?;
    let mut ingress = Openings::default();
    callers(draft, node, &mut ingress);
    gateways(draft, node, network, &mut ingress);
    let every = every_port(&node.offer);
    ingress.add(&every, network.monitoring.iter().flat_map(peers));
    // Such a Service says itself that callers come from outside the cluster.
    if service.is_some_and(|service| service.type_ != "ClusterIP") {
        ingress.add(&every, ANYWHERE.map(|cidr| addresses(cidr, &[])));
    }

    let mut egress = Openings::default();
    providers(dependencies, &mut egress);
    if graph::replicas(node.offer.allow_from.as_deref()) {
        for openings in [&mut ingress, &mut egress] {
            openings.service(&every, &node.id.namespace, &node.id.name);
        }
    }
    dns(network, &mut egress);
    let closed_hosts = outside(node, network, &mut egress);
    Some(NetworkPlan { mode: network.mode, ingress: ingress.into_list(), egress: egress.into_list(), closed_hosts })
}

/// Peers by the ports that they may reach; services by namespace, so that each namespace is one selector.
#[derive(Default)]
struct Openings {
    services: BTreeMap<BTreeSet<PortRange>, BTreeMap<String, BTreeSet<String>>>,
    /// By service: the ports that it may reach.
    ports: BTreeMap<(String, String), BTreeSet<PortRange>>,
    others: BTreeMap<BTreeSet<PortRange>, BTreeSet<Peer>>,
}

impl Openings {
    /// Without ports or peers there is no rule: an empty list in a policy would mean everybody.
    fn add(&mut self, ports: &BTreeSet<PortRange>, peers: impl IntoIterator<Item = Peer>) {
        let mut peers = peers.into_iter().peekable();
        if !ports.is_empty() && peers.peek().is_some() {
            self.others.entry(ports.clone()).or_default().extend(peers);
        }
    }

    fn service(&mut self, ports: &BTreeSet<PortRange>, namespace: &str, name: &str) {
        if !ports.is_empty() {
            self.ports.entry((namespace.to_owned(), name.to_owned())).or_default().extend(ports);
        }
    }

    fn into_list(mut self) -> Vec<Opening> {
        for ((namespace, name), ports) in self.ports {
            self.services.entry(ports).or_default().entry(namespace).or_default().insert(name);
        }
        let services = self.services.into_iter().map(|(ports, of)| Opening {
            ports,
            peers: of.into_iter().map(|(namespace, names)| Peer::Services { namespace, names }).collect(),
        });
        let others =
            self.others.into_iter().map(|(ports, peers)| Opening { ports, peers: peers.into_iter().collect() });
        services.chain(others).collect()
    }
}

/// Services that say that they use this one, and may.
fn callers(draft: &Draft<'_>, node: &Node, ingress: &mut Openings) {
    for consumer in draft.facts.neighbourhood.invited(node) {
        for used in consumer.uses.iter().filter(|used| consumer.means(used, &node.id)) {
            let port = match graph::resolve(used, Provider::Known(&node.offer)) {
                Resolution::Port(port) | Resolution::AsWritten(_, Some(port)) => port,
                _ => continue,
            };
            ingress.service(&ranges(&node.offer, port), &consumer.id.namespace, &consumer.id.name);
        }
    }
}

/// Gateways of the routes that lead here, its own and those of others.
fn gateways(draft: &Draft<'_>, node: &Node, network: &Network, ingress: &mut Openings) {
    let here = |other: &Node| other.routes.iter().filter(|edge| edge.service == node.id.name).cloned().collect();
    let routers = draft.facts.neighbourhood.routers.iter();
    let edges: BTreeSet<graph::RouteEdge> =
        routers.map(|router| here(router)).chain([here(node)]).flat_map(|edges: Vec<_>| edges).collect();
    for edge in edges {
        let Some(port) = node.offer.ports.iter().find(|port| port.port == edge.port) else { continue };
        let ports = ranges(&node.offer, port);
        if network.gateways.is_empty() {
            let pods = |namespace| Peer::Pods { namespace: Some(namespace), labels: BTreeMap::new() };
            ingress.add(&ports, edge.gateways.into_iter().map(pods));
        } else {
            ingress.add(&ports, network.gateways.iter().flat_map(peers));
        }
    }
}

/// Services that this one uses, where they let it.
fn providers(dependencies: &[Dependency], egress: &mut Openings) {
    for dependency in dependencies.iter().filter(|dependency| dependency.consented) {
        let transport = dependency.transport;
        let ports = dependency.targets.iter().map(|first| PortRange { first: *first, last: None, transport });
        let ports: BTreeSet<PortRange> = ports.collect();
        let provider = &dependency.provider;
        if dependency.known {
            egress.service(&ports, &provider.namespace, &provider.name);
        } else {
            // What is no Microservice has labels that nobody knows.
            let namespace = Some(provider.namespace.clone());
            egress.add(&ports, [Peer::Pods { namespace, labels: BTreeMap::new() }]);
        }
    }
}

fn dns(network: &Network, egress: &mut Openings) {
    let both = |ports: &[i32]| -> BTreeSet<PortRange> {
        let of = |transport| ports.iter().map(move |first| PortRange { first: *first, last: None, transport });
        of(Transport::Tcp).chain(of(Transport::Udp)).collect()
    };
    let Some(said) = &network.dns else {
        let (namespace, key, value) = DNS;
        let labels = [(key.to_owned(), value.to_owned())].into();
        return egress.add(&both(&[DNS_PORT]), [Peer::Pods { namespace: Some(namespace.to_owned()), labels }]);
    };
    for peer in said {
        let ports = if peer.ports.is_empty() { both(&[DNS_PORT]) } else { both(&peer.ports) };
        let of = NetworkPeer {
            namespace: peer.namespace.clone(),
            pod_labels: peer.pod_labels.clone(),
            cidrs: peer.cidrs.clone(),
        };
        egress.add(&ports, peers(&of));
    }
}

/// What lies outside the cluster. Answers the host names that open nothing.
fn outside(node: &Node, network: &Network, egress: &mut Openings) -> Vec<String> {
    let mut closed = BTreeSet::new();
    for external in &node.external {
        let ports: BTreeSet<PortRange> = external.ports.iter().map(range).collect();
        egress.add(&ports, external.cidrs.iter().map(|cidr| addresses(cidr, &[])));
        for host in &external.hosts {
            let known = network.hosts.iter().find(|known| hostname::within(host, &known.pattern));
            match (known, network.other_hosts) {
                (Some(known), _) => egress.add(&ports, known.cidrs.iter().map(|cidr| addresses(cidr, &[]))),
                (None, OtherHosts::AnyAddress) => {
                    egress.add(&ports, ANYWHERE.into_iter().zip(INSIDE).map(|(cidr, except)| addresses(cidr, except)));
                }
                (None, OtherHosts::Nothing) => drop(closed.insert(host.clone())),
            }
        }
    }
    closed.into_iter().collect()
}

/// All ports of the pods, those of templates that are going too.
fn every_port(offer: &Offer) -> BTreeSet<PortRange> {
    offer.ports.iter().flat_map(|port| ranges(offer, port)).collect()
}

fn ranges(offer: &Offer, port: &microservice_crds::Port) -> BTreeSet<PortRange> {
    let transport = graph::transport(port);
    offer.targets(port).into_iter().map(|first| PortRange { first, last: None, transport }).collect()
}

fn range(port: &ExternalPort) -> PortRange {
    PortRange { first: port.port, last: port.end_port.filter(|end| *end > port.port), transport: port.protocol }
}

fn addresses(cidr: &str, except: &[&str]) -> Peer {
    Peer::Addresses { cidr: cidr.to_owned(), except: except.iter().map(|part| (*part).to_owned()).collect() }
}

/// The peers that an entry of the class means.
fn peers(peer: &NetworkPeer) -> Vec<Peer> {
    let pods = peer.namespace.is_some() || !peer.pod_labels.is_empty();
    let pods = pods.then(|| Peer::Pods { namespace: peer.namespace.clone(), labels: peer.pod_labels.clone() });
    pods.into_iter().chain(peer.cidrs.iter().map(|cidr| addresses(cidr, &[]))).collect()
}

fn check_external(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    for external in &spec.external {
        let field = format!("external[{}]", external.name);
        if external.cidrs.is_empty() && external.hosts.is_empty() {
            draft.refuse(&field, "say where it is: write cidrs, hosts or both");
        }
        for cidr in &external.cidrs {
            draft.problems.check(format!("{field}.cidrs"), self::cidr(cidr));
        }
        for host in &external.hosts {
            draft.problems.check(format!("{field}.hosts"), check::hostname(host));
        }
        for port in &external.ports {
            let at = format!("{field}.ports[{}]", port.port);
            draft.problems.check(&at, check::port_number(port.port));
            draft.problems.check(format!("{at}.endPort"), port.end_port.map_or(Ok(()), check::port_number));
            if port.end_port.is_some_and(|end| end < port.port) {
                draft.refuse(format!("{at}.endPort"), "the last port of a range must not be less than port");
            }
        }
        if external.ports.is_empty() {
            draft.refuse(format!("{field}.ports"), "say at least one port");
        }
    }
    if let Some(name) = check::duplicate(spec.external.iter().map(|external| external.name.as_str())) {
        draft.refuse(format!("external[{name}]"), "the name stands there twice; keep one");
    }
}

/// Addresses with their host bits zero, as Kubernetes wants them.
fn cidr(text: &str) -> Result<(), String> {
    let parsed: Option<IpNet> = text.parse().ok();
    let why = match parsed {
        Some(net) if net.addr() == net.network() => return Ok(()),
        Some(net) => format!("write {}", net.trunc()),
        None => match text.parse::<IpAddr>() {
            Ok(address) => format!("write {}", IpNet::from(address)),
            Err(_) => "write one as in 203.0.113.0/24 or 2001:db8::/32".to_owned(),
        },
    };
    Err(format!("{text:?} is no range of addresses; {why}"))
}

#[cfg(test)]
mod tests;
