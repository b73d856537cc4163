use crate::{
    graph::tests::node,
    plan::{Facts, NetworkPlan, Opening, Peer, class::tests::facts, plan, tests::subject},
};

/// What is around `shop/web` in a test.
#[derive(Default)]
struct Around<'a> {
    providers: &'a [(&'a str, &'a str)],
    consumers: &'a [(&'a str, &'a str)],
    routers: &'a [(&'a str, &'a str)],
}

fn network(class: &str, spec: &str, around: &Around<'_>) -> NetworkPlan {
    let mut facts: Facts = facts(&format!("{{network: {{mode: Enforce, {class}}}}}"));
    let nodes = |list: &[(&str, &str)]| list.iter().map(|(id, spec)| node(id, spec).into()).collect::<Vec<_>>();
    facts.neighbourhood.consumers = nodes(around.consumers);
    facts.neighbourhood.routers = nodes(around.routers);
    facts.neighbourhood.providers =
        around.providers.iter().map(|(id, spec)| node(id, spec)).map(|n| (n.id.clone(), Some(n.into()))).collect();
    let subject = subject(&format!("{{image: 'a:1', {spec}}}"));
    plan(&subject, &facts).unwrap_or_else(|problems| panic!("{problems:?}")).network.unwrap()
}

/// An opening in words. Example: `8080/TCP shop(a b)`.
fn words(openings: &[Opening]) -> Vec<String> {
    let peer = |peer: &Peer| match peer {
        Peer::Services { namespace, names } => {
            format!("{namespace}({})", names.iter().cloned().collect::<Vec<_>>().join(" "))
        }
        Peer::Pods { namespace, labels } => {
            let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("{}[{}]", namespace.as_deref().unwrap_or("*"), labels.join(" "))
        }
        Peer::Addresses { cidr, except } => format!("{cidr}-{}", except.len()),
    };
    let port = |range: &crate::plan::PortRange| match range.last {
        Some(last) => format!("{}-{last}/{}", range.first, range.transport.as_str()),
        None => format!("{}/{}", range.first, range.transport.as_str()),
    };
    let join = |all: Vec<String>| all.join(",");
    openings
        .iter()
        .map(|o| format!("{} {}", join(o.ports.iter().map(port).collect()), join(o.peers.iter().map(peer).collect())))
        .collect()
}

/// What is opened beside DNS.
fn egress(class: &str, spec: &str, around: &Around<'_>) -> Vec<String> {
    words(&network(class, spec, around).egress).into_iter().filter(|words| !words.contains("kube-dns")).collect()
}

fn ingress(class: &str, spec: &str, around: &Around<'_>) -> Vec<String> {
    words(&network(class, spec, around).ingress)
}

const API: &str = "ports: [{name: http, port: 80, targetPort: 8080}, {name: admin, port: 90}]";

#[test]
fn egress_goes_to_the_pods_port_of_what_is_used_and_consents() {
    let providers = [("shop/api", API), ("shop/db", "ports: [{name: pg, port: 5432}], allowFrom: [{service: api}]")];
    let around = Around { providers: &providers, ..Around::default() };
    assert_eq!(egress("", "uses: [{service: api, port: http}]", &around), ["8080/TCP shop(api)"]);
    assert_eq!(egress("", "uses: [{service: api, port: 80}]", &around), ["8080/TCP shop(api)"], "by number too");
    assert!(egress("", "uses: [{service: db}]", &around).is_empty(), "no consent, no policy");
    assert!(egress("", "uses: [{service: nobody}]", &around).is_empty());
}

#[test]
fn what_is_no_microservice_is_reached_by_its_namespace() {
    let found = egress("", "uses: [{service: redis, port: 80, targetPort: 6379}]", &Around::default());
    assert_eq!(found, ["6379/TCP shop[]"]);
}

#[test]
fn services_that_are_reached_alike_are_one_rule() {
    let one = "ports: [{name: grpc, port: 50051}]";
    let providers = [
        ("shop/a", one),
        ("shop/b", one),
        ("edge/c", "ports: [{name: grpc, port: 50051}], allowFrom: [{namespace: shop}]"),
    ];
    let around = Around { providers: &providers, ..Around::default() };
    let spec = "uses: [{service: b}, {service: a}, {service: c, namespace: edge}]";
    assert_eq!(egress("", spec, &around), ["50051/TCP edge(c),shop(a b)"]);
}

#[test]
fn callers_get_the_ports_that_they_use() {
    let consumers = [
        ("shop/web2", "uses: [{service: web, port: http}]"),
        ("shop/ops", "uses: [{service: web, port: admin}]"),
        ("shop/both", "uses: [{service: web, port: 80}, {service: web, api: adm}]"),
        ("shop/lost", "uses: [{service: web, port: nothing}]"),
        ("edge/uninvited", "uses: [{service: web, namespace: shop, port: http}]"),
    ];
    let around = Around { consumers: &consumers, ..Around::default() };
    let spec = format!("{API}, exposes: [{{name: adm, version: '1', port: admin}}]");
    assert_eq!(ingress("", &spec, &around), ["90/TCP shop(ops)", "90/TCP,8080/TCP shop(both)", "8080/TCP shop(web2)"]);
}

