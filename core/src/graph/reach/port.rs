//! The `ports` of a rule.

use k8s_openapi::{api::networking::v1::NetworkPolicyPort, apimachinery::pkg::util::intstr::IntOrString};

use super::pod::{Pod, Port, Protocol};

/// Ports that a rule opens.
#[derive(Debug)]
pub(super) enum Ports<'a> {
    /// All ports of all protocols: none are listed.
    All,
    /// These and no others.
    Listed(Vec<Opened<'a>>),
}

/// One item of the list.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    protocol: Protocol,
    which: Which<'a>,
}

#[derive(Debug)]
enum Which<'a> {
    All,
    /// From the first to the last.
    Numbers(i32, i32),
    Named(&'a str),
}

impl<'a> Ports<'a> {
    /// A list without items is as none. An item that the server would refuse opens nothing.
    pub(super) fn new(ports: Option<&'a [NetworkPolicyPort]>) -> Self {
        match ports.unwrap_or_default() {
            [] => Self::All,
            listed => Self::Listed(listed.iter().filter_map(Opened::new).collect()),
        }
    }

    /// Whether traffic to this port may pass. A name means a port of the pod that the traffic goes to, in rules of both
    /// directions; an address outside of the cluster has no named ports.
    pub(super) fn open(&self, port: Port, to: Option<&Pod>) -> bool {
        match self {
            Self::All => true,
            Self::Listed(listed) => listed.iter().any(|item| item.opens(port, to)),
        }
    }
}

impl<'a> Opened<'a> {
    fn new(port: &'a NetworkPolicyPort) -> Option<Self> {
        let protocol = port.protocol.as_deref().map_or(Some(Protocol::Tcp), |p| p.parse().ok())?;
        let which = match (&port.port, port.end_port) {
            (None, None) => Which::All,
            (Some(IntOrString::Int(number)), end) => Which::Numbers(*number, end.unwrap_or(*number)),
            (Some(IntOrString::String(name)), None) => Which::Named(name),
            // A range needs a number to start from.
            (None | Some(IntOrString::String(_)), Some(_)) => return None,
        };
        Some(Self { protocol, which })
    }

    fn opens(&self, port: Port, to: Option<&Pod>) -> bool {
        self.protocol == port.protocol
            && match self.which {
                Which::All => true,
                Which::Numbers(first, last) => (first..=last).contains(&i32::from(port.number)),
                Which::Named(name) => to.is_some_and(|pod| pod.calls(port, name)),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::reach::PodPort;

    /// The ports, of 80, 8080, 8081 and 9000 of each protocol, that a list opens on a pod with `http` at 8080/TCP and
    /// `dns` at 9000/UDP.
    fn opened(yaml: &str) -> Vec<String> {
        let listed: Option<Vec<NetworkPolicyPort>> = serde_saphyr::from_str(yaml).unwrap();
        let named = |name: &str, number, protocol| PodPort { name: Some(name.into()), port: Port { number, protocol } };
        let ports = vec![named("http", 8080, Protocol::Tcp), named("dns", 9000, Protocol::Udp)];
        let pod = Pod { ports, ..Pod::default() };
        let rule = Ports::new(listed.as_deref());
        let mut open = Vec::new();
        for number in [80, 8080, 8081, 9000] {
            for protocol in [Protocol::Tcp, Protocol::Udp, Protocol::Sctp] {
                let port = Port { number, protocol };
                if rule.open(port, Some(&pod)) {
                    open.push(port.to_string());
                }
            }
        }
        open
    }

    #[test]
    fn no_list_and_an_empty_one_are_all_ports_of_all_protocols() {
        assert_eq!(opened("null").len(), 12);
        assert_eq!(opened("[]").len(), 12);
    }

    #[test]
    fn the_protocol_is_tcp_where_none_is_said() {
        assert_eq!(opened("[{port: 80}]"), ["80/TCP"]);
        assert_eq!(opened("[{port: 80, protocol: UDP}]"), ["80/UDP"]);
        assert_eq!(opened("[{port: 80, protocol: SCTP}]"), ["80/SCTP"]);
    }

    #[test]
    fn without_a_port_all_ports_of_the_protocol_are_meant() {
        assert_eq!(opened("[{}]"), ["80/TCP", "8080/TCP", "8081/TCP", "9000/TCP"]);
        assert_eq!(opened("[{protocol: UDP}]"), ["80/UDP", "8080/UDP", "8081/UDP", "9000/UDP"]);
    }

    #[test]
    fn a_range_has_both_of_its_ends() {
        assert_eq!(opened("[{port: 80, endPort: 8080}]"), ["80/TCP", "8080/TCP"]);
        assert_eq!(opened("[{port: 8081, endPort: 8081, protocol: UDP}]"), ["8081/UDP"]);
    }

    #[test]
    fn a_name_is_a_port_of_the_pod_that_is_called() {
        assert_eq!(opened("[{port: http}]"), ["8080/TCP"]);
        assert_eq!(opened("[{port: dns, protocol: UDP}]"), ["9000/UDP"]);
        assert_eq!(opened("[{port: dns}]"), [""; 0]);
        assert_eq!(opened("[{port: other}]"), [""; 0]);
        let listed = [NetworkPolicyPort { port: Some(IntOrString::String("http".into())), ..Default::default() }];
        assert!(!Ports::new(Some(&listed)).open(Port { number: 8080, protocol: Protocol::Tcp }, None));
    }

    #[test]
    fn any_item_of_the_list_suffices() {
        assert_eq!(opened("[{port: http}, {port: 80, protocol: UDP}]"), ["80/UDP", "8080/TCP"]);
    }

    #[test]
    fn what_the_server_would_refuse_opens_nothing() {
        for yaml in [
            "[{endPort: 90}]",
            "[{port: http, endPort: 9000}]",
            "[{port: 8080, endPort: 80}]",
            "[{port: 80, protocol: ICMP}]",
        ] {
            assert_eq!(opened(yaml), [""; 0], "{yaml}");
        }
    }
}
