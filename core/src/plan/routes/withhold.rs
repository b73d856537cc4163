//! Routes that are not to be made now, though the spec is right: the host is another's, the gateway or the installed
//! Gateway API cannot do what they ask, or a Service that they name is not there.
//!
//! But for a host of another's, what stands of such a route stays as it is: half a change could move traffic.

use std::collections::BTreeSet;

use super::{Made, claims, features, fields};
use crate::{
    gateway::ParentId,
    plan::{Withheld, draft::Draft},
};

/// Reason of a route that would send clients back to where they are.
const LOOP: &str = "RedirectLoop";
const STAYS: &str = "What stands of the route stays as it is.";

/// Why the route is not to be made now, if there is a reason. `circle` says where it would send clients for ever, if it
/// would.
pub(super) fn verdict(draft: &Draft<'_>, made: &Made<'_>, circle: Option<String>) -> Option<Withheld> {
    let (keep, reason, message) = taken(draft, made)
        .or_else(|| Some((true, "UnsupportedByGatewayAPI", format!("{} {STAYS}", fields::missing(draft, made)?))))
        .or_else(|| unsupported(draft, made))
        .or_else(|| circle.map(|words| (true, LOOP, format!("{words} {STAYS}"))))
        .or_else(|| redirects_https(draft, made))
        .or_else(|| backend_missing(draft, made))
        .or_else(|| service_refused(draft, made))?;
    let objects = made.objects.iter().map(|o| (o.rules.kind(), o.name.clone())).collect();
    Some(Withheld { route: made.site.route.name.clone(), before: 0, objects, keep, reason, message })
}

type Verdict = Option<(bool, &'static str, String)>;

/// An older service has what the route claims.
fn taken(draft: &Draft<'_>, made: &Made<'_>) -> Verdict {
    let (claim, who) = made.claims.iter().find_map(|claim| Some((claim, draft.facts.taken.get(claim)?)))?;
    let message = format!(
        "{} has {} already, and is older. Choose another host name, path or match in {}, or remove that route there.",
        who,
        claims::words(claim),
        made.site.field
    );
    Some((false, "HostTaken", format!("Microservice {message}")))
}

/// A gateway that lists its features does not list one that the route needs. One that lists none is not asked.
fn unsupported(draft: &Draft<'_>, made: &Made<'_>) -> Verdict {
    let parents: BTreeSet<&ParentId> = made.objects.iter().flat_map(|o| &o.parents).map(|p| &p.id).collect();
    let mut missing = Vec::new();
    for id in parents {
        let Some(parent) = draft.facts.gateways.parent(id).present() else { continue };
        let Some(listed) = parent.features.as_ref().filter(|listed| !listed.is_empty()) else { continue };
        let class = parent.class.as_ref().map(|class| format!(" (GatewayClass {class})")).unwrap_or_default();
        let sets = id.kind == microservice_crds::ParentKind::ListenerSet;
        let set = sets.then(|| features::Need { feature: features::LISTENER_SET, field: made.site.at("gateway") });
        let needs = made.needs.iter().cloned().chain(set).filter(|need| features::lacks(listed, need.feature));
        let needs: Vec<String> = needs.map(|need| format!("{}, which {} needs", need.feature, need.field)).collect();
        if !needs.is_empty() {
            missing.push(format!("{id}{class} does not support {}", needs.join("; nor ")));
        }
    }
    if missing.is_empty() {
        return None;
    }
    let message = format!("{}. Remove what needs it, or choose another gateway. {STAYS}", missing.join(". "));
    Some((true, "UnsupportedByGateway", message))
}

/// A listener that the class names for http speaks https: a redirect to https there would never end.
fn redirects_https(draft: &Draft<'_>, made: &Made<'_>) -> Verdict {
    let redirects = made.objects.iter().filter(|object| object.redirects_to_https());
    let mut sections = redirects.flat_map(|o| &o.parents).filter_map(|p| Some((&p.id, p.section_name.as_ref()?)));
    let (id, section) = sections.find(|(id, section)| {
        let parent = draft.facts.gateways.parent(id).present();
        let listener = parent.and_then(|parent| parent.listeners.iter().find(|l| l.name == **section));
        listener.is_some_and(|listener| listener.protocol == "HTTPS")
    })?;
    let message = format!(
        "{}: listener {section:?} of {id} speaks https, and the class names it as the one for http: a redirect to https \
         there would never end. Correct listeners in routing.gateways of the class, or write tlsRedirect: false. {STAYS}",
        made.site.field
    );
    Some((true, LOOP, message))
}

/// A Service that the route sends to is known not to be there.
fn backend_missing(draft: &Draft<'_>, made: &Made<'_>) -> Verdict {
    let known = draft.facts.services.as_ref()?;
    let missing: Vec<String> = made
        .services
        .iter()
        .filter(|named| !known.contains(&named.service))
        .map(|named| format!("Service {:?} of {}", named.service, named.field))
        .collect();
    let message = match missing.as_slice() {
        [] => return None,
        [one] => format!("{one} is not there. Create it, or remove it from the route. {STAYS}"),
        many => format!("{} are not there. Create them, or remove them from the route. {STAYS}", many.join(" and ")),
    };
    Some((true, "BackendNotFound", message))
}

/// The Service of this Microservice is not there, and does not come by itself.
fn service_refused(draft: &Draft<'_>, made: &Made<'_>) -> Verdict {
    let why = draft.facts.no_service.as_ref()?;
    let own = &draft.subject.name;
    made.objects.iter().any(|object| object.leads_to(own)).then(|| {
        let message = format!("{} leads to Service {own:?}, which is not made. {why} {STAYS}", made.site.field);
        (true, "BackendNotFound", message)
    })
}
