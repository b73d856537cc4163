//! One route object: whether it stands, and what stands against it on each of its parents.

use std::time::Duration;

use super::{Cause, Finding, Patience, controller, listeners, obstacles};
use crate::{
    gateway::{
        View,
        attach::{self, Attachment, Obstacle},
    },
    outcome::{ChildOutcome, ChildResult, RouteHealth},
    plan::{Plan, RoutePlan},
    status::{
        place::{self, Place},
        stands,
    },
};

/// What stands between clients and one route object, and what else is worth a word.
#[derive(Default)]
pub(super) struct Found {
    pub findings: Vec<Finding>,
    pub notes: Vec<String>,
    /// How long a controller may still be silent, where one is.
    pub wait: Option<Duration>,
}

impl From<Finding> for Found {
    fn from(finding: Finding) -> Self {
        Self { findings: vec![finding], ..Self::default() }
    }
}

/// Looks at a route object.
pub(super) fn look(
    plan: &Plan,
    view: &View,
    route: &RoutePlan,
    child: Option<&ChildOutcome>,
    patience: Patience,
) -> Found {
    let who = format!("{} {:?}", route.rules.kind(), route.name);
    let result = child.map(|child| &child.result);
    if let Some(ChildResult::KindAbsent { crd }) = result {
        let message = format!(
            "{who} is not made, because the cluster has no {crd}. Install the Gateway API (its standard channel) and a gateway controller; nothing else is needed."
        );
        return Finding::open(Cause::GatewayApiNotInstalled, message).into();
    }
    if let Some(ChildResult::VersionAbsent { crd, version }) = result {
        let message = format!(
            "{who} is not made, because the cluster has {crd}, and it does not serve {version}. Install a Gateway API that does: 1.1 or newer; nothing else is needed."
        );
        return Finding::open(Cause::GatewayApiTooOld, message).into();
    }
    let Some(child) = child.filter(|child| stands(&child.result)) else {
        return Finding::open(Cause::RouteNotApplied, format!("{who} is not made: see Ready.")).into();
    };
    let silence = RouteHealth::default();
    let health = place::health(child).unwrap_or(&silence);
    let mut found = Found::default();
    let mut attached = Vec::new();
    // Where one parent is not known, a host that the others do not have may be its.
    let mut all_known = true;
    for parent in &route.parents {
        let place = Place { plan, view, route, parent };
        let attempt = place.attempt();
        on_parent(&place, health, attempt.as_ref(), patience, &mut found);
        match attempt {
            Some(Ok(list)) => attached.extend(list),
            _ => all_known = false,
        }
    }
    if found.findings.is_empty() && all_known {
        let dropped: Vec<String> =
            route.hostnames.iter().filter(|host| !attach::covers(&attached, host)).cloned().collect();
        found.findings.extend(obstacles::dropped(&who, route, &dropped));
    }
    found
}

fn on_parent(
    place: &Place<'_>,
    health: &RouteHealth,
    attempt: Option<&Result<Vec<Attachment<'_>>, Obstacle>>,
    patience: Patience,
    found: &mut Found,
) {
    let seen = place.view.parent(&place.parent.id);
    if let Some(missing) = obstacles::missing(place, seen) {
        found.findings.push(missing);
        return;
    }
    let known = seen.present();
    let obstacle = attempt.and_then(|attempt| attempt.as_ref().err());
    let attached = attempt.and_then(|attempt| attempt.as_ref().ok()).map(Vec::as_slice).unwrap_or_default();
    let entries = place.entries(health);
    if let Some(refused) = controller::refusal(place, &entries, obstacle) {
        found.findings.push(refused);
        return;
    }
    let (trouble, notes) = match known {
        Some(parent) => listeners::trouble(place, parent, attached),
        None => (None, Vec::new()),
    };
    if controller::taken(&entries) {
        found.findings.extend(trouble);
        found.notes.extend(notes);
        return;
    }
    // Nobody has decided: what is known to be wrong is told at once, and silence when it lasts.
    let finding = match obstacle {
        Some(obstacle) => obstacles::told(place, obstacle),
        None => trouble.filter(|trouble| trouble.certain).unwrap_or_else(|| {
            let left = patience.left(place.view, &place.parent.id);
            found.wait = found.wait.into_iter().chain((!left.is_zero()).then_some(left)).min();
            controller::silence(place, known, !entries.is_empty(), left.is_zero())
        }),
    };
    found.findings.push(finding);
}
