//! Would this route attach to that parent? The answer before any controller has spoken, and the reason when it is no.

use std::collections::BTreeMap;

use super::{AllowedNamespaces, Listener, Parent, ParentId, hostname};
use crate::selector;

/// A route object, as the listeners of a parent look at it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// HTTPRoute or GRPCRoute.
    pub kind: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// Labels of that namespace; none where they are not known.
    pub namespace_labels: Option<&'a BTreeMap<String, String>>,
    /// Its host names; none: every one of the listener.
    pub hostnames: &'a [String],
    /// The one listener that it asks for; none: every one that fits.
    pub section: Option<&'a str>,
}

/// A listener that takes the route.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment<'a> {
    /// The listener.
    pub listener: &'a Listener,
    /// The host names by which requests reach the route there.
    pub hostnames: Vec<String>,
}

/// Why no listener takes the route: of several the one that came closest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// There is no listener of that name, or none at all.
    NoSuchListener {
        /// Names of those that are there.
        present: Vec<String>,
    },
    /// No listener takes routes of this kind.
    KindNotAllowed {
        /// Those that were looked at, with what each takes. Example: `tls (TLS)`.
        listeners: Vec<String>,
    },
    /// No listener that takes the kind takes routes of this namespace.
    NamespaceNotAllowed {
        /// Those that were looked at, with whom each takes. Example: `web (namespaces with tier=public)`.
        listeners: Vec<String>,
    },
    /// No listener that takes the kind and the namespace has a host name of the route.
    HostnameNotCovered {
        /// The host names of those listeners.
        covered: Vec<String>,
    },
}

/// The listeners that take the route, in the order of the parent. Where the labels of its namespace are not known, a
/// listener that selects by them is taken to.
///
/// # Errors
/// When none takes it: what stands against it.
pub fn attach<'a>(id: &ParentId, parent: &'a Parent, route: Candidate<'_>) -> Result<Vec<Attachment<'a>>, Obstacle> {
    let asked = |listener: &&Listener| route.section.is_none_or(|section| section == listener.name);
    let listeners: Vec<&Listener> = parent.listeners.iter().filter(asked).collect();
    if listeners.is_empty() {
        return Err(Obstacle::NoSuchListener { present: parent.listeners.iter().map(|l| l.name.clone()).collect() });
    }
    let of_kind: Vec<&Listener> = listeners.iter().copied().filter(|l| takes_kind(l, route.kind)).collect();
    if of_kind.is_empty() {
        let told = listeners.iter().map(|l| format!("{} ({})", l.name, kinds(l)));
        return Err(Obstacle::KindNotAllowed { listeners: told.collect() });
    }
    let open: Vec<&Listener> = of_kind.iter().copied().filter(|l| takes_namespace(l, id, route)).collect();
    if open.is_empty() {
        let told = of_kind.iter().map(|l| format!("{} ({})", l.name, namespaces(l, id)));
        return Err(Obstacle::NamespaceNotAllowed { listeners: told.collect() });
    }
    let attached: Vec<Attachment<'a>> = open
        .iter()
        .map(|&listener| Attachment {
            listener,
            hostnames: hosts(route.hostnames).filter_map(|host| listener.common_host(host)).collect(),
        })
        .filter(|attachment| !attachment.hostnames.is_empty())
        .collect();
    if attached.is_empty() {
        let mut covered: Vec<String> = open.iter().filter_map(|l| l.hostname.clone()).collect();
        covered.sort_unstable();
        covered.dedup();
        return Err(Obstacle::HostnameNotCovered { covered });
    }
    Ok(attached)
}

/// The host names of a route; one that names none has [`hostname::ANY`].
pub fn hosts(hostnames: &[String]) -> impl Iterator<Item = &str> {
    let any = hostnames.is_empty().then_some(hostname::ANY);
    hostnames.iter().map(String::as_str).chain(any)
}

