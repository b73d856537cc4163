//! Services that call each other in a circle.

use super::{
    Calls, Code, Finding, Object, Severity,
    finding::{chain, listed},
};
use crate::plan;

/// Calls of one circle that are told, at most.
const SHOWN: usize = 12;

pub(super) fn find(calls: &Calls<'_>, findings: &mut Vec<Finding>) {
    for part in calls.parts.iter().filter(|part| part.len() > 1) {
        let Some(first) = part.iter().min().copied() else { continue };
        let mut members = part.clone();
        // The one that comes first by name, and then the others: numbers are in the order of names.
        members.sort_unstable();
        let members = calls.named(&members);
        let path = calls.around(first, first, usize::MAX);
        let shown = calls.named(path.get(..SHOWN).unwrap_or(&path));
        let more = if path.len() > SHOWN { " → …" } else { "" };
        let next = path.get(1).copied();
        let taken = calls.from(first).iter().filter(|call| Some(call.to) == next);
        let others = match members.len().checked_sub(path.len().saturating_sub(1)) {
            Some(0) | None => String::new(),
            Some(_) => format!("; in circles with each other are {}", listed(&members)),
        };
        findings.push(Finding {
            objects: members.iter().map(|id| Object::service(id)).collect(),
            severity: Severity::Warning,
            code: Code::DependencyCycle,
            paths: taken.map(|call| plan::field_of_use(call.used)).collect(),
            message: format!("Services call each other in a circle: {}{more}{others}.", chain(shown)),
            remedy: "Take one of the calls away: let one service hand over what the other asks it for, or move what both need \
                     into a third."
                .to_owned(),
        });
    }
}
