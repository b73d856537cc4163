//! Online Boutique, enforced, beside the NetworkPolicies that its authors ship with it.

use std::{collections::BTreeSet, path::Path};

use microservice_core::graph::reach::{Network, Port, Protocol};
use microservice_tests::cyclonus::Cyclonus;
use serde_json::{Value, json};

use crate::{
    rendered::{Cluster, rendered},
    two::{Stage, differing},
};

/// Whom the shop's own policies let in: a service, the port of its pods, and its callers. From the component
/// `network-policies` of GoogleCloudPlatform/microservices-demo v0.10.6 (Apache-2.0). Whoever is not named, on whatever
/// other port, is kept out by its policy `deny-all`.
const CALLERS: [(&str, u16, &[&str]); 10] = [
    ("adservice", 9555, &["frontend"]),
    ("cartservice", 7070, &["checkoutservice", "frontend"]),
    ("checkoutservice", 5050, &["frontend"]),
    ("currencyservice", 7000, &["checkoutservice", "frontend"]),
    ("emailservice", 8080, &["checkoutservice"]),
    ("paymentservice", 50051, &["checkoutservice"]),
    ("productcatalogservice", 3550, &["checkoutservice", "frontend", "recommendationservice"]),
    ("recommendationservice", 8080, &["frontend"]),
    ("redis-cart", 6379, &["cartservice"]),
    ("shippingservice", 50051, &["checkoutservice", "frontend"]),
];

/// The one exception: the shop's own policy for frontend lets everyone in, on every port. Ours lets in who says so.
const FRONTEND: (&str, u16, &[&str]) = ("frontend", 8080, &["loadgenerator"]);

/// Who, for that reason, is let in to frontend by theirs and kept out by ours.
const ONLY_THEIRS: [&str; 10] = [
    "adservice",
    "cartservice",
    "checkoutservice",
    "currencyservice",
    "emailservice",
    "paymentservice",
    "productcatalogservice",
    "recommendationservice",
    "redis-cart",
    "shippingservice",
];

fn tcp(number: u16) -> Port {
    Port { number, protocol: Protocol::Tcp }
}

/// The sample, with a class that enforces.
fn shop() -> Cluster {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/samples/online-boutique");
    let mut documents = vec![json!({
        "kind": "MicroserviceClass", "spec": {"network": {"mode": "Enforce"}},
        "metadata": {"name": "enforced", "annotations": {"microservices.dev/is-default-class": "true"}},
    })];
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        documents.extend(serde_saphyr::from_multiple::<Value>(&text).unwrap());
    }
    rendered(documents, "online-boutique")
}

/// The service that a pod is of.
fn service(pod: &str) -> &str {
    pod.rsplit_once('-').unwrap().0
}

/// Every pair, on every port that anybody listens on: we and Cyclonus read our policies alike, and they let in whom the
/// shop's own policies let in.
#[test]
fn every_pair_is_let_in_as_by_the_shops_own_policies() {
    let Cluster { namespaces, pods, policies } = &shop();
    assert_eq!((pods.len(), policies.len()), (24, 12), "all of the shop, and a policy for each");
    let ports: BTreeSet<u16> = CALLERS.iter().chain([&FRONTEND]).map(|(_, port, _)| *port).collect();
    let ports: Vec<Port> = ports.into_iter().map(tcp).collect();
    let stage = Stage { policies, namespaces, pods, outside: &[] };
    let answers = stage.ask(&Cyclonus::prepare().unwrap(), &ports).unwrap();
    assert_eq!(differing(&answers), [""; 0]);

    let mut only_theirs = BTreeSet::new();
    for answer in &answers {
        let (from, to) = (service(&pods[answer.from].name), service(&pods[answer.to].name));
        if from == to {
            // Replicas among each other: nobody lets them.
            assert!(to == FRONTEND.0 || !answer.theirs.ingress, "{answer}");
        } else if to == FRONTEND.0 {
            let ours = answer.port == tcp(FRONTEND.1) && FRONTEND.2.contains(&from);
            assert_eq!(answer.theirs.ingress, ours, "{answer}");
            if answer.port == tcp(FRONTEND.1) && !ours {
                only_theirs.insert(from);
            }
        } else {
            let lets = |(name, port, callers): &(&str, u16, &[&str])| {
                *name == to && tcp(*port) == answer.port && callers.contains(&from)
            };
            assert_eq!(answer.theirs.ingress, CALLERS.iter().any(lets), "{answer}");
        }
    }
    assert_eq!(only_theirs.into_iter().collect::<Vec<_>>(), ONLY_THEIRS);
}

/// With both ends: the edges are those of the shop and no others.
#[test]
fn what_is_reachable_are_the_edges_of_the_shop() {
    let Cluster { namespaces, pods, policies } = &shop();
    let network = Network::new(policies, namespaces, pods);
    let reachable = network.reachable();
    let found: BTreeSet<(&str, &str, Port)> =
        reachable.iter().map(|one| (service(one.from.name), service(one.to.name), one.port)).collect();
    let edges = CALLERS.iter().chain([&FRONTEND]);
    let edges = edges.flat_map(|(to, port, callers)| callers.iter().map(|from| (*from, *to, tcp(*port))));
    assert_eq!(found, edges.collect());
    assert_eq!(reachable.len(), 4 * found.len(), "each of two replicas reaches each of two");
}
