//! Who reaches whom.

use std::collections::BTreeSet;

use k8s_openapi::api::networking::v1::NetworkPolicy;
use microservice_core::graph::reach::{End, Network, Pod, Port, Protocol, Reached};
use proptest::prelude::*;
use serde_json::json;

use crate::{config, networks::world, rendered::rendered, systems::system};

proptest! {
    #![proptest_config(config(512))]

    /// All pairs at once are the pairs one by one, and the order of policies and pods is nothing to them.
    #[test]
    fn all_pairs_at_once_are_the_pairs_one_by_one(world in world(true)) {
        let network = Network::new(&world.policies, &world.namespaces, &world.pods);
        let mut expected = BTreeSet::new();
        for from in &world.pods {
            for to in world.pods.iter().filter(|to| *to != from) {
                let end = |pod: &Pod| network.pod(&pod.namespace, &pod.name).unwrap();
                let ports = to.ports.iter().map(|declared| declared.port);
                let open = ports.filter(|port| network.allows(end(from), end(to), *port));
                expected.extend(open.map(|port| Reached { from: from.into(), to: to.into(), port }));
            }
        }
        prop_assert_eq!(network.reachable(), expected.clone());

        let (mut policies, mut pods) = (world.policies.clone(), world.pods.clone());
        policies.reverse();
        pods.reverse();
        prop_assert_eq!(Network::new(&policies, &world.namespaces, &pods).reachable(), expected);
    }

    /// Policies add up, and none takes away: one that opens everything does so whatever the others say.
    #[test]
    fn one_that_opens_everything_opens_everything(world in world(true), port in (1..10_000_u16, 0..3_usize)) {
        let port = Port { number: port.0, protocol: [Protocol::Tcp, Protocol::Udp, Protocol::Sctp][port.1] };
        let open = world.namespaces.keys().map(|namespace| {
            let spec = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]});
            serde_json::from_value(json!({"metadata": {"name": "open", "namespace": namespace}, "spec": spec})).unwrap()
        });
        let policies: Vec<NetworkPolicy> = world.policies.iter().cloned().chain(open).collect();
        let network = Network::new(&policies, &world.namespaces, &world.pods);
        let inside = world.pods.iter().map(|pod| network.pod(&pod.namespace, &pod.name).unwrap());
        let ends: Vec<End> = inside.chain(world.outside.iter().map(|address| End::Outside(*address))).collect();
        for (from, to) in ends.iter().flat_map(|from| ends.iter().map(move |to| (*from, *to))) {
            prop_assert!(network.allows(from, to, port), "{:?} -> {:?}", from, to);
        }
    }

    /// What is declared by the one and consented to by the other is reachable, whatever the class of each. Between two that
    /// enforce, nothing else is: not on other ports, not by replicas, not because something outside may be reached.
    #[test]
    fn reachable_is_what_is_declared_and_consented(system in system(6, false)) {
        let cluster = rendered(system.documents(), "default");
        let network = Network::new(&cluster.policies, &cluster.namespaces, &cluster.pods);
        let place = |pod: &Pod| system.services.iter().position(|s| pod.name.starts_with(&format!("{}-", s.name))).unwrap();
        let ports: BTreeSet<Port> = system
            .numbers()
            .map(|(number, protocol)| Port { number, protocol: protocol.parse().unwrap() })
            .collect();
        for from in &cluster.pods {
            for to in cluster.pods.iter().filter(|to| *to != from) {
                let end = |pod: &Pod| network.pod(&pod.namespace, &pod.name).unwrap();
                let enforced = [from, to].iter().all(|pod| system.services[place(pod)].enforced);
                for port in &ports {
                    let meant = system.means(place(from), place(to), port.number, port.protocol.as_str());
                    if meant || enforced {
                        let allowed = network.allows(end(from), end(to), *port);
                        prop_assert_eq!(allowed, meant, "{} -> {} {}", from.name, to.name, port);
                    }
                }
            }
        }
    }
}
