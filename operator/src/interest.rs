//! Who depends on what beside their own children: a change of a class, a Gateway or a neighbour wakes exactly those.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use microservice_core::gateway::ParentId;

use crate::key::Key;

/// Something that the rendering or the status of a Microservice depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Interest {
    /// A MicroserviceClass by name.
    Class(String),
    /// Which class is the default.
    DefaultClass,
    /// The labels of a namespace.
    Namespace(String),
    /// A Gateway or ListenerSet.
    Parent(ParentId),
    /// Channel and version of the Gateway API.
    Channel,
    /// A Service of somebody else, by namespace and name.
    Service(String, String),
}

/// All interests, by both sides.
#[derive(Default)]
pub struct Interests {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    by_key: HashMap<Key, BTreeSet<Interest>>,
    by_interest: HashMap<Interest, BTreeSet<Key>>,
}

impl Interests {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the interests of a Microservice.
    pub fn set(&self, key: &Key, interests: BTreeSet<Interest>) {
        let mut inner = self.lock();
        let before = inner.by_key.remove(key).unwrap_or_default();
        for gone in before.difference(&interests) {
            if let Some(keys) = inner.by_interest.get_mut(gone) {
                keys.remove(key);
                if keys.is_empty() {
                    inner.by_interest.remove(gone);
                }
            }
        }
        for new in interests.difference(&before) {
            inner.by_interest.entry(new.clone()).or_default().insert(key.clone());
        }
        if !interests.is_empty() {
            inner.by_key.insert(key.clone(), interests);
        }
    }

    /// Reads what a Microservice depends on. What `read` says it depended on was noted before it was read: a change that
    /// comes after that wakes the Microservice, whatever the answer is.
    pub fn watching<T>(&self, key: &Key, mut read: impl FnMut() -> (T, BTreeSet<Interest>)) -> T {
        let mut noted = self.lock().by_key.get(key).cloned().unwrap_or_default();
        loop {
            let (answer, needed) = read();
            if needed.is_subset(&noted) {
                self.set(key, needed);
                return answer;
            }
            noted.extend(needed);
            self.set(key, noted.clone());
        }
    }

    /// Those who depend on it.
    pub fn of(&self, interest: &Interest) -> Vec<Key> {
        self.lock().by_interest.get(interest).into_iter().flatten().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_those_who_depend_are_named() {
        let interests = Interests::default();
        let (web, api) = (Key::new("n", "web"), Key::new("n", "api"));
        let class = |name: &str| Interest::Class(name.into());
        interests.set(&web, [class("a"), Interest::DefaultClass].into());
        interests.set(&api, [class("a"), class("b")].into());
        assert_eq!(interests.of(&class("a")), [api.clone(), web.clone()]);
        interests.set(&web, [class("b")].into());
        assert_eq!(interests.of(&class("a")), std::slice::from_ref(&api));
        assert_eq!(interests.of(&Interest::DefaultClass), []);
        interests.set(&api, BTreeSet::new());
        assert_eq!((interests.of(&class("a")), interests.of(&class("b"))), (vec![], vec![web]));
    }

    #[test]
    fn what_is_read_was_noted_before() {
        let (interests, web) = (Interests::default(), Key::new("n", "web"));
        let class = |name: &str| Interest::Class(name.into());
        interests.set(&web, [class("old")].into());
        let mut default = "a";
        let read = || {
            let needed: BTreeSet<Interest> = [Interest::DefaultClass, class(default)].into();
            let woken = needed.iter().all(|interest| interests.of(interest).contains(&web));
            let answer = (default, woken);
            // The class that holds becomes another one while it is read.
            default = "b";
            (answer, needed)
        };
        assert_eq!(interests.watching(&web, read), ("b", true));
        assert_eq!(interests.of(&class("b")), std::slice::from_ref(&web));
        assert_eq!((interests.of(&class("a")), interests.of(&class("old"))), (vec![], vec![]), "and nothing else");
    }
}
