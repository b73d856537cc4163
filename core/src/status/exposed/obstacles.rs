//! What our own look at the Gateways finds, in words: the object, what is wrong with it, and what to change.

use super::{Cause, Finding};
use crate::{
    gateway::{Parent, Seen, attach::Obstacle},
    plan::RoutePlan,
    status::place::Place,
};

/// A parent that is not there, or a ListenerSet whose Gateway is not.
pub(super) fn missing(place: &Place<'_>, seen: &Seen<Parent>) -> Option<Finding> {
    let id = &place.parent.id;
    let message = match seen {
        Seen::Absent => {
            let field = place.field("gateway");
            format!("{id} is not there, and {} hangs on it. Create it, or name another one in {field}.", place.who())
        }
        Seen::Present(Parent { gateway: Some(gateway), .. }) if *place.view.parent(gateway) == Seen::Absent => {
            format!(
                "{id} belongs to {gateway}, which is not there. Create it, or name another one in spec.parentRef of the {}.",
                id.kind
            )
        }
        _ => return None,
    };
    // Like one that is silent, it may come: nobody has said no.
    Some(Finding::open(Cause::GatewayNotFound, message))
}

/// Why no listener takes the route, before its controller says so.
pub(super) fn told(place: &Place<'_>, obstacle: &Obstacle) -> Finding {
    Finding::certain(cause(obstacle), format!("{} {}", what(place, obstacle), step(place, obstacle)))
}

/// Hosts that no listener of any parent has: their requests are dropped, and no controller says so.
pub(super) fn dropped(who: &str, route: &RoutePlan, hosts: &[String]) -> Option<Finding> {
    if hosts.is_empty() {
        return None;
    }
    let message = format!(
        "{who} is taken, but not for {}: no listener of what it hangs on has it. Take it out of spec.routes[{}].hostnames, or add a listener.",
        few(hosts),
        route.route
    );
    Some(Finding::certain(Cause::HostnameNotCovered, message))
}

pub(super) fn cause(obstacle: &Obstacle) -> Cause {
    match obstacle {
        Obstacle::NoSuchListener { .. } => Cause::ListenerNotFound,
        Obstacle::KindNotAllowed { .. } => Cause::KindNotAllowed,
        Obstacle::NamespaceNotAllowed { .. } => Cause::NamespaceNotAllowed,
        Obstacle::HostnameNotCovered { .. } => Cause::HostnameNotCovered,
    }
}

fn what(place: &Place<'_>, obstacle: &Obstacle) -> String {
    let (who, id) = (place.who(), &place.parent.id);
    match obstacle {
        Obstacle::NoSuchListener { .. } => match &place.parent.section_name {
            Some(section) => format!("{who} asks for the listener {section:?} of {id}, which does not have it."),
            None => format!("{who} hangs on {id}, which has no listener."),
        },
        Obstacle::KindNotAllowed { .. } => format!("No listener of {id} takes {who}, for its kind."),
        Obstacle::NamespaceNotAllowed { .. } => {
            format!("No listener of {id} takes {who}, for its namespace {}.", place.plan.namespace())
        }
        Obstacle::HostnameNotCovered { .. } => {
            format!("No listener of {id} has a host name of {who} ({}).", few(&place.route.hostnames))
        }
    }
}

/// What to change. It also stands behind what a controller says.
pub(super) fn step(place: &Place<'_>, obstacle: &Obstacle) -> String {
    let id = &place.parent.id;
    match obstacle {
        Obstacle::NoSuchListener { present } if present.is_empty() => {
            format!("Add a listener to {id}, or name another one in {}.", place.field("gateway"))
        }
        Obstacle::NoSuchListener { present } => {
            format!("{id} has: {}. Name one of these in {}.", few(present), place.field("gateway.sectionName"))
        }
        Obstacle::KindNotAllowed { listeners } => format!(
            "It has: {}. Let one with protocol HTTP or HTTPS allow {} (allowedRoutes.kinds), or name another one in {}.",
            few(listeners),
            place.route.rules.kind(),
            place.field("gateway")
        ),
        Obstacle::NamespaceNotAllowed { listeners } => format!(
            "It has: {}. Let one allow the namespace {} (allowedRoutes.namespaces, or a label of the namespace), or name another one in {}.",
            few(listeners),
            place.plan.namespace(),
            place.field("gateway")
        ),
        Obstacle::HostnameNotCovered { covered } => format!(
            "It has: {}. Write such a host name in spec.routes[{}].hostnames, or add a listener.",
            few(covered),
            place.route.route
        ),
    }
}

/// The first few of a list.
pub(super) fn few(all: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = all.iter().take(SHOWN).map(String::as_str).collect();
    match all.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
