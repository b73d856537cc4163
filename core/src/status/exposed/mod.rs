//! Whether clients reach the service through its Gateways: every route object stands, every controller has taken it, and
//! the listeners that serve it are up. If not, one sentence names the object to look at and what to change.

mod controller;
mod grant;
mod listeners;
mod obstacles;
mod route;

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::{
    Say,
    conditions::Wanted,
    place::{child, health},
    stuck::elapsed,
};
use crate::{
    gateway::{ParentId, View},
    outcome::{ChildOutcome, Outcome},
    plan::RoutePlan,
};

/// Reason while the controllers of the Gateways may still answer: nothing is wrong yet.
pub(super) const PENDING: &str = "Pending";
/// How long they may take before silence is worth a word.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why the service is not exposed, the most telling first: of several causes that one is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    Withheld,
    GatewayNotFound,
    ListenerNotFound,
    KindNotAllowed,
    NamespaceNotAllowed,
    HostnameNotCovered,
    RouteConflict,
    RouteNotAccepted,
    BackendNotFound,
    RefNotPermitted,
    RouteRefsNotResolved,
    GatewayNotProgrammed,
    ListenerNotProgrammed,
    PartiallyInvalid,
    GatewayApiNotInstalled,
    GatewayApiTooOld,
    RouteNotApplied,
    GatewaySilent,
    Pending,
}

impl Cause {
    /// The reason of the condition.
    fn reason(self) -> &'static str {
        match self {
            // A withheld route brings its own.
            Self::Withheld => "RouteWithheld",
            Self::GatewayNotFound => "GatewayNotFound",
            Self::ListenerNotFound => "ListenerNotFound",
            Self::KindNotAllowed => "KindNotAllowed",
            Self::NamespaceNotAllowed => "NamespaceNotAllowed",
            Self::HostnameNotCovered => "HostnameNotCovered",
            Self::RouteConflict => "RouteConflict",
            Self::RouteNotAccepted => "RouteNotAccepted",
            Self::BackendNotFound => "BackendNotFound",
            Self::RefNotPermitted => "RefNotPermitted",
            Self::RouteRefsNotResolved => "RouteRefsNotResolved",
            Self::GatewayNotProgrammed => "GatewayNotProgrammed",
            Self::ListenerNotProgrammed => "ListenerNotProgrammed",
            Self::PartiallyInvalid => "PartiallyInvalid",
            Self::GatewayApiNotInstalled => "GatewayAPINotInstalled",
            Self::GatewayApiTooOld => "GatewayAPITooOld",
            Self::RouteNotApplied => "RouteNotApplied",
            Self::GatewaySilent => "GatewaySilent",
            Self::Pending => PENDING,
        }
    }
}

/// One thing that stands between clients and the service.
#[derive(Clone, Debug, PartialEq)]
struct Finding {
    cause: Cause,
    /// It is known to be so; else it is only not known to be well.
    certain: bool,
    /// The verdict of a route controller, which also holds back Ready.
    verdict: bool,
    say: Say,
}

impl Finding {
    fn certain(cause: Cause, message: impl Into<String>) -> Self {
        Self { cause, certain: true, verdict: false, say: Say::new(cause.reason(), message) }
    }

    fn open(cause: Cause, message: impl Into<String>) -> Self {
        Self { certain: false, ..Self::certain(cause, message) }
    }
}

/// The condition `Exposed`, and what follows from it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exposed {
    pub wanted: Wanted,
    /// What a route controller says against a route.
    pub refusal: Option<Say>,
    /// When time alone changes this.
    pub recheck: Option<Duration>,
}

