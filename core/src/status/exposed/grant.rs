//! The ReferenceGrant that is missing, ready to be applied by who owns the other namespace.

use std::collections::BTreeSet;

use microservice_crds::gateway::GATEWAY_GROUP;
use serde_json::json;

use super::{controller, obstacles::few};
use crate::status::place::Place;

/// Bytes of names in one grant beside the first: it must fit into a message.
const ROOM: usize = 100;

/// What may refer to what: a kind of the Gateway API in a namespace, to objects of the core group in another one.
struct Grant<'a> {
    name: &'a str,
    from: (&'a str, &'a str),
    kind: &'a str,
    namespace: &'a str,
    names: Vec<&'a str>,
}

impl Grant<'_> {
    /// One line that `kubectl apply -f -` takes. Written in v1beta1, which every version of the Gateway API serves.
    fn text(&self) -> String {
        let to: Vec<_> = self.names.iter().map(|name| json!({"group": "", "kind": self.kind, "name": name})).collect();
        let (kind, namespace) = self.from;
        let grant = json!({
            "apiVersion": format!("{GATEWAY_GROUP}/v1beta1"),
            "kind": "ReferenceGrant",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {"from": [{"group": GATEWAY_GROUP, "kind": kind, "namespace": namespace}], "to": to},
        });
        grant.to_string()
    }
}

/// The step for a route that refers to Services of other namespaces: copies of requests are all that may.
pub(super) fn of_route(place: &Place<'_>) -> String {
    let own = place.plan.namespace();
    let mirrors = controller::mirrors(place.route, own);
    let targets = mirrors.iter().map(|(namespace, name, _)| (namespace.as_str(), name.as_str()));
    let name = format!("{own}-{}", place.route.name);
    ask(&name, (place.route.rules.kind(), own), "Service", targets)
}

/// The step for a listener whose certificates are in other namespaces.
pub(super) fn of_listener(place: &Place<'_>, certificates: &[(String, String)]) -> String {
    let id = &place.parent.id;
    let targets = certificates.iter().map(|(namespace, name)| (namespace.as_str(), name.as_str()));
    ask(&format!("{}-{}", id.namespace, id.name), (&id.kind.to_string(), &id.namespace), "Secret", targets)
}

/// Asks for one grant, that of the first namespace, and names what else needs the like.
fn ask<'a>(name: &str, from: (&str, &str), kind: &str, targets: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let targets: BTreeSet<(&str, &str)> = targets.filter(|(namespace, _)| *namespace != from.1).collect();
    let Some((namespace, _)) = targets.first().copied() else {
        return "A ReferenceGrant in the other namespace must permit it.".to_owned();
    };
    let (near, far): (Vec<_>, Vec<_>) = targets.into_iter().partition(|target| target.0 == namespace);
    let mut room = ROOM;
    let fits = near.iter().skip(1).take_while(|(_, name)| {
        let left = room.checked_sub(name.len());
        room = left.unwrap_or_default();
        left.is_some()
    });
    let (named, more) = near.split_at(1 + fits.count());
    let names = named.iter().map(|(_, name)| *name).collect();
    let step = format!("Apply this, if it is wanted: {}", Grant { name, from, kind, namespace, names }.text());
    let rest: Vec<String> = more.iter().chain(&far).map(|(namespace, name)| format!("{namespace}/{name}")).collect();
    if rest.is_empty() { step } else { format!("{step} and the like for {}.", few(&rest)) }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// The grant in a text, and what follows it.
    fn grant(step: &str) -> (Value, &str) {
        let start = step.find('{').unwrap();
        let mut stream = serde_json::Deserializer::from_str(&step[start..]).into_iter::<Value>();
        let grant = stream.next().unwrap().unwrap();
        (grant, &step[start + stream.byte_offset()..])
    }

    #[test]
    fn the_grant_can_be_applied_as_it_stands() {
        let targets = [("shop", "own"), ("infra", "b"), ("infra", "a"), ("infra", "a"), ("other", "c")];
        let step = ask("shop-web", ("HTTPRoute", "shop"), "Service", targets.into_iter());
        let (grant, rest) = grant(&step);
        let wanted = json!({
            "apiVersion": "gateway.networking.k8s.io/v1beta1",
            "kind": "ReferenceGrant",
            "metadata": {"name": "shop-web", "namespace": "infra"},
            "spec": {
                "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"}],
                "to": [{"group": "", "kind": "Service", "name": "a"}, {"group": "", "kind": "Service", "name": "b"}],
            },
        });
        assert_eq!((grant, rest), (wanted, " and the like for other/c."));
    }

    #[test]
    fn it_stays_short_and_is_not_made_up() {
        let names: Vec<String> = (0..9).map(|n| format!("service-with-a-rather-long-name-{n}")).collect();
        let targets = names.iter().map(|name| ("infra", name.as_str()));
        let step = ask("shop-web", ("GRPCRoute", "shop"), "Service", targets);
        let (grant, rest) = grant(&step);
        assert_eq!(grant["spec"]["to"].as_array().unwrap().len(), 4);
        assert!(rest.starts_with(" and the like for infra/service-with-a-rather-long-name-4, "), "{rest}");
        let own = ask("shop-web", ("HTTPRoute", "shop"), "Service", [("shop", "web")].into_iter());
        assert!(!own.contains('{'), "{own}");
    }
}
