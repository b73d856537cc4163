//! The status of a MicroserviceSystem: what all of its services come to.
//!
//! Ready means that every listed member is there and every service that says the system is Ready at its present
//! generation; a system without services is never Ready.

mod edges;
mod member;
mod roll;
mod words;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use microservice_crds::{MicroserviceSystemSpec, MicroserviceSystemStatus};

pub use edges::{broken_edges, circles};
pub use member::{Member, Standing};

use super::{
    conditions::{Wanted, condition},
    text,
};
use roll::Roll;

/// Host names that the status lists; more are counted.
const HOSTS: usize = 128;
/// Circles that the status lists.
const CYCLES: usize = 16;
/// Characters of a circle.
const CYCLE: usize = 1024;

/// Why a Microservice that is there does not belong to the system that lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// It says another system: which.
    OfSystem(String),
    /// It says none.
    OfNone,
    /// It is being deleted.
    Leaving,
}

/// What is seen of a system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The services that say the system.
    pub members: Vec<Member>,
    /// Of those that `spec.members` lists, the ones that are there and do not belong to it.
    pub strangers: Vec<(String, Stranger)>,
    /// Uses that lead nowhere or are not allowed: see [`broken_edges`].
    pub broken_edges: Vec<String>,
    /// The sets of services that use each other in a circle: see [`circles`].
    pub cycles: Vec<String>,
}

/// The status that a system should have. Equal input gives an equal status, times included, and the status of one that
/// has it already is that status. An error instead of a spec is why the stored one cannot be read.
pub fn system_status(
    previous: Option<&MicroserviceSystemStatus>,
    name: &str,
    generation: i64,
    spec: Result<&MicroserviceSystemSpec, &str>,
    view: &View,
    now: Timestamp,
) -> MicroserviceSystemStatus {
    // A condition keeps whole seconds, and must not differ from its own copy that was stored.
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let before = |kind: &str| previous.and_then(|p| p.conditions.iter().find(|c| c.type_ == kind));
    let conditions = |wanted: Vec<(&str, Wanted)>| -> Vec<Condition> {
        wanted.into_iter().map(|(kind, wanted)| condition(kind, wanted, generation, before(kind), now)).collect()
    };
    let spec = match spec {
        Ok(spec) => spec,
        Err(error) => {
            let message =
                format!("The stored system does not fit the schema ({error}): apply it again with the current one.");
            let wanted = |status| Wanted::new(status, "InvalidSpec", message.clone());
            let conditions = conditions(vec![("Ready", wanted("False")), ("Stalled", wanted("True"))]);
            // Nothing was looked at: what was known stays.
            let known = previous.cloned().unwrap_or_default();
            return MicroserviceSystemStatus { observed_generation: generation, conditions, ..known };
        }
    };
    let roll = Roll::call(&spec.members, view);
    let counts = roll.counts();
    let message = words::of(name, spec.members.len(), &roll);
    let is_ready = roll.ready > 0 && roll.others() == 0;
    let mut wanted =
        vec![("Ready", Wanted::new(if is_ready { "True" } else { "False" }, roll.reason(), message.clone()))];
    if !is_ready {
        // An empty system waits for its first service.
        let moves = roll.moves() || counts.total == 0;
        wanted.push((if moves { "Reconciling" } else { "Stalled" }, Wanted::new("True", roll.reason(), message)));
    }
    wanted.extend(dependencies(view).map(|wanted| ("DependenciesResolved", wanted)));
    let mut hosts: Vec<String> = view.members.iter().flat_map(|member| member.hosts.iter().cloned()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let count = |length: usize| Some(i32::try_from(length).unwrap_or(i32::MAX));
    MicroserviceSystemStatus {
        observed_generation: generation,
        conditions: conditions(wanted),
        services: Some(counts),
        services_ready: Some(format!("{}/{}", counts.ready, counts.total)),
        broken_edges: count(view.broken_edges.len()),
        cycles: view.cycles.iter().take(CYCLES).map(|cycle| text::cut(cycle, CYCLE)).collect(),
        host_count: count(hosts.len()),
        hosts: hosts.into_iter().take(HOSTS).collect(),
    }
}

/// Whether what services use is there, where any of them says what it uses. It does not hold Ready back, as it holds none
/// of the services back.
fn dependencies(view: &View) -> Option<Wanted> {
    if !view.broken_edges.is_empty() {
        return Some(Wanted::new("False", "BrokenEdges", words::broken(&view.broken_edges)));
    }
    let says = |status: &str| view.members.iter().any(|member| member.dependencies.as_deref() == Some(status));
    if says("Unknown") {
        let message =
            "Services of the system use what the operator does not see: their DependenciesResolved says what.";
        return Some(Wanted::new("Unknown", "ServiceUnseen", message));
    }
    says("True").then(|| Wanted::new("True", "Resolved", "Everything that services of the system use is there."))
}

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
