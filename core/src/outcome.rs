//! What a reconcile saw and did: the input of [`crate::status`]. Filled in by the operator, or by a test.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    gateway::View,
    graph::Id,
    plan::{Invalid, Plan, RoutePlan},
};

/// Everything that one reconcile learned about one Microservice.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Generation of the spec that was looked at.
    pub generation: i64,
    /// When this generation was first seen, where it was news: none after a restart of the operator.
    pub seen: Option<Timestamp>,
    /// `spec.paused`.
    pub paused: bool,
    /// The plan, or why none can be made.
    pub plan: Result<Plan, Vec<Invalid>>,
    /// One entry for each desired child, in the order of the registry.
    pub children: Vec<ChildOutcome>,
    /// The pods of the service, as far as they are known.
    pub pods: Vec<PodSummary>,
    /// Autoscalers of somebody else, the oldest first.
    pub scalers: Vec<Scaler>,
    /// What is known of the Gateways that the routes hang on.
    pub gateways: View,
    /// What is worth knowing of the routes and stands against nothing, as whole sentences: told in the message of Exposed.
    pub warnings: Vec<String>,
    /// Services that the first pods wait for.
    pub awaited: Vec<Id>,
    /// Why the new template would wait, where an annotation lets it go. Whole sentences.
    pub released: Option<String>,
    /// Something outside the children went wrong, such as a prune: system fault, retried.
    pub fault: Option<String>,
}

/// An autoscaler of somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaler {
    /// Name of the HorizontalPodAutoscaler.
    pub name: String,
    /// What controls it and would make it again, such as `ScaledObject "web"` of KEDA.
    pub owner: Option<String>,
    /// What it scales.
    pub target: ScaleTarget,
}

/// What an autoscaler of somebody else scales.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScaleTarget {
    /// Our Deployment, whose replicas are then left alone.
    Deployment,
    /// The Microservice, by its scale subresource: it writes `spec.scaling.replicas`, which we apply.
    Microservice,
}

impl Scaler {
    /// What has to be deleted so that it scales no more.
    pub fn source(&self) -> String {
        self.owner.clone().unwrap_or_else(|| format!("HorizontalPodAutoscaler {:?}", self.name))
    }
}

impl std::fmt::Display for Scaler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.owner {
            Some(owner) => write!(f, "{owner} (by HorizontalPodAutoscaler {:?})", self.name),
            None => write!(f, "HorizontalPodAutoscaler {:?}", self.name),
        }
    }
}

/// One desired child and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildOutcome {
    /// Kind of the child. Example: `Deployment`.
    pub kind: &'static str,
    /// Name of the child.
    pub name: String,
    /// What happened to it in this reconcile.
    pub result: ChildResult,
    /// What it last said of itself.
    pub health: Health,
}

/// What happened to one child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChildResult {
    /// It stands as desired; nothing was written.
    Equal,
    /// It was written because its desired state is new.
    Applied,
    /// It was written because somebody had changed or deleted it.
    Repaired {
        /// What was wrong. Example: `spec.template.spec.containers[main].image`, or `deleted`.
        what: String,
    },
    /// Nothing was written, because the Microservice is paused.
    Paused,
    /// Nothing was written, because its route is withheld for now: it stands as it stood before.
    Kept,
    /// The server does not serve the kind.
    KindAbsent {
        /// The CustomResourceDefinition that would bring it. Example: `httproutes.gateway.networking.k8s.io`.
        crd: &'static str,
    },
    /// The kind is there, and the server does not serve it in the version that we write.
    VersionAbsent {
        /// Its CustomResourceDefinition.
        crd: &'static str,
        /// The version. Example: `v1`.
        version: &'static str,
    },
    /// An object of that name is not ours; it was not touched.
    Clash {
        /// Who owns it. Example: `ReplicaSet "x"`, or `nobody`.
        owner: String,
    },
    /// The name is still held by a child of an earlier Microservice of this name, which the garbage collector removes.
    Leftover,
    /// The server took the object, but answers with another value (a mutating policy): not tried again until the
    /// desired state changes.
    Resisted {
        /// The field. Example: `spec.template.metadata.labels[team]`.
        path: String,
        /// The value that was applied, as JSON.
        wanted: String,
        /// The value that stands there, as JSON.
        got: String,
    },
    /// The server refused it as invalid (422, 400, 413): a retry cannot help until the Microservice changes.
    Invalid {
        /// The server's words.
        message: String,
    },
    /// The server forbade it (403: rights, admission policy, quota): looked at again with backoff.
    Forbidden {
        /// The server's words.
        message: String,
    },
    /// A system fault (409 races, 429, 5xx, timeout, lost connection): retried with backoff.
    Failed {
        /// What was seen.
        message: String,
    },
}

/// What a child says of itself, reduced to what the status needs. Equal values need no new look.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Health {
    /// Nothing is known, or there is nothing to say for this kind.
    #[default]
    Silent,
    /// A Deployment.
    Deployment(DeploymentHealth),
    /// A HorizontalPodAutoscaler.
    Autoscaler(AutoscalerHealth),
    /// A route of the Gateway API.
    Route(RouteHealth),
}

