//! Gates: a new template waits until what it needs is served, and while what it drops is needed.

use super::{
    Need, Neighbourhood, Node, Provider,
    contract::{declared, texts},
};
use crate::graph::Id;

/// Why a new template waits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// It needs what its provider does not serve yet.
    Needs {
        /// What it needs.
        need: Need,
        /// What is served instead, as `api version`; none where the provider is not there.
        served: Option<Vec<String>>,
        /// Whether the provider, for its part, waits for this service.
        mutual: bool,
    },
    /// It drops what a consumer's running pods need.
    Needed {
        /// Whose pods.
        consumer: Id,
        /// What they need.
        need: Need,
        /// Whether that consumer, for its part, waits for this service.
        mutual: bool,
    },
}

/// What holds the template of this digest back: nothing where it runs already, or none runs yet. `node` is what the new
/// spec says, with the templates that run.
pub fn gate(node: &Node, digest: &str, around: &Neighbourhood) -> Vec<Holder> {
    let running = &node.offer.templates;
    if running.is_empty() || running.iter().any(|template| template.digest == digest) {
        return Vec::new();
    }
    let mut holders: Vec<Holder> = needs(node, around).chain(needed(node, around)).collect();
    holders.sort();
    holders.dedup();
    holders
}

/// What the new template needs and is not served.
fn needs<'a>(node: &'a Node, around: &'a Neighbourhood) -> impl Iterator<Item = Holder> + 'a {
    let needs = node.uses.iter().filter(|used| !used.optional);
    let needs = needs.filter_map(|used| Need::of(&node.id.namespace, used));
    needs.filter_map(move |need| match around.provider(&need.provider) {
        Provider::Unseen => None,
        Provider::Absent => Some(Holder::Needs { need, served: None, mutual: false }),
        Provider::Known(offer) => {
            let serves = offer.serves();
            if need.is_met(texts(&serves)) {
                return None;
            }
            // It would serve it, were it not for what the pods of this service need.
            let ours = running_needs(node, &need.provider);
            let mutual = need.is_met(declared(&offer.exposes))
                && ours.iter().any(|need| need.is_met(texts(&serves)) && !need.is_met(declared(&offer.exposes)));
            let served = texts(&serves).map(|(api, version)| format!("{api} {version}")).collect();
            Some(Holder::Needs { need, served: Some(served), mutual })
        }
    })
}

/// What running pods of consumers need, is served to them now, and would not be any more.
fn needed<'a>(node: &'a Node, around: &'a Neighbourhood) -> impl Iterator<Item = Holder> + 'a {
    let serves = node.offer.serves();
    around.invited(node).flat_map(move |consumer| {
        let dropped = running_needs(consumer, &node.id).into_iter();
        let dropped = dropped.filter(|need| need.is_met(texts(&serves)) && !need.is_met(declared(&node.offer.exposes)));
        let wants = consumer.uses.iter().filter(|used| !used.optional && consumer.means(used, &node.id));
        let mut wants = wants.filter_map(|used| Need::of(&consumer.id.namespace, used));
        let mutual = wants.any(|need| !need.is_met(texts(&serves)));
        dropped.map(|need| Holder::Needed { consumer: consumer.id.clone(), need, mutual }).collect::<Vec<_>>()
    })
}

