//! Outcomes for the tests of the status.

use jiff::Timestamp;
use microservice_crds::{MicroserviceStatus, ParentKind, gateway::HttpRouteRule};

use super::facts::Facts;
use crate::{
    gateway::{AllowedNamespaces, Listener, Parent, ParentId, Seen, View},
    outcome::*,
    plan::{Plan, RoutePlan, RouteRules, tests::planned},
};

/// A point in time, so many seconds after the start of the story.
pub(super) fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
    Timestamp::from_second(start.as_second() + seconds).unwrap()
}

pub(super) fn plan() -> Plan {
    planned(
        "{image: 'registry.example/web:v1', ports: [{name: http, port: 80, targetPort: 8080, protocol: http}],
          resources: {limits: {memory: 128Mi}}, probes: {readiness: {httpGet: {path: /_healthz}}}}",
    )
}

pub(super) fn facts() -> Facts {
    Facts::of(&plan())
}

pub(super) fn verdict(status: &str, reason: &str, message: &str) -> Option<Verdict> {
    Some(Verdict { status: status.into(), reason: reason.into(), message: message.into(), since: None })
}

/// A Deployment of `spec` replicas, so many of them new and available.
pub(super) fn deployment(spec: i32, updated: i32, available: i32, progressing: &str) -> DeploymentHealth {
    let enough = if available >= spec { "True" } else { "False" };
    DeploymentHealth {
        generation: 1,
        observed_generation: 1,
        spec_replicas: spec,
        replicas: updated,
        updated,
        ready: available,
        available,
        available_verdict: verdict(enough, "MinimumReplicas", ""),
        progressing: verdict("True", progressing, ""),
        replica_failure: None,
    }
}

/// A Deployment as the answer to its creation shows it.
pub(super) fn fresh(spec: i32) -> DeploymentHealth {
    DeploymentHealth { generation: 1, spec_replicas: spec, ..DeploymentHealth::default() }
}

/// A Deployment that is rolled out.
pub(super) fn complete(spec: i32) -> DeploymentHealth {
    deployment(spec, spec, spec, "NewReplicaSetAvailable")
}

/// The Gateway that routes hang on.
pub(super) fn public() -> ParentId {
    ParentId { kind: ParentKind::Gateway, namespace: "gateways".into(), name: "public".into() }
}

fn listener(name: &str, port: i32, protocol: &str) -> Listener {
    Listener {
        name: name.into(),
        hostname: Some("*.example.com".into()),
        port,
        protocol: protocol.into(),
        namespaces: AllowedNamespaces::All,
        accepted: verdict("True", "Accepted", ""),
        programmed: verdict("True", "Programmed", ""),
        resolved_refs: verdict("True", "ResolvedRefs", ""),
        ..Listener::default()
    }
}

/// A Gateway that is up, with a listener `web` for http and one `websecure` for https.
pub(super) fn gateway() -> Parent {
    Parent {
        listeners: vec![listener("web", 80, "HTTP"), listener("websecure", 443, "HTTPS")],
        class: Some("c".into()),
        controller: Some("example.com/gw".into()),
        addresses: vec!["192.0.2.1".into()],
        accepted: verdict("True", "Accepted", ""),
        programmed: verdict("True", "Programmed", ""),
        ..Parent::default()
    }
}

/// A service that is rolled out, with one route for `shop.example.com` that its Gateway has taken.
pub(super) fn routed() -> Outcome {
    let mut outcome = outcome(1, ChildResult::Equal, complete(3));
    outcome.plan = Ok(planned(
        "{image: 'registry.example/web:v1', ports: [{name: http, port: 80, targetPort: 8080, protocol: http}],
          routes: [{hostnames: [shop.example.com], gateway: {name: public, namespace: gateways}}]}",
    ));
    outcome.gateways.parents.insert(public(), Seen::Present(gateway()));
    let taken = route_parent(verdict("True", "Accepted", ""), verdict("True", "ResolvedRefs", ""));
    let health = Health::Route(RouteHealth { created: Some(at(0)), parents: vec![taken], stands: None });
    outcome.children.push(ChildOutcome { health, ..child("HTTPRoute", ChildResult::Equal) });
    outcome
}

