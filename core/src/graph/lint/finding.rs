//! What lint says, and the words for it.

use serde::Serialize;

use crate::graph::Id;

/// How bad it is; worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Severity {
    /// It does not work.
    Error,
    /// It works now, and fails when something else does, or grows.
    Warning,
    /// Worth knowing.
    Info,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What kind of finding it is. The words are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// All of them, in the order of their names.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

codes! {
    /// The class is not for the namespace of the service.
    ClassNotAllowed,
    /// The class that a service names is not there.
    ClassNotFound,
    /// Services call each other in a circle.
    DependencyCycle,
    /// A version of an API is used that is deprecated or has a last day.
    DeprecatedApi,
    /// A PodDisruptionBudget never lets a pod go.
    DisruptionBlocked,
    /// The class forbids what the service says.
    ForbiddenByClass,
    /// Two services want the same requests.
    HostTaken,
    /// The class cannot be built.
    InvalidClass,
    /// The spec cannot be built.
    InvalidSpec,
    /// A service is used that does not let this one use it.
    MissingConsent,
    /// An HTTPRoute and a GRPCRoute meet on a host name.
    MixedRouteKinds,
    /// The service that is used exposes no such API.
    NoSuchApi,
    /// The service that is used has no such port.
    NoSuchPort,
    /// The service that is used is not there.
    NoSuchService,
    /// Pods at their greatest count ask for more than a ResourceQuota allows.
    QuotaTooSmall,
    /// Tries multiply along a path of calls.
    RetryMultiplication,
    /// Two services say that one datastore is theirs alone.
    SharedDatastore,
    /// A version of an API is used after its last day.
    SunsetApi,
    /// A caller gives up before what it calls does.
    TimeoutInversion,
    /// Nobody uses an API.
    UnusedApi,
    /// No version of the API that is exposed is one that its consumer can work with.
    VersionMismatch,
}

/// An object that a finding speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Object {
    /// Its kind. Example: `Microservice`.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Object {
    /// A Microservice.
    pub fn service(id: &Id) -> Self {
        Self { kind: "Microservice", namespace: id.namespace.clone(), name: id.name.clone() }
    }
}

/// One thing that is wrong or worth knowing. They are ordered by the object to change, then by severity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The objects that it speaks of: the one to change first, or the first of a path of calls.
    pub objects: Vec<Object>,
    /// How bad it is.
    pub severity: Severity,
    /// What kind of finding it is.
    pub code: Code,
    /// Fields of the first object, below `spec` unless they start with `metadata`; lists by key. Example:
    /// `uses[cartservice].timeout`.
    pub paths: Vec<String>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// Names in a sentence: the first ten, and how many more there are.
pub(super) fn listed<T: ToString>(all: impl IntoIterator<Item = T>) -> String {
    const SHOWN: usize = 10;
    let all: Vec<String> = all.into_iter().map(|item| item.to_string()).collect();
    match all.get(..SHOWN) {
        Some(first) if all.len() > SHOWN => format!("{} and {} more", first.join(", "), all.len() - SHOWN),
        _ => all.join(", "),
    }
}

/// A path of calls in a sentence.
pub(super) fn chain<'a>(path: impl IntoIterator<Item = &'a Id>) -> String {
    let path: Vec<String> = path.into_iter().map(Id::to_string).collect();
    path.join(" → ")
}
