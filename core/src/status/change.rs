//! How much two statuses differ.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use microservice_crds::MicroserviceStatus;

use super::{Change, conditions::find};

/// Compares a status with the one before.
pub(super) fn between(previous: Option<&MicroserviceStatus>, next: &MicroserviceStatus) -> Change {
    let Some(previous) = previous else { return Change::Major };
    if previous == next {
        return Change::None;
    }
    let moved = previous.observed_generation != next.observed_generation
        || previous.url != next.url
        || previous.urls != next.urls
        || previous.selector != next.selector
        || previous.image != next.image
        || previous.class != next.class
        || previous.profile != next.profile
        || previous.children != next.children
        || previous.dependencies != next.dependencies
        || previous.templates != next.templates
        || previous.hold != next.hold;
    let kinds = previous.conditions.iter().chain(&next.conditions).map(|c| c.type_.as_str());
    let turned = kinds.clone().any(|kind| turns(kind, previous, next));
    if moved || turned { Change::Major } else { Change::Minor }
}

/// Whether the condition of this type changes so that somebody may wait for it.
fn turns(kind: &str, previous: &MicroserviceStatus, next: &MicroserviceStatus) -> bool {
    let (before, after) = (find(previous, kind), find(next, kind));
    let same = |a: &Condition, b: &Condition| a.status == b.status && a.reason == b.reason;
    match (before, after) {
        (Some(before), Some(after)) if same(before, after) => return false,
        (None, None) => return false,
        _ => {}
    }
    let (ready_before, ready_after) = (find(previous, "Ready"), find(next, "Ready"));
    let steady = match (ready_before, ready_after) {
        (Some(a), Some(b)) => same(a, b),
        _ => false,
    };
    if !steady {
        return true;
    }
    let is_ready = ready_after.is_some_and(|r| r.status == "True");
    let denied = after.is_some_and(|a| a.status == "False");
    let serves = next.ready_replicas.is_some_and(|ready| ready > 0);
    match kind {
        // Beside a service that is Ready it only tells of a fault that is being retried.
        "Reconciling" => !is_ready,
        // On the way to Ready, what gets better or is not known yet is written together with Ready. So is what lacks only
        // because more was asked for: while some pods serve, nobody has lost anything.
        "Available" => is_ready || (denied && before.is_some_and(|b| b.status == "True") && !serves),
        "Progressing" => is_ready,
        "Exposed" => is_ready || denied,
        // An autoscaler answers at its own pace, and nobody waits for its good news.
        "Scalable" => denied || before.is_none() != after.is_none(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    /// A status out of `Type=Status/Reason` words.
    fn status(conditions: &str) -> MicroserviceStatus {
        let conditions = conditions.split_whitespace().map(|word| {
            let (kind, rest) = word.split_once('=').unwrap();
            let (status, reason) = rest.split_once('/').unwrap();
            Condition {
                type_: kind.into(),
                status: status.into(),
                reason: reason.into(),
                message: String::new(),
                observed_generation: Some(1),
                last_transition_time: Time(Timestamp::UNIX_EPOCH),
            }
        });
        MicroserviceStatus { observed_generation: 1, conditions: conditions.collect(), ..MicroserviceStatus::default() }
    }

    #[test]
    fn what_somebody_waits_for_is_major() {
        for (before, after, wanted) in [
            ("Ready=True/A", "Ready=True/A", Change::None),
            ("Ready=True/A", "Ready=False/A", Change::Major),
            ("Ready=True/A", "Ready=True/B", Change::Major),
            ("Ready=False/A", "Ready=False/A Stalled=True/A", Change::Major),
            ("Ready=False/A Reconciling=True/A", "Ready=False/A", Change::Major),
            ("Ready=True/A", "Ready=True/A Reconciling=True/F", Change::Minor),
            ("Ready=False/A Available=False/F", "Ready=False/A Available=True/T", Change::Minor),
            ("Ready=False/A Available=Unknown/U", "Ready=False/A Available=False/F", Change::Minor),
            ("Ready=False/A Available=True/T", "Ready=False/A Available=False/F", Change::Major),
            ("Ready=True/A Available=True/T", "Ready=True/A Available=Unknown/F", Change::Major),
            ("Ready=False/A Exposed=Unknown/U", "Ready=False/A Exposed=True/T", Change::Minor),
            ("Ready=False/A Exposed=Unknown/U", "Ready=False/A Exposed=False/F", Change::Major),
            ("Ready=True/A Exposed=Unknown/U", "Ready=True/A Exposed=True/T", Change::Major),
            ("Ready=True/A Scalable=Unknown/U", "Ready=True/A Scalable=True/T", Change::Minor),
            ("Ready=True/A Scalable=True/T", "Ready=True/A Scalable=False/F", Change::Major),
            ("Ready=True/A", "Ready=True/A Drifted=True/F", Change::Major),
        ] {
            assert_eq!(between(Some(&status(before)), &status(after)), wanted, "{before} -> {after}");
        }
        assert_eq!(between(None, &status("Ready=False/A")), Change::Major);
    }

    #[test]
    fn fewer_pods_than_wanted_are_told_at_once_only_when_none_serves() {
        let before = status("Ready=False/A Available=True/T");
        let with = |ready| MicroserviceStatus {
            ready_replicas: Some(ready),
            ..status("Ready=False/A Available=False/MinimumReplicasUnavailable")
        };
        assert_eq!(between(Some(&before), &with(2)), Change::Minor);
        assert_eq!(between(Some(&before), &with(0)), Change::Major);
    }

    #[test]
    fn counters_are_minor_and_identity_is_major() {
        let before = status("Ready=True/A");
        let counted = MicroserviceStatus { replicas: Some(3), ..before.clone() };
        assert_eq!(between(Some(&before), &counted), Change::Minor);
        for moved in [
            MicroserviceStatus { observed_generation: 2, ..before.clone() },
            MicroserviceStatus { url: Some("http://x".into()), ..before.clone() },
            MicroserviceStatus { urls: vec!["http://x".into()], ..before.clone() },
            MicroserviceStatus { image: Some("x".into()), ..before.clone() },
            MicroserviceStatus { class: Some("gold".into()), ..before.clone() },
            MicroserviceStatus { profile: Some("v2".into()), ..before.clone() },
            MicroserviceStatus { selector: Some("a=b".into()), ..before.clone() },
            MicroserviceStatus { children: vec![Default::default()], ..before.clone() },
        ] {
            assert_eq!(between(Some(&before), &moved), Change::Major);
        }
    }
}
