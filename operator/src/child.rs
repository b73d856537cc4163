//! One child as the operator remembers it.

use std::sync::Arc;

use jiff::Timestamp;
use microservice_core::{children::CHILDREN, compare, outcome::Health};
use microservice_crds::{GROUP, annotations};

use crate::{object::LeanObject, store::Kind};

/// Who controls an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A Microservice: its name and uid.
    Microservice {
        /// Name.
        name: String,
        /// Uid.
        uid: String,
    },
    /// Something else, in words. Example: `ReplicaSet "x"`.
    Other(String),
    /// No controller at all.
    Nobody,
}

impl Owner {
    /// Who controls this object.
    pub fn of(object: &LeanObject) -> Self {
        match object.controller() {
            Some(o) if o.kind == "Microservice" && o.api_version.split('/').next() == Some(GROUP) => {
                Self::Microservice { name: o.name.clone(), uid: o.uid.clone() }
            }
            Some(o) => Self::Other(format!("{} \"{}\"", o.kind, o.name)),
            None => Self::Nobody,
        }
    }

    /// Whether it is the Microservice of this uid.
    pub fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Microservice { uid, .. } if uid == wanted)
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Microservice { name, .. } => write!(f, "Microservice \"{name}\""),
            Self::Other(who) => f.write_str(who),
            Self::Nobody => f.write_str("nobody"),
        }
    }
}

/// Whether a child is known to be as it should.
#[derive(Clone, Debug)]
pub enum Standing {
    /// Not looked at since it changed: its body waits here for the next reconcile.
    Unchecked(Arc<LeanObject>),
    /// Equal to the desired object of this digest.
    Equal(String),
    /// Found to differ; its body is not kept.
    Differs,
    /// Not ours, so its body is nobody's business.
    Foreign,
}

/// A child, or a foreign object that holds the name of one.
#[derive(Clone, Debug)]
pub struct Child {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub version: u64,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
    /// Who controls it.
    pub owner: Owner,
    /// Digest of everything but status and volatile metadata.
    pub content: String,
    /// Annotation with the digest of what was last applied.
    pub applied: Option<String>,
    /// Annotation with the profile it was rendered with.
    pub profile: Option<String>,
    /// Annotation that says that `spec.replicas` is the operator's.
    pub holds_replicas: bool,
    /// Annotation that allows a Microservice of this name to take it over.
    pub adopt_by: Option<String>,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// What it says of itself.
    pub health: Health,
    /// Whether it is as it should be.
    pub standing: Standing,
}

impl Child {
    /// Reads an object. When it has the content of the one known before, what was found out about that still holds.
    pub fn read(kind: Kind, object: LeanObject, known: Option<&Self>) -> Self {
        let value = object.to_value();
        let content = compare::body_digest(&value);
        let owner = Owner::of(&object);
        let annotation = |key| object.annotation(key).map(str::to_owned);
        let standing = match known {
            Some(known) if known.uid == object.uid() && known.content == content => known.standing.clone(),
            _ if matches!(owner, Owner::Microservice { .. }) => Standing::Unchecked(Arc::new(object.clone())),
            _ => Standing::Foreign,
        };
        Self {
            uid: object.uid().to_owned(),
            version: object.version_number(),
            created: object.metadata.creation_timestamp.as_ref().map(|time| time.0),
            applied: annotation(annotations::DIGEST),
            profile: annotation(annotations::PROFILE),
            holds_replicas: object.annotation(annotations::REPLICAS).is_some(),
            adopt_by: annotation(annotations::ADOPT),
            deleting: object.metadata.deletion_timestamp.is_some(),
            health: CHILDREN.get(kind).map_or(Health::Silent, |entry| (entry.health)(&value)),
            owner,
            content,
            standing,
        }
    }
}
