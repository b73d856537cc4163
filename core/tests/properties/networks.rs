//! Small clusters at random, with NetworkPolicies of everything that the API has. `tests/network` asks Cyclonus about
//! the same ones.

use std::{collections::BTreeMap, net::IpAddr};

use k8s_openapi::api::networking::v1::NetworkPolicy;
use microservice_core::graph::{
    NamespaceLabels,
    reach::{Pod, PodPort, Port, Protocol},
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

type Json = BoxedStrategy<Value>;

/// A cluster, and a few addresses outside of it.
#[derive(Debug, Clone)]
pub struct World {
    pub namespaces: NamespaceLabels,
    pub pods: Vec<Pod>,
    pub outside: Vec<IpAddr>,
    pub policies: Vec<NetworkPolicy>,
}

const NAMESPACES: [&str; 3] = ["a", "b", "c"];

/// Clusters of up to seven pods in three namespaces. `absent` says whether selectors may ask that a label has none of some
/// values also of labels that not every pod, or not every namespace, has.
pub fn world(absent: bool) -> impl Strategy<Value = World> {
    let labels = || (option::of(select(vec!["blue", "red"])), option::of(select(vec!["live", "test"])));
    (vec(labels(), 3), vec(pod(), 2..=7), vec(policy(absent), 1..=6)).prop_map(|(labels, pods, policies)| {
        let namespaces = NAMESPACES.iter().zip(labels).map(|(name, (team, env))| {
            let labels = [("kubernetes.io/metadata.name", Some(*name)), ("team", team), ("env", env)];
            ((*name).to_owned(), collect(labels))
        });
        let numbered = pods.into_iter().enumerate().map(|(place, pod)| Pod {
            name: format!("p{place}"),
            address: address(place, &pod.namespace),
            ..pod
        });
        let policies = policies.into_iter().enumerate().map(|(place, mut policy)| {
            policy["metadata"]["name"] = format!("n{place}").into();
            serde_json::from_value(policy).unwrap()
        });
        World {
            namespaces: namespaces.collect(),
            pods: numbered.collect(),
            outside: ["192.0.2.1", "10.0.0.200", "2001:db8::1"].iter().map(|a| a.parse().unwrap()).collect(),
            policies: policies.collect(),
        }
    })
}

fn collect<'a>(labels: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> BTreeMap<String, String> {
    labels.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned()))).collect()
}

/// Those of namespace c speak IPv6.
fn address(place: usize, namespace: &str) -> Option<IpAddr> {
    match namespace {
        "a" => format!("10.0.0.{place}"),
        "b" => format!("10.0.1.{place}"),
        _ => format!("fd00::{place}"),
    }
    .parse()
    .ok()
}

fn pod() -> impl Strategy<Value = Pod> {
    let apps = select(vec!["web", "cart", "db"]);
    let tiers = option::of(select(vec!["front", "back"]));
    (select(NAMESPACES.to_vec()), apps, tiers, ports()).prop_map(|(namespace, app, tier, ports)| Pod {
        namespace: namespace.to_owned(),
        labels: collect([("app", Some(app)), ("tier", tier)]),
        ports,
        ..Pod::default()
    })
}

/// `http` is at one number on some pods and at another on others.
fn ports() -> impl Strategy<Value = Vec<PodPort>> {
    let declared = |name: Option<&str>, number, protocol| PodPort {
        name: name.map(str::to_owned),
        port: Port { number, protocol },
    };
    let http = select(vec![8080, 9000]).prop_map(move |number| declared(Some("http"), number, Protocol::Tcp));
    let others = vec![
        declared(Some("dns"), 53, Protocol::Udp),
        declared(Some("signal"), 8080, Protocol::Sctp),
        declared(None, 9090, Protocol::Tcp),
    ];
    (option::of(http), proptest::sample::subsequence(others, 0..=3))
        .prop_map(|(http, others)| http.into_iter().chain(others).collect())
}

fn policy(absent: bool) -> Json {
    let types = select(vec![json!([]), json!(["Ingress"]), json!(["Egress"]), json!(["Egress", "Ingress"])]);
    let rules = |peers: &'static str| maybe(vec(rule(peers, absent), 0..=2).prop_map(Value::from));
    (select(NAMESPACES.to_vec()), maybe(pod_selector(absent)), maybe(types), rules("from"), rules("to"))
        .prop_map(|(namespace, selector, types, ingress, egress)| {
            let spec = [("podSelector", selector), ("policyTypes", types), ("ingress", ingress), ("egress", egress)];
            json!({"metadata": {"namespace": namespace}, "spec": object(spec)})
        })
        .boxed()
}