/// A condition of somebody else's object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verdict {
    /// True, False or Unknown.
    pub status: String,
    /// One word.
    pub reason: String,
    /// A sentence.
    pub message: String,
    /// Since when the status is what it is.
    #[serde(rename = "lastTransitionTime")]
    pub since: Option<Timestamp>,
}

impl Verdict {
    /// Whether the condition holds.
    pub fn is_true(&self) -> bool {
        self.status == "True"
    }
    /// Whether the condition is denied.
    pub fn is_false(&self) -> bool {
        self.status == "False"
    }
}

/// A Deployment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeploymentHealth {
    /// `metadata.generation`.
    pub generation: i64,
    /// `status.observedGeneration`; the rest of the status speaks of this one.
    pub observed_generation: i64,
    /// `spec.replicas`.
    pub spec_replicas: i32,
    /// Pods, old and new.
    pub replicas: i32,
    /// Pods of the newest template.
    pub updated: i32,
    /// Pods that are ready.
    pub ready: i32,
    /// Pods that are available.
    pub available: i32,
    /// Condition Available.
    pub available_verdict: Option<Verdict>,
    /// Condition Progressing.
    pub progressing: Option<Verdict>,
    /// Condition ReplicaFailure: quota and admission denials of pods.
    pub replica_failure: Option<Verdict>,
}

/// A HorizontalPodAutoscaler.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AutoscalerHealth {
    /// `status.desiredReplicas`.
    pub desired: i32,
    /// Condition AbleToScale.
    pub able: Option<Verdict>,
    /// Condition ScalingActive.
    pub active: Option<Verdict>,
    /// Condition ScalingLimited.
    pub limited: Option<Verdict>,
    /// Condition ScaledToZero (since Kubernetes 1.37): there are no replicas because the autoscaler wants none.
    pub scaled_to_zero: bool,
}

/// A route of the Gateway API.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteHealth {
    /// When the route was created.
    pub created: Option<Timestamp>,
    /// What each controller says, only of the current generation.
    pub parents: Vec<RouteParent>,
    /// Where it takes requests as it stands, which may be older than the plan: of its rules only the first that serves.
    pub stands: Option<Box<RoutePlan>>,
}

/// What one controller says of a route on one parent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteParent {
    /// Kind of the parent. Example: `Gateway`.
    pub kind: String,
    /// The parent, as `namespace/name` or `name`.
    pub gateway: String,
    /// The listener that the route asks for there.
    pub section: Option<String>,
    /// The controller.
    pub controller: String,
    /// Condition Accepted.
    pub accepted: Option<Verdict>,
    /// Condition ResolvedRefs.
    pub resolved_refs: Option<Verdict>,
    /// Condition PartiallyInvalid.
    pub partially_invalid: Option<Verdict>,
}

/// A pod, reduced to what the status needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodSummary {
    /// Name of the pod.
    pub name: String,
    /// Label `pod-template-hash`.
    pub template_hash: String,
    /// Whether the pod is ready.
    pub ready: bool,
    /// Whether the pod is being deleted.
    pub terminating: bool,
    /// When the pod was created.
    pub created: Option<Timestamp>,
    /// What is wrong with it, if anything is.
    pub problem: Option<PodProblem>,
}

/// What is wrong with a pod.
#[derive(Clone, Debug, PartialEq)]
pub struct PodProblem {
    /// The kind of trouble.
    pub kind: ProblemKind,
    /// The word of the kubelet or the scheduler for it, or the reason of the event that told. Example: `ErrImagePull`.
    pub word: String,
    /// The container, where one is to blame.
    pub container: Option<String>,
    /// The image of that container, where it is the image that is to blame.
    pub image: String,
    /// Exit code of the last run, where there was one.
    pub exit_code: Option<i32>,
    /// How often the container was started again.
    pub restarts: i32,
    /// What the kubelet or the scheduler says, cut to 512 characters.
    pub detail: String,
    /// Since when the container (or the pod) is in the state that it is in now, where the pod says so.
    pub since: Option<Timestamp>,
}

/// The kinds of trouble that a pod can be in, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// CreateContainerConfigError, CreateContainerError, RunContainerError: root, user by name, missing ConfigMap, Secret or key.
    ContainerConfig,
    /// ErrImagePull, ImagePullBackOff, InvalidImageName and others.
    ImagePull,
    /// The last run was killed for its memory.
    OomKilled,
    /// An init container fails.
    InitFailed,
    /// The container ends again and again.
    CrashLoop,
    /// No node takes the pod.
    Unschedulable,
    /// The containers wait to be made: a volume that cannot be mounted, a network that is not there.
    StuckCreating,
    /// The container runs, and its readiness probe fails.
    NotReady,
    /// The node refused the pod or drove it out.
    Evicted,
}
