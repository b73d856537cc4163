//! The `status` of a Microservice.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// What became of the service.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct MicroserviceStatus {
    /// The generation of the spec that the rest of this status speaks of. -1: not looked at yet.
    #[serde(default = "never_observed")]
    pub observed_generation: i64,
    /// Ready sums up; Reconciling and Stalled are present only while True; Available, Progressing, Exposed, Scalable,
    /// DependenciesResolved, ConsumersConsented, ContractsSatisfied and Isolated say what is behind it.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Where the service can be opened from outside: the first of `urls`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Every address at which the service can be opened from outside.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Pods of the service, old and new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Pods that serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_replicas: Option<i32>,
    /// Label selector of the pods, for scalers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// The image that was last applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The MicroserviceClass whose defaults and rules hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The profile that the service is rendered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// What the service was made into: a hint for people, nothing relies on it.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<ChildRef>,
    /// What became of each of `uses`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<DependencyStatus>,
    /// What the pods that run, or may still run, listen on, serve and need: the newest template last. Kept only where
    /// others depend on it.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<TemplateStatus>,
    /// The new template that waits, while one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldStatus>,
}

impl Default for MicroserviceStatus {
    fn default() -> Self {
        Self {
            observed_generation: never_observed(),
            conditions: Vec::new(),
            url: None,
            urls: Vec::new(),
            replicas: None,
            ready_replicas: None,
            selector: None,
            image: None,
            class: None,
            profile: None,
            children: Vec::new(),
            dependencies: Vec::new(),
            templates: Vec::new(),
            hold: None,
        }
    }
}

fn never_observed() -> i64 {
    -1
}

/// One object that a Microservice was made into.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChildRef {
    /// Kind of the object.
    pub kind: String,
    /// Name of the object.
    pub name: String,
}

/// What became of a use of another service.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DependencyStatus {
    /// As in `uses`.
    pub service: String,
    /// As in `uses`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// As in `uses`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Resolved, AsWritten (nothing was looked up), NotFound, OptionalNotFound, Unseen (outside of what the operator may see), NoPort, NoApi
    /// or NoConsent.
    pub state: String,
    /// Where it is called: host and port. It stays when the other service goes. Example: `cartservice.shop.svc:7070`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Scheme of its URL. Example: `http`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
}

/// A new template that waits: ContractsSatisfied says what for.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
pub struct HoldStatus {
    /// Digest of the template.
    pub template: String,
    /// Since when it waits.
    pub since: Time,
}

/// A template of pods, as others depend on it.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplateStatus {
    /// Digest of the template.
    pub template: String,
    /// Ports by name. Example: `http=8080/TCP`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<String>,
    /// APIs that are served. Example: `catalog@1.4.0`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub serves: Vec<String>,
    /// APIs that are needed. Example: `shop/productcatalogservice/catalog@^1.2`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
}
