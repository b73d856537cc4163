//! The services of a cluster as a graph: who may call whom, and what follows from it.
//!
//! A [`Node`] is what one service says of its edges; a consumer says whom it uses, and a provider what it offers and whom
//! it lets. [`resolve`] finds the port that a use means, [`consents`] whether it may. [`Graph`] knows all services by both
//! ends of their edges, so that a change reaches exactly those whom it concerns.

mod around;
mod consent;
mod contract;
mod cycles;
mod front;
mod gate;
mod impact;
mod index;
pub mod lint;
mod node;
pub mod reach;
mod resolve;
mod survey;
mod template;
pub mod version;
mod workload;

pub use around::Neighbourhood;
pub use consent::{NamespaceLabels, by_labels, consents, replicas};
pub use contract::{Ending, Need, Unmet, endings, unmet, unmet_by};
pub use cycles::cycles;
use front::Front;
pub use gate::{Holder, gate};
pub use impact::{Consumer, Host, Impact, Policy, Target, impact};
pub use index::Graph;
pub use node::{Id, Node, Offer, RouteEdge, provider_of, transport};
pub use resolve::{Provider, Resolution, meant, port_of, resolve, scheme};
pub use survey::{Scope, Survey};
pub use template::Template;
use workload::Workload;

#[cfg(test)]
pub(crate) mod tests {
    use microservice_crds::MicroserviceSpec;

    use super::{Id, Node};

    /// The node of a service called `namespace/name` with this `spec` (the image is added).
    pub(crate) fn node(id: &str, spec: &str) -> Node {
        let (namespace, name) = id.split_once('/').unwrap();
        let spec = spec.strip_prefix('{').and_then(|spec| spec.strip_suffix('}')).unwrap_or(spec);
        let spec: MicroserviceSpec = serde_saphyr::from_str(&format!("{{image: 'a:1', {spec}}}")).unwrap();
        Node::of(Id::new(namespace, name), &spec, None, None)
    }
}
