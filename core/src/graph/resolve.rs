//! From a use of a service to the port that it means.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use microservice_crds::{Api, Port, Protocol, Use};

use super::{Offer, version};

/// What is known of the service that a use means.
#[derive(Clone, Copy, Debug)]
pub enum Provider<'a> {
    /// It is there, and this is what it offers.
    Known(&'a Offer),
    /// There is no such Microservice.
    Absent,
    /// The operator does not see that namespace, or there is no cluster to look at.
    Unseen,
}

/// What a use comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolution<'a> {
    /// The number that is written; where a Microservice is known that has it, its port.
    AsWritten(i32, Option<&'a Port>),
    /// This port.
    Port(&'a Port),
    /// There is no such Microservice.
    NotFound,
    /// It cannot be seen from here.
    Unseen,
    /// It has no such port: what it has, and what to write.
    NoPort(String),
    /// It exposes no such API: what it has, and what to write.
    NoApi(String),
}

/// Finds the port that a use means.
pub fn resolve<'a>(used: &Use, provider: Provider<'a>) -> Resolution<'a> {
    let offer = match provider {
        Provider::Known(offer) => Some(offer),
        Provider::Absent | Provider::Unseen => None,
    };
    if let Some(IntOrString::Int(number)) = &used.port {
        let port = offer.and_then(|offer| offer.ports.iter().find(|port| port.port == *number));
        return Resolution::AsWritten(*number, port);
    }
    let Some(offer) = offer else {
        return if matches!(provider, Provider::Absent) { Resolution::NotFound } else { Resolution::Unseen };
    };
    if let Some(IntOrString::String(name)) = &used.port {
        let found = offer.ports.iter().find(|port| port.name == *name);
        return found.map_or_else(
            || Resolution::NoPort(format!("it has no port {name:?} (it has {})", names(offer))),
            Resolution::Port,
        );
    }
    if !used.api.is_empty() || used.version.is_some() {
        return api(used, offer);
    }
    the_one(offer)
}

/// The APIs that a use means, the newest last: those of its name, or of the only name there is.
pub fn meant<'a>(used: &Use, offer: &'a Offer) -> Vec<&'a Api> {
    let mut found: Vec<&Api> = offer.exposes.iter().filter(|api| used.api.is_empty() || api.name == used.api).collect();
    if found.iter().any(|api| found.first().is_some_and(|first| first.name != api.name)) {
        return Vec::new();
    }
    found.sort_by_key(|api| version::version(&api.version).ok());
    found
}

fn api<'a>(used: &Use, offer: &'a Offer) -> Resolution<'a> {
    let found = meant(used, offer);
    let Some(newest) = found.last() else {
        let all: Vec<String> = offer.exposes.iter().map(|api| format!("{} {}", api.name, api.version)).collect();
        let all = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
        let which = if used.api.is_empty() {
            "exposes several APIs, or none".to_owned()
        } else {
            format!("exposes no API {:?}", used.api)
        };
        return Resolution::NoApi(format!("it {which} (it exposes {all})"));
    };
    let fits = |api: &&&Api| used.version.as_ref().is_some_and(|range| version::fits(range, &api.version));
    let ports: Vec<Option<&Port>> = found.iter().map(|api| port_of(api, offer)).collect();
    let alike = ports.iter().all(|port| ports.first() == Some(port));
    let chosen = match (&used.version, found.iter().rev().find(fits)) {
        (_, Some(api)) => api,
        // Which of two ports is meant nobody can know; the address that was found before stays.
        (None, None) if !alike => {
            return Resolution::NoApi(format!(
                "it exposes versions of API {:?} on several ports: say which version this service works with",
                newest.name
            ));
        }
        (_, None) => newest,
    };
    port_of(chosen, offer).map_or_else(
        || {
            Resolution::NoPort(format!(
                "its API {:?} does not say on which port it is served: it must name one",
                chosen.name
            ))
        },
        Resolution::Port,
    )
}

/// The port that an API is served on: the one that it names, else the one that is called as it, else the only one.
pub fn port_of<'a>(api: &Api, offer: &'a Offer) -> Option<&'a Port> {
    let named = |name: &str| offer.ports.iter().find(|port| port.name == name);
    match &api.port {
        Some(name) => named(name),
        None => named(&api.name).or_else(|| only(&offer.ports)),
    }
}

