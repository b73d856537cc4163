//! What a class demands of every container that will run, and of every image that is mounted, by whoever it was written:
//! the spec, its sidecars and init containers, or an override.

use microservice_crds::ImageRules;
use serde_json::Value;

use super::{
    Body,
    running::{pod, running},
};
use crate::plan::{Blame, Class, Invalid, Plan};

/// Holds the rendered objects against the class.
pub(super) fn check(class: Option<&Class>, plan: &Plan, bodies: &[Body]) -> Vec<Invalid> {
    let Some(class) = class else { return Vec::new() };
    let mut problems = Vec::new();
    let mut refuse = |field: String, message: String| {
        problems.push(Invalid { field, message, blame: Blame::Rule });
    };
    let required = class.spec.limits.as_ref().map(|limits| limits.required_requests.as_slice()).unwrap_or_default();
    let image_problem = |image: &str| image_problem(class.spec.images.as_ref()?, image, &class.name);
    for container in running(plan, bodies) {
        if let Some(message) = image_problem(container.image()) {
            refuse(container.image_field(), message);
        }
        for resource in required.iter().filter(|resource| !container.requests(resource)) {
            let message = format!(
                "MicroserviceClass {:?} wants every container to request {resource}, and container {:?} does not; write it \
                 (a LimitRange of the namespace does not count)",
                class.name,
                container.name()
            );
            refuse(container.written(&format!("resources.requests.{resource}")), message);
        }
    }
    // Only an override makes a volume of an image.
    let volumes = pod(bodies).and_then(|pod| pod.get("volumes")?.as_array());
    for volume in volumes.into_iter().flatten() {
        let Some(image) = volume.get("image") else { continue };
        let reference = image.get("reference").and_then(Value::as_str).unwrap_or_default();
        if let Some(message) = image_problem(reference) {
            let name = volume.get("name").and_then(Value::as_str).unwrap_or_default();
            refuse(format!("overrides.Deployment.spec.template.spec.volumes[{name}].image.reference"), message);
        }
    }
    problems
}

fn image_problem(rules: &ImageRules, image: &str, class: &str) -> Option<String> {
    let allowed = &rules.allowed_prefixes;
    if !allowed.is_empty() && !allowed.iter().any(|prefix| starts_with(image, prefix)) {
        return Some(format!(
            "MicroserviceClass {class:?} does not allow the image {image:?}; take one that starts with {}",
            allowed.join(" or ")
        ));
    }
    (rules.digest_required && !has_digest(image)).then(|| {
        format!("MicroserviceClass {class:?} wants images by digest, and {image:?} has none; write it as in image@sha256:...")
    })
}

/// Whether a name starts with a prefix, and not in the middle of a word: `registry.example` is not the beginning of
/// `registry.example.com`.
fn starts_with(image: &str, prefix: &str) -> bool {
    let boundary = |c: char| matches!(c, '/' | ':' | '@');
    image.strip_prefix(prefix).is_some_and(|rest| {
        !prefix.is_empty() && (rest.is_empty() || prefix.ends_with(boundary) || rest.starts_with(boundary))
    })
}