fn rule(peers: &'static str, absent: bool) -> Json {
    let listed = maybe(vec(peer(absent), 0..=2).prop_map(Value::from));
    (listed, maybe(vec(port(), 0..=2).prop_map(Value::from)))
        .prop_map(move |(listed, ports)| object([(peers, listed), ("ports", ports)]))
        .boxed()
}

fn peer(absent: bool) -> Json {
    prop_oneof![
        pod_selector(absent).prop_map(|pods| json!({"podSelector": pods})),
        namespace_selector(absent).prop_map(|namespaces| json!({"namespaceSelector": namespaces})),
        (pod_selector(absent), namespace_selector(absent))
            .prop_map(|(pods, namespaces)| json!({"podSelector": pods, "namespaceSelector": namespaces})),
        block().prop_map(|block| json!({"ipBlock": block})),
    ]
    .boxed()
}

fn block() -> Json {
    let of = |cidr: &'static str, parts: Vec<&'static str>| {
        let except = proptest::sample::subsequence(parts.clone(), 0..=parts.len());
        maybe(except.prop_map(Value::from))
            .prop_map(move |except| object([("cidr", Some(cidr.into())), ("except", except)]))
    };
    prop_oneof![
        of("0.0.0.0/0", vec!["10.0.0.0/8", "10.0.0.2/32", "192.0.2.0/24"]),
        of("10.0.0.0/8", vec!["10.0.0.0/24", "10.0.0.0/31", "10.0.1.0/29"]),
        of("10.0.0.0/23", vec!["10.0.0.128/25", "10.0.1.1/32"]),
        of("::/0", vec!["fd00::/8", "2001:db8::/32"]),
        of("fd00::/120", vec!["fd00::/126", "fd00::5/128"]),
    ]
    .boxed()
}

fn port() -> Json {
    let protocol = || maybe(select(vec!["TCP", "UDP", "SCTP"]).prop_map(Value::from));
    let number = || select(vec![53_i64, 8080, 9000, 9090]);
    let which = prop_oneof![
        Just((None, None)),
        number().prop_map(|number| (Some(Value::from(number)), None)),
        (number(), 0..1000_i64).prop_map(|(number, more)| (Some(number.into()), Some(Value::from(number + more)))),
        select(vec!["http", "dns", "signal", "other"]).prop_map(|name| (Some(name.into()), None)),
    ];
    (which, protocol())
        .prop_map(|((port, end), protocol)| object([("port", port), ("endPort", end), ("protocol", protocol)]))
        .boxed()
}

fn pod_selector(absent: bool) -> Json {
    selector(&[("app", &["web", "cart", "db"]), ("tier", &["front", "back"])], "app", absent)
}

fn namespace_selector(absent: bool) -> Json {
    let name = "kubernetes.io/metadata.name";
    selector(&[(name, &["a", "b", "c"]), ("team", &["blue", "red"]), ("env", &["live", "test"])], name, absent)
}

fn selector(labels: &[(&'static str, &'static [&'static str])], present: &'static str, absent: bool) -> Json {
    let label = || select(labels.to_vec());
    let some = |(key, values): (&'static str, &'static [&'static str])| {
        proptest::sample::subsequence(values.to_vec(), 1..=values.len()).prop_map(move |values| (key, values))
    };
    let keys = select(labels.iter().filter(|(key, _)| absent || *key == present).copied().collect::<Vec<_>>());
    let expression = prop_oneof![
        label().prop_flat_map(some).prop_map(|(key, values)| json!({"key": key, "operator": "In", "values": values})),
        keys.prop_flat_map(some).prop_map(|(key, values)| json!({"key": key, "operator": "NotIn", "values": values})),
        label().prop_map(|(key, _)| json!({"key": key, "operator": "Exists"})),
        label().prop_map(|(key, _)| json!({"key": key, "operator": "DoesNotExist"})),
    ];
    let equal =
        label().prop_flat_map(|(key, values)| select(values.to_vec()).prop_map(move |value| json!({key: value})));
    (maybe(equal), maybe(vec(expression, 0..=2).prop_map(Value::from)))
        .prop_map(|(equal, expressions)| object([("matchLabels", equal), ("matchExpressions", expressions)]))
        .boxed()
}

fn maybe(strategy: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Option<Value>> {
    option::of(strategy).boxed()
}

fn object<'a>(fields: impl IntoIterator<Item = (&'a str, Option<Value>)>) -> Value {
    fields
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