#[test]
fn replicas_reach_each_other_where_they_are_told_to() {
    let found = network("", &format!("{API}, allowFrom: [{{self: true}}]"), &Around::default());
    assert_eq!(words(&found.ingress), ["90/TCP,8080/TCP shop(web)"]);
    assert!(words(&found.egress).contains(&"90/TCP,8080/TCP shop(web)".to_owned()));
    assert!(ingress("", API, &Around::default()).is_empty());
}

#[test]
fn gateways_come_in_on_the_ports_of_routes() {
    let web = "ports: [{name: http, port: 80, targetPort: 8080, protocol: http}]";
    let own = format!("{web}, routes: [{{name: main, gateway: {{name: g, namespace: infra}}}}]");
    assert_eq!(ingress("", &own, &Around::default()), ["8080/TCP infra[]"]);
    let class = "gateways: [{namespace: envoy, podLabels: {app: envoy}, cidrs: [10.9.0.0/16]}]";
    assert_eq!(ingress(class, &own, &Around::default()), ["8080/TCP envoy[app=envoy],10.9.0.0/16-0"]);
    // A route of another service that sends shares here.
    let shares = "ports: [{name: http, port: 80, protocol: http}], \
        routes: [{name: m, gateway: {name: g, namespace: infra}, backends: [{}, {service: web, port: 80}]}]";
    let around = Around { routers: &[("shop/front", shares)], ..Around::default() };
    assert_eq!(ingress("", web, &around), ["8080/TCP infra[]"]);
}

#[test]
fn monitoring_reaches_every_port_and_a_published_service_is_open() {
    assert_eq!(ingress("monitoring: [{namespace: mon}]", API, &Around::default()), ["90/TCP,8080/TCP mon[]"]);
    let published = format!("{API}, service: {{type: LoadBalancer}}");
    assert_eq!(ingress("", &published, &Around::default()), ["90/TCP,8080/TCP 0.0.0.0/0-0,::/0-0"]);
}

#[test]
fn dns_is_always_open_where_the_class_says_it_is() {
    assert_eq!(words(&network("", "", &Around::default()).egress), ["53/TCP,53/UDP kube-system[k8s-app=kube-dns]"]);
    let class = "dns: [{cidrs: [169.254.20.10/32]}, {namespace: dns, ports: [5353]}]";
    assert_eq!(
        words(&network(class, "", &Around::default()).egress),
        ["53/TCP,53/UDP 169.254.20.10/32-0", "5353/TCP,5353/UDP dns[]"]
    );
}

#[test]
fn a_host_name_opens_what_the_class_says_and_never_pretends() {
    let spec = "external: [{name: bank, cidrs: [203.0.113.0/24], hosts: [api.example.com, other.example.org], ports: [{port: 443}, {port: 9000, endPort: 9010, protocol: UDP}]}]";
    let found = network("hosts: [{pattern: '*.example.com', cidrs: [198.51.100.0/24]}]", spec, &Around::default());
    assert_eq!(found.closed_hosts, ["other.example.org"]);
    let open = |class: &str| egress(class, spec, &Around::default());
    assert_eq!(
        open("hosts: [{pattern: '*.example.com', cidrs: [198.51.100.0/24]}]"),
        ["443/TCP,9000-9010/UDP 198.51.100.0/24-0,203.0.113.0/24-0"]
    );
    let any = network("otherHosts: AnyAddress", spec, &Around::default());
    assert!(any.closed_hosts.is_empty());
    assert!(words(&any.egress).contains(&"443/TCP,9000-9010/UDP 0.0.0.0/0-6,203.0.113.0/24-0,::/0-3".to_owned()));
}

#[test]
fn old_and_new_numbers_are_open_until_a_rollout_is_over() {
    let old = crate::graph::Template {
        ports: [("http".to_owned(), (8000, microservice_crds::Transport::Tcp))].into(),
        ..crate::graph::Template::default()
    };
    let mut api = node("shop/api", API);
    api.offer.templates = vec![old.clone()];
    let mut facts: Facts = facts("{network: {mode: Enforce}}");
    facts.neighbourhood.providers = [(api.id.clone(), Some(api.into()))].into();
    let of_consumer = plan(&subject("{image: 'a:1', uses: [{service: api, port: http}]}"), &facts).unwrap();
    assert!(words(&of_consumer.network.unwrap().egress).contains(&"8000/TCP,8080/TCP shop(api)".to_owned()));
    facts.neighbourhood.consumers = vec![node("shop/x", "uses: [{service: web, port: http}]").into()];
    facts.templates = vec![old];
    let of_provider = plan(&subject(&format!("{{image: 'a:1', {API}}}")), &facts).unwrap();
    assert_eq!(words(&of_provider.network.unwrap().ingress), ["8000/TCP,8080/TCP shop(x)"]);
}

#[test]
fn addresses_that_are_none_are_refused_with_what_to_write() {
    let refused = |cidr: &str| {
        let spec = format!("{{image: 'a:1', external: [{{name: x, cidrs: ['{cidr}'], ports: [{{port: 1}}]}}]}}");
        plan(&subject(&spec), &Facts::default()).unwrap_err().remove(0).message
    };
    assert!(refused("10.0.0.1/8").contains("write 10.0.0.0/8"));
    assert!(refused("10.0.0.1").contains("write 10.0.0.1/32"));
    assert!(refused("nothing").contains("203.0.113.0/24"));
}
