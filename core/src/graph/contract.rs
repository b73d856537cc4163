//! Contracts: the versions of APIs that one service needs, and those that another serves.

use std::collections::BTreeSet;

use microservice_crds::{Api, Use};

use super::{Id, Neighbourhood, Node, Offer, Provider, Template, provider_of, version};

/// A version of an API that a service needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The service that shall serve it.
    pub provider: Id,
    /// The API; empty: its only one.
    pub api: String,
    /// The range of versions.
    pub range: String,
}

impl Need {
    /// What a use said in this namespace needs; none where it says no version.
    pub fn of(namespace: &str, used: &Use) -> Option<Self> {
        let range = used.version.clone()?;
        Some(Self { provider: provider_of(namespace, used), api: used.api.clone(), range })
    }

    /// From the record of a template.
    pub fn read(text: &str) -> Option<Self> {
        let (what, range) = text.split_once('@')?;
        let (namespace, rest) = what.split_once('/')?;
        let (name, api) = rest.split_once('/')?;
        Some(Self { provider: Id::new(namespace, name), api: api.to_owned(), range: range.to_owned() })
    }

    /// As the record of a template has it. Example: `shop/productcatalogservice/catalog@^1.2`.
    pub fn write(&self) -> String {
        format!("{}/{}@{}", self.provider, self.api, self.range)
    }

    /// Whether one of these versions, by API, is in the range.
    pub fn is_met<'a>(&self, serves: impl IntoIterator<Item = (&'a str, &'a str)>) -> bool {
        let meant = |api: &str| self.api.is_empty() || self.api == api;
        serves.into_iter().any(|(api, served)| meant(api) && version::fits(&self.range, served))
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.api.is_empty() {
            true => f.write_str(&self.range),
            false => write!(f, "{} {}", self.api, self.range),
        }
    }
}

impl Offer {
    /// Versions by API that every pod serves now: those of all templates that may run. Where nothing is recorded of them,
    /// those of the spec.
    pub fn serves(&self) -> BTreeSet<(String, String)> {
        let of = |template: &Template| template.serves.iter().cloned().collect::<BTreeSet<_>>();
        let all = self.templates.iter().map(of).reduce(|all, one| all.intersection(&one).cloned().collect());
        all.unwrap_or_else(|| Template::serving(&self.exposes).into_iter().collect())
    }
}

/// Versions by API, as texts.
pub(super) fn texts(serves: &BTreeSet<(String, String)>) -> impl Iterator<Item = (&str, &str)> {
    serves.iter().map(|(api, version)| (api.as_str(), version.as_str()))
}

/// What a spec exposes, as texts.
pub(super) fn declared(exposes: &[Api]) -> impl Iterator<Item = (&str, &str)> {
    exposes.iter().map(|api| (api.name.as_str(), api.version.as_str()))
}

/// A need that nobody meets now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmet {
    /// Who needs it.
    pub consumer: Id,
    /// What is needed.
    pub need: Need,
    /// What is served instead, as `api version`.
    pub served: Vec<String>,
}

/// An API in use that ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ending {
    /// Who uses it.
    pub consumer: Id,
    /// Who serves it.
    pub provider: Id,
    /// The API and its version.
    pub api: String,
    /// Its version.
    pub version: String,
    /// The day on which it ends.
    pub sunset: Option<String>,
}

/// What a service needs and is not served, as a consumer. Who is not known is not judged, and neither is what is optional.
pub fn unmet(node: &Node, around: &Neighbourhood) -> Vec<Unmet> {
    let needs = node.uses.iter().filter(|used| !used.optional);
    let needs = needs.filter_map(|used| Need::of(&node.id.namespace, used));
    let judged = needs.filter_map(|need| match around.provider(&need.provider) {
        Provider::Known(offer) => judge(&node.id, need, offer),
        Provider::Absent | Provider::Unseen => None,
    });
    judged.collect()
}

/// What those who use a service and may need of it, and it does not serve.
pub fn unmet_by(node: &Node, around: &Neighbourhood) -> Vec<Unmet> {
    let uses = around.invited(node).flat_map(|consumer| consumer.uses.iter().map(move |used| (consumer, used)));
    let needs = uses.filter(|(_, used)| !used.optional).filter_map(|(consumer, used)| {
        let need = Need::of(&consumer.id.namespace, used)?;
        (need.provider == node.id).then_some((&consumer.id, need))
    });
    needs.filter_map(|(consumer, need)| judge(consumer, need, &node.offer)).collect()
}

fn judge(consumer: &Id, need: Need, offer: &Offer) -> Option<Unmet> {
    let serves = offer.serves();
    if need.is_met(texts(&serves)) {
        return None;
    }
    let served = texts(&serves).map(|(api, version)| format!("{api} {version}")).collect();
    Some(Unmet { consumer: consumer.clone(), need, served })
}

