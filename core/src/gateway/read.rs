//! Facts out of live Gateways, ListenerSets and GatewayClasses: of their JSON, only what routes depend on.
//!
//! Counters and times are left out on purpose: what moves with every route of others, or with every look of a
//! controller, must not wake all the services of a Gateway.

use std::collections::{BTreeMap, BTreeSet};

use microservice_crds::{ParentKind, gateway::GATEWAY_GROUP};
use serde_json::Value;

use super::{AllowedNamespaces, Channel, Definition, Listener, Parent, ParentId, Version};
use crate::outcome::Verdict;

/// Annotation of the Gateway API's definitions that says their channel.
const CHANNEL: &str = "gateway.networking.k8s.io/channel";
/// And their version.
const VERSION: &str = "gateway.networking.k8s.io/bundle-version";

/// A GatewayClass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayClass {
    /// Its controller. Example: `example.com/gateway-controller`.
    pub controller: String,
    /// Optional features that it says it supports; none where it says nothing, which means unknown.
    pub features: Option<BTreeSet<String>>,
}

/// A Gateway. What its class adds is left open.
pub fn gateway(live: &Value) -> Parent {
    Parent { class: text(live, "/spec/gatewayClassName"), addresses: addresses(live), ..parent(live) }
}

/// A ListenerSet and the Gateway that it belongs to. What it has of that Gateway is left open.
pub fn listener_set(live: &Value) -> (Parent, ParentId) {
    let gateway = ParentId {
        kind: ParentKind::Gateway,
        namespace: text(live, "/spec/parentRef/namespace").unwrap_or_else(|| namespace(live)),
        name: text(live, "/spec/parentRef/name").unwrap_or_default(),
    };
    (Parent { gateway: Some(gateway.clone()), ..parent(live) }, gateway)
}

/// A GatewayClass. Its features are objects with a name, or plain names in older versions of the Gateway API.
pub fn gateway_class(live: &Value) -> GatewayClass {
    let name = |feature: &Value| feature.get("name").unwrap_or(feature).as_str().map(str::to_owned);
    let features: BTreeSet<String> = list(live, "/status/supportedFeatures").iter().filter_map(name).collect();
    GatewayClass {
        controller: text(live, "/spec/controllerName").unwrap_or_default(),
        features: (!features.is_empty()).then_some(features),
    }
}

/// Channel and version of the Gateway API, from the annotations of one of its definitions.
pub fn definition(annotations: &BTreeMap<String, String>) -> Definition {
    let channel = match annotations.get(CHANNEL).map(String::as_str) {
        Some("standard") => Channel::Standard,
        Some("experimental") => Channel::Experimental,
        _ => Channel::Unknown,
    };
    Definition { channel, version: annotations.get(VERSION).and_then(|text| version(text)) }
}

