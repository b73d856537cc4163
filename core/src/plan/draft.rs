//! What the steps of a plan share: the object, the profile, the ledger and the list of problems.

use microservice_crds::MicroserviceSpec;

use super::{Facts, Invalid, Subject, ledger::Ledger, profile::Profile};

/// A plan in the making.
pub(super) struct Draft<'a> {
    pub subject: &'a Subject,
    pub spec: &'a MicroserviceSpec,
    pub facts: &'a Facts,
    pub profile: &'static Profile,
    pub ledger: Ledger,
    pub problems: Problems,
}

impl<'a> Draft<'a> {
    pub fn new(subject: &'a Subject, facts: &'a Facts, profile: &'static Profile) -> Self {
        Self { subject, spec: &subject.spec, facts, profile, ledger: Ledger::default(), problems: Problems::default() }
    }

    /// Notes that a field cannot be built.
    pub fn refuse(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.problems.refuse(field, message);
    }
}

/// Everything that stands against a Microservice.
#[derive(Default)]
pub(super) struct Problems(Vec<Invalid>);

impl Problems {
    pub fn refuse(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Invalid::spec(field, message));
    }

    /// Notes the message, if there is one.
    pub fn check(&mut self, field: impl Into<String>, verdict: Result<(), String>) {
        if let Err(message) = verdict {
            self.refuse(field, message);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sorted by field, each once: the order of the steps must not show.
    pub fn into_list(mut self) -> Vec<Invalid> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}
