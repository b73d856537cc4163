//! Services that cannot be built at all: the words are those of their conditions.

use super::{Code, Finding, Object, Severity};
use crate::{graph::Survey, plan::Blame};

pub(super) fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for (id, service) in &survey.services {
        for problem in &service.problems {
            let (code, remedy) = match problem.blame {
                Blame::Spec => (Code::InvalidSpec, "Correct the field."),
                Blame::Rule => (Code::ForbiddenByClass, "Write what the class permits, or ask its owner for more."),
                Blame::Class => (Code::InvalidClass, "Correct the class."),
                Blame::NotAllowed => (Code::ClassNotAllowed, "Name another class, or label the namespace."),
                Blame::NoClass => (Code::ClassNotFound, "Create the class, or name another one."),
            };
            findings.push(Finding {
                objects: vec![Object::service(id)],
                severity: Severity::Error,
                code,
                paths: vec![problem.field.clone()],
                message: format!("{id} cannot be built: {problem}."),
                remedy: remedy.to_owned(),
            });
        }
    }
}
