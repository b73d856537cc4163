//! What all children have in common: metadata, and the way into JSON.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use microservice_crds::{GROUP, MANAGED_BY, VERSION, labels};
use serde::Serialize;
use serde_json::Value;

use crate::plan::Plan;

/// Metadata of a child that is called as its Microservice.
pub(super) fn metadata(plan: &Plan) -> ObjectMeta {
    named(plan, plan.name())
}

/// Metadata of a child of another name.
pub(super) fn named(plan: &Plan, name: &str) -> ObjectMeta {
    let mut all = plan.labels.clone();
    all.extend(own_labels(plan));
    if let Some(system) = &plan.system {
        all.insert(labels::PART_OF.to_owned(), system.clone());
    }
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(plan.namespace().to_owned()),
        labels: Some(all),
        annotations: unless_empty(plan.annotations.clone()),
        owner_references: Some(vec![OwnerReference {
            api_version: format!("{GROUP}/{VERSION}"),
            kind: "Microservice".to_owned(),
            name: plan.name().to_owned(),
            uid: plan.identity.uid.clone(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        }]),
        ..ObjectMeta::default()
    }
}

/// The labels of the operator that stand on everything, the pods included.
pub(super) fn own_labels(plan: &Plan) -> BTreeMap<String, String> {
    let mut all = plan.selector_labels();
    all.insert(labels::MANAGED_BY.to_owned(), MANAGED_BY.to_owned());
    all
}

/// Adds an annotation.
pub(super) fn annotate(metadata: &mut ObjectMeta, key: &str, value: String) {
    metadata.annotations.get_or_insert_default().insert(key.to_owned(), value);
}

/// The selector of the pods.
pub(super) fn selector(plan: &Plan) -> LabelSelector {
    LabelSelector { match_labels: Some(plan.selector_labels()), ..LabelSelector::default() }
}

/// The document of a typed object. All keys of the types are texts, so this cannot fail.
pub(super) fn document<T: Serialize>(object: &T) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

/// None for an empty collection: what is not meant is not written.
pub(super) fn unless_empty<C: IsEmpty>(collection: C) -> Option<C> {
    (!collection.is_empty()).then_some(collection)
}

/// A collection that can be empty.
pub(super) trait IsEmpty {
    fn is_empty(&self) -> bool;
}

impl<T> IsEmpty for Vec<T> {
    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl<K, V> IsEmpty for BTreeMap<K, V> {
    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::planned;

    #[test]
    fn the_systems_name_is_not_on_the_pods() {
        let plan = planned("{image: a:1, system: shop, labels: {team: a}}");
        let labels_of_child = metadata(&plan).labels.unwrap();
        assert_eq!(labels_of_child[labels::PART_OF], "shop");
        assert_eq!(labels_of_child["team"], "a");
        assert!(!own_labels(&plan).contains_key(labels::PART_OF));
    }
}
