//! The API of microservice-operator: the resources `Microservice`, `MicroserviceClass` and `MicroserviceSystem`, and
//! the small part of the Gateway API that the operator writes. Types and their schemas only: no client, no I/O.
#![deny(missing_docs)]

pub mod class;
pub mod gateway;
pub mod microservice;
mod null;
pub mod schema;
pub mod system;

pub use class::*;
pub use microservice::*;
pub use system::*;

/// The API group of every resource of ours. A fork changes it here (the derive macros need the literal as well).
pub const GROUP: &str = "microservices.dev";

/// The served version.
pub const VERSION: &str = "v1alpha1";

/// Field manager of every child that the operator applies.
pub const FIELD_MANAGER: &str = "microservice-operator";

/// Field manager of the status of our resources.
pub const STATUS_MANAGER: &str = "microservice-operator-status";

/// Field manager that holds `spec.replicas` of a Deployment while it passes between the operator and an autoscaler.
pub const HANDOVER_MANAGER: &str = "microservice-operator-handover";

/// Value of `app.kubernetes.io/managed-by` on every child.
pub const MANAGED_BY: &str = "microservice-operator";

/// Labels that the operator sets. All keys are the recommended labels of Kubernetes.
pub mod labels {
    /// The name of the Microservice. With [`INSTANCE`] the selector of pods: it never changes.
    pub const NAME: &str = "app.kubernetes.io/name";
    /// The name of the Microservice once more: one Microservice is one instance.
    pub const INSTANCE: &str = "app.kubernetes.io/instance";
    /// Always [`super::MANAGED_BY`]: what the operator watches its children by.
    pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
    /// `spec.system`, on all children but the pod template.
    pub const PART_OF: &str = "app.kubernetes.io/part-of";
    /// The tag of the image, on the Deployment and its pods.
    pub const VERSION: &str = "app.kubernetes.io/version";
}

/// Annotations that the operator writes or reads.
pub mod annotations {
    /// On a child: digest of the desired object that was last applied, so that a field which left the spec is noticed.
    pub const DIGEST: &str = "microservices.dev/digest";
    /// On a Deployment: the profile that it was rendered with.
    pub const PROFILE: &str = "microservices.dev/profile";
    /// On a Deployment: present while the operator itself applies `spec.replicas`.
    pub const REPLICAS: &str = "microservices.dev/replicas";
    /// On a Deployment: digest of its template, where new templates may have to wait. Its ReplicaSets get a copy.
    pub const TEMPLATE: &str = "microservices.dev/template";
    /// On a Microservice: the digest of a template that goes on although it should wait.
    pub const RELEASE_HOLD: &str = "microservices.dev/release-hold";
    /// On a pod template: `spec.restartedAt`.
    pub const RESTARTED_AT: &str = "microservices.dev/restarted-at";
    /// On a MicroserviceClass: `"true"` makes it the class of services that name none.
    pub const DEFAULT_CLASS: &str = "microservices.dev/is-default-class";
    /// On an existing object that belongs to nobody: the name of the Microservice that may take it over.
    pub const ADOPT: &str = "microservices.dev/adopt-by";
}
