//! The stream of MicroserviceSystems. They are in the operator's own namespaces, and nothing waits for them: a cluster may
//! lack the kind, or the operator the right to see it.

use std::collections::HashSet;

use kube::{
    CustomResourceExt,
    runtime::watcher::{self, Event},
};
use microservice_crds::MicroserviceSystem;

use super::{api, optional};
use crate::{
    context::Context,
    follow::{LATE_RIGHTS, Signal, follow},
    key::Key,
    store::{SYSTEMS, Served},
};

/// Follows the systems.
pub(super) async fn follow_systems(ctx: Context) {
    let api = api(&ctx, &MicroserviceSystem::api_resource());
    let mut suspects: HashSet<Key> = HashSet::new();
    let mut synced = false;
    // Unlike other kinds, this one's coming concerns no service.
    let served = |served| {
        ctx.store.set_served(SYSTEMS, served);
    };
    let retry = optional(&ctx, LATE_RIGHTS);
    follow(api, watcher::Config::default(), "microservicesystems", retry, &ctx.metrics, |signal| match signal {
        Signal::Event(Event::Init) => suspects = ctx.systems.keys().into_iter().collect(),
        Signal::Event(Event::InitApply(object)) => {
            suspects.remove(&Key::new(object.namespace(), object.name()));
            ctx.systems.changed(&object);
        }
        Signal::Event(Event::InitDone) => {
            suspects.drain().for_each(|key| ctx.systems.gone(&key));
            synced = true;
            served(Served::Synced);
        }
        Signal::Event(Event::Apply(object)) => ctx.systems.changed(&object),
        Signal::Event(Event::Delete(object)) => ctx.systems.gone(&Key::new(object.namespace(), object.name())),
        Signal::Failed { code: 404, .. } if !synced => served(Served::Absent),
        Signal::Failed { code: 403, .. } if !synced => served(Served::Forbidden),
        Signal::Failed { message, .. } if !synced => served(Served::Failing(message)),
        Signal::Failed { .. } => {}
    })
    .await;
}
