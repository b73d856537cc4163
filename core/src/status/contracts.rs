//! Versions of APIs that do not fit, that end, and that hold a new template back.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use microservice_crds::{HoldStatus, MicroserviceStatus, annotations};

use super::{Say, conditions::Wanted, text};
use crate::{
    graph::{Ending, Holder, Unmet},
    plan::{ContractsPlan, Plan},
};

/// Reason of a service whose new template waits.
pub(super) const HELD: &str = "Held";
/// And of one that has waited for too long.
pub(super) const TIMED_OUT: &str = "HoldTimedOut";

/// A template that waits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Held {
    /// What the status keeps of it.
    pub record: HoldStatus,
    /// Whether it has waited for too long.
    pub timed_out: bool,
    /// Why, and what to do.
    pub say: Say,
    /// When it will have waited for too long.
    pub recheck: Option<Duration>,
}

/// Whether the new template waits, since when, and what for.
pub(super) fn held(previous: Option<&MicroserviceStatus>, plan: &Plan, now: Timestamp) -> Option<Held> {
    let contracts = &plan.contracts;
    if contracts.hold.is_empty() {
        return None;
    }
    let template = &plan.template.digest;
    let before = previous.and_then(|status| status.hold.as_ref()).filter(|hold| hold.template == *template);
    let since = before.map_or(now, |hold| hold.since.0);
    let limit = Duration::from_secs(u64::try_from(contracts.hold_timeout_seconds).unwrap_or_default());
    let waited = Duration::from_secs(u64::try_from(now.as_second() - since.as_second()).unwrap_or_default());
    let timed_out = waited >= limit;
    let reason = if timed_out { TIMED_OUT } else { HELD };
    Some(Held {
        record: HoldStatus { template: template.clone(), since: Time(since) },
        timed_out,
        say: Say::new(reason, story(plan, since)),
        recheck: (!timed_out).then(|| limit - waited),
    })
}

fn story(plan: &Plan, since: Timestamp) -> String {
    let hold = &plan.contracts.hold;
    let why = text::listed(hold.iter().map(holder), hold.len(), " ");
    format!(
        "The new template waits since {since}, and the old pods go on. {why} To let it go all the same: kubectl annotate -n {} msvc/{} {}={}",
        plan.namespace(),
        plan.name(),
        annotations::RELEASE_HOLD,
        plan.template.digest
    )
}

fn holder(holder: &Holder) -> String {
    match holder {
        Holder::Needs { need, mutual: true, .. } => format!(
            "It needs {need} of {provider}, whose new template waits for this service to need less: the two hold each other. Let {provider} expose both versions side by side.",
            provider = need.provider
        ),
        Holder::Needs { need, served: Some(served), .. } => format!(
            "It needs {need} of {}, which serves {}. Roll that out there first, or need what is served.",
            need.provider,
            list(served)
        ),
        Holder::Needs { need, served: None, .. } => {
            format!("It needs {need} of {}, which is not there. Apply it first.", need.provider)
        }
        Holder::Needed { consumer, need, mutual: true } => format!(
            "It drops {need}, which pods of {consumer} need, and the new template of {consumer} waits for this one: the two hold each other. Expose both versions side by side."
        ),
        Holder::Needed { consumer, need, .. } => {
            format!(
                "It drops {need}, which pods of {consumer} need. Let {consumer} move on first, or expose both versions."
            )
        }
    }
}

fn list(served: &[String]) -> String {
    if served.is_empty() {
        "no version of it".to_owned()
    } else {
        text::listed(served.iter().cloned(), served.len(), ", ")
    }
}

/// Whether versions fit, at both ends of the edges of a service; none where nobody says anything of versions.
pub(super) fn verdict(plan: &Plan, held: Option<&Held>) -> Option<Wanted> {
    let ContractsPlan { unmet, unmet_by, endings, concerned, .. } = &plan.contracts;
    if let Some(held) = held {
        return Some(Wanted { status: "False", say: held.say.clone() });
    }
    let ends = ends(endings);
    if !unmet.is_empty() {
        let told = text::listed(unmet.iter().map(needs), unmet.len(), " ");
        return Some(Wanted::new("False", "Unsatisfied", format!("{told}{ends}")));
    }
    if !unmet_by.is_empty() {
        let who = unmet_by.iter().map(|unmet| format!("{} needs {}", unmet.consumer, unmet.need));
        let told = text::listed(who, unmet_by.len(), ", ");
        let message =
            format!("Not all that others need is served: {told}. Serve it, or let them need what is served.{ends}");
        return Some(Wanted::new("False", "ConsumersUnsatisfied", message));
    }
    if !ends.is_empty() {
        return Some(Wanted::new("True", "Deprecated", ends.trim_start().to_owned()));
    }
    concerned.then(|| Wanted::new("True", "Satisfied", "All versions that are needed are served."))
}

fn needs(unmet: &Unmet) -> String {
    format!(
        "It needs {} of {}, which serves {}. Roll that out there, or need what is served.",
        unmet.need,
        unmet.need.provider,
        list(&unmet.served)
    )
}