/// `v1.6.1` is `(1, 6)`. What is built from a branch has a word instead.
fn version(text: &str) -> Option<Version> {
    let mut parts = text.strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// What Gateways and ListenerSets have in common.
fn parent(live: &Value) -> Parent {
    let generation = live.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default();
    let said = list(live, "/status/listeners");
    let listener = |spec: &Value| {
        let name = text(spec, "/name").unwrap_or_default();
        let status = said.iter().find(|status| status.get("name").and_then(Value::as_str) == Some(&name));
        let conditions = status.map(|status| list(status, "/conditions")).unwrap_or_default();
        Listener {
            hostname: text(spec, "/hostname").filter(|hostname| !hostname.is_empty()),
            port: spec
                .get("port")
                .and_then(Value::as_i64)
                .and_then(|port| i32::try_from(port).ok())
                .unwrap_or_default(),
            protocol: text(spec, "/protocol").unwrap_or_default(),
            namespaces: namespaces(spec),
            kinds: list(spec, "/allowedRoutes/kinds").iter().map(kind).collect(),
            certificates: certificates(spec, &namespace(live)),
            accepted: condition(conditions, "Accepted", generation),
            programmed: condition(conditions, "Programmed", generation),
            resolved_refs: condition(conditions, "ResolvedRefs", generation),
            name,
        }
    };
    let conditions = list(live, "/status/conditions");
    Parent {
        listeners: list(live, "/spec/listeners").iter().map(listener).collect(),
        created: text(live, "/metadata/creationTimestamp").and_then(|time| time.parse().ok()),
        accepted: condition(conditions, "Accepted", generation),
        programmed: condition(conditions, "Programmed", generation),
        ..Parent::default()
    }
}

fn namespaces(listener: &Value) -> AllowedNamespaces {
    match text(listener, "/allowedRoutes/namespaces/from").as_deref() {
        Some("All") => AllowedNamespaces::All,
        Some("Selector") => {
            let selector = listener.pointer("/allowedRoutes/namespaces/selector").cloned().unwrap_or_default();
            AllowedNamespaces::Selector(serde_json::from_value(selector).unwrap_or_default())
        }
        _ => AllowedNamespaces::Same,
    }
}

/// A kind of routes. One of another group is never ours, whatever it is called.
fn kind(allowed: &Value) -> String {
    let kind = text(allowed, "/kind").unwrap_or_default();
    match text(allowed, "/group").as_deref() {
        None | Some(GATEWAY_GROUP) => kind,
        Some(group) => format!("{kind}.{group}"),
    }
}

/// Secrets with certificates, as namespace and name.
fn certificates(listener: &Value, own: &str) -> Vec<(String, String)> {
    let secret = |reference: &Value| {
        let is_secret = text(reference, "/kind").is_none_or(|kind| kind == "Secret");
        let name = text(reference, "/name").filter(|_| is_secret)?;
        Some((text(reference, "/namespace").unwrap_or_else(|| own.to_owned()), name))
    };
    list(listener, "/tls/certificateRefs").iter().filter_map(secret).collect()
}

/// Addresses that can be dialled: a name that only the implementation knows is none.
fn addresses(live: &Value) -> Vec<String> {
    let dialled =
        |address: &&Value| matches!(address.get("type").and_then(Value::as_str), None | Some("IPAddress" | "Hostname"));
    list(live, "/status/addresses").iter().filter(dialled).filter_map(|address| text(address, "/value")).collect()
}

/// A condition, unless it speaks of an older generation. Its time is left out: nobody asks for it.
fn condition(conditions: &[Value], type_: &str, generation: i64) -> Option<Verdict> {
    let found = conditions.iter().find(|c| c.get("type").and_then(Value::as_str) == Some(type_))?;
    let seen = found.get("observedGeneration").and_then(Value::as_i64);
    if seen.is_some_and(|seen| seen < generation) {
        return None;
    }
    let word = |path: &str| text(found, path).unwrap_or_default();
    Some(Verdict { status: word("/status"), reason: word("/reason"), message: word("/message"), since: None })
}

fn namespace(live: &Value) -> String {
    text(live, "/metadata/namespace").unwrap_or_default()
}

fn text(value: &Value, path: &str) -> Option<String> {
    value.pointer(path).and_then(Value::as_str).map(str::to_owned)
}

fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    value.pointer(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_gateway_is_read_with_what_its_status_says_now() {
        let live = json!({
            "metadata": {"name": "public", "namespace": "gateways", "generation": 3},
            "spec": {"gatewayClassName": "traefik", "listeners": [
                {"name": "web", "port": 80, "protocol": "HTTP"},
                {"name": "websecure", "port": 443, "protocol": "HTTPS", "hostname": "*.example.com",
                 "tls": {"certificateRefs": [{"name": "a"}, {"kind": "Secret", "name": "b", "namespace": "certs"},
                                             {"group": "example.com", "kind": "Vault", "name": "c"}]},
                 "allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"tier": "public"}}},
                                   "kinds": [{"kind": "HTTPRoute"}, {"group": "example.com", "kind": "GRPCRoute"}]}},
                {"name": "all", "port": 81, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}}]},
            "status": {
                "addresses": [{"value": "192.0.2.1"}, {"type": "Hostname", "value": "gw.example.com"},
                              {"type": "NamedAddress", "value": "mine"}],
                "conditions": [{"type": "Accepted", "status": "True", "observedGeneration": 3},
                               {"type": "Programmed", "status": "True", "observedGeneration": 2}],
                "listeners": [{"name": "websecure", "attachedRoutes": 7, "conditions": [
                    {"type": "Programmed", "status": "False", "reason": "Invalid", "message": "No certificate.", "observedGeneration": 3,
                     "lastTransitionTime": "2026-01-31T12:00:00Z"},
                    {"type": "Accepted", "status": "True"},
                    {"type": "ResolvedRefs", "status": "True", "observedGeneration": 1}]}]},
        });
        let parent = gateway(&live);
        assert_eq!(parent.class.as_deref(), Some("traefik"));
        assert_eq!(parent.addresses, ["192.0.2.1", "gw.example.com"]);
        assert!(parent.accepted.as_ref().unwrap().is_true());
        assert_eq!(parent.programmed, None, "of an older generation");
        let [web, secure, all] = parent.listeners.as_slice() else { panic!("{parent:?}") };
        assert_eq!((web.name.as_str(), web.port, web.protocol.as_str()), ("web", 80, "HTTP"));
        assert_eq!((&web.hostname, &web.namespaces, &web.programmed), (&None, &AllowedNamespaces::Same, &None));
        assert_eq!(all.namespaces, AllowedNamespaces::All);
        assert_eq!(secure.hostname.as_deref(), Some("*.example.com"));
        let AllowedNamespaces::Selector(selector) = &secure.namespaces else { panic!("{secure:?}") };
        assert_eq!(crate::selector::text(selector), "tier=public");
        assert_eq!(secure.kinds, ["HTTPRoute", "GRPCRoute.example.com"]);
        let certificates = [("gateways", "a"), ("certs", "b")].map(|(n, s)| (n.to_owned(), s.to_owned()));
        assert_eq!(secure.certificates, certificates);
        let programmed = secure.programmed.clone().unwrap();
        assert_eq!((programmed.reason.as_str(), programmed.message.as_str()), ("Invalid", "No certificate."));
        assert_eq!(programmed.since, None);
        assert!(secure.accepted.as_ref().unwrap().is_true(), "who names no generation means the present one");
        assert_eq!(secure.resolved_refs, None);
    }

    #[test]
    fn a_listener_set_names_its_gateway() {
        let of = |parent: Value| {
            let live = json!({
                "metadata": {"name": "shop", "namespace": "shop", "generation": 1},
                "spec": {"parentRef": parent, "listeners": [{"name": "web", "port": 80, "protocol": "HTTP"}]},
                "status": {"conditions": [{"type": "Accepted", "status": "False", "reason": "NotAllowed"}]},
            });
            listener_set(&live)
        };
        let (set, gateway) = of(json!({"name": "public", "namespace": "gateways"}));
        assert_eq!(gateway.to_string(), "Gateway gateways/public");
        assert_eq!((set.gateway, set.listeners.len()), (Some(gateway), 1));
        assert!(set.accepted.unwrap().is_false());
        assert_eq!(of(json!({"name": "public"})).1.to_string(), "Gateway shop/public");
    }

    #[test]
    fn features_are_read_in_both_forms_and_none_means_unknown() {
        let features = |features: Value| {
            let live = json!({"spec": {"controllerName": "c"}, "status": {"supportedFeatures": features}});
            let class = gateway_class(&live);
            assert_eq!(class.controller, "c");
            class.features.map(|features| features.into_iter().collect::<Vec<_>>().join(","))
        };
        assert_eq!(features(json!([{"name": "b"}, {"name": "a"}])).as_deref(), Some("a,b"));
        assert_eq!(features(json!(["b", "a"])).as_deref(), Some("a,b"));
        assert_eq!((features(json!([])), features(json!(null))), (None, None));
    }

    #[test]
    fn channel_and_version_are_annotations() {
        let of = |value: &str| definition(&[(CHANNEL.to_owned(), value.to_owned())].into()).channel;
        assert_eq!((of("standard"), of("experimental")), (Channel::Standard, Channel::Experimental));
        assert_eq!((of("x"), definition(&BTreeMap::new())), (Channel::Unknown, Definition::default()));
        let of = |value: &str| definition(&[(VERSION.to_owned(), value.to_owned())].into()).version;
        assert_eq!((of("v1.6.1"), of("v1.10.0-rc1"), of("v2.0")), (Some((1, 6)), Some((1, 10)), Some((2, 0))));
        assert_eq!((of("main"), of("1.6.1"), of("v1"), of("vx.y")), (None, None, None, None));
    }

    #[test]
    fn nothing_in_it_can_fail() {
        for live in [json!(null), json!({}), json!({"spec": 1}), json!({"spec": {"listeners": [1, {"port": 1e12}]}})] {
            assert!(gateway(&live).class.is_none() && gateway_class(&live).features.is_none(), "{live}");
            assert_eq!(listener_set(&live).1.name, "");
        }
    }
}
