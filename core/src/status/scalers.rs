//! Autoscalers of somebody else: one alone may have the count, two pull it to and fro.

use super::{
    Say,
    conditions::Wanted,
    facts::{Count, Facts},
};
use crate::outcome::{ScaleTarget, Scaler};

/// Reason where two scale at once.
pub(super) const MULTIPLE: &str = "MultipleScalers";

/// What is to be said of them, beside an autoscaler of ours or without one. The oldest comes first.
pub(super) fn verdict(own: Option<&str>, others: &[Scaler], facts: &Facts) -> Option<Wanted> {
    let say = match (own, others) {
        (_, []) => return None,
        (Some(own), others) => beside_ours(own, others, facts),
        (None, [alone]) => return Some(alone_in_charge(alone, facts)),
        (None, [oldest, others @ ..]) => {
            let all = list(std::iter::once(oldest).chain(others).map(Scaler::to_string));
            let delete = list(others.iter().map(|other| other.source()));
            let who = if others.len() == 1 { "the younger" } else { "the younger ones" };
            format!(
                "{all} scale the same pods, and then none of them follows its metrics. Delete {delete}, {who}, so that one is left."
            )
        }
    };
    Some(Wanted { status: "False", say: Say::new(MULTIPLE, say) })
}

fn beside_ours(own: &str, others: &[Scaler], facts: &Facts) -> String {
    let all = list(others.iter().map(Scaler::to_string));
    let delete = list(others.iter().map(Scaler::source));
    if others.iter().any(|other| other.target == ScaleTarget::Deployment) {
        let name = &facts.name;
        let or = match by_class(facts) {
            Some(class) => format!("write spec.scaling.replicas in the place of the autoscaler that {class} gives"),
            None => "remove spec.scaling.maxReplicas and all that belongs to it".to_owned(),
        };
        return format!(
            "{own} of this Microservice and {all} scale Deployment {name:?}, and then none of them follows its metrics. \
             Delete {delete}; or {or}, so that another scales alone."
        );
    }
    let place = match by_class(facts) {
        Some(class) => format!("the autoscaler that {class} gives"),
        None => "minReplicas and maxReplicas".to_owned(),
    };
    format!(
        "{all} cannot scale this Microservice, because its own {own} does. Delete {delete}; or write \
         spec.scaling.replicas: 1 in the place of {place}, so that another scales alone."
    )
}

/// The class, where it is the one that says how many replicas run.
fn by_class(facts: &Facts) -> Option<String> {
    let class = facts.class.as_ref().filter(|_| facts.counted_by_class)?;
    Some(format!("MicroserviceClass {class:?}"))
}

fn alone_in_charge(scaler: &Scaler, facts: &Facts) -> Wanted {
    let (namespace, name) = (&facts.namespace, &facts.name);
    match (scaler.target, facts.count) {
        (ScaleTarget::Deployment, _) => {
            let message = format!("{scaler} scales the Deployment; the operator leaves its replicas alone.");
            Wanted::new("True", "ForeignScaler", message)
        }
        // Of a count that the class gives the API server knows nothing: it gives no scale.
        (ScaleTarget::Microservice, Count::Fixed) if !facts.counted_by_class => {
            let message =
                format!("{scaler} scales this Microservice: what it writes into spec.scaling.replicas holds.");
            Wanted::new("True", "ForeignScaler", message)
        }
        (ScaleTarget::Microservice, _) => {
            let given = by_class(facts).map(|class| format!(" (the count is that of {class})")).unwrap_or_default();
            let message = format!(
                "{scaler} cannot scale this Microservice while spec.scaling.replicas is not set{given}. Set it once: \
                 kubectl scale -n {namespace} msvc/{name} --replicas=1"
            );
            Wanted::new("False", "ReplicasNotSet", message)
        }
    }
}

