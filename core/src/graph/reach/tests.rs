//! The rules of the API's text that need more than one policy, or both ends.

use super::*;

/// Pods of three namespaces: `shop` with web, cart and db, `other` with web, and `free`, where no policy ever is, with
/// web. Each has its app as a label, declares `http` at 8080/TCP and 53/UDP, and has an address in 10.0.0.0/8.
fn pods() -> Vec<Pod> {
    let all = [("shop", "web"), ("shop", "cart"), ("shop", "db"), ("other", "web"), ("free", "web")];
    let pod = |(place, (namespace, name)): (usize, (&str, &str))| Pod {
        namespace: namespace.into(),
        name: name.into(),
        labels: [("app".to_owned(), name.to_owned())].into(),
        ports: vec![
            PodPort { name: Some("http".into()), port: HTTP },
            PodPort { name: None, port: Port { number: 53, protocol: Protocol::Udp } },
        ],
        address: format!("10.0.0.{place}").parse().ok(),
    };
    all.into_iter().enumerate().map(pod).collect()
}

const HTTP: Port = Port { number: 8080, protocol: Protocol::Tcp };

/// Policies, each as `namespace: spec` in YAML, one to a line.
fn policies(lines: &str) -> Vec<NetworkPolicy> {
    let read = |line: &str| {
        let (namespace, spec) = line.trim().split_once(": ").unwrap();
        serde_saphyr::from_str(&format!("{{metadata: {{name: x, namespace: {namespace}}}, spec: {spec}}}")).unwrap()
    };
    lines.lines().filter(|line| !line.trim().is_empty()).map(read).collect()
}

/// Who gets to `http` of whom, as `shop/web > shop/cart`; but those that nothing changes for are left out: traffic from
/// and to `free` is named only where it is not allowed, as `free/web | shop/web`.
fn http(lines: &str) -> Vec<String> {
    let (policies, pods) = (policies(lines), pods());
    let network = Network::new(&policies, &NamespaceLabels::new(), &pods);
    let mut found = Vec::new();
    for from in &pods {
        for to in pods.iter().filter(|to| *to != from) {
            let end = |pod: &Pod| network.pod(&pod.namespace, &pod.name).unwrap();
            let allowed = network.allows(end(from), end(to), HTTP);
            let free = from.namespace == "free" || to.namespace == "free";
            if allowed != free {
                let sign = if allowed { '>' } else { '|' };
                found.push(format!("{}/{} {sign} {}/{}", from.namespace, from.name, to.namespace, to.name));
            }
        }
    }
    found
}

#[test]
fn without_policies_everyone_reaches_everyone() {
    assert_eq!(http("").len(), 12);
}

#[test]
fn a_policy_isolates_only_the_pods_that_it_selects_and_only_in_its_direction() {
    let cut = http("shop: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}");
    let to_db = |line: &String| line.ends_with("shop/db");
    assert_eq!(cut.iter().filter(|line| to_db(line)).collect::<Vec<_>>(), ["free/web | shop/db"]);
    assert_eq!(cut.len(), 12 - 3 + 1);

    let cut = http("shop: {podSelector: {matchLabels: {app: db}}, policyTypes: [Egress]}");
    let from_db = |line: &String| line.starts_with("shop/db");
    assert_eq!(cut.iter().filter(|line| from_db(line)).collect::<Vec<_>>(), ["shop/db | free/web"]);
    assert_eq!(cut.len(), 12 - 3 + 1);
}

#[test]
fn an_empty_selector_is_the_whole_namespace_and_no_other() {
    let cut = http("shop: {podSelector: {}, policyTypes: [Ingress]}");
    let expected = ["shop/web > other/web", "shop/cart > other/web", "shop/db > other/web"];
    assert_eq!(cut.iter().filter(|line| line.contains('>')).collect::<Vec<_>>(), expected);
    assert_eq!(cut.iter().filter(|line| line.contains('|')).count(), 3);
}

#[test]
fn one_rule_without_anything_allows_everything() {
    assert_eq!(http("shop: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}"), http(""));
}

#[test]
fn policies_add_up() {
    let cut = http(
        "shop: {podSelector: {}, policyTypes: [Ingress]}
         other: {podSelector: {}, policyTypes: [Ingress]}
         shop: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: cart}}}]}]}
         shop: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}",
    );
    let passing: Vec<_> = cut.iter().filter(|line| line.contains('>')).collect();
    assert_eq!(passing, ["shop/web > shop/db", "shop/cart > shop/db"]);
}

#[test]
fn both_ends_must_agree() {
    let closed = "shop: {podSelector: {}, policyTypes: [Ingress, Egress]}
                  other: {podSelector: {}, policyTypes: [Ingress, Egress]}\n";
    let into = "shop: {podSelector: {matchLabels: {app: cart}}, ingress: [{from: [{podSelector: {}}]}]}\n";
    let out =
        "shop: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}";
    let passing = |lines: &str| http(lines).into_iter().filter(|line| line.contains('>')).collect::<Vec<_>>();
    assert_eq!(passing(&format!("{closed}{into}")), [""; 0]);
    assert_eq!(passing(&format!("{closed}{out}")), [""; 0]);
    assert_eq!(passing(&format!("{closed}{into}{out}")), ["shop/web > shop/cart"]);
}

#[test]
fn each_direction_can_be_asked_alone() {
    let (policies, pods) = (policies("shop: {podSelector: {}, policyTypes: [Ingress]}"), pods());
    let network = Network::new(&policies, &NamespaceLabels::new(), &pods);
    let (inside, other) = (network.pod("shop", "web").unwrap(), network.pod("other", "web").unwrap());
    assert!(network.allows_egress(inside, other, HTTP) && network.allows_ingress(inside, other, HTTP));
    assert!(network.allows_egress(other, inside, HTTP) && !network.allows_ingress(other, inside, HTTP));
}