/// The only route object of a service.
pub(super) fn route_of(outcome: &mut Outcome) -> &mut RoutePlan {
    outcome.plan.as_mut().unwrap().routes.first_mut().unwrap()
}

/// The rules of its first HTTPRoute.
pub(super) fn rules_of(outcome: &mut Outcome) -> &mut Vec<HttpRouteRule> {
    match &mut route_of(outcome).rules {
        RouteRules::Http(rules) => rules,
        RouteRules::Grpc(_) => panic!("not an HTTPRoute"),
    }
}

/// The Gateway of a service.
pub(super) fn gateway_of(outcome: &mut Outcome) -> &mut Parent {
    match outcome.gateways.parents.get_mut(&public()) {
        Some(Seen::Present(parent)) => parent,
        other => panic!("{other:?}"),
    }
}

/// What its controllers say of the first route.
pub(super) fn said_of_route(outcome: &mut Outcome) -> &mut Vec<RouteParent> {
    match outcome.children.iter_mut().find_map(|c| if let Health::Route(h) = &mut c.health { Some(h) } else { None }) {
        Some(health) => &mut health.parents,
        None => panic!("no route"),
    }
}

/// What a controller says of a route on the Gateway `gateways/public`.
pub(super) fn route_parent(accepted: Option<Verdict>, resolved_refs: Option<Verdict>) -> RouteParent {
    RouteParent {
        kind: "Gateway".into(),
        gateway: "gateways/public".into(),
        section: None,
        controller: "example.com/gw".into(),
        accepted,
        resolved_refs,
        partially_invalid: None,
    }
}

pub(super) fn child(kind: &'static str, result: ChildResult) -> ChildOutcome {
    ChildOutcome { kind, name: "web".into(), result, health: Health::Silent }
}

/// A ServiceAccount, a Service and this Deployment, all with the same result.
pub(super) fn outcome(generation: i64, result: ChildResult, health: DeploymentHealth) -> Outcome {
    let mut deployment = child("Deployment", result.clone());
    deployment.health = Health::Deployment(health);
    Outcome {
        generation,
        seen: None,
        paused: false,
        plan: Ok(plan()),
        children: vec![child("ServiceAccount", result.clone()), child("Service", result), deployment],
        pods: Vec::new(),
        scalers: Vec::new(),
        gateways: View::default(),
        warnings: Vec::new(),
        awaited: Vec::new(),
        released: None,
        fault: None,
    }
}

pub(super) fn problem(kind: ProblemKind) -> PodProblem {
    PodProblem {
        kind,
        word: String::new(),
        container: Some("web".into()),
        image: String::new(),
        exit_code: None,
        restarts: 0,
        detail: String::new(),
        since: None,
    }
}

/// A pod of this template, created so many seconds after the start, with that problem.
pub(super) fn pod(name: &str, hash: &str, created: i64, problem: Option<PodProblem>) -> PodSummary {
    PodSummary {
        name: name.into(),
        template_hash: hash.into(),
        ready: problem.is_none(),
        terminating: false,
        created: Some(at(created)),
        problem,
    }
}

/// `True RolledOut`, or `-` where there is no such condition.
pub(super) fn shown(status: &MicroserviceStatus, kind: &str) -> String {
    super::conditions::find(status, kind).map_or("-".to_owned(), |c| format!("{} {}", c.status, c.reason))
}

pub(super) fn message<'a>(status: &'a MicroserviceStatus, kind: &str) -> &'a str {
    super::conditions::find(status, kind).map(|c| c.message.as_str()).unwrap_or_default()
}
