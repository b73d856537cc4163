//! What must hold when the faults are over, whatever they were.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use kube::{Api, Client, api::ListParams};
use microservice_core::{
    children::{CHILDREN, Desired},
    compare,
    plan::{Class, ClassFact, Facts, Subject},
    render::render,
};
use microservice_crds::{Microservice, annotations};
use microservice_operator::{cluster::api_resource, object::LeanObject};
use microservice_tests::{
    control_plane::Requests,
    rig::{condition, observed},
};

/// The spec of the only class that trials use.
pub const CLASS: &str = "{network: {mode: Enforce}}";

/// O1: the service is Ready at its generation, its children are what they should be, and there are no others.
/// Answers what is not so.
pub async fn end_state(client: &Client, namespace: &str, name: &str) -> Result<Option<String>> {
    let service = Api::<Microservice>::namespaced(client.clone(), namespace).get(name).await?;
    if !observed(&service) {
        return Ok(Some("the status is of another generation".into()));
    }
    for (type_, wanted) in [("Ready", Some("True")), ("Reconciling", None), ("Stalled", None)] {
        let found = condition(&service, type_);
        if found.map(|c| c.status.as_str()) != wanted {
            return Ok(Some(format!("{type_} is {found:?}")));
        }
    }
    let wanted = wanted(&service)?;
    let listed: BTreeSet<_> = service.status.iter().flat_map(|s| &s.children).map(|c| (&*c.kind, &*c.name)).collect();
    if listed != wanted.iter().map(|child| (child.entry.kind, &*child.name)).collect() {
        return Ok(Some(format!("the status lists {listed:?}")));
    }
    let uid = service.metadata.uid.clone().context("no uid")?;
    for entry in CHILDREN {
        let api: Api<LeanObject> = Api::namespaced_with(client.clone(), namespace, &api_resource(entry));
        let listed = match api.list(&ListParams::default()).await {
            // Not on this server.
            Err(kube::Error::Api(status)) if status.code == 404 && entry.crd.is_some() => continue,
            listed => listed?,
        };
        let mut live: BTreeMap<String, LeanObject> = listed
            .into_iter()
            .filter(|object| object.controller().is_some_and(|owner| owner.uid == uid))
            .map(|object| (object.name().to_owned(), object))
            .collect();
        for child in wanted.iter().filter(|child| std::ptr::eq(child.entry, entry)) {
            let Some(object) = live.remove(&child.name) else {
                return Ok(Some(format!("{} {} is missing", entry.kind, child.name)));
            };
            if object.annotation(annotations::DIGEST) != Some(&child.digest) {
                return Ok(Some(format!("{} {} has an old digest", entry.kind, child.name)));
            }
            let least = least_replicas(&service);
            if entry.kind == "Deployment" && object.to_value()["spec"]["replicas"].as_i64() < Some(least) {
                return Ok(Some(format!("fewer replicas than {least}")));
            }
            if let Some(difference) = compare::difference(&child.body, &object.to_value()) {
                return Ok(Some(format!("{} {} differs: {difference:?}", entry.kind, child.name)));
            }
        }
        if let Some(name) = live.keys().next() {
            return Ok(Some(format!("{} {name} should not be there", entry.kind)));
        }
    }
    Ok(None)
}

/// The count that the Deployment must have at least.
fn least_replicas(service: &Microservice) -> i64 {
    let scaling = service.spec.scaling.as_ref();
    scaling.and_then(|s| s.replicas.or(s.min_replicas)).map_or(0, i64::from)
}

/// The children that a Microservice wants.
pub fn wanted(service: &Microservice) -> Result<Vec<Desired>> {
    let subject = Subject {
        name: service.metadata.name.clone().unwrap_or_default(),
        namespace: service.metadata.namespace.clone().unwrap_or_default(),
        uid: service.metadata.uid.clone().unwrap_or_default(),
        generation: service.metadata.generation.unwrap_or_default(),
        spec: service.spec.clone(),
    };
    let class = match &service.spec.class {
        Some(name) => ClassFact::Found(Class { name: name.clone(), spec: serde_saphyr::from_str(CLASS)? }.into()),
        None => ClassFact::None,
    };
    let sticky_profile = service.status.as_ref().and_then(|s| s.profile.clone());
    let facts = Facts { class, sticky_profile, ..Facts::default() };
    match render(&subject, &facts) {
        Ok(rendered) => Ok(rendered.children),
        Err(invalid) => bail!("cannot be planned: {invalid:?}"),
    }
}

/// How often each object of a namespace was created and deleted by the operator: `+1`, `+1-1`, and so on.
pub type Lives = BTreeMap<String, (usize, usize)>;

/// What the operator may list and watch outside of the namespaces of services.
const AROUND: [&str; 6] =
    ["customresourcedefinitions", "namespaces", "microserviceclasses", "gatewayclasses", "gateways", "listenersets"];

/// O4: what the operator created and deleted; O9: that it asked for nothing outside its namespace.
pub fn lives(requests: &Requests, namespace: &str) -> Result<Lives> {
    let mut lives = Lives::new();
    for request in &requests.0 {
        let around = AROUND.contains(&request.resource.as_str()) && matches!(request.verb.as_str(), "list" | "watch");
        if request.namespace != namespace && !around {
            bail!("asked for something outside its namespace: {request:?}");
        }
        if request.resource == "events" {
            continue;
        }
        let slot = format!("{} {}", request.resource, request.name);
        match (request.verb.as_str(), request.code) {
            ("patch" | "create", 201) => lives.entry(slot).or_default().0 += 1,
            ("delete", 200) => lives.entry(slot).or_default().1 += 1,
            _ => {}
        }
    }
    Ok(lives)
}
