//! The one rule of precedence (what the spec says, else the class, else the profile), and the record of each choice.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::class::Given;

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The spec says it.
    Spec,
    /// The spec says nothing, so the class decides.
    Class,
    /// Neither says anything, so the profile decides.
    Profile,
    /// It stays as this service was first rendered.
    Sticky,
    /// It follows from other values.
    Derived,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Spec => "spec",
            Self::Class => "class",
            Self::Profile => "profile",
            Self::Sticky => "sticky",
            Self::Derived => "derived",
        })
    }
}

/// One value of a plan and where it came from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Provenance {
    /// Path of the field below `spec`. Example: `rollout.maxSurge`.
    pub path: String,
    /// The value that holds.
    pub value: Value,
    /// Who decided.
    pub source: Source,
}

/// Chooses between sources and remembers the choice. The steps read the effective spec: what the class put into it is
/// known here, and is not taken for the spec's own.
#[derive(Default)]
pub(super) struct Ledger {
    entries: Vec<Provenance>,
    given: BTreeMap<String, Given>,
}

impl Ledger {
    pub fn with(given: BTreeMap<String, Given>) -> Self {
        Self { entries: Vec::new(), given }
    }

    /// Who put the value at a path into the effective spec, if it was not the spec itself.
    pub fn given(&self, path: &str) -> Option<Source> {
        self.given.get(path).map(|given| given.source)
    }

    /// What the spec says, else what the profile says.
    pub fn pick<T: Serialize>(&mut self, path: &str, spec: Option<T>, profile: T) -> T {
        let (value, source) = match spec {
            Some(value) => (value, Source::Spec),
            None => (profile, Source::Profile),
        };
        self.record(path, &value, source);
        value
    }

    /// What the spec says, else what follows from other values.
    pub fn derive<T: Serialize>(&mut self, path: &str, spec: Option<T>, derived: impl FnOnce() -> T) -> T {
        let (value, source) = match spec {
            Some(value) => (value, Source::Spec),
            None => (derived(), Source::Derived),
        };
        self.record(path, &value, source);
        value
    }

    /// Remembers a choice that was made elsewhere.
    pub fn record<T: Serialize>(&mut self, path: &str, value: &T, source: Source) {
        let source = if source == Source::Spec { self.given(path).unwrap_or(source) } else { source };
        let value = serde_json::to_value(value).unwrap_or_default();
        self.entries.push(Provenance { path: path.to_owned(), value, source });
    }

    /// All choices, by path, and what the class gave and the spec says besides.
    pub fn into_entries(mut self, mut said: BTreeMap<String, Value>) -> Vec<Provenance> {
        for entry in &self.entries {
            self.given.remove(&entry.path);
            said.remove(&entry.path);
        }
        let rest = |(path, given): (String, Given)| Provenance { path, value: given.value, source: given.source };
        self.entries.extend(self.given.into_iter().map(rest));
        let own = |(path, value)| Provenance { path, value, source: Source::Spec };
        self.entries.extend(said.into_iter().map(own));
        self.entries.sort_by(|a, b| a.path.cmp(&b.path));
        self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spec_goes_before_the_profile() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.pick("b", Some(0), 5), 0);
        assert_eq!(ledger.pick("a", None, 5), 5);
        assert_eq!(ledger.derive("c", None, || 7), 7);
        let said = [("b", 0), ("d", 1)].map(|(path, value)| (path.to_owned(), value.into()));
        let sources: Vec<_> = ledger.into_entries(said.into()).into_iter().map(|p| (p.path, p.source)).collect();
        assert_eq!(
            sources,
            [
                ("a".into(), Source::Profile),
                ("b".into(), Source::Spec),
                ("c".into(), Source::Derived),
                ("d".into(), Source::Spec)
            ]
        );
    }
}