fn has_digest(image: &str) -> bool {
    let Some((_, digest)) = image.rsplit_once('@') else { return false };
    let length = match digest.split_once(':') {
        Some(("sha256", hex)) => (hex, 64),
        Some(("sha512", hex)) => (hex, 128),
        _ => return false,
    };
    length.0.len() == length.1 && length.0.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::{refused, rendered};

    fn fields(class: &str, spec: &str) -> Vec<String> {
        let found = refused(class, spec);
        assert!(
            found.iter().all(|(blame, _, message)| *blame == Blame::Rule && message.contains("\"gold\"")),
            "{found:?}"
        );
        found.into_iter().map(|(_, field, _)| field).collect()
    }

    #[test]
    fn every_image_needs_an_allowed_prefix() {
        let class = "images: {allowedPrefixes: [a, registry.example/shop/]}";
        let spec = "sidecars: [{name: s, image: 'registry.example/shop/s:1'}, {name: t, image: 'evil/t'}], \
                    initContainers: [{name: i, image: 'registry.example/other/i'}]";
        assert_eq!(fields(class, spec), ["initContainers[i].image", "sidecars[t].image"]);
        assert_eq!(fields("images: {allowedPrefixes: [b/]}", ""), ["image"]);
        let message = &refused("images: {allowedPrefixes: [b/, c/]}", "")[0].2;
        assert!(message.contains("\"a:1\"; take one that starts with b/ or c/"), "{message}");
        assert!(rendered("images: {allowedPrefixes: []}", "").is_ok());
    }

    #[test]
    fn an_override_does_not_get_around() {
        let pod =
            |containers: &str| format!("overrides: {{Deployment: {{spec: {{template: {{spec: {{{containers}}}}}}}}}}}");
        let class = "images: {allowedPrefixes: [a]}";
        let place = "overrides.Deployment.spec.template.spec";
        assert_eq!(
            fields(class, &pod("containers: [{name: web, image: evil}, {name: more, image: evil}]")),
            [format!("{place}.containers[more].image"), format!("{place}.containers[web].image")]
        );
        assert_eq!(
            fields(class, &pod("initContainers: [{name: first}]")),
            [format!("{place}.initContainers[first].image")]
        );
        assert_eq!(
            fields(
                class,
                &pod("volumes: [{name: v, image: {reference: 'evil/files:1'}}, {name: w, image: {reference: a}}]")
            ),
            [format!("{place}.volumes[v].image.reference")]
        );
        let digest = fields("images: {digestRequired: true}", &pod("volumes: [{name: v, image: {reference: 'a:1'}}]"));
        assert_eq!(digest, ["image".to_owned(), format!("{place}.volumes[v].image.reference")]);
        let limits = "limits: {requiredRequests: [cpu]}";
        assert_eq!(
            fields(
                limits,
                &format!("resources: {{requests: {{cpu: 1}}}}, {}", pod("containers: [{name: more, image: a}]"))
            ),
            [format!("{place}.containers[more].resources.requests.cpu")]
        );
        assert!(rendered(limits, &pod("containers: [{name: web, resources: {requests: {cpu: 1}}}]")).is_ok());
    }

    #[test]
    fn prefixes_end_at_the_end_of_a_word() {
        for (image, prefix, wanted) in [
            ("r.example/shop/web:1", "r.example/shop/", true),
            ("r.example/shop/web:1", "r.example/shop", true),
            ("r.example/shop/web:1", "r.example/shop/web", true),
            ("r.example/shop/web@sha256:0", "r.example/shop/web", true),
            ("r.example/shop/web", "r.example/shop/web", true),
            ("r.example/shopping/web", "r.example/shop", false),
            ("r.example.com/shop", "r.example", false),
            ("r.example/shop/web-evil", "r.example/shop/web", false),
            ("a", "", false),
        ] {
            assert_eq!(starts_with(image, prefix), wanted, "{image} {prefix}");
        }
    }

    #[test]
    fn a_digest_is_whole() {
        let hex = "0123456789abcdef".repeat(4);
        assert!(has_digest(&format!("a@sha256:{hex}")) && has_digest(&format!("r:5000/a:v1@sha256:{hex}")));
        for bad in
            ["a:1".into(), "a@sha256:".into(), format!("a@md5:{hex}"), format!("a@sha256:{}", hex.to_uppercase())]
        {
            assert!(!has_digest(&bad), "{bad}");
        }
        assert_eq!(fields("images: {digestRequired: true}", ""), ["image"]);
    }

    #[test]
    fn requests_come_from_the_spec_or_the_class_and_a_limit_is_one() {
        let class = "limits: {requiredRequests: [cpu, memory]}";
        assert_eq!(fields(class, ""), ["resources.requests.cpu", "resources.requests.memory"]);
        assert_eq!(
            fields(
                class,
                "resources: {requests: {cpu: 1}, limits: {memory: 1Gi}}, sidecars: [{name: s, image: s}], \
                           initContainers: [{name: i, image: i, resources: {requests: {cpu: 1, memory: 1}}}]"
            ),
            ["sidecars[s].resources.requests.cpu", "sidecars[s].resources.requests.memory"]
        );
        let given = "{limits: {requiredRequests: [cpu]}, defaults: {resources: {requests: {cpu: 100m}}}}";
        assert!(rendered(given, "").is_ok());
        assert!(refused(class, "")[0].2.contains("a LimitRange of the namespace does not count"));
    }
}