/// Whether requests for this host of a route reach it on one of these listeners.
pub fn covers(attached: &[Attachment<'_>], host: &str) -> bool {
    attached.iter().any(|attachment| attachment.listener.common_host(host).is_some())
}

/// Protocols that the Gateway API itself defines and that carry no HTTP to a route. Others are the implementation's own:
/// they may.
fn takes_kind(listener: &Listener, kind: &str) -> bool {
    let carries = !matches!(listener.protocol.as_str(), "TLS" | "TCP" | "UDP");
    carries && (listener.kinds.is_empty() || listener.kinds.iter().any(|allowed| allowed == kind))
}

fn takes_namespace(listener: &Listener, id: &ParentId, route: Candidate<'_>) -> bool {
    match &listener.namespaces {
        AllowedNamespaces::Same => id.namespace == route.namespace,
        AllowedNamespaces::All => true,
        AllowedNamespaces::Selector(wanted) => {
            route.namespace_labels.is_none_or(|labels| selector::matches(wanted, labels))
        }
    }
}

fn kinds(listener: &Listener) -> String {
    match listener.kinds.as_slice() {
        [] => listener.protocol.clone(),
        kinds => format!("{}: {}", listener.protocol, kinds.join(", ")),
    }
}

fn namespaces(listener: &Listener, id: &ParentId) -> String {
    match &listener.namespaces {
        AllowedNamespaces::Same => format!("namespace {} only", id.namespace),
        AllowedNamespaces::All => "all namespaces".to_owned(),
        AllowedNamespaces::Selector(wanted) => format!("namespaces with {}", selector::text(wanted)),
    }
}

#[cfg(test)]
mod tests {
    use microservice_crds::ParentKind;

    use super::*;

    fn parent(listeners: Vec<Listener>) -> (ParentId, Parent) {
        let id = ParentId { kind: ParentKind::Gateway, namespace: "gateways".into(), name: "public".into() };
        (id, Parent { listeners, ..Parent::default() })
    }

    fn listener(name: &str, protocol: &str, hostname: &str) -> Listener {
        Listener {
            name: name.into(),
            protocol: protocol.into(),
            hostname: (!hostname.is_empty()).then(|| hostname.into()),
            namespaces: AllowedNamespaces::All,
            ..Listener::default()
        }
    }

    fn of_tier(tier: &str) -> AllowedNamespaces {
        AllowedNamespaces::Selector(serde_saphyr::from_str(&format!("matchLabels: {{tier: {tier}}}")).unwrap())
    }

    const ROUTE: Candidate<'static> =
        Candidate { kind: "HTTPRoute", namespace: "shop", namespace_labels: None, hostnames: &[], section: None };

    /// The listeners that take it, or what stands against it.
    fn judged(listeners: Vec<Listener>, route: Candidate<'_>) -> Result<Vec<String>, Obstacle> {
        let (id, parent) = parent(listeners);
        let attached = attach(&id, &parent, route)?;
        Ok(attached.into_iter().map(|a| format!("{}={}", a.listener.name, a.hostnames.join("+"))).collect())
    }

    #[test]
    fn every_listener_that_fits_is_taken_with_the_hosts_it_serves() {
        let hosts = ["a.example.com", "b.example.net"].map(str::to_owned);
        let all = || {
            vec![
                listener("any", "HTTP", ""),
                listener("com", "HTTPS", "*.example.com"),
                listener("org", "HTTPS", "*.example.org"),
                listener("vendor", "example.com/h3", "a.example.com"),
            ]
        };
        let route = Candidate { hostnames: &hosts, ..ROUTE };
        assert_eq!(
            judged(all(), route).unwrap(),
            ["any=a.example.com+b.example.net", "com=a.example.com", "vendor=a.example.com"]
        );
        assert_eq!(judged(all(), Candidate { section: Some("com"), ..route }).unwrap(), ["com=a.example.com"]);
        let (id, parent) = parent(all());
        let attached = attach(&id, &parent, Candidate { section: Some("com"), ..route }).unwrap();
        assert!(covers(&attached, "a.example.com") && !covers(&attached, "b.example.net"));
    }

    #[test]
    fn a_listener_that_is_not_there_is_told_with_those_that_are() {
        let listeners = vec![listener("web", "HTTP", ""), listener("websecure", "HTTPS", "")];
        let missing = judged(listeners, Candidate { section: Some("https"), ..ROUTE }).unwrap_err();
        assert_eq!(missing, Obstacle::NoSuchListener { present: vec!["web".into(), "websecure".into()] });
        assert_eq!(judged(vec![], ROUTE).unwrap_err(), Obstacle::NoSuchListener { present: vec![] });
    }

    #[test]
    fn the_kind_follows_the_protocol_unless_it_is_said() {
        let http_only = Listener { kinds: vec!["HTTPRoute".into()], ..listener("web", "HTTP", "") };
        let foreign = Listener { kinds: vec!["HTTPRoute.example.com".into()], ..listener("odd", "HTTP", "") };
        let grpc = Candidate { kind: "GRPCRoute", ..ROUTE };
        assert!(judged(vec![listener("web", "HTTP", "")], grpc).is_ok());
        assert!(judged(vec![http_only.clone()], ROUTE).is_ok());
        let told = |listeners: Vec<Listener>, route| match judged(listeners, route).unwrap_err() {
            Obstacle::KindNotAllowed { listeners } => listeners.join("; "),
            other => panic!("{other:?}"),
        };
        assert_eq!(told(vec![http_only], grpc), "web (HTTP: HTTPRoute)");
        assert_eq!(told(vec![foreign], ROUTE), "odd (HTTP: HTTPRoute.example.com)");
        let raw = ["TLS", "TCP", "UDP"].map(|protocol| listener("raw", protocol, "")).to_vec();
        assert_eq!(told(raw, ROUTE), "raw (TLS); raw (TCP); raw (UDP)");
    }

    #[test]
    fn namespaces_are_those_that_the_listener_allows() {
        let same = Listener { namespaces: AllowedNamespaces::Same, ..listener("same", "HTTP", "") };
        let some = Listener { namespaces: of_tier("public"), ..listener("some", "HTTP", "") };
        let both = || vec![same.clone(), some.clone()];
        let labels = |tier: &str| BTreeMap::from([("tier".to_owned(), tier.to_owned())]);
        let refused = judged(both(), Candidate { namespace_labels: Some(&labels("private")), ..ROUTE }).unwrap_err();
        let told = ["same (namespace gateways only)", "some (namespaces with tier=public)"].map(str::to_owned);
        assert_eq!(refused, Obstacle::NamespaceNotAllowed { listeners: told.to_vec() });
        let public = labels("public");
        assert_eq!(judged(both(), Candidate { namespace_labels: Some(&public), ..ROUTE }).unwrap(), ["some="]);
        // Who does not know the labels does not object.
        assert_eq!(judged(both(), ROUTE).unwrap(), ["some="]);
        assert_eq!(judged(vec![same.clone()], Candidate { namespace: "gateways", ..ROUTE }).unwrap(), ["same="]);
    }

    #[test]
    fn a_host_that_no_listener_has_is_told_with_those_they_have() {
        let hosts = ["a.example.com".to_owned()];
        let route = Candidate { hostnames: &hosts, ..ROUTE };
        let listeners = vec![
            listener("org", "HTTP", "*.example.org"),
            listener("net", "HTTPS", "a.example.net"),
            listener("org-s", "HTTPS", "*.example.org"),
            // It has the host, and takes no such routes.
            listener("tls", "TLS", "a.example.com"),
        ];
        let covered = ["*.example.org", "a.example.net"].map(str::to_owned).to_vec();
        assert_eq!(judged(listeners, route).unwrap_err(), Obstacle::HostnameNotCovered { covered });
    }

    #[test]
    fn the_closest_miss_is_told() {
        let hosts = ["a.example.com".to_owned()];
        let route = Candidate { hostnames: &hosts, ..ROUTE };
        let closed = Listener { namespaces: AllowedNamespaces::Same, ..listener("closed", "HTTP", "") };
        let far = vec![listener("tcp", "TCP", ""), closed.clone()];
        assert!(matches!(judged(far, route).unwrap_err(), Obstacle::NamespaceNotAllowed { .. }));
        let near = vec![closed, listener("org", "HTTP", "*.example.org")];
        assert!(matches!(judged(near, route).unwrap_err(), Obstacle::HostnameNotCovered { .. }));
    }
}
