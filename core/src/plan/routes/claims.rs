//! What a service claims on its gateways: which of two services gets a host is decided by who came first.

use std::collections::{BTreeMap, BTreeSet};

use microservice_crds::gateway::{GrpcRouteMatch, HttpRouteMatch, HttpValueMatch, PathMatchType};
use serde::Serialize;
use serde_json::Value;

use super::{Made, standing};
use crate::{
    gateway::hostname,
    plan::{Claim, ParentPlan, Plan, RoutePlan, RouteRules, draft::Draft},
};

/// What the routes of a plan claim, also those that are withheld: it follows from the spec and the class alone, not from
/// what others claim.
pub fn claims(plan: &Plan) -> Vec<Claim> {
    plan.claims.clone()
}

/// What a live route claims: all that is known of a service whose plan cannot be made.
pub fn standing_claims(kind: &str, live: &Value) -> Vec<Claim> {
    standing::standing(kind, live).iter().flat_map(claimed_by).collect()
}

impl Claim {
    /// The claim without its listener: two that can meet have the same.
    pub fn place(&self) -> Self {
        Self { section: None, ..self.clone() }
    }

    /// Whether both want the same requests: a route that names no listener hangs on all of them.
    ///
    /// Host names are compared as they are written, not as listeners narrow them. Claims follow from specs and classes
    /// alone, so that an edit of a Gateway takes no host from anybody: a route for every host and one for
    /// `shop.example.com` are both made on a listener for that very host, and there the gateway's own order decides.
    pub fn meets(&self, other: &Self) -> bool {
        share_listener(self, other)
            && self.kind == other.kind
            && self.host == other.host
            && self.matching == other.matching
    }
}

fn share_listener(one: &Claim, two: &Claim) -> bool {
    let sections = one.section.is_none() || two.section.is_none() || one.section == two.section;
    one.parent == two.parent && sections
}

/// The kinds of route objects, as claims name them.
const KINDS: [&str; 2] = ["HTTPRoute", "GRPCRoute"];

/// An HTTPRoute and a GRPCRoute of which a gateway may take one only, because their host names meet on a listener.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MixedKinds {
    /// The gateway. Example: `Gateway infra/web`.
    pub parent: String,
    /// The host name of our claim; empty: every host.
    pub host: String,
    /// The kind of our route.
    pub ours: &'static str,
    /// The kind of the other route.
    pub theirs: &'static str,
    /// Whose the other route is, as it was given; none: of the same service.
    pub who: Option<String>,
}

impl std::fmt::Display for MixedKinds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { parent, ours, theirs, who, .. } = self;
        let host = if self.host.is_empty() { "every host" } else { &self.host };
        let whose = match who {
            Some(who) => format!("of this service and {theirs} of Microservice {who}"),
            None => format!("and {theirs}, both of this service"),
        };
        write!(
            f,
            "On {parent} {host} has {ours} {whose}: a gateway may refuse the younger of them. Give gRPC a host name of its \
             own, or write paths in its route, which makes it an HTTPRoute."
        )
    }
}

impl Claim {
    /// Where claims of the other kind on the same parent begin in the order of claims.
    pub fn other_kind(&self) -> Self {
        let kind = KINDS.into_iter().find(|kind| *kind != self.kind).unwrap_or_default();
        Self { parent: self.parent.clone(), kind, ..Self::default() }
    }

    /// Whether a gateway may refuse one of the two, because they are of different kinds and have a host in common there.
    pub fn mixes(&self, other: &Self) -> bool {
        self.kind != other.kind && share_listener(self, other) && hostname::intersect(&self.host, &other.host).is_some()
    }

    /// The claim without its match: which kinds of routes mix follows from the rest.
    pub fn on_host(&self) -> Self {
        Self { matching: String::new(), ..self.clone() }
    }
}

/// Where an HTTPRoute and a GRPCRoute meet on one host of a listener: our claims against each other, and against those of
/// others, each with its owner.
pub fn mixed_kinds<'a>(ours: &[Claim], others: impl IntoIterator<Item = (&'a Claim, &'a str)>) -> Vec<MixedKinds> {
    let ours: BTreeSet<Claim> = ours.iter().map(Claim::on_host).collect();
    let others: BTreeSet<(Claim, &str)> = others.into_iter().map(|(claim, who)| (claim.on_host(), who)).collect();
    let others = others.iter().map(|(claim, who)| (claim, Some(*who)));
    // Of our own, each pair once: told of its gRPC.
    let own = ours.iter().filter(|claim| claim.kind == "HTTPRoute").map(|claim| (claim, None));
    let mut found = BTreeSet::new();
    for (other, who) in own.chain(others) {
        for own in ours.iter().filter(|own| own.mixes(other)) {
            found.insert(MixedKinds {
                parent: own.parent.clone(),
                host: own.host.clone(),
                ours: own.kind,
                theirs: other.kind,
                who: who.map(str::to_owned),
            });
        }
    }
    found.into_iter().collect()
}

/// How many claims these objects make, at most.
pub(super) fn count(objects: &[RoutePlan]) -> usize {
    let of = |object: &RoutePlan| {
        let matches: usize = match &object.rules {
            RouteRules::Http(rules) => rules.iter().map(|rule| rule.matches.len()).sum(),
            RouteRules::Grpc(rules) => rules.iter().map(|rule| rule.matches.len().max(1)).sum(),
        };
        object.hostnames.len().max(1) * matches * object.parents.len()
    };
    objects.iter().map(of).sum()
}

