//! Who reaches whom.

use std::collections::BTreeSet;

use microservice_core::graph::reach::{Network, Pod, Port, Reached};
use proptest::prelude::*;

use crate::{
    config,
    networks::{NotIn, world},
    rendered::rendered,
    systems::system,
};

proptest! {
    #![proptest_config(config(512))]

    /// All pairs at once are the pairs one by one, and the order of policies and pods is nothing to them.
    #[test]
    fn all_pairs_at_once_are_the_pairs_one_by_one(world in world(NotIn::Any)) {
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
