//! Requests and limits: quantities that can be read, and no request above its limit.

use std::collections::BTreeMap;

use k8s_openapi::{api::core::v1::ResourceRequirements, apimachinery::pkg::api::resource::Quantity};

use super::draft::Draft;
use crate::compare::quantity;

/// The resources of a container; none where nothing is said.
pub(super) fn resolve(
    draft: &mut Draft<'_>,
    field: &str,
    resources: Option<&ResourceRequirements>,
) -> Option<ResourceRequirements> {
    let resources = resources?;
    let requests = read(draft, &format!("{field}.requests"), resources.requests.as_ref());
    let limits = read(draft, &format!("{field}.limits"), resources.limits.as_ref());
    for (name, limit) in &limits {
        if requests.get(name).is_some_and(|request| request > limit) {
            draft.refuse(
                format!("{field}.requests.{name}"),
                format!("more than {field}.limits.{name}; lower the request or raise the limit"),
            );
        }
    }
    let kept = ResourceRequirements {
        claims: resources.claims.clone().filter(|c| !c.is_empty()),
        limits: resources.limits.clone().filter(|m| !m.is_empty()),
        requests: resources.requests.clone().filter(|m| !m.is_empty()),
    };
    (kept != ResourceRequirements::default()).then_some(kept)
}

fn read(draft: &mut Draft<'_>, field: &str, map: Option<&BTreeMap<String, Quantity>>) -> BTreeMap<String, i128> {
    let mut values = BTreeMap::new();
    for (name, text) in map.into_iter().flatten() {
        let field = format!("{field}.{name}");
        match quantity::nanos(&text.0) {
            Some(nanos) if nanos >= 0 => {
                values.insert(name.clone(), nanos);
            }
            Some(_) => draft.refuse(field, format!("{:?} is negative; write 0 or more", text.0)),
            None => draft.refuse(field, format!("{:?} is not a quantity; write one like 100m, 2 or 64Mi", text.0)),
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::{planned, refused};

    #[test]
    fn quantities_are_read() {
        for (resources, field) in [
            ("requests: {cpu: lots}", "resources.requests.cpu"),
            ("limits: {memory: -1Mi}", "resources.limits.memory"),
            ("requests: {cpu: 1}, limits: {cpu: 999m}", "resources.requests.cpu"),
        ] {
            assert_eq!(refused(&format!("{{image: a:1, resources: {{{resources}}}}}")), [field], "{resources}");
        }
    }

    #[test]
    fn nothing_said_is_nothing_rendered() {
        let plan = planned("{image: a:1, resources: {requests: {}}}");
        assert_eq!(plan.pod.containers.main().unwrap().resources, None);
    }
}
