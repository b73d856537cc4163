//! What the API server did with the children: refusals, name clashes, faults.

use super::{Say, facts::Facts, text};
use crate::outcome::{ChildOutcome, ChildResult};

/// How the children were taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Applied {
    /// Nothing helps until somebody changes something.
    pub stuck: Vec<Say>,
    /// Looked at again by the operator itself, and not there at present.
    pub denied: Vec<Say>,
    /// A fault of the system, which is retried.
    pub faults: Vec<Say>,
    /// Children of an optional kind that the server does not serve, other than routes.
    pub absent: Vec<Say>,
    /// Fields that somebody rewrites.
    pub rewritten: Vec<Say>,
}

/// Sorts the results of the children by what follows from them.
pub(super) fn sort(children: &[ChildOutcome], fault: Option<&str>, facts: &Facts) -> Applied {
    let mut applied = Applied::default();
    for child in children {
        let who = format!("{} {:?}", child.kind, child.name);
        match &child.result {
            ChildResult::Equal | ChildResult::Applied | ChildResult::Repaired { .. } => {}
            ChildResult::Paused | ChildResult::Kept => {}
            ChildResult::Invalid { message } => applied.stuck.push(invalid(child.kind, &who, message)),
            ChildResult::Clash { owner } => applied.stuck.push(clash(child, &who, owner, facts)),
            ChildResult::Forbidden { message } => applied.denied.push(forbidden(&who, message)),
            ChildResult::Leftover => applied.denied.push(Say::new(
                "WaitingForDeletion",
                format!(
                    "{who} is being deleted, or belongs to a deleted Microservice of this name and waits for the garbage collector. It is made anew when it is gone."
                ),
            )),
            ChildResult::Failed { message } => applied.faults.push(Say::new(
                "ApplyFailed",
                format!("{who} could not be applied: {}. It is tried again.", words(message)),
            )),
            ChildResult::KindAbsent { crd } => {
                if !child.kind.ends_with("Route") {
                    applied.absent.push(Say::new(
                        "KindNotInstalled",
                        format!("{who} is not made, because the cluster has no {crd}. Install it; nothing else is needed."),
                    ));
                }
            }
            ChildResult::VersionAbsent { crd, version } => {
                if !child.kind.ends_with("Route") {
                    applied.absent.push(Say::new(
                        "KindNotInstalled",
                        format!("{who} is not made, because {crd} does not serve {version}. Install a newer one; nothing else is needed."),
                    ));
                }
            }
            ChildResult::Resisted { path, wanted, got } => {
                applied.rewritten.push(rewritten(&who, path, wanted, got));
            }
        }
    }
    if let Some(fault) = fault {
        applied.faults.push(Say::new("ApplyFailed", format!("{}. It is tried again.", words(fault))));
    }
    applied
}

/// The first one's reason, and all of their messages.
pub(super) fn join(all: &[Say]) -> Option<Say> {
    let (first, rest) = all.split_first()?;
    let mut message = first.message.clone();
    for say in rest.iter().take(2) {
        message.push(' ');
        message.push_str(&say.message);
    }
    if rest.len() > 2 {
        message.push_str(&format!(" And {} more.", rest.len() - 2));
    }
    Some(Say { reason: first.reason.clone(), message })
}

fn rewritten(who: &str, path: &str, wanted: &str, got: &str) -> Say {
    let wanted = text::line(wanted, 128);
    let why = match text::line(got, 128) {
        gone if gone.is_empty() => {
            "is not there: this version of Kubernetes or a feature that is off drops it, or a mutating admission policy \
             does. Leave it out here, or change that"
                .to_owned()
        }
        got => format!(
            "stands as {got}: a mutating admission policy or another controller rewrites it. Change that one, or say \
             the same value here"
        ),
    };
    Say::new("FieldRewritten", format!("{who}: {path} was applied as {wanted} and {why}."))
}

fn words(message: &str) -> String {
    text::unstopped(&text::line(message, 400)).to_owned()
}

fn invalid(kind: &str, who: &str, message: &str) -> Say {
    let step = match kind {
        "HorizontalPodAutoscaler" if message.contains("spec.minReplicas: Invalid value: 0") => {
            "This cluster lets no autoscaler go to zero: before Kubernetes 1.37 that needs the feature gate \
             HPAScaleToZero. Set spec.scaling.minReplicas to 1 or more."
        }
        "HorizontalPodAutoscaler" => "Correct spec.scaling, where these fields come from.",
        _ => "Correct the field that it names in the spec.",
    };
    Say::new("ChildInvalid", format!("The API server refuses {who} as invalid: {}. {step}", words(message)))
}

fn clash(child: &ChildOutcome, who: &str, owner: &str, facts: &Facts) -> Say {
    let owned =
        if owner.is_empty() || owner == "nobody" { "nobody owns it".to_owned() } else { format!("{owner} owns it") };
    let take_over = if owner.is_empty() || owner == "nobody" {
        format!(
            ", or let this Microservice take it over: kubectl annotate -n {} {} {} {}={}",
            facts.namespace,
            child.kind.to_lowercase(),
            child.name,
            microservice_crds::annotations::ADOPT,
            facts.name,
        )
    } else {
        String::new()
    };
    Say::new(
        "NameClash",
        format!(
            "{who} exists and is not this Microservice's: {owned}. It is left alone. Delete or rename one of the two{take_over}"
        ),
    )
}

