//! Manifests without a cluster: the Microservices among them, and what the classes and namespaces beside them tell. The
//! choice of the class is the controller's own.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::{api::core::v1::ResourceQuota, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use microservice_crds::{Microservice, MicroserviceClass, MicroserviceSpec, annotations};
use serde_json::Value;

use crate::{
    gateway::View,
    graph::{Graph, Id, NamespaceLabels, Neighbourhood, Node},
    plan::{Class, ClassFact, Facts, Subject, class},
};

/// The label that the API server gives to every namespace: its name.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// What a set of manifests says.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// The Microservices, in their order.
    pub services: Vec<Microservice>,
    /// The ResourceQuotas, in their order.
    pub quotas: Vec<ResourceQuota>,
    classes: Vec<class::Candidate>,
    namespaces: NamespaceLabels,
}

impl Manifests {
    /// Reads one document. Kinds that say nothing here are passed over.
    ///
    /// # Errors
    /// When it is not what its kind says; the message names the object.
    pub fn add(&mut self, document: Value) -> Result<(), String> {
        let text = |path: &str| document.pointer(path).and_then(Value::as_str).unwrap_or("?").to_owned();
        let (kind, name) = (text("/kind"), text("/metadata/name"));
        let wrong = |error: serde_json::Error| format!("{kind} {name}: {error}");
        match kind.as_str() {
            "Microservice" => self.services.push(serde_json::from_value(document).map_err(wrong)?),
            "MicroserviceClass" => {
                let class: MicroserviceClass = serde_json::from_value(document).map_err(wrong)?;
                self.classes.retain(|other| other.class.name != name);
                self.classes.push(candidate(class));
            }
            "ResourceQuota" => self.quotas.push(serde_json::from_value(document).map_err(wrong)?),
            "Namespace" => {
                let labels = document.pointer("/metadata/labels").cloned().unwrap_or_default();
                let labels: Option<BTreeMap<String, String>> = serde_json::from_value(labels).map_err(wrong)?;
                let mut labels = labels.unwrap_or_default();
                labels.insert(NAMESPACE_NAME.to_owned(), name.clone());
                self.namespaces.insert(name, labels);
            }
            _ => {}
        }
        Ok(())
    }

    /// The Microservices as a graph. `namespace` is that of those which name none.
    pub fn graph(&self, namespace: &str) -> Graph {
        Graph::new(self.services.iter().map(|service| self.node(id(&service.metadata, namespace), &service.spec)))
    }

    fn node(&self, id: Id, spec: &MicroserviceSpec) -> Node {
        Node::of(id, spec, self.class(spec).as_deref(), None)
    }

    /// The class that holds for a service.
    pub(crate) fn class(&self, spec: &MicroserviceSpec) -> Option<Arc<Class>> {
        match class::fact(spec.class.as_deref(), &self.classes) {
            ClassFact::Found(class) => Some(class),
            ClassFact::None | ClassFact::Missing { .. } => None,
        }
    }

    /// What is known for a Microservice: of a service that is not in `graph` nothing is.
    pub fn facts(&self, subject: &Subject, graph: &Graph) -> Facts {
        let node = self.node(Id::new(&subject.namespace, &subject.name), &subject.spec);
        let around = Neighbourhood::of(graph, &node, |_| false);
        let asked = around.namespaces_of_consumers().into_iter().chain([subject.namespace.as_str()]);
        let namespaces = asked.map(|namespace| (namespace.to_owned(), self.labels(namespace))).collect();
        Facts { neighbourhood: Neighbourhood { namespaces, ..around }, ..self.facts_of_one(subject) }
    }

    /// What is known for a Microservice that nobody uses and that uses nobody.
    pub(crate) fn facts_of_one(&self, subject: &Subject) -> Facts {
        let namespace_labels = self.namespaces.get(&subject.namespace).cloned();
        Facts {
            class: class::fact(subject.spec.class.as_deref(), &self.classes),
            gateways: View { namespace_labels, ..View::default() },
            ..Facts::default()
        }
    }

    /// Labels of a namespace: of one that is not among the manifests its name alone.
    pub(crate) fn labels(&self, namespace: &str) -> BTreeMap<String, String> {
        let name = || [(NAMESPACE_NAME.to_owned(), namespace.to_owned())].into();
        self.namespaces.get(namespace).cloned().unwrap_or_else(name)
    }
}

/// A class as it takes part in the choice.
pub fn candidate(class: MicroserviceClass) -> class::Candidate {
    let marked = |annotations: &BTreeMap<String, String>| {
        annotations.get(annotations::DEFAULT_CLASS).is_some_and(|value| value == "true")
    };
    class::Candidate {
        default: class.metadata.annotations.as_ref().is_some_and(marked),
        created: class.metadata.creation_timestamp.map(|time| time.0),
        class: Arc::new(Class { name: class.metadata.name.unwrap_or_default(), spec: class.spec }),
    }
}

/// Which service an object is.
pub(crate) fn id(metadata: &ObjectMeta, namespace: &str) -> Id {
    let namespace = metadata.namespace.as_deref().unwrap_or(namespace);
    Id::new(namespace, metadata.name.clone().unwrap_or_default())
}

/// A Microservice to render. The uid, which only a cluster gives, is left empty.
pub fn subject(service: Microservice, namespace: &str) -> Subject {
    Subject {
        name: service.metadata.name.unwrap_or_default(),
        namespace: service.metadata.namespace.unwrap_or_else(|| namespace.to_owned()),
        uid: String::new(),
        generation: 1,
        spec: service.spec,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ClassFact;

    fn read(text: &str) -> Result<Manifests, String> {
        let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
        let mut manifests = Manifests::default();
        documents.into_iter().try_for_each(|document| manifests.add(document))?;
        Ok(manifests)
    }

    const ALL: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {tier: public}}
---
kind: ConfigMap
---
apiVersion: microservices.dev/v1alpha1
kind: MicroserviceClass
metadata: {name: gold, annotations: {microservices.dev/is-default-class: 'true'}}
spec: {profile: v1}
---
apiVersion: microservices.dev/v1alpha1
kind: MicroserviceClass
metadata: {name: silver}
spec: {}
---
apiVersion: microservices.dev/v1alpha1
kind: Microservice
metadata: {name: web}
spec: {image: 'a:1'}
---
apiVersion: microservices.dev/v1alpha1
kind: Microservice
metadata: {name: api, namespace: other}
spec: {image: 'a:1', class: silver}
";

    #[test]
    fn the_class_is_chosen_as_the_controller_does() {
        let manifests = read(ALL).unwrap();
        let known = |index: usize| {
            let subject = subject(manifests.services[index].clone(), "shop");
            let facts = manifests.facts(&subject, &manifests.graph("shop"));
            let class = match facts.class {
                ClassFact::Found(class) => class.name.clone(),
                other => format!("{other:?}"),
            };
            (class, facts.gateways.namespace_labels)
        };
        let (class, labels) = known(0);
        let labels = labels.unwrap();
        assert_eq!(
            (class.as_str(), labels["tier"].as_str(), labels[NAMESPACE_NAME].as_str()),
            ("gold", "public", "shop")
        );
        assert_eq!(known(1), ("silver".into(), None));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = read("{kind: MicroserviceClass, metadata: {name: gold}, spec: {overrides: Perhaps}}").unwrap_err();
        assert!(error.starts_with("MicroserviceClass gold: "), "{error}");
        assert!(error.contains("Perhaps"), "{error}");
    }
}
