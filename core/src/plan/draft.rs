//! What the steps of a plan share: the object, the class, the profile, the ledger and the list of problems.

use microservice_crds::MicroserviceSpec;

use super::{Blame, Class, Facts, Invalid, Subject, ledger::Ledger, profile::Profile};

/// A plan in the making.
pub(super) struct Draft<'a> {
    pub subject: &'a Subject,
    /// The effective spec: that of the subject, with the defaults of the class under it.
    pub spec: &'a MicroserviceSpec,
    pub facts: &'a Facts,
    /// The class that holds.
    pub class: Option<&'a Class>,
    pub profile: &'static Profile,
    pub ledger: Ledger,
    pub problems: Problems,
}

impl Draft<'_> {
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

    /// Notes what stands against the service, and whose fault it is.
    pub fn blame(&mut self, blame: Blame, field: impl Into<String>, message: impl Into<String>) {
        self.add(Invalid { blame, ..Invalid::spec(field, message) });
    }

    /// Notes a problem of any blame.
    pub fn add(&mut self, problem: Invalid) {
        self.0.push(problem);
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
