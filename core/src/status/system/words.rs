//! What a system says of its services: the worst first, a few by name, the others as a number. The same services give the
//! same words.

use super::{Member, roll::Roll};
use crate::status::text;

/// So many services are named; of the others there is a number.
const NAMED: usize = 10;

/// Characters of what a service says of itself.
const WORDS: usize = 400;

/// What `Ready` says. `listed` is how many members must be there.
pub(super) fn of(system: &str, listed: usize, roll: &Roll<'_>) -> String {
    let total = roll.ready + roll.others();
    if total == 0 {
        return format!(
            "No Microservice of this namespace says spec.system: {system}. Write it into those that belong here, and list \
             in spec.members which must exist."
        );
    }
    if roll.others() == 0 {
        return all_ready(listed, total);
    }
    let mut room = NAMED;
    let mut parts = vec![format!("{} of {total} {} Ready.", roll.ready, are(total))];
    let missing: Vec<String> = roll.missing.iter().map(|(name, why)| format!("{name} ({why})")).collect();
    if let Some(list) = list(&missing, &mut room) {
        parts
            .push(format!("Missing: {list}: apply them with spec.system: {system}, or take them out of spec.members."));
    }
    for (title, members) in
        [("Degraded", &roll.degraded), ("Blocked", &roll.blocked), ("Progressing", &roll.progressing)]
    {
        let names: Vec<String> = members.iter().map(|member| entry(title, member)).collect();
        if let Some(list) = list(&names, &mut room) {
            parts.push(format!("{title}: {list}."));
        }
    }
    // The step that helps is the worst one's own.
    if let Some(worst) = roll.degraded.first().or_else(|| roll.blocked.first()) {
        parts.push(format!("{}: {}", worst.name, text::line(&worst.message, WORDS)));
    }
    parts.join(" ")
}

fn all_ready(listed: usize, total: usize) -> String {
    match (listed, total - listed.min(total)) {
        (0, _) => format!(
            "{total} {} seen, and all are Ready. Nobody knows whether one is missing: list in spec.members which must exist.",
            if total == 1 { "service was" } else { "services were" }
        ),
        (listed, 0) => format!("All members are there and Ready: {listed}."),
        (listed, more) => {
            format!("All members are there and Ready: {listed}. So are services that are not listed: {more}.")
        }
    }
}

fn are(total: usize) -> &'static str {
    if total == 1 { "service is" } else { "services are" }
}

fn entry(title: &str, member: &Member) -> String {
    if member.reason == title { member.name.clone() } else { format!("{} ({})", member.name, member.reason) }
}

/// As many as there is room for by name, and how many more. Nothing where there is none.
fn list(entries: &[String], room: &mut usize) -> Option<String> {
    let named = entries.len().min(*room);
    *room -= named;
    let more = entries.len() - named;
    let names = entries.iter().take(named).map(String::as_str).collect::<Vec<_>>().join(", ");
    match (named, more) {
        (0, 0) => None,
        (_, 0) => Some(names),
        (0, more) => Some(more.to_string()),
        (_, more) => Some(format!("{names} and {more} more")),
    }
}

/// What `DependenciesResolved` says of uses that lead nowhere.
pub(super) fn broken(edges: &[String]) -> String {
    let told = text::listed(edges.iter().cloned(), edges.len(), "; ");
    format!("{told}. DependenciesResolved of the service itself says what to do.")
}
