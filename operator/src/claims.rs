//! Which Microservice has which host and path: of two that claim the same, the older keeps it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use microservice_core::{
    children::CHILDREN,
    plan::{self, Claim},
};

use crate::{child::Standing, context::Context, key::Key, queue::Priority, store::Snapshot};

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
                if ranks.is_empty() {
                    inner.by_claim.remove(gone);
                }
            }
            concerned.extend(inner.concerned(gone));
        }
        for new in claims.iter().filter(|claim| !same_age || !before.contains(claim)) {
            concerned.extend(inner.concerned(new));
            inner.by_claim.entry(new.clone()).or_default().insert(rank.clone());
        }
        let mut taken = BTreeMap::new();
        for claim in &claims {
            let oldest = inner.who_meets(claim).min().map(|(_, oldest)| oldest);
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

    /// What a Microservice has claimed stays its own while it cannot be planned. Where that is not known, as after a
    /// start, its routes that stand tell it. Answers whom the news concerns.
    fn hold(&self, key: &Key, created: Option<Timestamp>, standing: impl FnOnce() -> BTreeSet<Claim>) -> Vec<Key> {
        let known = self.inner.lock().unwrap_or_else(PoisonError::into_inner).by_key.contains_key(key);
        if known { Vec::new() } else { self.set(key, created, standing()).1 }
    }

    /// What others claim for routes of the other kind where their hosts meet those of these claims.
    pub fn mixed(&self, key: &Key, claims: &[Claim]) -> BTreeSet<(Claim, String)> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let hosts: BTreeSet<Claim> = claims.iter().map(Claim::on_host).collect();
        let near = hosts.iter().flat_map(|claim| inner.who_mixes(claim)).filter(|(_, (_, other))| other != key);
        near.map(|(claim, (_, other))| (claim.on_host(), other.to_string())).collect()
    }
}

/// Keeps what a Microservice has claimed that cannot be planned now: its routes stay as they are, and so must their hosts.
pub fn hold(ctx: &Context, key: &Key, snapshot: &Snapshot) {
    let standing = || {
        let mine =
            snapshot.children.iter().filter(|(_, child)| child.owner.is(&snapshot.service.uid) && !child.deleting);
        let unread = mine.filter_map(|((kind, _), child)| match &child.standing {
            Standing::Unchecked(object) => Some((CHILDREN.get(*kind)?.kind, object)),
            _ => None,
        });
        unread.flat_map(|(kind, object)| plan::standing_claims(kind, &object.to_value())).collect()
    };
    let concerned = ctx.claims.hold(key, snapshot.service.created, standing);
    concerned.iter().for_each(|key| ctx.queue.enqueue(key, Priority::Drift));
}

impl Inner {
    /// All claims of the other kind on the parent of this one whose hosts meet its own, each with those who make it. Of one
    /// kind there are few where there are many of the other, as a rule.
    fn who_mixes<'a>(&'a self, claim: &'a Claim) -> impl Iterator<Item = (&'a Claim, &'a Rank)> {
        let first = claim.other_kind();
        let kind = first.kind;
        let near = self.by_claim.range(first..);
        near.take_while(move |(other, _)| other.parent == claim.parent && other.kind == kind)
            .filter(|(other, _)| other.mixes(claim))
            .flat_map(|(other, ranks)| ranks.iter().map(move |rank| (other, rank)))
    }

    /// Everybody who wants the same requests: on this listener, or on every one of the same gateway.
    fn who_meets(&self, claim: &Claim) -> impl Iterator<Item = &Rank> {
        let place = claim.place();
        let near = self.by_claim.range(place.clone()..).take_while(move |(other, _)| other.place() == place);
        near.filter(|(other, _)| other.meets(claim)).flat_map(|(_, ranks)| ranks)
    }

    /// Whom it concerns when this claim comes or goes: who wants the same, and who has a route of another kind there.
    fn concerned(&self, claim: &Claim) -> Vec<Key> {
        let mixed = self.who_mixes(claim).map(|(_, rank)| rank);
        self.who_meets(claim).chain(mixed).map(|(_, key)| key.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(host: &str) -> Claim {
        let (parent, matching) = ("Gateway infra/web".into(), "/".into());
        Claim { parent, kind: "HTTPRoute", host: host.into(), matching, section: None }
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
    fn who_names_no_listener_is_on_all_of_them() {
        let claims = Claims::default();
        let (all, one, two) = (Key::new("n", "all"), Key::new("n", "one"), Key::new("n", "two"));
        let on = |section: &str| Claim { section: Some(section.to_owned()), ..claim("a") };
        assert!(claims.set(&one, at(1), [on("http")].into()).0.is_empty());
        assert!(claims.set(&two, at(2), [on("https")].into()).0.is_empty());
        let (taken, woken) = claims.set(&all, at(3), [claim("a")].into());
        assert_eq!((taken, woken), ([(claim("a"), "n/one".to_owned())].into(), vec![one.clone(), two.clone()]));
        // The least rank decides, wherever it stands.
        let (taken, _) = claims.set(&all, at(0), [claim("a")].into());
        assert!(taken.is_empty(), "{taken:?}");
        assert_eq!(claims.set(&two, at(2), [on("https")].into()).0, [(on("https"), "n/all".to_owned())].into());
    }

    #[test]
    fn routes_of_the_other_kind_are_found_where_hosts_meet() {
        let claims = Claims::default();
        let (web, grpc) = (Key::new("n", "web"), Key::new("n", "grpc"));
        let of = |kind, host: &str| Claim { kind, ..claim(host) };
        claims.set(&web, at(1), [of("HTTPRoute", "a"), of("HTTPRoute", "b")].into());
        let (_, woken) = claims.set(&grpc, at(1), [of("GRPCRoute", "a")].into());
        assert_eq!(woken, std::slice::from_ref(&web), "a gateway may refuse one of the two");
        let near = |claim: Claim| claims.mixed(&web, &[claim]).into_iter().collect::<Vec<_>>();
        assert_eq!(near(of("HTTPRoute", "a")), [(of("GRPCRoute", "a").on_host(), grpc.to_string())]);
        assert_eq!(near(of("HTTPRoute", "b")), []);
        assert_eq!(near(Claim { parent: "Gateway infra/x".into(), ..of("HTTPRoute", "a") }), []);
        // Wildcards, and who takes every host.
        let (_, woken) = claims.set(&grpc, at(1), [of("GRPCRoute", "x.b.io")].into());
        assert_eq!(woken, std::slice::from_ref(&web), "it left the host");
        for (host, there) in [("*.b.io", true), ("*.io", true), ("", true), ("b.io", false), ("*.c.io", false)] {
            assert_eq!(near(of("HTTPRoute", host)).len(), usize::from(there), "{host}");
            let (_, woken) = claims.set(&web, at(1), [of("HTTPRoute", host)].into());
            assert_eq!(woken.len(), usize::from(there), "{host}");
            claims.set(&web, at(1), BTreeSet::new());
        }
    }
}
