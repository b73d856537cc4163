//! Which Microservice has which host and path: of two that claim the same, the older keeps it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use microservice_core::plan::Claim;

use crate::key::Key;

/// Age first, then namespace and name: the least is the oldest.
type Rank = (Option<Timestamp>, Key);

/// All claims of all Microservices.
#[derive(Default)]
pub struct Claims {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    by_key: HashMap<Key, (Rank, BTreeSet<Claim>)>,
    /// In the order of listener and host.
    by_claim: BTreeMap<Claim, BTreeSet<Rank>>,
}

impl Claims {
    /// Replaces the claims of a Microservice. Answers which of them an older one has, with its name, and whom else the
    /// news concerns.
    pub fn set(
        &self,
        key: &Key,
        created: Option<Timestamp>,
        claims: BTreeSet<Claim>,
    ) -> (BTreeMap<Claim, String>, Vec<Key>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let rank = (created, key.clone());
        let (old_rank, before) = inner.by_key.remove(key).unwrap_or_else(|| (rank.clone(), BTreeSet::new()));
        let mut concerned = BTreeSet::new();
        let same_age = old_rank == rank;
        for gone in before.iter().filter(|claim| !same_age || !claims.contains(claim)) {
            if let Some(ranks) = inner.by_claim.get_mut(gone) {
                ranks.remove(&old_rank);
                concerned.extend(ranks.iter().map(|(_, key)| key.clone()));
                if ranks.is_empty() {
                    inner.by_claim.remove(gone);
                }
            }
        }
        for new in claims.iter().filter(|claim| !same_age || !before.contains(claim)) {
            let ranks = inner.by_claim.entry(new.clone()).or_default();
            concerned.extend(ranks.iter().map(|(_, key)| key.clone()));
            ranks.insert(rank.clone());
        }
        let mut taken = BTreeMap::new();
        for claim in &claims {
            let oldest = inner.by_claim.get(claim).and_then(BTreeSet::first).map(|(_, oldest)| oldest);
            if let Some(oldest) = oldest.filter(|oldest| *oldest != key) {
                taken.insert(claim.clone(), oldest.to_string());
            }
        }
        if !claims.is_empty() {
            inner.by_key.insert(key.clone(), (rank, claims));
        }
        concerned.remove(key);
        (taken, concerned.into_iter().collect())
    }

    /// What everybody claims on the listeners and hosts that these claims are about.
    pub fn on_the_same_hosts(&self, claims: &BTreeSet<Claim>) -> BTreeMap<Claim, Vec<Key>> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut near = BTreeMap::new();
        for claim in claims {
            let first = Claim { kind: "", matching: String::new(), ..claim.clone() };
            let same_host = |other: &Claim| other.parent == claim.parent && other.host == claim.host;
            for (other, ranks) in inner.by_claim.range(first..).take_while(|(other, _)| same_host(other)) {
                near.entry(other.clone()).or_insert_with(|| ranks.iter().map(|(_, key)| key.clone()).collect());
            }
        }
        near
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(host: &str) -> Claim {
        Claim { parent: "Gateway infra/web".into(), kind: "HTTPRoute", host: host.into(), matching: "/".into() }
    }

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    #[test]
    fn the_older_keeps_it_and_the_younger_hears_when_it_goes() {
        let claims = Claims::default();
        let (old, young) = (Key::new("n", "old"), Key::new("n", "young"));
        let (taken, woken) = claims.set(&young, at(2), [claim("a"), claim("b")].into());
        assert!(taken.is_empty() && woken.is_empty());
        // The older comes later, as after a change of its spec.
        let (taken, woken) = claims.set(&old, at(1), [claim("a")].into());
        assert!(taken.is_empty(), "{taken:?}");
        assert_eq!(woken, std::slice::from_ref(&young));
        let (taken, woken) = claims.set(&young, at(2), [claim("a"), claim("b")].into());
        assert_eq!(taken, [(claim("a"), "n/old".to_owned())].into());
        assert!(woken.is_empty(), "the same again is no news: {woken:?}");
        let (_, woken) = claims.set(&old, at(1), BTreeSet::new());
        assert_eq!(woken, std::slice::from_ref(&young));
        assert!(claims.set(&young, at(2), [claim("a")].into()).0.is_empty());
    }

    #[test]
    fn of_the_same_second_the_name_decides_and_a_new_object_is_young() {
        let claims = Claims::default();
        let (a, b) = (Key::new("n", "a"), Key::new("n", "b"));
        claims.set(&b, at(1), [claim("x")].into());
        assert!(claims.set(&a, at(1), [claim("x")].into()).0.is_empty());
        assert_eq!(claims.set(&b, at(1), [claim("x")].into()).0.len(), 1);
        // Deleted and made anew under the same name.
        let (taken, woken) = claims.set(&a, at(5), [claim("x")].into());
        assert_eq!((taken.len(), woken), (1, vec![b]));
    }

    #[test]
    fn what_stands_on_a_host_is_found_by_the_host() {
        let claims = Claims::default();
        let (web, grpc) = (Key::new("n", "web"), Key::new("n", "grpc"));
        let of = |kind, host: &str| Claim { kind, ..claim(host) };
        claims.set(&web, at(1), [of("HTTPRoute", "a"), of("HTTPRoute", "b")].into());
        claims.set(&grpc, at(1), [of("GRPCRoute", "a")].into());
        let near = claims.on_the_same_hosts(&[of("HTTPRoute", "a")].into());
        assert_eq!(near, [(of("GRPCRoute", "a"), vec![grpc]), (of("HTTPRoute", "a"), vec![web])].into());
    }
}