fn ends(endings: &[Ending]) -> String {
    if endings.is_empty() {
        return String::new();
    }
    let each = endings.iter().map(|ending| {
        let day = ending.sunset.as_ref().map_or(" is deprecated".to_owned(), |day| format!(" ends on {day}"));
        format!("{} {} of {}, which {} uses,{day}", ending.api, ending.version, ending.provider, ending.consumer)
    });
    format!(" {}. Move on to a newer version.", text::listed(each, endings.len(), "; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{graph::Need, plan::tests::planned, status::fixtures::at};

    fn plan(hold: Vec<Holder>) -> Plan {
        let mut plan = planned("{image: 'a:1', exposes: [], uses: [{service: cart, api: cart, version: ^2}]}");
        plan.contracts.hold = hold;
        plan.template.digest = "abc".into();
        plan
    }

    fn needs_cart(mutual: bool) -> Holder {
        Holder::Needs {
            need: Need::read("shop/cart/cart@^2").unwrap(),
            served: Some(vec!["cart 1.3.0".into()]),
            mutual,
        }
    }

    #[test]
    fn a_hold_says_what_for_since_when_and_how_to_end_it() {
        let plan = plan(vec![needs_cart(false)]);
        let first = held(None, &plan, at(0)).unwrap();
        assert_eq!(first.say.reason, HELD);
        for words in [
            "waits since 2026-01-31T12:00:00Z",
            "It needs cart ^2 of shop/cart, which serves cart 1.3.0.",
            "kubectl annotate -n shop msvc/web microservices.dev/release-hold=abc",
        ] {
            assert!(first.say.message.contains(words), "{}", first.say.message);
        }
        assert_eq!(first.recheck, Some(Duration::from_secs(3600)));
        let verdict = verdict(&plan, Some(&first)).unwrap();
        assert_eq!((verdict.status, verdict.say.reason.as_str()), ("False", HELD));
    }

    #[test]
    fn time_goes_on_for_the_same_template_and_begins_anew_for_another() {
        let plan = plan(vec![needs_cart(false)]);
        let status = |template: &str| MicroserviceStatus {
            hold: Some(HoldStatus { template: template.into(), since: Time(at(0)) }),
            ..MicroserviceStatus::default()
        };
        let later = held(Some(&status("abc")), &plan, at(3599)).unwrap();
        assert_eq!((later.timed_out, later.recheck), (false, Some(Duration::from_secs(1))));
        let over = held(Some(&status("abc")), &plan, at(3600)).unwrap();
        assert_eq!((over.timed_out, over.say.reason.as_str(), over.recheck), (true, TIMED_OUT, None));
        assert!(!held(Some(&status("other")), &plan, at(9999)).unwrap().timed_out);
    }

    #[test]
    fn two_that_hold_each_other_are_named_with_the_way_out() {
        let told = held(None, &plan(vec![needs_cart(true)]), at(0)).unwrap().say.message;
        assert!(told.contains("the two hold each other. Let shop/cart expose both versions"), "{told}");
        let other = Holder::Needed {
            consumer: crate::graph::Id::new("shop", "api"),
            need: Need::read("shop/web/web@^1").unwrap(),
            mutual: true,
        };
        let told = held(None, &plan(vec![other]), at(0)).unwrap().say.message;
        assert!(told.contains("pods of shop/api need") && told.contains("the two hold each other"), "{told}");
    }

    #[test]
    fn versions_that_do_not_fit_or_end_are_told_at_both_ends() {
        let consumer = crate::graph::Id::new("shop", "web");
        let unmet =
            Unmet { consumer: consumer.clone(), need: Need::read("shop/cart/cart@^2").unwrap(), served: vec![] };
        let shown = |change: fn(&mut ContractsPlan, Unmet), unmet: &Unmet| {
            let mut plan = plan(Vec::new());
            change(&mut plan.contracts, unmet.clone());
            let wanted = verdict(&plan, None).unwrap();
            (wanted.say.reason, wanted.say.message)
        };
        let (reason, message) = shown(|contracts, unmet| contracts.unmet = vec![unmet], &unmet);
        assert_eq!(reason, "Unsatisfied");
        assert!(message.contains("It needs cart ^2 of shop/cart, which serves no version of it."), "{message}");
        let (reason, message) = shown(|contracts, unmet| contracts.unmet_by = vec![unmet], &unmet);
        assert_eq!(reason, "ConsumersUnsatisfied");
        assert!(message.contains("shop/web needs cart ^2"), "{message}");
        let mut plan = plan(Vec::new());
        assert_eq!(verdict(&plan, None).unwrap().say.reason, "Satisfied");
        plan.contracts.endings = vec![Ending {
            provider: crate::graph::Id::new("shop", "cart"),
            api: "cart".into(),
            version: "1.0.0".into(),
            sunset: Some("2027-06-30".into()),
            consumer,
        }];
        let ends = verdict(&plan, None).unwrap();
        assert_eq!((ends.status, ends.say.reason.as_str()), ("True", "Deprecated"));
        assert!(ends.say.message.contains("cart 1.0.0 of shop/cart, which shop/web uses, ends on 2027-06-30"));
        assert!(verdict(&planned("image: a:1"), None).is_none());
    }
}