/// The condition `Exposed`, where there are routes. `previous` is what it was before.
pub(super) fn verdict(previous: Option<&Condition>, outcome: &Outcome, now: Timestamp) -> Option<Exposed> {
    let plan = outcome.plan.as_ref().ok()?;
    if plan.routes.is_empty() && plan.withheld.is_empty() {
        return None;
    }
    let withheld = plan.withheld.iter().map(|withheld| Finding {
        say: Say::new(withheld.reason, withheld.message.clone()),
        ..Finding::certain(Cause::Withheld, "")
    });
    let mut findings: Vec<Finding> = withheld.collect();
    let mut notes = outcome.warnings.clone();
    let mut wait: Option<Duration> = None;
    for plan_of_route in &plan.routes {
        let child = child(outcome, plan_of_route);
        let patience = Patience::new(previous, outcome, child, now);
        let found = route::look(plan, &outcome.gateways, plan_of_route, child, patience);
        wait = wait.into_iter().chain(found.wait).min();
        findings.extend(found.findings);
        notes.extend(found.notes);
    }
    findings.sort_by_key(|finding| (!finding.certain, finding.cause));
    let refusal = findings.iter().find(|finding| finding.verdict).map(|finding| finding.say.clone());
    let mut wanted = match findings.split_first() {
        None => Wanted::new("True", "Accepted", format!("Accepted by {}.", parents(&plan.routes))),
        Some((first, rest)) => {
            let status = if first.certain { "False" } else { "Unknown" };
            let mut say = first.say.clone();
            let more = rest.iter().filter(|f| f.certain == first.certain && f.say != first.say).count();
            if more > 0 {
                say.message.push_str(&format!(" And {more} more."));
            }
            Wanted { status, say }
        }
    };
    notes.dedup();
    for note in notes {
        wanted.say.message.push(' ');
        wanted.say.message.push_str(&note);
    }
    let recheck = wait.filter(|_| wanted.status == "Unknown");
    Some(Exposed { wanted, refusal, recheck })
}

/// How long the controllers may be silent about a route.
#[derive(Clone, Copy)]
struct Patience {
    /// Since when they could answer, but for what they need of the parent.
    since: Timestamp,
    now: Timestamp,
}

impl Patience {
    /// Counted from when nothing was known, the route was made, or the present spec was seen, whichever came last.
    fn new(previous: Option<&Condition>, outcome: &Outcome, child: Option<&ChildOutcome>, now: Timestamp) -> Self {
        let unknown = previous.filter(|condition| condition.status == "Unknown");
        let transition = unknown.map_or(now, |condition| condition.last_transition_time.0);
        let created = child.and_then(health).and_then(|health| health.created);
        let since = [created, outcome.seen].into_iter().flatten().fold(transition, Timestamp::max);
        Self { since, now }
    }

    /// What is left of the time. Before a parent and its Gateway were there nobody could answer.
    fn left(self, view: &View, id: &ParentId) -> Duration {
        let parent = view.parent(id).present();
        let gateway = parent.and_then(|parent| view.parent(parent.gateway.as_ref()?).present());
        let created = parent.into_iter().chain(gateway).filter_map(|parent| parent.created);
        PATIENCE.saturating_sub(elapsed(created.fold(self.since, Timestamp::max), self.now))
    }
}

