//! What is wrong between services, told from what they say: no cluster is asked, and the day is an argument.
//!
//! Each family of findings is one file with one function over a [`Survey`]. All of them take time in proportion to
//! services and edges; paths of calls are never enumerated.

mod calls;
mod claims;
mod contracts;
mod cycles;
mod datastores;
mod disruption;
mod finding;
mod links;
mod overlap;
mod quota;
mod retries;
mod specs;
mod timeouts;

use jiff::civil::Date;

use super::Survey;
use calls::Calls;

pub(super) use contracts::in_use;
pub use finding::{Code, Finding, Object, Severity};

/// How often the tries of a path may multiply before it is told: three services with three tries each are told, two with
/// three are not.
pub const RETRIES_MAX: u64 = 10;

/// All findings, by the object to change. `today` decides which APIs are past their last day.
pub fn lint(survey: &Survey<'_>, today: Date) -> Vec<Finding> {
    let calls = Calls::of(survey.graph());
    let mut findings = Vec::new();
    specs::find(survey, &mut findings);
    links::find(survey, &mut findings);
    contracts::find(survey, today, &mut findings);
    cycles::find(&calls, &mut findings);
    timeouts::find(survey, &calls, &mut findings);
    retries::find(survey, &calls, &mut findings);
    disruption::find(survey, &mut findings);
    quota::find(survey, &mut findings);
    datastores::find(survey, &mut findings);
    claims::find(survey, &mut findings);
    findings.sort();
    findings.dedup();
    findings
}

#[cfg(test)]
pub(super) mod tests;
