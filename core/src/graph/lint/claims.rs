//! Routes that want the same requests, or that a gateway cannot take side by side: the operator's own rules.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Code, Finding, Object, Severity, finding::listed, overlap::ByHost};
use crate::{
    graph::{Id, Survey},
    plan::{self, Claim},
};

/// Who came first has it: age, then namespace and name, as the operator has it.
type Rank<'a> = (Option<Timestamp>, &'a Id);

/// What somebody claims, and in which of its routes.
#[derive(Clone, Copy)]
struct Claimed<'a> {
    rank: Rank<'a>,
    claim: &'a Claim,
    route: Option<&'a String>,
}

pub(super) fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let mut all: Vec<Claimed<'_>> = Vec::new();
    for (id, service) in &survey.services {
        let of = service.claims.iter().map(|(claim, route)| Claimed {
            rank: (service.created, id),
            claim,
            route: route.as_ref(),
        });
        all.extend(of);
    }
    taken(&all, findings);
    mixed(&all, findings);
}

fn field(route: Option<&String>) -> String {
    route.map_or_else(|| "routes".to_owned(), |route| format!("routes[{route}]"))
}

/// What a service wants that an older one has.
#[derive(Default)]
struct Lost {
    /// Its routes.
    routes: BTreeSet<String>,
    /// Claims in words.
    wanted: BTreeSet<String>,
    /// Whether it is known which of the two is older.
    aged: bool,
}

fn taken(all: &[Claimed<'_>], findings: &mut Vec<Finding>) {
    let mut places: BTreeMap<Claim, Vec<&Claimed<'_>>> = BTreeMap::new();
    for claimed in all {
        places.entry(claimed.claim.place()).or_default().push(claimed);
    }
    let mut lost: BTreeMap<(&Id, &Id), Lost> = BTreeMap::new();
    for mut claims in places.into_values().filter(|claims| claims.len() > 1) {
        claims.sort_by_key(|claimed| claimed.rank);
        // Whoever is older and meets a later one also meets it through the oldest of its listener.
        let mut oldest: BTreeMap<Option<&String>, &Claimed<'_>> = BTreeMap::new();
        for claimed in claims {
            let older =
                oldest.values().filter(|other| other.claim.meets(claimed.claim) && other.rank.1 != claimed.rank.1);
            if let Some(older) = older.min_by_key(|other| other.rank) {
                let known = older.rank.0.is_some() && claimed.rank.0.is_some();
                let lost = lost.entry((claimed.rank.1, older.rank.1)).or_default();
                lost.routes.insert(field(claimed.route));
                lost.wanted.insert(claimed.claim.to_string());
                lost.aged = known;
            }
            oldest.entry(claimed.claim.section.as_ref()).or_insert(claimed);
        }
    }
    for ((younger, older), Lost { routes, wanted, aged }) in lost {
        let who = match aged {
            true => format!("{older} is older and has"),
            false => "whoever is created first gets".to_owned(),
        };
        findings.push(Finding {
            objects: vec![Object::service(younger), Object::service(older)],
            severity: Severity::Error,
            code: Code::HostTaken,
            paths: routes.into_iter().collect(),
            message: format!("{younger} and {older} both want {}; {who} it.", listed(wanted)),
            remedy: "Choose another host name, path or match in one of the two.".to_owned(),
        });
    }
}

/// One claim for each kind of route and listener.
type Listeners<'a> = BTreeMap<(&'a str, Option<&'a String>), &'a Claimed<'a>>;

/// Routes of both kinds with a host in common. Each is compared with one of the other kind at its host name and at each
/// wildcard around it: one is enough to see it.
fn mixed(all: &[Claimed<'_>], findings: &mut Vec<Finding>) {
    let mut parents: BTreeMap<&str, ByHost<Listeners<'_>>> = BTreeMap::new();
    for claimed in all {
        let listener = (claimed.claim.kind, claimed.claim.section.as_ref());
        let hosts = parents.entry(&claimed.claim.parent).or_default();
        hosts.at(&claimed.claim.host).entry(listener).or_insert(claimed);
    }
    let mut seen = BTreeSet::new();
    for claimed in all {
        let Some(hosts) = parents.get(claimed.claim.parent.as_str()) else { continue };
        let around = hosts.around(&claimed.claim.host).flat_map(|(_, listeners)| listeners.values());
        for other in around.filter(|other| other.claim.mixes(claimed.claim)) {
            // Each pair once: told of the service whose route is gRPC.
            let (grpc, http) = match claimed.claim.kind {
                "GRPCRoute" => (claimed, *other),
                _ => (*other, claimed),
            };
            let ours = [grpc.claim.clone()];
            let own = grpc.rank.1 == http.rank.1;
            let who = http.rank.1.to_string();
            for mix in plan::mixed_kinds(&ours, [(http.claim, who.as_str())]) {
                let mix = plan::MixedKinds { who: mix.who.filter(|_| !own), ..mix };
                if !seen.insert((grpc.rank.1, http.rank.1, mix.host.clone(), mix.parent.clone())) {
                    continue;
                }
                let mut objects = vec![Object::service(grpc.rank.1)];
                objects.extend((!own).then(|| Object::service(http.rank.1)));
                let text = mix.to_string();
                let (message, remedy) = text.split_once(". ").unwrap_or((&text, ""));
                findings.push(Finding {
                    objects,
                    severity: Severity::Warning,
                    code: Code::MixedRouteKinds,
                    paths: vec![field(grpc.route)],
                    message: format!("{message}."),
                    remedy: remedy.to_owned(),
                });
            }
        }
    }
}
