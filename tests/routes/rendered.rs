//! What must hold for whatever is rendered, without a server.

use std::collections::BTreeSet;

use microservice_core::{
    gateway::Channel,
    plan::{Plan, RoutePlan, RouteRules, claims},
};
use proptest::prelude::*;

use crate::cases::{self, Case};

fn config() -> ProptestConfig {
    ProptestConfig { cases: 300, failure_persistence: None, max_global_rejects: 100_000, ..ProptestConfig::default() }
}

fn planned(case: &Case) -> Result<Plan, TestCaseError> {
    case.plan().ok_or_else(|| TestCaseError::reject("cannot be planned"))
}

/// Matches of an object.
fn matches(route: &RoutePlan) -> Vec<usize> {
    match &route.rules {
        RouteRules::Http(rules) => rules.iter().map(|r| r.matches.len()).collect(),
        RouteRules::Grpc(rules) => rules.iter().map(|r| r.matches.len()).collect(),
    }
}

proptest! {
    #![proptest_config(config())]

    /// Objects keep to the limits of the Gateway API, and no two have one name.
    #[test]
    fn objects_are_small_enough_and_have_names_of_their_own(case in cases::case()) {
        let plan = planned(&case)?;
        let names: BTreeSet<&str> = plan.routes.iter().map(|r| r.name.as_str()).collect();
        prop_assert_eq!(names.len(), plan.routes.len());
        for route in &plan.routes {
            let matches = matches(route);
            prop_assert!(route.hostnames.len() <= 16 && (1..=16).contains(&matches.len()) && route.parents.len() <= 32);
            prop_assert!(matches.iter().all(|count| *count <= 64) && matches.iter().sum::<usize>() <= 128);
            prop_assert!(route.name.len() <= 63);
        }
    }

    /// Nothing of a route is lost when it is split: every host with every match, once.
    #[test]
    fn a_split_loses_nothing(case in cases::case()) {
        let plan = planned(&case)?;
        for wanted in &case.subject.spec.routes {
            let parts = plan.routes.iter().filter(|r| r.route == wanted.name && !r.redirects_to_https());
            let pairs: usize = parts.map(|r| r.hostnames.len().max(1) * matches(r).iter().sum::<usize>().max(1)).sum();
            let hosts = match plan.provenance.iter().find(|p| p.path == format!("routes[{}].hostnames", wanted.name)) {
                Some(made) => made.value.as_array().map_or(0, Vec::len),
                None => wanted.hostnames.len(),
            };
            let asked = wanted.paths.len() + wanted.matches.len() + wanted.grpc_matches.len();
            prop_assert_eq!(pairs, hosts.max(1) * asked.max(1), "{}", wanted.name);
        }
    }

    /// No listener that a redirect to https hangs on serves the same route, so no redirect leads to itself.
    #[test]
    fn no_redirect_leads_to_itself(case in cases::case()) {
        let plan = planned(&case)?;
        for redirect in plan.routes.iter().filter(|r| r.name.contains("--redirect")) {
            prop_assert!(redirect.redirects_to_https());
            for parent in &redirect.parents {
                prop_assert!(parent.section_name.is_some());
                let serves = plan.routes.iter().filter(|r| r.route == redirect.route && !r.redirects_to_https());
                prop_assert!(serves.clone().count() > 0);
                for serving in serves {
                    prop_assert!(!serving.parents.contains(parent));
                    prop_assert!(serving.parents.iter().all(|p| p.section_name.is_some()));
                }
            }
        }
    }

    /// What is claimed does not follow from what others have, what is installed, or what Services there are.
    #[test]
    fn claims_follow_from_the_spec_alone(case in cases::case(), who in "[a-z]{1,5}") {
        let plan = planned(&case)?;
        let all = claims(&plan);
        let mut other = case.on(Channel::Standard);
        other.facts.services = Some(BTreeSet::new());
        other.facts.taken = all.iter().map(|claim| (claim.clone(), who.clone())).collect();
        let withheld = planned(&other)?;
        prop_assert_eq!(claims(&withheld), all);
        prop_assert!(withheld.routes.is_empty());
        prop_assert_eq!(withheld.withheld.len(), case.subject.spec.routes.len());
        prop_assert!(withheld.withheld.iter().all(|w| w.reason == "HostTaken" && !w.keep));
    }

    /// A route that is withheld is kept under every name that it may have had; all others go on.
    #[test]
    fn what_is_withheld_stays_and_the_rest_goes_on(case in cases::case()) {
        let standard = planned(&case.on(Channel::Standard))?;
        let made = case.on(Channel::Standard).objects();
        for object in case.objects() {
            let made = made.iter().any(|d| d.entry.kind == object.entry.kind && d.name == object.name);
            prop_assert!(made != standard.keeps(object.entry.kind, &object.name), "{}", object.name);
        }
    }
}
