//! What stands between a service and those outside: its routes, as far as others depend on them.

use std::collections::BTreeSet;

use microservice_crds::{Route, gateway::BackendRef};

use crate::plan::{self, Plan, RouteRules};

/// One route of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Front {
    /// Its name in the spec.
    pub route: String,
    /// Host names; none: every host.
    pub hosts: BTreeSet<String>,
    /// Services of the namespace that answer its requests, with the port of their Service.
    pub leads: BTreeSet<(String, i32)>,
    /// How long a request, and one try of it, may take at most: field of the route, and milliseconds.
    pub waits: Vec<(&'static str, u64)>,
    /// How often a request is sent at most, the first time included.
    pub tries: u64,
}

impl Front {
    /// The routes that a plan makes.
    pub fn of(plan: &Plan, routes: &[Route]) -> Vec<Self> {
        let one = |route: &Route| {
            let mut front = Self {
                route: route.name.clone(),
                waits: waits(route),
                tries: 1 + route.retry.as_ref().and_then(|retry| u64::try_from(retry.attempts?).ok()).unwrap_or(0),
                ..Self::default()
            };
            for made in plan.routes.iter().filter(|made| made.route == route.name) {
                front.hosts.extend(made.hostnames.iter().cloned());
                let backends: Vec<&BackendRef> = match &made.rules {
                    RouteRules::Http(rules) => rules.iter().flat_map(|rule| &rule.backend_refs).collect(),
                    RouteRules::Grpc(rules) => rules.iter().flat_map(|rule| &rule.backend_refs).collect(),
                };
                let used = backends.into_iter().filter(|backend| backend.weight != 0);
                front.leads.extend(used.map(|backend| (backend.name.clone(), backend.port)));
            }
            front
        };
        routes.iter().map(one).collect()
    }
}

/// A duration of zero means that there is no end.
fn waits(route: &Route) -> Vec<(&'static str, u64)> {
    let Some(timeouts) = &route.timeouts else { return Vec::new() };
    let said =
        [("timeouts.request", &timeouts.request), ("timeouts.backendRequest", &timeouts.backend_request)].into_iter();
    said.filter_map(|(field, text)| Some((field, plan::duration(text.as_deref()?).filter(|millis| *millis > 0)?)))
        .collect()
}
