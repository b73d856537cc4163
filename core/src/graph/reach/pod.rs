//! What NetworkPolicies speak of: pods with their labels and ports, and addresses outside of the cluster.

use std::{collections::BTreeMap, fmt, net::IpAddr, str::FromStr};

use k8s_openapi::api::core::v1::{Container, PodTemplateSpec};

/// A pod. One may stand for all pods of a Deployment, since policies cannot tell them apart; two of them are needed to
/// ask whether replicas reach each other, because a pod always reaches itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pod {
    /// The namespace that it is in.
    pub namespace: String,
    /// Its name, unique within its namespace.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The ports that its containers declare. Traffic to other ports is judged as well; only their names need this.
    pub ports: Vec<PodPort>,
    /// Its address, where it is known. Without one no `ipBlock` takes the pod.
    pub address: Option<IpAddr>,
}

impl Pod {
    /// The pod that a template makes, which has no address yet. Ports are those of its containers and sidecars.
    #[must_use]
    pub fn of_template(namespace: &str, name: &str, template: &PodTemplateSpec) -> Self {
        let labels = template.metadata.as_ref().and_then(|m| m.labels.clone()).unwrap_or_default();
        let spec = template.spec.as_ref();
        let sidecars = spec.and_then(|s| s.init_containers.as_deref()).unwrap_or_default();
        let sidecars = sidecars.iter().filter(|c| c.restart_policy.as_deref() == Some("Always"));
        let containers = spec.map(|s| s.containers.as_slice()).unwrap_or_default();
        let ports = containers.iter().chain(sidecars).flat_map(ports_of).collect();
        Self { namespace: namespace.to_owned(), name: name.to_owned(), labels, ports, address: None }
    }

    /// Whether this port of the pod has this name.
    pub(super) fn calls(&self, port: Port, name: &str) -> bool {
        self.ports.iter().any(|own| own.port == port && own.name.as_deref() == Some(name))
    }
}

fn ports_of(container: &Container) -> impl Iterator<Item = PodPort> {
    container.ports.iter().flatten().filter_map(|port| {
        let number = u16::try_from(port.container_port).ok()?;
        let protocol = port.protocol.as_deref().map_or(Some(Protocol::Tcp), |p| p.parse().ok())?;
        Some(PodPort { name: port.name.clone(), port: Port { number, protocol } })
    })
}

/// A port that a container declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodPort {
    /// Its name, by which policies may mean it.
    pub name: Option<String>,
    /// Its number and protocol.
    pub port: Port,
}

/// Where traffic goes to on a pod or an address: the port of the *pod*, never that of a Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    /// Its number.
    pub number: u16,
    /// What is spoken there.
    pub protocol: Protocol,
}

impl fmt::Display for Port {
    /// Example: `8080/TCP`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.protocol)
    }
}

/// The protocols that NetworkPolicies know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// `TCP`, which is meant where nothing is said.
    Tcp,
    /// `UDP`.
    Udp,
    /// `SCTP`.
    Sctp,
}

impl Protocol {
    /// As Kubernetes writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A protocol that NetworkPolicies do not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownProtocol;

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    fn from_str(text: &str) -> Result<Self, UnknownProtocol> {
        [Self::Tcp, Self::Udp, Self::Sctp].into_iter().find(|p| p.as_str() == text).ok_or(UnknownProtocol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_gives_labels_and_the_ports_of_what_runs_beside_each_other() {
        let template = serde_saphyr::from_str(
            "{metadata: {labels: {app: shop}}, spec: {containers: [\
               {name: a, ports: [{name: http, containerPort: 8080}, {containerPort: 53, protocol: UDP}]}, {name: b}], \
             initContainers: [{name: once, ports: [{containerPort: 1}]}, \
               {name: sidecar, restartPolicy: Always, ports: [{name: metrics, containerPort: 9090, protocol: TCP}]}]}}",
        )
        .unwrap();
        let pod = Pod::of_template("ns", "shop", &template);
        let ports: Vec<_> = pod.ports.iter().map(|p| (p.name.as_deref(), p.port.to_string())).collect();
        assert_eq!(
            ports,
            [(Some("http"), "8080/TCP".into()), (None, "53/UDP".into()), (Some("metrics"), "9090/TCP".into())]
        );
        assert_eq!(pod.labels, [("app".to_owned(), "shop".to_owned())].into());
        assert_eq!((pod.namespace.as_str(), pod.name.as_str(), pod.address), ("ns", "shop", None));
    }

    #[test]
    fn protocols_are_read_as_they_are_written() {
        for protocol in [Protocol::Tcp, Protocol::Udp, Protocol::Sctp] {
            assert_eq!(protocol.to_string().parse(), Ok(protocol));
        }
        assert_eq!("tcp".parse::<Protocol>(), Err(UnknownProtocol));
    }
}