/// What the running pods of a service need of another.
fn running_needs(node: &Node, provider: &Id) -> Vec<Need> {
    let own = node.offer.templates.iter().flat_map(|template| &template.needs);
    let mut all: Vec<Need> =
        own.filter_map(|text| Need::read(text)).filter(|need| need.provider == *provider).collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Graph, Template, tests::node};

    /// A service whose running pods are of the template `old`.
    fn running(id: &str, spec: &str, serves: &[(&str, &str)], needs: &[&str]) -> Node {
        let mut node = node(id, spec);
        node.offer.templates = vec![Template {
            digest: "old".into(),
            serves: serves.iter().map(|(a, v)| ((*a).to_owned(), (*v).to_owned())).collect(),
            needs: needs.iter().map(|need| (*need).to_owned()).collect(),
            ..Template::default()
        }];
        node
    }

    fn held(nodes: Vec<Node>, id: &str, digest: &str) -> Vec<String> {
        let graph = Graph::new(nodes);
        let (namespace, name) = id.split_once('/').unwrap();
        let node = (**graph.get(&Id::new(namespace, name)).unwrap()).clone();
        let holders = gate(&node, digest, &Neighbourhood::of(&graph, &node, |_| true));
        holders
            .iter()
            .map(|holder| match holder {
                Holder::Needs { need, served, mutual } => {
                    format!("needs {need} of {} {served:?} {mutual}", need.provider)
                }
                Holder::Needed { consumer, need, mutual } => format!("{consumer} needs {need} {mutual}"),
            })
            .collect()
    }

    const V1: &str = "ports: [{name: a, port: 1}], exposes: [{name: cart, version: '1'}]";
    const V2: &str = "ports: [{name: a, port: 1}], exposes: [{name: cart, version: '2'}]";
    const BOTH: &str = "ports: [{name: a, port: 1}], exposes: [{name: cart, version: '1'}, {name: cart, version: '2'}]";
    const USES_1: &str = "uses: [{service: cart, api: cart, version: ^1}]";
    const USES_2: &str = "uses: [{service: cart, api: cart, version: ^2}]";
    const NEEDS_1: &str = "shop/cart/cart@^1";

    #[test]
    fn a_consumer_waits_for_what_it_needs() {
        let cart = || running("shop/cart", V1, &[("cart", "1")], &[]);
        let web = || running("shop/web", USES_2, &[], &[NEEDS_1]);
        assert_eq!(
            held(vec![web(), cart()], "shop/web", "new"),
            ["needs cart ^2 of shop/cart Some([\"cart 1\"]) false"]
        );
        assert!(held(vec![web(), cart()], "shop/web", "old").is_empty(), "what runs is not held");
        assert!(held(vec![node("shop/web", USES_2), cart()], "shop/web", "new").is_empty(), "the first is not held");
        assert_eq!(held(vec![web()], "shop/web", "new"), ["needs cart ^2 of shop/cart None false"]);
        let optional = running("shop/web", "uses: [{service: cart, version: ^2, optional: true}]", &[], &[]);
        assert!(held(vec![optional, cart()], "shop/web", "new").is_empty());
    }

    #[test]
    fn what_is_declared_and_not_rolled_out_is_not_served() {
        let cart = running("shop/cart", BOTH, &[("cart", "1")], &[]);
        let web = running("shop/web", USES_2, &[], &[]);
        assert_eq!(held(vec![web, cart], "shop/web", "new").len(), 1);
    }

    #[test]
    fn a_provider_waits_while_pods_need_what_it_drops() {
        let cart = || running("shop/cart", V2, &[("cart", "1")], &[]);
        let web = |uses: &str, needs: &[&str]| running("shop/web", uses, &[], needs);
        assert_eq!(held(vec![cart(), web(USES_1, &[NEEDS_1])], "shop/cart", "new"), ["shop/web needs cart ^1 false"]);
        assert!(held(vec![cart(), web(USES_2, &["shop/cart/cart@^2"])], "shop/cart", "new").is_empty(), "it moved on");
        let keeps = running("shop/cart", BOTH, &[("cart", "1")], &[]);
        assert!(held(vec![keeps, web(USES_1, &[NEEDS_1])], "shop/cart", "new").is_empty());
        let never = running("shop/cart", V2, &[("cart", "3")], &[]);
        assert!(held(vec![never, web(USES_1, &[NEEDS_1])], "shop/cart", "new").is_empty(), "it was not served before");
    }

    #[test]
    fn two_that_wait_for_each_other_are_found_from_both_sides() {
        let cart = || running("shop/cart", V2, &[("cart", "1")], &[]);
        let web = || running("shop/web", USES_2, &[], &[NEEDS_1]);
        assert_eq!(held(vec![cart(), web()], "shop/cart", "new"), ["shop/web needs cart ^1 true"]);
        assert_eq!(
            held(vec![cart(), web()], "shop/web", "new"),
            ["needs cart ^2 of shop/cart Some([\"cart 1\"]) true"]
        );
        // Serving both side by side frees both, one after the other.
        let both = || running("shop/cart", BOTH, &[("cart", "1")], &[]);
        assert!(held(vec![both(), web()], "shop/cart", "new").is_empty());
        let served = running("shop/cart", BOTH, &[("cart", "1"), ("cart", "2")], &[]);
        assert!(held(vec![served, web()], "shop/web", "new").is_empty());
    }
}
