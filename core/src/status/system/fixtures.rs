//! Services for the tests of systems.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use microservice_crds::MicroserviceStatus;

use super::Member;

/// A status of generation 1 out of `Type=Status/Reason` words. Each message is `<Reason> of it`.
pub(super) fn status(conditions: &str) -> MicroserviceStatus {
    let conditions = conditions.split_whitespace().map(|word| {
        let (kind, rest) = word.split_once('=').unwrap();
        let (status, reason) = rest.split_once('/').unwrap();
        Condition {
            type_: kind.into(),
            status: status.into(),
            reason: reason.into(),
            message: format!("{reason} of it"),
            observed_generation: Some(1),
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
        }
    });
    MicroserviceStatus { observed_generation: 1, conditions: conditions.collect(), ..MicroserviceStatus::default() }
}

/// A service that is Ready.
pub(super) fn ready(name: &str) -> Member {
    Member::of(name, 1, Some(&status("Ready=True/RolledOut")))
}

/// A service on its way.
pub(super) fn progressing(name: &str) -> Member {
    Member::of(name, 1, Some(&status("Ready=False/Progressing Reconciling=True/Progressing")))
}

/// A service that fails, and may come up by itself.
pub(super) fn failing(name: &str) -> Member {
    Member::of(name, 1, Some(&status("Ready=False/CrashLoop Reconciling=True/CrashLoop")))
}

/// A service that somebody must do something about.
pub(super) fn stalled(name: &str) -> Member {
    Member::of(name, 1, Some(&status("Ready=False/NameClash Stalled=True/NameClash")))
}

/// A service whose new version waits for another service.
pub(super) fn held(name: &str) -> Member {
    let conditions = "Ready=False/Progressing Reconciling=True/Progressing ContractsSatisfied=False/Held";
    Member::of(name, 1, Some(&status(conditions)))
}
