//! Uses that lead nowhere or are not consented to, and APIs that nobody uses.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use microservice_crds::{Api, Consent, NetworkMode, Use};

use super::{Code, Finding, Object, Severity};
use crate::{
    graph::{self, Id, Node, Offer, Provider, Resolution, Survey, port_of},
    plan,
};

pub(super) fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for node in survey.graph.nodes() {
        for used in &node.uses {
            let provider = node.provider(used);
            if provider != node.id {
                findings.extend(nowhere(survey, node, used, &provider));
                findings.extend(consent(survey, node, used, &provider));
            }
        }
        findings.extend(node.offer.exposes.iter().filter_map(|api| unused(survey, node, api)));
    }
}

/// A service that works without what it uses is not broken by that.
fn unless_optional(used: &Use, severity: Severity) -> Severity {
    match (used.optional, severity) {
        (true, Severity::Error) => Severity::Warning,
        (true, _) => Severity::Info,
        (false, severity) => severity,
    }
}

fn nowhere(survey: &Survey<'_>, node: &Node, used: &Use, provider: &Id) -> Option<Finding> {
    let (id, known) = (&node.id, survey.provider(provider));
    let (severity, code, why, remedy) = match graph::resolve(used, known) {
        Resolution::NotFound => (
            // It may be made elsewhere, or later: the service starts without it.
            Severity::Warning,
            Code::NoSuchService,
            "there is no such Microservice".to_owned(),
            "Create it, correct service and namespace, write its port as a number if it is no Microservice, or say \
             optional: true if it may be missing.",
        ),
        Resolution::NoPort(why) => {
            (Severity::Error, Code::NoSuchPort, why, "Name a port that it has, or add one there.")
        }
        Resolution::NoApi(why) => {
            (Severity::Error, Code::NoSuchApi, why, "Name an API that it exposes, or let it expose this one.")
        }
        Resolution::AsWritten(number, None) => {
            let Provider::Known(offer) = known else { return None };
            let all = strange(offer, number)?;
            let why = format!("its Service has no port {number} (it has {all})");
            (Severity::Warning, Code::NoSuchPort, why, "Write one of its ports, or leave port out where there is one.")
        }
        Resolution::AsWritten(_, Some(_)) | Resolution::Port(_) | Resolution::Unseen => return None,
    };
    let mut objects = vec![Object::service(id)];
    objects.extend(matches!(known, Provider::Known(_)).then(|| Object::service(provider)));
    Some(Finding {
        objects,
        severity: unless_optional(used, severity),
        code,
        paths: vec![plan::field_of_use(used)],
        message: format!("{id} uses {provider}, and {why}."),
        remedy: remedy.to_owned(),
    })
}

/// The ports of a Service which has not this one. Without any port there is no Service of the operator, and whoever makes
/// one decides.
fn strange(offer: &Offer, number: i32) -> Option<String> {
    let own_target = |port: &&microservice_crds::Port| offer.headless && port.target_port == Some(number);
    let strange = !offer.ports.is_empty() && !offer.ports.iter().any(|port| own_target(&port));
    let all: Vec<String> = offer.ports.iter().map(|port| format!("{} {}", port.name, port.port)).collect();
    strange.then(|| all.join(", "))
}

fn consent(survey: &Survey<'_>, node: &Node, used: &Use, provider: &Id) -> Option<Finding> {
    let of = survey.graph.get(provider)?;
    let allow_from = of.offer.allow_from.as_deref();
    if graph::consents(provider, allow_from, &node.id, node.system.as_deref(), &survey.labels) {
        return None;
    }
    let enforced = |id: &Id| survey.services.get(id).is_some_and(|service| service.network == NetworkMode::Enforce);
    let closed = enforced(&node.id) || enforced(provider);
    let (severity, outcome) = match closed {
        true => (Severity::Error, "NetworkPolicies keep it out"),
        false => (Severity::Warning, "NetworkPolicies will keep it out once the class enforces them"),
    };
    let id = &node.id;
    let item = match id.namespace == provider.namespace {
        true => format!("{{service: {}}}", id.name),
        false => format!("{{service: {}, namespace: {}}}", id.name, id.namespace),
    };
    let step = match allow_from {
        Some(_) => format!("Add {item} to allowFrom of {provider}"),
        // What is written replaces the default.
        None => format!("Write allowFrom: [{{namespace: {}}}, {item}] in {provider}", provider.namespace),
    };
    Some(Finding {
        objects: vec![Object::service(provider), Object::service(id)],
        severity: unless_optional(used, severity),
        code: Code::MissingConsent,
        paths: vec!["allowFrom".to_owned()],
        message: format!("{id} uses {provider}, which does not let it: {outcome}."),
        remedy: format!("{step}, or remove {} from {id}.", plan::field_of_use(used)),
    })
}

fn unused(survey: &Survey<'_>, node: &Node, api: &Api) -> Option<Finding> {
    if !sees_all_consumers(survey, node) || routed(survey, node, api) {
        return None;
    }
    let versions: Vec<&Api> = node.offer.exposes.iter().filter(|other| other.name == api.name).collect();
    let uses = |consumer: &Node| {
        let mut here = consumer.uses.iter().filter(|used| consumer.means(used, &node.id));
        here.any(|used| means(used, api, versions.len(), &node.offer))
    };
    if survey.graph.consumers(&node.id).any(|consumer| uses(consumer)) {
        return None;
    }
    let (id, Api { name, version, .. }) = (&node.id, api);
    Some(Finding {
        objects: vec![Object::service(id)],
        severity: Severity::Info,
        code: Code::UnusedApi,
        paths: vec![format!("exposes[{name} {version}]")],
        message: format!("{id} exposes API {name} {version}, and nobody who may use it says so."),
        remedy: "Remove it, or let its consumers name it in uses.".to_owned(),
    })
}

/// Whether a use may be one of this version of an API.
fn means(used: &Use, api: &Api, versions: usize, offer: &Offer) -> bool {
    let port = port_of(api, offer);
    match &used.port {
        Some(IntOrString::Int(number)) => port.is_some_and(|port| offer.dialed(port) == *number),
        Some(IntOrString::String(name)) => port.is_some_and(|port| port.name == *name),
        // Which version is meant where several stand side by side, only a range or the newest tells.
        None if versions > 1 && (!used.api.is_empty() || used.version.is_some()) => {
            super::in_use(used, offer).is_some_and(|meant| meant == api)
        }
        None => used.api.is_empty() || used.api == api.name,
    }
}

/// Whether a route leads to the port of an API: whoever calls it then need not say so.
fn routed(survey: &Survey<'_>, node: &Node, api: &Api) -> bool {
    let Some(port) = port_of(api, &node.offer) else { return true };
    let leads = |router: &Node| {
        let mut edges = router.routes.iter();
        edges.any(|edge| edge.service == node.id.name && edge.port == port.port)
    };
    leads(node) || survey.graph.routers(&node.id).any(|router| leads(router))
}

/// Whether all that a provider lets use it are known, so that it is certain that nobody does.
fn sees_all_consumers(survey: &Survey<'_>, node: &Node) -> bool {
    let own = &node.id.namespace;
    let of = |consent: &Consent| match (&consent.namespace, &consent.namespaces) {
        (Some(name), _) => survey.sees(name),
        (None, Some(_)) => survey.sees_everything(),
        (None, None) => survey.sees(own),
    };
    let list: BTreeSet<bool> = node.offer.allow_from.iter().flatten().map(of).collect();
    survey.sees(own) && !list.contains(&false)
}