/// The port where nothing is said: the only one, or that of all APIs.
fn the_one(offer: &Offer) -> Resolution<'_> {
    let mut of_apis = offer.exposes.iter().map(|api| port_of(api, offer));
    let first = of_apis.next().flatten().filter(|first| of_apis.all(|port| port == Some(first)));
    let found = only(&offer.ports).or(first);
    found.map_or_else(
        || match offer.ports.is_empty() {
            true => Resolution::NoPort("it has no ports, so it cannot be called".to_owned()),
            false => Resolution::NoPort(format!("it has several ports ({}): say port or api", names(offer))),
        },
        Resolution::Port,
    )
}

fn only(ports: &[Port]) -> Option<&Port> {
    let mut ports = ports.iter();
    ports.next().filter(|_| ports.next().is_none())
}

fn names(offer: &Offer) -> String {
    let all: Vec<&str> = offer.ports.iter().map(|port| port.name.as_str()).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// Scheme of the URL of a port. gRPC has none of its own: clients dial `http`.
pub fn scheme(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Http | Protocol::H2c | Protocol::Grpc => "http",
        Protocol::Https => "https",
        Protocol::Ws => "ws",
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::node;

    fn found(used: &str, offer: &str) -> String {
        let used: Use = serde_saphyr::from_str(&format!("{{service: api, {used}}}")).unwrap();
        let node = node("shop/api", offer);
        match resolve(&used, Provider::Known(&node.offer)) {
            Resolution::Port(port) => port.name.clone(),
            Resolution::AsWritten(number, port) => format!("{number} {:?}", port.map(|p| p.name.as_str())),
            Resolution::NoPort(why) | Resolution::NoApi(why) => why,
            other => format!("{other:?}"),
        }
    }

    const TWO: &str = "ports: [{name: http, port: 80}, {name: grpc, port: 90}]";

    #[test]
    fn a_number_is_taken_as_written() {
        assert_eq!(found("port: 6379", TWO), "6379 None");
        assert_eq!(found("port: 90", TWO), "90 Some(\"grpc\")");
        let used: Use = serde_saphyr::from_str("{service: redis, port: 6379}").unwrap();
        assert_eq!(resolve(&used, Provider::Absent), Resolution::AsWritten(6379, None));
    }

    #[test]
    fn where_there_is_one_port_none_must_be_said() {
        assert_eq!(found("", "ports: [{name: http, port: 80}]"), "http");
        assert!(found("", TWO).contains("several ports (http, grpc)"));
        assert!(found("", "{}").contains("no ports"));
        assert_eq!(found("port: grpc", TWO), "grpc");
        assert!(found("port: x", TWO).contains("no port \"x\" (it has http, grpc)"));
        assert_eq!(found("", &format!("{TWO}, exposes: [{{name: a, version: '1', port: grpc}}]")), "grpc");
    }

    #[test]
    fn an_api_says_its_port_and_a_range_chooses_among_versions() {
        let v1_and_v2 = format!(
            "{TWO}, exposes: [{{name: a, version: 2.0.0, port: grpc}}, {{name: a, version: 1.4.0, port: http}}]"
        );
        assert_eq!(found("api: a, version: ^1", &v1_and_v2), "http");
        assert_eq!(found("api: a, version: ^2", &v1_and_v2), "grpc");
        assert_eq!(found("version: ^1", &v1_and_v2), "http", "the only API needs no name");
        assert_eq!(
            found("api: a, version: ^9", &v1_and_v2),
            "grpc",
            "a version that is missing is not an address that is missing"
        );
        assert!(found("api: a", &v1_and_v2).contains("several ports"));
        assert!(found("api: b", &v1_and_v2).contains("no API \"b\" (it exposes a 2.0.0, a 1.4.0)"));
        let alike = format!("{TWO}, exposes: [{{name: http, version: '1'}}, {{name: http, version: '2'}}]");
        assert_eq!(found("api: http", &alike), "http", "called as its port");
    }

    #[test]
    fn who_is_not_there_is_told_from_who_is_not_seen() {
        let used: Use = serde_saphyr::from_str("{service: api}").unwrap();
        assert_eq!(resolve(&used, Provider::Absent), Resolution::NotFound);
        assert_eq!(resolve(&used, Provider::Unseen), Resolution::Unseen);
    }
}