/// APIs that end and that this use means: all versions that it may be served by.
fn ending(consumer: &Id, provider: &Id, used: &Use, offer: &Offer) -> Vec<Ending> {
    let meant = super::meant(used, offer);
    let may =
        meant.into_iter().filter(|api| used.version.as_ref().is_none_or(|range| version::fits(range, &api.version)));
    let all: Vec<&Api> = may.collect();
    // Who may be served by a version that stays does not depend on one that ends.
    if used.port.is_some() || all.iter().any(|api| !ends(api)) {
        return Vec::new();
    }
    let of = |api: &&Api| Ending {
        consumer: consumer.clone(),
        provider: provider.clone(),
        api: api.name.clone(),
        version: api.version.clone(),
        sunset: api.sunset.clone(),
    };
    all.iter().map(of).collect()
}

fn ends(api: &Api) -> bool {
    api.deprecated || api.sunset.is_some()
}

/// APIs in use that end, at both ends of the edges of a service.
pub fn endings(node: &Node, around: &Neighbourhood) -> Vec<Ending> {
    let mut found = Vec::new();
    for used in &node.uses {
        let provider = node.provider(used);
        if let Provider::Known(offer) = around.provider(&provider) {
            found.extend(ending(&node.id, &provider, used, offer));
        }
    }
    for consumer in around.invited(node) {
        for used in consumer.uses.iter().filter(|used| consumer.means(used, &node.id)) {
            found.extend(ending(&consumer.id, &node.id, used, &node.offer));
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Graph, tests::node};

    fn around(graph: &Graph, id: &str) -> (Node, Neighbourhood) {
        let (namespace, name) = id.split_once('/').unwrap();
        let node = (**graph.get(&Id::new(namespace, name)).unwrap()).clone();
        let around = Neighbourhood::of(graph, &node, |_| true);
        (node, around)
    }

    #[test]
    fn a_need_is_read_as_it_was_written() {
        for text in ["shop/cart/cart@^1.2", "shop/cart/@>=1, <3"] {
            assert_eq!(Need::read(text).unwrap().write(), text);
        }
        assert_eq!(Need::read("nonsense"), None);
    }

    #[test]
    fn what_is_needed_and_not_served_is_told_at_both_ends() {
        let graph = Graph::new([
            node("shop/web", "uses: [{service: cart, version: ^2}, {service: ads, version: ^1, optional: true}]"),
            node("shop/ok", "uses: [{service: cart, version: ^1}]"),
            node("shop/cart", "ports: [{name: a, port: 1}], exposes: [{name: cart, version: 1.3.0}]"),
            node("shop/ads", "ports: [{name: a, port: 1}]"),
        ]);
        let (web, around_web) = around(&graph, "shop/web");
        let of_web = unmet(&web, &around_web);
        assert_eq!(of_web.len(), 1);
        assert_eq!(
            (of_web[0].need.to_string(), of_web[0].served.clone()),
            ("^2".to_owned(), vec!["cart 1.3.0".to_owned()])
        );
        let (cart, around_cart) = around(&graph, "shop/cart");
        assert_eq!(unmet_by(&cart, &around_cart), of_web);
    }

    #[test]
    fn served_is_what_all_pods_serve() {
        let mut cart = node("shop/cart", "exposes: [{name: cart, version: '2'}]");
        assert_eq!(cart.offer.serves(), [("cart".to_owned(), "2".to_owned())].into());
        let serving = |versions: &[&str]| Template {
            serves: versions.iter().map(|v| ("cart".to_owned(), (*v).to_owned())).collect(),
            ..Template::default()
        };
        cart.offer.templates = vec![serving(&["1", "2"]), serving(&["2", "3"])];
        assert_eq!(cart.offer.serves(), [("cart".to_owned(), "2".to_owned())].into());
    }

    #[test]
    fn who_depends_on_what_ends_is_told_and_who_can_do_without_is_not() {
        let exposes = "ports: [{name: a, port: 1}], exposes: [{name: cart, version: 1.0.0, deprecated: true, sunset: 2027-06-30}, {name: cart, version: 2.0.0}]";
        let graph = Graph::new([
            node("shop/old", "uses: [{service: cart, version: ^1}]"),
            node("shop/both", "uses: [{service: cart, version: '>=1'}]"),
            node("shop/cart", exposes),
        ]);
        let (cart, around_cart) = around(&graph, "shop/cart");
        let told = endings(&cart, &around_cart);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].consumer.name.as_str(), told[0].sunset.as_deref()), ("old", Some("2027-06-30")));
        let (old, around_old) = around(&graph, "shop/old");
        assert_eq!(endings(&old, &around_old), told);
    }
}