/// `a`, `a and b`, `a, b and c`.
fn list(all: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = all.collect();
    match all.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::fixtures::facts;

    fn scaler(name: &str, target: ScaleTarget) -> Scaler {
        Scaler { name: name.into(), owner: None, target }
    }

    fn keda(target: ScaleTarget) -> Scaler {
        Scaler { name: "keda-hpa-web".into(), owner: Some("ScaledObject \"web\"".into()), target }
    }

    const OURS: Option<&str> = Some("HorizontalPodAutoscaler \"web\"");

    #[test]
    fn one_alone_is_in_charge() {
        let said = |scaler: Scaler, count: Count| {
            let wanted = verdict(None, &[scaler], &Facts { count, ..facts() }).unwrap();
            (wanted.status, wanted.say.reason, wanted.say.message)
        };
        let (status, reason, message) = said(keda(ScaleTarget::Deployment), Count::Open);
        assert_eq!((status, reason.as_str()), ("True", "ForeignScaler"));
        assert!(message.starts_with("ScaledObject \"web\" (by HorizontalPodAutoscaler \"keda-hpa-web\") scales"));
        let (status, reason, _) = said(keda(ScaleTarget::Microservice), Count::Fixed);
        assert_eq!((status, reason.as_str()), ("True", "ForeignScaler"));
        let (status, reason, message) = said(scaler("theirs", ScaleTarget::Microservice), Count::Open);
        assert_eq!((status, reason.as_str()), ("False", "ReplicasNotSet"));
        assert!(message.ends_with("kubectl scale -n shop msvc/web --replicas=1"), "{message}");
        assert_eq!(verdict(OURS, &[], &facts()), None);
    }

    fn of_class(scaling: &str) -> Facts {
        let plan = crate::plan::class::tests::with_defaults(&format!("scaling: {{{scaling}}}"), "");
        Facts::of(&plan)
    }

    #[test]
    fn a_count_of_the_class_is_none_that_another_can_write() {
        let wanted = verdict(None, &[scaler("theirs", ScaleTarget::Microservice)], &of_class("replicas: 3")).unwrap();
        assert_eq!((wanted.status, wanted.say.reason.as_str()), ("False", "ReplicasNotSet"));
        assert!(
            wanted.say.message.contains("the count is that of MicroserviceClass \"gold\""),
            "{}",
            wanted.say.message
        );
    }

    #[test]
    fn an_autoscaler_of_the_class_is_put_aside_by_a_count_and_not_by_removing_what_is_not_there() {
        for target in [ScaleTarget::Deployment, ScaleTarget::Microservice] {
            let wanted = verdict(OURS, &[scaler("theirs", target)], &of_class("maxReplicas: 5")).unwrap();
            let message = wanted.say.message;
            assert!(message.contains("the autoscaler that MicroserviceClass \"gold\" gives"), "{message}");
            assert!(message.contains("write spec.scaling.replicas") && !message.contains("maxReplicas"), "{message}");
        }
    }

    #[test]
    fn two_are_named_with_what_to_delete() {
        let said = |own, others: &[Scaler]| {
            let wanted = verdict(own, others, &facts()).unwrap();
            assert_eq!((wanted.status, wanted.say.reason.as_str()), ("False", "MultipleScalers"));
            wanted.say.message
        };
        let message = said(OURS, &[keda(ScaleTarget::Deployment)]);
        for part in
            ["HorizontalPodAutoscaler \"web\"", "keda-hpa-web", "Deployment \"web\"", "Delete ScaledObject \"web\";"]
        {
            assert!(message.contains(part), "{part} is not in {message}");
        }
        let message = said(OURS, &[scaler("theirs", ScaleTarget::Microservice)]);
        assert!(message.contains("Delete HorizontalPodAutoscaler \"theirs\"; or write spec.scaling.replicas: 1"));
        let two = [scaler("a", ScaleTarget::Deployment), scaler("b", ScaleTarget::Deployment)];
        let message = said(None, &two);
        assert!(message.contains("Delete HorizontalPodAutoscaler \"b\", the younger"), "{message}");
        assert!(message.starts_with("HorizontalPodAutoscaler \"a\" and HorizontalPodAutoscaler \"b\" scale"));
    }
}
