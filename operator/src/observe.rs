//! Observe: what a plan depends on beside the Microservice itself, and a note of it, so that a change wakes this service.

use std::collections::BTreeSet;

use microservice_core::{
    gateway::{ParentId, View},
    graph::Node,
    outcome::ScaleTarget,
    plan::{self, Blame, ClassFact, Facts, Invalid, Subject},
};
use microservice_crds::MicroserviceStatus;

use crate::{
    context::Context,
    edges,
    interest::Interest,
    key::Key,
    queue::Priority,
    store::{CLASSES, DEFINITIONS, Kind, NAMESPACES, Served, Snapshot},
};

/// Why nothing can be planned now.
pub enum Blind {
    /// Something is there and cannot be read: a person must act.
    Invalid(Invalid),
    /// Something could not be looked at: it is tried again.
    Unseen(String),
}

/// Looks around, for the plan. What the answer depends on is noted first, so that whatever comes later wakes the service:
/// also where the answer is that nothing can be planned.
///
/// # Errors
/// When something that decides how the service is rendered is not known.
pub fn observe(ctx: &Context, key: &Key, snapshot: &Snapshot, subject: &Subject, node: &Node) -> Result<Facts, Blind> {
    ctx.interests.watching(key, || {
        let mut interests = BTreeSet::new();
        (look_around(ctx, key, snapshot, subject, node, &mut interests), interests)
    })
}

fn look_around(
    ctx: &Context,
    key: &Key,
    snapshot: &Snapshot,
    subject: &Subject,
    node: &Node,
    interests: &mut BTreeSet<Interest>,
) -> Result<Facts, Blind> {
    let status = snapshot.service.status.as_ref();
    let (class, depends) = ctx.around.classes.choose(subject.spec.class.as_deref());
    interests.extend(depends);
    let class = known_class(snapshot, subject.spec.class.as_deref(), status, class)?;
    let namespace = key.namespace.to_string();
    if matches!(class, ClassFact::Found(_)) || !subject.spec.routes.is_empty() {
        interests.insert(Interest::Namespace(namespace.clone()));
    }
    let namespace_labels = ctx.around.labels(&namespace);
    if namespace_labels.is_none()
        && let Some(problem) = plan::needs_namespace(subject, &class)
    {
        return Err(unlabelled(snapshot, &namespace, problem));
    }
    let mut services = None;
    let mut gateways = View { namespace_labels, ..View::default() };
    if !subject.spec.routes.is_empty() {
        let parents = parents(&namespace, subject, &class);
        interests.insert(Interest::Channel);
        interests.extend(parents.iter().cloned().map(Interest::Parent));
        gateways = ctx
            .around
            .view(&parents, gateways.namespace_labels, |kind| snapshot.served.get(kind) == Some(&Served::Synced));
        let neighbours = plan::neighbours(subject);
        interests.extend(neighbours.iter().map(|name| Interest::Service(namespace.clone(), name.clone())));
        services = Some(neighbours.into_iter().filter(|name| ctx.store.has_service(&namespace, name)).collect());
    }
    let neighbourhood = edges::around(ctx, node, &snapshot.service, interests);
    let mine = || snapshot.children.values().filter(|child| child.owner.is(&snapshot.service.uid));
    let sticky = status.and_then(|status| status.profile.clone());
    let on_deployment = snapshot.scalers.iter().find(|scaler| scaler.target == ScaleTarget::Deployment);
    Ok(Facts {
        foreign_scaler: on_deployment.map(|scaler| scaler.name.clone()),
        sticky_profile: sticky.or_else(|| mine().find_map(|child| child.profile.clone())),
        class,
        gateways,
        services,
        neighbourhood,
        templates: node.offer.templates.clone(),
        ..Facts::default()
    })
}

/// Forgets what a Microservice depends on and claims: it is gone.
pub fn forget(ctx: &Context, key: &Key) {
    ctx.interests.set(key, BTreeSet::new());
    let (_, concerned) = ctx.claims.set(key, None, BTreeSet::new());
    concerned.iter().for_each(|key| ctx.queue.enqueue(key, Priority::Drift));
}

fn served(snapshot: &Snapshot, kind: Kind) -> &Served {
    snapshot.served.get(kind).unwrap_or(&Served::Starting)
}

/// The class of a service. While it is not known which one that is, the service stays as it is: rendered without it, all
/// its pods could be replaced for nothing.
fn known_class(
    snapshot: &Snapshot,
    named: Option<&str>,
    status: Option<&MicroserviceStatus>,
    class: Result<ClassFact, Invalid>,
) -> Result<ClassFact, Blind> {
    match (served(snapshot, CLASSES), served(snapshot, DEFINITIONS)) {
        // Without the right to see definitions the kind itself was asked for: it is not there.
        (Served::Synced, _) | (Served::Absent, Served::Synced | Served::Forbidden) => {
            return class.map_err(Blind::Invalid);
        }
        (Served::Failing(why), _) => return Err(Blind::Unseen(format!("MicroserviceClasses cannot be listed: {why}"))),
        (Served::Starting, _) => return Err(Blind::Unseen("MicroserviceClasses are not listed yet".to_owned())),
        (Served::Absent, Served::Failing(why)) => {
            let message = format!(
                "it is not known whether there are MicroserviceClasses, because CustomResourceDefinitions cannot be listed: {why}"
            );
            return Err(Blind::Unseen(message));
        }
        (Served::Absent, Served::Starting | Served::Absent | Served::Unserved) => {
            let message = "it is not known yet whether there are MicroserviceClasses".to_owned();
            return Err(Blind::Unseen(message));
        }
        (Served::Unserved, _) => {
            let message = "MicroserviceClasses are not served in the version that this operator reads".to_owned();
            return Err(Blind::Unseen(message));
        }
        (Served::Forbidden, _) => {}
    }
    let had = status.and_then(|status| status.class.as_deref());
    match named.or(had) {
        Some(name) => Err(Blind::Invalid(Invalid {
            field: "class".to_owned(),
            message: format!(
                "MicroserviceClass {name:?} decides how this service is rendered, and the operator may not see it; let its ServiceAccount list and watch microserviceclasses"
            ),
            blame: Blame::NoClass,
        })),
        None => Ok(ClassFact::None),
    }
}

/// Why there are no labels of a namespace although the class asks for them.
fn unlabelled(snapshot: &Snapshot, namespace: &str, problem: Invalid) -> Blind {
    match served(snapshot, NAMESPACES) {
        Served::Forbidden => Blind::Invalid(problem),
        Served::Failing(why) => Blind::Unseen(format!("Namespaces cannot be listed: {why}")),
        Served::Starting | Served::Synced | Served::Absent | Served::Unserved => {
            Blind::Unseen(format!("Namespace {namespace:?} is not known yet"))
        }
    }
}

/// All that the routes of a service may hang on.
fn parents(namespace: &str, subject: &Subject, class: &ClassFact) -> Vec<ParentId> {
    let id = |kind, name: &str, of: Option<&String>| ParentId {
        kind,
        namespace: of.map_or(namespace, String::as_str).to_owned(),
        name: name.to_owned(),
    };
    let own = subject.spec.routes.iter().filter_map(|route| route.gateway.as_ref());
    let own = own.map(|g| id(g.kind, &g.name, g.namespace.as_ref()));
    let routing = match class {
        ClassFact::Found(class) => class.spec.routing.as_ref(),
        _ => None,
    };
    let default = routing.into_iter().flat_map(|routing| &routing.gateways);
    own.chain(default.map(|g| id(g.kind, &g.name, g.namespace.as_ref()))).collect()
}

#[cfg(test)]
mod tests;
