//! Host names whose requests need what goes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Consumer, Target};
use crate::graph::{Front, Id, Survey, port_of};

/// A host name whose requests need the target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Host {
    /// The host name; `*`: every host of the listener.
    pub host: String,
    /// The service whose route it is.
    pub service: Id,
    /// The route.
    pub route: String,
    /// Whether requests fail: a service that answers them does.
    pub fails: bool,
}

pub(super) fn affected(survey: &Survey<'_>, target: &Target, consumers: &[Consumer]) -> Vec<Host> {
    let fails: BTreeMap<&Id, bool> = consumers.iter().map(|consumer| (&consumer.id, consumer.fails)).collect();
    let ports = Ports::of(survey, target);
    // Whether requests to a port of a service are concerned, and whether they fail.
    let at = |id: &Id, port: i32| match fails.get(id) {
        Some(fails) => Some(*fails),
        None if id == target.service() => ports.at(port),
        None => None,
    };
    let answering: BTreeSet<&Id> = fails.keys().copied().chain([target.service()]).collect();
    let routers = answering.iter().flat_map(|id| survey.graph().routers(id)).map(|node| &node.id);
    let owners: BTreeSet<&Id> = answering.iter().copied().chain(routers).collect();
    let mut hosts = Vec::new();
    for owner in owners {
        for front in survey.services.get(owner).iter().flat_map(|service| &service.fronts) {
            let leads = front.leads.iter().filter_map(|(name, port)| at(&Id::new(&owner.namespace, name), *port));
            let leads: BTreeSet<bool> = leads.collect();
            if !leads.is_empty() {
                hosts.extend(of(owner, front, leads.contains(&true)));
            }
        }
    }
    hosts.sort();
    hosts
}

fn of<'a>(owner: &'a Id, front: &'a Front, fails: bool) -> impl Iterator<Item = Host> + 'a {
    let every = front.hosts.is_empty().then(|| "*".to_owned());
    let hosts = front.hosts.iter().cloned().chain(every);
    hosts.map(move |host| Host { host, service: owner.clone(), route: front.route.clone(), fails })
}

/// Ports of the target that are concerned.
enum Ports {
    All,
    /// Whether nothing else is served there, by the port.
    OfApi(BTreeMap<i32, bool>),
}

impl Ports {
    fn of(survey: &Survey<'_>, target: &Target) -> Self {
        let (Target::Api { .. }, Some(node)) = (target, survey.graph().get(target.service())) else { return Self::All };
        let port = |api| port_of(api, &node.offer).map(|port| port.port);
        let (hit, left): (Vec<_>, Vec<_>) = node.offer.exposes.iter().partition(|api| target.hits(api));
        let left: BTreeSet<i32> = left.into_iter().filter_map(port).collect();
        Self::OfApi(hit.into_iter().filter_map(port).map(|port| (port, !left.contains(&port))).collect())
    }

    fn at(&self, port: i32) -> Option<bool> {
        match self {
            Self::All => Some(true),
            Self::OfApi(ports) => ports.get(&port).copied(),
        }
    }
}
