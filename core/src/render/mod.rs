//! From a Microservice to the objects that stand for it: plan, children, overrides, rules, digest. The one way there, in
//! the controller and without a cluster.

mod merge;
mod overrides;
mod places;
mod requests;
mod rules;
mod running;
mod security;

use microservice_crds::{ContractMode, annotations};

use crate::{
    children::{self, Desired, Entry},
    compare,
    plan::{self, Facts, Invalid, Plan, Subject, class},
};
use serde_json::Value;

/// What a Microservice is rendered into.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// What it means, with nothing left open.
    pub plan: Plan,
    /// All objects that shall stand in the cluster, in the order of the registry.
    pub children: Vec<Desired>,
}

/// A child before it has its digest.
type Body = (&'static Entry, Value);

/// Renders a Microservice.
///
/// # Errors
/// With all that stands against it.
pub fn render(subject: &Subject, facts: &Facts) -> Result<Rendered, Vec<Invalid>> {
    let mut plan = plan::plan(subject, facts)?;
    let class = class::choose(subject, facts).map_err(|problem| vec![problem])?;
    let mut bodies = children::bodies(&plan);
    let overrides = &subject.spec.overrides;
    // Before the merge: what an override adds is told from what the operator renders.
    let mut problems = security::check(class, overrides, &bodies);
    problems.extend(overrides::merge(overrides, &plan, &mut bodies));
    if problems.is_empty() {
        problems.extend(rules::check(class, &plan, &bodies));
    }
    if !problems.is_empty() {
        problems.sort();
        problems.dedup();
        return Err(problems);
    }
    follow(&mut plan, &bodies);
    mark(&mut plan, &mut bodies);
    Ok(Rendered { plan, children: bodies.into_iter().map(|(entry, body)| children::seal(entry, body)).collect() })
}

/// The status tells of the image that runs, and of requests that are missing whoever was to write them.
fn follow(plan: &mut Plan, bodies: &[Body]) {
    plan.unrequested = requests::unrequested(plan, bodies);
    let pods = running::pod(bodies).and_then(|pod| pod.get("containers")?.as_array());
    for main in &mut plan.pod.containers.main {
        let rendered = pods.and_then(|pods| pods.iter().find(|c| c.get("name").is_some_and(|n| *n == main.name)));
        if let Some(image) = rendered.and_then(|c| c.get("image")).and_then(Value::as_str) {
            image.clone_into(&mut main.image);
        }
    }
}

/// The digest of the template, as it is with overrides. Where new templates may have to wait it stands on the Deployment,
/// and so on the ReplicaSet that is made from it: what has run before is known again.
fn mark(plan: &mut Plan, bodies: &mut [Body]) {
    let deployment = bodies.iter_mut().find(|(entry, _)| entry.kind == "Deployment").map(|(_, body)| body);
    let Some(deployment) = deployment else { return };
    plan.template.digest = deployment.pointer("/spec/template").map(compare::digest).unwrap_or_default();
    if plan.contracts.mode == ContractMode::Enforce
        && let Some(Value::Object(annotations)) = deployment.pointer_mut("/metadata/annotations")
    {
        annotations.insert(annotations::TEMPLATE.to_owned(), plan.template.digest.clone().into());
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::plan::{
        class::tests::{Refusal, facts},
        tests::subject,
    };

    /// The objects of a `spec` (the image is added), by kind, or what stands against it.
    pub(crate) fn rendered(class: &str, spec: &str) -> Result<Vec<(String, Value)>, Vec<Refusal>> {
        let subject = subject(&format!("{{image: 'a:1', {spec}}}"));
        match render(&subject, &facts(class)) {
            Ok(rendered) => {
                Ok(rendered.children.into_iter().map(|child| (child.entry.kind.to_owned(), child.body)).collect())
            }
            Err(invalid) => Err(invalid.into_iter().map(|i| (i.blame, i.field, i.message)).collect()),
        }
    }

    /// The object of a kind.
    pub(crate) fn object(class: &str, spec: &str, kind: &str) -> Value {
        let all = rendered(class, spec).unwrap_or_else(|e| panic!("{spec}: {e:?}"));
        all.into_iter().find(|(k, _)| k == kind).unwrap_or_else(|| panic!("no {kind}")).1
    }

    /// What stands against a spec.
    pub(crate) fn refused(class: &str, spec: &str) -> Vec<Refusal> {
        rendered(class, spec).expect_err(spec)
    }

    #[test]
    fn the_digest_and_the_status_follow_an_override() {
        let render = |overrides: &str| {
            let spec = format!("{{image: 'a:1', overrides: {{Deployment: {overrides}}}}}");
            super::render(&subject(&spec), &Facts::default()).unwrap()
        };
        let digest = |rendered: &Rendered| {
            rendered.children.iter().find(|c| c.entry.kind == "Deployment").unwrap().digest.clone()
        };
        let (plain, changed) = (render("{}"), render("{spec: {template: {spec: {shareProcessNamespace: true}}}}"));
        assert_ne!(digest(&plain), digest(&changed));
        assert_eq!(digest(&plain), digest(&super::render(&subject("image: a:1"), &Facts::default()).unwrap()));
        assert_eq!(plain.plan.image(), "a:1");
        let other = render("{spec: {template: {spec: {containers: [{name: web, image: 'b:2'}]}}}}");
        assert_eq!(other.plan.image(), "b:2");
    }
}