fn forbidden(who: &str, message: &str) -> Say {
    let lower = message.to_lowercase();
    let (reason, step) = if lower.contains("exceeded quota") {
        ("QuotaExceeded", "Raise the ResourceQuota, or delete what is not needed.")
    } else if lower.contains("being terminated") {
        ("NamespaceTerminating", "The namespace is being deleted.")
    } else if lower.contains("cannot create resource") || lower.contains("cannot patch resource") {
        ("Forbidden", "Give the operator this right in its role.")
    } else {
        ("Forbidden", "Change the spec as the policy asks, or the policy; it is tried again.")
    };
    Say::new(reason, format!("The API server forbids {who}: {}. {step}", words(message)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::fixtures::{child, facts};

    fn sorted(result: ChildResult) -> Applied {
        sort(&[child("Service", result)], None, &facts())
    }

    fn assert_says(say: &Say, reason: &str, parts: &[&str]) {
        assert_eq!(say.reason, reason);
        for part in parts {
            assert!(say.message.contains(part), "{part:?} is not in: {}", say.message);
        }
    }

    #[test]
    fn a_clash_names_the_owner_and_the_way_out() {
        let owned = sorted(ChildResult::Clash { owner: "HelmRelease \"x\"".into() });
        assert_says(
            &owned.stuck[0],
            "NameClash",
            &["Service \"web\"", "HelmRelease \"x\" owns it", "Delete or rename"],
        );
        assert!(!owned.stuck[0].message.contains("annotate"), "what has an owner cannot be adopted");
        let free = sorted(ChildResult::Clash { owner: "nobody".into() });
        let adopt = "kubectl annotate -n shop service web microservices.dev/adopt-by=web";
        assert_says(&free.stuck[0], "NameClash", &["nobody owns it", adopt]);
    }

    #[test]
    fn refusals_carry_the_servers_words() {
        let invalid = sorted(ChildResult::Invalid { message: "spec.ports[0].port: Invalid value: 0\n".into() });
        assert_says(
            &invalid.stuck[0],
            "ChildInvalid",
            &["Service \"web\"", "spec.ports[0].port: Invalid value: 0. Correct"],
        );
        for (message, reason, step) in [
            (
                "exceeded quota: q, requested: services=1, used: services=5, limited: services=5",
                "QuotaExceeded",
                "Raise the ResourceQuota",
            ),
            ("namespace shop is being terminated", "NamespaceTerminating", "being deleted"),
            ("User \"system:x\" cannot create resource \"services\"", "Forbidden", "role"),
            ("ValidatingAdmissionPolicy 'p' denied request: no", "Forbidden", "policy"),
        ] {
            let forbidden = sorted(ChildResult::Forbidden { message: message.into() });
            assert_says(&forbidden.denied[0], reason, &["Service \"web\"", message, step]);
        }
    }

    #[test]
    fn an_autoscaler_that_may_not_go_to_zero_is_told_what_to_write() {
        let mut refused = child("HorizontalPodAutoscaler", ChildResult::Invalid { message: String::new() });
        let said = |message: &str, child: &mut ChildOutcome| {
            child.result = ChildResult::Invalid { message: message.into() };
            sort(std::slice::from_ref(child), None, &facts()).stuck.remove(0).message
        };
        let zero = "HorizontalPodAutoscaler.autoscaling \"web\" is invalid: spec.minReplicas: Invalid value: 0: must be greater than or equal to 1";
        let message = said(zero, &mut refused);
        assert!(message.ends_with("Set spec.scaling.minReplicas to 1 or more."), "{message}");
        assert!(said("spec.metrics[1].type: Required value", &mut refused).contains("Correct spec.scaling"));
    }

    #[test]
    fn a_field_that_is_dropped_is_not_said_to_be_rewritten() {
        let said = |got: &str| {
            let result = ChildResult::Resisted { path: "spec.a".into(), wanted: "1".into(), got: got.into() };
            sorted(result).rewritten.remove(0).message
        };
        assert!(said("2").contains("spec.a was applied as 1 and stands as 2: a mutating"), "{}", said("2"));
        assert!(said("").contains("spec.a was applied as 1 and is not there: this version"), "{}", said(""));
    }

    #[test]
    fn faults_and_leftovers_are_tried_again() {
        let failed = sorted(ChildResult::Failed { message: "timeout".into() });
        assert_says(&failed.faults[0], "ApplyFailed", &["Service \"web\"", "timeout. It is tried again."]);
        assert_says(&sorted(ChildResult::Leftover).denied[0], "WaitingForDeletion", &["garbage collector"]);
        let fault = sort(&[], Some("prune failed"), &facts());
        assert_says(&fault.faults[0], "ApplyFailed", &["prune failed."]);
    }

    #[test]
    fn several_are_told_together_and_bounded() {
        let says: Vec<Say> = (0..5).map(|n| Say::new(format!("R{n}"), format!("m{n}."))).collect();
        assert_eq!(join(&says), Some(Say::new("R0", "m0. m1. m2. And 2 more.")));
        assert_eq!(join(&[]), None);
    }
}