#[test]
fn a_pod_always_reaches_itself_and_nobody_judges_what_is_outside() {
    let closed = policies("shop: {podSelector: {}, policyTypes: [Ingress, Egress]}");
    let pods = pods();
    let network = Network::new(&closed, &NamespaceLabels::new(), &pods);
    let web = network.pod("shop", "web").unwrap();
    let outside = End::Outside("192.0.2.1".parse().unwrap());
    assert!(network.allows(web, web, HTTP));
    assert!(!network.allows(web, outside, HTTP) && !network.allows(outside, web, HTTP));
    assert!(network.allows(outside, outside, HTTP));
    let free = network.pod("free", "web").unwrap();
    assert!(network.allows(free, outside, HTTP) && network.allows(outside, free, HTTP));
    assert_eq!(network.pod("shop", "nobody"), None);
}

#[test]
fn a_named_port_of_an_egress_rule_is_that_of_the_pod_that_is_called() {
    let named = policies("shop: {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]}");
    let mut pods = pods();
    pods[1].ports[0].port.number = 9000;
    pods[3].ports.clear();
    let network = Network::new(&named, &NamespaceLabels::new(), &pods);
    let from = network.pod("shop", "web").unwrap();
    let at = |namespace: &str, name: &str, number: u16| {
        network.allows(from, network.pod(namespace, name).unwrap(), Port { number, protocol: Protocol::Tcp })
    };
    assert!(at("shop", "cart", 9000) && !at("shop", "cart", 8080));
    assert!(at("shop", "db", 8080) && !at("shop", "db", 9000));
    assert!(!at("other", "web", 8080));
    assert!(!network.allows(from, End::Outside("192.0.2.1".parse().unwrap()), HTTP));
}

/// All pairs at once are the pairs one by one, whichever ends are free and by whatever peers are meant.
#[test]
fn all_pairs_at_once_are_the_pairs_one_by_one() {
    for lines in [
        "",
        "shop: {podSelector: {}, policyTypes: [Ingress, Egress]}",
        "shop: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]}",
        "shop: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}], \
           ports: [{port: http}]}]}
         shop: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/30}}]}]}",
        "other: {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{protocol: UDP}]}]}",
        "other: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.1/32]}}]}]}",
    ] {
        let (policies, pods) = (policies(lines), pods());
        let network = Network::new(&policies, &NamespaceLabels::new(), &pods);
        let mut expected = std::collections::BTreeSet::new();
        for from in &pods {
            for to in pods.iter().filter(|to| *to != from) {
                let end = |pod: &Pod| network.pod(&pod.namespace, &pod.name).unwrap();
                let open = to.ports.iter().map(|p| p.port).filter(|port| network.allows(end(from), end(to), *port));
                expected.extend(open.map(|port| Reached { from: PodName::from(from), to: PodName::from(to), port }));
            }
        }
        assert_eq!(network.reachable(), expected, "{lines}");
    }
}

/// Ten thousand services, each with five dependencies and policies on both sides: what is declared is reachable, and
/// that is found without asking for a hundred million pairs.
#[test]
fn ten_thousand_pods_are_not_asked_pair_by_pair() {
    const SERVICES: usize = 10_000;
    let uses = |from: usize| (1..=5).map(move |step| (from * 7 + step * 1009) % SERVICES);
    let mut callers = vec![Vec::new(); SERVICES];
    for from in 0..SERVICES {
        uses(from).for_each(|to| callers[to].push(format!("s{from}")));
    }
    let peers = |names: &[String]| serde_json::json!([{"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": names}]}}]);
    let policies: Vec<NetworkPolicy> = (0..SERVICES)
        .map(|from| {
            let used: Vec<String> = uses(from).map(|to| format!("s{to}")).collect();
            let ports = serde_json::json!([{"port": 8080}]);
            let policy = serde_json::json!({
                "metadata": {"name": format!("s{from}"), "namespace": "shop"},
                "spec": {
                    "podSelector": {"matchLabels": {"app": format!("s{from}"), "by": "us"}},
                    "policyTypes": ["Ingress", "Egress"],
                    "ingress": [{"from": peers(&callers[from]), "ports": ports}],
                    "egress": [{"to": peers(&used), "ports": ports}],
                },
            });
            serde_json::from_value(policy).unwrap()
        })
        .collect();
    let pods: Vec<Pod> = (0..SERVICES)
        .map(|number| Pod {
            namespace: "shop".into(),
            name: format!("s{number}"),
            labels: [("app".to_owned(), format!("s{number}")), ("by".to_owned(), "us".to_owned())].into(),
            ports: vec![PodPort { name: None, port: HTTP }],
            address: None,
        })
        .collect();
    let network = Network::new(&policies, &NamespaceLabels::new(), &pods);
    let expected: std::collections::BTreeSet<(String, String)> = (0..SERVICES)
        .flat_map(|from| uses(from).map(move |to| (from, to)))
        .filter(|(from, to)| from != to)
        .map(|(from, to)| (format!("s{from}"), format!("s{to}")))
        .collect();
    let reachable = network.reachable();
    let found: std::collections::BTreeSet<(String, String)> =
        reachable.iter().map(|r| (r.from.name.to_owned(), r.to.name.to_owned())).collect();
    assert!(expected.len() > 40_000);
    assert!(found == expected, "{} found, {} expected", found.len(), expected.len());
}
