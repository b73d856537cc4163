//! A service as its system sees it, from the service's own status.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use microservice_crds::{DependencyStatus, MicroserviceStatus};

use crate::status::{conditions::find, contracts, events};

/// Reason for a service whose present spec no status speaks of yet.
const NOT_OBSERVED: &str = "NotObserved";

/// How a service is. The first is the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Something is wrong with it.
    Degraded,
    /// Its new version is held back by a contract with another service.
    Blocked,
    /// It is on its way.
    Progressing,
    /// It is as its spec says.
    Ready,
}

/// A service that says the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Name of the Microservice.
    pub name: String,
    /// How it is.
    pub standing: Standing,
    /// Why, in one word.
    pub reason: String,
    /// Why, and what to do: its own words.
    pub message: String,
    /// Whether something still happens by itself. Without that, somebody must act.
    pub moves: bool,
    /// Host names at which it can be opened from outside.
    pub hosts: Vec<String>,
    /// What became of each of its uses.
    pub uses: Vec<DependencyStatus>,
    /// Whether what it uses is there, as a condition says it; nothing where it uses nothing.
    pub dependencies: Option<String>,
}

impl Member {
    /// A service, by its generation and its status.
    pub fn of(name: &str, generation: i64, status: Option<&MicroserviceStatus>) -> Self {
        let member = |standing, reason: &str, message: &str, moves| Self {
            name: name.to_owned(),
            standing,
            reason: reason.to_owned(),
            message: message.to_owned(),
            moves,
            hosts: status.map(hosts).unwrap_or_default(),
            uses: status.map(|status| status.dependencies.clone()).unwrap_or_default(),
            dependencies: status.and_then(|status| find(status, "DependenciesResolved")).map(|c| c.status.clone()),
        };
        let Some(status) = status.filter(|status| status.observed_generation == generation) else {
            return member(Standing::Progressing, NOT_OBSERVED, "The operator has not looked at it yet.", true);
        };
        let of = |type_: &str| find(status, type_);
        let (ready, moves) = (of("Ready"), of("Reconciling").is_some_and(is_true));
        let (reason, message) = ready.map_or((NOT_OBSERVED, ""), |ready| (&*ready.reason, &*ready.message));
        if ready.is_some_and(is_true) {
            return member(Standing::Ready, reason, message, moves);
        }
        let holds = [contracts::HELD, contracts::TIMED_OUT];
        let held = of("ContractsSatisfied").filter(|c| c.status == "False" && holds.contains(&&*c.reason));
        if let Some(held) = held {
            return member(Standing::Blocked, &held.reason, &held.message, moves);
        }
        if let Some(stalled) = of("Stalled").filter(|c| is_true(c)) {
            return member(Standing::Degraded, &stalled.reason, &stalled.message, false);
        }
        let well = moves && events::failing(status).is_none();
        member(if well { Standing::Progressing } else { Standing::Degraded }, reason, message, moves)
    }
}

fn is_true(condition: &Condition) -> bool {
    condition.status == "True"
}

/// The host names of all addresses of a service, without ports.
fn hosts(status: &MicroserviceStatus) -> Vec<String> {
    status.urls.iter().filter_map(|url| host(url)).map(str::to_owned).collect()
}

fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = match authority.split_once(']') {
        Some((address, _)) => address.trim_start_matches('['),
        None => authority.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::system::fixtures::status;

    fn standing(conditions: &str) -> (Standing, String, bool) {
        let member = Member::of("web", 1, Some(&status(conditions)));
        (member.standing, member.reason, member.moves)
    }

    #[test]
    fn a_service_counts_once_and_by_what_it_says_of_itself() {
        use Standing::{Blocked, Degraded, Progressing, Ready};
        for (conditions, wanted, reason, moves) in [
            ("Ready=True/RolledOut", Ready, "RolledOut", false),
            ("Ready=True/Paused", Ready, "Paused", false),
            ("Ready=True/RolledOut Reconciling=True/ApplyFailed", Ready, "RolledOut", true),
            ("Ready=False/Progressing Reconciling=True/Progressing", Progressing, "Progressing", true),
            ("Ready=False/Pending Reconciling=True/Pending", Progressing, "Pending", true),
            ("Ready=False/CrashLoop Reconciling=True/CrashLoop", Degraded, "CrashLoop", true),
            ("Ready=False/NameClash Stalled=True/NameClash", Degraded, "NameClash", false),
            (
                "Ready=False/CrashLoop Stalled=True/ProgressDeadlineExceeded",
                Degraded,
                "ProgressDeadlineExceeded",
                false,
            ),
            ("Ready=False/Paused", Degraded, "Paused", false),
            ("Ready=Unknown/Paused", Degraded, "Paused", false),
            (
                "Ready=False/Progressing Reconciling=True/Progressing ContractsSatisfied=False/Held",
                Blocked,
                "Held",
                true,
            ),
            (
                "Ready=False/HoldTimedOut Stalled=True/HoldTimedOut ContractsSatisfied=False/HoldTimedOut",
                Blocked,
                "HoldTimedOut",
                false,
            ),
            ("Ready=True/RolledOut ContractsSatisfied=False/Mismatch", Ready, "RolledOut", false),
        ] {
            assert_eq!(standing(conditions), (wanted, reason.to_owned(), moves), "{conditions}");
        }
    }

    #[test]
    fn what_a_status_says_of_an_earlier_spec_does_not_count() {
        let before = status("Ready=True/RolledOut");
        let member = Member::of("web", 2, Some(&before));
        assert_eq!((member.standing, &*member.reason, member.moves), (Standing::Progressing, "NotObserved", true));
        assert_eq!(Member::of("web", 1, None).standing, Standing::Progressing);
        assert_eq!(Member::of("web", 1, Some(&MicroserviceStatus::default())).standing, Standing::Progressing);
    }

    #[test]
    fn hosts_are_those_of_the_addresses_without_their_ports() {
        for (url, wanted) in [
            ("https://shop.example.com/a/b", Some("shop.example.com")),
            ("http://shop.example.com:8080", Some("shop.example.com")),
            ("http://10.0.0.1:80/x", Some("10.0.0.1")),
            ("http://[fd00::1]:80/x", Some("fd00::1")),
            ("nothing", None),
            ("http:///x", None),
        ] {
            assert_eq!(host(url), wanted, "{url}");
        }
    }
}
