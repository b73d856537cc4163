//! Datastores that more than one service says are its own.

use std::collections::{BTreeMap, BTreeSet};

use microservice_crds::{ExternalPort, Transport};

use super::{
    Code, Finding, Object, Severity,
    finding::listed,
    overlap::{ByHost, ByRange},
};
use crate::{
    graph::{Id, Survey},
    plan,
};

/// Owners of a wider target that are told with one of a narrower.
const WIDER_MAX: usize = 10;

/// Who says that something is his, where, and on which ports.
type Owners<'a> = Vec<(&'a Id, String, &'a [ExternalPort])>;

pub(super) fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let mut services: BTreeMap<Id, Owners<'_>> = BTreeMap::new();
    let mut hosts: ByHost<Owners<'_>> = ByHost::default();
    let mut ranges: ByRange<Owners<'_>> = ByRange::default();
    for node in survey.graph.nodes() {
        for used in node.uses.iter().filter(|used| used.owned) {
            let owner = (&node.id, plan::field_of_use(used), [].as_slice());
            services.entry(node.provider(used)).or_default().push(owner);
        }
        for external in node.external.iter().filter(|external| external.owned) {
            let owner = || (&node.id, format!("external[{}]", external.name), external.ports.as_slice());
            external.hosts.iter().for_each(|host| hosts.at(host).push(owner()));
            external.cidrs.iter().filter_map(|cidr| ranges.at(cidr).map(|at| at.push(owner()))).for_each(drop);
        }
    }
    for (service, owners) in &services {
        findings.extend(shared(&service.to_string(), owners, &[]));
    }
    for (host, owners) in hosts.iter() {
        let wider = hosts.around(host).skip(1).flat_map(|(_, owners)| owners.iter().take(WIDER_MAX));
        findings.extend(shared(host, owners, &wider.collect::<Vec<_>>()));
    }
    for (range, owners) in ranges.iter() {
        let wider = ranges.around(*range).skip(1).flat_map(|(_, owners)| owners.iter().take(WIDER_MAX));
        findings.extend(shared(&range.to_string(), owners, &wider.collect::<Vec<_>>()));
    }
}

fn shared(target: &str, own: &Owners<'_>, wider: &[&(&Id, String, &[ExternalPort])]) -> Option<Finding> {
    let all: Vec<_> = own.iter().chain(wider.iter().copied()).collect();
    let ids: BTreeSet<&Id> = all.iter().map(|(id, ..)| *id).collect();
    if ids.len() < 2 {
        return None;
    }
    let meets = meeting(&all);
    let mut owners: BTreeMap<&Id, &String> = BTreeMap::new();
    for (id, field, _) in all.iter().zip(meets).filter(|(_, meets)| *meets).map(|(owner, _)| owner) {
        owners.entry(id).or_insert(field);
    }
    // Those of wider targets among each other are told there.
    if owners.len() < 2 || !own.iter().any(|(id, ..)| owners.contains_key(id)) {
        return None;
    }
    let field = owners.values().next().map(|field| (*field).clone());
    Some(Finding {
        objects: owners.keys().map(|id| Object::service(id)).collect(),
        severity: Severity::Warning,
        code: Code::SharedDatastore,
        paths: field.into_iter().collect(),
        message: format!("{} each say that {target} is theirs alone.", listed(owners.keys())),
        remedy: "Let one of them own it and the others ask that one, or take owned away where it is shared on purpose."
            .to_owned(),
    })
}

/// Whether each owner has a port in common with another service. Nothing said is every port.
fn meeting(all: &[&(&Id, String, &[ExternalPort])]) -> Vec<bool> {
    // The range of ports, and which owner says it, in the order of first ports.
    let mut ranges: Vec<(Transport, i32, i32, usize)> = Vec::new();
    for (number, (_, _, ports)) in all.iter().enumerate() {
        for port in *ports {
            ranges.push((port.protocol, port.port, port.end_port.unwrap_or(port.port).max(port.port), number));
        }
        if ports.is_empty() {
            ranges.extend([Transport::Tcp, Transport::Udp].map(|transport| (transport, 0, i32::MAX, number)));
        }
    }
    ranges.sort_unstable();
    let mut meets = vec![false; all.len()];
    let id = |number: usize| all.get(number).map(|(id, ..)| *id);
    // Of the ranges that began before: the one that ends last, and that of another service which ends last.
    let mut open: Vec<(Transport, i32, usize)> = Vec::new();
    for (transport, first, last, number) in ranges {
        open.retain(|(other, end, _)| *other == transport && *end >= first);
        for (_, _, other) in open.iter().filter(|(_, _, other)| id(*other) != id(number)) {
            for owner in [*other, number] {
                if let Some(meets) = meets.get_mut(owner) {
                    *meets = true;
                }
            }
        }
        open.push((transport, last, number));
        open.sort_by_key(|(_, end, _)| std::cmp::Reverse(*end));
        // Two services are enough to tell of every later one.
        let longest = open.first().and_then(|(_, _, number)| id(*number));
        let other = open.iter().position(|(_, _, number)| id(*number) != longest);
        let kept: Vec<_> =
            open.first().copied().into_iter().chain(other.and_then(|at| open.get(at).copied())).collect();
        open = kept;
    }
    meets
}