/// All that the routes hang on, each once.
fn parents(routes: &[RoutePlan]) -> String {
    let mut names: Vec<String> =
        routes.iter().flat_map(|route| route.parents.iter().map(|parent| parent.id.to_string())).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gateway::Seen,
        outcome::{ChildResult, Health, RouteParent},
        status::fixtures::{at, gateway_of, public, route_of, routed, said_of_route, verdict as said},
    };

    fn judged(outcome: &Outcome) -> (String, String) {
        let exposed = verdict(None, outcome, at(5)).unwrap();
        (format!("{} {}", exposed.wanted.status, exposed.wanted.say.reason), exposed.wanted.say.message)
    }

    /// A service with two routes, the second of which is called `web--api`.
    fn two() -> Outcome {
        let mut outcome = routed();
        let mut second = route_of(&mut outcome).clone();
        (second.route, second.name) = ("api".into(), "web--api".into());
        outcome.plan.as_mut().unwrap().routes.push(second);
        let child = ChildOutcome { name: "web--api".into(), ..outcome.children[3].clone() };
        outcome.children.push(child);
        outcome
    }

    #[test]
    fn without_routes_there_is_nothing_to_say() {
        let mut outcome = routed();
        outcome.plan.as_mut().unwrap().routes.clear();
        assert_eq!(verdict(None, &outcome, at(5)), None);
    }

    #[test]
    fn all_routes_must_be_taken_on_all_parents() {
        assert_eq!(judged(&two()), ("True Accepted".into(), "Accepted by Gateway gateways/public.".into()));
        let mut half = two();
        half.children.pop();
        assert_eq!(judged(&half).0, "Unknown RouteNotApplied");
        let mut half = two();
        half.children[4].result = ChildResult::Failed { message: "x".into() };
        assert_eq!(
            judged(&half),
            ("Unknown RouteNotApplied".into(), "HTTPRoute \"web--api\" is not made: see Ready.".into())
        );

        let mut both = routed();
        let mut second = route_of(&mut both).parents[0].clone();
        second.id.name = "internal".into();
        route_of(&mut both).parents.push(second);
        assert_eq!(judged(&both).0, "Unknown Pending");
        let taken = RouteParent { gateway: "gateways/internal".into(), ..said_of_route(&mut both)[0].clone() };
        said_of_route(&mut both).push(taken);
        let message = "Accepted by Gateway gateways/internal, Gateway gateways/public.";
        assert_eq!(judged(&both), ("True Accepted".into(), message.into()));
    }

    #[test]
    fn what_is_certain_and_most_telling_comes_first() {
        let mut outcome = two();
        said_of_route(&mut outcome).clear();
        let Health::Route(second) = &mut outcome.children[4].health else { panic!() };
        second.parents[0].resolved_refs = said("False", "BackendNotFound", "");
        let (shown, message) = judged(&outcome);
        assert_eq!(shown, "False BackendNotFound");
        assert!(message.starts_with("HTTPRoute \"web--api\"") && !message.contains("more"), "{message}");
        said_of_route(&mut outcome).push(RouteParent {
            accepted: said("False", "NotAllowedByListeners", ""),
            gateway: "gateways/public".into(),
            ..RouteParent::default()
        });
        let (shown, message) = judged(&outcome);
        assert_eq!(shown, "False NamespaceNotAllowed");
        assert!(message.starts_with("HTTPRoute \"web\"") && message.ends_with("And 1 more."), "{message}");
    }

    #[test]
    fn a_gateway_that_may_still_come_waits_behind_a_verdict() {
        let mut outcome = two();
        said_of_route(&mut outcome)[0].partially_invalid = said("True", "UnsupportedValue", "Dropped Rule 1.");
        let mut absent = public();
        absent.name = "absent".into();
        outcome.gateways.parents.insert(absent.clone(), Seen::Absent);
        outcome.plan.as_mut().unwrap().routes[1].parents[0].id = absent;
        assert_eq!(judged(&outcome).0, "False PartiallyInvalid");
        said_of_route(&mut outcome)[0].partially_invalid = None;
        assert_eq!(judged(&outcome).0, "Unknown GatewayNotFound");
    }

    #[test]
    fn of_a_gateway_that_is_not_known_the_routes_own_status_is_all() {
        let mut outcome = routed();
        outcome.gateways = crate::gateway::View::default();
        assert_eq!(judged(&outcome).0, "True Accepted");
        route_of(&mut outcome).hostnames.push("anything.example.net".into());
        assert_eq!(judged(&outcome).0, "True Accepted");
        for (reason, wanted) in [
            ("NotAllowedByListeners", "NamespaceNotAllowed"),
            ("NoMatchingListenerHostname", "HostnameNotCovered"),
            ("NoMatchingParent", "ListenerNotFound"),
            ("SomethingElse", "RouteNotAccepted"),
        ] {
            said_of_route(&mut outcome)[0].accepted = said("False", reason, "Words of it.");
            let (shown, message) = judged(&outcome);
            assert_eq!(shown, format!("False {wanted}"));
            assert!(message.contains(&format!("{reason}: Words of it. ")), "{message}");
        }
        // Half a verdict is none.
        said_of_route(&mut outcome)[0].accepted = said("True", "Accepted", "");
        said_of_route(&mut outcome)[0].resolved_refs = None;
        assert_eq!(judged(&outcome).0, "Unknown Pending");
    }

    #[test]
    fn a_grant_is_never_cut() {
        let mut outcome = routed();
        let listener = &mut gateway_of(&mut outcome).listeners[1];
        listener.certificates = ["s", "t"].map(|name| ("c".repeat(63), name.repeat(253))).to_vec();
        listener.name = "l".repeat(63);
        listener.resolved_refs = said("False", "RefNotPermitted", &"words ".repeat(200));
        route_of(&mut outcome).parents[0].section_name = Some("l".repeat(63));
        let (shown, message) = judged(&outcome);
        assert_eq!((shown.as_str(), message.contains("words")), ("False RefNotPermitted", false));
        // What follows it may be cut.
        assert!(message.find("}]}}").is_some_and(|end| end < 1000), "{message}");
        assert!(message.contains(&public().to_string()));
    }
}
