//! The `MicroserviceSystem` resource: services that belong together, summed up.

mod status;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

pub use status::*;

/// Services of one namespace that belong together: those whose `spec.system` is the name of this object. Its status sums
/// theirs up, so that one condition says whether the whole system is up.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "microservices.dev",
    version = "v1alpha1",
    kind = "MicroserviceSystem",
    plural = "microservicesystems",
    singular = "microservicesystem",
    shortname = "msys",
    namespaced,
    status = "MicroserviceSystemStatus",
    derive = "Default",
    derive = "PartialEq",
    category = "microservices",
    doc = "Services of one namespace that belong together: those whose `spec.system` is the name of this object. Its status sums theirs up, so that one condition says whether the whole system is up."
)]
#[serde(rename_all = "camelCase")]
pub struct MicroserviceSystemSpec {
    /// Names of the Microservices that must exist and say this system. One that does not holds Ready back; a service that
    /// says this system and is not listed counts as well. Default: none, and then nobody knows whether a service is
    /// missing. Example: `[cartservice, frontend]`.
    #[serde(default, deserialize_with = "crate::null::as_default", skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
}
