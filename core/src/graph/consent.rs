//! Whether a provider lets a consumer use it: decided on the provider's side alone.

use std::collections::BTreeMap;

use microservice_crds::Consent;

use super::Id;
use crate::selector;

/// Labels of namespaces, as far as they are known.
pub type NamespaceLabels = BTreeMap<String, BTreeMap<String, String>>;

/// Whether `provider`, which says `allow_from`, lets this consumer use it. Said nothing: its own namespace may. A namespace
/// whose labels are not known fits no selector.
pub fn consents(
    provider: &Id,
    allow_from: Option<&[Consent]>,
    consumer: &Id,
    system: Option<&str>,
    labels: &NamespaceLabels,
) -> bool {
    if consumer == provider {
        return replicas(allow_from);
    }
    let Some(list) = allow_from else { return consumer.namespace == provider.namespace };
    list.iter().any(|consent| admits(provider, consent, consumer, system, labels))
}

/// Whether the replicas of a service may reach each other.
pub fn replicas(allow_from: Option<&[Consent]>) -> bool {
    allow_from.is_some_and(|list| list.iter().any(|consent| consent.replicas))
}

/// Whether consent depends on the labels of namespaces.
pub fn by_labels(allow_from: Option<&[Consent]>) -> bool {
    allow_from.is_some_and(|list| list.iter().any(|consent| consent.namespaces.is_some()))
}

fn admits(provider: &Id, consent: &Consent, consumer: &Id, system: Option<&str>, labels: &NamespaceLabels) -> bool {
    let Consent { service, system: of, namespace, namespaces, replicas } = consent;
    let says = service.is_some() || of.is_some() || namespace.is_some() || namespaces.is_some();
    let in_namespace = match (namespace, namespaces) {
        (Some(name), _) => *name == consumer.namespace,
        (None, Some(selector)) => {
            labels.get(&consumer.namespace).is_some_and(|labels| selector::matches(selector, labels))
        }
        (None, None) => consumer.namespace == provider.namespace,
    };
    says && !replicas
        && in_namespace
        && service.as_ref().is_none_or(|name| *name == consumer.name)
        && of.as_deref().is_none_or(|name| system == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(allow_from: &str, consumer: &str, system: Option<&str>) -> bool {
        let list: Option<Vec<Consent>> = serde_saphyr::from_str(allow_from).unwrap();
        let (namespace, name) = consumer.split_once('/').unwrap();
        let labels = [("edge", "public"), ("shop", "private")];
        let labels = labels.map(|(name, tier)| (name.to_owned(), [("tier".to_owned(), tier.to_owned())].into()));
        consents(&Id::new("shop", "cart"), list.as_deref(), &Id::new(namespace, name), system, &labels.into())
    }

    #[test]
    fn the_own_namespace_may_unless_others_are_named() {
        assert!(may("null", "shop/web", None));
        assert!(!may("null", "edge/web", None));
        assert!(!may("[]", "shop/web", None), "an empty list is nobody");
        assert!(!may("[{service: other}]", "shop/web", None));
    }

    #[test]
    fn all_that_an_item_says_must_fit() {
        for (list, consumer, system, yes) in [
            ("[{service: web}]", "shop/web", None, true),
            ("[{service: web}]", "edge/web", None, false),
            ("[{service: web, namespace: edge}]", "edge/web", None, true),
            ("[{service: web, namespace: edge}]", "shop/web", None, false),
            ("[{namespace: edge}]", "edge/any", None, true),
            ("[{system: boutique}]", "shop/any", Some("boutique"), true),
            ("[{system: boutique}]", "shop/any", Some("other"), false),
            ("[{system: boutique}]", "shop/any", None, false),
            ("[{system: boutique, namespace: edge}]", "edge/any", Some("boutique"), true),
            ("[{namespaces: {matchLabels: {tier: public}}}]", "edge/any", None, true),
            ("[{namespaces: {matchLabels: {tier: public}}}]", "shop/any", None, false),
            ("[{namespaces: {matchLabels: {tier: public}}, service: web}]", "edge/api", None, false),
            ("[{namespaces: {}}]", "nowhere/any", None, false),
            ("[{}]", "shop/web", None, false),
        ] {
            assert_eq!(may(list, consumer, system), yes, "{list} {consumer} {system:?}");
        }
    }

    #[test]
    fn replicas_reach_each_other_only_by_self() {
        assert!(!may("null", "shop/cart", None));
        assert!(!may("[{namespace: shop}]", "shop/cart", None));
        assert!(may("[{self: true}]", "shop/cart", None));
        assert!(!may("[{self: true}]", "shop/web", None));
    }
}
