//! The name of a Microservice in the cluster.

use std::{fmt, sync::Arc};

/// Namespace and name of a Microservice. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
}

impl Key {
    /// The key of `namespace/name`.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The Microservice whose child is called `child`. A child is called as its Microservice or `<name>--<suffix>`, and
    /// a Microservice has no `--` in its name: so this is exact, and nobody can forge it with labels.
    pub fn of_child(namespace: &str, child: &str) -> Self {
        Self::new(namespace, child.split_once("--").map_or(child, |(name, _)| name))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}
