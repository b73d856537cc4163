//! The `MicroserviceClass` resource: the platform's golden path.

mod defaults;
mod network;
mod routing;
mod rules;
mod status;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

pub use defaults::*;
pub use network::*;
pub use routing::*;
pub use rules::*;
pub use status::*;

/// What a platform decides once for the services that use it: gateways and host names, default values, and limits.
/// Chosen by `spec.class` of a Microservice, or by default with the annotation
/// `microservices.dev/is-default-class: "true"`.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "microservices.dev",
    version = "v1alpha1",
    kind = "MicroserviceClass",
    plural = "microserviceclasses",
    singular = "microserviceclass",
    shortname = "msvcclass",
    status = "MicroserviceClassStatus",
    derive = "Default",
    derive = "PartialEq",
    category = "microservices",
    doc = "What a platform decides once for the services that use it: gateways and host names, default values, and limits. Chosen by `spec.class` of a Microservice, or by default with the annotation `microservices.dev/is-default-class: \"true\"`."
)]
#[serde(rename_all = "camelCase")]
pub struct MicroserviceClassSpec {
    /// The numbered set of defaults that services of this class are rendered with. A change restarts their pods.
    /// Default: each keeps the one that it was first rendered with. Example: `v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Labels of the namespaces whose services may use this class. Default: all. Example:
    /// `{matchLabels: {tier: public}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<LabelSelector>,
    /// What holds for a service that says nothing else. What the service says goes first, value by value: maps are
    /// joined by key, `env` by name, and any other list is taken as a whole. A default that does not fit what a service
    /// says gives way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defaults: Option<ClassDefaults>,
    /// Gateways and host names of routes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing: Option<Routing>,
    /// Which images may run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<ImageRules>,
    /// How much a service may take, and what it must say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// Which loosenings of the restricted pod a service may write under `security`. Default: all; an empty list: none.
    /// Where it is written, `overrides` cannot loosen either. Example: `[RunAsUser, WritablePaths]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loosenings: Option<Vec<Loosening>>,
    /// Allowed or Forbidden: whether a service may change its children by `overrides`. Default: Allowed.
    #[serde(default)]
    pub overrides: OverridesPolicy,
    /// Who may reach whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// What versions of APIs mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contracts: Option<Contracts>,
}
