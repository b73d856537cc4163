//! The streams of what stands around services: classes, namespaces, and the objects of the Gateway API that routes hang
//! on. They are of the whole cluster, also for an operator of one namespace, which may lack the right to see them.

use std::collections::HashSet;

use kube::{
    Api,
    api::ApiResource,
    runtime::watcher::{self, Event},
};

use super::served;
use crate::{
    around::Around,
    context::Context,
    follow::{LATE, Signal, follow},
    store::{CLASSES, GATEWAY_CLASSES, GATEWAYS, Kind, LISTENER_SETS, NAMESPACES, Served},
};

/// Follows one such kind.
pub(super) async fn follow_around(ctx: Context, kind: Kind) {
    let Some(resource) = resource(kind) else { return };
    let api = Api::all_with(ctx.cluster.client().clone(), &resource);
    let mut suspects = HashSet::new();
    let mut synced = false;
    let wake = |interests| ctx.wake(interests);
    follow(api, watcher::Config::default(), &resource.plural, LATE, &ctx.metrics, |signal| match signal {
        Signal::Event(Event::Init) => suspects = ctx.around.names(kind),
        Signal::Event(Event::InitApply(object)) => {
            suspects.remove(&Around::name_of(&object));
            wake(ctx.around.changed(kind, &object));
        }
        Signal::Event(Event::InitDone) => {
            for name in suspects.drain() {
                wake(ctx.around.gone(kind, &name));
            }
            synced = true;
            served(&ctx, kind, Served::Synced);
        }
        Signal::Event(Event::Apply(object)) => wake(ctx.around.changed(kind, &object)),
        Signal::Event(Event::Delete(object)) => wake(ctx.around.gone(kind, &Around::name_of(&object))),
        // Its definition is there, but not served yet, or not in this version.
        Signal::Failed { code: 404, .. } if !synced => served(&ctx, kind, Served::Absent),
        Signal::Failed { code: 403, .. } if !synced => served(&ctx, kind, Served::Forbidden),
        Signal::Failed { message, .. } if !synced => served(&ctx, kind, Served::Failing(message)),
        Signal::Failed { .. } => {}
    })
    .await;
}

fn resource(kind: Kind) -> Option<ApiResource> {
    let (group, version, name, plural) = match kind {
        NAMESPACES => ("", "v1", "Namespace", "namespaces"),
        CLASSES => (microservice_crds::GROUP, microservice_crds::VERSION, "MicroserviceClass", "microserviceclasses"),
        GATEWAYS => (microservice_crds::gateway::GATEWAY_GROUP, "v1", "Gateway", "gateways"),
        GATEWAY_CLASSES => (microservice_crds::gateway::GATEWAY_GROUP, "v1", "GatewayClass", "gatewayclasses"),
        LISTENER_SETS => (microservice_crds::gateway::GATEWAY_GROUP, "v1", "ListenerSet", "listenersets"),
        _ => return None,
    };
    Some(ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") },
        kind: name.to_owned(),
        plural: plural.to_owned(),
    })
}
