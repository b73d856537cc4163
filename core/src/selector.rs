//! Label selectors, as Kubernetes reads them.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

/// Whether a selector takes an object with these labels. All of its parts must hold; one without parts takes all. What
/// the API server would refuse, an unknown operator or In without values, takes nothing.
pub fn matches(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let equal = selector.match_labels.iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    equal && selector.match_expressions.iter().flatten().all(|part| holds(part, labels))
}

fn holds(part: &LabelSelectorRequirement, labels: &BTreeMap<String, String>) -> bool {
    let values = part.values.as_deref().unwrap_or_default();
    let found = labels.get(&part.key);
    match part.operator.as_str() {
        "In" => found.is_some_and(|value| values.contains(value)),
        "NotIn" => !values.is_empty() && found.is_none_or(|value| !values.contains(value)),
        "Exists" => values.is_empty() && found.is_some(),
        "DoesNotExist" => values.is_empty() && found.is_none(),
        _ => false,
    }
}

/// A selector as `kubectl get -l` takes it. Example: `tier=public,env in (test,live),!legacy`.
pub fn text(selector: &LabelSelector) -> String {
    let equal = selector.match_labels.iter().flatten().map(|(key, value)| format!("{key}={value}"));
    let parts = selector.match_expressions.iter().flatten().map(|part| {
        let values = part.values.as_deref().unwrap_or_default().join(",");
        match part.operator.as_str() {
            "In" => format!("{} in ({values})", part.key),
            "NotIn" => format!("{} notin ({values})", part.key),
            "Exists" => part.key.clone(),
            "DoesNotExist" => format!("!{}", part.key),
            other => format!("{} {other} ({values})", part.key),
        }
    });
    equal.chain(parts).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(yaml: &str) -> LabelSelector {
        serde_saphyr::from_str(yaml).unwrap()
    }

    fn takes(yaml: &str) -> bool {
        let labels = [("tier", "public"), ("env", "test")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        matches(&selector(yaml), &labels.into())
    }

    #[test]
    fn all_parts_must_hold() {
        for yaml in [
            "{}",
            "matchLabels: {tier: public}",
            "{matchLabels: {tier: public}, matchExpressions: [{key: env, operator: In, values: [live, test]}]}",
            "matchExpressions: [{key: env, operator: NotIn, values: [live]}, {key: x, operator: NotIn, values: [y]}]",
            "matchExpressions: [{key: env, operator: Exists}, {key: x, operator: DoesNotExist}]",
        ] {
            assert!(takes(yaml), "{yaml}");
        }
        for yaml in [
            "matchLabels: {tier: private}",
            "matchLabels: {tier: public, x: y}",
            "{matchLabels: {tier: public}, matchExpressions: [{key: env, operator: In, values: [live]}]}",
            "matchExpressions: [{key: x, operator: In, values: [y]}]",
            "matchExpressions: [{key: env, operator: NotIn, values: [live, test]}]",
            "matchExpressions: [{key: x, operator: Exists}]",
            "matchExpressions: [{key: env, operator: DoesNotExist}]",
        ] {
            assert!(!takes(yaml), "{yaml}");
        }
    }

    #[test]
    fn what_the_server_would_refuse_takes_nothing() {
        for yaml in [
            "matchExpressions: [{key: env, operator: In}]",
            "matchExpressions: [{key: x, operator: NotIn}]",
            "matchExpressions: [{key: env, operator: Exists, values: [test]}]",
            "matchExpressions: [{key: env, operator: Gt, values: ['1']}]",
        ] {
            assert!(!takes(yaml), "{yaml}");
        }
    }

    #[test]
    fn a_selector_is_shown_as_kubectl_takes_it() {
        let yaml = "{matchLabels: {tier: public}, matchExpressions: [{key: env, operator: In, values: [live, test]}, \
                    {key: a, operator: NotIn, values: [b]}, {key: c, operator: Exists}, {key: d, operator: DoesNotExist}]}";
        assert_eq!(text(&selector(yaml)), "tier=public,env in (live,test),a notin (b),c,!d");
        assert_eq!(text(&LabelSelector::default()), "");
    }
}
