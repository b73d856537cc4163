//! The Lease object: what it says, and what it is made to say.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use kube::api::ObjectMeta;

/// How long a lease holds after its last renewal.
pub const DURATION: Duration = Duration::from_secs(8);

/// Who holds a lease, and for how long from the moment on at which it is seen to change. Times that stand in the object
/// are for people: clocks differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Who holds it, if anybody does.
    pub holder: Option<String>,
    /// How long it holds without a renewal.
    pub duration: Duration,
}

/// What a Lease says.
pub fn read(lease: &Lease) -> Term {
    let spec = lease.spec.clone().unwrap_or_default();
    let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    Term {
        holder: spec.holder_identity.filter(|holder| !holder.is_empty()),
        duration: seconds.map_or(DURATION, Duration::from_secs),
    }
}

/// A new Lease, held by `identity`.
pub fn create(name: &str, identity: &str, now: Timestamp) -> Lease {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    take(&Lease { metadata, spec: None }, identity, now)
}

/// The same Lease, taken over by `identity`.
pub fn take(lease: &Lease, identity: &str, now: Timestamp) -> Lease {
    let before = lease.spec.clone().unwrap_or_default();
    let held = LeaseSpec {
        acquire_time: Some(MicroTime(now)),
        holder_identity: Some(identity.to_owned()),
        lease_transitions: Some(before.lease_transitions.map_or(0, |count| count.saturating_add(1))),
        ..before
    };
    renew(&Lease { metadata: lease.metadata.clone(), spec: Some(held) }, now)
}

/// The same Lease, renewed by its holder.
pub fn renew(lease: &Lease, now: Timestamp) -> Lease {
    let spec = LeaseSpec {
        renew_time: Some(MicroTime(now)),
        lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
        ..lease.spec.clone().unwrap_or_default()
    };
    Lease { metadata: lease.metadata.clone(), spec: Some(spec) }
}

/// The same Lease, given up by its holder: whoever waits may have it at once.
pub fn release(lease: &Lease, now: Timestamp) -> Lease {
    let spec = LeaseSpec {
        holder_identity: Some(String::new()),
        lease_duration_seconds: Some(1),
        renew_time: Some(MicroTime(now)),
        ..lease.spec.clone().unwrap_or_default()
    };
    Lease { metadata: lease.metadata.clone(), spec: Some(spec) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_goes_from_hand_to_hand() {
        let now = Timestamp::UNIX_EPOCH;
        let lease = create("operator", "a", now);
        assert_eq!(read(&lease), Term { holder: Some("a".into()), duration: DURATION });
        let transitions = |lease: &Lease| lease.spec.as_ref().and_then(|spec| spec.lease_transitions);
        assert_eq!(transitions(&lease), Some(0));
        let free = release(&lease, now);
        assert_eq!(read(&free), Term { holder: None, duration: Duration::from_secs(1) });
        let taken = renew(&take(&free, "b", now), now);
        assert_eq!(read(&taken), Term { holder: Some("b".into()), duration: DURATION });
        assert_eq!(transitions(&taken), Some(1));
    }

    #[test]
    fn an_empty_lease_is_nobodys() {
        assert_eq!(read(&Lease::default()), Term { holder: None, duration: DURATION });
    }
}