/// What these objects claim, each claim once.
pub(super) fn of(objects: &[RoutePlan]) -> Vec<Claim> {
    let claims: BTreeSet<Claim> = objects.iter().flat_map(claimed_by).collect();
    claims.into_iter().collect()
}

/// What one route object claims.
pub fn claimed_by(object: &RoutePlan) -> Vec<Claim> {
    let every = [String::new()];
    let hosts = if object.hostnames.is_empty() { every.as_slice() } else { object.hostnames.as_slice() };
    let matches: Vec<String> = match &object.rules {
        RouteRules::Http(rules) => rules.iter().flat_map(|rule| &rule.matches).map(http).collect(),
        RouteRules::Grpc(rules) if rules.iter().all(|rule| rule.matches.is_empty()) => {
            vec![grpc(&GrpcRouteMatch::default())]
        }
        RouteRules::Grpc(rules) => rules.iter().flat_map(|rule| &rule.matches).map(grpc).collect(),
    };
    let claim = |parent: &ParentPlan, host: &String, matching: &String| Claim {
        parent: parent.id.to_string(),
        section: parent.section_name.clone(),
        kind: object.rules.kind(),
        host: host.clone(),
        matching: matching.clone(),
    };
    let pairs = hosts.iter().flat_map(|host| matches.iter().map(move |matching| (host, matching)));
    let claims = pairs.flat_map(|(host, matching)| object.parents.iter().map(move |p| claim(p, host, matching)));
    claims.collect()
}

/// The same text for all matches that mean the same.
fn http(item: &HttpRouteMatch) -> String {
    let mut item = item.clone();
    let path = item.path.get_or_insert_default();
    if path.type_ == PathMatchType::PathPrefix && path.value.len() > 1 {
        // Whole elements are compared, so that a slash at the end changes nothing.
        path.value = path.value.trim_end_matches('/').to_owned();
    }
    item.headers = headers(&item.headers);
    item.query_params.sort_by(|a, b| a.name.cmp(&b.name));
    text(&item)
}

fn grpc(item: &GrpcRouteMatch) -> String {
    let mut item = item.clone();
    item.headers = headers(&item.headers);
    text(&item)
}

fn headers(headers: &[HttpValueMatch]) -> Vec<HttpValueMatch> {
    let lower = |header: &HttpValueMatch| HttpValueMatch { name: header.name.to_ascii_lowercase(), ..header.clone() };
    let mut headers: Vec<_> = headers.iter().map(lower).collect();
    headers.sort_by(|a, b| a.name.cmp(&b.name));
    headers
}

fn text(item: &impl Serialize) -> String {
    serde_json::to_string(item).unwrap_or_default()
}

/// In words. Example: `shop.example.com with path prefix "/api" on Gateway infra/web`.
impl std::fmt::Display for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&words(self))
    }
}

pub(super) fn words(claim: &Claim) -> String {
    let host = if claim.host.is_empty() { "every host" } else { &claim.host };
    let item: Value = serde_json::from_str(&claim.matching).unwrap_or_default();
    let get = |path: &str| item.pointer(path).and_then(Value::as_str);
    let mut parts = Vec::new();
    match get("/path/type") {
        Some("Exact") => parts.push(format!("path {:?}", get("/path/value").unwrap_or_default())),
        Some("RegularExpression") => parts.push(format!("paths like {:?}", get("/path/value").unwrap_or_default())),
        Some(_) => parts.push(format!("path prefix {:?}", get("/path/value").unwrap_or_default())),
        None if item.get("method").is_none() => parts.push("every gRPC method".to_owned()),
        None => {
            let (service, method) = (get("/method/service").unwrap_or("*"), get("/method/method").unwrap_or("*"));
            parts.push(format!("gRPC method {service}/{method}"));
        }
    }
    parts.extend(get("/method").map(|method| format!("method {method}")));
    for (list, what) in [("headers", "header"), ("queryParams", "query parameter")] {
        let names = item.get(list).and_then(Value::as_array).into_iter().flatten();
        parts.extend(names.filter_map(|n| n.get("name")?.as_str()).map(|name| format!("{what} {name}")));
    }
    format!("{host} with {} on {}", parts.join(", "), claim.parent)
}

/// Two routes of one service that want the same requests: one of them would never get any.
pub(super) fn refuse_twins(draft: &mut Draft<'_>, all: &[Made<'_>]) {
    let mut places: BTreeMap<Claim, Vec<(usize, &Claim)>> = BTreeMap::new();
    for (index, made) in all.iter().enumerate() {
        let mut twin = None;
        for claim in &made.claims {
            let there = places.entry(claim.place()).or_default();
            twin = twin
                .or_else(|| there.iter().find(|(at, other)| *at != index && other.meets(claim)).map(|t| (t.0, claim)));
            there.push((index, claim));
        }
        if let Some((other, claim)) = twin.and_then(|(other, claim)| Some((all.get(other)?, claim))) {
            let message = format!(
                "route {:?} takes {} too; give one of them other hostnames, paths or matches",
                other.site.route.name,
                words(claim)
            );
            draft.refuse(&made.site.field, message);
        }
    }
}
